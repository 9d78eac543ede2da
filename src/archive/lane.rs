//! One rendition inside a segmenter: the access units that wait.

mod cut;

use std::collections::VecDeque;

pub(super) use cut::Cut;

use crate::{
    archive::{event_messages::event_messages, lane::cut::Begun},
    media::{AccessUnit, SegmentCue, TrackId, TrackSpec},
    time::{MediaDuration, MediaTime},
    wire::mp4::{EventMessage, Sample},
};

/// One rendition's access units, from the start of the first open segment on.
#[derive(Debug)]
pub(super) struct Lane {
    spec: TrackSpec,
    waiting: VecDeque<AccessUnit>,
    /// What waits for each open segment.
    loads: VecDeque<Load>,
    /// What waits before the first boundary is known.
    loose: Load,
    newest_dts: Option<MediaTime>,
    newest_pts: Option<MediaTime>,
    /// Where the last span ended, in ticks.
    cut_to: Option<u64>,
    /// What was cut of the first open segment.
    begun: Option<Begun>,
    /// Kept from cut to cut for its memory.
    samples: Vec<Sample>,
    /// It fell behind: it is not waited for and comes back with an IDR at a boundary.
    is_away: bool,
    /// It has something now and then: it is never waited for.
    is_sparse: bool,
    /// Access units that are in no segment and were not told yet.
    left_out: u64,
}

/// How much waits for one segment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    pub(super) bytes: usize,
    pub(super) units: usize,
}

impl Lane {
    pub(super) const fn new(spec: TrackSpec) -> Self {
        Self {
            spec,
            waiting: VecDeque::new(),
            loads: VecDeque::new(),
            loose: Load { bytes: 0, units: 0 },
            newest_dts: None,
            newest_pts: None,
            cut_to: None,
            begun: None,
            samples: Vec::new(),
            is_away: false,
            is_sparse: false,
            left_out: 0,
        }
    }

    pub(super) const fn id(&self) -> TrackId {
        self.spec.id
    }

    /// What its fragment of a segment with these cues carries of them.
    pub(super) fn events(&self, cues: &[SegmentCue], start: MediaTime, is_in_band: bool) -> Vec<EventMessage> {
        if is_in_band && self.spec.format.is_video() {
            event_messages(cues, start, self.spec.timescale)
        } else {
            Vec::new()
        }
    }

    pub(super) const fn newest_dts(&self) -> Option<MediaTime> {
        self.newest_dts
    }

    pub(super) const fn newest_pts(&self) -> Option<MediaTime> {
        self.newest_pts
    }

    /// Whether a segment waits for it.
    pub(super) const fn is_awaited(&self) -> bool {
        !self.is_away && !self.is_sparse
    }

    /// It does not keep up.
    pub(super) const fn leave(&mut self) {
        self.is_away = !self.is_sparse;
    }

    pub(super) const fn set_sparse(&mut self) {
        self.is_sparse = true;
    }

    /// Whether everything before `end` has come.
    pub(super) fn is_past(&self, end: MediaTime) -> bool {
        self.newest_pts.is_some_and(|pts| pts >= end)
    }

    /// What waits for the open segment at `slot`, or before the first.
    pub(super) fn load(&self, slot: Option<usize>) -> Load {
        slot.and_then(|slot| self.loads.get(slot)).copied().unwrap_or(self.loose)
    }

    /// A segment opens at `at`: what waits from there on counts towards it.
    pub(super) fn open(&mut self, at: MediaTime) {
        let mut moved = Load::default();
        for unit in self.waiting.iter().rev().take_while(|unit| unit.pts >= at) {
            moved.add(unit.data.len());
        }
        self.loads.back_mut().unwrap_or(&mut self.loose).remove(moved);
        self.loads.push_back(moved);
    }

    pub(super) fn push(&mut self, slot: Option<usize>, unit: AccessUnit) {
        let load = slot.and_then(|slot| self.loads.get_mut(slot)).unwrap_or(&mut self.loose);
        load.add(unit.data.len());
        self.newest_dts = Some(unit.dts);
        self.newest_pts = self.newest_pts.max(Some(unit.pts));
        self.waiting.push_back(unit);
    }

    /// Forgets what lies before `at`; the rest waits for the next boundary.
    pub(super) fn pause(&mut self, at: MediaTime) {
        let first = self.waiting.iter().position(|unit| unit.pts >= at).unwrap_or(self.waiting.len());
        self.drop_first(first);
        self.loads.clear();
        self.loose = Load::default();
        let sizes = self.waiting.iter().map(|unit| unit.data.len());
        sizes.for_each(|bytes| self.loose.add(bytes));
        self.cut_to = None;
    }

    /// Forgets everything; the next access unit may have any time.
    pub(super) fn clear(&mut self) {
        self.drop_first(self.waiting.len());
        self.loads.clear();
        self.loose = Load::default();
        (self.newest_dts, self.newest_pts, self.cut_to) = (None, None, None);
    }

    /// Access units that are in no segment.
    pub(super) const fn leave_out(&mut self, count: u64) {
        self.left_out = self.left_out.saturating_add(count);
    }

    /// Its id and what was left out of it since this was asked last, where there is any.
    pub(super) fn take_left_out(&mut self) -> Option<(TrackId, u64)> {
        let count = std::mem::take(&mut self.left_out);
        (count > 0).then_some((self.spec.id, count))
    }

    fn drop_first(&mut self, count: usize) {
        self.waiting.drain(..count);
        self.leave_out(count as u64);
    }

    fn nominal(&self, unit: &AccessUnit) -> MediaDuration {
        if unit.duration > MediaDuration::ZERO { unit.duration } else { self.spec.nominal_unit() }
    }

    /// Ticks since the epoch; what lies before it has no place in a file.
    fn tick(&self, at: MediaTime) -> u64 {
        u64::try_from(at.ticks(self.spec.timescale)).unwrap_or(0)
    }
}

impl Load {
    const fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.units = self.units.saturating_add(1);
    }

    const fn remove(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_sub(other.bytes);
        self.units = self.units.saturating_sub(other.units);
    }
}
