//! AV1 encode by rav1e (feature `av1`).
//!
//! AV1 Bitstream & Decoding Process Specification (2019-01-08, errata 1) clauses 5.5 (sequence header) and 7.5 (order of
//! OBUs), and AV1 in ISOBMFF 1.2.0 clause 2 (temporal units without delimiter, `av1C`). Main profile, 8 bits, low latency, no
//! reordering, no scene detection: key frames are where they were asked for. rav1e is built without its thread pool, so that
//! it runs on the thread of the work and its bytes depend on its input only. It looks a few pictures ahead all the same:
//! the first calls yield nothing.
//!
//! It is slow: for small rungs or many cores. To add a parameter: a line in `settings`.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};
use rav1e::prelude::{
    ChromaSampling, ColorDescription, ColorPrimaries, Config, Context, EncoderConfig, EncoderStatus, FrameParameters,
    FrameType, FrameTypeOverride, MatrixCoefficients, PixelRange, Rational, SceneDetectionSpeed, SpeedSettings,
    TransferCharacteristics,
};

use super::{Profile, VideoEncoder, VideoEncoderConfig};
use crate::{
    error::Fault,
    media::{AccessUnit, Av1Config, Colour, Frame, FrameRate, TrackFormat, TrackId, VideoTrack},
    time::MediaTime,
};

/// One rung's encoder.
pub(super) struct Rav1eEncoder {
    context: Context<u8>,
    config: VideoEncoderConfig,
    av1c: Bytes,
    /// Times of the pictures that are in the encoder, in order.
    times: VecDeque<MediaTime>,
    /// Finished, not yet given out: what a context that was replaced had held back.
    ready: VecDeque<AccessUnit>,
    /// The frame rate changed: the next key frame starts a new context, as rav1e cannot be told.
    is_stale: bool,
}

impl Rav1eEncoder {
    /// An encoder for `config`. To know the sequence header, it encodes one picture and throws it away.
    pub(super) fn new(config: &VideoEncoderConfig) -> Result<Self, Fault> {
        if config.profile != Profile::Av1Main {
            return Err(fault("AV1 encoder was asked for H.264"));
        }
        let mut scout = Self {
            context: open(config)?,
            config: config.clone(),
            av1c: Bytes::new(),
            times: VecDeque::new(),
            ready: VecDeque::new(),
            is_stale: false,
        };
        scout.send(scout.context.new_frame(), MediaTime::ZERO, true)?;
        scout.drain()?;
        let first = scout.ready.pop_front().ok_or_else(|| fault("AV1 encoder gave no picture"))?;
        let av1c = av1c(&first.data).ok_or_else(|| fault("AV1 encoder gave no sequence header"))?;
        Ok(Self { context: open(config)?, av1c, ready: VecDeque::new(), ..scout })
    }

    fn send(&mut self, frame: rav1e::Frame<u8>, pts: MediaTime, is_key: bool) -> Result<(), Fault> {
        let frame_type_override = if is_key { FrameTypeOverride::Key } else { FrameTypeOverride::No };
        let parameters = FrameParameters { frame_type_override, ..FrameParameters::default() };
        self.context.send_frame((frame, parameters)).map_err(|status| refused(&status))?;
        self.times.push_back(pts);
        Ok(())
    }

    /// Moves what is finished to `ready`.
    fn receive(&mut self) -> Result<(), Fault> {
        loop {
            match self.context.receive_packet() {
                Ok(packet) => {
                    let pts = self.times.pop_front().ok_or_else(|| fault("AV1 encoder gave a picture too many"))?;
                    self.ready.push_back(AccessUnit {
                        track: TrackId(0),
                        pts,
                        dts: pts,
                        duration: self.config.frame_rate.frame_duration(),
                        is_random_access: packet.frame_type == FrameType::KEY,
                        is_damaged: false,
                        data: strip_delimiter(Bytes::from(packet.data)),
                    });
                }
                Err(EncoderStatus::Encoded) => {}
                Err(EncoderStatus::NeedMoreData | EncoderStatus::LimitReached) => return Ok(()),
                Err(status) => return Err(refused(&status)),
            }
        }
    }

    /// Ends the context and moves all that it held back to `ready`.
    fn drain(&mut self) -> Result<(), Fault> {
        self.context.flush();
        let received = self.receive();
        self.times.clear();
        received
    }

    fn picture(&self, frame: &Frame) -> rav1e::Frame<u8> {
        let mut picture = self.context.new_frame();
        for (to, from) in picture.planes.iter_mut().zip([frame.y(), frame.u(), frame.v()]) {
            to.copy_from_raw_u8(from.data, from.stride, 1);
        }
        picture
    }
}

impl VideoEncoder for Rav1eEncoder {
    fn encode(&mut self, frame: &Frame, force_idr: bool) -> Result<Option<AccessUnit>, Fault> {
        let (width, height) = (self.config.width, self.config.height);
        if (frame.width, frame.height) != (width as usize, height as usize) {
            let what = format!("AV1 encoder of {width}x{height} was given {}x{}", frame.width, frame.height);
            return Err(Fault::Codec { what });
        }
        if self.is_stale && force_idr {
            self.drain()?;
            self.context = open(&self.config)?;
            self.is_stale = false;
        }
        self.send(self.picture(frame), frame.pts, force_idr)?;
        self.receive()?;
        Ok(self.ready.pop_front())
    }

    fn set_frame_rate(&mut self, rate: FrameRate) {
        self.is_stale |= self.config.frame_rate != rate;
        self.config.frame_rate = rate;
    }

    fn format(&self) -> TrackFormat {
        let track = VideoTrack {
            sample_aspect: self.config.sample_aspect,
            frame_rate: Some(self.config.frame_rate),
            colour: Colour::BT709,
            ..VideoTrack::new(self.config.width, self.config.height)
        };
        TrackFormat::Av1(track, Av1Config { av1c: self.av1c.clone() })
    }
}

fn open(config: &VideoEncoderConfig) -> Result<Context<u8>, Fault> {
    let context = Config::new().with_encoder_config(settings(config)).with_threads(1).new_context();
    context.map_err(|error| Fault::Codec { what: format!("AV1 encoder refused its configuration: {error}") })
}

fn settings(config: &VideoEncoderConfig) -> EncoderConfig {
    let (rate, aspect) = (config.frame_rate, config.sample_aspect);
    let mut settings = EncoderConfig {
        width: config.width as usize,
        height: config.height as usize,
        sample_aspect_ratio: Rational { num: u64::from(aspect.0.max(1)), den: u64::from(aspect.1.max(1)) },
        time_base: Rational { num: u64::from(rate.den()), den: u64::from(rate.num()) },
        bit_depth: 8,
        chroma_sampling: ChromaSampling::Cs420,
        pixel_range: PixelRange::Limited,
        // As in the H.264 rungs: players must not guess by size.
        color_description: Some(ColorDescription {
            color_primaries: ColorPrimaries::BT709,
            transfer_characteristics: TransferCharacteristics::BT709,
            matrix_coefficients: MatrixCoefficients::BT709,
        }),
        level_idx: Some(level(config)),
        bitrate: i32::try_from(config.bitrate).unwrap_or(i32::MAX),
        // Bits are shared out over a segment or two.
        reservoir_frame_delay: Some(RESERVOIR),
        low_latency: true,
        speed_settings: SpeedSettings::from_preset(10),
        ..EncoderConfig::default()
    };
    settings.speed_settings.scene_detection_mode = SceneDetectionSpeed::None;
    settings.speed_settings.rdo_lookahead_frames = 1; // the least it takes
    settings.set_key_frame_interval(0, 0);
    settings
}

/// `seq_level_idx` that holds the rung at any frame rate up to 60, so that the sequence header never changes (AV1 Annex A.3).
fn level(config: &VideoEncoderConfig) -> u8 {
    // Level, most samples in a picture, most width and height, most samples in a second, most bits in a second.
    const LEVELS: [(u8, u64, u32, u32, u64, u32); 7] = [
        (0, 147_456, 2048, 1152, 4_423_680, 1_500_000),
        (1, 278_784, 2816, 1584, 8_363_520, 3_000_000),
        (4, 665_856, 4352, 2448, 19_975_680, 6_000_000),
        (5, 1_065_024, 5504, 3096, 31_950_720, 10_000_000),
        (8, 2_359_296, 6144, 3456, 70_778_880, 12_000_000),
        (9, 2_359_296, 6144, 3456, 141_557_760, 20_000_000),
        (12, 8_912_896, 8192, 4352, 267_386_880, 30_000_000),
    ];
    let samples = u64::from(config.width) * u64::from(config.height);
    let fits = |(_, picture, width, height, rate, bits): &&(u8, u64, u32, u32, u64, u32)| {
        samples <= *picture
            && config.width <= *width
            && config.height <= *height
            && samples * MAX_FRAME_RATE <= *rate
            && config.bitrate <= *bits
    };
    LEVELS.iter().find(fits).map_or(NO_LEVEL, |level| level.0)
}

/// The configuration record for the sequence header in a temporal unit.
fn av1c(unit: &[u8]) -> Option<Bytes> {
    let header = sequence_header(unit)?;
    let bits = u64::from_be_bytes(*header.get(2..)?.first_chunk()?);
    let field = |at: u32, len: u32| (bits >> (64 - at - len)) & ((1 << len) - 1);
    // Clause 5.5.1: profile 3, still 1, reduced 1, timing info 1, display delay 1, operating points 5, idc 12, level 5.
    let (profile, is_plain, level) = (field(0, 3), field(3, 4) == 0 && field(7, 5) == 0, field(24, 5));
    let tier = if level > 7 { field(29, 1) } else { 0 };
    if !is_plain {
        return None;
    }
    let mut record = BytesMut::with_capacity(4 + header.len());
    record.put_u8(0x81); // marker, version 1
    record.put_u8((profile << 5 | level) as u8);
    record.put_u8((tier << 7) as u8 | SUBSAMPLING_420);
    record.put_u8(0); // no initial presentation delay
    record.put_slice(header);
    Some(record.freeze())
}

/// The sequence header OBU of a temporal unit, its header and size included. Only the delimiter may come before it (clause
/// 7.5); both have no extension and a size of one byte.
fn sequence_header(unit: &[u8]) -> Option<&[u8]> {
    let unit = unit.strip_prefix(&TEMPORAL_DELIMITER).unwrap_or(unit);
    let [header, size @ 0..0x80, ..] = unit else { return None };
    let is_wanted = header >> 3 & 15 == OBU_SEQUENCE_HEADER;
    unit.get(..2 + usize::from(*size)).filter(|_| is_wanted)
}

/// AV1 in ISOBMFF clause 2.4: the delimiter stays out of samples.
fn strip_delimiter(unit: Bytes) -> Bytes {
    if unit.starts_with(&TEMPORAL_DELIMITER) { unit.slice(TEMPORAL_DELIMITER.len()..) } else { unit }
}

fn refused(status: &EncoderStatus) -> Fault {
    Fault::Codec { what: format!("AV1 encoder: {status}") }
}

fn fault(what: &str) -> Fault {
    Fault::Codec { what: what.into() }
}

const OBU_SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: [u8; 2] = [0x12, 0x00];
/// Third byte of `av1C`: 8 bits, not monochrome, chroma half the size both ways, position not known.
const SUBSAMPLING_420: u8 = 0x0C;
/// Frames over which the rate control may spread bits.
const RESERVOIR: i32 = 60;
/// A12.6: no rung is faster.
const MAX_FRAME_RATE: u64 = 60;
/// Annex A.3: maximum parameters.
const NO_LEVEL: u8 = 31;

#[cfg(test)]
mod tests;
