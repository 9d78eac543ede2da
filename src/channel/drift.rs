//! How far media time has drifted from the host's clock, for manifests whose players count on that (FAULTS row 13).
//!
//! Pictures and sound follow the contribution's time stamps, and an encoder's clock is no atomic clock: at 500 ppm an hour of
//! it is 1.8 s off. Media time is not bent for that, and programme date-time follows it; what moves, in slow steps, is the
//! instant that availability counts from.

use std::collections::VecDeque;

use crate::{
    channel::{Channel, relay::Relay},
    media::Segment,
    time::{MediaDuration, MediaTime},
};

/// The drift, from boundary to boundary.
#[derive(Debug, Default)]
pub(super) struct Drift {
    /// How late the newest boundaries came by the host's clock, negative for early.
    late: VecDeque<MediaDuration>,
    /// What manifests are to say.
    said: MediaDuration,
    /// Steps whose segment is not whole, by its start.
    steps: VecDeque<(MediaTime, MediaDuration)>,
    /// The one in the newest whole segment.
    in_segment: MediaDuration,
}

impl Drift {
    /// Manifests may be this far off: what comes in bursts or a little late is no drift.
    const MOST: MediaDuration = MediaDuration::from_millis(500);
    /// A step, one a segment at most: players that go by it hardly notice.
    const STEP: MediaDuration = MediaDuration::from_millis(250);
    /// The earliest of so many boundaries counts, as a network only ever makes them late.
    const BOUNDARIES: usize = 8;
    /// Steps that may wait for their segment: more than the segmenter has open.
    const STEPS: usize = 64;

    /// The segment that starts at `at` came into being `late` by the host's clock.
    pub(super) fn note(&mut self, at: MediaTime, late: MediaDuration) {
        if self.late.len() >= Self::BOUNDARIES {
            self.late.pop_front();
        }
        self.late.push_back(late);
        let earliest = self.late.iter().copied().min().unwrap_or(self.said);
        let off = earliest.minus(self.said);
        let step = if off > Self::MOST {
            Self::STEP
        } else if MediaDuration::ZERO.minus(off) > Self::MOST {
            MediaDuration::ZERO.minus(Self::STEP)
        } else {
            return;
        };
        self.said = self.said.plus(step);
        if self.steps.len() >= Self::STEPS {
            self.steps.pop_front();
        }
        self.steps.push_back((at, self.said));
    }

    /// What manifests are to say from this segment on. Ask in order.
    pub(super) fn in_segment(&mut self, segment: &Segment) -> MediaDuration {
        while let Some((_, said)) = self.steps.pop_front_if(|(at, _)| *at <= segment.start) {
            self.in_segment = said;
        }
        self.in_segment
    }
}

impl Channel {
    /// What manifests are to say of the drift from this segment on. Ask in order.
    pub(super) fn drift_in(&mut self, segment: &Segment) -> MediaDuration {
        let of_relay = self.relay.as_mut().and_then(Relay::drift);
        let drift = self.air.as_mut().map(|air| &mut air.drift).or(of_relay);
        drift.map_or(MediaDuration::ZERO, |drift| drift.in_segment(segment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Pack;

    const SECOND: MediaDuration = MediaDuration::from_secs(1);

    fn millis(duration: MediaDuration) -> i64 {
        duration.flicks() / MediaDuration::from_millis(1).flicks()
    }

    /// What is said after each two-second segment whose boundary came `late`, in milliseconds.
    fn said(late: impl Iterator<Item = i64>) -> Vec<i64> {
        let mut drift = Drift::default();
        let starts = (0..).map(|n| MediaTime::ZERO.plus(SECOND.times(2 * n)));
        starts
            .zip(late)
            .map(|(at, late)| {
                drift.note(at, MediaDuration::from_millis(late));
                millis(drift.said)
            })
            .collect()
    }

    #[test]
    fn row_13_a_clock_that_is_500_ppm_off_is_followed_in_slow_steps() {
        for sign in [1, -1] {
            // A day in segments of two seconds, each a millisecond later than the one before.
            let late = |n: i64| sign * n;
            let all = said((0..43_200).map(late));
            for (n, pair) in all.windows(2).enumerate() {
                assert!((pair[1] - pair[0]).abs() <= 250, "at {n}");
                assert!((late(n as i64) - pair[0]).abs() <= 500 + 250, "at {n}");
            }
            assert!((all[43_199] - late(43_199)).abs() <= 510);
        }
    }

    #[test]
    fn jitter_and_bursts_are_no_drift() {
        let late = (0..1000).map(|n| (n * 7919) % 480 + if n % 6 == 0 { 0 } else { 3000 });
        assert!(said(late).iter().all(|said| *said == 0));
    }

    #[test]
    fn a_step_holds_from_its_segment_on() {
        let mut drift = Drift::default();
        let segment = |start: i64| Segment {
            sequence: 0,
            start: MediaTime::ZERO.plus(SECOND.times(start)),
            duration: SECOND.times(2),
            is_discontinuous: false,
            spans: [].into(),
            cues: [].into(),
            pack: Pack::default(),
        };
        assert_eq!(drift.in_segment(&segment(0)), MediaDuration::ZERO);
        (1..=3).for_each(|n| drift.note(MediaTime::ZERO.plus(SECOND.times(2 * n)), SECOND.times(-9)));
        assert_eq!([0, 2, 4, 8].map(|at| millis(drift.in_segment(&segment(at)))), [0, -250, -500, -750]);
    }
}
