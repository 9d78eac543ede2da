//! The fragments of one switching set as runs of equal durations, in XML and kept up incrementally: a `SegmentTimeline`
//! (ISO/IEC 23009-1 clause 5.3.9.6), or the chunks of a `StreamIndex` (MS-SSTR clause 2.2.2.6).

use std::{collections::VecDeque, fmt::Write as _};

use bytes::Bytes;

use super::rope::Rope;
use crate::media::Span;

/// How a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunForm {
    /// `<S t="…" d="…" r="…"/>`; `r` counts the segments after the first (A20.13).
    Segments,
    /// `<c t="…" d="…" r="…"/>`; `r` counts all of them (A20.13).
    Chunks,
    /// `<c t="…" d="…"/>` for each: Smooth Streaming 2.0 knows no runs (A20.2).
    SingleChunks,
}

/// Runs of segments of one switching set.
///
/// ```text
/// runs:   [ first ][ middle … middle ][ last ]
///          shrinks   never change: rope grows
/// ```
#[derive(Clone, Debug)]
pub(super) struct Runs {
    form: RunForm,
    /// Runs that are gone.
    passed: u64,
    runs: VecDeque<Run>,
    middle: Rope,
    scratch: String,
}

/// Where the runs began and ended at some time; the rest never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The place of the first run among all that ever were, and its start.
    first: (u64, u64),
    /// The place of the last one, and how many segments it had.
    last: (u64, u32),
}

/// What became of runs since a mark, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// So many elements are gone from the beginning.
    pub(super) removed: u64,
    /// Elements with another text, by their places, of which the first is one.
    pub(super) replaced: Vec<(u64, String)>,
    /// Elements at the end.
    pub(super) added: String,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    start: u64,
    duration: u32,
    count: u32,
    /// It does not start where the one before ended, and so it says where.
    has_start: bool,
}

impl Runs {
    pub(super) fn new(form: RunForm) -> Self {
        Self { form, passed: 0, runs: VecDeque::new(), middle: Rope::default(), scratch: String::new() }
    }

    /// A segment joined.
    pub(super) fn append(&mut self, span: Span) {
        if span.duration == 0 {
            return;
        }
        let joins = self.runs.back().map(|run| (run.end() == span.start, run.duration == span.duration));
        if let (Some((true, true)), Some(run)) = (joins, self.runs.back_mut())
            && self.form != RunForm::SingleChunks
        {
            run.count = run.count.saturating_add(1);
            return;
        }
        if self.runs.len() > 1
            && let Some(closed) = self.runs.back().copied()
        {
            self.write(closed);
            self.middle.push(&self.scratch);
        }
        let has_start = !joins.is_some_and(|(is_contiguous, _)| is_contiguous);
        self.runs.push_back(Run { start: span.start, duration: span.duration, count: 1, has_start });
    }

    /// The oldest segment leaves.
    pub(super) fn remove(&mut self, span: Span) {
        let Some(first) = self.runs.front_mut().filter(|_| span.duration > 0) else { return };
        first.start = first.start.saturating_add(u64::from(first.duration));
        first.count = first.count.saturating_sub(1);
        if first.count > 0 {
            return;
        }
        self.runs.pop_front();
        self.passed = self.passed.saturating_add(1);
        // The next run is the first now, and no longer in the middle; the last one never was.
        if self.runs.len() > 1
            && let Some(first) = self.runs.front().copied()
        {
            self.write(first);
            self.middle.advance(self.scratch.len());
        }
    }

    /// How they stand; `None` where there are none.
    pub(super) fn mark(&self) -> Option<Mark> {
        let (first, last) = (self.runs.front()?, self.runs.back()?);
        let behind = u64::try_from(self.runs.len()).ok()?.saturating_sub(1);
        Some(Mark { first: (self.passed, first.start), last: (self.passed.saturating_add(behind), last.count) })
    }

    /// What has changed since they stood so.
    pub(super) fn since(&self, mark: Mark) -> Changes {
        let text = |place: usize| {
            let mut text = String::new();
            self.runs
                .get(place)
                .into_iter()
                .for_each(|run| run.write(self.form, place == 0 || run.has_start, &mut text));
            text
        };
        // Places of what was there at the mark, and still is.
        let kept = (mark.last.0.saturating_add(1)).saturating_sub(self.passed);
        let kept = usize::try_from(kept).unwrap_or(usize::MAX).min(self.runs.len());
        let end = self.passed.min(mark.last.0.saturating_add(1));
        let removed = end.saturating_sub(mark.first.0);
        let has_other = |place: usize, run: &Run| {
            place == 0 && (removed > 0 || run.start != mark.first.1) || place + 1 == kept && run.count != mark.last.1
        };
        let both = [0, kept.saturating_sub(1)];
        let both = both.iter().copied().take(if kept > 1 { 2 } else { kept });
        let changed = both.filter(|place| self.runs.get(*place).is_some_and(|run| has_other(*place, run)));
        let replaced = changed.map(|place| (place as u64 + 1, text(place))).collect();
        let added = (kept..self.runs.len()).map(text).collect();
        Changes { removed, replaced, added }
    }

    /// Adds the element's content to `out`.
    pub(super) fn share(&self, out: &mut Vec<Bytes>) {
        let mut text = String::new();
        if let Some(first) = self.runs.front() {
            first.write(self.form, true, &mut text);
        }
        out.push(text.into());
        self.middle.share(out);
        if let Some(last) = self.runs.back().filter(|_| self.runs.len() > 1) {
            let mut text = String::new();
            last.write(self.form, last.has_start, &mut text);
            out.push(text.into());
        }
    }

    fn write(&mut self, run: Run) {
        self.scratch.clear();
        run.write(self.form, run.has_start, &mut self.scratch);
    }
}

impl Run {
    fn end(&self) -> u64 {
        self.start.saturating_add(u64::from(self.duration).saturating_mul(u64::from(self.count)))
    }

    fn write(&self, form: RunForm, has_start: bool, text: &mut String) {
        text.push_str(if form == RunForm::Segments { "<S" } else { "<c" });
        if has_start {
            let _ = write!(text, " t=\"{}\"", self.start);
        }
        let _ = write!(text, " d=\"{}\"", self.duration);
        let first = u32::from(form == RunForm::Segments);
        if self.count > 1 {
            let _ = write!(text, " r=\"{}\"", self.count.saturating_sub(first));
        }
        text.push_str("/>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(timeline: &Runs) -> String {
        let mut parts = Vec::new();
        timeline.share(&mut parts);
        String::from_utf8(parts.concat()).unwrap()
    }

    #[test]
    fn runs_collapse_and_shrink_from_the_front() {
        let mut timeline = Runs::new(RunForm::Segments);
        let mut at = 1000;
        let mut all = VecDeque::new();
        for duration in [10, 10, 10, 7, 10, 10, 8, 8, 9] {
            let span = Span { start: at, duration, bytes: 1 };
            all.push_back(span);
            timeline.append(span);
            at += u64::from(duration);
        }
        let late = Span { start: at + 5, duration: 9, bytes: 1 };
        timeline.append(late);
        let middle = "<S d=\"7\"/><S d=\"10\" r=\"1\"/><S d=\"8\" r=\"1\"/><S d=\"9\"/><S t=\"1087\" d=\"9\"/>";
        assert_eq!(text(&timeline), format!("<S t=\"1000\" d=\"10\" r=\"2\"/>{middle}"));
        (0..5).for_each(|_| timeline.remove(all.pop_front().unwrap()));
        assert_eq!(text(&timeline), "<S t=\"1047\" d=\"10\"/><S d=\"8\" r=\"1\"/><S d=\"9\"/><S t=\"1087\" d=\"9\"/>");
        (0..4).for_each(|_| timeline.remove(all.pop_front().unwrap()));
        assert_eq!(text(&timeline), "<S t=\"1087\" d=\"9\"/>");
        timeline.remove(late);
        assert_eq!(text(&timeline), "");
    }

    #[test]
    fn smooth_streaming_counts_all_of_a_run_or_writes_each_a20_13() {
        let written = |form| {
            let mut runs = Runs::new(form);
            [(0, 10), (10, 10), (20, 7), (30, 7), (37, 7)].into_iter().for_each(|(start, duration)| {
                runs.append(Span { start, duration, bytes: 1 });
            });
            runs.remove(Span { start: 0, duration: 10, bytes: 1 });
            text(&runs)
        };
        assert_eq!(written(RunForm::Chunks), "<c t=\"10\" d=\"10\"/><c d=\"7\"/><c t=\"30\" d=\"7\" r=\"2\"/>");
        let each = "<c t=\"10\" d=\"10\"/><c d=\"7\"/><c t=\"30\" d=\"7\"/><c d=\"7\"/>";
        assert_eq!(written(RunForm::SingleChunks), each);
    }
    #[test]
    fn changes_lead_from_what_was_to_what_is() {
        let mut runs = Runs::new(RunForm::Segments);
        let elements = |runs: &Runs| text(runs).split_inclusive("/>").map(String::from).collect::<Vec<_>>();
        let (mut all, mut at) = (VecDeque::new(), 1000);
        let mut seen = Vec::new();
        // Pseudo-random lengths, gaps and departures.
        for n in 0..400u64 {
            let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            at += if mixed % 7 == 0 { 3 } else { 0 };
            let span = Span { start: at, duration: [10, 10, 10, 8][(mixed % 4) as usize], bytes: 1 };
            at = span.end();
            runs.append(span);
            all.push_back(span);
            for _ in 0..(mixed % 3).min(all.len() as u64 - 1) {
                runs.remove(all.pop_front().unwrap());
            }
            seen.push((runs.mark().unwrap(), elements(&runs)));
            for (mark, before) in seen.iter().rev().take(20) {
                let changes = runs.since(*mark);
                let mut patched = before[changes.removed as usize..].to_vec();
                changes.replaced.iter().for_each(|(place, text)| patched[*place as usize - 1].clone_from(text));
                patched.extend(changes.added.split_inclusive("/>").map(String::from));
                assert_eq!(patched, elements(&runs), "{changes:?}");
            }
            let none = runs.since(runs.mark().unwrap());
            assert_eq!(none, Changes::default());
        }
    }
}
