//! A time line that goes on where one of another run of the channel ended: the same epoch, and nothing twice.

use std::sync::Arc;

use crate::{
    channel::relay::{reel::Reel, renditions::Settled},
    time::{MediaDuration, MediaTime, Utc},
};

/// What the time line counts from, and where the one before ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    pub(super) epoch: Utc,
    pub(super) end: MediaTime,
}

impl Anchor {
    /// Puts what has settled onto the time line, and says what is to be added to the source's times. A source whose clock is
    /// near the host's is taken by its word, so that nothing moves where only the host was away; any other stands where the host
    /// saw it begin.
    pub(super) fn place(&self, mut settled: Settled) -> (Settled, MediaDuration) {
        let (_, begin) = settled.began;
        let seen = MediaTime::ZERO.plus(settled.presentation.utc_at(begin).since(self.epoch));
        let off = begin.since(seen);
        let is_near = off <= Reel::GAP && MediaDuration::ZERO.minus(off) <= Reel::GAP;
        let offset = if is_near && begin >= self.end { MediaDuration::ZERO } else { seen.max(self.end).since(begin) };
        settled.began.1 = begin.plus(offset);
        Arc::make_mut(&mut settled.presentation).epoch = self.epoch;
        (settled, offset)
    }
}
