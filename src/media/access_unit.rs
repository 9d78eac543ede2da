//! One coded picture or audio frame.

use bytes::Bytes;

use crate::{
    media::TrackId,
    time::{MediaDuration, MediaTime},
};

/// One coded picture or audio frame with its times, as an ingest yields it and as a rung's encoder makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// The track that it belongs to.
    pub track: TrackId,
    /// Presentation time, unwrapped, on the clock of whoever made it.
    pub pts: MediaTime,
    /// Decode time, unwrapped; never after `pts` for a well-formed stream.
    pub dts: MediaTime,
    /// How long it lasts where the source says so; zero where only the next unit tells.
    pub duration: MediaDuration,
    /// A decoder can start here. For H.264 that is an IDR picture; every AAC frame is one.
    pub is_random_access: bool,
    /// Part of it was lost on the way: show it only after a decoder has concealed the loss.
    pub is_damaged: bool,
    /// The coded bytes, framed as the track's format says.
    pub data: Bytes,
}

impl AccessUnit {
    /// `pts - dts`, what ISO BMFF calls the composition time offset.
    #[must_use]
    pub const fn composition_offset(&self) -> MediaDuration {
        self.pts.since(self.dts)
    }
}
