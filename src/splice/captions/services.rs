//! Which caption services have been seen, and from when on.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    media::{CaptionService, Segment},
    time::MediaTime,
};

/// The caption services that were written so far; none is ever forgotten.
#[derive(Debug)]
pub(super) struct Services {
    /// Sorted.
    seen: Vec<CaptionService>,
    /// Those that came behind the newest segment that was asked about.
    newer: VecDeque<(MediaTime, CaptionService)>,
    told: Arc<[CaptionService]>,
}

impl Services {
    /// A service was written at `at`.
    pub(super) fn note(&mut self, service: CaptionService, at: MediaTime) {
        if let Err(place) = self.seen.binary_search(&service) {
            self.seen.insert(place, service);
            self.newer.push_back((at, service));
        }
    }

    /// Those that were seen up to the end of a segment. Ask in order.
    pub(super) fn in_segment(&mut self, segment: &Segment) -> &Arc<[CaptionService]> {
        let mut told = self.told.to_vec();
        while let Some((_, service)) = self.newer.pop_front_if(|(at, _)| *at < segment.end()) {
            told.push(service);
        }
        if told.len() > self.told.len() {
            told.sort_unstable();
            self.told = told.into();
        }
        &self.told
    }
}

impl Default for Services {
    fn default() -> Self {
        Self { seen: Vec::new(), newer: VecDeque::new(), told: Arc::from([]) }
    }
}
