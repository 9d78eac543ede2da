//! MPEG-2 video and H.264 of every broadcast kind by the system's libavcodec (feature `ffmpeg`).
//!
//! Rec. ITU-T H.262 (Main, High, 4:2:2) and H.264 (Baseline to High 4:2:2, 8 to 10 bits, frames, field pairs and MBAFF). One
//! thread, no log, no I/O of its own: the same units give the same pictures. Refused: 4:4:4, more than 10 bits, and pictures
//! over the ceiling. The pictures are made 8-bit 4:2:0 by `to_420`.
//!
//! Order: libavcodec holds pictures back by its own guess of the reorder depth, and drops one where the guess was too low.
//! So it is told to assume the deepest that the level allows, but for a stream without any reordering: until a picture shows
//! at another time than it decodes. To decode one more codec, add it to [`Coded`].

mod library;

use self::library::{Coded, Library, Samples};
use super::{
    VideoDecoder,
    presentation_order::{MOST_HELD, PresentationOrder},
    to_420::Source,
    unit_times::UnitTimes,
};
use crate::{
    codec::h264,
    error::Fault,
    media::{AccessUnit, Chroma, Colour, Frame, FramePool, H264Config, NalFraming, VideoTrack},
};

/// A decoder of one video track.
pub(super) struct FfmpegDecoder {
    track: VideoTrack,
    coded: Coded,
    /// How H.264 comes; its parameter sets with start codes.
    framing: Option<NalFraming>,
    parameter_sets: Vec<u8>,
    /// Most luma samples in a picture.
    ceiling: u64,
    /// Made with the first unit, as that says how much to hold back.
    library: Option<Library>,
    order: PresentationOrder,
    times: UnitTimes,
    pool: FramePool,
    /// The access unit in Annex B form.
    annex_b: Vec<u8>,
}

impl FfmpegDecoder {
    /// A decoder of MPEG-2 video for pictures of up to `ceiling` luma samples.
    pub(super) fn mpeg2(track: &VideoTrack, ceiling: u64) -> Result<Self, Fault> {
        Self::new(track, Coded::Mpeg2, ceiling)
    }

    /// A decoder of H.264 set up as `config` says.
    pub(super) fn h264(track: &VideoTrack, config: &H264Config, ceiling: u64) -> Result<Self, Fault> {
        if let NalFraming::Length(bytes) = config.framing
            && !matches!(bytes, 1 | 2 | 4)
        {
            return Err(Fault::Codec { what: format!("H.264 length field of {bytes} bytes") });
        }
        let mut decoder = Self::new(track, Coded::H264, ceiling)?;
        decoder.framing = Some(config.framing);
        for nal in config.sps.iter().chain(&config.pps) {
            decoder.parameter_sets.extend_from_slice(&START_CODE);
            decoder.parameter_sets.extend_from_slice(nal);
        }
        Ok(decoder)
    }

    fn new(track: &VideoTrack, coded: Coded, ceiling: u64) -> Result<Self, Fault> {
        let refused = |what: String| Err(Fault::Codec { what });
        if track.chroma == Chroma::Yuv444 || track.bit_depth > 10 {
            return refused(format!(
                "{} of {:?} and {} bits is not supported",
                coded.name(),
                track.chroma,
                track.bit_depth
            ));
        }
        let ceiling = ceiling.min(CEILING_OF_CEILINGS);
        if u64::from(track.width) * u64::from(track.height) > ceiling {
            let (name, width, height) = (coded.name(), track.width, track.height);
            return refused(format!("{name} picture of {width}x{height} is over the ceiling of {ceiling} samples"));
        }
        // Only to see that the installed library has it.
        Library::open(coded, false, ceiling)?;
        let (framing, library, parameter_sets, annex_b) = (None, None, Vec::new(), Vec::new());
        let (order, times, pool) = (PresentationOrder::new(), UnitTimes::new(), FramePool::new());
        Ok(Self { track: *track, coded, framing, parameter_sets, ceiling, library, order, times, pool, annex_b })
    }

    /// Hands `unit` to the library as it wants it, the track's parameter sets before a stream's first.
    fn feed(&mut self, unit: &AccessUnit) -> Result<(), Fault> {
        let name = self.coded.name();
        if unit.data.is_empty() || unit.data.len() > UNIT_CEILING {
            return Err(Fault::Codec { what: format!("{name} access unit of {} bytes", unit.data.len()) });
        }
        let tag = self.times.note(unit.pts);
        self.annex_b.clear();
        let mut library = match self.library.take() {
            Some(mut library) => {
                // The first picture of a stream with negative composition times (FAULTS row 39) did not tell.
                if unit.pts != unit.dts {
                    library.hold_most();
                }
                library
            }
            None => {
                self.annex_b.extend_from_slice(&self.parameter_sets);
                let starts_in_order = unit.is_random_access && unit.pts <= unit.dts;
                Library::open(self.coded, !starts_in_order, self.ceiling)?
            }
        };
        let result = match self.framing {
            Some(framing @ NalFraming::Length(_)) => {
                for range in h264::nal_ranges(&unit.data, framing) {
                    self.annex_b.extend_from_slice(&START_CODE);
                    self.annex_b.extend_from_slice(unit.data.get(range).unwrap_or(&[]));
                }
                library.send(&self.annex_b, tag)
            }
            _ if self.annex_b.is_empty() => library.send(&unit.data, tag),
            _ => {
                self.annex_b.extend_from_slice(&unit.data);
                library.send(&self.annex_b, tag)
            }
        };
        self.library = Some(library);
        result.map_err(|why| Fault::Codec { what: format!("{name} decoder: {why}") })
    }

    /// Takes what the library has finished.
    fn collect(&mut self) -> Result<(), Fault> {
        let Some(mut library) = self.library.take() else { return Ok(()) };
        let mut refused = Ok(());
        // A unit may finish a few pictures, never more than can be held.
        for _ in 0..=MOST_HELD {
            match library.receive() {
                Ok(Some(picture)) => match self.frame(&picture) {
                    Ok(frame) => self.order.insert(frame),
                    Err(fault) => refused = Err(fault),
                },
                Ok(None) => break,
                Err(why) => {
                    refused = Err(Fault::Codec { what: format!("{} decoder: {why}", self.coded.name()) });
                    break;
                }
            }
        }
        self.library = Some(library);
        refused
    }

    fn frame(&self, picture: &library::Picture<'_>) -> Result<Frame, Fault> {
        let (width, height) = (picture.width, picture.height);
        if width as u64 * height as u64 > self.ceiling {
            let what = format!("{} picture of {width}x{height} is over the ceiling", self.coded.name());
            return Err(Fault::Codec { what });
        }
        let (bits, chroma, is_interlaced) =
            (picture.bits, picture.chroma, picture.scan != crate::media::Scan::Progressive);
        let pts = self.times.time(picture.tag);
        let mut frame = Frame::build(&self.pool, (width, height), pts, |y, u, v| match picture.samples {
            Samples::Bytes(planes) => Source { width, height, bits, chroma, is_interlaced, planes }.write(y, u, v),
            Samples::Words(planes) => Source { width, height, bits, chroma, is_interlaced, planes }.write(y, u, v),
        });
        frame.scan = picture.scan;
        frame.sample_aspect = picture.sample_aspect.unwrap_or(self.track.sample_aspect);
        frame.colour = self.colour(picture).or_usual_for(u32::try_from(height).unwrap_or(u32::MAX));
        Ok(frame)
    }

    /// What the pictures say, else what the track says.
    fn colour(&self, picture: &library::Picture<'_>) -> Colour {
        let (own, track) = (picture.colour, self.track.colour);
        let stated = |own: u8, track: u8| if own == 2 { track } else { own };
        Colour {
            primaries: stated(own.primaries, track.primaries),
            transfer: stated(own.transfer, track.transfer),
            matrix: stated(own.matrix, track.matrix),
            is_full_range: picture.is_full_range.unwrap_or(track.is_full_range),
        }
    }
}

impl VideoDecoder for FfmpegDecoder {
    fn decode(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) -> Result<(), Fault> {
        let fed = self.feed(unit);
        let collected = self.collect();
        self.order.release(unit, out);
        fed.and(collected)
    }

    fn flush(&mut self, out: &mut Vec<Frame>) -> Result<(), Fault> {
        if let Some(library) = &mut self.library {
            library.drain();
        }
        let collected = self.collect();
        self.order.release_all(out);
        self.library = None;
        collected
    }
}

/// Largest access unit taken, in bytes (FAULTS.md section 4).
const UNIT_CEILING: usize = 8 << 20;
/// Most luma samples that any configuration may allow.
const CEILING_OF_CEILINGS: u64 = 4096 * 2304;
const START_CODE: [u8; 4] = [0, 0, 0, 1];
