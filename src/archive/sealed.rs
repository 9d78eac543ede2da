//! What a segmenter yields, and what it refuses.

use crate::{
    error::LimitError,
    media::{Body, Part, Segment, TrackId},
    time::MediaTime,
};

/// A whole segment with the bytes of its fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSegment {
    /// The timeline's entry.
    pub segment: Segment,
    /// The fragments in the order of the tracks; empty where a rendition has nothing here.
    pub fragments: Vec<Body>,
    /// Where it is cut into parts, those that were not pulled before; the last one is always among them.
    pub parts: Vec<Part>,
    /// What is not as it should be.
    pub faults: Vec<SegmentFault>,
}

/// A part of a segment that is not whole yet, with the bytes of its chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPart {
    /// The timeline's entry.
    pub part: Part,
    /// What each fragment grows by, in the order of the tracks; empty where a rendition has nothing here.
    pub chunks: Vec<Body>,
}

/// A rendition that breaks the rule of its segment; what it has is stored all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentFault {
    /// No access unit at all.
    #[error("track {track} has nothing at {start:?}")]
    Missing {
        /// Whose.
        track: TrackId,
        /// Start of the segment.
        start: MediaTime,
    },
    /// The first picture is not an IDR picture exactly at the boundary.
    #[error("track {track} starts at {first:?} (random access: {is_random_access}) and not with an IDR at {start:?}")]
    Misaligned {
        /// Whose.
        track: TrackId,
        /// Start of the segment.
        start: MediaTime,
        /// Presentation time of the first access unit.
        first: MediaTime,
        /// Whether that is a random access point.
        is_random_access: bool,
    },
}

/// Why a call was refused; it changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmenterError {
    /// A ceiling.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The boundary is not after the last one.
    #[error("boundary {at:?} is not after {last:?}")]
    BoundaryOrder {
        /// The refused boundary.
        at: MediaTime,
        /// The last boundary.
        last: MediaTime,
    },
    /// No such track.
    #[error("there is no track {0}")]
    UnknownTrack(TrackId),
    /// Decode times of a track must increase.
    #[error("track {track}: decode time {dts:?} is not after {last:?}")]
    UnitOrder {
        /// Whose.
        track: TrackId,
        /// Decode time of the refused access unit.
        dts: MediaTime,
        /// Decode time of the one before.
        last: MediaTime,
    },
    /// The access unit belongs to a segment that is already sealed.
    #[error("track {track}: {pts:?} is in a sealed segment")]
    Late {
        /// Whose.
        track: TrackId,
        /// Presentation time of the refused access unit.
        pts: MediaTime,
    },
}
