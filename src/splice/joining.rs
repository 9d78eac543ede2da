//! Measures a contribution's frame rate before it goes on air.
//!
//! The time stamps judge, as they are what the pictures are placed by. The rate that the stream states is taken where they
//! cannot tell it from their own, and for film in 3:2, of which they say that it is no video and not what it is shown in.

use std::time::Duration;

use crate::{
    media::FrameRate,
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime},
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
        let mut gaps: Vec<i64> = pts.windows(2).map(|w| w[1].since(w[0]).flicks()).filter(|gap| *gap > 0).collect();
        gaps.sort_unstable();
        // The median gap: neither one lost picture nor one that is still to come (B pictures) spoils it.
        let Some(median) = gaps.get(gaps.len() / 2).copied() else { return self.stated.unwrap_or(FrameRate::FPS_30) };
        if let Some(film) = self.film(&gaps) {
            return film;
        }
        // Time stamps in whole milliseconds are off by up to one of them.
        let leeway = median / 20 + MILLI;
        let near: Vec<i64> = gaps.into_iter().filter(|gap| (gap - median).abs() <= leeway).collect();
        let count = i64::try_from(near.len().max(1)).unwrap_or(1);
        // A few gaps that each span half the clock do not fit together.
        let sum = near.iter().fold(0i64, |sum, gap| sum.saturating_add(*gap));
        // How far that may be off: by what the time stamps are rounded to, and by as much as they are uneven.
        let unit = if near.iter().all(|gap| gap % MILLI == 0) { MILLI } else { TICK };
        let uneven = near.last().zip(near.first()).map_or(0, |(longest, shortest)| longest - shortest);
        match self.stated {
            Some(stated) if (stated.frame_duration().times(count).flicks() - sum).abs() <= unit + uneven => stated,
            _ => FrameRate::nearest(MediaDuration::from_flicks(sum / count)).unwrap_or(FrameRate::FPS_30),
        }
    }

    /// The rate that film in 3:2 is shown in, if that is what these gaps are: two and three fields of it by turns
    /// (A12.6; `repeat_first_field` of MPEG-2, `pic_struct` of H.264).
    fn film(&self, gaps: &[i64]) -> Option<FrameRate> {
        let stated = self.stated.map(|rate| rate.capped(FrameRate::FPS_30));
        stated.into_iter().chain([FrameRate::FPS_29_97]).find(|rate| {
            let frame = rate.frame_duration().flicks();
            let count = |fields: i64| gaps.iter().filter(|gap| (*gap - frame / 2 * fields).abs() <= MILLI).count();
            let (two, three) = (count(2), count(3));
            two.abs_diff(three) <= 1 && two.min(three) > 0 && (two + three) * 2 > gaps.len()
        })
    }
}

/// What FLV, and so RTMP, count times in.
const MILLI: i64 = MediaDuration::from_millis(1).flicks();
/// What MPEG-TS counts times in.
const TICK: i64 = FLICKS_PER_SECOND / 90_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timescale;

    const FAR: [MediaTime; 2] = [MediaTime::from_flicks(i64::MAX), MediaTime::from_flicks(i64::MIN)];

    fn rate(num: u32, den: u32) -> FrameRate {
        FrameRate::new(num, den).unwrap()
    }

    /// What is measured of pictures at these ticks of `scale`, which come in this order.
    fn measured(stated: Option<FrameRate>, ticks: impl IntoIterator<Item = i64>, scale: Timescale) -> FrameRate {
        let mut joining = Joining::new(stated, Duration::ZERO);
        let pts = ticks.into_iter().map(|ticks| MediaTime::ZERO.plus(MediaDuration::from_ticks(ticks, scale)));
        pts.fold(None, |rate, pts| rate.or(joining.push(pts, pts, Duration::ZERO))).unwrap()
    }

    #[test]
    fn exact_time_stamps_beat_a_wrong_stated_rate_a12_6() {
        for (step, wrong, right) in [
            (3600, rate(24, 1), FrameRate::FPS_25),
            (3003, FrameRate::FPS_30, FrameRate::FPS_29_97),
            (3000, FrameRate::FPS_29_97, FrameRate::FPS_30),
            (3750, rate(24_000, 1001), rate(24, 1)),
            // Each frame doubled (`pic_struct` 7 of H.264).
            (3600, rate(50, 1), FrameRate::FPS_25),
        ] {
            let pts = |n: i64| 1234 + n * step;
            assert_eq!(measured(Some(wrong), (0..8).map(pts), Timescale::MPEG), right, "{step}");
            // B pictures, of which two are still to come.
            let order = [0, 3, 1, 2, 6, 4, 5, 9];
            assert_eq!(measured(Some(wrong), order.map(pts), Timescale::MPEG), right, "{step}");
        }
        assert_eq!(measured(Some(rate(24, 1)), (0..8).map(|n| n * 40), Timescale::MILLIS), FrameRate::FPS_25);
    }

    #[test]
    fn time_stamps_that_are_rounded_or_uneven_leave_the_stated_rate() {
        for stated in [rate(24_000, 1001), FrameRate::FPS_29_97, FrameRate::FPS_30, rate(60_000, 1001), rate(20, 1)] {
            for scale in [Timescale::MPEG, Timescale::MILLIS] {
                let per_second = i64::from(scale.per_second());
                let exact = |n: i64| n * per_second * i64::from(stated.den()) / i64::from(stated.num());
                assert_eq!(measured(Some(stated), (5..13).map(exact), scale), stated, "{scale:?}");
            }
            // A capture clock that is off by up to half a millisecond.
            let uneven = |n: i64| n * 90_000 * i64::from(stated.den()) / i64::from(stated.num()) + n * 37 % 45;
            assert_eq!(measured(Some(stated), (5..13).map(uneven), Timescale::MPEG), stated);
        }
    }

    #[test]
    fn film_in_three_two_is_at_the_rate_that_it_is_shown_in_a12_6() {
        // Starts of pictures that show for 2, 3, 2, 3 fields, and for 3, 2, 3, 2.
        for film in [|n: i64| n * 5 / 2, |n: i64| (n * 5 + 1) / 2] {
            let ticks = |n: i64| film(n) * 3003 / 2;
            let reordered = [2, 0, 1, 5, 3, 4, 8, 6];
            for stated in [Some(FrameRate::FPS_29_97), Some(rate(60_000, 1001)), None] {
                assert_eq!(measured(stated, (0..8).map(ticks), Timescale::MPEG), FrameRate::FPS_29_97);
                assert_eq!(measured(stated, reordered.map(ticks), Timescale::MPEG), FrameRate::FPS_29_97);
                let millis = |n: i64| ticks(n) / 90;
                assert_eq!(measured(stated, (0..8).map(millis), Timescale::MILLIS), FrameRate::FPS_29_97);
            }
            let ticks = |n: i64| film(n) * 1500;
            assert_eq!(measured(Some(FrameRate::FPS_30), (0..8).map(ticks), Timescale::MPEG), FrameRate::FPS_30);
        }
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
