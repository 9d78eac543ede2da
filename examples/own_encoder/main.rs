//! A host's own encoder behind [`Codecs`]: the channel runs it in every rung, as it does a built-in one.
//!
//! `cargo run --release --example own_encoder` records four seconds of the test source in a rung of 64x48 with an encoder that
//! compresses nothing: every macroblock is I_PCM (Rec. ITU-T H.264 clause 7.3.5), and every decoder reads it. A real one
//! calls its library in the same three methods. Everything but H.264 encoding is left to the built-in codecs.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "an example is a host: it owns the file")]

mod bits;

use std::{error::Error, fs, path::Path, sync::Arc, time::Duration};

use bits::Bits;
use bytes::Bytes;
use headend::{
    archive::AssetName,
    channel::{Channel, ChannelConfig, Input, Output, ProgramConfig, Standby},
    error::Fault,
    ladder::{
        AudioDecoder, AudioEncoder, AudioEncoderConfig, BuiltinCodecs, Codecs, Profile, Rung, VideoDecoder,
        VideoEncoder, VideoEncoderConfig,
    },
    media::{AccessUnit, Frame, FrameRate, H264Config, NalFraming, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, Now, Utc},
};

/// The built-in codecs, with our encoder in the place of theirs.
struct OwnCodecs(BuiltinCodecs);

impl Codecs for OwnCodecs {
    fn video_decoder(&self, format: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
        self.0.video_decoder(format)
    }

    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        if !(config.width.is_multiple_of(16) && config.height.is_multiple_of(16)) {
            return Err(Fault::Codec { what: format!("{}x{} is not whole macroblocks", config.width, config.height) });
        }
        Ok(Box::new(PcmEncoder { config: config.clone(), frame_num: 0 }))
    }

    fn audio_decoder(&self, format: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault> {
        self.0.audio_decoder(format)
    }

    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault> {
        self.0.aac_encoder(config)
    }
}

/// Intra pictures of raw macroblocks: Baseline, one slice, picture order as decoded (pic_order_cnt_type 2).
struct PcmEncoder {
    config: VideoEncoderConfig,
    frame_num: u32,
}

impl VideoEncoder for PcmEncoder {
    fn encode(&mut self, frame: &Frame, force_idr: bool) -> Result<Option<AccessUnit>, Fault> {
        self.frame_num = if force_idr { 0 } else { (self.frame_num + 1) % 16 };
        let mut bits = Bits::nal(if force_idr { 0x65 } else { 0x41 });
        // Slice header: first_mb 0, slice_type I (7), PPS 0, frame_num, idr_pic_id 0, marking, slice_qp_delta 0.
        bits.ue(0).ue(7).ue(0).u(4, self.frame_num);
        if force_idr { bits.ue(0).u(2, 0) } else { bits.u(1, 0) }.ue(0);
        for mb in 0..frame.width * frame.height / 256 {
            let (x, y) = (mb % (frame.width / 16), mb / (frame.width / 16));
            bits.ue(25).align(0); // mb_type I_PCM
            for (plane, side) in [(frame.y(), 16), (frame.u(), 8), (frame.v(), 8)] {
                let rows = plane.data.chunks(plane.stride).skip(y * side).take(side);
                rows.for_each(|row| bits.bytes.extend_from_slice(&row[x * side..][..side]));
            }
        }
        let nal = bits.finish();
        Ok(Some(AccessUnit {
            track: TrackId(0),
            pts: frame.pts,
            dts: frame.pts,
            duration: self.config.frame_rate.frame_duration(),
            is_random_access: force_idr,
            is_damaged: false,
            data: [&(nal.len() as u32).to_be_bytes()[..], &nal].concat().into(),
        }))
    }

    fn set_frame_rate(&mut self, rate: FrameRate) {
        self.config.frame_rate = rate;
    }

    fn format(&self) -> TrackFormat {
        let VideoEncoderConfig { width, height, sample_aspect, frame_rate, .. } = self.config;
        let track = VideoTrack { sample_aspect, frame_rate: Some(frame_rate), ..VideoTrack::new(width, height) };
        let (mut sps, mut pps) = (Bits::nal(0x67), Bits::nal(0x68));
        // Baseline, level 3.1; SPS 0, frame_num of 4 bits, order type 2, one reference, no gaps; size; frames, no VUI.
        sps.u(24, 0x42_C0_1F).ue(0).ue(0).ue(2).ue(1).u(1, 0).ue(width / 16 - 1).ue(height / 16 - 1).u(4, 0b1100);
        // PPS 0 of SPS 0; CAVLC; one group; one reference each way; no weights; QP 26; no offset, no deblocking control.
        pps.ue(0).ue(0).u(2, 0).ue(0).ue(0).ue(0).u(3, 0).ue(0).ue(0).ue(0).u(3, 0);
        let (sps, pps) = (vec![Bytes::from(sps.finish())], vec![Bytes::from(pps.finish())]);
        TrackFormat::H264(track, H264Config { framing: NalFraming::Length(4), sps, pps })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (profile, name) = (Profile::Baseline, "Video_64x48_1100kbps".to_owned());
    let mut config = ChannelConfig { standby: Standby::TestSource, ..ChannelConfig::new("own")? };
    config.preset.rungs = vec![Rung { name: name.clone(), width: 64, height: 48, bitrate: 1_106_000, profile }];
    let mut channel = Channel::new(config, Arc::new(OwnCodecs(BuiltinCodecs::new())))?;
    let mut now = Now::new(Duration::ZERO, Utc::from_unix_secs(1_800_000_000));
    let mut file = Vec::new();
    channel.start(now)?;
    for tick in 0..80 {
        while let Some(output) = channel.poll_output() {
            match output {
                Output::Work(work) => channel.handle_input(Input::Done(work.run()), now)?,
                // The init segment, then every fragment.
                Output::Store(object) if object.name.as_str().contains(&name) => {
                    file.extend_from_slice(&object.body.to_bytes());
                }
                _ => {}
            }
        }
        if tick == 0 {
            let asset = AssetName::new("own").ok_or("a bad name")?;
            channel.run_program(ProgramConfig::new(asset))?;
        }
        now = Now::new(now.monotonic + STEP, now.utc.plus(MediaDuration::from_std(STEP)));
        channel.handle_timeout(now);
    }
    let path = Path::new("target/own_encoder.mp4");
    fs::write(path, &file)?;
    println!("{} bytes of uncompressed H.264 in {}", file.len(), path.display());
    Ok(())
}

const STEP: Duration = Duration::from_millis(100);
