//! Makes one contribution of what the primary and the secondary slot bring (A5.6, A5.7; SPECS d1 "Redundancy").
//!
//! ```text
//! primary   ──┐ time-locked: every access unit once, whoever brings it first; a gap waits for the other's copy
//!             ├─────────────────────────────────────────────────────────────────────────────► one contribution
//! secondary ──┘ else: the slot on air goes through; the other takes over at an IDR once that one is silent or gone
//! ```
//!
//! Two slots are time-locked when they say the same of their tracks and their newest access units of the same decode time
//! are the same. The slot on air stays on air until it fails: nothing is switched back without need. Formats that differ
//! are never mixed. A pure value: no demuxer, no channel.

mod feed;
mod line;
mod side;

use std::{collections::VecDeque, time::Duration};

use crate::{
    channel::{
        redundancy::{
            feed::Feed,
            line::{Line, Verdict},
        },
        sessions::{Slot, TrackKey},
    },
    media::{AccessUnit, Track, TrackId},
    time::{MediaTime, Now},
};

/// Two slots in, one contribution out: push, then pull until `None`.
#[derive(Debug)]
pub(super) struct Merger {
    failover_after: Duration,
    slots: [Feed; 2],
    /// The slot on air: the one that is passed on while the two are not locked.
    active: Option<Slot>,
    is_locked: bool,
    lines: Vec<Line>,
    out: VecDeque<Merged>,
}

/// What the one contribution is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// Tracks, times and decoders start anew: what follows has another clock or another set-up.
    Renewed {
        /// Another slot brings it, and not a session that came back.
        is_other_slot: bool,
    },
    /// A track, under its id in the merged contribution.
    Track(Track),
    /// An access unit, under the same id.
    Unit(AccessUnit),
    /// Another slot is on air.
    Failover {
        /// Which was.
        from: Slot,
        /// Which is.
        to: Slot,
    },
}

impl Merger {
    /// How long an access unit waits for what comes before it.
    const HOLD: Duration = Duration::from_millis(500);
    /// Tracks of both slots together, those of sessions that are gone counted.
    const MAX_LINES: usize = 512;

    pub(super) fn new(failover_after: Duration) -> Self {
        Self {
            failover_after,
            slots: [Feed::default(); 2],
            active: None,
            is_locked: false,
            lines: Vec::new(),
            out: VecDeque::new(),
        }
    }

    /// Takes a track of a slot; `is_new` where its session tells it for the first time. Its id in the merged contribution.
    /// `None` where there are too many.
    pub(super) fn track(&mut self, slot: Slot, key: &TrackKey, track: &Track, is_new: bool) -> Option<TrackId> {
        self.feed_mut(slot).is_attached = true;
        let place = self.lines.iter().position(|line| line.key == *key).unwrap_or(self.lines.len());
        if place == self.lines.len() {
            if place >= Self::MAX_LINES {
                return None;
            }
            self.lines.push(Line::new(key.clone(), TrackId(u32::try_from(place).unwrap_or(u32::MAX))));
        }
        let is_active = *self.active.get_or_insert(slot) == slot;
        let line = self.lines.get_mut(place)?;
        let is_known = line.tell(slot, track, is_new);
        let id = line.id;
        // A session that comes back may go on where it left off: nothing is opened anew until that is known.
        if is_active && !is_known {
            self.out.push_back(Merged::Track(Track { id, ..track.clone() }));
        }
        if !is_active || !is_known {
            self.unlock();
        }
        Some(id)
    }

    /// Takes an access unit that carries its id in the merged contribution; `false` where it is not needed.
    pub(super) fn unit(&mut self, slot: Slot, unit: AccessUnit, now: Now) -> bool {
        if self.active != Some(slot) && !self.lines.iter().any(Line::has_played) {
            self.activate(slot, false);
        }
        if !self.is_locked {
            self.drain_all(now);
        }
        // A slot whose pictures stopped has failed, whatever its sound does.
        let shows = |line: &Line| line.is_video(slot);
        let counts =
            !self.lines.iter().any(shows) || self.lines.iter().any(|line| line.id == unit.track && shows(line));
        let feed = self.feed_mut(slot);
        feed.is_attached = true;
        if counts {
            feed.take(unit.dts, now.monotonic);
        }
        let place = self.lines.iter().position(|line| line.id == unit.track);
        let has_other = self.feed(slot.other()).is_attached;
        let Some(line) = place.and_then(|place| self.lines.get_mut(place)) else { return false };
        let verdict =
            if has_other || line.is_resuming(slot) { line.judge(slot, &unit) } else { line.note(slot, &unit) };
        match verdict {
            Verdict::Fine | Verdict::Same => {}
            Verdict::Repeated => return false,
            Verdict::Restarted | Verdict::Differs => self.stray(slot, now),
            Verdict::Lacking => self.stray(slot.other(), now),
        }
        if verdict == Verdict::Restarted
            && self.active == Some(slot)
            && let Some(line) = place.and_then(|place| self.lines.get_mut(place))
        {
            line.catch_up();
        }
        if has_other && !self.is_locked && matches!(verdict, Verdict::Fine | Verdict::Same) {
            self.try_lock();
        }
        // What the failed slot brought as well was shown: nothing begins there.
        if self.is_locked || verdict != Verdict::Same {
            self.tell_failure(slot, &unit, now);
        }
        if self.active != Some(slot) && !self.is_locked {
            return false;
        }
        self.pass(slot, unit, now)
    }

    /// Every session of a slot is gone.
    pub(super) fn lose(&mut self, slot: Slot, now: Now) {
        self.feed_mut(slot).is_attached = false;
        let goes_on = self.has_double(slot, now);
        if goes_on && self.active == Some(slot) {
            self.activate(slot.other(), true);
        }
        // What waits has a gap before it, which the other fills, and brings this again.
        self.part(goes_on.then_some(slot));
        self.lines.iter_mut().for_each(|line| line.lose(slot));
        self.drain_all(now);
        if self.lines.len() > Self::MAX_LINES / 2 && self.slots.iter().all(|feed| !feed.is_attached) {
            self.lines.clear();
            self.active = None;
        }
    }

    /// Nothing is read from the sessions at the moment: a slot that has not failed yet is not failing.
    pub(super) fn excuse_silence(&mut self, now: Now) {
        for slot in [Slot::Primary, Slot::Secondary] {
            if self.is_alive(slot, now) {
                self.feed_mut(slot).excuse(now.monotonic);
            }
        }
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) gave has come.
    pub(super) fn handle_timeout(&mut self, now: Now) {
        if let Some(slot) = self.active
            && self.silence_ends().is_some_and(|at| now.monotonic >= at)
        {
            self.activate(slot.other(), true);
        }
        self.drain_all(now);
    }

    /// When something that waits has waited for long enough, or the slot on air has been silent for too long.
    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        let held = self.lines.iter().filter_map(|line| line.due(Self::HOLD)).min();
        [held, self.silence_ends()].into_iter().flatten().min()
    }

    /// The next piece of the one contribution.
    pub(super) fn pull(&mut self) -> Option<Merged> {
        self.out.pop_front()
    }

    /// Decode time of what went on last.
    pub(super) fn newest(&self) -> Option<MediaTime> {
        self.lines.iter().filter_map(Line::played).max_by_key(|(_, at)| *at).map(|(dts, _)| dts)
    }

    /// The slot on air.
    pub(super) const fn active(&self) -> Option<Slot> {
        self.active
    }

    /// Whether both slots bring the same.
    pub(super) const fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// Whether the other slot brings all that this one brings.
    pub(super) fn has_double(&self, slot: Slot, now: Now) -> bool {
        self.is_locked && self.is_alive(slot.other(), now)
    }

    /// Where the slots are locked and the one on air has been silent while the other sent.
    fn silence_ends(&self) -> Option<Duration> {
        let slot = self.active.filter(|_| self.is_locked)?;
        let at = self.fails_at(slot)?;
        (self.fails_at(slot.other())? > at).then_some(at)
    }

    /// When a slot has failed that brings nothing any more.
    fn fails_at(&self, slot: Slot) -> Option<Duration> {
        Some(self.feed(slot).lasts()?.saturating_add(self.failover_after))
    }

    fn is_alive(&self, slot: Slot, now: Now) -> bool {
        self.feed(slot).is_attached && self.fails_at(slot).is_some_and(|at| now.monotonic < at)
    }

    /// Gives the air to `slot` where the one on air has failed and `unit` is a place to begin.
    fn tell_failure(&mut self, slot: Slot, unit: &AccessUnit, now: Now) {
        if self.active == Some(slot) || self.active.is_some_and(|active| self.is_alive(active, now)) {
            return;
        }
        if self.is_locked {
            self.activate(slot, true);
            return;
        }
        let has_pictures = self.lines.iter().any(|line| line.is_video(slot));
        let is_start = self.lines.iter().any(|line| line.id == unit.track && line.is_video(slot));
        if is_start && unit.is_random_access || !has_pictures {
            self.activate(slot, false);
        }
    }

    /// Puts `slot` on air; `is_seamless` where it goes on exactly where the other left off.
    fn activate(&mut self, slot: Slot, is_seamless: bool) {
        let from = self.active.replace(slot).filter(|from| *from != slot);
        let has_played = self.lines.iter().any(Line::has_played);
        if let Some(from) = from.filter(|_| has_played) {
            self.out.push_back(Merged::Failover { from, to: slot });
        }
        if is_seamless {
            self.lines.iter_mut().for_each(Line::hand_over);
        } else {
            self.renew(slot, from.is_some() && has_played);
        }
    }

    /// What follows begins anew, with the tracks of `slot`.
    fn renew(&mut self, slot: Slot, is_other_slot: bool) {
        self.out.push_back(Merged::Renewed { is_other_slot });
        for line in &mut self.lines {
            line.renew();
            self.out.extend(line.track(slot).map(|track| Merged::Track(Track { id: line.id, ..track.clone() })));
        }
    }

    fn unlock(&mut self) {
        self.part(self.active.map(Slot::other));
    }

    /// The slots are two from here on, and what waits of one of them is let go. What went on from the slot that was ahead is
    /// not brought again by the one on air.
    fn part(&mut self, let_go: Option<Slot>) {
        let was_locked = std::mem::take(&mut self.is_locked);
        for line in &mut self.lines {
            line.unlock();
            let_go.iter().for_each(|slot| line.forget_held(*slot));
            if was_locked {
                line.hand_over();
            }
        }
    }

    /// A slot that was locked brings something else now.
    fn stray(&mut self, slot: Slot, now: Now) {
        let was_locked = self.is_locked;
        if was_locked && self.active == Some(slot) && self.is_alive(slot.other(), now) {
            self.activate(slot.other(), true);
        }
        self.unlock();
        if was_locked {
            self.drain_all(now);
        }
    }

    fn try_lock(&mut self) {
        let newest = [Slot::Primary, Slot::Secondary].map(|slot| self.feed(slot).newest());
        let shared = || self.lines.iter().filter(|line| line.is_shared(newest));
        let has_pictures = |line: &Line| line.is_video(Slot::Primary) || line.is_video(Slot::Secondary);
        let is_enough = shared().any(has_pictures) || !self.lines.iter().any(has_pictures) && shared().next().is_some();
        if !is_enough || !shared().all(Line::matches) {
            return;
        }
        self.is_locked = true;
        // What only the spare slot has joins.
        let Some(active) = self.active else { return };
        for line in self.lines.iter().filter(|line| line.track(active).is_none()) {
            let track = line.track(active.other());
            self.out.extend(track.map(|track| Merged::Track(Track { id: line.id, ..track.clone() })));
        }
    }

    fn pass(&mut self, slot: Slot, unit: AccessUnit, now: Now) -> bool {
        let is_awaiting_pictures = self.lines.iter().any(|line| line.is_video(slot) && line.is_resuming(slot));
        let Some(place) = self.lines.iter().position(|line| line.id == unit.track) else { return false };
        let Some(line) = self.lines.get_mut(place) else { return false };
        if !self.is_locked {
            if line.is_known(&unit) {
                return false;
            }
            if line.resume(slot, &unit) && is_awaiting_pictures {
                self.renew(slot, false);
            }
            let Some(line) = self.lines.get_mut(place) else { return false };
            line.play(unit, now.monotonic, &mut self.out);
            return true;
        }
        let is_needed = line.hold(slot, unit, now.monotonic);
        self.drain_all(now);
        is_needed
    }

    fn drain_all(&mut self, now: Now) {
        // Whose copy may still fill a gap.
        let awaited = [Slot::Primary, Slot::Secondary].map(|slot| self.is_locked && self.is_alive(slot, now));
        for line in self.lines.iter_mut().filter(|line| line.has_held()) {
            line.drain(awaited, now.monotonic, Self::HOLD, &mut self.out);
        }
    }

    const fn feed(&self, slot: Slot) -> &Feed {
        match slot {
            Slot::Primary => &self.slots[0],
            Slot::Secondary => &self.slots[1],
        }
    }

    const fn feed_mut(&mut self, slot: Slot) -> &mut Feed {
        match slot {
            Slot::Primary => &mut self.slots[0],
            Slot::Secondary => &mut self.slots[1],
        }
    }
}

#[cfg(test)]
mod tests;
