//! The reference rung: the one whose IDRs cut the segments.

use std::{collections::VecDeque, time::Duration};

use crate::{
    channel::relay::{Trouble, reel::Reel, run::Run},
    media::TrackId,
    time::MediaTime,
};

impl Run {
    /// The reference rung is dead and this one is not: the best of those that live is the reference from here on.
    pub(super) fn elect(&mut self, witness: usize, now: Duration, faults: &mut VecDeque<Trouble>) {
        let patience = self.segment_duration.times(2);
        let (Some(old), Some(seen)) = (self.reels.get(self.reference), self.reels.get(witness)) else { return };
        let is_silent = now.saturating_sub(old.arrived) > patience.to_std();
        let is_behind = old.newest.zip(seen.newest).is_none_or(|(old, seen)| seen.since(old) > patience);
        if !is_silent || !is_behind {
            return;
        }
        let lives = |reel: &Reel| reel.format.is_video() && now.saturating_sub(reel.arrived) <= patience.to_std();
        let Some(next) = self.reels.iter().position(|reel| lives(reel) && !reel.idrs.is_empty()) else { return };
        let Some(reel) = self.reels.get(next) else { return };
        let (idrs, gap) = (reel.idrs.clone(), reel.gap);
        self.reference = next;
        if let Some((end, first)) = gap.filter(|(_, first)| self.boundary.is_some_and(|boundary| *first > boundary)) {
            self.segmenter.pause(end.min(first));
            self.boundary = None;
            idrs.iter().filter(|idr| **idr >= first).for_each(|idr| self.consider(*idr, faults));
            return;
        }
        let from = self.boundary;
        idrs.iter().filter(|idr| from.is_none_or(|from| **idr > from)).for_each(|idr| self.consider(*idr, faults));
    }

    /// The reference rung's track in the merged contribution.
    pub(super) fn source(&self) -> Option<TrackId> {
        self.reels.get(self.reference).map(|reel| reel.source)
    }

    /// How far the reference rung has come.
    pub(super) fn position(&self) -> Option<MediaTime> {
        self.reels.get(self.reference)?.newest
    }
}
