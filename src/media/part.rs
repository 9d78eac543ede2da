//! A part of the segment at the live edge: what is whole of every rendition before the segment is.

use std::sync::Arc;

use crate::{
    media::SegmentCue,
    time::{MediaDuration, MediaTime},
};

/// A CMAF chunk of every rendition for the same stretch of time (ISO/IEC 23000-19 clause 7.3.2.3); in HLS a partial segment.
/// Cloning copies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Of the segment that it begins, or goes on with.
    pub sequence: u64,
    /// Its place within the segment, from zero.
    pub index: u32,
    /// The segment ends with it: it is told of together with that.
    pub is_last: bool,
    /// Where the segment starts, since the channel's epoch.
    pub start: MediaTime,
    /// The segment does not start where the one before ended.
    pub is_discontinuous: bool,
    /// How long parts are to be, as players are told. One of whole frames may be shorter, one of sound longer by an access unit, and
    /// the last one of a segment has what is left.
    pub length: MediaDuration,
    /// The avails of the segment.
    pub cues: Arc<[SegmentCue]>,
    /// What each rendition holds, in the order of the presentation's tracks.
    pub spans: Arc<[PartSpan]>,
}

/// One rendition's chunk, in ticks of the rendition's timescale. It lies within the fragment of its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PartSpan {
    /// Where the fragment starts: the number in its URL, as [`Span::start`](crate::media::Span::start) has it.
    pub fragment: u64,
    /// Sum of the access units' durations.
    pub duration: u32,
    /// Bytes of the fragment before it.
    pub at: u32,
    /// Size; zero where the rendition has nothing here.
    pub bytes: u32,
    /// Whether it begins with a random access point.
    pub is_independent: bool,
}

impl PartSpan {
    /// Bytes of the fragment up to its end.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.at.saturating_add(self.bytes)
    }

    /// Whether the rendition has nothing here.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        self.bytes == 0
    }
}
