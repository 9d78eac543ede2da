//! Points and spans on the channel's one clock, and the host's clock readings.
//!
//! Media time is counted in *flicks*, 1/705 600 000 s: exact for 24, 25, 30, 50 and 60 fps and their 1000/1001 kin, for
//! 90 kHz, 1 kHz, 44.1 kHz and 48 kHz. Wire clocks (33-bit PTS, u32 milliseconds, u32 RTP) stay in wire types and are
//! unwrapped once, at the ingest door. Nothing in this crate reads a clock: every [`Now`] is handed in by the host.

use std::{fmt, time::Duration};

/// Flicks in one second.
pub const FLICKS_PER_SECOND: i64 = 705_600_000;

/// A point on a media clock, in flicks since that clock's zero (a channel's zero is its epoch).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MediaTime(i64);

/// A span of media time, in flicks; may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MediaDuration(i64);

/// Ticks per second of a track or a wire clock; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timescale(u32);

/// One reading of the host's clocks, taken at once.
///
/// Deadlines use `monotonic`, programme date-time uses `utc`; a wall clock that steps breaks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Time since any fixed instant of the host's choice; must never go back.
    pub monotonic: Duration,
    /// Wall clock.
    pub utc: Utc,
}

/// A wall-clock instant: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Utc(i64);

impl MediaTime {
    /// The clock's zero.
    pub const ZERO: Self = Self(0);

    /// A point given in flicks.
    #[must_use]
    pub const fn from_flicks(flicks: i64) -> Self {
        Self(flicks)
    }

    /// The point at `ticks` of `scale`, to the nearest flick; saturates at the ends of the clock (414 years).
    #[must_use]
    pub fn from_ticks(ticks: i64, scale: Timescale) -> Self {
        Self(scale.to_flicks(ticks))
    }

    /// This point in flicks.
    #[must_use]
    pub const fn flicks(self) -> i64 {
        self.0
    }

    /// This point in ticks of `scale`, to the nearest tick.
    #[must_use]
    pub fn ticks(self, scale: Timescale) -> i64 {
        scale.ticks_of(self.0)
    }

    /// The span from `earlier` to this point; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> MediaDuration {
        MediaDuration(self.0.saturating_sub(earlier.0))
    }

    /// This point moved by `span`; saturates at the ends of the clock.
    #[must_use]
    pub const fn plus(self, span: MediaDuration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This point moved back by `span`; saturates at the ends of the clock.
    #[must_use]
    pub const fn minus(self, span: MediaDuration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl MediaDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span given in flicks.
    #[must_use]
    pub const fn from_flicks(flicks: i64) -> Self {
        Self(flicks)
    }

    /// The span of `ticks` of `scale`, to the nearest flick.
    #[must_use]
    pub fn from_ticks(ticks: i64, scale: Timescale) -> Self {
        Self(scale.to_flicks(ticks))
    }

    /// A span of whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(FLICKS_PER_SECOND / 1000))
    }

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(FLICKS_PER_SECOND))
    }

    /// A host duration, to the nearest flick.
    #[must_use]
    pub fn from_std(span: Duration) -> Self {
        let flicks = span.as_nanos().saturating_mul(7056).saturating_add(5000) / 10_000;
        Self(i64::try_from(flicks).unwrap_or(i64::MAX))
    }

    /// This span in flicks.
    #[must_use]
    pub const fn flicks(self) -> i64 {
        self.0
    }

    /// This span in ticks of `scale`, to the nearest tick.
    #[must_use]
    pub fn ticks(self, scale: Timescale) -> i64 {
        scale.ticks_of(self.0)
    }

    /// This span for the host's timers, rounded up to a whole nanosecond; a negative span is zero.
    #[must_use]
    pub fn to_std(self) -> Duration {
        let flicks = u128::try_from(self.0.max(0)).unwrap_or(0);
        let nanos = (flicks * 10_000).div_ceil(7056);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Seconds, for people and for manifests that print decimals.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / FLICKS_PER_SECOND as f64
    }

    /// The sum of two spans, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference of two spans, saturating.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This span `n` times over, saturating.
    #[must_use]
    pub const fn times(self, n: i64) -> Self {
        Self(self.0.saturating_mul(n))
    }
}

impl Timescale {
    /// MPEG system clock and RTP video, 90 kHz.
    pub const MPEG: Self = Self(90_000);
    /// RTMP and FLV milliseconds.
    pub const MILLIS: Self = Self(1_000);

    /// `ticks_per_second` as a timescale; `None` for zero.
    #[must_use]
    pub const fn new(ticks_per_second: u32) -> Option<Self> {
        if ticks_per_second == 0 { None } else { Some(Self(ticks_per_second)) }
    }

    /// Ticks in one second.
    #[must_use]
    pub const fn per_second(self) -> u32 {
        self.0
    }

    fn to_flicks(self, ticks: i64) -> i64 {
        round_div(i128::from(ticks) * i128::from(FLICKS_PER_SECOND), i128::from(self.0))
    }

    fn ticks_of(self, flicks: i64) -> i64 {
        round_div(i128::from(flicks) * i128::from(self.0), i128::from(FLICKS_PER_SECOND))
    }
}

impl Utc {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The instant `nanos` nanoseconds after 1970.
    #[must_use]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The instant `secs` seconds after 1970.
    #[must_use]
    pub const fn from_unix_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn unix_nanos(self) -> i64 {
        self.0
    }

    /// The media span from `earlier` to this instant, to the nearest flick.
    #[must_use]
    pub fn since(self, earlier: Self) -> MediaDuration {
        let nanos = i128::from(self.0) - i128::from(earlier.0);
        MediaDuration(round_div(nanos * 7056, 10_000))
    }

    /// This instant moved by a media span, to the nearest nanosecond.
    #[must_use]
    pub fn plus(self, span: MediaDuration) -> Self {
        Self(self.0.saturating_add(round_div(i128::from(span.0) * 10_000, 7056)))
    }
}

impl Now {
    /// A reading of `monotonic` and `utc`.
    #[must_use]
    pub const fn new(monotonic: Duration, utc: Utc) -> Self {
        Self { monotonic, utc }
    }
}

impl fmt::Debug for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}s", self.0 as f64 / FLICKS_PER_SECOND as f64)
    }
}

impl fmt::Debug for MediaDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}s", self.as_secs_f64())
    }
}

/// `a / b` to the nearest integer, halves up, clamped to `i64`; `b` is positive.
fn round_div(a: i128, b: i128) -> i64 {
    let rounded = (a + b / 2).div_euclid(b);
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_rates_are_exact() {
        for (num, den) in [(24, 1), (25, 1), (30, 1), (50, 1), (60, 1), (24_000, 1001), (30_000, 1001), (60_000, 1001)]
        {
            assert_eq!(FLICKS_PER_SECOND * den % num, 0, "{num}/{den}");
        }
        for rate in [90_000, 1_000, 44_100, 48_000] {
            assert_eq!(FLICKS_PER_SECOND % rate, 0, "{rate}");
        }
    }

    #[test]
    fn ticks_round_trip_even_at_ten_megahertz() {
        let smooth = Timescale::new(10_000_000).unwrap();
        for ticks in [0, 1, -1, 333_667, 17_634_567_890_123_456] {
            assert_eq!(MediaTime::from_ticks(ticks, smooth).ticks(smooth), ticks);
        }
    }

    #[test]
    fn host_durations_round_up_and_never_wake_early() {
        let frame = MediaDuration::from_ticks(3003, Timescale::MPEG);
        assert!(MediaDuration::from_std(frame.to_std()) >= frame);
        assert_eq!(MediaDuration::from_flicks(-1).to_std(), Duration::ZERO);
    }

    #[test]
    fn far_ends_saturate() {
        assert_eq!(MediaTime::from_ticks(i64::MAX, Timescale::MILLIS).flicks(), i64::MAX);
        assert_eq!(MediaTime::from_flicks(i64::MIN).minus(MediaDuration::from_secs(1)).flicks(), i64::MIN);
    }

    #[test]
    fn wall_clock_and_media_clock_agree() {
        let noon = Utc::from_unix_secs(1_800_000_000);
        let later = noon.plus(MediaDuration::from_secs(2));
        assert_eq!(later.since(noon), MediaDuration::from_secs(2));
    }
}
