//! Cuts the access units of all renditions into segments on the same boundaries.

use crate::{
    error::LimitError,
    media::{AccessUnit, Body, Segment, TrackId, TrackSpec},
    time::MediaTime,
};

/// Cuts the access units of all renditions into segments; push until a segment is whole, pull until `None`.
#[derive(Debug)]
pub struct Segmenter {
    tracks: Vec<TrackSpec>,
    limits: SegmenterLimits,
}

/// How much a segmenter holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmenterLimits {
    /// Bytes of access units in one fragment, 32 MiB.
    pub fragment_bytes: usize,
    /// Access units in one fragment, 19 200.
    pub fragment_units: usize,
    /// Segments that are begun and not yet whole in every rendition, 8.
    pub open_segments: usize,
}

/// A whole segment with the bytes of its fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSegment {
    /// The timeline's entry.
    pub segment: Segment,
    /// The fragments in the order of the tracks; empty where a rendition has nothing here.
    pub fragments: Vec<Body>,
    /// What is not as it should be.
    pub faults: Vec<SegmentFault>,
}

/// A rendition that breaks the rule of its segment; what it has is stored all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentFault {
    /// No access unit at all.
    #[error("track {track:?} has nothing at {start:?}")]
    Missing {
        /// Whose.
        track: TrackId,
        /// Start of the segment.
        start: MediaTime,
    },
    /// The first picture is not an IDR picture exactly at the boundary.
    #[error("track {track:?} starts at {first:?} (random access: {is_random_access}) and not with an IDR at {start:?}")]
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
    #[error("there is no track {0:?}")]
    UnknownTrack(TrackId),
    /// Decode times of a track must increase.
    #[error("track {track:?}: decode time {dts:?} is not after {last:?}")]
    UnitOrder {
        /// Whose.
        track: TrackId,
        /// Decode time of the refused access unit.
        dts: MediaTime,
        /// Decode time of the one before.
        last: MediaTime,
    },
    /// The access unit belongs to a segment that is already sealed.
    #[error("track {track:?}: {pts:?} is in a sealed segment")]
    Late {
        /// Whose.
        track: TrackId,
        /// Presentation time of the refused access unit.
        pts: MediaTime,
    },
}

impl Segmenter {
    /// A segmenter for these renditions.
    #[must_use]
    pub const fn new(tracks: Vec<TrackSpec>, limits: SegmenterLimits) -> Self {
        Self { tracks, limits }
    }

    /// Announces that a segment starts at `at` and the one before ends there: every rung has an IDR exactly there. May
    /// come before or after the access units around it.
    ///
    /// # Errors
    /// Not after the last boundary, or too many segments are open.
    pub fn boundary(&mut self, at: MediaTime) -> Result<(), SegmenterError> {
        let _ = (at, &self.limits);
        Ok(())
    }

    /// Takes the next access unit of a track, in decode order within the track.
    ///
    /// # Errors
    /// The unit is refused and dropped; the rest goes on.
    pub fn push(&mut self, track: TrackId, unit: AccessUnit) -> Result<(), SegmenterError> {
        let _ = (track, unit, &self.tracks);
        Ok(())
    }

    /// The next segment that is whole in every rendition, in order.
    #[must_use]
    pub fn pull(&mut self) -> Option<SealedSegment> {
        None
    }

    /// Ends the open segment at `at`: whatever has come is all there is. The next boundary starts anew, with a
    /// discontinuity where it is not at `at`.
    pub fn finish(&mut self, at: MediaTime) {
        let _ = at;
    }
}

impl Default for SegmenterLimits {
    fn default() -> Self {
        Self { fragment_bytes: 32 << 20, fragment_units: 19_200, open_segments: 8 }
    }
}
