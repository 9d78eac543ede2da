//! The three ways in which a presentation is HLS: what differs in their playlists and URLs (A20.3, A20.8).

use std::fmt::Write as _;

use super::segment::carries;
use crate::media::{CaptionService, TrackFormat, TrackSpec};

/// Which HLS.
///
/// Media playlists of versions 3 and 4 list the same segments. What their variants differ in stands in the folder of the URL:
/// `QualityLevels(…,audiotrack=…)` has sound in the segments of its pictures, `QualityLevels(…)` has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HlsFormat {
    /// Protocol version 7, fragmented MP4: `m3u8-cmaf`.
    Cmaf,
    /// Protocol version 4, transport streams, sound by itself: `m3u8-aapl`.
    V4,
    /// Protocol version 3, transport streams with pictures and sound in one: `m3u8-aapl-v3`.
    V3,
}

impl HlsFormat {
    /// Its name in URLs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cmaf => "m3u8-cmaf",
            Self::V4 => "m3u8-aapl",
            Self::V3 => "m3u8-aapl-v3",
        }
    }

    /// `EXT-X-VERSION`.
    pub(super) const fn version(self) -> usize {
        match self {
            Self::Cmaf => 7,
            Self::V4 => 4,
            Self::V3 => 3,
        }
    }

    /// Whether its segments can hold this track.
    #[must_use]
    pub fn lists(self, track: &TrackSpec) -> bool {
        self == Self::Cmaf || carries(track)
    }

    /// Whether its masters name this caption service: version 3 has no groups, and `INSTREAM-ID` of CEA-708 came with version 7 (RFC
    /// 8216 clause 7). Players find what is not named in the pictures.
    pub(super) const fn names(self, service: &CaptionService) -> bool {
        match self {
            Self::Cmaf => true,
            Self::V4 => matches!(service, CaptionService::Cea608(_)),
            Self::V3 => false,
        }
    }

    /// Whether its masters have playlists of I-frames: `EXT-X-I-FRAMES-ONLY` came with version 4 (RFC 8216 clause 7).
    #[must_use]
    pub const fn has_i_frames(self) -> bool {
        !matches!(self, Self::V3)
    }

    /// Where the media playlist of a track stands, relative to the master (A20.9), with this sound in its segments and these
    /// parameters and query behind its own.
    pub(super) fn playlist(self, track: &TrackSpec, sound: Option<&TrackSpec>, filter: &str) -> String {
        let sound = sound.map(|sound| format!(",audiotrack={}", sound.url_track)).unwrap_or_default();
        let (filter, query) = filter.split_once('?').unwrap_or((filter, ""));
        let mark = if query.is_empty() { "" } else { "?" };
        let (bitrate, track, format) = (track.bitrate, &track.url_track, self.name());
        format!("QualityLevels({bitrate}{sound})/Manifest({track},format={format}{filter}).m3u8{mark}{query}")
    }

    /// Where the playlist of a track's I-frames stands, in the same way.
    pub(super) fn i_frames_playlist(self, track: &TrackSpec, filter: &str) -> String {
        self.playlist(track, None, &format!("{KEY_FRAMES}{filter}"))
    }

    /// Writes where the segment of a track that starts at this tick stands, relative to its media playlist, or where its I-frame does.
    pub(super) fn write_segment(self, text: &mut String, track: &TrackSpec, ticks: u64, is_i_frame: bool) {
        let (format, extension) = match (self, &track.format) {
            (Self::Cmaf, _) => (Self::Cmaf, "m4s"),
            (_, TrackFormat::Aac(..)) => (Self::V4, "aac"),
            _ => (Self::V4, "ts"),
        };
        let kind = if is_i_frame { KEY_FRAMES } else { "" };
        let _ = writeln!(text, "Fragments({}={ticks},format={}{kind}).{extension}", track.url_track, format.name());
    }

    /// Writes where a part of that segment stands.
    pub(super) fn write_part(self, text: &mut String, track: &TrackSpec, ticks: u64, part: usize) {
        let _ = write!(text, "Fragments({}={ticks},part={part},format={}).m4s", track.url_track, self.name());
    }

    /// The codec string of a track (RFC 6381); players of that age were given it in lower case (A20.8).
    pub(super) fn codecs(self, track: &TrackSpec) -> Option<String> {
        let codecs = track.codecs()?;
        Some(if self == Self::Cmaf { codecs } else { codecs.to_ascii_lowercase() })
    }
}

/// What URLs of I-frames have besides (A20.9).
const KEY_FRAMES: &str = ",type=keyframes";
