//! Ad breaks of a contribution that is passed through: nothing is spliced, and viewers are told of each at the segment that begins
//! with it, or at the next one where the encoder put no IDR there (A14.10, A14.11).

use std::sync::Arc;

use crate::{
    channel::{SpliceReport, relay::run::Run},
    media::{Segment, SegmentCue},
    splice::{Cue, CueRefusal},
    time::{MediaDuration, MediaTime},
};

impl Run {
    /// Takes a cue in the source's time.
    pub(super) fn announce(&mut self, cue: Cue) -> Result<(), CueRefusal> {
        let at = cue.at.map(|at| at.plus(self.offset));
        let position = self.position().or(at).ok_or(CueRefusal::NotOnAir { id: cue.id })?;
        self.avails.announce(Cue { at, ..cue }, position)
    }

    /// What a segment that starts at `at` has to do with breaks. Encoders round: half a picture before a cue is at it.
    pub(super) fn cues_at(&mut self, at: MediaTime) -> Arc<[SegmentCue]> {
        let nominal = self.reels.get(self.reference).map_or(MediaDuration::ZERO, |reel| reel.nominal);
        let slack = MediaDuration::from_flicks(nominal.flicks() / 2);
        while let Some(splice) = self.avails.take_within(at, slack) {
            if self.splices.len() < Self::SPLICES {
                self.splices.push_back(splice);
            }
        }
        self.avails.in_segment(at)
    }

    /// A segment is whole: splices at its start are done.
    pub(super) fn report_splices(&mut self, segment: &Segment) {
        while let Some(splice) = self.splices.pop_front_if(|splice| splice.achieved <= segment.start) {
            self.reports.push_back(SpliceReport::of(splice, &self.presentation, segment));
        }
    }

    /// What became of the next splice.
    pub(super) fn pull_report(&mut self) -> Option<SpliceReport> {
        self.reports.pop_front()
    }
}
