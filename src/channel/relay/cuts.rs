//! Where the segments of a pass-through channel begin and end: at IDRs of the reference rung, and at the longest length that
//! players were told (FAULTS row 37).

use std::collections::VecDeque;

use crate::{
    channel::relay::{Trouble, run::Run},
    error::Fault,
    media::AccessUnit,
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime},
};

impl Run {
    /// How long a segment that was cut waits for rungs that come behind, in media time.
    const STRAGGLE: MediaDuration = MediaDuration::from_millis(500);
    /// Time stamps of milliseconds and a picture more or less make no segment too long.
    const SLACK: MediaDuration = MediaDuration::from_millis(250);

    /// The reference rung has an IDR here: a segment starts where the one before is long enough.
    pub(super) fn consider(&mut self, at: MediaTime, faults: &mut VecDeque<Trouble>) {
        let length = self.boundary.map(|boundary| at.since(boundary));
        if length.is_some_and(|length| length < self.least) {
            return;
        }
        if length.is_some_and(|length| length > self.bound()) {
            self.part(at);
        }
        self.open(at, faults);
    }

    fn open(&mut self, at: MediaTime, faults: &mut VecDeque<Trouble>) {
        let cues = self.cues_at(at);
        match self.segmenter.cue_boundary(at, cues) {
            Ok(()) => (self.boundary, self.is_cut) = (Some(at), false),
            Err(error) => {
                let fault = Fault::Output { what: error.to_string() };
                faults.push_back(Trouble { track: self.source(), fault });
            }
        }
        self.gather(faults);
    }

    /// Longer than this no segment is. HLS rounds to whole seconds before it compares.
    pub(super) fn bound(&self) -> MediaDuration {
        let half = MediaDuration::from_millis(500);
        let seconds = self.longest_segment.plus(half).flicks() / FLICKS_PER_SECOND;
        let target = MediaDuration::from_secs(seconds.max(1)).plus(half).minus(MediaDuration::from_millis(1));
        self.longest_segment.plus(Self::SLACK).min(target)
    }

    /// Whether the open segment has room for a picture of the reference rung. Where it has not, it ends with a GOP that it
    /// has gathered; where it is one GOP, it ends here, and the rest of that is dropped.
    pub(super) fn fits(&mut self, unit: &AccessUnit, faults: &mut VecDeque<Trouble>) -> bool {
        let bound = self.bound();
        let Some(reel) = self.reels.get(self.reference) else { return true };
        let end = if unit.is_random_access { unit.pts } else { unit.pts.plus(reel.nominal) };
        let is_within = |from: MediaTime| end.since(from) <= bound;
        let Some(boundary) = self.boundary.filter(|boundary| !is_within(*boundary)) else { return true };
        // A part that went out is not taken back.
        let parted_to = self.segmenter.parted_to().unwrap_or(boundary);
        let can_start = |idr: &MediaTime| *idr > boundary && *idr >= parted_to && idr.since(boundary) <= bound;
        let newest = reel.idrs.iter().rev().copied().find(can_start);
        if let Some(idr) = newest {
            self.open(idr, faults);
            if self.boundary == Some(idr) && is_within(idr) {
                return true;
            }
        }
        if unit.is_random_access {
            return true;
        }
        self.tell_long(end.since(self.boundary.unwrap_or(boundary)), faults);
        self.ending = self.end_of_reference();
        self.is_cut = true;
        if let Some(reel) = self.reels.get_mut(self.reference) {
            reel.needs_idr = true;
        }
        false
    }

    /// Seals a segment that was cut, once the other rungs have had the time to come.
    pub(super) fn end_cut(&mut self, unit: &AccessUnit) {
        let is_due = |end: &MediaTime| unit.is_random_access || unit.pts.since(*end) >= Self::STRAGGLE;
        if let Some(end) = self.ending.take_if(|end| is_due(end)) {
            self.segmenter.pause(end);
            self.boundary = None;
            self.reels.iter_mut().for_each(|reel| reel.needs_idr |= reel.format.is_video());
        }
    }

    pub(super) fn watch_length(&mut self, at: MediaTime, faults: &mut VecDeque<Trouble>) {
        let Some(boundary) = self.boundary.filter(|_| !self.has_told_long) else { return };
        let length = at.since(boundary);
        let slack = self.reels.get(self.reference).map_or(MediaDuration::ZERO, |reel| reel.nominal);
        if length > self.segment_duration.plus(slack) {
            self.tell_long(length, faults);
        }
    }

    fn tell_long(&mut self, length: MediaDuration, faults: &mut VecDeque<Trouble>) {
        if !std::mem::replace(&mut self.has_told_long, true) {
            let millis = length.flicks() / MediaDuration::from_millis(1).flicks();
            faults.push_back(Trouble { track: self.source(), fault: Fault::LongGop { millis } });
        }
    }
}
