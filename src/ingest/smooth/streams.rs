//! What is remembered of the streams under one `Streams(identifier)` from one POST to the next.
//!
//! An encoder that lost its connection sends the last two fragments of each stream again (SPECS d1), in a new POST. The
//! memory is keyed by what the live server manifest calls a stream, by its bitrate and, where several are called the same, by
//! their order: track numbers may be others after a restart.
//!
//! ```text
//!        taken already    in the last one   follows      after a hole
//!  ──────────┬──────────────────┬──────────────┬──────────────┬──────► time stamp of the next fragment
//!         Overlap            Overlap          Next          Ahead
//!  older, taken or not: NonIncreasing; older than 30 s, or at the start of a POST than the last four: the encoder began a new
//!  timeline
//! ```

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    error::FragmentDrop,
    time::{MediaDuration, MediaTime},
};

/// The memory of one `Streams(identifier)` of a publishing point: keep one for each beside the channel, and give a clone to
/// the session of each POST to it.
///
/// Identifiers must not share one: rungs that each carry the same sound would take each other's fragments for their own, sent
/// twice, and none would have all of it.
///
/// Its sessions must be driven one after the other for the same input to give the same output, as those of one channel
/// are. At most 64 streams are remembered; of more, the one that was silent for longest is forgotten.
#[derive(Clone, Debug, Default)]
pub struct SmoothStreams(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    streams: BTreeMap<StreamName, Position>,
    turn: u64,
}

/// Names a stream in all POSTs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamName {
    pub(super) name: String,
    pub(super) bitrate: u32,
    /// How many streams of the same header are called the same and come before it.
    pub(super) namesakes: u32,
}

/// How far a stream has come.
#[derive(Debug, Default)]
struct Position {
    /// Where the newest fragment begins, and where it ends.
    start: MediaTime,
    end: MediaTime,
    recent: VecDeque<MediaTime>,
    turn: u64,
}

/// What a fragment is to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It comes after the last one.
    Next,
    /// Something is missing before it.
    Ahead,
    /// The encoder's clock was set back: what was is of no meaning.
    Anew,
    /// It is not to be taken.
    Drop(FragmentDrop),
}

impl SmoothStreams {
    /// No stream is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all streams, as a reset of the channel should.
    pub fn clear(&self) {
        self.lock().streams.clear();
    }

    /// Where the newest fragment of the stream ends, as far as it was taken; of several that are called the same, the first.
    #[must_use]
    pub fn newest(&self, name: &str, bitrate: u32) -> Option<MediaTime> {
        let name = StreamName { name: name.into(), bitrate, namesakes: 0 };
        self.lock().streams.get(&name).map(|position| position.end)
    }

    /// What a fragment that begins at `start` is: the first that is taken of a POST, or one that follows.
    pub(super) fn judge(&self, name: &StreamName, start: MediaTime, is_first: bool) -> Verdict {
        let memory = self.lock();
        let Some(position) = memory.streams.get(name) else { return Verdict::Next };
        let behind = position.start.since(start);
        if behind > RESENT || (is_first && position.sent_again_from().is_some_and(|oldest| start < oldest)) {
            Verdict::Anew
        } else if position.recent.contains(&start) {
            Verdict::Drop(FragmentDrop::OverlapTimestamp)
        } else if behind >= MediaDuration::ZERO {
            Verdict::Drop(FragmentDrop::NonIncreasingTimestamp)
        } else {
            position.follow(start)
        }
    }

    /// What a fragment of a sparse stream is, which has none for most of its time: each POST is short, and no rest between
    /// two of them is a hole.
    pub(super) fn judge_sparse(&self, name: &StreamName, start: MediaTime) -> Verdict {
        let memory = self.lock();
        let Some(position) = memory.streams.get(name) else { return Verdict::Next };
        let behind = position.start.since(start);
        if position.recent.contains(&start) {
            Verdict::Drop(FragmentDrop::OverlapTimestamp)
        } else if behind > RESENT {
            Verdict::Anew
        } else if behind >= MediaDuration::ZERO {
            Verdict::Drop(FragmentDrop::NonIncreasingTimestamp)
        } else {
            Verdict::Next
        }
    }

    /// Notes that a fragment was taken; from when to when the one before it was.
    pub(super) fn accept(&self, name: &StreamName, start: MediaTime, end: MediaTime) -> Option<(MediaTime, MediaTime)> {
        let mut memory = self.lock();
        memory.turn = memory.turn.saturating_add(1);
        let turn = memory.turn;
        if memory.streams.len() >= MAX_STREAMS && !memory.streams.contains_key(name) {
            let silent = memory.streams.iter().min_by_key(|(_, position)| position.turn);
            if let Some(silent) = silent.map(|(name, _)| name.clone()) {
                memory.streams.remove(&silent);
            }
        }
        let known = memory.streams.get(name).map(|position| (position.start, position.end));
        let position = memory.streams.entry(name.clone()).or_default();
        if known.is_some_and(|(newest, _)| newest > start) {
            position.recent.clear();
        }
        if position.recent.len() == RECENT {
            position.recent.pop_front();
        }
        position.recent.push_back(start);
        (position.start, position.end, position.turn) = (start, end, turn);
        known
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // Nothing in here panics, and a memory that was left half-written would still be a memory.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Position {
    /// The oldest fragment that an encoder may send again when it connects anew.
    fn sent_again_from(&self) -> Option<MediaTime> {
        self.recent.get(self.recent.len().saturating_sub(SENT_AGAIN)).copied()
    }

    /// What a fragment is that begins after the newest one did.
    fn follow(&self, start: MediaTime) -> Verdict {
        let (hole, span) = (start.since(self.end), self.end.since(self.start));
        if hole.plus(TOLERATED) < MediaDuration::ZERO {
            Verdict::Drop(FragmentDrop::OverlapTimestamp)
        } else if span > MediaDuration::ZERO && hole > MediaDuration::ZERO && hole.times(2) >= span {
            Verdict::Ahead
        } else {
            Verdict::Next
        }
    }
}

/// Streams that are remembered.
const MAX_STREAMS: usize = 64;
/// Time stamps that are remembered of each.
const RECENT: usize = 16;
/// Fragments of a stream that may be sent again at the start of a POST: two by the letter, and as many more.
const SENT_AGAIN: usize = 4;
/// What is older was not sent again: two fragments of six seconds, and room to spare.
const RESENT: MediaDuration = MediaDuration::from_secs(30);
/// A fragment may begin so long before the last one ends: clocks of 10 MHz round, and encoders do worse.
const TOLERATED: MediaDuration = MediaDuration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_in_time_has_its_verdict() {
        let (streams, name) = (SmoothStreams::new(), StreamName { name: "v".into(), bitrate: 1, namesakes: 0 });
        let at = |millis| MediaTime::ZERO.plus(MediaDuration::from_millis(millis));
        for start in (100_000..110_000).step_by(2000) {
            assert_eq!(streams.judge(&name, at(start), true), Verdict::Next);
            streams.accept(&name, at(start), at(start + 2000));
        }
        let judge = |start, is_first| streams.judge(&name, at(start), is_first);
        let overlap = Verdict::Drop(FragmentDrop::OverlapTimestamp);
        let older = Verdict::Drop(FragmentDrop::NonIncreasingTimestamp);
        let expected =
            [(108_000, overlap), (106_000, overlap), (107_000, older), (109_500, overlap), (109_950, Verdict::Next)];
        for (start, verdict) in expected {
            assert_eq!(judge(start, false), verdict, "{start}");
        }
        for (start, verdict) in [(110_900, Verdict::Next), (111_000, Verdict::Ahead), (70_000, Verdict::Anew)] {
            assert_eq!(judge(start, false), verdict, "{start}");
        }
        // Five were taken, and the last four of them may be sent again.
        for (start, verdict) in [(102_000, overlap), (101_999, Verdict::Anew), (107_000, older), (108_000, overlap)] {
            assert_eq!(judge(start, true), verdict, "{start}, first");
        }
        let judge = |start| streams.judge_sparse(&name, at(start));
        assert_eq!((judge(109_500), judge(900_000), judge(100_000)), (Verdict::Next, Verdict::Next, overlap));
        assert_eq!(streams.newest("v", 1), Some(at(110_000)));
        streams.clone().clear();
        assert_eq!(streams.newest("v", 1), None);
    }

    #[test]
    fn the_stream_that_was_silent_for_longest_is_forgotten() {
        let streams = SmoothStreams::new();
        for n in 0..100 {
            let name = StreamName { name: format!("s{n}"), bitrate: 0, namesakes: 0 };
            streams.accept(&name, MediaTime::ZERO, MediaTime::ZERO);
        }
        assert!(streams.newest("s35", 0).is_none() && streams.newest("s36", 0).is_some());
    }
}
