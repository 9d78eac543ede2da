//! Parts at the live edge: those of the segment that is not whole, and of the newest ones that are.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    archive::Loss,
    media::{Part, PartSpan},
};

/// What is known of parts. It is gone with the live edge: on demand there are whole segments only.
#[derive(Clone, Debug, Default)]
pub(super) struct Edge {
    open: Vec<Part>,
    /// The last one of the open segment. It shows with the segment: players would ask for one behind it.
    last: Option<Part>,
    closed: VecDeque<Arc<[Part]>>,
}

impl Edge {
    /// Whole segments whose parts are known. RFC 8216bis clause 6.2.2 lists those of three target durations; players have a
    /// while to ask for them.
    const SEGMENTS: usize = 16;
    /// Parts that a segment may have.
    const PARTS: usize = 256;

    /// Whether this comes next: the next part of the open segment, or the first one of another that takes its place.
    pub(super) fn fits(&self, part: &Part) -> bool {
        let held = usize::try_from(part.index).unwrap_or(usize::MAX);
        held < Self::PARTS && (held == 0 || held == self.open.len() && self.last.is_none())
    }

    pub(super) fn push(&mut self, part: Part) {
        if part.index == 0 {
            self.open.clear();
            self.last = None;
        }
        if part.is_last {
            self.last = Some(part);
        } else {
            self.open.push(part);
        }
    }

    /// A segment with this sequence number is whole.
    pub(super) fn close(&mut self, sequence: u64) {
        let mut parts = std::mem::take(&mut self.open);
        parts.extend(self.last.take());
        if parts.first().is_some_and(|first| first.sequence == sequence) {
            self.closed.push_back(parts.into());
        }
        while self.closed.len() > Self::SEGMENTS {
            self.closed.pop_front();
        }
    }

    /// Nothing follows: what is not whole never will be. Players may still ask for parts of what is.
    pub(super) fn end(&mut self) {
        self.open.clear();
        self.last = None;
    }

    /// A fragment of a whole segment is lost, and its parts with it.
    pub(super) fn lose(&mut self, loss: Loss) {
        self.closed.iter_mut().for_each(|parts| loss.mark_parts(parts));
    }

    pub(super) fn open(&self) -> &[Part] {
        &self.open
    }

    pub(super) fn of(&self, sequence: u64) -> &[Part] {
        let is_it = |parts: &&Arc<[Part]>| parts.first().is_some_and(|first| first.sequence == sequence);
        self.closed.iter().rev().find(is_it).map(|parts| &**parts).unwrap_or_default()
    }

    /// The parts of the fragment of the track at this position that starts at `ticks`.
    pub(super) fn find(&self, track: usize, ticks: u64) -> Option<&[Part]> {
        let is_it = |span: &PartSpan| span.fragment == ticks && !span.is_missing();
        let segments = std::iter::once(self.open()).chain(self.closed.iter().rev().map(|parts| &**parts));
        segments.into_iter().find(|parts| parts.iter().any(|part| part.spans.get(track).is_some_and(is_it)))
    }
}
