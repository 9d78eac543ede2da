//! What was billed, from when to when, and why (A3).

use std::{collections::VecDeque, fmt, time::Duration};

use crate::time::{Now, Utc};

/// A stretch of time in which a channel was Running, and so billed (A3.1, A3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilledSpan {
    /// When the state became Running.
    pub from: Utc,
    /// When it stopped being Running; `None` while it is.
    pub until: Option<Utc>,
    /// Time billed so far, by the host's monotonic clock: a wall clock that steps costs nobody anything.
    pub billed: Duration,
    /// Why it ended.
    pub ended_by: Option<MeterEnd>,
}

/// Why billing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeterEnd {
    /// The owner stopped the channel.
    Stop,
    /// It ran with no program and no contribution for too long; the idle time is billed (A4.1, A4.3).
    IdleShutoff,
    /// A reset failed.
    Failure,
}

/// For people.
impl fmt::Display for MeterEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stop => "the channel was stopped",
            Self::IdleShutoff => "the channel was idle for too long",
            Self::Failure => "a reset failed",
        })
    }
}

/// A channel's meter: the newest spans one by one, older ones as a sum.
#[derive(Debug, Default)]
pub struct Meter {
    spans: VecDeque<BilledSpan>,
    older: Duration,
    running_since: Option<Duration>,
}

impl Meter {
    /// Spans that are kept one by one.
    const KEPT: usize = 1024;

    pub(super) fn start(&mut self, now: Now) {
        if self.running_since.is_some() {
            return;
        }
        if self.spans.len() == Self::KEPT {
            self.older += self.spans.pop_front().map_or(Duration::ZERO, |span| span.billed);
        }
        self.running_since = Some(now.monotonic);
        self.spans.push_back(BilledSpan { from: now.utc, until: None, billed: Duration::ZERO, ended_by: None });
    }

    pub(super) fn stop(&mut self, now: Now, why: MeterEnd) {
        let Some(since) = self.running_since.take() else { return };
        if let Some(span) = self.spans.back_mut() {
            span.billed = now.monotonic.saturating_sub(since);
            span.until = Some(now.utc);
            span.ended_by = Some(why);
        }
    }

    /// Everything billed up to `now`.
    #[must_use]
    pub fn total(&self, now: Now) -> Duration {
        let open = self.running_since.map_or(Duration::ZERO, |since| now.monotonic.saturating_sub(since));
        self.older + self.spans.iter().map(|span| span.billed).sum::<Duration>() + open
    }

    /// The newest spans, the oldest first; the last one may still be open.
    pub fn spans(&self) -> impl Iterator<Item = &BilledSpan> {
        self.spans.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Now {
        Now::new(Duration::from_secs(secs), Utc::from_unix_secs(1_000_000 + secs as i64))
    }

    #[test]
    fn running_time_is_billed_to_the_moment_a3_2() {
        let mut meter = Meter::default();
        meter.start(at(10));
        assert_eq!(meter.total(at(70)), Duration::from_secs(60));
        meter.stop(at(100), MeterEnd::Stop);
        assert_eq!(meter.total(at(500)), Duration::from_secs(90));
        let span = meter.spans().next().expect("one span");
        assert_eq!((span.from, span.until), (at(10).utc, Some(at(100).utc)));
        assert_eq!(span.ended_by, Some(MeterEnd::Stop));
    }

    #[test]
    fn a_wall_clock_that_steps_bills_nothing_extra() {
        let mut meter = Meter::default();
        meter.start(at(0));
        let stepped = Now::new(Duration::from_secs(5), Utc::from_unix_secs(9_000_000));
        meter.stop(stepped, MeterEnd::Stop);
        assert_eq!(meter.total(stepped), Duration::from_secs(5));
    }

    #[test]
    fn old_spans_are_folded_into_the_sum() {
        let mut meter = Meter::default();
        for n in 0..(Meter::KEPT as u64 + 50) {
            meter.start(at(n * 10));
            meter.stop(at(n * 10 + 1), MeterEnd::Stop);
        }
        assert_eq!(meter.spans().count(), Meter::KEPT);
        assert_eq!(meter.total(at(1_000_000)), Duration::from_secs(Meter::KEPT as u64 + 50));
    }
}
