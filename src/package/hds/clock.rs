//! The clock of HDS: milliseconds of media time, of which 32 bits are written.

use crate::time::{MediaTime, Timescale};

/// A point of media time in milliseconds, to the nearest; not yet cut to 32 bits, so that two can be compared. What lies before zero
/// is zero.
pub(super) fn millis(at: MediaTime) -> u64 {
    u64::try_from(at.ticks(Timescale::MILLIS)).unwrap_or(0)
}

/// The same of a track's ticks.
pub(super) fn millis_of_ticks(ticks: u64, scale: Timescale) -> u64 {
    let per_second = u128::from(scale.per_second());
    let here = (u128::from(ticks) * 1000 + per_second / 2) / per_second;
    u64::try_from(here).unwrap_or(u64::MAX)
}

/// The 32 bits that are written: they go round in 49.7 days. The eight upper ones are `TimestampExtended`.
pub(super) const fn wrapped(millis: u64) -> u32 {
    millis as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_points_of_time_agree_to_the_millisecond() {
        let sound = Timescale::new(44_100).unwrap();
        for (ticks, scale, wanted) in [(0, sound, 0), (1024, sound, 23), (2048, sound, 46), (3003, Timescale::MPEG, 33)]
        {
            assert_eq!(millis_of_ticks(ticks, scale), wanted);
            assert_eq!(millis(MediaTime::from_ticks(ticks as i64, scale)), wanted);
        }
        assert_eq!(millis(MediaTime::from_flicks(-1_000_000)), 0);
        assert_eq!([wrapped((1 << 31) - 1), wrapped(1 << 31), wrapped((1 << 32) + 5)], [0x7FFF_FFFF, 0x8000_0000, 5]);
        assert_eq!(millis_of_ticks(u64::MAX, Timescale::new(1).unwrap()), u64::MAX);
    }
}
