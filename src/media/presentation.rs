//! What an asset holds: the renditions that every segment has one fragment of.

use std::fmt::Write as _;

use crate::{
    media::{FrameRate, Language, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Timescale, Utc},
};

/// The renditions of an asset, in the order in which manifests list them, and what its media clock counts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// Video rungs first, the largest first; then audio.
    pub tracks: Vec<TrackSpec>,
    /// The wall-clock instant of media time zero.
    pub epoch: Utc,
}

/// One rendition as it is stored and published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackSpec {
    /// Its id in the channel; its access units carry it.
    pub id: TrackId,
    /// Its name in object names and as DASH representation id, such as `Video_1280x720_3500kbps`: letters, digits, `_`,
    /// `-` and `.` only.
    pub name: String,
    /// The name of its switching set in URLs, `video` or `audio` (A20.9).
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

    /// An audio rendition: ticks of its sample rate, switching set `audio`.
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

    /// The RFC 6381 codec string, such as `avc1.64001F`, `av01.0.05M.08` or `mp4a.40.2`; `None` where the set-up is too short to say.
    #[must_use]
    pub fn codecs(&self) -> Option<String> {
        match &self.format {
            TrackFormat::H264(_, config) => {
                let profile = config.sps.first()?.get(1..4)?;
                profile.iter().try_fold(String::from("avc1."), |mut text, byte| {
                    write!(text, "{byte:02X}").ok()?;
                    Some(text)
                })
            }
            TrackFormat::Av1(_, config) => {
                // AV1 in ISOBMFF clause 2.3.3: marker and version, profile and level, tier and bit depth.
                let [_, profile, depth, ..] = config.av1c.as_ref() else { return None };
                let tier = if depth & 0x80 == 0 { 'M' } else { 'H' };
                let bits = match depth >> 5 & 3 {
                    0 | 1 => 8,
                    2 => 10,
                    _ => 12,
                };
                Some(format!("av01.{}.{:02}{tier}.{bits:02}", profile >> 5, profile & 0x1F))
            }
            TrackFormat::Aac(_, config) => {
                // ISO/IEC 14496-3 clause 1.6.2.1: five bits, 31 escapes to six more.
                let first = u32::from(*config.asc.first()?);
                let object_type = match first >> 3 {
                    31 => 32 + ((first & 7) << 3 | u32::from(*config.asc.get(1)?) >> 5),
                    plain => plain,
                };
                Some(format!("mp4a.40.{object_type}"))
            }
            TrackFormat::Ac3(..) => Some("ac-3".into()),
            TrackFormat::Hevc(..)
            | TrackFormat::Mpeg2(_)
            | TrackFormat::Mpa(..)
            | TrackFormat::Text(_)
            | TrackFormat::Unknown(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::media::{AacConfig, AudioTrack, Av1Config, H264Config, NalFraming, VideoTrack};

    #[test]
    fn codec_strings_come_from_the_decoder_set_up() {
        let video = VideoTrack::new(2, 2);
        let sps = vec![Bytes::from_static(&[0x67, 0x64, 0x00, 0x1F, 0xAC])];
        let config = H264Config { framing: NalFraming::Length(4), sps, pps: vec![] };
        let rung = TrackSpec::video(TrackId(0), "v", 1, TrackFormat::H264(video, config), FrameRate::FPS_30);
        assert_eq!(rung.codecs().as_deref(), Some("avc1.64001F"));

        let aac = |asc: &'static [u8]| {
            let track = AudioTrack { sample_rate: 44_100, channels: 2 };
            TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(asc) })
        };
        let spec = |asc| TrackSpec::audio(TrackId(1), "a", 1, aac(asc), Language::UND);
        assert_eq!(spec(&[0x12, 0x10]).codecs().as_deref(), Some("mp4a.40.2"));
        assert_eq!(spec(&[0xF9, 0x46]).codecs().as_deref(), Some("mp4a.40.42"));
        assert_eq!(spec(&[]).codecs(), None);

        let av1 = |av1c: &'static [u8]| {
            let config = Av1Config { av1c: Bytes::from_static(av1c) };
            TrackSpec::video(TrackId(0), "v", 1, TrackFormat::Av1(video, config), FrameRate::FPS_30).codecs()
        };
        assert_eq!(av1(&[0x81, 0x05, 0x0C, 0x00]).as_deref(), Some("av01.0.05M.08"));
        assert_eq!(av1(&[0x81, 0x0D, 0xCC, 0x00]).as_deref(), Some("av01.0.13H.10"));
        assert_eq!(av1(&[0x81]), None);
    }
}
