//! Whether a contribution that goes on coming is black, frozen or silent, since when, and what is done about it.
//!
//! ```text
//! pictures of the contribution ─► black since, frozen since ─┐
//! sound, a second behind ────────► silent since ──────────────┴─► the stage that acts, for each output frame
//! ```
//!
//! All spans are of media time, from the first such picture or sound, so what acts depends on the input alone.

use crate::{
    ladder::luma_grid::LumaGrid,
    media::Frame,
    time::{MediaDuration, MediaTime},
};

/// What is wrong with a contribution, in the order in which causes that act at once go before each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    Black,
    Frozen,
    Silence,
}

/// The stages of each cause, the earliest first; those without any are not watched.
#[derive(Clone, Debug, Default)]
pub(crate) struct WatchStages {
    pub(crate) black: Vec<WatchStage>,
    pub(crate) frozen: Vec<WatchStage>,
    pub(crate) silence: Vec<WatchStage>,
}

#[derive(Clone, Debug)]
pub(crate) struct WatchStage {
    /// Acts so long after its cause began.
    pub(crate) after: MediaDuration,
    /// Takes the place of the contribution's pictures; `None` leaves them.
    pub(crate) picture: Option<Frame>,
}

/// A stage that acts: its place in the list of its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acting {
    pub(crate) cause: Watched,
    pub(crate) stage: usize,
}

pub(crate) struct PictureWatch {
    stages: WatchStages,
    grid: LumaGrid,
    /// The first picture since the contribution came; `None` while there is none.
    began: Option<MediaTime>,
    black: Option<MediaTime>,
    /// The picture of the grid, and whether it was seen again.
    still: Option<(MediaTime, bool)>,
    acts: Option<Acting>,
}

impl WatchStages {
    fn of(&self, cause: Watched) -> &[WatchStage] {
        match cause {
            Watched::Black => &self.black,
            Watched::Frozen => &self.frozen,
            Watched::Silence => &self.silence,
        }
    }
}

impl PictureWatch {
    pub(crate) fn new(stages: WatchStages) -> Self {
        Self { stages, grid: LumaGrid::new(), began: None, black: None, still: None, acts: None }
    }

    /// Looks at the contribution's next picture, which is due at `at`.
    pub(crate) fn see(&mut self, picture: &Frame, at: MediaTime) {
        self.began.get_or_insert(at);
        if self.stages.black.is_empty() && self.stages.frozen.is_empty() {
            return;
        }
        let look = self.grid.look(picture);
        self.black = look.is_black.then(|| self.black.unwrap_or(at));
        let first = self.still.filter(|_| look.is_same).map_or(at, |(first, _)| first);
        self.still = Some((first, look.is_same));
    }

    /// Decides what acts in the frame of `at`, whether its picture came or is missing; the sound is silent since `quiet`.
    /// While no contribution is on air nothing changes.
    pub(crate) fn decide(&mut self, at: MediaTime, quiet: Option<MediaTime>) {
        let Some(began) = self.began else { return };
        let frozen = self.still.and_then(|(first, is_seen_again)| is_seen_again.then_some(first));
        let acting = [
            self.due(Watched::Black, self.black, at),
            self.due(Watched::Frozen, frozen, at),
            self.due(Watched::Silence, quiet.map(|quiet| quiet.max(began)), at),
        ];
        // What is only told hides nothing that shows.
        let showing = acting.into_iter().flatten().find(|acting| self.shows(*acting).is_some());
        self.acts = showing.or_else(|| acting.into_iter().flatten().next());
    }

    /// The contribution went, and nothing says yet what takes its place: what acts stays until something does, and pictures
    /// that come again are watched anew.
    pub(crate) fn pause(&mut self) {
        (self.began, self.black, self.still) = (None, None, None);
        self.grid.forget();
    }

    /// Something else has the contribution's place.
    pub(crate) fn stop(&mut self) {
        self.pause();
        self.acts = None;
    }

    /// The stage that acts.
    pub(crate) const fn acts(&self) -> Option<Acting> {
        self.acts
    }

    /// What it shows, where that is not the contribution's picture.
    pub(crate) fn picture(&self) -> Option<&Frame> {
        self.shows(self.acts?)
    }

    /// The last stage of a cause that is due at `at`.
    fn due(&self, cause: Watched, since: Option<MediaTime>, at: MediaTime) -> Option<Acting> {
        let lasts = at.since(since?);
        let due = self.stages.of(cause).partition_point(|stage| stage.after <= lasts);
        Some(Acting { cause, stage: due.checked_sub(1)? })
    }

    fn shows(&self, acting: Acting) -> Option<&Frame> {
        self.stages.of(acting.cause).get(acting.stage)?.picture.as_ref()
    }
}

#[cfg(test)]
mod tests;
