//! Construction of a channel's codecs: what a start waits for.

use std::{sync::Arc, time::Duration};

use crate::{
    error::Fault,
    ladder::{
        AudioEncoderConfig, Codecs, DecodeLane, PictureLane, Preset, Profile, SoundLane, VideoEncoder,
        VideoEncoderConfig,
    },
    media::{AacConfig, AudioTrack, FrameRate, PictureSource, SoundSource, TrackFormat},
    time::MediaTime,
};

pub(crate) struct OpenJob {
    pub(crate) codecs: Arc<dyn Codecs>,
    pub(crate) preset: Preset,
    pub(crate) frame_rate: FrameRate,
    pub(crate) slate: Box<dyn PictureSource>,
    pub(crate) test: Box<dyn PictureSource>,
    pub(crate) tone: Box<dyn SoundSource>,
    /// When this was asked for on the monotonic clock, and what the channel's clock showed then: the output starts there
    /// or later.
    pub(crate) asked: (Duration, MediaTime),
}

pub(crate) type OpenDone = Result<Box<OpenLadder>, Fault>;

/// Every lane of a ladder, ready to run.
pub(crate) struct OpenLadder {
    pub(crate) decode: DecodeLane,
    pub(crate) picture: Box<PictureLane>,
    pub(crate) rungs: Vec<Box<dyn VideoEncoder>>,
    pub(crate) sound: Box<SoundLane>,
    /// Codec and set-up of each rung, in the preset's order.
    pub(crate) video_formats: Vec<TrackFormat>,
    pub(crate) audio_format: (AudioTrack, AacConfig),
    /// As in [`OpenJob`]: the sound starts there.
    pub(crate) asked: (Duration, MediaTime),
}

impl OpenJob {
    pub(crate) fn run(self) -> OpenDone {
        let mut rungs = Vec::with_capacity(self.preset.rungs.len());
        for rung in &self.preset.rungs {
            let config = VideoEncoderConfig {
                width: rung.width,
                height: rung.height,
                bitrate: rung.bitrate,
                profile: rung.profile,
                frame_rate: self.frame_rate,
                sample_aspect: (1, 1),
            };
            rungs.push(match rung.profile {
                Profile::Baseline | Profile::Main | Profile::High => self.codecs.h264_encoder(&config)?,
                Profile::Av1Main => self.codecs.av1_encoder(&config)?,
            });
        }
        let encoder = self.codecs.aac_encoder(&AudioEncoderConfig {
            sample_rate: self.preset.audio_sample_rate,
            channels: 2,
            bitrate: self.preset.audio_bitrate,
        })?;
        let audio_format = encoder.format();
        let sound =
            SoundLane::new(self.codecs.clone(), encoder, self.tone, self.preset.audio_sample_rate, self.asked.1);
        Ok(Box::new(OpenLadder {
            decode: DecodeLane::new(self.codecs),
            picture: Box::new(PictureLane::new(&self.preset, self.slate, self.test)),
            video_formats: rungs.iter().map(|encoder| encoder.format()).collect(),
            rungs,
            sound: Box::new(sound),
            audio_format,
            asked: self.asked,
        }))
    }
}
