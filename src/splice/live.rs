//! Places a contribution on the channel's clock.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    media::FrameRate,
    splice::Cadence,
    time::{MediaDuration, MediaTime},
};

/// A contribution that is wanted on air and whose frame rate is still being measured.
#[derive(Debug)]
pub(super) struct Joining {
    stated: Option<FrameRate>,
    /// Presentation times since the IDR, in decode order; at most [`Joining::ENOUGH`].
    times: Vec<(MediaTime, MediaTime)>,
    pub(super) last_arrival: Duration,
}

impl Joining {
    /// Pictures to see before the frame rate is taken as known.
    const ENOUGH: usize = 8;
    /// A stated rate with longer frames is a slip of whoever wrote it, and would stretch the output's grid beyond use.
    const LONGEST_FRAME: MediaDuration = MediaDuration::from_secs(1);

    /// Starts at an IDR picture; `stated` is the rate that the stream's own timing gives.
    pub(super) fn new(stated: Option<FrameRate>, now: Duration) -> Self {
        let stated = stated.filter(|rate| rate.frame_duration() <= Self::LONGEST_FRAME);
        Self { stated, times: Vec::with_capacity(Self::ENOUGH), last_arrival: now }
    }

    /// Notes the next access unit; the measured rate once it is known.
    pub(super) fn push(&mut self, pts: MediaTime, dts: MediaTime, now: Duration) -> Option<FrameRate> {
        self.last_arrival = now;
        self.times.push((pts, dts));
        if self.times.len() < Self::ENOUGH { None } else { Some(self.rate()) }
    }

    /// What was seen, in decode order: the first is the IDR.
    pub(super) fn times(&self) -> &[(MediaTime, MediaTime)] {
        &self.times
    }

    /// The stated rate where the measured one does not contradict it, else the nearest broadcast rate.
    fn rate(&self) -> FrameRate {
        let mut pts: Vec<MediaTime> = self.times.iter().map(|(pts, _)| *pts).collect();
        pts.sort_unstable();
        // The median gap: neither one lost picture nor one that is still to come (B pictures) spoils it.
        let mut gaps: Vec<i64> = pts.windows(2).map(|w| w[1].since(w[0]).flicks()).filter(|gap| *gap > 0).collect();
        gaps.sort_unstable();
        let Some(median) = gaps.get(gaps.len() / 2).copied() else { return self.stated.unwrap_or(FrameRate::FPS_30) };
        // Time stamps in whole milliseconds are off by up to one of them.
        let slack = median / 20 + MediaDuration::from_millis(1).flicks();
        if let Some(stated) = self.stated
            && (stated.frame_duration().flicks() - median).abs() <= slack
        {
            return stated;
        }
        let near: Vec<i64> = gaps.iter().copied().filter(|gap| (gap - median).abs() <= slack).collect();
        // A few gaps that each span half the clock do not fit together.
        let sum = near.iter().fold(0i64, |sum, gap| sum.saturating_add(*gap));
        let mean = sum / i64::try_from(near.len().max(1)).unwrap_or(1);
        FrameRate::nearest(MediaDuration::from_flicks(mean)).unwrap_or(FrameRate::FPS_30)
    }
}

/// A contribution that is on air: where its pictures stand on the output's frame grid.
#[derive(Debug)]
pub(super) struct LiveFeed {
    native: Cadence,
    /// Source pictures per output frame: 2 for 60 → 30 (A12.6).
    factor: i64,
    offset: MediaDuration,
    /// How long before their decode times pictures show at most, as encoders with negative composition times have them
    /// (FAULTS row 39).
    early: MediaDuration,
    /// Native frame number of the newest decode time.
    watermark: i64,
    /// Output frame → source time, for pictures that came before their turn.
    ahead: BTreeMap<i64, MediaTime>,
    pub(super) last_arrival: Duration,
}

/// What the next output frame shows, as far as the contribution is concerned.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// The picture with this source time.
    Picture(MediaTime),
    /// The source has none for it: the last one stays.
    Missing,
    /// Not yet known.
    Open,
}

impl LiveFeed {
    /// Time stamps that step further than this are a jump and not a gap (FAULTS rows 6, 7, 9).
    const JUMP: MediaDuration = MediaDuration::from_secs(1);
    /// Pictures that may wait for their turn; far more than any reordering needs.
    const AHEAD: usize = 512;

    /// Puts the IDR picture at source time `pts` on output frame `index` of `cadence`.
    pub(super) fn new(native: FrameRate, cadence: &Cadence, index: i64, pts: MediaTime, now: Duration) -> Self {
        let out = cadence.frame().flicks();
        let native = Cadence::new(native, cadence.gop());
        let factor = ((out + native.frame().flicks() / 2) / native.frame().flicks()).max(1);
        let offset = cadence.time_of(index).since(pts);
        let (early, watermark) = (MediaDuration::ZERO, index * factor);
        Self { native, factor, offset, early, watermark, ahead: BTreeMap::new(), last_arrival: now }
    }

    /// Takes the times of the next access unit in decode order; the jump, where its time stamps made one.
    pub(super) fn push(&mut self, pts: MediaTime, dts: MediaTime, now: Duration) -> Option<MediaDuration> {
        // A feed that stood still for as long as its time stamps moved on has a gap, not a jump.
        let stood_still = MediaDuration::from_std(now.saturating_sub(self.last_arrival));
        self.last_arrival = now;
        self.early = self.early.max(dts.since(pts)).min(Self::JUMP);
        let dts = dts.minus(self.early);
        let expected = self.native.time_of(self.watermark + 1);
        let step = dts.plus(self.offset).since(expected);
        let is_far = |span: MediaDuration| span.flicks().unsigned_abs() > Self::JUMP.flicks().unsigned_abs();
        let jump = (is_far(step) && is_far(step.minus(stood_still))).then_some(step);
        if jump.is_some() {
            // Not by the step, which may have hit the end of the clock.
            self.offset = expected.since(dts);
        }
        self.watermark = self.watermark.max(self.native_index(dts));
        let index = self.native_index(pts);
        // A picture that claims to show long after it decodes would hold its place for as long.
        let is_near = index.saturating_sub(self.watermark) <= Self::AHEAD as i64;
        if is_near && index.rem_euclid(self.factor) == 0 && self.ahead.len() < Self::AHEAD {
            self.ahead.entry(index / self.factor).or_insert(pts);
        }
        jump
    }

    /// What output frame `index` shows; frames are asked for in order.
    pub(super) fn settle(&mut self, index: i64) -> Settled {
        while self.ahead.first_key_value().is_some_and(|(first, _)| *first < index) {
            self.ahead.pop_first();
        }
        match self.ahead.first_key_value() {
            Some((first, _)) if *first == index => match self.ahead.pop_first() {
                Some((_, pts)) => Settled::Picture(pts),
                None => Settled::Open,
            },
            // Whatever is still to come decodes, and so shows, at or after the watermark.
            _ if index * self.factor < self.watermark => Settled::Missing,
            _ => Settled::Open,
        }
    }

    /// Where source time `at` stands on the channel's clock.
    pub(super) const fn place(&self, at: MediaTime) -> MediaTime {
        at.plus(self.offset)
    }

    fn native_index(&self, at: MediaTime) -> i64 {
        let frame = self.native.frame().flicks();
        self.place(at).flicks().saturating_add(frame / 2).div_euclid(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: [MediaTime; 2] = [MediaTime::from_flicks(i64::MAX), MediaTime::from_flicks(i64::MIN)];

    fn live() -> LiveFeed {
        let cadence = Cadence::new(FrameRate::FPS_25, MediaDuration::from_secs(2));
        LiveFeed::new(FrameRate::FPS_25, &cadence, 50_000_000_000, MediaTime::ZERO, Duration::ZERO)
    }

    #[test]
    fn a_jump_to_an_end_of_the_clock_is_a_jump_like_any_other() {
        for far in FAR {
            let mut live = live();
            assert!(live.push(far, far, Duration::ZERO).is_some());
            let frames = (50_000_000_000..).take_while(|index| live.settle(*index) != Settled::Open).count();
            assert!(frames < 5, "{far:?}: {frames}");
        }
    }

    #[test]
    fn pictures_that_claim_to_show_in_hours_do_not_block_the_others() {
        let mut live = live();
        let frame = |n: i64| MediaTime::ZERO.plus(FrameRate::FPS_25.frame_duration().times(n));
        for n in 0..600 {
            live.push(frame(n + 90_000), frame(n), Duration::ZERO);
        }
        live.push(frame(600), frame(600), Duration::ZERO);
        while live.settle(50_000_000_600) == Settled::Missing {}
        assert_eq!(live.settle(50_000_000_600), Settled::Open);
        live.push(frame(601), frame(601), Duration::ZERO);
        assert_eq!(live.settle(50_000_000_601), Settled::Picture(frame(601)));
    }

    #[test]
    fn a_rate_is_found_whatever_the_times_and_the_stream_say() {
        let slow = FrameRate::new(1, u32::MAX);
        let mut still = Joining::new(slow, Duration::ZERO);
        let mut wild = Joining::new(slow, Duration::ZERO);
        for n in 0..Joining::ENOUGH {
            let rate = still.push(MediaTime::ZERO, MediaTime::ZERO, Duration::ZERO);
            assert!(rate.is_none_or(|rate| rate == FrameRate::FPS_30));
            let far = [FAR[0], FAR[1], MediaTime::ZERO][n % 3];
            let rate = wild.push(far, far, Duration::ZERO);
            assert!(rate.is_none_or(|rate| rate == FrameRate::FPS_30));
        }
    }
}
