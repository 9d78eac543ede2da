//! Why a contribution is refused: the codes of A27.1, each with the value that was met and the bound that it broke.
//!
//! The code is what alarms and support pages know; `Display` says what to change at the encoder.

use std::{fmt, net::IpAddr};

use crate::media::FrameRate;

/// A rule of the door or of the feed that a contribution broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IngestRefusal {
    /// The stream key is wrong or there is none. The key does not show.
    #[error("the stream key is not one of this channel's")]
    StreamKey,
    /// The address is not on the ingest list (A10.2).
    #[error("{0} is not on the list of addresses that may publish")]
    Address(IpAddr),
    /// The RTMP publisher sends no `onMetaData` (A7.6).
    #[error("no onMetaData came: send @setDataFrame, or the bitrates in the URL's query")]
    NoMetadata,
    /// Nothing here can take the codec.
    #[error("{0} is not supported")]
    Codec(String),
    /// Access units came of a track that was never described.
    #[error("track {0} was never described")]
    NoDescription(u32),
    /// There are more tracks of a kind than may be.
    #[error("{asked} {kind} tracks; at most {bound} are allowed")]
    Qualities {
        /// `video` or `audio`.
        kind: &'static str,
        /// How many there are.
        asked: u32,
        /// How many there may be.
        bound: u32,
    },
    /// The average bitrate reached its bound.
    #[error("{what}: {asked} bit/s on average; it must be less than {bound}")]
    Bitrate {
        /// What was measured.
        what: Measured,
        /// The average, in bits per second.
        asked: u64,
        /// What it must stay under.
        bound: u64,
    },
    /// More pictures a second than may be.
    #[error("{asked} {unit} a second; at most {bound} are allowed")]
    FrameRate {
        /// `frames`, or `fields` of interlaced video.
        unit: &'static str,
        /// As stated or measured, rounded up.
        asked: u32,
        /// At most.
        bound: u32,
    },
    /// The pictures are too large.
    #[error("pictures of {}x{}; at most {}x{} are allowed", asked.0, asked.1, bound.0, bound.1)]
    Resolution {
        /// Width and height.
        asked: (u32, u32),
        /// Largest width and largest height.
        bound: (u32, u32),
    },
    /// An RTMP message is too large to be taken.
    #[error("an RTMP message of {asked} bytes; at most {bound} are allowed")]
    TooLarge {
        /// Bytes that were announced.
        asked: u64,
        /// At most.
        bound: u64,
    },
    /// The publisher was silent for too long.
    #[error("nothing came for {after_millis} ms")]
    Idle {
        /// The limit that was reached.
        after_millis: u64,
    },
    /// The channel takes no other contribution now.
    #[error("no room for another contribution")]
    Capacity,
    /// The URL names no channel.
    #[error("the URL names no channel")]
    BadUrl,
    /// Time stamps are broken beyond repair.
    #[error("time stamps are not continuous")]
    Discontinuity,
    /// The host takes no contributions for a while.
    #[error("no contributions are taken for a while: maintenance")]
    Maintenance,
}

/// What an average was taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// One video track, by its id.
    Video(u32),
    /// All audio tracks (A6.4).
    Audio,
    /// All tracks (A9.1, A9.2).
    All,
}

impl IngestRefusal {
    /// The code of A27.1, which stays the same from release to release.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::StreamKey => "MPE_RTMP_APPID_AUTH_FAILURE",
            Self::Address(_) => "MPE_INGEST_ENCODER_CONNECTION_DENIED",
            Self::NoMetadata => "MPE_INGEST_RTMP_SETDATAFRAME_NOT_RECEIVED",
            Self::Codec(_) => "MPE_INGEST_CODEC_NOT_SUPPORTED",
            Self::NoDescription(_) => "MPE_INGEST_DESCRIPTION_INFO_NOT_RECEIVED",
            Self::Qualities { .. } => "MPE_INGEST_MEDIA_QUALITIES_EXCEEDED",
            Self::Bitrate { .. } => "MPE_INGEST_BITRATE_AGGREGATED_EXCEEDED",
            Self::FrameRate { .. } => "MPE_INGEST_FRAMERATE_EXCEEDED",
            Self::Resolution { .. } => "MPE_INGEST_VIDEO_RESOLUTION_NOT_SUPPORTED",
            Self::TooLarge { .. } => "MPE_INGEST_RTMP_TOO_LARGE_UNPROCESSED_FLV",
            Self::Idle { .. } => "MPE_RTMP_SESSION_IDLE_TIMEOUT",
            Self::Capacity => "MPE_CAPACITY_LIMIT_REACHED",
            Self::BadUrl => "MPE_BAD_URL_SYNTAX",
            Self::Discontinuity => "MPE_INGEST_DISCONTINUITY",
            Self::Maintenance => "MPI_SYSTEM_MAINTENANCE",
        }
    }

    /// `rate` is over `bound`: frames a second, or fields where there are two a frame.
    pub(super) fn frame_rate(rate: FrameRate, is_interlaced: bool, bound: u32) -> Self {
        let (unit, each) = if is_interlaced { ("fields", 2) } else { ("frames", 1) };
        Self::FrameRate { unit, asked: rate.num().saturating_mul(each).div_ceil(rate.den()), bound }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Video(id) => write!(f, "video track {id}"),
            Self::Audio => f.write_str("all audio tracks"),
            Self::All => f.write_str("all tracks"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_a27_1_has_its_refusal_and_says_value_and_bound() {
        let bitrate = IngestRefusal::Bitrate { what: Measured::Audio, asked: 1_200_000, bound: 1_000_000 };
        assert_eq!(bitrate.to_string(), "all audio tracks: 1200000 bit/s on average; it must be less than 1000000");
        let resolution = IngestRefusal::Resolution { asked: (4096, 2304), bound: (1920, 1088) };
        assert_eq!(resolution.to_string(), "pictures of 4096x2304; at most 1920x1088 are allowed");
        let rate = FrameRate::new(120_000, 1001).unwrap();
        let frame_rate = IngestRefusal::frame_rate(rate, false, 60);
        assert_eq!(frame_rate.to_string(), "120 frames a second; at most 60 are allowed");
        let all = [
            (IngestRefusal::StreamKey, "MPE_RTMP_APPID_AUTH_FAILURE"),
            (IngestRefusal::Address([10, 0, 0, 1].into()), "MPE_INGEST_ENCODER_CONNECTION_DENIED"),
            (IngestRefusal::NoMetadata, "MPE_INGEST_RTMP_SETDATAFRAME_NOT_RECEIVED"),
            (IngestRefusal::Codec("VP6".into()), "MPE_INGEST_CODEC_NOT_SUPPORTED"),
            (IngestRefusal::NoDescription(3), "MPE_INGEST_DESCRIPTION_INFO_NOT_RECEIVED"),
            (IngestRefusal::Qualities { kind: "video", asked: 11, bound: 10 }, "MPE_INGEST_MEDIA_QUALITIES_EXCEEDED"),
            (bitrate, "MPE_INGEST_BITRATE_AGGREGATED_EXCEEDED"),
            (frame_rate, "MPE_INGEST_FRAMERATE_EXCEEDED"),
            (resolution, "MPE_INGEST_VIDEO_RESOLUTION_NOT_SUPPORTED"),
            (IngestRefusal::TooLarge { asked: 9, bound: 8 }, "MPE_INGEST_RTMP_TOO_LARGE_UNPROCESSED_FLV"),
            (IngestRefusal::Idle { after_millis: 10_000 }, "MPE_RTMP_SESSION_IDLE_TIMEOUT"),
            (IngestRefusal::Capacity, "MPE_CAPACITY_LIMIT_REACHED"),
            (IngestRefusal::BadUrl, "MPE_BAD_URL_SYNTAX"),
            (IngestRefusal::Discontinuity, "MPE_INGEST_DISCONTINUITY"),
            (IngestRefusal::Maintenance, "MPI_SYSTEM_MAINTENANCE"),
        ];
        for (refusal, code) in all {
            assert_eq!(refusal.code(), code);
            assert!(!refusal.to_string().is_empty());
        }
    }
}
