//! What an asset keeps of its segments: those of its window, those that left it and that players may still ask for, and what
//! manifests must know of the ones that are gone.
//!
//! An asset that is written and an index that is read back go through the same steps, and so end in the same state.

mod losses;

use std::{collections::VecDeque, sync::Arc};

use crate::{
    archive::{AssetConfig, Timeline, TimelineError},
    media::{Past, Presentation, Segment},
    time::MediaDuration,
};

/// The segments of an asset.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    config: AssetConfig,
    timeline: Timeline,
    /// Out of the window, not yet gone: players may hold a playlist that lists them.
    lingering: VecDeque<Segment>,
    /// At the oldest that is kept, lingering ones counted; `None` before the first segment of all.
    oldest: Option<Past>,
    /// Behind the newest.
    newest: Option<Past>,
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
    pub(super) fn new(presentation: Arc<Presentation>, config: AssetConfig) -> Self {
        let timeline = Timeline::new(presentation, config.segment_duration);
        Self { config, timeline, lingering: VecDeque::new(), oldest: None, newest: None }
    }

    /// What was before is gone.
    pub(super) const fn go_on(&mut self, past: Past) {
        (self.oldest, self.newest) = (Some(past), Some(past));
        self.timeline.go_on(past);
    }

    /// Adds a segment at the live edge and moves the window on.
    ///
    /// # Errors
    /// It does not follow the newest one, or the timeline has ended; nothing changed.
    pub(super) fn push(&mut self, segment: Segment) -> Result<Slid, TimelineError> {
        let (is_oldest, mut past) = (self.timeline.last().is_none(), self.newest.unwrap_or(Past::at(&segment)));
        if self.newest.is_some() {
            past.reach(&segment, self.timeline.presentation());
        }
        self.timeline.append(segment)?;
        if is_oldest {
            self.oldest = Some(past);
        }
        self.timeline.last().into_iter().for_each(|newest| past.pass(newest));
        self.newest = Some(past);
        Ok(self.slide())
    }

    /// What its manifests show.
    pub(super) const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub(super) const fn timeline_mut(&mut self) -> &mut Timeline {
        &mut self.timeline
    }

    pub(super) const fn config(&self) -> AssetConfig {
        self.config
    }

    /// At the oldest segment that is kept.
    pub(super) const fn oldest(&self) -> Option<Past> {
        self.oldest
    }

    /// Behind the newest segment; `None` where there never was one.
    pub(super) const fn newest(&self) -> Option<Past> {
        self.newest
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
        let Some(window) = self.config.window else { return slid };
        let Some(before) = self.timeline.window_start(window) else { return slid };
        while let Some(segment) = self.timeline.trim(before) {
            self.lingering.push_back(segment);
            slid.before = Some(before);
        }
        let Some(edge) = self.timeline.last().map(Segment::end) else { return slid };
        let keep_from = edge.minus(window).minus(linger(window, self.timeline.longest_pack()));
        while let Some(gone) = self.lingering.pop_front_if(|segment| segment.end() <= keep_from) {
            if let Some(oldest) = &mut self.oldest {
                oldest.pass(&gone);
                if let Some(next) = self.lingering.front().or_else(|| self.timeline.first()) {
                    oldest.reach(next, self.timeline.presentation());
                }
            }
            slid.gone.push(gone);
        }
        slid
    }
}

/// How long a fragment stays in store after it left the window.
///
/// RFC 8216 clause 6.2.2 asks for the length of the longest playlist that lists it, plus a segment: nobody who plays near
/// the live edge needs more than a minute, and a DVR of a day is not kept twice for those who play at its far end.
pub(crate) fn linger(window: MediaDuration, longest: MediaDuration) -> MediaDuration {
    window.min(MediaDuration::from_secs(60)).plus(longest)
}
