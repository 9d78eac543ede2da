//! Scale units as a budget of bytes that may be sent (A19.5): a bucket that fills at the line's rate and holds two seconds of it.
//!
//! It is kept as one instant, when it will be full again, so that nothing is rounded away however small the answers are.

use std::time::Duration;

/// What may still be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Bits a second; `None` for no limit.
    rate: Option<u64>,
    full_at: Duration,
}

impl Budget {
    pub(super) const fn new(rate: Option<u64>) -> Self {
        Self { rate, full_at: Duration::ZERO }
    }

    /// Goes on at another rate. The seconds that are used up stay used up.
    pub(super) const fn set_rate(&mut self, rate: Option<u64>) {
        self.rate = rate;
    }

    /// How long until something may be sent again; `None` where it may be now.
    pub(super) fn overdrawn(&self, now: Duration) -> Option<Duration> {
        self.rate?;
        let over = self.full_at.saturating_sub(now.saturating_add(BURST));
        (!over.is_zero()).then_some(over)
    }

    /// Takes what an answer carries out of the bucket. The last answer may take more than is left: how large one is shows only
    /// once it is made, and half of one is of no use. The next ones wait for that.
    pub(super) fn charge(&mut self, bytes: u64, now: Duration) {
        let Some(rate) = self.rate else { return };
        let nanos = (u128::from(bytes) * 8 * 1_000_000_000).div_ceil(u128::from(rate.max(1)));
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.full_at = self.full_at.max(now).saturating_add(cost);
    }
}

/// What may be sent at once after a quiet time: the first segments of every rung for many who begin to play together.
pub(super) const BURST: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: Option<u64> = Some(600_000_000);

    #[test]
    fn the_standard_line_lets_600_mbit_a_second_through_a19_5() {
        let mut budget = Budget::new(STANDARD);
        let (mut sent, mut refused) = (0, 0);
        // Ten seconds, in which a crowd asks for three times of what there is: 1 MB every 4.4 ms.
        for n in 0..2250_u64 {
            let now = Duration::from_micros(n * 4444);
            if budget.overdrawn(now).is_some() {
                refused += 1;
                continue;
            }
            budget.charge(1_000_000, now);
            sent += 1_000_000_u64;
        }
        // What two seconds of quiet left, ten seconds, and the answer that was more than was left.
        assert!((899_000_000..=902_000_000).contains(&sent), "{sent}");
        assert!(refused > 0);
    }

    #[test]
    fn small_answers_cost_what_large_ones_do() {
        let (mut many, mut one) = (Budget::new(STANDARD), Budget::new(STANDARD));
        (0..1_000_000).for_each(|_| many.charge(75, Duration::ZERO));
        one.charge(75_000_000, Duration::ZERO);
        assert_eq!(many.full_at, one.full_at);
    }

    #[test]
    fn one_answer_that_is_too_large_goes_and_the_next_one_waits() {
        let mut budget = Budget::new(Some(8_000_000));
        budget.charge(10_000_000, Duration::from_secs(5));
        assert_eq!(budget.overdrawn(Duration::from_secs(5)), Some(Duration::from_secs(8)));
        assert_eq!(budget.overdrawn(Duration::from_secs(13)), None);
        budget.charge(u64::MAX, Duration::from_secs(13));
        assert!(budget.overdrawn(Duration::from_secs(1_000_000)).is_some());
    }

    #[test]
    fn no_limit_is_none() {
        let mut budget = Budget::new(None);
        budget.charge(u64::MAX, Duration::ZERO);
        assert_eq!(budget.overdrawn(Duration::ZERO), None);
    }
}
