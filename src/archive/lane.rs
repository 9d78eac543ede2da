//! One rendition inside a segmenter: access units that wait, and how a fragment is cut from them.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{
    archive::SegmentFault,
    media::{AccessUnit, Body, Span, TrackId, TrackSpec},
    time::{MediaDuration, MediaTime, Timescale},
    wire::mp4::{EventMessage, Sample, fragment_header},
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

/// The segment that is cut out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) start: MediaTime,
    pub(super) end: MediaTime,
    /// Nothing was sealed before: what lies before it is what encoders prime themselves with.
    pub(super) is_first: bool,
    /// Nothing follows: the last access unit has its nominal duration.
    pub(super) is_last: bool,
    /// The fragment's `sequence_number`.
    pub(super) number: u32,
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
            samples: Vec::new(),
            is_away: false,
            is_sparse: false,
            left_out: 0,
        }
    }

    pub(super) const fn id(&self) -> TrackId {
        self.spec.id
    }

    pub(super) fn timescale_of_video(&self) -> Option<Timescale> {
        self.spec.format.is_video().then_some(self.spec.timescale)
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
    pub(super) fn part(&mut self, at: MediaTime) {
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

    /// The fragment of the first open segment, with these event messages in it.
    pub(super) fn cut(&mut self, cut: Cut, events: &[EventMessage]) -> (Span, Body, Option<SegmentFault>) {
        self.loads.pop_front();
        self.loose = Load::default();
        let before = self.waiting.iter().take_while(|unit| unit.pts < cut.start).count();
        if cut.is_first {
            self.waiting.drain(..before);
        } else {
            self.drop_first(before);
        }
        let is_gone = self.is_away && !self.comes_back(cut, before > 0);
        let count = self.waiting.iter().position(|unit| unit.pts >= cut.end).unwrap_or(self.waiting.len());
        if is_gone {
            self.drop_first(count);
            return self.nothing(cut);
        }
        let Some((first_pts, is_random_access)) =
            self.waiting.front().filter(|_| count > 0).map(|unit| (unit.pts, unit.is_random_access))
        else {
            return self.nothing(cut);
        };
        let decode_time = self.tick(first_pts);
        self.describe(cut, count);
        let header = fragment_header(&self.spec, cut.number, decode_time, &self.samples, events);
        let duration = self.samples.iter().fold(0u32, |sum, sample| sum.saturating_add(sample.duration));
        let mut parts: Vec<Bytes> = Vec::with_capacity(count.saturating_add(1));
        parts.push(header);
        parts.extend(self.waiting.drain(..count).map(|unit| unit.data));
        let body = Body::from(parts);
        let bytes = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let is_video = self.spec.format.is_video();
        // A rung that starts late keeps the boundary in its name, as its neighbours do; its tfdt tells the truth.
        let start = if is_video { self.tick(cut.start) } else { decode_time };
        let duration = if is_video && !cut.is_last { ticks_between(start, self.tick(cut.end)) } else { duration };
        let span = Span { start, duration, bytes };
        self.cut_to = Some(span.end());
        let is_aligned = !is_video || first_pts == cut.start && is_random_access;
        let fault =
            SegmentFault::Misaligned { track: self.spec.id, start: cut.start, first: first_pts, is_random_access };
        (span, body, (!is_aligned).then_some(fault))
    }

    /// Whether a rendition that was away has the whole of this segment.
    ///
    /// A rung with its IDRs on the boundaries waits for one there. One whose IDRs lie elsewhere would wait for ever: it comes
    /// back with the first in a segment that it brought pictures for from the start on.
    fn comes_back(&mut self, cut: Cut, has_before: bool) -> bool {
        if !self.is_past(cut.end) {
            return false;
        }
        let Some(first) = self.waiting.front() else { return false };
        let spans = has_before || first.pts.since(cut.start) < self.spec.nominal_unit();
        let starts = |unit: &AccessUnit| unit.is_random_access && unit.pts < cut.end;
        let back = match self.waiting.iter().position(starts) {
            _ if !self.spec.format.is_video() => Some(0),
            Some(0) if first.pts == cut.start => Some(0),
            Some(idr) if spans => Some(idr),
            _ => None,
        };
        self.drop_first(back.unwrap_or(0));
        self.is_away = back.is_none();
        !self.is_away
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

    fn nothing(&mut self, cut: Cut) -> (Span, Body, Option<SegmentFault>) {
        let start = self.tick(cut.start).max(self.cut_to.unwrap_or(0));
        let span = Span { start, duration: ticks_between(start, self.tick(cut.end)), bytes: 0 };
        self.cut_to = Some(span.end());
        (span, Body::new(), Some(SegmentFault::Missing { track: self.spec.id, start: cut.start }))
    }

    /// Fills `samples` for the first `count` waiting access units.
    ///
    /// Decode times are moved so that the first one equals the first presentation time: with a constant reordering delay
    /// fragments stay contiguous, offsets become negative instead of positive, and no edit list is needed.
    fn describe(&mut self, cut: Cut, count: usize) {
        let shift = self.waiting.front().map_or(MediaDuration::ZERO, AccessUnit::composition_offset);
        let ticks = |at: MediaTime| at.ticks(self.spec.timescale);
        let is_video = self.spec.format.is_video();
        self.samples.clear();
        self.samples.reserve(count);
        let mut units = self.waiting.iter().take(count.saturating_add(1)).peekable();
        let mut here = units.peek().map_or(0, |unit| ticks(unit.dts.plus(shift)));
        for left in (0..count).rev() {
            let Some(unit) = units.next() else { return };
            let next = match units.peek() {
                Some(next) if left > 0 => ticks(next.dts.plus(shift)),
                _ if cut.is_last => {
                    let end = ticks(unit.dts.plus(shift).plus(self.nominal(unit)));
                    // What follows may begin a tick of its source's before that.
                    if is_video { end.min(ticks(cut.end)).max(here) } else { end }
                }
                _ if is_video => ticks(cut.end),
                // Timed text says how long it stands; what follows may come much later.
                _ if self.is_sparse && unit.duration > MediaDuration::ZERO => {
                    ticks(unit.dts.plus(shift).plus(unit.duration))
                }
                Some(next) => ticks(next.dts.min(cut.end.plus(self.nominal(unit)))),
                None => ticks(cut.end),
            };
            // Sound, and pictures that are not reordered: one division less.
            let shows = if unit.composition_offset() == shift { here } else { ticks(unit.pts) };
            self.samples.push(Sample {
                duration: u32::try_from(next.saturating_sub(here)).unwrap_or(if next < here { 0 } else { u32::MAX }),
                size: u32::try_from(unit.data.len()).unwrap_or(u32::MAX),
                composition_offset: i32::try_from(shows.saturating_sub(here)).unwrap_or(0),
                is_sync: unit.is_random_access,
            });
            here = next;
        }
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

fn ticks_between(from: u64, to: u64) -> u32 {
    u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX)
}
