//! What manifests must know of segments that are gone.

use crate::{
    media::{Pack, Presentation, Segment},
    time::{FLICKS_PER_SECOND, MediaTime},
};

/// What the oldest segment of a timeline finds, those before it being gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// What presentation time counts from: the whole second in which the first segment of all started. dash.js takes whole seconds
    /// off the times of captions, whatever it takes off those of pictures.
    pub began: MediaTime,
    /// Discontinuities that came before.
    pub discontinuities: u64,
    /// Where the period begins, as manifests with periods have it.
    pub period: MediaTime,
    /// Where the segment before was; `None` at the first of all.
    pub pack: Option<Pack>,
}

impl Past {
    /// At the first segment of all.
    pub(crate) const fn at(first: &Segment) -> Self {
        let began = Self::whole_second(first.start);
        Self { began, discontinuities: 0, period: began, pack: None }
    }

    /// The whole second at or before `at`.
    pub(crate) const fn whole_second(at: MediaTime) -> MediaTime {
        let flicks = at.flicks();
        MediaTime::from_flicks(flicks.saturating_sub(flicks.rem_euclid(FLICKS_PER_SECOND)))
    }

    /// Comes to a segment that is not the first of all.
    pub(crate) fn reach(&mut self, segment: &Segment, presentation: &Presentation) {
        if presentation.cues.periods && segment.is_splice() {
            self.period = segment.start;
        }
    }

    /// Leaves a segment behind.
    pub(crate) fn pass(&mut self, segment: &Segment) {
        self.discontinuities = self.discontinuities.saturating_add(u64::from(segment.is_discontinuous));
        self.pack = Some(segment.pack);
    }
}
