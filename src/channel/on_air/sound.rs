//! The sound of what is on air: where the contribution's goes, and how far each output is settled.

use super::AirChain;
use crate::{
    channel::{contribution::Contribution, sound_queue::Sound},
    ladder::{SoundLane, SoundOp},
    time::{MediaDuration, MediaTime, Now},
};

/// How far the sound of an output is settled.
#[derive(Clone, Copy)]
pub(super) struct Settled {
    /// As its lane was told.
    told: MediaTime,
    /// As it could be told: a little step is left for the next one.
    due: MediaTime,
}

impl Settled {
    pub(super) const fn at(begin: MediaTime) -> Self {
        Self { told: begin, due: begin }
    }
}

impl AirChain {
    /// Sound is settled no further ahead of the pictures than this.
    const SOUND_AHEAD: MediaDuration = MediaDuration::from_millis(500);
    /// Sound is settled in steps of at least this much: about an AAC frame.
    const SETTLE_STEP: MediaDuration = MediaDuration::from_millis(20);

    /// Another contribution follows, which has not told its tracks.
    pub(in crate::channel) fn renew(&mut self) {
        (0..self.settled.len()).for_each(|output| self.note_track(output, false));
    }

    /// Settles the sound of each output: what of the contribution's has come, or silence where it does not keep up. No
    /// language waits for another.
    pub(in crate::channel) fn settle_sound(&mut self, from: Option<&Contribution>, now: Now) {
        let position = self.switcher.position();
        let live = from.filter(|_| self.switcher.is_heard());
        // Sound that is later is not waited for (FAULTS row 41).
        let oldest = self.switcher.late_before(now);
        let wanted = self.pipeline.wants_sound();
        for (output, settled) in self.settled.iter_mut().enumerate() {
            let until = match live.filter(|from| from.sound.has_track(output)) {
                Some(from) => from.sound.end(output).map_or(oldest, |end| {
                    let newest = position.plus(Self::SOUND_AHEAD);
                    end.minus(SoundLane::LAG).min(newest).max(oldest)
                }),
                None => position,
            };
            settled.due = settled.due.max(until);
            // New frames that are far ahead of the sound are judged by the newest, however little there is of it.
            let is_wanted = wanted.is_some_and(|at| settled.told < at) && settled.told < settled.due;
            let is_due = is_wanted || settled.due.since(settled.told) >= Self::SETTLE_STEP;
            if is_due && self.pipeline.push_sound(output, SoundOp::Settle(settled.due)) {
                settled.told = settled.due;
            }
        }
        // Sound has no part in what is watched where there is no output for it.
        let told = self.settled.iter().map(|settled| settled.told).min();
        self.pipeline.judge(told.unwrap_or(position));
    }

    pub(super) fn place_sound(&mut self, from: &mut Contribution, output: usize) {
        let position = self.switcher.position();
        while let Some(sound) = from.sound.next(output, |pts| self.switcher.place(pts), position) {
            let (dropped, reason) = match sound {
                Sound::Placed(unit, at) => {
                    let fits = self.pipeline.push_sound(output, SoundOp::Unit { unit, at });
                    (u64::from(!fits), "the sound's lane does not keep up")
                }
                Sound::Dropped(count, reason) => (count, reason),
            };
            from.health.dropped += dropped;
            self.tell_dropped(dropped, reason);
        }
    }

    /// The contribution has a track for an output, or none, from where no sound can be settled yet: so that is the same
    /// instant however far the output's lane has come.
    pub(super) fn note_track(&mut self, output: usize, is_there: bool) {
        let at = self.switcher.position().plus(Self::SOUND_AHEAD);
        self.pipeline.push_sound(output, SoundOp::Track { at, is_there });
    }
}
