//! What a channel is asked to be, checked before it exists.

use std::{fmt, num::NonZeroU8, time::Duration};

use crate::{
    access::AccessList,
    channel::{AudioStream, ConfigError, Encoding, InputRules},
    ladder::{Preset, Thumbnails},
    media::{CueFormats, Language, Packing},
    splice::{LossPolicy, Slates},
    time::{MediaDuration, Timescale, Utc},
};

/// A channel's name: 1 to 32 letters, digits and hyphens, no hyphen first or last (A1.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(String);

/// What plays before any contribution came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Standby {
    /// The pre-event slate and silence.
    #[default]
    Slate,
    /// The moving test source with its tone.
    TestSource,
}

/// From where a channel takes its cues (A14.1). One that passes its contribution through tells viewers of those that it carries,
/// whatever is set here, and splices nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AdMarkers {
    /// From the operator's calls; what a contribution carries is told and not acted on.
    #[default]
    Api,
    /// From what the contribution carries: SCTE-35 in its transport stream or a sparse track, RTMP `onAdCue`.
    Scte35,
}

/// What becomes of a contribution session when another one comes (FAULTS row 16): an encoder whose connection died without
/// a word comes back on a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// It stays, and the new one is refused, until its own idle limit ends it.
    Refuse,
    /// It gives way once nothing has come from it for this long; 100 ms to 60 s.
    WhenSilent(Duration),
    /// It gives way at once: the newest publisher is the right one.
    Always,
}

/// Properties of a channel; they may be changed while it is Stopped (A1.11).
#[derive(Clone, Debug)]
pub struct ChannelConfig {
    /// Its name, unique in its account.
    pub name: ChannelName,
    /// For people, at most 256 characters (A1.5).
    pub description: String,
    /// The rungs to encode.
    pub preset: Preset,
    /// Which video stream of a transport stream is taken, counted from zero over H.264, MPEG-2 and MPEG-1 video in its program
    /// map's order; default 0 (A6.10).
    /// Its demuxer does it: hand it over in [`TsConfig`](crate::ingest::TsConfig).
    pub video_index: usize,
    /// The sound that is taken, 1 to 8 streams, each a rendition of its own; default the first, without a language (A6.11 to
    /// A6.13). What a contribution has beside it is told and left out (A12.11); what it has not is silent.
    pub audio: Vec<AudioStream>,
    /// Wall-clock instant of media time zero; segments are cut on a grid anchored there. Default 1970.
    pub epoch: Utc,
    /// Length of a segment, to the nearest whole frame; 500 ms to 20 s, default 2 s (A1.13).
    pub gop: MediaDuration,
    /// How long the parts of a segment are, about, for low latency: each goes out as soon as it is whole. 250 ms to 1 s, and no
    /// longer than a segment; the nearest length of which a segment is a whole number is taken. Default none. Fragments are rows
    /// of chunks then.
    pub parts: Option<MediaDuration>,
    /// Segments that make one segment of HLS with transport streams, at most, 1 to 10, or 15 s; fragmented MP4 and the other protocols have
    /// each by itself. Default by their length: three where they last up to 3 s, two up to 5 s, else one (A1.12, A20.15). A splice ends one early.
    pub fragments_per_segment: Option<NonZeroU8>,
    /// Ticks in a second of what is stored, which also count in URLs; 10 000 to 10 000 000. Default 90 000 for pictures and the sample rate
    /// for sound, which hardly round anything, or what a contribution has that is passed through. Azure had 10 000 000 (A21.7), the scale of
    /// a Smooth Streaming manifest as a whole: Shaka Player and RxPlayer heed none but that one there. With it, `epoch` must be near: since
    /// 1970 there are more such ticks than a number of JavaScript tells apart.
    pub timescale: Option<Timescale>,
    /// A contribution without pictures for this long, since the last one has played, is lost: so long the output waits for
    /// it; 100 ms to 60 s, default 1 s (A16.1).
    pub loss_after: Duration,
    /// What shows then, from the last picture on, and when; default that picture for 1 s, then the error slate. Also what shows
    /// while a contribution that goes on coming is black, frozen or silent; default its own pictures, and it is told after 10 s.
    pub loss_policy: LossPolicy,
    /// The images that show in place of the contribution; default the built-in one for all (A14.7, A15.5).
    pub slates: Slates,
    /// Whether a new contribution session takes the place of another; default: of one that was silent for 1 s.
    pub takeover: Takeover,
    /// What plays before any contribution came.
    pub standby: Standby,
    /// Once nothing is attached any more, the slate gives way to the test source after this time, where `standby` is that;
    /// default 10 s.
    pub standby_after: Duration,
    /// Running with no program and no contribution for this long stops the channel; default 12 h (A4.1).
    pub idle_shutoff: Duration,
    /// From where cues come; default the operator's calls (A14.1).
    pub ad_markers: AdMarkers,
    /// The slate hides the contribution in ad breaks, and the sound is muted, unless a call says otherwise; default `true`
    /// (A15.4, A14.9).
    pub insert_slate_on_ad_marker: bool,
    /// How viewers are told of ad breaks; default `EXT-X-DATERANGE` in HLS, in DASH an `EventStream` and `emsg` boxes, and in Smooth
    /// Streaming a sparse track (A14.10).
    pub cue_formats: CueFormats,
    /// Captions (CEA-608 and CEA-708) are left out of the output; by default they go with their pictures into every rung
    /// (A13.1, `IgnoreCea708ClosedCaptions`). What is passed through keeps them in any case, unnamed.
    pub ignore_captions: bool,
    /// Whether the channel makes a ladder or passes one through (A1.1).
    pub encoding: Encoding,
    /// The other slot takes over when the one on air is silent for this long, or for half of `loss_after` where that is
    /// less; 100 ms to 60 s, default 500 ms (A5.6).
    pub failover_after: Duration,
    /// Pictures of the contribution as it reaches the channel, told as [`Event::Thumbnail`](crate::channel::Event::Thumbnail);
    /// default none. A channel that passes its contribution through decodes nothing and makes none (A11.3).
    pub thumbnails: Option<Thumbnails>,
    /// Who may contribute, over which protocol, and how much.
    pub input: InputRules,
    /// From where a preview may be read; not set, which is the default, from everywhere (A10.3).
    pub preview: AccessList,
    /// How far back a preview goes, which the channel then keeps of what it makes whenever it is on air, beside any program, as
    /// [`Event::PreviewStarted`](crate::channel::Event::PreviewStarted) tells; 1 to 10 minutes, default none (A11.1). A fragment stays
    /// a minute longer than that.
    pub preview_window: Option<MediaDuration>,
}

impl ChannelName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`ConfigError::Name`].
    pub fn new(name: &str) -> Result<Self, ConfigError> {
        let is_good = (1..=32).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-');
        if is_good { Ok(Self(name.into())) } else { Err(ConfigError::Name(name.into())) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ChannelConfig {
    /// The shortest window of a preview: three of the longest segments.
    pub const SHORTEST_PREVIEW: MediaDuration = MediaDuration::from_secs(60);
    /// The longest window of a preview.
    pub const LONGEST_PREVIEW: MediaDuration = MediaDuration::from_secs(600);

    /// A channel of this name with every default: the preset `Default720p`, 2 s segments, the slate while nothing comes.
    ///
    /// # Errors
    /// [`ConfigError::Name`].
    pub fn new(name: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            name: ChannelName::new(name)?,
            description: String::new(),
            preset: Preset::default_720p(),
            video_index: 0,
            audio: vec![AudioStream::new(0, Language::UND)],
            epoch: Utc::UNIX_EPOCH,
            gop: MediaDuration::from_secs(2),
            parts: None,
            fragments_per_segment: None,
            timescale: None,
            loss_after: Duration::from_secs(1),
            loss_policy: LossPolicy::default(),
            slates: Slates::default(),
            takeover: Takeover::WhenSilent(Duration::from_secs(1)),
            standby: Standby::Slate,
            standby_after: Duration::from_secs(10),
            idle_shutoff: Duration::from_secs(12 * 3600),
            ad_markers: AdMarkers::Api,
            insert_slate_on_ad_marker: true,
            cue_formats: CueFormats::default(),
            ignore_captions: false,
            encoding: Encoding::Standard,
            failover_after: Duration::from_millis(500),
            thumbnails: None,
            input: InputRules::default(),
            preview: AccessList::unset(),
            preview_window: None,
        })
    }

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

    /// Whether the contribution goes through untouched.
    #[must_use]
    pub const fn passes_through(&self) -> bool {
        matches!(self.encoding, Encoding::None(_))
    }

    /// When a silent slot has failed: before its silence is a loss.
    pub(super) fn failover(&self) -> Duration {
        self.failover_after.min(self.loss_after / 2)
    }

    /// How long after a loss the test source comes back, where there is one.
    pub(super) fn test_source_after(&self) -> Option<MediaDuration> {
        (self.standby == Standby::TestSource).then(|| MediaDuration::from_std(self.standby_after))
    }

    /// How long parts are to be, so that a segment is a whole number of them.
    pub(super) fn part_length(&self) -> Option<MediaDuration> {
        let asked = self.parts?.flicks().max(1);
        let count = self.gop.flicks().saturating_add(asked / 2).checked_div(asked)?.max(1);
        Some(MediaDuration::from_flicks(self.gop.flicks().checked_div(count)?))
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

impl Takeover {
    /// Whether a session from which nothing came for `silence` gives way.
    pub(super) fn takes_over(self, silence: Duration) -> bool {
        match self {
            Self::Refuse => false,
            Self::WhenSilent(least) => silence >= least,
            Self::Always => true,
        }
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splice::{LossCause, LossPicture, LossStage};

    #[test]
    fn names_follow_a1_5() {
        for good in ["a", "news-24", "A1", &"x".repeat(32)] {
            assert!(ChannelName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a b", "a/b", "a.b", "ä", "a\0", "..", &"x".repeat(33)] {
            assert!(ChannelName::new(bad).is_err(), "{bad}");
        }
    }

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
