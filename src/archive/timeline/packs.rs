//! Packs of a timeline: the segments of HLS with transport streams, each of several of its own.

use super::Timeline;
use crate::{
    media::{Pack, Segment},
    time::MediaDuration,
};

impl Timeline {
    /// Where a segment is that joins at the live edge.
    pub(super) fn place(&self, segment: &Segment) -> Pack {
        let before = self.segments.back().map(|last| last.pack).or_else(|| self.past.and_then(|past| past.pack));
        self.presentation.packing.place(before, segment)
    }

    /// The longest that a pack may last.
    #[must_use]
    pub fn longest_pack(&self) -> MediaDuration {
        self.presentation.packing.longest.max(self.segment_duration)
    }

    /// The pack that begins with this segment, which may have left just now, as one segment: its sequence number is the number of the
    /// pack. `None` where none begins there, and while it is not whole: then it is the newest, and not full.
    #[must_use]
    pub fn pack(&self, first: &Segment) -> Option<Segment> {
        if first.pack.place > 0 {
            return None;
        }
        let behind = self.since(first.sequence.saturating_add(1));
        let pack = self.presentation.packing.whole(first, behind, self.is_ended)?;
        Segment::packed(pack.into_iter())
    }

    /// The whole packs that begin with one of the segments from the one to the other, oldest first.
    pub fn packs(&self, (first, last): (u64, u64)) -> impl Iterator<Item = Segment> {
        self.since(first).take_while(move |segment| segment.sequence <= last).filter_map(|first| self.pack(first))
    }
}
