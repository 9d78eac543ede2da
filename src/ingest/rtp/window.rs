//! The reorder window: RTP sequence numbers in any order in, in order out, each at most once.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::Ready;
use crate::error::Fault;

/// Holds datagrams that came before their turn.
#[derive(Debug)]
pub(super) struct Window {
    max: usize,
    wait: Duration,
    /// The sequence number that is due.
    next: Option<u16>,
    /// What came early: the first is for `next`, and is there only while it is being let go.
    held: VecDeque<Option<Held>>,
    /// Since when the datagram that is due is missed.
    since: Option<Duration>,
    /// So many of the first datagrams are still held: the very first need not be the first in order.
    settling: usize,
    /// One bit for each of the last sequence numbers before `next`: it came.
    seen: [u64; HISTORY / 64],
    /// The RTP time stamp of each of those that came.
    stamps: Vec<u32>,
}

/// A datagram that came before its turn.
#[derive(Clone, Debug)]
struct Held {
    payload: Bytes,
    stamp: u32,
    at: Duration,
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It was let go or is held.
    Taken,
    /// It was there before.
    Duplicate,
    /// It was counted as lost before.
    Late,
}

impl Window {
    pub(super) fn new(packets: u16, wait: Duration) -> Self {
        Self {
            max: packets.clamp(1, MAX_PACKETS).into(),
            wait: wait.min(MAX_TIME),
            next: None,
            held: VecDeque::new(),
            since: None,
            settling: SETTLE_PACKETS,
            seen: [0; HISTORY / 64],
            stamps: vec![0; HISTORY],
        }
    }

    /// How long a datagram that is missed is waited for.
    pub(super) const fn wait(&self) -> Duration {
        self.wait
    }

    /// The sequence number that is due, once there is one.
    pub(super) const fn next(&self) -> Option<u16> {
        self.next
    }

    /// The time stamp of the datagram of this sequence number, where it has come and is remembered.
    pub(super) fn stamp_of(&self, sequence: u16) -> Option<u32> {
        let distance = self.distance(sequence);
        match usize::try_from(distance) {
            Ok(ahead) => self.held.get(ahead)?.as_ref().map(|held| held.stamp),
            Err(_) if distance < -(HISTORY as i32) || !self.has_seen(sequence) => None,
            Err(_) => self.stamps.get(usize::from(sequence) % HISTORY).copied(),
        }
    }

    /// How far `sequence` is ahead of the one that is due; 0 where any is.
    pub(super) fn distance(&self, sequence: u16) -> i32 {
        self.next.map_or(0, |next| sequence.wrapping_sub(next).cast_signed().into())
    }

    /// Takes the payload of a datagram, by its sequence number and time stamp, at most 1 024 behind the one that is due.
    pub(super) fn push(
        &mut self,
        (sequence, stamp): (u16, u32),
        payload: Bytes,
        now: Duration,
        ready: &mut VecDeque<Ready>,
    ) -> Place {
        self.next.get_or_insert(sequence);
        if self.settling > 0 {
            self.step_back(sequence);
        }
        let Ok(mut ahead) = usize::try_from(self.distance(sequence)) else {
            let place = if self.has_seen(sequence) { Place::Duplicate } else { Place::Late };
            self.mark(sequence, Some(stamp));
            return place;
        };
        if ahead >= self.max && std::mem::take(&mut self.settling) > 0 {
            self.let_go(ready);
            ahead = self.ahead(sequence);
        }
        if ahead >= self.max {
            let before = self.next;
            self.make_room(ahead, ready);
            ahead = self.ahead(sequence);
            if self.next != before {
                self.since = self.oldest();
            }
        }
        if self.held.len() <= ahead {
            self.held.resize(ahead + 1, None);
        }
        let Some(slot) = self.held.get_mut(ahead) else { return Place::Late };
        if slot.is_some() {
            return Place::Duplicate;
        }
        *slot = Some(Held { payload, stamp, at: now });
        self.settling = self.settling.saturating_sub(1);
        if self.settling == 0 {
            self.let_go(ready);
        }
        if !self.held.is_empty() {
            self.since.get_or_insert(now);
        }
        Place::Taken
    }

    /// When the datagram that is missed is waited for no more.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let wait = if self.settling > 0 { self.wait.min(SETTLE_TIME) } else { self.wait };
        self.since.map(|since| since.saturating_add(wait))
    }

    /// Gives up what has been missed for too long.
    pub(super) fn expire(&mut self, now: Duration, ready: &mut VecDeque<Ready>) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            if std::mem::take(&mut self.settling) > 0 {
                self.let_go(ready);
                continue;
            }
            self.give_up(usize::MAX, ready);
            self.let_go(ready);
        }
    }

    /// Lets everything go; the next datagram is the first of a new sequence.
    pub(super) fn restart(&mut self, ready: &mut VecDeque<Ready>) {
        while !self.held.is_empty() {
            self.give_up(usize::MAX, ready);
            self.let_go(ready);
        }
        (self.next, self.since, self.seen) = (None, None, [0; HISTORY / 64]);
        self.settling = SETTLE_PACKETS;
    }

    /// How far a datagram that is not behind is ahead.
    fn ahead(&self, sequence: u16) -> usize {
        usize::try_from(self.distance(sequence)).unwrap_or(0)
    }

    /// Nothing was let go yet, so what is due may still turn out to be an earlier one.
    fn step_back(&mut self, sequence: u16) {
        let Ok(behind) = usize::try_from(-self.distance(sequence)) else { return };
        if self.held.len() + behind <= self.max {
            (0..behind).for_each(|_| self.held.push_front(None));
            self.next = Some(sequence);
        }
    }

    /// Gives up from the front until one that is `ahead` of the front would fit.
    fn make_room(&mut self, mut ahead: usize, ready: &mut VecDeque<Ready>) {
        while ahead >= self.max {
            let before = self.next;
            self.give_up(ahead - self.max + 1, ready);
            self.let_go(ready);
            let moved = before.zip(self.next).map_or(0, |(before, next)| next.wrapping_sub(before));
            ahead = ahead.saturating_sub(usize::from(moved.max(1)));
        }
    }

    /// Counts the gap at the front as lost: all of it where something is held behind it, else `most` of it.
    fn give_up(&mut self, most: usize, ready: &mut VecDeque<Ready>) {
        let gap = self.held.iter().position(Option::is_some);
        let lost = gap.unwrap_or(if most == usize::MAX { 0 } else { most });
        self.held.drain(..lost.min(self.held.len()));
        for _ in 0..lost {
            self.step(None);
        }
        if lost > 0 {
            ready.push_back(Ready::Fault(Fault::Loss { lost: lost as u64, stream: None }));
        }
        if gap.is_none() {
            self.held.clear();
            self.since = None;
        }
    }

    /// Lets go what is due.
    fn let_go(&mut self, ready: &mut VecDeque<Ready>) {
        let mut has_moved = false;
        while matches!(self.held.front(), Some(Some(_))) {
            if let Some(held) = self.held.pop_front().flatten() {
                ready.push_back(Ready::Payload(held.payload));
                self.step(Some(held.stamp));
            }
            has_moved = true;
        }
        if has_moved {
            self.since = if self.held.is_empty() { None } else { self.oldest() };
        }
    }

    fn oldest(&self) -> Option<Duration> {
        self.held.iter().flatten().map(|held| held.at).min()
    }

    fn step(&mut self, stamp: Option<u32>) {
        if let Some(next) = self.next {
            self.mark(next, stamp);
            self.next = Some(next.wrapping_add(1));
        }
    }

    fn has_seen(&self, sequence: u16) -> bool {
        let at = usize::from(sequence) % HISTORY;
        self.seen.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 != 0)
    }

    fn mark(&mut self, sequence: u16, stamp: Option<u32>) {
        let at = usize::from(sequence) % HISTORY;
        if let Some(word) = self.seen.get_mut(at / 64) {
            *word = *word & !(1 << (at % 64)) | u64::from(stamp.is_some()) << (at % 64);
        }
        if let (Some(place), Some(stamp)) = (self.stamps.get_mut(at), stamp) {
            *place = stamp;
        }
    }
}

/// Most datagrams that can be held.
pub(super) const MAX_PACKETS: u16 = 1024;
/// Longest wait for a datagram that is missed.
pub(super) const MAX_TIME: Duration = Duration::from_millis(500);
/// The first datagrams are held until there are so many, so that a feed may begin out of order.
const SETTLE_PACKETS: usize = 4;
/// And no longer than this.
const SETTLE_TIME: Duration = Duration::from_millis(20);
/// Sequence numbers whose arrival is remembered.
pub(super) const HISTORY: usize = 1024;

#[cfg(test)]
mod tests;
