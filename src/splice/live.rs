//! Places a contribution on the channel's clock.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    media::FrameRate,
    splice::Cadence,
    time::{MediaDuration, MediaTime},
};

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
    /// An output that is no later than this when time stamps jump stays so: the jitter of a network is no reason to hold.
    const LATE: MediaDuration = MediaDuration::from_millis(250);
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

    /// Stands where `offset` puts it instead; its first picture is at source time `pts`.
    pub(super) fn keep(&mut self, offset: MediaDuration, pts: MediaTime) {
        self.offset = offset;
        self.watermark = self.native_index(pts);
    }

    /// Takes the times of the next access unit in decode order; the jump, where its time stamps made one. `due` is where
    /// the host's clock stands: after a jump, an output that stood still goes on there and is not late for good.
    pub(super) fn push(
        &mut self,
        pts: MediaTime,
        dts: MediaTime,
        now: Duration,
        due: MediaTime,
    ) -> Option<MediaDuration> {
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
            let place = if due.since(expected) > Self::LATE { due } else { expected };
            self.offset = place.since(dts);
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

    /// What source times are moved by to stand on the channel's clock.
    pub(super) const fn offset(&self) -> MediaDuration {
        self.offset
    }

    /// The output frame that has the picture of source time `at`, or the first one after it.
    pub(super) fn frame_of(&self, at: MediaTime) -> i64 {
        let index = self.native_index(at);
        index.div_euclid(self.factor) + i64::from(index.rem_euclid(self.factor) != 0)
    }

    fn native_index(&self, at: MediaTime) -> i64 {
        let frame = self.native.frame().flicks();
        self.place(at).flicks().saturating_add(frame / 2).div_euclid(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long past: the output is never late.
    const DUE: MediaTime = MediaTime::ZERO;
    const FAR: [MediaTime; 2] = [MediaTime::from_flicks(i64::MAX), MediaTime::from_flicks(i64::MIN)];

    fn live() -> LiveFeed {
        let cadence = Cadence::new(FrameRate::FPS_25, MediaDuration::from_secs(2));
        LiveFeed::new(FrameRate::FPS_25, &cadence, 50_000_000_000, MediaTime::ZERO, Duration::ZERO)
    }

    #[test]
    fn a_jump_to_an_end_of_the_clock_is_a_jump_like_any_other() {
        for far in FAR {
            let mut live = live();
            assert!(live.push(far, far, Duration::ZERO, DUE).is_some());
            let frames = (50_000_000_000..).take_while(|index| live.settle(*index) != Settled::Open).count();
            assert!(frames < 5, "{far:?}: {frames}");
        }
    }

    #[test]
    fn pictures_that_claim_to_show_in_hours_do_not_block_the_others() {
        let mut live = live();
        let frame = |n: i64| MediaTime::ZERO.plus(FrameRate::FPS_25.frame_duration().times(n));
        for n in 0..600 {
            live.push(frame(n + 90_000), frame(n), Duration::ZERO, DUE);
        }
        live.push(frame(600), frame(600), Duration::ZERO, DUE);
        while live.settle(50_000_000_600) == Settled::Missing {}
        assert_eq!(live.settle(50_000_000_600), Settled::Open);
        live.push(frame(601), frame(601), Duration::ZERO, DUE);
        assert_eq!(live.settle(50_000_000_601), Settled::Picture(frame(601)));
    }
}
