//! The rules of a configuration, a variant each.

use std::time::Duration;

use crate::{
    channel::{AudioStream, InputRules},
    media::{FrameRate, Packing},
    splice::{LossCause, LossPolicy},
    time::MediaDuration,
};

/// A rule that a configuration breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A1.5.
    #[error("channel name {0:?} is not 1 to 32 letters, digits and hyphens with no hyphen first or last")]
    Name(String),
    /// A1.5.
    #[error("the description has {0} characters; at most 256 are allowed")]
    Description(usize),
    /// There must be something to encode.
    #[error("the preset has {0} rungs; 1 to 16 are allowed")]
    Rungs(usize),
    /// Sizes must be even and at most 1920x1088.
    #[error("rung {name}: {width}x{height} is not an even size of 32x32 to 1920x1088")]
    RungSize {
        /// Whose.
        name: String,
        /// As asked for.
        width: u32,
        /// As asked for.
        height: u32,
    },
    /// A bitrate names its rung in URLs.
    #[error("rung {name}: {bitrate} bit/s is 0, over 50 000 000 or the same as another rung's")]
    RungBitrate {
        /// Whose.
        name: String,
        /// As asked for.
        bitrate: u32,
    },
    /// A name that is not letters, digits, `_`, `-` and `.`, or that another rung has.
    #[error("rung name {0:?} is not unique or has other characters than letters, digits, _, - and .")]
    RungName(String),
    /// Too short or too long.
    #[error("a segment of {0:?} is outside 500 ms to 20 s")]
    Gop(MediaDuration),
    /// Too short or too long.
    #[error("parts of {0:?} are outside 250 ms to 1 s, or longer than a segment")]
    Parts(MediaDuration),
    /// Too many, or too long.
    #[error("{0} fragments of {1:?} to a segment of HLS; 1 to {max} are allowed, and 15 s", max = Packing::MAX)]
    FragmentsPerSegment(u8, MediaDuration),
    /// Too coarse, or finer than any protocol asks for.
    #[error("{0} ticks in a second are outside 10 000 to 10 000 000")]
    Timescale(u32),
    /// Too short or too long.
    #[error("loss_after of {0:?} is outside 100 ms to 60 s")]
    LossAfter(Duration),
    /// Stages that are too many, not in order, or too early.
    #[error("the loss policy for {0}: at most {max} stages, each later than the one before, the first at {least:?} or later", max = LossPolicy::MAX_STAGES, least = .0.least())]
    LossPolicy(LossCause),
    /// Too short or too long.
    #[error("a silence of {0:?} before a takeover is outside 100 ms to 60 s")]
    Takeover(Duration),
    /// Too short or too long.
    #[error("failover_after of {0:?} is outside 100 ms to 60 s")]
    FailoverAfter(Duration),
    /// Too long.
    #[error("tracks cannot be collected for {0:?}; 0 to 10 s is allowed")]
    Settle(MediaDuration),
    /// There must be room for a rung, and an end to what is taken.
    #[error("{0} tracks of a kind cannot be passed through; 1 to 64 are allowed")]
    PassThroughTracks(usize),
    /// A longest segment that is no length or that no player would wait for.
    #[error("a longest segment of {0:?} is outside 0 to 60 s")]
    LongestSegment(MediaDuration),
    /// Frames per second must be in a range that encoders take.
    #[error("a highest frame rate of {0:?} is outside 1 to 60")]
    FrameRate(FrameRate),
    /// A6.13.
    #[error("{0} audio streams are asked for; 1 to {max} are allowed", max = AudioStream::MAX)]
    AudioStreams(usize),
    /// A6.13.
    #[error("two audio streams have the index {0}")]
    AudioIndex(u32),
    /// A name that has no place in a URL, or that another rendition has.
    #[error(
        "audio stream name {0:?} is not unique, has a meaning of its own or other characters than letters, digits, _ and -"
    )]
    AudioName(String),
    /// The AAC encoder takes 44 100 and 48 000.
    #[error("an audio rate of {0} Hz is neither 44 100 nor 48 000")]
    AudioRate(u32),
    /// Too often or too seldom.
    #[error("an interval of {0:?} between thumbnails is outside 1 s to 1 h")]
    ThumbnailInterval(MediaDuration),
    /// Too small or too large.
    #[error("thumbnails {0} pixels wide are outside 64 to 1280")]
    ThumbnailWidth(u32),
    /// No quality of a JPEG.
    #[error("a JPEG quality of {0} is outside 1 to 100")]
    ThumbnailQuality(u8),
    /// Too short for a player, or more than a preview is for.
    #[error("a preview window of {0:?} is outside 1 to 10 minutes")]
    PreviewWindow(MediaDuration),
    /// A list of keys is asked as a whole for every publisher.
    #[error("{0} stream keys; at most {max} are allowed", max = InputRules::MAX_KEYS)]
    StreamKeys(usize),
}
