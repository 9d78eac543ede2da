//! Reception on each of two paths that carry the same datagrams (SMPTE ST 2022-7), counted before they merge.

use super::{FecTally, source::is_loss};
use crate::wire::rtp::Header;

/// One of two paths by which the same datagrams come (SMPTE ST 2022-7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leg {
    /// The only one, or the first.
    #[default]
    First,
    /// The other one.
    Second,
}

/// What came on one leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegTally {
    /// Datagrams of the feed, each counted once.
    pub received: u64,
    /// Sequence numbers that were passed over and did not come on this leg so far.
    pub lost: u64,
    /// Datagrams that this leg had brought before.
    pub repeated: u64,
}

/// How a feed of datagrams comes in, for pages and alarms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reception {
    /// Each leg before they merge: the first, then the second.
    pub legs: [LegTally; 2],
    /// Forward error correction.
    pub fec: FecTally,
}

/// Follows the sequence numbers of one leg.
#[derive(Clone, Debug, Default)]
pub(super) struct LegCounter {
    pub(super) tally: LegTally,
    /// Its SSRC, its highest sequence number and the time stamp of that.
    newest: Option<(u32, u16, u32)>,
    /// How far the highest is from the lowest, as far as is remembered.
    span: u16,
    /// One bit for each of the last sequence numbers up to the highest: it is counted as lost.
    missing: [u64; REMEMBERED / 64],
}

impl LegCounter {
    pub(super) fn note(&mut self, header: &Header) {
        let (step, time) = match self.newest {
            Some((ssrc, newest, stamp)) if ssrc == header.ssrc => {
                (header.sequence.wrapping_sub(newest).cast_signed(), header.timestamp.wrapping_sub(stamp).cast_signed())
            }
            _ => (i16::MIN, 0),
        };
        let behind = step.unsigned_abs();
        match step {
            1.. if is_loss(step.into(), time) => {
                self.miss(header.sequence, behind);
                self.span = self.span.saturating_add(behind).min(REMEMBERED as u16);
            }
            // A feed may begin out of order.
            MAX_BEHIND..=0 if behind > self.span => {
                let newest = header.sequence.wrapping_add(behind);
                self.miss(newest.wrapping_sub(self.span), behind - self.span);
                (self.span, self.tally.received) = (behind, self.tally.received + 1);
                return self.mark(header.sequence, false);
            }
            MAX_BEHIND..=0 if self.is_missing(header.sequence) => {
                self.tally.lost = self.tally.lost.saturating_sub(1);
                self.tally.received += 1;
                return self.mark(header.sequence, false);
            }
            MAX_BEHIND..=0 => {
                self.tally.repeated += 1;
                return;
            }
            // Another source, or a reset: what came before is no guide.
            _ => (self.missing, self.span) = ([0; REMEMBERED / 64], 0),
        }
        self.newest = Some((header.ssrc, header.sequence, header.timestamp));
        self.tally.received += 1;
        self.mark(header.sequence, false);
    }

    /// Those before `sequence`, up to the one that is `distance` before it, have not come.
    fn miss(&mut self, sequence: u16, distance: u16) {
        (1..distance).for_each(|back| self.mark(sequence.wrapping_sub(back), true));
        self.tally.lost += u64::from(distance) - 1;
    }

    fn is_missing(&self, sequence: u16) -> bool {
        let at = usize::from(sequence) % REMEMBERED;
        self.missing.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 != 0)
    }

    fn mark(&mut self, sequence: u16, is_missing: bool) {
        let at = usize::from(sequence) % REMEMBERED;
        if let Some(word) = self.missing.get_mut(at / 64) {
            *word = *word & !(1 << (at % 64)) | u64::from(is_missing) << (at % 64);
        }
    }
}

const REMEMBERED: usize = 1024;
/// Further behind is a reset.
const MAX_BEHIND: i16 = -(REMEMBERED as i16) + 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn run(sequences: impl IntoIterator<Item = u16>) -> LegTally {
        let mut counter = LegCounter::default();
        for sequence in sequences {
            counter.note(&Header { payload_type: 33, sequence, timestamp: 0, ssrc: 7, payload: 0..0 });
        }
        counter.tally
    }

    #[test]
    fn loss_on_a_leg_is_exact_over_the_wrap_and_reordering() {
        let tally = |received, lost, repeated| LegTally { received, lost, repeated };
        assert_eq!(run([65_534, 65_535, 0, 1]), tally(4, 0, 0));
        assert_eq!(run([65_534, 1, 65_535, 65_535, 3]), tally(4, 2, 1));
        assert_eq!(run([5, 7, 4, 6, 6, 4]), tally(4, 0, 2));
        assert_eq!(run([5, 2, 6, 3, 5]), tally(4, 1, 1));
        // A burst longer than what is remembered, and a reset, which is no loss.
        assert_eq!(run([0, 2000, 1500, 40_000, 40_002]), tally(5, 1999 - 1 + 1, 0));
    }
}
