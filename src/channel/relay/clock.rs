//! The time line's clock: the source's own, until it goes back or another encoder takes over.

use std::{collections::VecDeque, time::Duration};

use crate::{
    channel::relay::{Trouble, reel::Reel, run::Run},
    error::Fault,
    media::AccessUnit,
    time::{MediaDuration, MediaTime, Timescale},
};

impl Run {
    pub(super) fn shift(&self, unit: &mut AccessUnit) {
        (unit.pts, unit.dts) = (unit.pts.plus(self.offset), unit.dts.plus(self.offset));
    }

    /// Nothing came for a while: the open segment ends where the pictures end, and the next one starts with an IDR.
    pub(super) fn part(&mut self, resumes: MediaTime) {
        if let Some(end) = self.end_of_reference() {
            let goes_on = resumes.since(end) <= self.tick();
            self.segmenter.pause(if goes_on { resumes } else { end });
        }
        (self.boundary, self.ending) = (None, None);
    }

    /// The reference rung's first picture of another encoder. Its clock is kept where it says what the one before would have
    /// said by now, give or take a segment that comes at once; else it is moved behind what is stored, as late as it came.
    pub(super) fn take_up(&mut self, unit: &mut AccessUnit, now: Duration) {
        if !unit.is_random_access {
            return;
        }
        self.is_renewed = false;
        let Some(end) = self.end_of_reference() else { return };
        let ahead = unit.pts.since(end.plus(self.silence(now)));
        let is_behind = ahead.plus(self.longest_segment) < MediaDuration::ZERO;
        if unit.pts.plus(self.tick()) < end || is_behind || ahead > Reel::GAP {
            self.move_behind(unit, now);
        } else {
            self.part(unit.pts);
        }
    }

    /// The source went back in time.
    pub(super) fn restart(&mut self, unit: &mut AccessUnit, now: Duration, faults: &mut VecDeque<Trouble>) {
        let before = self.position().map_or(MediaDuration::ZERO, |position| unit.pts.since(position));
        let by_millis = before.flicks() / MediaDuration::from_millis(1).flicks();
        faults.push_back(Trouble::of(unit.track, Fault::TimeJump { by_millis }));
        self.move_behind(unit, now);
    }

    /// Moves the source's clock on, so that `unit` stands where it would have, had its clock not gone back.
    fn move_behind(&mut self, unit: &mut AccessUnit, now: Duration) {
        let Some(end) = self.end_of_reference() else { return };
        self.segmenter.finish(end);
        (self.boundary, self.ending) = (None, None);
        let by = end.plus(self.silence(now)).since(unit.pts);
        self.offset = self.offset.plus(by);
        (unit.pts, unit.dts) = (unit.pts.plus(by), unit.dts.plus(by));
        self.reels.iter_mut().for_each(Reel::renew);
    }

    /// How much longer than a picture lasts nothing has come of the reference rung.
    fn silence(&self, now: Duration) -> MediaDuration {
        let Some(reel) = self.reels.get(self.reference) else { return MediaDuration::ZERO };
        let since = MediaDuration::from_std(now.saturating_sub(reel.arrived));
        since.minus(reel.nominal).max(MediaDuration::ZERO)
    }

    /// Where the reference rung's newest picture is over, in whole ticks of its source: a picture that follows it at once, in
    /// milliseconds say, does not come before that.
    pub(super) fn end_of_reference(&self) -> Option<MediaTime> {
        let reel = self.reels.get(self.reference)?;
        let ticks = reel.newest?.minus(self.offset).ticks(reel.clock).saturating_add(reel.whole_ticks());
        Some(MediaTime::from_ticks(ticks, reel.clock).plus(self.offset))
    }

    /// What the source rounds its times to.
    fn tick(&self) -> MediaDuration {
        let clock = self.reels.get(self.reference).map_or(Timescale::MPEG, |reel| reel.clock);
        MediaDuration::from_ticks(1, clock)
    }
}
