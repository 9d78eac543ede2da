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
}

impl RateMeter {
    /// A segment joins. One shorter than `min_ticks` counts only towards the mean: RFC 8216 clause 4.1 measures the peak
    /// over at least half a target duration.
    pub(super) fn add(&mut self, sequence: u64, span: &Span, timescale: u32, min_ticks: u64) {
        self.bytes = self.bytes.saturating_add(u64::from(span.bytes));
        if span.is_missing() {
            return;
        }
        self.ticks = self.ticks.saturating_add(u64::from(span.duration));
        if u64::from(span.duration) >= min_ticks {
            let rate = bits_per_second(u64::from(span.bytes), u64::from(span.duration), timescale);
            while self.peaks.back().is_some_and(|(_, weaker)| *weaker <= rate) {
                self.peaks.pop_back();
            }
            self.peaks.push_back((sequence, rate));
        }
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
}
