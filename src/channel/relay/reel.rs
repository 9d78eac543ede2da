//! One rendition of a pass-through channel: what came last, and whether the next access unit may follow it.

use std::{collections::VecDeque, time::Duration};

use crate::{
    channel::relay::renditions::Source,
    media::{AccessUnit, TrackFormat, TrackId, TrackSpec},
    time::{MediaDuration, MediaTime, Timescale},
};

/// One rendition.
#[derive(Debug)]
pub(super) struct Reel {
    /// Its track in the merged contribution, and its id in the presentation.
    pub(super) source: TrackId,
    pub(super) id: TrackId,
    pub(super) name: String,
    pub(super) format: TrackFormat,
    timescale: Timescale,
    /// The source's own.
    pub(super) clock: Timescale,
    /// How long an access unit lasts.
    pub(super) nominal: MediaDuration,
    last: Option<(MediaTime, MediaTime, usize)>,
    pub(super) newest: Option<MediaTime>,
    pub(super) arrived: Duration,
    /// Newest IDRs, of a video rung.
    pub(super) idrs: VecDeque<MediaTime>,
    /// Where its newest gap began and ended.
    pub(super) gap: Option<(MediaTime, MediaTime)>,
    pub(super) needs_idr: bool,
    pub(super) is_left_out: bool,
    /// It was told that it misses, or that it does not keep to the grid.
    pub(super) is_missing: bool,
    pub(super) is_unaligned: bool,
}

/// What becomes of an access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It follows.
    Follows,
    /// It follows behind a gap.
    Gap,
    /// Its decode time was moved on by a tick.
    Bumped,
    /// It goes back in time.
    Back,
    /// It came before.
    Repeated,
    /// No decoder could start with it.
    BeforeIdr,
}

impl Reel {
    /// A step of this much is a gap.
    pub(super) const GAP: MediaDuration = MediaDuration::from_secs(1);
    /// A step ahead of this much more than the time that it took is a clock that was set, and no gap.
    const LEAP: MediaDuration = MediaDuration::from_secs(60);
    /// Decode times that go back by less than this are bumped (FAULTS row 40).
    const SLIP: MediaDuration = MediaDuration::from_millis(10);
    const IDRS: usize = 64;

    pub(super) fn new(source: &Source, spec: &TrackSpec, now: Duration) -> Self {
        Self {
            source: source.track,
            id: spec.id,
            name: spec.name.clone(),
            format: spec.format.clone(),
            timescale: spec.timescale,
            clock: source.clock,
            nominal: spec.nominal_unit(),
            last: None,
            newest: None,
            arrived: now,
            idrs: VecDeque::new(),
            gap: None,
            needs_idr: spec.format.is_video(),
            is_left_out: false,
            is_missing: false,
            is_unaligned: false,
        }
    }

    pub(super) const fn is_text(&self) -> bool {
        matches!(self.format, TrackFormat::Text(_))
    }

    /// How long an access unit lasts at least, in the source's own ticks.
    pub(super) fn whole_ticks(&self) -> i64 {
        let nearest = self.nominal.ticks(self.clock);
        nearest - i64::from(MediaDuration::from_ticks(nearest, self.clock) > self.nominal)
    }

    /// Where the newest access unit ends.
    fn end(&self) -> Option<MediaTime> {
        self.newest.map(|newest| newest.plus(self.nominal))
    }

    /// Says what becomes of an access unit, and moves its decode time where it must.
    pub(super) fn place(&mut self, unit: &mut AccessUnit) -> Place {
        if self.needs_idr && !unit.is_random_access {
            return Place::BeforeIdr;
        }
        let Some((pts, dts, len)) = self.last else { return Place::Follows };
        let step = unit.dts.since(dts);
        if step > MediaDuration::ZERO {
            return if step > Self::GAP && !self.is_text() { Place::Gap } else { Place::Follows };
        }
        if (unit.pts, unit.dts, unit.data.len()) == (pts, dts, len) {
            return Place::Repeated;
        }
        if step.plus(Self::SLIP) < MediaDuration::ZERO {
            return Place::Back;
        }
        // One tick of the stored form, so that it has a duration there.
        unit.dts = dts.plus(MediaDuration::from_ticks(1, self.timescale).plus(MediaDuration::from_flicks(1)));
        Place::Bumped
    }

    /// Whether an access unit behind a gap is of a clock that was set, and not of a source that was silent for so long.
    pub(super) fn is_far_ahead(&self, unit: &AccessUnit, now: Duration) -> bool {
        let silence = MediaDuration::from_std(now.saturating_sub(self.arrived));
        self.last.is_some_and(|(_, dts, _)| unit.dts.since(dts).minus(silence) > Self::LEAP)
    }

    /// Notes an access unit that goes on.
    pub(super) fn note(&mut self, unit: &AccessUnit, now: Duration) {
        if let Some((_, dts, _)) = self.last
            && unit.dts.since(dts) > Self::GAP
        {
            self.gap = self.end().map(|end| (end, unit.pts));
        }
        self.last = Some((unit.pts, unit.dts, unit.data.len()));
        self.newest = self.newest.max(Some(unit.pts));
        self.arrived = now;
        self.needs_idr = false;
        if self.format.is_video() && unit.is_random_access {
            if self.idrs.len() == Self::IDRS {
                self.idrs.pop_front();
            }
            self.idrs.push_back(unit.pts);
        }
    }

    /// What follows has another clock.
    pub(super) fn renew(&mut self) {
        (self.last, self.newest, self.gap) = (None, None, None);
        self.idrs.clear();
        self.needs_idr = self.format.is_video();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::media::{FrameRate, H264Config, NalFraming, VideoTrack};

    fn reel() -> Reel {
        let config = H264Config { framing: NalFraming::Length(4), sps: vec![], pps: vec![] };
        let format = TrackFormat::H264(VideoTrack::new(16, 16), config);
        let source = Source { track: TrackId(7), clock: Timescale::MILLIS };
        Reel::new(&source, &TrackSpec::video(TrackId(0), "v", 1000, format, FrameRate::FPS_25), Duration::ZERO)
    }

    fn unit(millis: i64, is_random_access: bool) -> AccessUnit {
        let at = MediaTime::ZERO.plus(MediaDuration::from_millis(millis));
        let (duration, data) = (MediaDuration::ZERO, Bytes::from_static(b"x"));
        AccessUnit { track: TrackId(7), pts: at, dts: at, duration, is_random_access, is_damaged: false, data }
    }

    /// What becomes of an access unit, which is noted where it goes on.
    fn place(reel: &mut Reel, mut unit: AccessUnit, now: u64) -> Place {
        let place = reel.place(&mut unit);
        if matches!(place, Place::Follows | Place::Gap | Place::Bumped) {
            reel.note(&unit, Duration::from_millis(now));
        }
        place
    }

    #[test]
    fn access_units_follow_wait_for_an_idr_or_lie_behind_a_gap() {
        let mut reel = reel();
        assert_eq!(place(&mut reel, unit(0, false), 0), Place::BeforeIdr);
        assert_eq!(place(&mut reel, unit(40, true), 0), Place::Follows);
        assert_eq!(place(&mut reel, unit(1040, false), 0), Place::Follows, "a second is no gap yet");
        assert_eq!(place(&mut reel, unit(2041, true), 0), Place::Gap);
        let ends = [1080, 2041].map(|millis| MediaTime::ZERO.plus(MediaDuration::from_millis(millis)));
        assert_eq!(reel.gap, Some((ends[0], ends[1])));
        assert_eq!(reel.idrs.len(), 2);
    }

    #[test]
    fn row_40_a_decode_time_that_does_not_go_on_is_bumped_repeated_or_back() {
        let mut reel = reel();
        place(&mut reel, unit(1000, true), 0);
        assert_eq!(place(&mut reel, unit(1000, true), 0), Place::Repeated);
        let mut other = AccessUnit { data: Bytes::from_static(b"other"), ..unit(995, false) };
        let pts = other.pts;
        assert_eq!(reel.place(&mut other), Place::Bumped);
        let tick = |at: MediaTime| at.ticks(Timescale::MPEG);
        assert_eq!(
            (tick(other.dts), other.pts),
            (1000 * 90 + 1, pts),
            "a tick on, and the presentation time is its own"
        );
        assert_eq!(place(&mut reel, unit(989, false), 0), Place::Back);
    }

    #[test]
    fn row_10_a_step_ahead_that_took_its_time_is_a_gap_and_another_a_clock_that_was_set() {
        let mut reel = reel();
        place(&mut reel, unit(0, true), 0);
        let far = unit(3_600_000, true);
        assert!(reel.is_far_ahead(&far, Duration::from_secs(1)));
        assert!(!reel.is_far_ahead(&far, Duration::from_secs(3599)));
        assert!(!reel.is_far_ahead(&unit(30_000, true), Duration::from_secs(1)));
    }

    #[test]
    fn another_clock_forgets_what_came() {
        let mut reel = reel();
        place(&mut reel, unit(5000, true), 0);
        reel.renew();
        assert_eq!((reel.newest, reel.idrs.len(), reel.needs_idr), (None, 0, true));
        assert_eq!(place(&mut reel, unit(0, true), 0), Place::Follows);
    }
}
