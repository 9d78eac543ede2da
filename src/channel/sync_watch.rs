//! Watches whether the streams of one slot keep together (A26.4: IncomingStreamsOutOfSync, IncomingVideoStreamsOutOfSync).
//!
//! Pictures and sound, or two video rungs, are out of sync once their newest time stamps are more than five seconds apart
//! for five seconds of the host's clock. So a fragment that comes before the sound that belongs to it, and a clock that is set
//! in one stream a moment before the other, are none. It is told once, until they have come together again.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    channel::IngestId,
    media::TrackId,
    time::{MediaDuration, MediaTime},
};

/// A stream of a slot: its session and its id there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamId {
    pub(super) ingest: IngestId,
    pub(super) track: TrackId,
}

/// The newest time stamp of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) of: StreamId,
    pub(super) at: MediaTime,
}

/// The newest time stamps of one slot's streams.
#[derive(Debug, Default)]
pub(super) struct SyncWatch {
    newest: BTreeMap<StreamId, Newest>,
    next_look: Duration,
    all: Gap,
    video: Gap,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    is_video: bool,
    at: MediaTime,
}

#[derive(Debug, Default)]
struct Gap {
    since: Option<Duration>,
    is_told: bool,
}

/// Two streams that are too far apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Apart {
    /// Both are video.
    pub(super) is_video: bool,
    pub(super) behind: Stamp,
    pub(super) ahead: Stamp,
}

impl SyncWatch {
    /// Time stamps may be so far apart.
    const BOUND: MediaDuration = MediaDuration::from_secs(5);
    /// And further for so long.
    const HOLD: Duration = Duration::from_secs(5);
    /// From look to look.
    const STEP: Duration = Duration::from_millis(500);

    /// Notes an access unit; what is too far apart by now, video first.
    pub(super) fn push(&mut self, of: StreamId, is_video: bool, at: MediaTime, now: Duration) -> [Option<Apart>; 2] {
        self.newest.insert(of, Newest { is_video, at });
        if now < self.next_look {
            return [None, None];
        }
        self.next_look = now + Self::STEP;
        let stamps = |is_video| {
            let of_kind = self.newest.iter().filter(move |(_, newest)| newest.is_video == is_video);
            of_kind.map(|(of, newest)| Stamp { of: *of, at: newest.at })
        };
        let video = spread(stamps(true));
        // Rungs that are apart are no matter of the sound: the furthest one stands for the pictures.
        let all = spread(stamps(false).chain(video.map(|(_, ahead)| ahead)));
        let apart = |is_video, gap: &mut Gap, spread: Option<(Stamp, Stamp)>| {
            let (behind, ahead) = spread?;
            gap.look(ahead.at.since(behind.at), now).then_some(Apart { is_video, behind, ahead })
        };
        [apart(true, &mut self.video, video), apart(false, &mut self.all, all)]
    }

    /// A session is gone, and its streams with it.
    pub(super) fn forget(&mut self, ingest: IngestId) {
        self.newest.retain(|of, _| of.ingest != ingest);
    }
}

impl Gap {
    fn look(&mut self, apart: MediaDuration, now: Duration) -> bool {
        if apart <= SyncWatch::BOUND {
            *self = Self::default();
            return false;
        }
        let since = *self.since.get_or_insert(now);
        now.saturating_sub(since) >= SyncWatch::HOLD && !std::mem::replace(&mut self.is_told, true)
    }
}

/// The first and the last of some time stamps.
fn spread(stamps: impl Iterator<Item = Stamp> + Clone) -> Option<(Stamp, Stamp)> {
    stamps.clone().min_by_key(|stamp| stamp.at).zip(stamps.max_by_key(|stamp| stamp.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIDEO: StreamId = StreamId { ingest: IngestId(1), track: TrackId(1) };
    const LOW: StreamId = StreamId { ingest: IngestId(2), track: TrackId(1) };
    const SOUND: StreamId = StreamId { ingest: IngestId(1), track: TrackId(2) };

    /// Pictures, rungs and sound once a tenth of a second; the sound and the low rung are behind by so many ms.
    fn run(secs: i64, sound: impl Fn(i64) -> i64, low: impl Fn(i64) -> i64) -> Vec<(i64, bool, i64)> {
        let mut watch = SyncWatch::default();
        let mut told = Vec::new();
        for n in 0..secs * 10 {
            let (at, now) = (n * 100, Duration::from_millis(n as u64 * 100));
            for (of, by) in [(VIDEO, 0), (LOW, low(at)), (SOUND, sound(at))] {
                let stamp = MediaTime::ZERO.plus(MediaDuration::from_millis(at - by));
                for apart in watch.push(of, of != SOUND, stamp, now).into_iter().flatten() {
                    let by = apart.ahead.at.since(apart.behind.at);
                    told.push((at, apart.is_video, by.flicks() / MediaDuration::from_millis(1).flicks()));
                }
            }
        }
        told
    }

    #[test]
    fn streams_that_part_are_told_once_and_again_after_they_met() {
        let none = |_| 0;
        assert_eq!(run(60, |_| 4900, |_| 4900), []);
        let told = run(60, |at| if (10_000..20_000).contains(&at) || at >= 40_000 { 7000 } else { 0 }, none);
        assert_eq!(told.iter().map(|(at, ..)| at / 1000).collect::<Vec<_>>(), [15, 45]);
        assert!(told.iter().all(|(_, is_video, by)| !is_video && (7000..=7100).contains(by)), "{told:?}");
        // A rung that lags is a matter of the video, not of the sound.
        let told = run(30, none, |_| 6000);
        assert_eq!(told.iter().map(|(_, is_video, _)| *is_video).collect::<Vec<_>>(), [true]);
    }

    #[test]
    fn a_moment_apart_is_none() {
        // Fragments of six seconds, three seconds before the sound; a clock that is set in one stream first.
        assert_eq!(run(60, |at| if at % 6000 < 3000 { 6000 } else { 0 }, |_| 0), []);
        assert_eq!(run(60, |at| if (9000..9500).contains(&at) { -95_443_000 } else { 0 }, |_| 0), []);
    }

    #[test]
    fn who_is_gone_is_not_waited_for() {
        let mut watch = SyncWatch::default();
        let at = |secs| MediaTime::ZERO.plus(MediaDuration::from_secs(secs));
        let _ = watch.push(LOW, true, at(0), Duration::ZERO);
        watch.forget(LOW.ingest);
        let looks = (0..60).map(|n| watch.push(VIDEO, true, at(n), Duration::from_secs(n as u64)));
        assert!(looks.into_iter().all(|apart| apart == [None, None]));
    }
}
