//! Cuts the access units of all renditions into segments on the same boundaries (SPECS: CMAF clause 7.3.4, aligned
//! switching sets).
//!
//! ```text
//!            boundary k          boundary k+1
//! video  ────┤IDR  P  P  P  P  P ├IDR  P …         a picture belongs where its PTS lies
//! audio  ──┤   ├   │   │   │   ├──┤   ├ …          a frame belongs where it starts, and may end after the boundary
//! ```
//!
//! A segment is whole when every rendition has shown an access unit at or after its end. What comes out depends on the
//! access units and the boundaries only, not on how the renditions are interleaved. Where it is [cut into
//! parts](Segmenter::cut_parts), each is a chunk of its fragment, and comes out as soon as every rendition has the whole of it.

mod parts;

use std::{collections::VecDeque, sync::Arc};

use crate::{
    archive::{
        SealedSegment, SegmenterError,
        lane::{Cut, Lane},
        segmenter::parts::Parts,
    },
    error::LimitError,
    media::{AccessUnit, Pack, Segment, SegmentCue, TrackId, TrackSpec},
    time::{MediaDuration, MediaTime},
};

/// Cuts the access units of all renditions into segments; push until a segment is whole, pull until `None`.
#[derive(Debug)]
pub struct Segmenter {
    lanes: Vec<Lane>,
    limits: SegmenterLimits,
    /// Starts of the segments that are not sealed, in order.
    open: VecDeque<MediaTime>,
    /// Cues of those that have any.
    cues: VecDeque<(MediaTime, Arc<[SegmentCue]>)>,
    /// Fragments of video carry them, too.
    is_in_band: bool,
    /// Sealed by `finish`, not yet pulled.
    ready: VecDeque<SealedSegment>,
    next_sequence: u64,
    /// End of the newest sealed segment that holds anything.
    sealed_to: Option<MediaTime>,
    /// No boundary may come before this.
    not_before: Option<MediaTime>,
    /// Nothing was sealed since the start or the last `finish`: what an encoder primes itself with may lie before.
    is_fresh: bool,
    /// Segments that may be complete in time and wait for a rendition; `None` waits for ever.
    patience: Option<usize>,
    /// How far renditions must be past a segment's end.
    linger: MediaDuration,
    /// How segments are cut into parts; `None` where they are not.
    parts: Option<Parts>,
}

/// How much a segmenter holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmenterLimits {
    /// Bytes of access units in one fragment, 32 MiB.
    pub fragment_bytes: usize,
    /// Access units in one fragment, 19 200.
    pub fragment_units: usize,
    /// Segments that are begun and not yet whole in every rendition, 8.
    pub open_segments: usize,
}

impl Segmenter {
    /// A segmenter for these renditions; its first segment has sequence number 0.
    #[must_use]
    pub fn new(tracks: Vec<TrackSpec>, limits: SegmenterLimits) -> Self {
        Self {
            lanes: tracks.into_iter().map(Lane::new).collect(),
            limits,
            open: VecDeque::new(),
            cues: VecDeque::new(),
            is_in_band: false,
            ready: VecDeque::new(),
            next_sequence: 0,
            sealed_to: None,
            not_before: None,
            is_fresh: true,
            patience: None,
            linger: MediaDuration::ZERO,
            parts: None,
        }
    }

    /// Announces that a segment starts at `at` and the one before ends there: every rung has an IDR exactly there. May
    /// come before or after the access units around it.
    ///
    /// # Errors
    /// Not after the last boundary, within a part that was given out, or too many segments are open.
    pub fn boundary(&mut self, at: MediaTime) -> Result<(), SegmenterError> {
        let last = self.open.back().copied();
        let not_before = self.not_before.max(self.parted_to());
        if let Some(last) = last.filter(|last| at <= *last).or(not_before.filter(|last| at < *last)) {
            return Err(SegmenterError::BoundaryOrder { at, last });
        }
        let asked = self.open.len().saturating_add(1);
        check("open segments", self.limits.open_segments, asked)?;
        self.open.push_back(at);
        self.parts.iter_mut().for_each(Parts::open);
        self.lanes.iter_mut().for_each(|lane| lane.open(at));
        Ok(())
    }

    /// The same, of a segment that has to do with these cues.
    ///
    /// # Errors
    /// As for [`boundary`](Self::boundary).
    pub fn cue_boundary(&mut self, at: MediaTime, cues: Arc<[SegmentCue]>) -> Result<(), SegmenterError> {
        self.boundary(at)?;
        if !cues.is_empty() {
            self.cues.push_back((at, cues));
        }
        Ok(())
    }

    /// From here on the fragments of every video rendition carry the cues of their segment as event messages.
    pub const fn tell_in_band(&mut self) {
        self.is_in_band = true;
    }

    /// Takes the next access unit of a track, in decode order within the track. What lies before the very first boundary
    /// is dropped without complaint: encoders prime themselves with it. What has no place in any segment later on is counted
    /// for [`pull_left_out`](Self::pull_left_out).
    ///
    /// # Errors
    /// The unit is refused and dropped; the rest goes on.
    pub fn push(&mut self, track: TrackId, unit: AccessUnit) -> Result<(), SegmenterError> {
        let lane = self.lanes.iter_mut().find(|lane| lane.id() == track).ok_or(SegmenterError::UnknownTrack(track))?;
        if let Some(last) = lane.newest_dts().filter(|last| unit.dts <= *last) {
            return Err(SegmenterError::UnitOrder { track, dts: unit.dts, last });
        }
        // A picture that shows before the IDR and decodes after it belongs to the IDR's segment.
        let place = lane.newest_pts().max(Some(unit.pts)).unwrap_or(unit.pts);
        if self.open.front().is_some_and(|start| place < *start) {
            if !self.is_fresh {
                return Err(SegmenterError::Late { track, pts: unit.pts });
            }
            lane.leave_out(u64::from(self.sealed_to.is_some()));
            return Ok(());
        }
        let slot = self.open.iter().rposition(|start| place >= *start);
        let load = lane.load(slot);
        check("bytes in a fragment", self.limits.fragment_bytes, load.bytes.saturating_add(unit.data.len()))?;
        check("access units in a fragment", self.limits.fragment_units, load.units.saturating_add(1))?;
        lane.push(slot, unit);
        Ok(())
    }

    /// The next segment that is whole in every rendition, in order.
    #[must_use]
    pub fn pull(&mut self) -> Option<SealedSegment> {
        loop {
            if let Some(sealed) = self.ready.pop_front() {
                return Some(sealed);
            }
            let end = *self.open.get(1)?;
            let is_whole = self.lanes.iter().all(|lane| !lane.is_awaited() || lane.is_past(end.plus(self.linger)));
            let closed = self.open.len().saturating_sub(1);
            if !is_whole && self.patience.is_none_or(|patience| closed <= patience) {
                return None;
            }
            self.lanes.iter_mut().filter(|lane| !is_whole && !lane.is_past(end)).for_each(Lane::leave);
            self.seal(end, false);
        }
    }

    /// A track of which access units were taken that are in no segment, and how many since this was asked last.
    #[must_use]
    pub fn pull_left_out(&mut self) -> Option<(TrackId, u64)> {
        self.lanes.iter_mut().find_map(Lane::take_left_out)
    }

    /// From here on no rendition is waited for once more than `closed_segments` are complete in time: it misses in them
    /// and comes back with an IDR at a boundary. Renditions in `sparse` are never waited for, and so the others wait for
    /// `linger` of media time more where there are any.
    pub fn set_patience(&mut self, closed_segments: usize, sparse: &[TrackId], linger: MediaDuration) {
        self.patience = Some(closed_segments);
        let mut any = false;
        for lane in self.lanes.iter_mut().filter(|lane| sparse.contains(&lane.id())) {
            lane.set_sparse();
            any = true;
        }
        self.linger = if any { linger } else { MediaDuration::ZERO };
    }

    /// Ends the open segment at `at`, as [`finish`](Self::finish) does, and keeps what lies at or after `at` for the next
    /// boundary: time went on without a gap in decode order, and nothing came for a while.
    pub fn pause(&mut self, at: MediaTime) {
        let at = self.end(at);
        self.lanes.iter_mut().for_each(|lane| lane.pause(at));
    }

    /// Ends the open segment at `at`: whatever has come is all there is, and what lies at or after `at` is dropped. The
    /// next boundary starts anew, with a discontinuity where it is not at `at`.
    pub fn finish(&mut self, at: MediaTime) {
        self.end(at);
        self.lanes.iter_mut().for_each(Lane::clear);
    }

    /// Where that is, then: no part that was given out is taken back.
    fn end(&mut self, at: MediaTime) -> MediaTime {
        let at = self.parted_to().map_or(at, |to| to.max(at));
        while self.open.back().is_some_and(|start| *start >= at) {
            self.open.pop_back();
            self.parts.iter_mut().for_each(Parts::cancel);
        }
        while self.cues.back().is_some_and(|(start, _)| *start >= at) {
            self.cues.pop_back();
        }
        while !self.open.is_empty() {
            let end = self.open.get(1).copied().unwrap_or(at);
            self.seal(end, self.open.len() == 1);
        }
        self.not_before = self.not_before.max(Some(at));
        self.is_fresh = true;
        at
    }

    /// Whether a segment that starts there does not start where the newest one ended.
    fn is_discontinuous(&self, start: MediaTime) -> bool {
        self.sealed_to.is_some_and(|to| to != start)
    }

    /// Takes the first open segment, which ends at `end`, out of every lane.
    fn seal(&mut self, end: MediaTime, is_last: bool) {
        let mut parts = self.due_parts(end);
        let Some(start) = self.open.pop_front() else { return };
        self.parts.iter_mut().for_each(Parts::close);
        self.is_fresh = false;
        let cut = Cut { start, end, is_first: self.sealed_to.is_none(), is_last, number: self.number() };
        let cues = self.cues.pop_front_if(|(at, _)| *at == start).map(|(_, cues)| cues).unwrap_or_default();
        let (mut spans, mut last, mut fragments, mut faults) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for lane in &mut self.lanes {
            let fragmented = lane.cut(cut, &lane.events(&cues, start, self.is_in_band));
            spans.push(fragmented.span);
            last.push(fragmented.part);
            fragments.push(fragmented.body);
            faults.extend(fragmented.fault);
        }
        let closing = self.close_parts(start, &cues, last);
        if spans.iter().all(crate::media::Span::is_missing) {
            return;
        }
        parts.extend(closing);
        let is_discontinuous = self.is_discontinuous(start);
        let (sequence, duration) = (self.next_sequence, end.since(start));
        let segment =
            Segment { sequence, start, duration, is_discontinuous, spans: spans.into(), cues, pack: Pack::default() };
        self.next_sequence = self.next_sequence.saturating_add(1);
        self.sealed_to = Some(end);
        self.ready.push_back(SealedSegment { segment, fragments, parts, faults });
    }
}

impl Default for SegmenterLimits {
    fn default() -> Self {
        Self { fragment_bytes: 32 << 20, fragment_units: 19_200, open_segments: 8 }
    }
}

fn check(what: &'static str, ceiling: usize, asked: usize) -> Result<(), LimitError> {
    if asked <= ceiling {
        return Ok(());
    }
    Err(LimitError { what, ceiling: ceiling as u64, asked: asked as u64 })
}

#[cfg(test)]
mod parts_tests;
#[cfg(test)]
mod tests;
