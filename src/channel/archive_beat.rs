//! Tells every ten seconds how far the archive is behind the contribution (A26.4: ArchiveHeartbeat).

use std::time::Duration;

use crate::{
    channel::{Channel, Event},
    media::Segment,
    time::{MediaDuration, MediaTime, Now},
};

/// What was archived last, and when that is to be told.
#[derive(Debug, Default)]
pub(super) struct ArchiveBeat {
    next: Option<Duration>,
    /// End of the newest segment of a program.
    end: Option<MediaTime>,
}

impl ArchiveBeat {
    /// From one to the next.
    const EVERY: Duration = Duration::from_secs(10);

    /// A program archived this segment.
    pub(super) fn note(&mut self, segment: &Segment) {
        self.end = Some(segment.end());
    }

    pub(super) const fn poll_timeout(&self) -> Option<Duration> {
        self.next
    }
}

impl Channel {
    /// Tells it when it is due; no program, no archive.
    pub(super) fn beat_archive(&mut self, now: Now) {
        if self.programs.is_empty() {
            self.archive_beat = ArchiveBeat::default();
            return;
        }
        // Counted from when the first program began, not from its segments: when those are whole is the network's doing.
        let due = *self.archive_beat.next.get_or_insert(now.monotonic + ArchiveBeat::EVERY);
        if now.monotonic < due {
            return;
        }
        self.archive_beat.next = Some(now.monotonic + ArchiveBeat::EVERY);
        if let Some((live, end)) = self.live_edge(now).zip(self.archive_beat.end) {
            let behind = live.since(end).max(MediaDuration::ZERO).flicks() / MediaDuration::from_millis(1).flicks();
            self.event(Event::ArchiveHeartbeat { latency_millis: behind.unsigned_abs() });
        }
    }

    /// What is being made now, on the output's time line: the channel's own clock, or the contribution's that goes through.
    fn live_edge(&self, now: Now) -> Option<MediaTime> {
        if let Some(air) = &self.air {
            return Some(air.switcher.position().minus(air.switcher.lead(now)));
        }
        let relay = self.relay.as_ref()?;
        let silence = now.monotonic.saturating_sub(relay.last_unit().unwrap_or(now.monotonic));
        Some(relay.position()?.plus(MediaDuration::from_std(silence)))
    }
}
