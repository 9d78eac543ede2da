//! What a channel is asked to be, checked before it exists.

mod check;

use std::{fmt, num::NonZeroU8, time::Duration};

use crate::{
    access::AccessList,
    channel::{AudioStream, ConfigError, Encoding, InputRules},
    ladder::{Preset, Thumbnails},
    media::{CueFormats, Language},
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

    #[test]
    fn names_follow_a1_5() {
        for good in ["a", "news-24", "A1", &"x".repeat(32)] {
            assert!(ChannelName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a b", "a/b", "a.b", "ä", "a\0", "..", &"x".repeat(33)] {
            assert!(ChannelName::new(bad).is_err(), "{bad}");
        }
    }
}
