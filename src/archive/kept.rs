//! What an asset keeps of its segments: those of its window, those that left it and that players may still ask for, and what
//! manifests must know of the ones that are gone.
//!
//! An asset that is written and an index that is read back go through the same steps, and so end in the same state.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    archive::{Timeline, TimelineError},
    media::{Presentation, Segment},
    time::{MediaDuration, MediaTime},
};

/// The segments of an asset.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    window: Option<MediaDuration>,
    timeline: Timeline,
    /// Out of the window, not yet gone: players may hold a playlist that lists them.
    lingering: VecDeque<Segment>,
    /// At the oldest that is kept, lingering ones counted.
    oldest: Trail,
    /// Behind the newest.
    newest: Trail,
    /// There was a segment, kept or gone.
    has_begun: bool,
}

/// What manifests must know of segments that are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trail {
    /// Discontinuities that came before.
    pub(super) discontinuities: u64,
    /// Where the period begins, as manifests with periods have it.
    pub(super) period: MediaTime,
}

/// What a push moved.
#[derive(Debug, Default)]
pub(super) struct Slid {
    /// The window begins with this sequence number now.
    pub(super) before: Option<u64>,
    /// Segments that nobody can ask for any more.
    pub(super) gone: Vec<Segment>,
}

impl Kept {
    /// Nothing, and nothing was before.
    pub(super) fn new(
        presentation: Arc<Presentation>,
        window: Option<MediaDuration>,
        segment_duration: MediaDuration,
    ) -> Self {
        let (timeline, lingering) = (Timeline::new(presentation, segment_duration), VecDeque::new());
        let trail = Trail::default();
        Self { window, timeline, lingering, oldest: trail, newest: trail, has_begun: false }
    }

    /// What was before is gone and left `trail`.
    pub(super) const fn go_on(&mut self, trail: Trail) {
        (self.oldest, self.newest, self.has_begun) = (trail, trail, true);
    }

    /// Adds a segment at the live edge and moves the window on.
    ///
    /// # Errors
    /// It does not follow the newest one, or the timeline has ended; nothing changed.
    pub(super) fn push(&mut self, segment: Segment) -> Result<Slid, TimelineError> {
        let (is_oldest, mut trail) = (self.timeline.last().is_none(), self.newest);
        if self.has_begun {
            trail.reach(&segment, self.timeline.presentation());
        }
        let is_discontinuous = segment.is_discontinuous;
        self.timeline.append(segment)?;
        if is_oldest {
            self.oldest = trail;
        }
        trail.pass(is_discontinuous);
        (self.newest, self.has_begun) = (trail, true);
        Ok(self.slide())
    }

    /// What its manifests show.
    pub(super) const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub(super) const fn timeline_mut(&mut self) -> &mut Timeline {
        &mut self.timeline
    }

    pub(super) const fn window(&self) -> Option<MediaDuration> {
        self.window
    }

    /// At the oldest segment that is kept.
    pub(super) const fn oldest(&self) -> Trail {
        self.oldest
    }

    /// Behind the newest segment; `None` where there never was one.
    pub(super) fn newest(&self) -> Option<Trail> {
        self.has_begun.then_some(self.newest)
    }

    /// Every segment that is kept, oldest first.
    pub(super) fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.lingering.iter().chain(self.timeline.segments())
    }

    /// Whether some are kept that left the window.
    pub(super) fn lingers(&self) -> bool {
        !self.lingering.is_empty()
    }

    fn slide(&mut self) -> Slid {
        let mut slid = Slid::default();
        let Some(window) = self.window else { return slid };
        let Some(before) = self.timeline.window_start(window) else { return slid };
        while let Some(segment) = self.timeline.trim(before) {
            self.lingering.push_back(segment);
            slid.before = Some(before);
        }
        let Some(edge) = self.timeline.last().map(Segment::end) else { return slid };
        let keep_from = edge.minus(window).minus(linger(window, self.timeline.segment_duration()));
        while let Some(gone) = self.lingering.pop_front_if(|segment| segment.end() <= keep_from) {
            self.oldest.pass(gone.is_discontinuous);
            if let Some(next) = self.lingering.front().or_else(|| self.timeline.first()) {
                self.oldest.reach(next, self.timeline.presentation());
            }
            slid.gone.push(gone);
        }
        slid
    }
}

impl Trail {
    /// Comes to a segment that is not the first of all.
    fn reach(&mut self, segment: &Segment, presentation: &Presentation) {
        if presentation.cues.periods && segment.is_splice() {
            self.period = segment.start;
        }
    }

    /// Leaves a segment behind.
    fn pass(&mut self, is_discontinuous: bool) {
        self.discontinuities = self.discontinuities.saturating_add(u64::from(is_discontinuous));
    }
}

/// How long a fragment stays in store after it left the window.
///
/// RFC 8216 clause 6.2.2 asks for the length of the longest playlist that lists it, plus a segment: nobody who plays near
/// the live edge needs more than a minute, and a DVR of a day is not kept twice for those who play at its far end.
pub(crate) fn linger(window: MediaDuration, segment_duration: MediaDuration) -> MediaDuration {
    window.min(MediaDuration::from_secs(60)).plus(segment_duration)
}
