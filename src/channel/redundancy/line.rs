//! One track of a merged contribution: what each slot brought of it lately, and what waits for its turn.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    channel::{
        redundancy::{
            Merged,
            side::{Print, Side},
        },
        sessions::{Slot, TrackKey},
    },
    media::{AccessUnit, Track, TrackId},
    time::{MediaDuration, MediaTime},
};

/// One track of a merged contribution.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) key: TrackKey,
    pub(super) id: TrackId,
    sides: [Side; 2],
    /// Decode time of the newest access unit that went on, and when that was.
    played: Option<(MediaTime, Duration)>,
    /// Newest steps of decode time.
    steps: VecDeque<MediaDuration>,
    held: BTreeMap<MediaTime, Held>,
    held_bytes: usize,
    /// Access units in a row that both slots brought alike.
    matches: u32,
    /// Access units in a row that one slot brought and the other did not.
    misses: u32,
    /// The slot on air took over from one that was ahead: what that one brought is not brought again.
    is_behind: bool,
}

/// An access unit that waits for what comes before it.
#[derive(Debug)]
struct Held {
    unit: AccessUnit,
    /// Which slots brought it.
    from: [bool; 2],
    /// Decode time of the one before it in its slot.
    before: Option<MediaTime>,
    since: Duration,
}

/// What comparing with the other slot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing speaks against it.
    Fine,
    /// The other slot brought the same.
    Same,
    /// The slot brought it before.
    Repeated,
    /// The clock of the slot went back.
    Restarted,
    /// The other slot brought something else at that instant.
    Differs,
    /// The other slot has left out too many of what this one brings.
    Lacking,
}

impl Line {
    /// Alike in a row for a lock.
    const ENOUGH: u32 = 3;
    /// Missing in a row before the slots count as different: a second or so. Packets get lost, too.
    const MISSES: u32 = 30;
    /// What may wait.
    const HELD: usize = 512;
    const HELD_BYTES: usize = 16 << 20;

    pub(super) fn new(key: TrackKey, id: TrackId) -> Self {
        Self {
            key,
            id,
            sides: [Side::default(), Side::default()],
            played: None,
            steps: VecDeque::new(),
            held: BTreeMap::new(),
            held_bytes: 0,
            matches: 0,
            misses: 0,
            is_behind: false,
        }
    }

    /// Notes what a slot says of the track; whether it may go on as before.
    pub(super) fn tell(&mut self, slot: Slot, track: &Track, is_new: bool) -> bool {
        let side = self.side_mut(slot);
        let is_same = side.track.as_ref().is_some_and(|known| known.format == track.format);
        (side.track, side.is_told) = (Some(track.clone()), true);
        side.is_resuming = is_new && side.newest.is_some();
        is_same && side.is_resuming
    }

    pub(super) fn is_resuming(&self, slot: Slot) -> bool {
        self.side(slot).is_resuming
    }

    pub(super) fn track(&self, slot: Slot) -> Option<&Track> {
        self.side(slot).told()
    }

    pub(super) fn is_video(&self, slot: Slot) -> bool {
        self.track(slot).is_some_and(|track| track.format.is_video())
    }

    pub(super) const fn has_played(&self) -> bool {
        self.played.is_some()
    }

    pub(super) const fn played(&self) -> Option<(MediaTime, Duration)> {
        self.played
    }

    pub(super) fn has_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether both slots bring it, whose newest decode times are these.
    pub(super) fn is_shared(&self, newest: [Option<MediaTime>; 2]) -> bool {
        self.sides.iter().zip(newest).all(|(side, newest)| side.is_near(newest)) && !self.is_text()
    }

    /// Whether both slots bring the same.
    pub(super) fn matches(&self) -> bool {
        let [one, other] = &self.sides;
        let is_same = one.told().map(|track| &track.format) == other.told().map(|track| &track.format);
        is_same && self.matches >= Self::ENOUGH
    }

    /// Remembers an access unit of a slot that has no other beside it.
    pub(super) fn note(&mut self, slot: Slot, unit: &AccessUnit) -> Verdict {
        let print = Print::of(unit);
        let side = self.side_mut(slot);
        let goes_back = side.newest.is_some_and(|newest| print.dts <= newest);
        side.remember(print);
        self.is_behind &= !goes_back;
        Verdict::Fine
    }

    /// Remembers an access unit and compares it with what the other slot brought.
    pub(super) fn judge(&mut self, slot: Slot, unit: &AccessUnit) -> Verdict {
        let print = Print::of(unit);
        let side = self.side_mut(slot);
        if side.newest.is_some_and(|newest| print.dts <= newest) {
            // A session that comes back sends its last fragments again; one that begins with the very first access unit is a
            // source that starts over.
            let oldest = usize::from(side.is_resuming);
            if side.recent.iter().skip(oldest).rev().any(|known| *known == print) {
                return Verdict::Repeated;
            }
            // Its clock went back: what it brought before says nothing any more.
            side.recent.clear();
            side.remember(print);
            return Verdict::Restarted;
        }
        side.remember(print);
        if unit.is_damaged {
            return Verdict::Fine;
        }
        let found = self.side(slot.other()).find(&print);
        match found {
            Some(true) => (self.matches, self.misses) = (self.matches.saturating_add(1), 0),
            Some(false) => self.misses = self.misses.saturating_add(1),
            None => {}
        }
        let half = self.step().map_or(0, |step| step.flicks() / 2);
        match found {
            _ if self.side(slot.other()).differs(&print, MediaDuration::from_flicks(half)) => Verdict::Differs,
            _ if self.misses >= Self::MISSES => Verdict::Lacking,
            Some(true) => Verdict::Same,
            _ => Verdict::Fine,
        }
    }

    /// The slots have to show anew that they bring the same.
    pub(super) const fn unlock(&mut self) {
        (self.matches, self.misses) = (0, 0);
    }

    /// The slot is gone; what it brought stays, in case that it comes back with the same.
    pub(super) fn lose(&mut self, slot: Slot) {
        let side = self.side_mut(slot);
        (side.is_told, side.is_resuming) = (false, true);
    }

    /// What follows has another clock.
    pub(super) fn renew(&mut self) {
        (self.played, self.is_behind) = (None, false);
        self.steps.clear();
        self.held.clear();
        self.held_bytes = 0;
        for side in &mut self.sides {
            // Whoever comes back finds nothing to go on with.
            if !side.is_told {
                *side = Side::default();
            }
            side.is_resuming = false;
        }
    }

    /// Lets go of what only this slot brought and what waits.
    pub(super) fn forget_held(&mut self, slot: Slot) {
        self.held.retain(|_, held| {
            held.from[slot.index()] = false;
            held.from.contains(&true)
        });
        self.held_bytes = self.held.values().map(|held| held.unit.data.len()).sum();
    }

    /// Another slot goes on where this one left off.
    pub(super) const fn hand_over(&mut self) {
        self.is_behind = self.played.is_some();
    }

    /// What the slot on air brings from here on is on another clock than what went on.
    pub(super) const fn catch_up(&mut self) {
        self.is_behind = false;
    }

    /// Whether what went on from the other slot holds this access unit already.
    pub(super) fn is_known(&mut self, unit: &AccessUnit) -> bool {
        self.is_behind = self.is_behind && self.played.is_some_and(|(played, _)| unit.dts <= played);
        self.is_behind
    }

    /// Whether a session that came back does not go on where it left off.
    pub(super) fn resume(&mut self, slot: Slot, unit: &AccessUnit) -> bool {
        let was_resuming = std::mem::replace(&mut self.side_mut(slot).is_resuming, false);
        let goes_on = self.played.is_some_and(|(played, _)| self.follows(played, unit.dts));
        was_resuming && self.played.is_some() && !goes_on
    }

    /// Lets an access unit go on at once.
    pub(super) fn play(&mut self, unit: AccessUnit, now: Duration, out: &mut VecDeque<Merged>) {
        if let Some((played, _)) = self.played
            && unit.dts > played
        {
            if self.steps.len() == 8 {
                self.steps.pop_front();
            }
            self.steps.push_back(unit.dts.since(played));
        }
        self.played = Some((unit.dts, now));
        out.push_back(Merged::Unit(unit));
    }

    /// Queues an access unit of locked slots; whether anybody needs it.
    pub(super) fn hold(&mut self, slot: Slot, unit: AccessUnit, now: Duration) -> bool {
        self.side_mut(slot).is_resuming = false;
        if self.played.is_some_and(|(played, _)| unit.dts <= played) {
            return false;
        }
        let before = self.side(slot).before_newest();
        if let Some(held) = self.held.get_mut(&unit.dts) {
            let is_better = held.unit.is_damaged && !unit.is_damaged;
            if is_better {
                held.unit = unit;
            }
            held.from[slot.index()] = true;
            // Whichever of the two follows what went on.
            held.before = held.before.max(before);
            return is_better;
        }
        let is_full = self.held.len() >= Self::HELD || self.held_bytes >= Self::HELD_BYTES;
        if is_full && self.held.last_key_value().is_some_and(|(last, _)| *last < unit.dts) {
            return false;
        }
        if is_full && let Some((_, last)) = self.held.pop_last() {
            self.held_bytes = self.held_bytes.saturating_sub(last.unit.data.len());
        }
        self.held_bytes = self.held_bytes.saturating_add(unit.data.len());
        let mut from = [false; 2];
        from[slot.index()] = true;
        self.held.insert(unit.dts, Held { unit, from, before, since: now });
        true
    }

    /// Lets everything go on whose turn it is; `awaited` are the slots that may still fill a gap.
    pub(super) fn drain(&mut self, awaited: [bool; 2], now: Duration, hold: Duration, out: &mut VecDeque<Merged>) {
        while let Some((dts, held)) = self.held.first_key_value() {
            let dts = *dts;
            let is_old = self.played.is_some_and(|(played, _)| dts <= played);
            let waits = self.waits_since(held).is_none_or(|since| now < since + hold);
            if !is_old && waits && !self.is_next(dts, held) && !self.are_past(dts, awaited) {
                return;
            }
            let Some((_, held)) = self.held.pop_first() else { return };
            self.held_bytes = self.held_bytes.saturating_sub(held.unit.data.len());
            if !is_old {
                self.play(held.unit, now, out);
            }
        }
    }

    /// When what waits has waited for long enough.
    pub(super) fn due(&self, hold: Duration) -> Option<Duration> {
        let (_, held) = self.held.first_key_value()?;
        self.waits_since(held).map(|since| since + hold)
    }

    /// Since when nothing has moved.
    fn waits_since(&self, held: &Held) -> Option<Duration> {
        Some(self.played.map_or(held.since, |(_, at)| held.since.max(at)))
    }

    /// It comes right behind what went on: in its slot there was nothing between, and there is no gap.
    fn is_next(&self, dts: MediaTime, held: &Held) -> bool {
        let Some((played, _)) = self.played else { return true };
        !held.unit.is_damaged && held.before == Some(played) && self.follows(played, dts)
    }

    fn follows(&self, played: MediaTime, dts: MediaTime) -> bool {
        let Some(step) = self.step() else { return dts > played };
        let most = MediaDuration::from_flicks(step.flicks().saturating_mul(3) / 2).plus(MediaDuration::from_millis(1));
        dts > played && dts.since(played) <= most
    }

    /// The usual step of decode time, once it is known.
    fn step(&self) -> Option<MediaDuration> {
        self.steps.iter().min().copied().filter(|_| self.steps.len() >= 3 && !self.is_text())
    }

    /// Nobody can bring anything before it any more.
    fn are_past(&self, dts: MediaTime, awaited: [bool; 2]) -> bool {
        let is_past = |side: &Side| side.newest.is_some_and(|newest| newest >= dts);
        self.sides.iter().zip(awaited).all(|(side, is_awaited)| !is_awaited || !side.is_told || is_past(side))
    }

    fn is_text(&self) -> bool {
        let is_timed = |track: &Track| track.format.is_video() || track.format.is_audio();
        self.sides.iter().filter_map(|side| side.track.as_ref()).any(|track| !is_timed(track))
    }

    const fn side(&self, slot: Slot) -> &Side {
        match slot {
            Slot::Primary => &self.sides[0],
            Slot::Secondary => &self.sides[1],
        }
    }

    const fn side_mut(&mut self, slot: Slot) -> &mut Side {
        match slot {
            Slot::Primary => &mut self.sides[0],
            Slot::Secondary => &mut self.sides[1],
        }
    }
}
