//! The switcher's part of ad breaks: cues come in, splices and what segments have to do with them come out.

use std::sync::Arc;

use super::{Feed, Switcher};
use crate::{
    media::SegmentCue,
    splice::{Avails, Cue, CueAction, CueRefusal, Splice},
    time::{MediaTime, Now},
};

impl Switcher {
    /// Takes a cue; the frame at its time starts a segment, and a break begins or ends there.
    ///
    /// # Errors
    /// Why it changes nothing.
    pub fn announce(&mut self, cue: Cue) -> Result<(), CueRefusal> {
        self.avails.announce(cue, self.position())
    }

    /// Takes a cue of the contribution, with its time on that one's clock; the frame that has its picture is the one that
    /// splices. While the contribution has no place on the channel's clock, the cue waits until it has: for a minute, and
    /// [`Avails::MAX_PENDING`] of them at most. One without a time that nothing waits before happens at once.
    ///
    /// # Errors
    /// Why it changes nothing; for one that waited, [`pull_refusal`](Self::pull_refusal) says so later.
    pub fn announce_from_feed(&mut self, cue: Cue, now: Now) -> Result<(), CueRefusal> {
        let is_placed = matches!(self.feed, Feed::Live(_)) || cue.at.is_none() && self.waiting_cues.is_empty();
        if !is_placed {
            return self.waiting_cues.push(cue, now.monotonic);
        }
        let at = cue.at.and_then(|at| self.frame_of(at));
        self.announce(Cue { at, ..cue })
    }

    /// Why the next cue that had waited for its contribution changed nothing.
    #[must_use]
    pub fn pull_refusal(&mut self) -> Option<CueRefusal> {
        self.waiting_cues.pull_refusal()
    }

    /// The breaks.
    #[must_use]
    pub const fn avails(&self) -> &Avails {
        &self.avails
    }

    /// The next splice that was made.
    #[must_use]
    pub fn pull_splice(&mut self) -> Option<Splice> {
        self.splices.pop_front()
    }

    /// What the segment that starts with the frame at `start` has to do with breaks; asked for in order.
    pub fn pull_cues(&mut self, start: MediaTime) -> Arc<[SegmentCue]> {
        self.cues.pop_front_if(|(at, _)| *at == start).map(|(_, cues)| cues).unwrap_or_default()
    }

    /// The contribution has a place: so have the cues that waited for it, before any of its frames is made.
    pub(super) fn announce_waiting(&mut self, now: Now) {
        while let Some(cue) = self.waiting_cues.pop(now.monotonic) {
            let (id, at) = (cue.id, cue.at.and_then(|at| self.frame_of(at)));
            let is_over = match (at, cue.action) {
                (Some(at), CueAction::Out { duration: Some(duration), .. }) => at.plus(duration) <= self.position(),
                _ => false,
            };
            let announced = if is_over { Err(CueRefusal::Over { id }) } else { self.announce(Cue { at, ..cue }) };
            // Encoders send each message several times.
            let refusal = announced.err().filter(|refusal| !matches!(refusal, CueRefusal::Repeated { .. }));
            refusal.into_iter().for_each(|refusal| self.waiting_cues.refuse(refusal));
        }
    }
}
