//! Codecs that cost nothing, for scenarios that last hours: a coded picture is its time and a mark.
//!
//! They stand in for a host's own codecs behind [`Codecs`]; the real ones are run by the scenarios of `real_codecs.rs`.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use headend::{
    error::Fault,
    ladder::{AudioDecoder, AudioEncoder, AudioEncoderConfig, Codecs, VideoDecoder, VideoEncoder, VideoEncoderConfig},
    media::{
        AacConfig, AccessUnit, AudioTrack, Frame, FramePool, FrameRate, H264Config, NalFraming, Samples, TrackFormat,
        TrackId, VideoTrack,
    },
    time::{MediaDuration, MediaTime, Timescale},
};

/// Makes the toys; `refuse_rung` makes the start fail at the rung of that bitrate, `refuse_video` every contribution.
#[derive(Clone, Debug, Default)]
pub struct ToyCodecs {
    pub refuse_rung: Option<u32>,
    pub refuse_video: bool,
    /// Where the decoders note what they were given, if anybody wants to know.
    pub seen: Option<Arc<Mutex<Seen>>>,
}

/// The access units that came to the decoders, in order.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub video: Vec<AccessUnit>,
    pub audio: Vec<AccessUnit>,
    /// Decoders that were made for pictures.
    pub video_tracks: Vec<H264Config>,
}

impl ToyCodecs {
    pub fn shared() -> Arc<dyn Codecs> {
        Arc::new(Self::default())
    }

    /// Toys that note what they see.
    pub fn watched() -> (Arc<dyn Codecs>, Arc<Mutex<Seen>>) {
        let seen = Arc::new(Mutex::new(Seen::default()));
        (Arc::new(Self { seen: Some(seen.clone()), ..Self::default() }), seen)
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) {
        if let Some(seen) = &self.seen {
            note(&mut seen.lock().unwrap());
        }
    }
}

/// Shows pictures in their order, as every decoder does: one that may still be followed by an earlier one is held.
struct ToyDecoder {
    pool: FramePool,
    codecs: ToyCodecs,
    held: Vec<Frame>,
    /// How long before it is decoded a picture shows at most.
    early: MediaDuration,
}
struct ToyEncoder(VideoEncoderConfig, bool);
struct ToyAudioDecoder(AudioTrack, ToyCodecs);
struct ToyAudioEncoder(AudioEncoderConfig);

impl Codecs for ToyCodecs {
    fn video_decoder(&self, format: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
        if self.refuse_video {
            return Err(Fault::Codec { what: "no decoder for this track".into() });
        }
        if let TrackFormat::H264(_, config) = format {
            self.note(|seen| seen.video_tracks.push(config.clone()));
        }
        let (pool, codecs) = (FramePool::new(), self.clone());
        Ok(Box::new(ToyDecoder { pool, codecs, held: Vec::new(), early: MediaDuration::ZERO }))
    }

    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        if self.refuse_rung == Some(config.bitrate) {
            return Err(Fault::Codec { what: "no encoder for this rung".into() });
        }
        Ok(Box::new(ToyEncoder(config.clone(), false)))
    }

    fn audio_decoder(&self, format: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault> {
        let track = format.audio().ok_or(Fault::Codec { what: "no audio track".into() })?;
        Ok(Box::new(ToyAudioDecoder(*track, self.clone())))
    }

    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault> {
        Ok(Box::new(ToyAudioEncoder(*config)))
    }
}

/// A picture's mark is the last byte of its access unit; it becomes the luma of a tiny picture.
impl VideoDecoder for ToyDecoder {
    fn decode(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) -> Result<(), Fault> {
        self.codecs.note(|seen| seen.video.push(unit.clone()));
        let mark = unit.data.last().copied().unwrap_or(0);
        self.held.push(Frame::build(&self.pool, (16, 16), unit.pts, |y, u, v| {
            y.fill(mark);
            u.fill(128);
            v.fill(128);
        }));
        self.early = self.early.max(unit.dts.since(unit.pts));
        let settled = unit.dts.minus(self.early);
        self.held.sort_by_key(|frame| frame.pts);
        let count = self.held.iter().take_while(|frame| frame.pts <= settled).count();
        out.extend(self.held.drain(..count));
        Ok(())
    }

    fn flush(&mut self, out: &mut Vec<Frame>) -> Result<(), Fault> {
        out.append(&mut self.held);
        Ok(())
    }
}

/// One NAL unit of two bytes: its type, and the luma in the middle of the picture.
impl VideoEncoder for ToyEncoder {
    fn encode(&mut self, frame: &Frame, force_idr: bool) -> Result<Option<AccessUnit>, Fault> {
        let luma = frame.y().data[frame.y().data.len() / 2 + frame.width / 2];
        let is_idr = force_idr || !std::mem::replace(&mut self.1, true);
        Ok(Some(AccessUnit {
            track: TrackId(0),
            pts: frame.pts,
            dts: frame.pts,
            duration: MediaDuration::ZERO,
            is_random_access: is_idr,
            is_damaged: false,
            data: Bytes::copy_from_slice(&[0, 0, 0, 2, if is_idr { 0x65 } else { 0x41 }, luma]),
        }))
    }

    fn set_frame_rate(&mut self, rate: FrameRate) {
        self.0.frame_rate = rate;
    }

    fn format(&self) -> TrackFormat {
        let config = &self.0;
        let track = VideoTrack { frame_rate: Some(config.frame_rate), ..VideoTrack::new(config.width, config.height) };
        let sps = vec![Bytes::from_static(&[0x67, 0x42, 0xC0, 0x1E])];
        let pps = vec![Bytes::from_static(&[0x68, 0xCE, 0x3C, 0x80])];
        TrackFormat::H264(track, H264Config { framing: NalFraming::Length(4), sps, pps })
    }
}

/// 1 024 instants of the access unit's first byte times 64.
impl AudioDecoder for ToyAudioDecoder {
    fn decode(&mut self, unit: &AccessUnit) -> Result<Samples, Fault> {
        self.1.note(|seen| seen.audio.push(unit.clone()));
        let value = i16::from(unit.data.first().copied().unwrap_or(0)) * 64;
        let AudioTrack { sample_rate, channels } = self.0;
        Ok(Samples { pts: unit.pts, sample_rate, channels, data: vec![value; 1024 * usize::from(channels)] })
    }
}

/// The loudest sample as two bytes, and where it stands in the frame.
impl AudioEncoder for ToyAudioEncoder {
    fn encode(&mut self, samples: &[i16], pts: MediaTime) -> Result<AccessUnit, Fault> {
        let first_loud = samples.chunks(2).position(|instant| instant[0] > 1000).unwrap_or(0xFFFF) as u16;
        let loudest = samples.iter().copied().max().unwrap_or(0).max(0) as u16;
        let scale = Timescale::new(self.0.sample_rate).expect("a rate");
        Ok(AccessUnit {
            track: TrackId(0),
            pts,
            dts: pts,
            duration: MediaDuration::from_ticks(1024, scale),
            is_random_access: true,
            is_damaged: false,
            data: Bytes::from([loudest.to_be_bytes(), first_loud.to_be_bytes()].concat()),
        })
    }

    fn frame_len(&self) -> usize {
        1024
    }

    fn format(&self) -> (AudioTrack, AacConfig) {
        let track = AudioTrack { sample_rate: self.0.sample_rate, channels: self.0.channels };
        (track, AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) })
    }
}
