//! What an asset holds: the renditions that every segment has one fragment of.

use crate::{
    media::{CueFormats, FrameRate, Language, Packing, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Timescale, Utc},
};

/// The renditions of an asset, in the order in which manifests list them, and what its media clock counts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// Video rungs first, the largest first; then audio.
    pub tracks: Vec<TrackSpec>,
    /// The wall-clock instant of media time zero.
    pub epoch: Utc,
    /// How viewers are told of cues.
    pub cues: CueFormats,
    /// How many segments go into one of HLS with transport streams.
    pub packing: Packing,
}

/// One rendition as it is stored and published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackSpec {
    /// Its id in the channel; its access units carry it.
    pub id: TrackId,
    /// Its name in object names and as DASH representation id, such as `Video_1280x720_3500kbps`: letters, digits, `_`,
    /// `-` and `.` only.
    pub name: String,
    /// The name of its switching set in URLs (A20.9): `video`; `audio` for the only sound, a name of its own for each of
    /// several languages. Letters, digits, `_` and `-` only.
    pub url_track: String,
    /// Nominal bits per second; the number in `QualityLevels(…)`, unique within its switching set.
    pub bitrate: u32,
    /// ISO 639-2 language, `und` where unknown.
    pub language: Language,
    /// Codec and decoder set-up.
    pub format: TrackFormat,
    /// Ticks of the stored form: 90 000 for video, the sample rate for audio, so that no broadcast rate rounds.
    pub timescale: Timescale,
    /// Frame rate of a video rung.
    pub frame_rate: Option<FrameRate>,
}

impl Presentation {
    /// These renditions, with the default way to tell of cues, each segment by itself.
    #[must_use]
    pub fn new(tracks: Vec<TrackSpec>, epoch: Utc) -> Self {
        Self { tracks, epoch, cues: CueFormats::default(), packing: Packing::NONE }
    }

    /// Position of the rendition of this switching set and nominal bitrate.
    #[must_use]
    pub fn position(&self, url_track: &str, bitrate: u32) -> Option<usize> {
        self.tracks.iter().position(|track| track.bitrate == bitrate && track.url_track == url_track)
    }

    /// The first video rendition and the first audio rendition, by position.
    #[must_use]
    pub fn first_of_each(&self) -> (Option<usize>, Option<usize>) {
        let first = |is_wanted: fn(&TrackFormat) -> bool| self.tracks.iter().position(|t| is_wanted(&t.format));
        (first(TrackFormat::is_video), first(TrackFormat::is_audio))
    }

    /// The wall-clock instant of a point on the media clock.
    #[must_use]
    pub fn utc_at(&self, at: MediaTime) -> Utc {
        self.epoch.plus(at.since(MediaTime::ZERO))
    }
}

impl TrackSpec {
    /// A video rung: 90 kHz ticks, switching set `video`.
    #[must_use]
    pub fn video(id: TrackId, name: &str, bitrate: u32, format: TrackFormat, frame_rate: FrameRate) -> Self {
        Self {
            id,
            name: name.into(),
            url_track: "video".into(),
            bitrate,
            language: Language::UND,
            format,
            timescale: Timescale::MPEG,
            frame_rate: Some(frame_rate),
        }
    }

    /// An audio rendition: ticks of its sample rate, switching set `audio`. One of several languages gets a `url_track` of
    /// its own.
    #[must_use]
    pub fn audio(id: TrackId, name: &str, bitrate: u32, format: TrackFormat, language: Language) -> Self {
        let rate = format.audio().map_or(0, |track| track.sample_rate);
        Self {
            id,
            name: name.into(),
            url_track: "audio".into(),
            bitrate,
            language,
            format,
            timescale: Timescale::new(rate).unwrap_or(Timescale::MPEG),
            frame_rate: None,
        }
    }

    /// How long one access unit usually lasts: a frame of the frame rate, or 1 024 samples; zero where unknown.
    #[must_use]
    pub fn nominal_unit(&self) -> MediaDuration {
        match (&self.format, self.frame_rate) {
            (format, Some(rate)) if format.is_video() => rate.frame_duration(),
            (TrackFormat::Aac(..), _) => self.samples(1024),
            (TrackFormat::Ac3(..), _) => self.samples(1536),
            (TrackFormat::Mpa(_, config), _) => self.samples(config.frame_samples),
            _ => MediaDuration::ZERO,
        }
    }

    /// How long so many samples last, whatever ticks they are stored in.
    fn samples(&self, count: u32) -> MediaDuration {
        let rate = self.format.audio().and_then(|audio| Timescale::new(audio.sample_rate)).unwrap_or(self.timescale);
        MediaDuration::from_ticks(count.into(), rate)
    }

    /// Media type of its files, as an HTTP server would send it (RFC 4337; for timed text ISO/IEC 14496-30 clause 4.4).
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        if self.format.is_video() {
            "video/mp4"
        } else if self.format.is_audio() {
            "audio/mp4"
        } else {
            "application/mp4"
        }
    }
}
