//! What is known of one elementary stream.

use bytes::Bytes;

use crate::{media::FrameRate, time::Timescale};

/// Names a track within one ingest session or one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u32);

/// One elementary stream of a contribution or of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its name within the session or asset.
    pub id: TrackId,
    /// ISO 639-2 language, `und` where the source does not say (A6.12).
    pub language: Language,
    /// The ticks in which its source counts; its access units are already in media time.
    pub timescale: Timescale,
    /// Codec and its set-up.
    pub format: TrackFormat,
}

/// Codec of a track, with what a decoder needs to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackFormat {
    /// H.264 video.
    H264(VideoTrack, H264Config),
    /// AV1 video, made here: as a contribution it is not read.
    Av1(VideoTrack, Av1Config),
    /// AAC audio.
    Aac(AudioTrack, AacConfig),
    /// A stream that is carried in the multiplex and that this crate does not read; the text says what it is.
    Unknown(String),
}

/// Picture properties of a video track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoTrack {
    /// Width in pixels after cropping.
    pub width: u32,
    /// Height in pixels after cropping.
    pub height: u32,
    /// Sample aspect ratio, 1:1 where the stream does not say.
    pub sample_aspect: (u32, u32),
    /// Frame rate by the stream's own timing, where it says so.
    pub frame_rate: Option<FrameRate>,
    /// Fields or frames: interlaced streams have two fields a frame.
    pub is_interlaced: bool,
}

/// Sound properties of an audio track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioTrack {
    /// Samples per second and channel.
    pub sample_rate: u32,
    /// Channels, 1 to 8.
    pub channels: u8,
}

/// H.264 decoder set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct H264Config {
    /// How NAL units are delimited in the access units.
    pub framing: NalFraming,
    /// Sequence parameter sets, NAL header included, without start code.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, NAL header included, without start code.
    pub pps: Vec<Bytes>,
}

/// AV1 decoder set-up. Access units are temporal units of low-overhead OBUs without the temporal delimiter (AV1 in ISOBMFF
/// clause 2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Av1Config {
    /// The AV1CodecConfigurationRecord, the sequence header OBU in it (AV1 in ISOBMFF clause 2.3.3).
    pub av1c: Bytes,
}

/// How NAL units are delimited (ISO/IEC 14496-10 Annex B, or ISO/IEC 14496-15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NalFraming {
    /// Start codes; parameter sets may come in band.
    AnnexB,
    /// A big-endian length of this many bytes, 1, 2 or 4, before each NAL unit.
    Length(u8),
}

/// AAC decoder set-up. Access units are raw data blocks, without ADTS header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AacConfig {
    /// The AudioSpecificConfig (ISO/IEC 14496-3 clause 1.6.2.1).
    pub asc: Bytes,
}

/// An ISO 639-2 code, lower case; `und` where unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language([u8; 3]);

impl Language {
    /// Not stated.
    pub const UND: Self = Self(*b"und");

    /// Three ASCII letters in either case; `None` for anything else.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphabetic).then(|| Self(bytes.map(|b| b.to_ascii_lowercase())))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII letters get in.
        std::str::from_utf8(&self.0).unwrap_or("und")
    }
}

impl TrackFormat {
    /// Whether this is a video track.
    #[must_use]
    pub const fn is_video(&self) -> bool {
        self.video().is_some()
    }

    /// The picture properties of a video track.
    #[must_use]
    pub const fn video(&self) -> Option<&VideoTrack> {
        match self {
            Self::H264(video, _) | Self::Av1(video, _) => Some(video),
            Self::Aac(..) | Self::Unknown(_) => None,
        }
    }

    /// Whether this is an audio track.
    #[must_use]
    pub const fn is_audio(&self) -> bool {
        matches!(self, Self::Aac(..))
    }
}
