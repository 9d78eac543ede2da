//! The bootstrap of one switching set, kept up incrementally: which fragments there are, and when.

use std::collections::VecDeque;

use bytes::Bytes;

use super::clock::wrapped;
use crate::{
    media::Body,
    package::rope::Rope,
    time::Timescale,
    wire::mp4::{BootstrapInfo, Discontinuity, FragmentRun, RunKind},
};

/// The fragments of one switching set, as runs of equal durations.
///
/// ```text
/// runs:   [ first ][ middle … middle ][ last ]
///          shrinks   never change: rope grows
/// ```
#[derive(Clone, Debug, Default)]
pub(super) struct Bootstrap {
    runs: VecDeque<Run>,
    middle: Rope,
    /// Entries of `middle`, and their bytes.
    entries: u32,
    bytes: usize,
    /// One run's bytes, kept for their memory.
    scratch: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    /// The number of its first fragment.
    first: u32,
    /// In milliseconds, as they are written.
    start: u32,
    duration: u32,
    count: u32,
    /// It does not go on where the one before ended, and so an entry says this first.
    gap: Option<FragmentRun>,
}

impl Bootstrap {
    /// A fragment joined, from `start` to `end` in milliseconds that do not go round.
    pub(super) fn append(&mut self, number: u32, start: u64, end: u64) {
        // An entry without a duration would be no run.
        let duration = u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX).max(1);
        let start = wrapped(start);
        let follows = self.runs.back().map(|last| (last.next() == number, last.end() == u64::from(start)));
        if let (Some((true, true)), Some(last)) = (follows, self.runs.back_mut())
            && last.duration == duration
        {
            last.count = last.count.saturating_add(1);
            return;
        }
        let gap = self.runs.back().and_then(|last| last.gap_before(follows));
        if self.runs.len() > 1
            && let Some(closed) = self.runs.back().copied()
        {
            let entries = self.write(closed);
            self.middle.push(&self.scratch);
            self.entries = self.entries.saturating_add(entries);
            self.bytes = self.bytes.saturating_add(self.scratch.len());
        }
        self.runs.push_back(Run { first: number, start, duration, count: 1, gap });
    }

    /// The fragment of this number leaves, where it is the oldest.
    pub(super) fn remove(&mut self, number: u32) {
        let Some(first) = self.runs.front_mut().filter(|first| first.first == number) else { return };
        first.first = first.first.saturating_add(1);
        first.start = first.start.wrapping_add(first.duration);
        first.count = first.count.saturating_sub(1);
        if first.count > 0 {
            return;
        }
        self.runs.pop_front();
        // The next run is the first now, and no longer in the middle; the last one never was.
        if self.runs.len() > 1
            && let Some(first) = self.runs.front().copied()
        {
            let entries = self.write(first);
            self.middle.advance(self.scratch.len());
            self.entries = self.entries.saturating_sub(entries);
            self.bytes = self.bytes.saturating_sub(self.scratch.len());
        }
        if let Some(first) = self.runs.front_mut() {
            first.gap = None;
        }
    }

    /// Whether it has no fragment.
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The box as it stands; `None` while there is no fragment.
    pub(super) fn render(&self, is_ended: bool) -> Option<Body> {
        let (first, last) = (self.runs.front()?, self.runs.back()?);
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        let mut entries = self.entries.saturating_add(first.write(&mut head));
        if self.runs.len() > 1 {
            entries = entries.saturating_add(last.write(&mut tail));
        }
        if is_ended {
            FragmentRun { first: 0, time: 0, kind: RunKind::Break(Discontinuity::End) }.write(&mut tail);
            entries = entries.saturating_add(1);
        }
        let newest = last.next().saturating_sub(1);
        let info = BootstrapInfo {
            version: newest.saturating_add(u32::from(is_ended)),
            is_live: !is_ended,
            timescale: Timescale::MILLIS.per_second(),
            media_time: last.end(),
            fragments: last.next().saturating_sub(first.first),
        };
        let bytes = head.len().saturating_add(self.bytes).saturating_add(tail.len());
        let mut parts = vec![info.head(entries, bytes), Bytes::from(head)];
        self.middle.share(&mut parts);
        parts.push(tail.into());
        Some(parts.into())
    }

    /// Writes a run into `scratch`; how many entries it is.
    fn write(&mut self, run: Run) -> u32 {
        self.scratch.clear();
        run.write(&mut self.scratch)
    }
}

impl Run {
    /// The number that comes next.
    const fn next(&self) -> u32 {
        self.first.saturating_add(self.count)
    }

    /// Where it ends. A run does not go on beyond 32 bits: there the times go round, which is a discontinuity.
    fn end(&self) -> u64 {
        u64::from(self.duration).saturating_mul(self.count.into()).saturating_add(self.start.into())
    }

    /// The entry before what comes next, by whether its number and its time follow.
    fn gap_before(&self, follows: Option<(bool, bool)>) -> Option<FragmentRun> {
        let discontinuity = match follows? {
            (true, true) => return None,
            (false, true) => Discontinuity::Numbers,
            (true, false) => Discontinuity::Times,
            (false, false) => Discontinuity::Both,
        };
        Some(FragmentRun { first: self.next(), time: self.end(), kind: RunKind::Break(discontinuity) })
    }

    /// Writes its entries; how many.
    fn write(&self, out: &mut Vec<u8>) -> u32 {
        self.gap.into_iter().for_each(|gap| gap.write(out));
        FragmentRun { first: self.first, time: self.start.into(), kind: RunKind::Equal(self.duration) }.write(out);
        1 + u32::from(self.gap.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::mp4::parse_bootstrap;

    fn read(bootstrap: &Bootstrap, is_ended: bool) -> (BootstrapInfo, Vec<FragmentRun>) {
        parse_bootstrap(&bootstrap.render(is_ended).unwrap().to_bytes())
    }

    const fn run(first: u32, time: u64, duration: u32) -> FragmentRun {
        FragmentRun { first, time, kind: RunKind::Equal(duration) }
    }

    const fn gap(first: u32, time: u64, discontinuity: Discontinuity) -> FragmentRun {
        FragmentRun { first, time, kind: RunKind::Break(discontinuity) }
    }

    #[test]
    fn a_day_of_equal_fragments_is_one_run_a20_5() {
        let mut bootstrap = Bootstrap::default();
        assert_eq!(bootstrap.render(false), None);
        for n in 1..=45_000u32 {
            bootstrap.append(n, u64::from(n) * 2002, u64::from(n + 1) * 2002);
        }
        (1..=1000).for_each(|n| bootstrap.remove(n));
        let (info, runs) = read(&bootstrap, false);
        assert_eq!(runs, [run(1001, 1001 * 2002, 2002)]);
        assert_eq!((info.fragments, info.media_time, info.version), (44_000, 45_001 * 2002, 45_000));
        assert!(info.is_live);
        let (info, runs) = read(&bootstrap, true);
        assert_eq!((info.is_live, info.version, runs.last()), (false, 45_001, Some(&gap(0, 0, Discontinuity::End))));
    }

    #[test]
    fn what_does_not_go_on_has_an_entry_of_its_own() {
        let mut bootstrap = Bootstrap::default();
        let spans = [(1, 0, 10), (2, 10, 20), (3, 20, 27), (4, 30, 40), (6, 40, 50), (9, 70, 80), (10, 80, 90)];
        spans.iter().for_each(|(n, start, end)| bootstrap.append(*n, *start, *end));
        let all = [
            run(1, 0, 10),
            run(3, 20, 7),
            gap(4, 27, Discontinuity::Times),
            run(4, 30, 10),
            gap(5, 40, Discontinuity::Numbers),
            run(6, 40, 10),
            gap(7, 50, Discontinuity::Both),
            run(9, 70, 10),
        ];
        assert_eq!(read(&bootstrap, false).1, all);
        assert_eq!(read(&bootstrap, false).0.fragments, 10);
        // One that is not the oldest, then those that are; before the first run nothing is missing.
        [5, 1, 2, 3].into_iter().for_each(|n| bootstrap.remove(n));
        assert_eq!(read(&bootstrap, false).1, all[3..]);
        [4, 6, 9].into_iter().for_each(|n| bootstrap.remove(n));
        assert_eq!(read(&bootstrap, false).1, [run(10, 80, 10)]);
        bootstrap.remove(10);
        assert!(bootstrap.is_empty());
    }

    #[test]
    fn times_go_round_after_49_days() {
        let (mut bootstrap, end) = (Bootstrap::default(), 1u64 << 32);
        for n in 0..4u32 {
            let start = end - 3000 + u64::from(n) * 2000;
            bootstrap.append(n + 1, start, start + 2000);
        }
        let over = gap(3, end + 1000, Discontinuity::Times);
        assert_eq!(read(&bootstrap, false).1, [run(1, end - 3000, 2000), over, run(3, 1000, 2000)]);
        assert_eq!(read(&bootstrap, false).0.media_time, 5000);
    }

    #[test]
    fn a_bootstrap_is_like_one_made_anew() {
        let span = |n: u64| {
            let start = n * 2000 + n / 7 % 5 * 11;
            (n as u32 + 1, start, start + 2000 - n % 13 / 12 * 3)
        };
        let mut bootstrap = Bootstrap::default();
        for n in 0..600u64 {
            // Every 50th is missing.
            let is_there = |n: &u64| n % 50 != 49;
            if is_there(&n) {
                let (number, start, end) = span(n);
                bootstrap.append(number, start, end);
            }
            let oldest = n.saturating_sub(90);
            if n >= 90 {
                bootstrap.remove(oldest as u32);
            }
            let mut anew = Bootstrap::default();
            (oldest..=n).filter(is_there).map(span).for_each(|(number, start, end)| anew.append(number, start, end));
            assert_eq!(read(&bootstrap, n % 2 == 0), read(&anew, n % 2 == 0), "{n}");
        }
    }
}
