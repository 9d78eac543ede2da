//! The clock of transport streams: 33 bits of 90 kHz, the same for every rendition.

use crate::time::Timescale;

/// Media time zero stands so far up the clock of a transport stream, 10 s: neither a decode time nor a clock reference that
/// comes before the first presentation time is ever before zero. Every rendition of every asset has the same.
pub(super) const OFFSET: u64 = 10 * 90_000;
/// How long before its decode time an access unit begins to arrive, half a second.
pub(super) const LEAD: u64 = 45_000;
/// Time stamps have 33 bits and go round in 26.5 hours, as players expect (ISO/IEC 13818-1 clause 2.4.3.7).
const MASK: u64 = (1 << 33) - 1;

/// Ticks of a track as ticks of 90 kHz since media time zero plus [`OFFSET`], to the nearest; not yet cut to 33 bits, so that they
/// can be compared.
pub(super) fn ticks90(ticks: u64, scale: Timescale) -> u64 {
    let per_second = u128::from(scale.per_second());
    let here = (u128::from(ticks) * 90_000 + per_second / 2) / per_second;
    u64::try_from(here).unwrap_or(u64::MAX / 2).saturating_add(OFFSET)
}

/// The 33 bits that are written.
pub(super) const fn wrapped(ticks: u64) -> u64 {
    ticks & MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_to_the_nearest_tick_and_go_round() {
        let sound = Timescale::new(44_100).unwrap();
        assert_eq!(ticks90(0, sound), 900_000);
        assert_eq!([ticks90(1024, sound), ticks90(2048, sound)], [902_090, 904_180]);
        assert_eq!(ticks90(162_000_000_000_000, Timescale::MPEG), 162_000_000_900_000);
        assert_eq!(wrapped((1 << 33) + 5), 5);
        assert_eq!(ticks90(u64::MAX, Timescale::new(1).unwrap()), u64::MAX / 2 + OFFSET);
    }
}
