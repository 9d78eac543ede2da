//! One slot of a merged contribution: whether it is there, and until when what it brought lasts.

use std::time::Duration;

use crate::time::{MediaDuration, MediaTime};

/// What a slot brought last. One that sends a fragment of two seconds at once has nothing to send for two seconds: its silence
/// counts from where its media ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Feed {
    pub(super) is_attached: bool,
    /// When what came last came, and the decode times of the first and the newest of what came at that instant.
    burst: Option<(Duration, MediaTime, MediaTime)>,
    /// When all of it has been shown, on the monotonic clock, counted from its arrival.
    lasts: Option<Duration>,
}

impl Feed {
    /// What comes at one instant is worth no more than this: the longest GOP that a channel has.
    const LONGEST: MediaDuration = MediaDuration::from_secs(20);

    /// It brought an access unit that shows that it lives.
    pub(super) fn take(&mut self, dts: MediaTime, now: Duration) {
        let first = self.burst.filter(|(at, ..)| *at == now).map_or(dts, |(_, first, _)| first);
        self.burst = Some((now, first, dts));
        let span = dts.since(first).clamp(MediaDuration::ZERO, Self::LONGEST);
        self.lasts = Some(now.saturating_add(span.to_std()));
    }

    /// Decode time of the newest.
    pub(super) fn newest(&self) -> Option<MediaTime> {
        self.burst.map(|(.., newest)| newest)
    }

    /// Until when what it brought lasts.
    pub(super) const fn lasts(&self) -> Option<Duration> {
        self.lasts
    }

    /// It could bring nothing up to now.
    pub(super) fn excuse(&mut self, now: Duration) {
        self.lasts = self.lasts.max(Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_counts_from_the_end_of_what_came_at_once() {
        let at = Duration::from_secs;
        let dts = |secs| MediaTime::ZERO.plus(MediaDuration::from_secs(secs));
        let mut feed = Feed::default();
        assert_eq!(feed.lasts(), None);
        (7..10).for_each(|n| feed.take(dts(n), at(100)));
        assert_eq!((feed.lasts(), feed.newest()), (Some(at(102)), Some(dts(9))));
        // One alone lasts no time, and neither does one that steps back; a jump is no hour of pictures.
        feed.take(dts(10), at(101));
        assert_eq!(feed.lasts(), Some(at(101)));
        feed.take(dts(0), at(101));
        assert_eq!(feed.lasts(), Some(at(101)));
        feed.take(dts(3600), at(101));
        assert_eq!(feed.lasts(), Some(at(121)));
        feed.excuse(at(110));
        assert_eq!(feed.lasts(), Some(at(121)));
        feed.excuse(at(130));
        assert_eq!(feed.lasts(), Some(at(130)));
    }
}
