//! What manifests must know of segments that are gone.

use crate::{
    media::{Presentation, Segment},
    time::MediaTime,
};

/// What the oldest segment of a timeline finds, those before it being gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Where the first segment of all started.
    pub began: MediaTime,
    /// Discontinuities that came before.
    pub discontinuities: u64,
    /// Where the period begins, as manifests with periods have it.
    pub period: MediaTime,
}

impl Past {
    /// At the first segment of all.
    pub(crate) const fn at(first: &Segment) -> Self {
        Self { began: first.start, discontinuities: 0, period: first.start }
    }

    /// Comes to a segment that is not the first of all.
    pub(crate) fn reach(&mut self, segment: &Segment, presentation: &Presentation) {
        if presentation.cues.periods && segment.is_splice() {
            self.period = segment.start;
        }
    }

    /// Leaves a segment behind.
    pub(crate) fn pass(&mut self, is_discontinuous: bool) {
        self.discontinuities = self.discontinuities.saturating_add(u64::from(is_discontinuous));
    }
}
