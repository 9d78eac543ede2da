//! Measures the bit rate of one rendition over a sliding window, in constant time per segment.

use std::collections::VecDeque;

use crate::media::{Bitrates, Span};

/// Sums over the window, and the segments that are or may become its fullest.
#[derive(Clone, Debug, Default)]
pub(super) struct RateMeter {
    bytes: u64,
    ticks: u64,
    /// Sequence number and rate, both falling from front to back: the front is the peak.
    peaks: VecDeque<(u64, u64)>,
    /// Bytes and ticks of the newest segments, no more than one and a half target durations of them.
    newest: VecDeque<(u64, u64)>,
}

impl RateMeter {
    /// A segment joins. RFC 8216 clause 4.1 measures the peak over every run of segments that lasts between half a target duration,
    /// which is `half` ticks, and one and a half; a run counts for as long as its newest segment is there.
    pub(super) fn add(&mut self, sequence: u64, span: &Span, timescale: u32, half: u64) {
        let (bytes, ticks) = (u64::from(span.bytes), u64::from(span.duration));
        self.bytes = self.bytes.saturating_add(bytes);
        if span.is_missing() {
            self.newest.clear();
            return;
        }
        self.ticks = self.ticks.saturating_add(ticks);
        self.newest.push_back((bytes, ticks));
        let Some(rate) = self.fullest_run(timescale, half) else { return };
        while self.peaks.back().is_some_and(|(_, weaker)| *weaker <= rate) {
            self.peaks.pop_back();
        }
        self.peaks.push_back((sequence, rate));
    }

    /// The rate of the fullest run that ends with the newest segment; `None` where even the longest is too short.
    fn fullest_run(&mut self, timescale: u32, half: u64) -> Option<u64> {
        let (mut run, mut count, mut fullest) = ((0u64, 0u64), 0, None);
        for (bytes, ticks) in self.newest.iter().rev() {
            run = (run.0.saturating_add(*bytes), run.1.saturating_add(*ticks));
            // One segment counts however long it is.
            if count > 0 && run.1 > half.saturating_mul(3) {
                break;
            }
            count += 1;
            if run.1 >= half {
                fullest = fullest.max(Some(bits_per_second(run.0, run.1, timescale)));
            }
        }
        self.newest.drain(..self.newest.len().saturating_sub(count));
        fullest
    }

    /// The oldest segment leaves.
    pub(super) fn remove(&mut self, sequence: u64, span: &Span) {
        self.bytes = self.bytes.saturating_sub(u64::from(span.bytes));
        if !span.is_missing() {
            self.ticks = self.ticks.saturating_sub(u64::from(span.duration));
        }
        while self.peaks.front().is_some_and(|(oldest, _)| *oldest <= sequence) {
            self.peaks.pop_front();
        }
    }

    pub(super) fn bitrates(&self, timescale: u32) -> Bitrates {
        let mean = bits_per_second(self.bytes, self.ticks, timescale);
        Bitrates { peak: self.peaks.front().map_or(mean, |(_, rate)| *rate).max(mean), mean }
    }
}

/// Rounded up, so that a peak is never stated too low.
fn bits_per_second(bytes: u64, ticks: u64, timescale: u32) -> u64 {
    let bits = u128::from(bytes) * 8 * u128::from(timescale);
    u64::try_from(bits.div_ceil(u128::from(ticks.max(1)))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_falls_when_the_fullest_segment_leaves() {
        let mut meter = RateMeter::default();
        let span = |bytes| Span { start: 0, duration: 2000, bytes };
        for (sequence, bytes) in [(0, 500), (1, 900), (2, 100), (3, 300)] {
            meter.add(sequence, &span(bytes), 1000, 1000);
        }
        assert_eq!(meter.bitrates(1000), Bitrates { peak: 3600, mean: 1800 });
        meter.remove(0, &span(500));
        meter.remove(1, &span(900));
        assert_eq!(meter.bitrates(1000), Bitrates { peak: 1200, mean: 800 });
    }

    #[test]
    fn a_short_segment_counts_in_every_run_that_holds_it() {
        let mut meter = RateMeter::default();
        let span = |duration, bytes| Span { start: 0, duration, bytes };
        // 2 s are the target: 0.4 s alone are too short, 2.4 s of two are not.
        for (sequence, duration, bytes) in [(0, 2000, 500), (1, 400, 400), (2, 2000, 600), (3, 2000, 100)] {
            meter.add(sequence, &span(duration, bytes), 1000, 1000);
        }
        assert_eq!(meter.bitrates(1000).peak, 3334, "1000 bytes in 2.4 s");
        meter.remove(0, &span(2000, 500));
        meter.remove(1, &span(400, 400));
        assert_eq!(meter.bitrates(1000).peak, 3334, "until its newest has left");
        meter.remove(2, &span(2000, 600));
        assert_eq!(meter.bitrates(1000).peak, 400);
        // One and a half targets are the most that a run lasts.
        let mut meter = RateMeter::default();
        for sequence in 0..4 {
            meter.add(sequence, &span(900, 100 * (sequence as u32 + 1)), 1000, 1000);
        }
        assert_eq!(meter.bitrates(1000).peak, 3112, "700 bytes in 1.8 s");
    }
}
