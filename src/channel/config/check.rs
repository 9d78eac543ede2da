//! The rules of a configuration, checked before a channel exists or is changed.

use std::{num::NonZeroU8, time::Duration};

use super::{ChannelConfig, Takeover};
use crate::{
    channel::{AudioStream, ConfigError},
    ladder::Thumbnails,
    media::Packing,
    time::{MediaDuration, Timescale},
};

impl ChannelConfig {
    /// Checks every rule.
    ///
    /// # Errors
    /// The first rule that is broken, with the value.
    pub fn check(&self) -> Result<(), ConfigError> {
        let characters = self.description.chars().count();
        if characters > 256 {
            return Err(ConfigError::Description(characters));
        }
        self.check_rungs()?;
        AudioStream::check(&self.audio, &self.preset)?;
        if self.gop < MediaDuration::from_millis(500) || self.gop > MediaDuration::from_secs(20) {
            return Err(ConfigError::Gop(self.gop));
        }
        if self.loss_after < Duration::from_millis(100) || self.loss_after > Duration::from_secs(60) {
            return Err(ConfigError::LossAfter(self.loss_after));
        }
        let (shortest, longest) = (MediaDuration::from_millis(250), MediaDuration::from_secs(1).min(self.gop));
        if let Some(parts) = self.parts.filter(|parts| *parts < shortest || *parts > longest) {
            return Err(ConfigError::Parts(parts));
        }
        let is_long = |asked: u8| asked > 1 && self.gop.times(asked.into()) > Packing::LONGEST;
        if let Some(asked) = self.fragments_per_segment.map(NonZeroU8::get)
            && (asked > Packing::MAX || is_long(asked))
        {
            return Err(ConfigError::FragmentsPerSegment(asked, self.gop));
        }
        let is_usual = |scale: &Timescale| (10_000..=10_000_000).contains(&scale.per_second());
        if let Some(scale) = self.timescale.filter(|scale| !is_usual(scale)) {
            return Err(ConfigError::Timescale(scale.per_second()));
        }
        if let Some(cause) = self.loss_policy.broken() {
            return Err(ConfigError::LossPolicy(cause));
        }
        if let Takeover::WhenSilent(silence) = self.takeover
            && !(Duration::from_millis(100)..=Duration::from_secs(60)).contains(&silence)
        {
            return Err(ConfigError::Takeover(silence));
        }
        self.check_feeds()?;
        self.check_thumbnails()?;
        self.check_preview()?;
        self.input.check()?;
        let rate = self.preset.max_frame_rate;
        if rate.as_f64() < 1.0 || rate.as_f64() > 60.0 {
            return Err(ConfigError::FrameRate(rate));
        }
        if ![44_100, 48_000].contains(&self.preset.audio_sample_rate) {
            return Err(ConfigError::AudioRate(self.preset.audio_sample_rate));
        }
        Ok(())
    }

    fn check_feeds(&self) -> Result<(), ConfigError> {
        if self.failover_after < Duration::from_millis(100) || self.failover_after > Duration::from_secs(60) {
            return Err(ConfigError::FailoverAfter(self.failover_after));
        }
        self.encoding.check()
    }

    fn check_thumbnails(&self) -> Result<(), ConfigError> {
        let Some(Thumbnails { interval, width, quality }) = self.thumbnails else { return Ok(()) };
        if interval < MediaDuration::from_secs(1) || interval > MediaDuration::from_secs(3600) {
            return Err(ConfigError::ThumbnailInterval(interval));
        }
        if !(64..=1280).contains(&width) {
            return Err(ConfigError::ThumbnailWidth(width));
        }
        if !(1..=100).contains(&quality) {
            return Err(ConfigError::ThumbnailQuality(quality));
        }
        Ok(())
    }

    fn check_preview(&self) -> Result<(), ConfigError> {
        let is_good = |window: &MediaDuration| (Self::SHORTEST_PREVIEW..=Self::LONGEST_PREVIEW).contains(window);
        match self.preview_window.filter(|window| !is_good(window)) {
            Some(window) => Err(ConfigError::PreviewWindow(window)),
            None => Ok(()),
        }
    }

    fn check_rungs(&self) -> Result<(), ConfigError> {
        let rungs = &self.preset.rungs;
        if rungs.is_empty() || rungs.len() > 16 {
            return Err(ConfigError::Rungs(rungs.len()));
        }
        for (n, rung) in rungs.iter().enumerate() {
            let (name, width, height) = (rung.name.clone(), rung.width, rung.height);
            let is_even = width % 2 == 0 && height % 2 == 0;
            if !is_even || !(32..=1920).contains(&width) || !(32..=1088).contains(&height) {
                return Err(ConfigError::RungSize { name, width, height });
            }
            let bitrate = rung.bitrate;
            let others = || rungs.iter().take(n);
            if bitrate == 0 || bitrate > 50_000_000 || others().any(|other| other.bitrate == bitrate) {
                return Err(ConfigError::RungBitrate { name, bitrate });
            }
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
            let is_good = (1..=80).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(is_plain);
            if !is_good || name == "audio" || others().any(|other| other.name == name) {
                return Err(ConfigError::RungName(name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splice::{LossCause, LossPicture, LossPolicy, LossStage};

    #[test]
    fn the_default_is_sound_and_each_rule_has_its_error() {
        let good = ChannelConfig::new("one").unwrap();
        assert_eq!(good.check(), Ok(()));
        let broken = |change: fn(&mut ChannelConfig)| {
            let mut config = good.clone();
            change(&mut config);
            config.check().unwrap_err()
        };
        assert!(matches!(broken(|c| c.description = "x".repeat(257)), ConfigError::Description(257)));
        assert!(matches!(broken(|c| c.preset.rungs.clear()), ConfigError::Rungs(0)));
        assert!(matches!(broken(|c| c.preset.rungs[0].width = 1281), ConfigError::RungSize { .. }));
        assert!(matches!(broken(|c| c.preset.rungs[1].bitrate = 3_500_000), ConfigError::RungBitrate { .. }));
        assert!(matches!(broken(|c| c.preset.rungs[1].name = "../x".into()), ConfigError::RungName(_)));
        assert!(matches!(broken(|c| c.gop = MediaDuration::ZERO), ConfigError::Gop(_)));
        for (asked, gop) in [(11, 1), (3, 7), (2, 11)] {
            let gop = MediaDuration::from_secs(gop);
            let asks = ChannelConfig { fragments_per_segment: NonZeroU8::new(asked), gop, ..good.clone() };
            assert_eq!(asks.check(), Err(ConfigError::FragmentsPerSegment(asked, gop)));
        }
        assert!(matches!(broken(|c| c.timescale = Timescale::new(9999)), ConfigError::Timescale(9999)));
        assert!(matches!(broken(|c| c.timescale = Timescale::new(10_000_001)), ConfigError::Timescale(10_000_001)));
        assert!(matches!(broken(|c| c.parts = Some(MediaDuration::from_millis(249))), ConfigError::Parts(_)));
        assert!(matches!(broken(|c| c.parts = Some(MediaDuration::from_millis(1001))), ConfigError::Parts(_)));
        assert!(matches!(broken(|c| c.loss_after = Duration::ZERO), ConfigError::LossAfter(_)));
        assert!(matches!(
            broken(|c| c.loss_policy = LossPolicy::slate_after(MediaDuration::from_secs(-1))),
            ConfigError::LossPolicy(LossCause::NoBytes)
        ));
        let early = |c: &mut ChannelConfig| {
            c.loss_policy.silence =
                vec![LossStage { after: MediaDuration::from_millis(4999), show: LossPicture::Slate }];
        };
        assert!(matches!(broken(early), ConfigError::LossPolicy(LossCause::Silence)));
        let message = broken(early).to_string();
        assert!(message.contains("for silence") && message.contains("at 5.000000s or later"), "{message}");
        assert!(matches!(broken(|c| c.takeover = Takeover::WhenSilent(Duration::ZERO)), ConfigError::Takeover(_)));
        assert!(matches!(broken(|c| c.preset.audio_sample_rate = 22_050), ConfigError::AudioRate(22_050)));
        assert!(matches!(broken(|c| c.audio.clear()), ConfigError::AudioStreams(0)));
        let small = |change: fn(&mut Thumbnails)| {
            let mut config = good.clone();
            change(config.thumbnails.insert(Thumbnails::default()));
            config.check()
        };
        assert_eq!(small(|_| {}), Ok(()));
        let short = MediaDuration::from_millis(999);
        assert_eq!(small(|t| t.interval = MediaDuration::from_millis(999)), Err(ConfigError::ThumbnailInterval(short)));
        assert_eq!(small(|t| t.width = 1281), Err(ConfigError::ThumbnailWidth(1281)));
        assert_eq!(small(|t| t.quality = 0), Err(ConfigError::ThumbnailQuality(0)));
    }
}
