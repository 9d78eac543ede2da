//! What waits until the tracks of a contribution are known.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    channel::{PassThrough, relay::Trouble},
    error::LimitError,
    media::{AccessUnit, Track, TrackId},
    time::{MediaDuration, MediaTime, Now},
};

/// The access units of all tracks from their first IDR on, and what they say of their tracks.
#[derive(Debug, Default)]
pub(super) struct Settling {
    waiting: VecDeque<AccessUnit>,
    bytes: usize,
    is_full: bool,
    /// When the first access unit came.
    pub(super) began: Option<Now>,
    pub(super) seen: BTreeMap<TrackId, Seen>,
}

/// What was seen of one track.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    is_video: bool,
    is_text: bool,
    declared: u32,
    bytes: u64,
    newest: MediaTime,
    newest_dts: Option<MediaTime>,
    /// The first two random access points.
    pub(super) idrs: Vec<MediaTime>,
    /// Shortest step of decode time.
    pub(super) step: Option<MediaDuration>,
}

impl Settling {
    /// Access units that may wait.
    const UNITS: usize = 40_000;
    /// A track that is this far behind the others is not waited for.
    const LAG: MediaDuration = MediaDuration::from_secs(1);

    /// Takes an access unit; pictures before their track's first IDR are dropped.
    pub(super) fn push(&mut self, track: &Track, unit: AccessUnit, now: Now, most: usize, out: &mut VecDeque<Trouble>) {
        self.began.get_or_insert(now);
        let seen = self.seen.entry(unit.track).or_default();
        seen.is_video = track.format.is_video();
        seen.is_text = !seen.is_video && !track.format.is_audio();
        seen.declared = track.bitrate;
        if seen.is_video && seen.idrs.is_empty() && !unit.is_random_access {
            out.push_back(Trouble::dropped(unit.track, 1, "before the first IDR"));
            return;
        }
        let asked = self.bytes.saturating_add(unit.data.len());
        if asked > most || self.waiting.len() >= Self::UNITS {
            self.is_full = true;
            let (ceiling, asked) = (most as u64, asked as u64);
            let limit = LimitError { what: "bytes that wait for the tracks to settle", ceiling, asked };
            out.push_back(Trouble::of(unit.track, limit.into()));
            if self.start().is_none() {
                *self = Self { began: self.began, ..Self::default() };
            }
            return;
        }
        if unit.is_random_access && seen.idrs.len() < 2 {
            seen.idrs.push(unit.pts);
        }
        let step = seen.newest_dts.map(|newest| unit.dts.since(newest)).filter(|step| *step > MediaDuration::ZERO);
        seen.step = seen.step.into_iter().chain(step).min();
        seen.newest_dts = Some(unit.dts);
        seen.newest = if seen.bytes == 0 { unit.pts } else { seen.newest.max(unit.pts) };
        seen.bytes = seen.bytes.saturating_add(unit.data.len() as u64).max(1);
        self.bytes = asked;
        self.waiting.push_back(unit);
    }

    /// Whether the tracks are known, as far as they can be.
    pub(super) fn is_done(&self, config: &PassThrough) -> bool {
        let Some(start) = self.start() else { return false };
        let timed = || self.seen.values().filter(|seen| !seen.is_text && seen.bytes > 0);
        let newest = timed().map(|seen| seen.newest).max().unwrap_or(start);
        let end = start.plus(config.settle);
        let all_are_past = timed().all(|seen| seen.newest >= end) || newest >= end.plus(Self::LAG);
        let reference = self.reference().and_then(|id| self.seen.get(&id));
        let knows_gop = reference.is_some_and(|seen| seen.idrs.len() >= 2);
        self.is_full || all_are_past && (knows_gop || newest >= start.plus(PassThrough::LONGEST_SETTLE))
    }

    /// What waits, by decode time: a session may have been seconds ahead of the others. The order within a track stays.
    pub(super) fn into_units(self) -> impl Iterator<Item = AccessUnit> {
        let mut tracks: BTreeMap<TrackId, VecDeque<AccessUnit>> = BTreeMap::new();
        for unit in self.waiting {
            tracks.entry(unit.track).or_default().push_back(unit);
        }
        std::iter::from_fn(move || {
            let fronts = tracks.values_mut().filter(|units| !units.is_empty());
            fronts.min_by_key(|units| units.front().map(|unit| unit.dts))?.pop_front()
        })
    }

    /// The first IDR of all.
    pub(super) fn start(&self) -> Option<MediaTime> {
        self.videos().filter_map(|(_, seen)| seen.idrs.first().copied()).min()
    }

    /// The video track with most bits per second.
    pub(super) fn reference(&self) -> Option<TrackId> {
        self.videos().max_by_key(|(id, seen)| (seen.declared, seen.bytes, std::cmp::Reverse(**id))).map(|(id, _)| *id)
    }

    /// Bits per second of a track over the settling time.
    pub(super) fn bitrate(&self, track: TrackId, settle: MediaDuration) -> u32 {
        let Some(start) = self.start() else { return 0 };
        let newest = self.seen.get(&track).map_or(start, |seen| seen.newest);
        // A span that does not depend on which track's access units came first.
        let end = if settle >= MediaDuration::from_millis(500) { start.plus(settle) } else { newest };
        let is_in = |unit: &&AccessUnit| unit.track == track && unit.pts >= start && unit.pts < end;
        let bits: u128 = self.waiting.iter().filter(is_in).map(|unit| unit.data.len() as u128 * 8).sum();
        let span = u128::try_from(end.since(start).flicks()).unwrap_or(0).max(1);
        u32::try_from(bits * crate::time::FLICKS_PER_SECOND as u128 / span).unwrap_or(u32::MAX)
    }

    fn videos(&self) -> impl Iterator<Item = (&TrackId, &Seen)> {
        self.seen.iter().filter(|(_, seen)| seen.is_video && !seen.idrs.is_empty())
    }
}
