//! An average per second over a sliding window of media time.

use crate::time::{FLICKS_PER_SECOND, MediaDuration, MediaTime};

/// Adds up amounts in tenths of its window and averages over the last ten whole ones.
#[derive(Clone, Debug)]
pub(super) struct Average {
    tenth: MediaDuration,
    /// Where the tenth that is being filled begins.
    start: Option<MediaTime>,
    filling: u64,
    whole: [u64; TENTHS],
    /// So many of them have been whole since the start, ten at most.
    count: usize,
    /// The one that is replaced next.
    oldest: usize,
}

impl Average {
    /// An average over `window`, 1 s to 60 s.
    pub(super) fn new(window: MediaDuration) -> Self {
        let window = window.clamp(MediaDuration::from_secs(1), MediaDuration::from_secs(60));
        let tenth = MediaDuration::from_flicks(window.flicks() / TENTHS as i64);
        Self { tenth, start: None, filling: 0, whole: [0; TENTHS], count: 0, oldest: 0 }
    }

    /// Adds an amount at a time; the highest average that became known by it. Times may go back by less than the window;
    /// by more, or ahead by more, they begin anew.
    pub(super) fn push(&mut self, at: MediaTime, amount: u64) -> Option<u64> {
        let start = *self.start.get_or_insert(at);
        let tenths = at.since(start).flicks().div_euclid(self.tenth.flicks().max(1));
        if tenths.unsigned_abs() > TENTHS as u64 {
            let tenth = self.tenth;
            *self = Self { tenth, start: Some(at), filling: amount, whole: [0; TENTHS], count: 0, oldest: 0 };
            return None;
        }
        let mut highest = None;
        for _ in 0..tenths {
            self.turn();
            highest = highest.max(self.latest());
        }
        self.filling = self.filling.saturating_add(amount);
        highest
    }

    /// The average per second over the last window, once there was one.
    pub(super) fn latest(&self) -> Option<u64> {
        if self.count < TENTHS {
            return None;
        }
        let sum: u128 = self.whole.iter().copied().map(u128::from).sum();
        let window = self.tenth.flicks().unsigned_abs() * TENTHS as u64;
        Some((sum * u128::from(FLICKS_PER_SECOND.unsigned_abs()) / u128::from(window.max(1))) as u64)
    }

    fn turn(&mut self) {
        if let Some(place) = self.whole.get_mut(self.oldest) {
            *place = std::mem::take(&mut self.filling);
        }
        self.oldest = (self.oldest + 1) % TENTHS;
        self.count = (self.count + 1).min(TENTHS);
        self.start = self.start.map(|start| start.plus(self.tenth));
    }
}

const TENTHS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> MediaTime {
        MediaTime::ZERO.plus(MediaDuration::from_millis(millis))
    }

    #[test]
    fn an_average_is_known_after_one_window_and_slides_by_tenths() {
        let mut average = Average::new(MediaDuration::from_secs(10));
        for n in 0..250 {
            assert_eq!(average.push(at(n * 40), 4), None);
        }
        assert_eq!(average.push(at(10_000), 4), Some(100));
        // Half as much from here on: after five seconds three quarters.
        for n in 1..125 {
            let _ = average.push(at(10_000 + n * 40), 2);
        }
        assert_eq!(average.push(at(15_000), 2), Some(75));
        // Three silent seconds.
        assert_eq!(average.push(at(18_000), 2), Some(65));
        assert_eq!(average.latest(), Some(45));
    }

    #[test]
    fn a_jump_begins_anew_and_a_step_back_does_not() {
        let mut average = Average::new(MediaDuration::from_secs(1));
        // Up to 40 ms back, as B pictures and interleaved tracks have it.
        let known = (0..300).filter(|n| average.push(at(n * 10 - n % 3 * 20), 1).is_some()).count();
        assert_eq!(known, 20);
        for from in [90_000_000, -90_000_000, i64::from(i32::MAX)] {
            assert_eq!(average.push(at(from), 1), None);
            assert_eq!(average.latest(), None);
            assert_eq!(average.push(at(from + 1000), 1), Some(1));
        }
    }

    #[test]
    fn hostile_times_overflow_nothing() {
        let mut average = Average::new(MediaDuration::from_flicks(i64::MIN));
        for flicks in [i64::MIN, i64::MAX, 0, i64::MIN + 1, -1] {
            let _ = average.push(MediaTime::from_flicks(flicks), u64::MAX);
            let _ = average.push(MediaTime::from_flicks(flicks), u64::MAX);
        }
    }
}
