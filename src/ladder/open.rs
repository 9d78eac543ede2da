//! Construction of a channel's codecs: what a start waits for.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    error::Fault,
    ladder::{
        AudioEncoderConfig, Codecs, DecodeLane, PictureLane, Preset, Profile, SoundLane, Thumbnails, VideoEncoder,
        VideoEncoderConfig, WatchStages,
    },
    media::{AacConfig, AudioTrack, FrameRate, PictureSource, SoundSource, TrackFormat},
    time::MediaTime,
};

pub(crate) struct OpenJob {
    pub(crate) codecs: Arc<dyn Codecs>,
    pub(crate) preset: Preset,
    pub(crate) frame_rate: FrameRate,
    pub(crate) test: Box<dyn PictureSource>,
    pub(crate) thumbnails: Option<Thumbnails>,
    /// What is done about a contribution that is black, frozen or silent.
    pub(crate) watch: WatchStages,
    /// One for each audio output.
    pub(crate) tones: Vec<Box<dyn SoundSource>>,
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
    /// One for each audio output.
    pub(crate) sounds: Vec<SoundLane>,
    /// Codec and set-up of each rung, in the preset's order.
    pub(crate) video_formats: Vec<TrackFormat>,
    /// Codec and set-up of every audio output.
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
        let (sample_rate, bitrate) = (self.preset.audio_sample_rate, self.preset.audio_bitrate);
        let config = AudioEncoderConfig { sample_rate, channels: 2, bitrate };
        let mut sounds = Vec::with_capacity(self.tones.len());
        // With no output there is no rendition that this would describe.
        let mut audio_format = (AudioTrack { sample_rate, channels: 2 }, AacConfig { asc: Bytes::new() });
        for tone in self.tones {
            let encoder = self.codecs.aac_encoder(&config)?;
            audio_format = encoder.format();
            let (codecs, is_watched) = (self.codecs.clone(), !self.watch.silence.is_empty());
            sounds.push(SoundLane::new(codecs, encoder, tone, sample_rate, self.asked.1, is_watched));
        }
        Ok(Box::new(OpenLadder {
            decode: DecodeLane::new(self.codecs, self.thumbnails),
            picture: Box::new(PictureLane::new(&self.preset, self.test, self.watch)),
            video_formats: rungs.iter().map(|encoder| encoder.format()).collect(),
            rungs,
            sounds,
            audio_format,
            asked: self.asked,
        }))
    }
}
