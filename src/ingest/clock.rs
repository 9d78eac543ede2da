//! Unwraps the short counters of the wire, once, at the door.

use crate::time::{MediaDuration, MediaTime, Timescale};

/// Turns a counter of `bits` bits into media time that never wraps.
///
/// One `Unwrap` serves all tracks of a session, so that two tracks that wrap a moment apart stay together (FAULTS rows
/// 1-4). A value is taken as the one nearest to the last, so a step of up to half the counter's range in either direction
/// is read as it was meant.
#[derive(Clone, Debug)]
pub struct Unwrap {
    bits: u32,
    scale: Timescale,
    last: Option<i64>,
}

impl Unwrap {
    /// A counter of `bits` bits (1 to 62) in ticks of `scale`.
    #[must_use]
    pub const fn new(bits: u32, scale: Timescale) -> Self {
        Self { bits, scale, last: None }
    }

    /// The unwrapped time of `raw`, which becomes the reference for the next.
    pub fn advance_to(&mut self, raw: u64) -> MediaTime {
        let ticks = self.ticks_near(raw, self.last);
        self.last = Some(ticks);
        MediaTime::from_ticks(ticks, self.scale)
    }

    /// The unwrapped time of `raw` without moving the reference.
    #[must_use]
    pub fn place(&self, raw: u64) -> MediaTime {
        MediaTime::from_ticks(self.ticks_near(raw, self.last), self.scale)
    }

    /// The unwrapped time of `raw` that is nearest to another time than the reference.
    #[must_use]
    pub(crate) fn place_near(&self, raw: u64, near: MediaTime) -> MediaTime {
        MediaTime::from_ticks(self.ticks_near(raw, Some(near.ticks(self.scale))), self.scale)
    }

    /// The media time after which the counter begins again.
    #[must_use]
    pub fn wrap(&self) -> MediaDuration {
        MediaDuration::from_ticks(1 << self.bits, self.scale)
    }

    fn ticks_near(&self, raw: u64, reference: Option<i64>) -> i64 {
        let range = 1i64 << self.bits;
        let raw = (raw & (range as u64 - 1)) as i64;
        let Some(reference) = reference else { return raw };
        let ahead = (raw - reference).rem_euclid(range);
        if ahead < range / 2 { reference + ahead } else { reference + ahead - range }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRAP: u64 = 1 << 33;

    #[test]
    fn audio_that_wraps_before_video_stays_beside_it() {
        let mut clock = Unwrap::new(33, Timescale::MPEG);
        let video = clock.advance_to(WRAP - 180_000);
        let audio = clock.advance_to(0);
        assert_eq!(audio.since(video), crate::time::MediaDuration::from_secs(2));
        let video = clock.advance_to(WRAP - 90_000);
        assert_eq!(audio.since(video), crate::time::MediaDuration::from_secs(1));
    }

    #[test]
    fn a_picture_may_decode_before_the_wrap_and_show_after_it() {
        let mut clock = Unwrap::new(33, Timescale::MPEG);
        let dts = clock.advance_to(WRAP - 1);
        let pts = clock.advance_to(3600);
        assert_eq!(pts.since(dts).ticks(Timescale::MPEG), 3601);
    }

    #[test]
    fn the_tenth_wrap_is_like_the_first() {
        let mut clock = Unwrap::new(32, Timescale::MILLIS);
        let mut last = clock.advance_to(0);
        for step in 1..=10_000u64 {
            let next = clock.advance_to(step * 4_300_000);
            assert_eq!(next.since(last), crate::time::MediaDuration::from_millis(4_300_000));
            last = next;
        }
    }
}
