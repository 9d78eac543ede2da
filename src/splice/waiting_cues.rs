//! Cues of a contribution that has no place on the channel's clock yet: a sparse track may come before the pictures that it
//! belongs to, and any cue before the first of them that can be shown.

use std::{collections::VecDeque, time::Duration};

use crate::splice::{Avails, Cue, CueRefusal};

/// Cues that wait, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct WaitingCues {
    cues: VecDeque<(Duration, Cue)>,
    refusals: VecDeque<CueRefusal>,
}

impl WaitingCues {
    /// A cue that has waited for longer is for a contribution that never came.
    const LONGEST: Duration = Duration::from_secs(60);

    pub(super) fn is_empty(&self) -> bool {
        self.cues.is_empty()
    }

    /// Takes a cue at `now` on the monotonic clock.
    ///
    /// # Errors
    /// It waits already, or too many do.
    pub(super) fn push(&mut self, cue: Cue, now: Duration) -> Result<(), CueRefusal> {
        self.expire(now);
        if self.cues.iter().any(|(_, other)| *other == cue) {
            return Err(CueRefusal::Repeated { id: cue.id });
        }
        if self.cues.len() >= Avails::MAX_PENDING {
            return Err(CueRefusal::TooMany(self.cues.len()));
        }
        self.cues.push_back((now, cue));
        Ok(())
    }

    /// The next cue that waits; those that have waited for too long are refused.
    pub(super) fn pop(&mut self, now: Duration) -> Option<Cue> {
        self.expire(now);
        self.cues.pop_front().map(|(_, cue)| cue)
    }

    /// One that had waited changes nothing.
    pub(super) fn refuse(&mut self, refusal: CueRefusal) {
        self.refusals.push_back(refusal);
    }

    pub(super) fn pull_refusal(&mut self) -> Option<CueRefusal> {
        self.refusals.pop_front()
    }

    fn expire(&mut self, now: Duration) {
        while let Some((_, cue)) = self.cues.pop_front_if(|(since, _)| now.saturating_sub(*since) > Self::LONGEST) {
            self.refuse(CueRefusal::NotOnAir { id: cue.id });
        }
    }
}
