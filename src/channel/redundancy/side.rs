//! What one slot brought of a track lately, as far as it tells whether the other slot brings the same.

use std::collections::VecDeque;

use crate::{
    media::{AccessUnit, Track},
    time::{MediaDuration, MediaTime},
};

/// What one slot brought.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) track: Option<Track>,
    /// A session that is there has told it.
    pub(super) is_told: bool,
    pub(super) recent: VecDeque<Print>,
    pub(super) newest: Option<MediaTime>,
    /// A session came back and has not shown yet whether it goes on where it left off.
    pub(super) is_resuming: bool,
}

/// What is remembered of an access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Print {
    pub(super) dts: MediaTime,
    pub(super) len: usize,
    pub(super) ends: [u64; 2],
    /// Part of it was lost: it says nothing of what was sent.
    pub(super) is_damaged: bool,
}

impl Side {
    /// Access units per slot that are remembered: four seconds at 60 fps.
    const RECENT: usize = 256;
    /// A track whose newest access unit is that far from the newest picture of its slot is not brought at the moment.
    const LATELY: MediaDuration = MediaDuration::from_secs(4);

    pub(super) fn told(&self) -> Option<&Track> {
        self.track.as_ref().filter(|_| self.is_told)
    }

    /// Whether it is brought at the moment by a slot whose newest decode time is this.
    pub(super) fn is_near(&self, newest: Option<MediaTime>) -> bool {
        let span = |(ours, newest): (MediaTime, MediaTime)| ours.since(newest).flicks().saturating_abs();
        self.is_told && self.newest.zip(newest).is_some_and(|both| span(both) <= Self::LATELY.flicks())
    }

    pub(super) fn remember(&mut self, print: Print) {
        if self.recent.len() == Self::RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(print);
        self.newest = Some(print.dts);
    }

    /// Whether it brought the same access unit; `None` where it has not come so far or its memory does not reach back.
    pub(super) fn find(&self, print: &Print) -> Option<bool> {
        let reaches = self.recent.front()?.dts <= print.dts && print.dts <= self.newest?;
        let mut known = self.recent.iter().rev().filter(|known| known.dts == print.dts);
        reaches.then(|| known.any(|known| known.is_damaged || known == print))
    }

    /// Whether it brought another access unit at that instant or less than `half` a step beside it.
    pub(super) fn differs(&self, print: &Print, half: MediaDuration) -> bool {
        let is_near = |known: &Print| known.dts.since(print.dts).flicks().saturating_abs() <= half.flicks();
        self.recent.iter().rev().any(|known| is_near(known) && known != print && !known.is_damaged)
    }

    pub(super) fn before_newest(&self) -> Option<MediaTime> {
        self.recent.iter().rev().nth(1).map(|print| print.dts)
    }
}

impl Print {
    pub(super) fn of(unit: &AccessUnit) -> Self {
        let data = unit.data.as_ref();
        let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let ends = [word(data.first_chunk()), word(data.last_chunk())];
        Self { dts: unit.dts, len: data.len(), ends, is_damaged: unit.is_damaged }
    }
}
