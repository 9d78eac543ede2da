//! Byte pairs on their way from decode order to presentation order.

use std::collections::VecDeque;

use crate::{codec::captions::CcPair, time::MediaTime};

/// Byte pairs whose output frame has not come, the earliest first; those of one frame in the order of their pictures.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    placed: VecDeque<Placed>,
    /// Of pictures that have no place on the channel's clock yet: their contribution's rate is being measured.
    unplaced: Vec<(MediaTime, CcPair)>,
}

/// A byte pair and the output frame that it is due in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    due: MediaTime,
    /// Source time of its picture.
    pub(super) source: MediaTime,
    pub(super) pair: CcPair,
}

impl Waiting {
    /// Byte pairs that may wait; of 16 pictures that are reordered (Table A-1) it takes fewer than 500.
    const MOST: usize = 4096;

    /// Notes a byte pair of the picture of source time `source`; `false` where there are too many.
    pub(super) fn push(&mut self, source: MediaTime, pair: CcPair) -> bool {
        let fits = self.len() < Self::MOST;
        if fits {
            self.unplaced.push((source, pair));
        }
        fits
    }

    /// Puts what has no place yet where `frame_of` says.
    pub(super) fn place(&mut self, frame_of: impl Fn(MediaTime) -> Option<MediaTime>) {
        // All or nothing: either a contribution is on air or it is not.
        if self.unplaced.iter().any(|(source, _)| frame_of(*source).is_none()) {
            return;
        }
        for (source, pair) in self.unplaced.drain(..) {
            let Some(due) = frame_of(source) else { continue };
            let key = (due, source);
            // Nearly always the end, or a few pictures before it.
            let later = self.placed.iter().rev().take_while(|other| (other.due, other.source) > key).count();
            self.placed.insert(self.placed.len() - later, Placed { due, source, pair });
        }
    }

    /// The next byte pair that is due in the frame at `at`, or was before.
    pub(super) fn pull(&mut self, at: MediaTime) -> Option<Placed> {
        self.placed.pop_front_if(|placed| placed.due <= at)
    }

    /// Forgets all that is due at `at` or later, and what has no place; how many byte pairs that were.
    pub(super) fn truncate(&mut self, at: MediaTime) -> u64 {
        let before = self.len();
        self.unplaced.clear();
        self.placed.truncate(self.placed.partition_point(|placed| placed.due < at));
        (before - self.len()) as u64
    }

    fn len(&self) -> usize {
        self.placed.len() + self.unplaced.len()
    }
}
