//! How a fragment is cut from the access units that wait: at once, or chunk by chunk.

use bytes::Bytes;

use super::{Lane, Load};
use crate::{
    archive::SegmentFault,
    media::{AccessUnit, Body, PartSpan, Span},
    time::{MediaDuration, MediaTime},
    wire::mp4::{ChunkPlace, EventMessage, Sample, fragment_header},
};

/// What is cut out: a segment, or a part of one.
#[derive(Clone, Copy, Debug)]
pub(in crate::archive) struct Cut {
    /// Where the segment starts.
    pub(in crate::archive) start: MediaTime,
    /// Where this ends.
    pub(in crate::archive) end: MediaTime,
    /// Nothing was sealed before: what lies before it is what encoders prime themselves with.
    pub(in crate::archive) is_first: bool,
    /// Nothing follows: the last access unit has its nominal duration.
    pub(in crate::archive) is_last: bool,
    /// `sequence_number` of the chunk.
    pub(in crate::archive) number: u32,
}

/// What a rendition has of a segment.
pub(in crate::archive) struct Fragmented {
    pub(in crate::archive) span: Span,
    pub(in crate::archive) body: Body,
    /// Its last part.
    pub(in crate::archive) part: PartSpan,
    pub(in crate::archive) fault: Option<SegmentFault>,
}

/// A fragment of which something is cut.
#[derive(Debug)]
pub(super) struct Begun {
    /// Presentation time of its first access unit, and whether that is a random access point.
    first: (MediaTime, bool),
    /// From decode to presentation time there. Decode times are moved by so much, so that the first one equals the first
    /// presentation time: with a constant reordering delay fragments stay contiguous, offsets become negative instead of
    /// positive, and no edit list is needed.
    shift: MediaDuration,
    /// Tick in its name.
    start: u64,
    /// Decode time of the next chunk, in ticks.
    next: u64,
    /// What is cut: for each chunk a header and the access units.
    slices: Vec<Bytes>,
    bytes: u32,
    duration: u32,
}

impl Lane {
    /// Whether everything that is decoded before `end` has come, of a segment that starts at `start`.
    pub(in crate::archive) fn has_part(&self, start: MediaTime, end: MediaTime) -> bool {
        let first = || self.waiting.iter().find(|unit| unit.pts >= start).map(AccessUnit::composition_offset);
        let shift = self.begun.as_ref().map(|begun| begun.shift).or_else(first);
        shift.zip(self.newest_dts()).is_some_and(|(shift, dts)| dts.plus(shift) >= end)
    }

    /// A part of the first open segment: the access units that are decoded before its end.
    pub(in crate::archive) fn part(&mut self, cut: Cut, events: &[EventMessage]) -> (PartSpan, Body) {
        if self.begun.is_none() && self.is_awaited() {
            self.enter(cut);
            let first = self.waiting.front().filter(|unit| unit.pts < cut.end);
            self.begun = first.map(|unit| self.begin(unit, cut));
        }
        let Some(begun) = &self.begun else {
            return (PartSpan { fragment: self.tick(cut.start), ..PartSpan::default() }, Body::new());
        };
        let ends = |unit: &AccessUnit| unit.dts.plus(begun.shift) >= cut.end;
        let count = self.waiting.iter().position(ends).unwrap_or(self.waiting.len());
        let from = begun.slices.len();
        let part = self.chunk(cut, (count, false), events);
        let slices = self.begun.as_ref().and_then(|begun| begun.slices.get(from..)).unwrap_or_default();
        (part, Body::from(slices.to_vec()))
    }

    /// What is left of the first open segment, and with it the whole fragment, with these event messages at its beginning.
    pub(in crate::archive) fn cut(&mut self, cut: Cut, events: &[EventMessage]) -> Fragmented {
        self.loads.pop_front();
        self.loose = Load::default();
        let is_gone = self.begun.is_none() && {
            let before = self.enter(cut);
            self.is_away && !self.comes_back(cut, before > 0)
        };
        let count = self.waiting.iter().position(|unit| unit.pts >= cut.end).unwrap_or(self.waiting.len());
        if is_gone {
            self.drop_first(count);
            return self.nothing(cut);
        }
        if self.begun.is_none() {
            self.begun = self.waiting.front().filter(|_| count > 0).map(|unit| self.begin(unit, cut));
        }
        let part = self.chunk(cut, (count, true), events);
        let Some(begun) = self.begun.take() else { return self.nothing(cut) };
        let is_video = self.spec.format.is_video();
        let end = self.tick(cut.end);
        let duration = if is_video && !cut.is_last { ticks_between(begun.start, end) } else { begun.duration };
        let span = Span { start: begun.start, duration, bytes: begun.bytes };
        self.cut_to = Some(span.end());
        let (first, is_random_access) = begun.first;
        let is_aligned = !is_video || first == cut.start && is_random_access;
        let fault = SegmentFault::Misaligned { track: self.spec.id, start: cut.start, first, is_random_access };
        Fragmented { span, body: Body::from(begun.slices), part, fault: (!is_aligned).then_some(fault) }
    }

    /// Drops what lies before the segment; how many access units that were.
    fn enter(&mut self, cut: Cut) -> usize {
        let before = self.waiting.iter().take_while(|unit| unit.pts < cut.start).count();
        if cut.is_first {
            self.waiting.drain(..before);
        } else {
            self.drop_first(before);
        }
        before
    }

    fn begin(&self, first: &AccessUnit, cut: Cut) -> Begun {
        let decode_time = self.tick(first.pts);
        // A rung that starts late keeps the boundary in its name, as its neighbours do; its tfdt tells the truth.
        let start = if self.spec.format.is_video() { self.tick(cut.start) } else { decode_time };
        Begun {
            first: (first.pts, first.is_random_access),
            shift: first.composition_offset(),
            start,
            next: decode_time,
            slices: Vec::new(),
            bytes: 0,
            duration: 0,
        }
    }

    /// Adds the first `count` access units that wait to the fragment that is begun, as a chunk; `closes` where it is the last.
    fn chunk(&mut self, cut: Cut, (count, closes): (usize, bool), events: &[EventMessage]) -> PartSpan {
        let Some(mut begun) = self.begun.take() else { return PartSpan::default() };
        let mut part = PartSpan { fragment: begun.start, at: begun.bytes, ..PartSpan::default() };
        if count > 0 {
            self.describe(cut, (count, closes), begun.shift);
            let place = if begun.bytes == 0 { ChunkPlace::First(events) } else { ChunkPlace::Later };
            let header = fragment_header(&self.spec, cut.number, begun.next, &self.samples, place);
            part.is_independent = self.waiting.front().is_some_and(|unit| unit.is_random_access);
            part.duration = self.samples.iter().fold(0, |sum, sample| sum.saturating_add(sample.duration));
            let media = self.samples.iter().fold(0, |sum: u32, sample| sum.saturating_add(sample.size));
            part.bytes = media.saturating_add(u32::try_from(header.len()).unwrap_or(u32::MAX));
            begun.slices.reserve(count.saturating_add(1));
            begun.slices.push(header);
            begun.slices.extend(self.waiting.drain(..count).map(|unit| unit.data));
            begun.bytes = part.end();
            begun.duration = begun.duration.saturating_add(part.duration);
            begun.next = begun.next.saturating_add(u64::from(part.duration));
        }
        self.begun = Some(begun);
        part
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

    fn nothing(&mut self, cut: Cut) -> Fragmented {
        let start = self.tick(cut.start).max(self.cut_to.unwrap_or(0));
        let span = Span { start, duration: ticks_between(start, self.tick(cut.end)), bytes: 0 };
        self.cut_to = Some(span.end());
        let fault = Some(SegmentFault::Missing { track: self.spec.id, start: cut.start });
        let part = PartSpan { fragment: start, ..PartSpan::default() };
        Fragmented { span, body: Body::new(), part, fault }
    }

    /// Fills `samples` for the first `count` waiting access units, whose decode times are moved by `shift`. Where they close the
    /// fragment, the last one lasts to its end.
    fn describe(&mut self, cut: Cut, (count, closes): (usize, bool), shift: MediaDuration) {
        let ticks = |at: MediaTime| at.ticks(self.spec.timescale);
        let is_video = self.spec.format.is_video();
        self.samples.clear();
        self.samples.reserve(count);
        let mut units = self.waiting.iter().take(count.saturating_add(1)).peekable();
        let mut here = units.peek().map_or(0, |unit| ticks(unit.dts.plus(shift)));
        for left in (0..count).rev() {
            let Some(unit) = units.next() else { return };
            let next = match units.peek() {
                Some(next) if left > 0 || !closes => ticks(next.dts.plus(shift)),
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
}

fn ticks_between(from: u64, to: u64) -> u32 {
    u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX)
}
