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
    held: VecDeque<Option<(Bytes, Duration)>>,
    /// Since when the datagram that is due is missed.
    since: Option<Duration>,
    /// So many of the first datagrams are still held: the very first need not be the first in order.
    settling: usize,
    /// One bit for each of the last sequence numbers before `next`: it came.
    seen: [u64; HISTORY / 64],
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
        }
    }

    /// How far `sequence` is ahead of the one that is due; 0 where any is.
    pub(super) fn distance(&self, sequence: u16) -> i32 {
        self.next.map_or(0, |next| sequence.wrapping_sub(next).cast_signed().into())
    }

    /// Takes a datagram at most 1 024 behind the one that is due.
    pub(super) fn push(&mut self, sequence: u16, payload: Bytes, now: Duration, ready: &mut VecDeque<Ready>) -> Place {
        self.next.get_or_insert(sequence);
        if self.settling > 0 {
            self.step_back(sequence);
        }
        let Ok(mut ahead) = usize::try_from(self.distance(sequence)) else {
            let place = if self.has_seen(sequence) { Place::Duplicate } else { Place::Late };
            self.mark(sequence, true);
            return place;
        };
        if ahead >= self.max {
            self.settling = 0;
            self.let_go(ready);
            let before = self.next;
            self.make_room(ahead, ready);
            ahead = usize::try_from(self.distance(sequence)).unwrap_or(0);
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
        *slot = Some((payload, now));
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
            self.step(false);
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
            if let Some((payload, _)) = self.held.pop_front().flatten() {
                ready.push_back(Ready::Payload(payload));
            }
            self.step(true);
            has_moved = true;
        }
        if has_moved {
            self.since = if self.held.is_empty() { None } else { self.oldest() };
        }
    }

    fn oldest(&self) -> Option<Duration> {
        self.held.iter().flatten().map(|(_, at)| *at).min()
    }

    fn step(&mut self, has_come: bool) {
        if let Some(next) = self.next {
            self.mark(next, has_come);
            self.next = Some(next.wrapping_add(1));
        }
    }

    fn has_seen(&self, sequence: u16) -> bool {
        let at = usize::from(sequence) % HISTORY;
        self.seen.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 != 0)
    }

    fn mark(&mut self, sequence: u16, has_come: bool) {
        let at = usize::from(sequence) % HISTORY;
        if let Some(word) = self.seen.get_mut(at / 64) {
            *word = *word & !(1 << (at % 64)) | u64::from(has_come) << (at % 64);
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
mod tests {
    use super::*;

    /// Pushes `sequence` and says what came out: payload numbers, and losses as negative numbers.
    fn run(window: &mut Window, sequence: u16, at: u64) -> (Place, Vec<i64>) {
        let mut ready = VecDeque::new();
        let now = Duration::from_millis(at);
        window.expire(now, &mut ready);
        let place = window.push(sequence, Bytes::copy_from_slice(&sequence.to_be_bytes()), now, &mut ready);
        (place, ready.into_iter().map(number).collect())
    }

    fn number(ready: Ready) -> i64 {
        match ready {
            Ready::Payload(payload) => u16::from_be_bytes([payload[0], payload[1]]).into(),
            Ready::Fault(Fault::Loss { lost, .. }) => -(lost as i64),
            Ready::Fault(_) | Ready::NewSource => 0,
        }
    }

    /// A window that has let go everything before `next`.
    fn settled(packets: u16, wait: Duration, next: u16) -> Window {
        let mut window = Window::new(packets, wait);
        for back in (1..=4).rev() {
            run(&mut window, next.wrapping_sub(back), 0);
        }
        assert_eq!(window.distance(next), 0);
        window
    }

    #[test]
    fn a_feed_may_begin_out_of_order() {
        let mut window = Window::new(16, MAX_TIME);
        for sequence in [2, 3, 1] {
            assert_eq!(run(&mut window, sequence, 0), (Place::Taken, vec![]));
        }
        assert_eq!(run(&mut window, 0, 0), (Place::Taken, vec![0, 1, 2, 3]));
        assert_eq!(run(&mut window, 4, 0), (Place::Taken, vec![4]));
        let mut window = Window::new(16, MAX_TIME);
        assert_eq!(run(&mut window, 9, 0), (Place::Taken, vec![]));
        assert_eq!(window.deadline(), Some(SETTLE_TIME));
        assert_eq!(run(&mut window, 10, 20), (Place::Taken, vec![9, 10]));
    }

    #[test]
    fn in_order_nothing_waits_over_the_wrap_row_26() {
        let mut window = settled(16, MAX_TIME, 65_534);
        for sequence in [65_534, 65_535, 0, 1] {
            assert_eq!(run(&mut window, sequence, 0), (Place::Taken, vec![sequence.into()]));
            assert_eq!(window.deadline(), None);
        }
    }

    #[test]
    fn reordered_duplicate_and_late_rows_22_and_23() {
        let mut window = settled(4, MAX_TIME, 10);
        assert_eq!(run(&mut window, 10, 0), (Place::Taken, vec![10]));
        assert_eq!(run(&mut window, 12, 1), (Place::Taken, vec![]));
        assert_eq!(run(&mut window, 12, 1), (Place::Duplicate, vec![]));
        assert_eq!(run(&mut window, 11, 2), (Place::Taken, vec![11, 12]));
        assert_eq!(run(&mut window, 10, 3), (Place::Duplicate, vec![]));
        assert_eq!(run(&mut window, 14, 3), (Place::Taken, vec![]));
        assert_eq!(run(&mut window, 17, 4), (Place::Taken, vec![-1, 14]));
        assert_eq!(run(&mut window, 13, 4), (Place::Late, vec![]));
        assert_eq!(run(&mut window, 13, 4), (Place::Duplicate, vec![]));
        assert_eq!(window.deadline(), Some(Duration::from_millis(504)));
        assert_eq!(run(&mut window, 18, 504), (Place::Taken, vec![-2, 17, 18]));
        assert_eq!(window.deadline(), None);
    }

    #[test]
    fn a_burst_longer_than_the_window_is_counted_whole_row_21() {
        let mut window = settled(8, Duration::from_millis(20), 0);
        run(&mut window, 0, 0);
        assert_eq!(run(&mut window, 1001, 0), (Place::Taken, vec![-993]));
        assert_eq!(run(&mut window, 1002, 5), (Place::Taken, vec![-7, 1001, 1002]));
    }

    #[test]
    fn a_restart_lets_everything_go() {
        let (mut window, mut ready) = (settled(8, MAX_TIME, 5), VecDeque::new());
        run(&mut window, 5, 0);
        run(&mut window, 8, 0);
        run(&mut window, 9, 0);
        window.restart(&mut ready);
        assert_eq!(ready.into_iter().map(number).collect::<Vec<_>>(), [-2, 8, 9]);
        assert_eq!(run(&mut window, 60_000, 0), (Place::Taken, vec![]));
        assert_eq!(run(&mut window, 60_001, 20), (Place::Taken, vec![60_000, 60_001]));
    }
}
