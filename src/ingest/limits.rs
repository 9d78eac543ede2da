//! What a contribution may be: sizes, rates and bitrates (A5.3, A6.2 to A6.4, A7.1, A9.1, A9.2), and the meter that watches it.
//!
//! Averages are taken in media time, over the last whole tenths of a window, once the feed has lasted for one window: so the
//! same access units are refused at the same place however fast they came. Time stamps that jump, by a second back or by more
//! than the window ahead, begin the averages anew: a clock that was set is no flood. To add a limit, add a field, its line in `track` or `unit`, and its refusal.

use std::collections::BTreeMap;

use super::{IngestRefusal, Measured};
use crate::{
    ingest::average::Average,
    media::{AccessUnit, FrameRate, Track, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, MediaTime},
};

/// What a contribution may be. `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IngestLimits {
    /// Averages are taken over this much media time, 1 s to 60 s (others are taken as the nearest of these). Default: 10 s.
    pub window: MediaDuration,
    /// Each video track stays under so many bits per second.
    pub video_bitrate: Option<u64>,
    /// All audio tracks together stay under so many bits per second.
    pub audio_bitrate: Option<u64>,
    /// All tracks together stay under so many bits per second.
    pub total_bitrate: Option<u64>,
    /// Largest width and largest height, in pixels.
    pub size: Option<(u32, u32)>,
    /// Most frames per second of progressive video, most fields per second of interlaced. Rates that are stated or
    /// measured up to 1 % over it are taken as equal to it.
    pub frame_rate: Option<u32>,
    /// Most video tracks, or layers.
    pub video_tracks: Option<u32>,
    /// Most audio tracks.
    pub audio_tracks: Option<u32>,
}

/// Watches one contribution session. Show it what the demuxer finds; the first refusal is the end of the session.
#[derive(Clone, Debug)]
pub struct LimitMeter {
    limits: IngestLimits,
    tracks: BTreeMap<TrackId, Metered>,
    audio: Average,
    total: Average,
}

#[derive(Clone, Debug)]
struct Metered {
    kind: Kind,
    /// Its place among those of its kind: a track that comes back under another id is no other one.
    index: u32,
    bits: Average,
    units: Average,
    /// Decode time of its newest access unit.
    newest: Option<MediaTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Video,
    Audio,
    Other,
}

impl IngestLimits {
    /// Video of a feed that is encoded here (A6.3, A7.1), in bits per second.
    const ENCODED_VIDEO: u64 = 15_000_000;
    /// Audio of such a feed, all tracks together (A6.4, A7.1), in bits per second.
    const ENCODED_AUDIO: u64 = 1_000_000;

    /// For channels that encode: one video track under 15 Mbit/s, eight audio tracks under 1 Mbit/s together (A6.2, A6.3,
    /// A6.4, A7.1), 1920x1088, 60 frames or fields per second (A5.3).
    #[must_use]
    pub const fn encoding() -> Self {
        Self {
            video_bitrate: Some(Self::ENCODED_VIDEO),
            audio_bitrate: Some(Self::ENCODED_AUDIO),
            size: Some((1920, 1088)),
            frame_rate: Some(60),
            video_tracks: Some(1),
            audio_tracks: Some(8),
            ..Self::unlimited()
        }
    }

    /// For pass-through channels (A9.1): ten layers under 10 Mbit/s each, five audio tracks, 25 Mbit/s in all, 4096x2160, no
    /// limit to the frame rate (A9.2).
    #[must_use]
    pub const fn pass_through() -> Self {
        Self {
            video_bitrate: Some(10_000_000),
            total_bitrate: Some(25_000_000),
            size: Some((4096, 2160)),
            video_tracks: Some(10),
            audio_tracks: Some(5),
            ..Self::unlimited()
        }
    }

    /// For pass-through channels, the small kind of A9.2: layers under 4 Mbit/s, 5 Mbit/s in all.
    #[must_use]
    pub const fn pass_through_basic() -> Self {
        Self { video_bitrate: Some(4_000_000), total_bitrate: Some(5_000_000), ..Self::pass_through() }
    }

    /// For pass-through channels, the large kind of A9.2: layers under 20 Mbit/s, 60 Mbit/s in all.
    #[must_use]
    pub const fn pass_through_standard() -> Self {
        Self { video_bitrate: Some(20_000_000), total_bitrate: Some(60_000_000), ..Self::pass_through() }
    }

    /// No limit at all, but that of 64 tracks, which every meter has.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            window: MediaDuration::from_secs(10),
            video_bitrate: None,
            audio_bitrate: None,
            total_bitrate: None,
            size: None,
            frame_rate: None,
            video_tracks: None,
            audio_tracks: None,
        }
    }
}

impl IngestLimits {
    /// What the sessions of a contribution have together: so many video and audio tracks.
    pub(crate) fn check_counts(&self, video: u32, audio: u32) -> Option<IngestRefusal> {
        let counts = [("video", video, self.video_tracks), ("audio", audio, self.audio_tracks)];
        let over = |(kind, asked, bound): (_, u32, Option<u32>)| {
            bound.filter(|bound| asked > *bound).map(|bound| IngestRefusal::Qualities { kind, asked, bound })
        };
        counts.into_iter().find_map(over)
    }

    /// What the sessions of a contribution have together: so many bits per second of audio, and of everything.
    pub(crate) fn check_rates(&self, audio: u64, total: u64) -> Option<IngestRefusal> {
        let of_audio = over(Measured::Audio, audio, self.audio_bitrate);
        of_audio.or_else(|| over(Measured::All, total, self.total_bitrate))
    }
}

impl Default for IngestLimits {
    fn default() -> Self {
        Self::encoding()
    }
}

impl LimitMeter {
    /// A meter for a session that begins.
    #[must_use]
    pub fn new(limits: IngestLimits) -> Self {
        let average = Average::new(limits.window);
        Self { limits, tracks: BTreeMap::new(), audio: average.clone(), total: average }
    }

    /// Looks at a track that appeared or changed.
    #[must_use]
    pub fn track(&mut self, track: &Track) -> Option<IngestRefusal> {
        let kind = Kind::of(&track.format);
        if self.tracks.len() >= MAX_TRACKS && !self.tracks.contains_key(&track.id) {
            let (asked, bound) = (MAX_TRACKS as u32 + 1, MAX_TRACKS as u32);
            return Some(IngestRefusal::Qualities { kind: kind.name(), asked, bound });
        }
        let average = Average::new(self.limits.window);
        let metered = Metered { kind, index: track.index, bits: average.clone(), units: average, newest: None };
        let known = self.tracks.entry(track.id).or_insert(metered);
        (known.kind, known.index) = (kind, track.index);
        self.check_count(kind).or_else(|| track.format.video().and_then(|video| self.check_video(video)))
    }

    /// Looks at an access unit, in decode order within its track.
    #[must_use]
    pub fn unit(&mut self, unit: &AccessUnit) -> Option<IngestRefusal> {
        self.begin_anew_after_jump(unit);
        let Some(track) = self.tracks.get_mut(&unit.track) else {
            return Some(IngestRefusal::NoDescription(unit.track.0));
        };
        track.newest = Some(unit.dts);
        let (limits, bits) = (&self.limits, unit.data.len() as u64 * 8);
        let of_all = self.total.push(unit.dts, bits).and_then(|rate| over(Measured::All, rate, limits.total_bitrate));
        let of_kind = match track.kind {
            Kind::Video => {
                let rate = track.bits.push(unit.dts, bits);
                let pictures = track.units.push(unit.dts, UNIT);
                let what = Measured::Video(unit.track.0);
                let too_fast = || pictures.and_then(|rate| too_many(rate, limits.frame_rate?));
                rate.and_then(|rate| over(what, rate, limits.video_bitrate)).or_else(too_fast)
            }
            Kind::Audio => {
                let _ = track.bits.push(unit.dts, bits);
                let rate = self.audio.push(unit.dts, bits);
                rate.and_then(|rate| over(Measured::Audio, rate, limits.audio_bitrate))
            }
            Kind::Other => None,
        };
        of_kind.or(of_all)
    }

    /// The average bitrate of a video or audio track over the last window, once there was one; bits per second.
    #[must_use]
    pub fn bitrate(&self, track: TrackId) -> Option<u64> {
        self.tracks.get(&track)?.bits.latest()
    }

    /// The average bitrate of all tracks over the last window, once there was one; bits per second.
    #[must_use]
    pub fn total_bitrate(&self) -> Option<u64> {
        self.total.latest()
    }

    /// The average bitrate of all audio tracks over the last window, once there was one; bits per second.
    #[must_use]
    pub fn audio_bitrate(&self) -> Option<u64> {
        self.audio.latest()
    }

    /// Averages of before and after a clock was set have nothing in common. Between tracks times may differ: a fragment of
    /// pictures comes before the sound that belongs to it.
    fn begin_anew_after_jump(&mut self, unit: &AccessUnit) {
        let newest = self.tracks.get(&unit.track).and_then(|track| track.newest);
        if newest.is_none_or(|newest| newest.since(unit.dts) < BACK) {
            return;
        }
        let average = Average::new(self.limits.window);
        (self.audio, self.total) = (average.clone(), average.clone());
        for track in self.tracks.values_mut() {
            (track.bits, track.units, track.newest) = (average.clone(), average.clone(), None);
        }
    }

    fn check_count(&self, kind: Kind) -> Option<IngestRefusal> {
        let bound = match kind {
            Kind::Video => self.limits.video_tracks?,
            Kind::Audio => self.limits.audio_tracks?,
            Kind::Other => return None,
        };
        let mut places: Vec<u32> = self.tracks.values().filter(|of| of.kind == kind).map(|of| of.index).collect();
        places.sort_unstable();
        places.dedup();
        let asked = places.len() as u32;
        (asked > bound).then_some(IngestRefusal::Qualities { kind: kind.name(), asked, bound })
    }

    fn check_video(&self, video: &VideoTrack) -> Option<IngestRefusal> {
        let asked = (video.width, video.height);
        let is_large = |bound: &(u32, u32)| asked.0 > bound.0 || asked.1 > bound.1;
        if let Some(bound) = self.limits.size.filter(is_large) {
            return Some(IngestRefusal::Resolution { asked, bound });
        }
        let (rate, bound) = (video.frame_rate?, self.limits.frame_rate?);
        let is_fast = is_over(rate, 1 + u32::from(video.is_interlaced), bound);
        is_fast.then(|| IngestRefusal::frame_rate(rate, video.is_interlaced, bound))
    }
}

impl Kind {
    const fn of(format: &TrackFormat) -> Self {
        if format.is_video() {
            Self::Video
        } else if format.is_audio() {
            Self::Audio
        } else {
            Self::Other
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Other => "other",
        }
    }
}

fn over(what: Measured, asked: u64, bound: Option<u64>) -> Option<IngestRefusal> {
    bound.filter(|bound| asked >= *bound).map(|bound| IngestRefusal::Bitrate { what, asked, bound })
}

/// `rate` counts [`UNIT`] for each picture a second.
fn too_many(rate: u64, bound: u32) -> Option<IngestRefusal> {
    let asked = u32::try_from(rate.div_ceil(UNIT)).unwrap_or(u32::MAX);
    let is_over = rate * 100 > u64::from(bound) * UNIT * TOLERANCE;
    is_over.then_some(IngestRefusal::FrameRate { unit: "frames", asked, bound })
}

/// Whether `each` pictures for every frame at this rate are more than `bound` a second.
fn is_over(rate: FrameRate, each: u32, bound: u32) -> bool {
    let asked = u64::from(rate.num()) * u64::from(each) * 100;
    asked > u64::from(bound) * u64::from(rate.den()) * TOLERANCE
}

/// Tracks of one session that are followed.
const MAX_TRACKS: usize = 64;
/// A step back of decode times that is a jump.
const BACK: MediaDuration = MediaDuration::from_secs(1);
/// A picture counts as so much, so that whole numbers tell thousandths of a frame per second.
const UNIT: u64 = 1000;
/// Hundredths of the bound that are taken as equal to it.
const TOLERANCE: u64 = 101;

#[cfg(test)]
mod tests;
