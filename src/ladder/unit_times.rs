//! Times of the access units in a codec library that gives pictures out later, and in an order of its own.
//!
//! Each picture carries the `pts` of its access unit through the library as a tag: a number as small as it takes.

use crate::time::MediaTime;

/// Times by their tags.
pub(super) struct UnitTimes {
    times: [MediaTime; TIMES],
    fed: u64,
}

impl UnitTimes {
    pub(super) const fn new() -> Self {
        Self { times: [MediaTime::ZERO; TIMES], fed: 0 }
    }

    /// Notes the time of an access unit; the tag under which its picture comes back.
    pub(super) fn note(&mut self, pts: MediaTime) -> u64 {
        let tag = self.fed % TIMES as u64;
        if let Some(time) = self.times.get_mut(tag as usize) {
            *time = pts;
        }
        self.fed += 1;
        tag
    }

    /// The time of the access unit that was noted under `tag`.
    pub(super) fn time(&self, tag: u64) -> MediaTime {
        self.times.get(tag as usize % TIMES).copied().unwrap_or_default()
    }
}

/// Access units whose times are remembered: more than the 16 pictures that a decoder may hold back, with room to spare.
const TIMES: usize = 64;
