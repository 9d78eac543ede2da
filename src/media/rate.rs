//! Frame rates as exact fractions.

use std::fmt;

use crate::time::{FLICKS_PER_SECOND, MediaDuration};

/// Frames per second as a reduced fraction, such as 30 or 30000/1001.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameRate {
    num: u32,
    den: u32,
}

impl FrameRate {
    /// 25 frames per second.
    pub const FPS_25: Self = Self { num: 25, den: 1 };
    /// 30000/1001 frames per second, spoken 29.97.
    pub const FPS_29_97: Self = Self { num: 30_000, den: 1001 };
    /// 30 frames per second.
    pub const FPS_30: Self = Self { num: 30, den: 1 };

    const KNOWN: [Self; 10] = [
        Self { num: 24_000, den: 1001 },
        Self { num: 24, den: 1 },
        Self::FPS_25,
        Self::FPS_29_97,
        Self::FPS_30,
        Self { num: 50, den: 1 },
        Self { num: 60_000, den: 1001 },
        Self { num: 60, den: 1 },
        Self { num: 15, den: 1 },
        Self { num: 10, den: 1 },
    ];

    /// `num/den` frames per second, reduced; `None` where either is zero or the rate is over 1 000.
    #[must_use]
    pub fn new(num: u32, den: u32) -> Option<Self> {
        if num == 0 || den == 0 || num / den > 1000 {
            return None;
        }
        let (mut a, mut b) = (num, den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Some(Self { num: num / a, den: den / a })
    }

    /// The broadcast rate whose frame lasts nearest to `frame`, where one is within 2 %.
    #[must_use]
    pub fn nearest(frame: MediaDuration) -> Option<Self> {
        Self::KNOWN
            .into_iter()
            .min_by_key(|rate| rate.frame_duration().minus(frame).flicks().unsigned_abs())
            .filter(|rate| rate.frame_duration().minus(frame).flicks().saturating_abs() <= frame.flicks() / 50)
    }

    /// Numerator of the reduced fraction.
    #[must_use]
    pub const fn num(self) -> u32 {
        self.num
    }

    /// Denominator of the reduced fraction.
    #[must_use]
    pub const fn den(self) -> u32 {
        self.den
    }

    /// How long one frame lasts; exact for every broadcast rate, else to the nearest flick.
    #[must_use]
    pub fn frame_duration(self) -> MediaDuration {
        let (num, den) = (i64::from(self.num), i64::from(self.den));
        MediaDuration::from_flicks((FLICKS_PER_SECOND * den + num / 2) / num)
    }

    /// Frames per second, for people.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// This rate, halved until it is at most `cap` (A12.6: 60 → 30, 59.94 → 29.97, 50 → 25).
    #[must_use]
    pub fn capped(self, cap: Self) -> Self {
        let mut rate = self;
        while u64::from(rate.num) * u64::from(cap.den) > u64::from(cap.num) * u64::from(rate.den) {
            match Self::new(rate.num, rate.den.saturating_mul(2)) {
                Some(half) => rate = half,
                None => return rate,
            }
        }
        rate
    }
}

impl fmt::Debug for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timescale;

    #[test]
    fn rates_over_the_cap_are_halved_a12_6() {
        let cap = FrameRate::FPS_30;
        let of = |num, den| FrameRate::new(num, den).unwrap().capped(cap);
        assert_eq!(of(60, 1), FrameRate::FPS_30);
        assert_eq!(of(60_000, 1001), FrameRate::FPS_29_97);
        assert_eq!(of(50, 1), FrameRate::FPS_25);
        assert_eq!(of(25, 1), FrameRate::FPS_25);
        assert_eq!(of(24_000, 1001), FrameRate::new(24_000, 1001).unwrap());
    }

    #[test]
    fn measured_frame_times_find_their_rate() {
        let of = |ticks, scale| FrameRate::nearest(MediaDuration::from_ticks(ticks, scale));
        assert_eq!(of(3003, Timescale::MPEG), Some(FrameRate::FPS_29_97));
        assert_eq!(of(3000, Timescale::MPEG), Some(FrameRate::FPS_30));
        assert_eq!(of(40, Timescale::MILLIS), Some(FrameRate::FPS_25));
        assert_eq!(of(1000, Timescale::MILLIS), None);
    }
}
