//! The one place that reads the clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headend::time::{Now, Utc};

/// The process's clocks; all copies of one count from the same instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    zero: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { zero: Instant::now() }
    }

    /// Both clocks, read at once.
    pub(crate) fn now(self) -> Now {
        let utc = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = i64::try_from(utc.as_nanos()).unwrap_or(i64::MAX);
        Now::new(self.zero.elapsed(), Utc::from_unix_nanos(nanos))
    }

    /// A point of the monotonic clock, for tokio's timers.
    pub(crate) fn instant(self, monotonic: Duration) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.zero + monotonic)
    }
}
