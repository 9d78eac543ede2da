//! Which stage of the loss policy acts in each frame whose picture is made: the one source of truth.

use std::collections::VecDeque;

use crate::{
    ladder::{Acting, Watched},
    splice::{Loss, LossCause, LossPolicy},
    time::MediaTime,
};

pub(super) struct Losses {
    policy: LossPolicy,
    acts: Option<Loss>,
    changes: VecDeque<(Option<Loss>, MediaTime)>,
}

impl Losses {
    pub(super) const fn new(policy: LossPolicy) -> Self {
        Self { policy, acts: None, changes: VecDeque::new() }
    }

    /// Takes the next frame: the stage that acts because the contribution is lost, and the one because of what it is like.
    pub(super) fn take(&mut self, at: MediaTime, lost: Option<Loss>, watched: Option<Acting>) {
        let acts = lost.or_else(|| watched.and_then(|Acting { cause, stage }| self.policy.loss(cause.into(), stage)));
        if self.acts != acts {
            self.acts = acts;
            self.changes.push_back((acts, at));
        }
    }

    /// The stage that acts in the newest frame.
    pub(super) const fn acts(&self) -> Option<Loss> {
        self.acts
    }

    /// The next change, and the first frame of it.
    pub(super) fn pull(&mut self) -> Option<(Option<Loss>, MediaTime)> {
        self.changes.pop_front()
    }
}

impl From<Watched> for LossCause {
    fn from(cause: Watched) -> Self {
        match cause {
            Watched::Black => Self::Black,
            Watched::Frozen => Self::Frozen,
            Watched::Silence => Self::Silence,
        }
    }
}
