//! What is known of one elementary stream.

use std::fmt;

use bytes::Bytes;

use crate::{
    media::{Colour, FrameRate},
    time::Timescale,
};

/// Names a track within one ingest session or one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u32);

/// One elementary stream of a contribution or of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its name within the session or asset.
    pub id: TrackId,
    /// Its place among the tracks of its kind, video or audio, in the source's own order, from zero: a transport stream's
    /// program map, a manifest (A6.10, A6.11). Tracks that nothing here can read count, too.
    pub index: u32,
    /// What the source calls it; empty where it has no name.
    pub name: String,
    /// Bits per second by the source's own account; 0 where it does not say.
    pub bitrate: u32,
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
    /// MPEG-2 video: access units are pictures as they stand in a video sequence, sequence headers in band.
    Mpeg2(VideoTrack),
    /// HEVC video, to be passed through.
    Hevc(VideoTrack, HevcConfig),
    /// AV1 video, made here or passed through.
    Av1(VideoTrack, Av1Config),
    /// AAC audio.
    Aac(AudioTrack, AacConfig),
    /// AC-3 audio: access units are syncframes.
    Ac3(AudioTrack, Ac3Config),
    /// MPEG audio of layer II or III: access units are frames with their header.
    Mpa(AudioTrack, MpaConfig),
    /// Timed text, to be passed through.
    Text(TextConfig),
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
    /// Bits per sample.
    pub bit_depth: u8,
    /// How much colour it carries.
    pub chroma: Chroma,
    /// What its numbers mean as colour.
    pub colour: Colour,
}

/// How chroma is sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chroma {
    /// None.
    Monochrome,
    /// Half in both directions.
    #[default]
    Yuv420,
    /// Half across.
    Yuv422,
    /// As much as luma.
    Yuv444,
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

/// HEVC decoder set-up. Access units have length-prefixed NAL units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HevcConfig {
    /// The HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 clause 8.3.3.1).
    pub hvcc: Bytes,
}

/// AC-3 decoder set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ac3Config {
    /// The content of an `AC3SpecificBox`, three bytes (ETSI TS 102 366 annex F.4).
    pub dac3: Bytes,
}

/// MPEG audio set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MpaConfig {
    /// 2 or 3.
    pub layer: u8,
    /// Samples per frame and channel: 1 152, or 576 for layer III at the low sample rates.
    pub frame_samples: u32,
}

/// Timed text set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextConfig {
    /// The FourCC that Smooth Streaming names it by, such as `TTML` or `DFXP`.
    pub four_cc: [u8; 4],
    /// What it is for, such as `CAPT` or `SUBT`; empty where the source does not say.
    pub subtype: String,
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
            Self::H264(video, _) | Self::Mpeg2(video) | Self::Hevc(video, _) | Self::Av1(video, _) => Some(video),
            Self::Aac(..) | Self::Ac3(..) | Self::Mpa(..) | Self::Text(_) | Self::Unknown(_) => None,
        }
    }

    /// The sound properties of an audio track.
    #[must_use]
    pub const fn audio(&self) -> Option<&AudioTrack> {
        match self {
            Self::Aac(audio, _) | Self::Ac3(audio, _) | Self::Mpa(audio, _) => Some(audio),
            Self::H264(..) | Self::Mpeg2(_) | Self::Hevc(..) | Self::Av1(..) | Self::Text(_) | Self::Unknown(_) => None,
        }
    }

    /// What people call the codec.
    #[must_use]
    pub fn codec_name(&self) -> &str {
        match self {
            Self::H264(..) => "H.264",
            Self::Mpeg2(_) => "MPEG-2 video",
            Self::Hevc(..) => "HEVC",
            Self::Av1(..) => "AV1",
            Self::Aac(..) => "AAC",
            Self::Ac3(..) => "AC-3",
            Self::Mpa(..) => "MPEG audio",
            Self::Text(_) => "timed text",
            Self::Unknown(what) => what,
        }
    }

    /// Whether this is an audio track.
    #[must_use]
    pub const fn is_audio(&self) -> bool {
        self.audio().is_some()
    }
}

impl Track {
    /// A track about which the source says no more than this: the first of its kind, without name, language or bitrate.
    #[must_use]
    pub const fn new(id: TrackId, timescale: Timescale, format: TrackFormat) -> Self {
        Self { id, index: 0, name: String::new(), bitrate: 0, language: Language::UND, timescale, format }
    }
}

/// The number alone, so that texts say `track 1`.
impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl VideoTrack {
    /// Progressive 8-bit 4:2:0 pictures of square samples, and nothing stated about rate and colour.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            sample_aspect: (1, 1),
            frame_rate: None,
            is_interlaced: false,
            bit_depth: 8,
            chroma: Chroma::Yuv420,
            colour: Colour::UNKNOWN,
        }
    }
}
