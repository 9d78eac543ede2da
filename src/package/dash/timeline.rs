//! The text of one `SegmentTimeline` (ISO/IEC 23009-1 clause 5.3.9.6): runs of equal durations, kept up incrementally.

use std::{collections::VecDeque, fmt::Write as _};

use bytes::Bytes;

use crate::{media::Span, package::rope::Rope};

/// Runs of segments of one switching set.
///
/// ```text
/// runs:   [ first ][ middle … middle ][ last ]
///          shrinks   never change: rope grows
/// ```
#[derive(Clone, Debug, Default)]
pub(super) struct SegmentTimeline {
    runs: VecDeque<Run>,
    middle: Rope,
    scratch: String,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    start: u64,
    duration: u32,
    count: u32,
    /// It does not start where the one before ended, and so it says where.
    has_start: bool,
}

impl SegmentTimeline {
    pub(super) fn append(&mut self, span: Span) {
        if span.duration == 0 {
            return;
        }
        let joins = self.runs.back().map(|run| (run.end() == span.start, run.duration == span.duration));
        if let (Some((true, true)), Some(run)) = (joins, self.runs.back_mut()) {
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
        // The next run is the first now, and no longer in the middle; the last one never was.
        if self.runs.len() > 1
            && let Some(first) = self.runs.front().copied()
        {
            self.write(first);
            self.middle.advance(self.scratch.len());
        }
    }

    /// Adds the element's content to `out`.
    pub(super) fn share(&self, out: &mut Vec<Bytes>) {
        let mut text = String::new();
        if let Some(first) = self.runs.front() {
            first.write(true, &mut text);
        }
        out.push(text.into());
        self.middle.share(out);
        if let Some(last) = self.runs.back().filter(|_| self.runs.len() > 1) {
            let mut text = String::new();
            last.write(last.has_start, &mut text);
            out.push(text.into());
        }
    }

    fn write(&mut self, run: Run) {
        self.scratch.clear();
        run.write(run.has_start, &mut self.scratch);
    }
}

impl Run {
    fn end(&self) -> u64 {
        self.start.saturating_add(u64::from(self.duration).saturating_mul(u64::from(self.count)))
    }

    fn write(&self, has_start: bool, text: &mut String) {
        text.push_str("<S");
        if has_start {
            let _ = write!(text, " t=\"{}\"", self.start);
        }
        let _ = write!(text, " d=\"{}\"", self.duration);
        // A20.13: here r counts the segments after the first.
        if self.count > 1 {
            let _ = write!(text, " r=\"{}\"", self.count.saturating_sub(1));
        }
        text.push_str("/>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(timeline: &SegmentTimeline) -> String {
        let mut parts = Vec::new();
        timeline.share(&mut parts);
        String::from_utf8(parts.concat()).unwrap()
    }

    #[test]
    fn runs_collapse_and_shrink_from_the_front() {
        let mut timeline = SegmentTimeline::default();
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
}
