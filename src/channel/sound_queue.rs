//! The sound of a contribution that waits for its place on the channel's clock: one queue for each audio output, so that
//! no language waits for another.

use std::collections::VecDeque;

use crate::{
    channel::AudioStream,
    media::{AccessUnit, Track, TrackId},
    time::{MediaDuration, MediaTime},
};

/// The queues of one contribution, in the order of the channel's audio outputs.
#[derive(Debug, Default)]
pub(super) struct SoundQueues(Vec<SoundQueue>);

/// Sound that left a queue.
#[derive(Debug)]
pub(super) enum Sound {
    /// Its place is known.
    Placed(AccessUnit, MediaTime),
    /// So many access units were dropped, for this reason.
    Dropped(u64, &'static str),
}

#[derive(Debug)]
struct SoundQueue {
    /// Which of the contribution's audio tracks is taken.
    index: u32,
    track: Option<Track>,
    waiting: VecDeque<AccessUnit>,
    /// Bytes that wait.
    bytes: usize,
    /// Where the sound that was placed so far ends, on the channel's clock.
    end: Option<MediaTime>,
}

impl SoundQueues {
    pub(super) fn new(streams: &[AudioStream]) -> Self {
        let queue = |stream: &AudioStream| SoundQueue {
            index: stream.index,
            track: None,
            waiting: VecDeque::new(),
            bytes: 0,
            end: None,
        };
        Self(streams.iter().map(queue).collect())
    }

    /// Notes an audio track; whether an output takes it and its decoder must be made anew. A track keeps the output that it
    /// has, also where the map that names it changes (FAULTS row 45); one that is new takes the output of its index.
    pub(super) fn takes(&mut self, track: &Track) -> bool {
        let output = self.output_of(track.id).or_else(|| self.0.iter().position(|queue| queue.index == track.index));
        let Some(queue) = output.and_then(|output| self.0.get_mut(output)) else { return false };
        let is_same = |ours: &Track| ours.id == track.id && ours.format == track.format;
        if queue.track.as_ref().is_some_and(is_same) {
            return false;
        }
        if queue.track.as_ref().is_some_and(|ours| ours.id != track.id) {
            // What the track before left behind is nothing for the next one's decoder.
            queue.waiting.clear();
            queue.bytes = 0;
        }
        queue.track = Some(track.clone());
        true
    }

    /// The output that takes this track.
    pub(super) fn output_of(&self, track: TrackId) -> Option<usize> {
        self.0.iter().position(|queue| queue.track.as_ref().is_some_and(|ours| ours.id == track))
    }

    /// The tracks that are taken.
    pub(super) fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.0.iter().filter_map(|queue| queue.track.as_ref())
    }

    /// Whether the contribution has told a track for an output.
    pub(super) fn has_track(&self, output: usize) -> bool {
        self.0.get(output).is_some_and(|queue| queue.track.is_some())
    }

    /// How many outputs there are.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes sound of an output that waits for its place; how many access units were dropped for it: the oldest, or itself
    /// where no queue holds it.
    pub(super) fn push(&mut self, output: usize, unit: AccessUnit) -> u64 {
        let size = unit.data.len();
        let Some(queue) = self.0.get_mut(output).filter(|_| size <= SOUND_BYTES) else { return 1 };
        let mut dropped = 0;
        while queue.waiting.len() >= SOUND_WAITS || queue.bytes.saturating_add(size) > SOUND_BYTES {
            dropped += u64::from(queue.pop().is_some());
        }
        queue.bytes = queue.bytes.saturating_add(size);
        queue.waiting.push_back(unit);
        dropped
    }

    /// The next sound of an output. `place` maps source time to the channel's clock, whose output has come to `position`.
    ///
    /// Sound that is placed far off is of another timeline: it waits for the pictures to jump, too, and is dropped when sound
    /// of the pictures' timeline comes behind it. Sound of an instant that was placed already is a repetition and dropped
    /// (FAULTS row 44).
    pub(super) fn next(
        &mut self,
        output: usize,
        place: impl Fn(MediaTime) -> Option<MediaTime>,
        position: MediaTime,
    ) -> Option<Sound> {
        let queue = self.0.get_mut(output)?;
        let end = queue.end;
        let is_near = |unit: &AccessUnit| {
            let near = |at: MediaTime, other: MediaTime| at.since(other).flicks().saturating_abs() < FAR.flicks();
            place(unit.pts).is_some_and(|at| near(at, position) || end.is_some_and(|end| near(at, end)))
        };
        let first = queue.waiting.iter().position(is_near)?;
        if first > 0 {
            let dropped = (0..first).filter_map(|_| queue.pop()).count();
            return Some(Sound::Dropped(dropped as u64, NO_PLACE));
        }
        let unit = queue.pop()?;
        let at = place(unit.pts)?;
        let is_repeated = end.is_some_and(|end| at < end && at.plus(unit.duration) <= end);
        if is_repeated {
            return Some(Sound::Dropped(1, "sound that was repeated"));
        }
        queue.end = Some(at.plus(unit.duration));
        Some(Sound::Placed(unit, at))
    }

    /// The pictures' timeline was taken up anew, and the sound's with it.
    pub(super) fn timeline_changed(&mut self) {
        self.0.iter_mut().for_each(|queue| queue.end = None);
    }

    /// Up to where the sound of an output has come, on the channel's clock.
    pub(super) fn end(&self, output: usize) -> Option<MediaTime> {
        self.0.get(output)?.end
    }
}

impl SoundQueue {
    fn pop(&mut self) -> Option<AccessUnit> {
        let unit = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(unit.data.len());
        Some(unit)
    }
}

/// Why sound is dropped that never got a place.
pub(super) const NO_PLACE: &str = "sound without a place beside the pictures";

/// Access units of one output that wait for a place on the channel's clock; what is older goes.
const SOUND_WAITS: usize = 256;

/// Bytes of one output that wait: five seconds of uncompressed stereo, and so more than any codec's.
const SOUND_BYTES: usize = 1 << 20;

/// Sound further than this from where it is expected belongs to another timeline (FAULTS row 8).
const FAR: MediaDuration = MediaDuration::from_secs(2);

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        media::{AacConfig, AudioTrack, Language, TrackFormat},
        time::Timescale,
    };

    fn queues(count: u32) -> SoundQueues {
        SoundQueues::new(&(0..count).map(|n| AudioStream::new(n, Language::UND)).collect::<Vec<_>>())
    }

    fn track(id: u32, index: u32) -> Track {
        let asc = AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) };
        let format = TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, asc);
        Track { index, ..Track::new(TrackId(id), Timescale::MPEG, format) }
    }

    fn millis(n: i64) -> MediaTime {
        MediaTime::ZERO.plus(MediaDuration::from_millis(n))
    }

    fn unit(at: i64, size: usize) -> AccessUnit {
        let (track, duration) = (TrackId(1), MediaDuration::from_millis(20));
        let data = vec![0; size].into();
        AccessUnit {
            track,
            pts: millis(at),
            dts: millis(at),
            duration,
            is_random_access: true,
            is_damaged: false,
            data,
        }
    }

    /// Places of everything that waits, and what was dropped.
    fn drain(queues: &mut SoundQueues, position: i64) -> (Vec<MediaTime>, u64) {
        let (mut placed, mut dropped) = (Vec::new(), 0);
        while let Some(sound) = queues.next(0, Some, millis(position)) {
            match sound {
                Sound::Placed(_, at) => placed.push(at),
                Sound::Dropped(count, _) => dropped += count,
            }
        }
        (placed, dropped)
    }

    #[test]
    fn a_track_takes_the_output_of_its_index_and_keeps_it() {
        let mut queues = queues(3);
        assert!(queues.takes(&track(10, 0)) && queues.takes(&track(11, 1)) && queues.takes(&track(12, 2)));
        assert!(!queues.takes(&track(13, 3)), "there is no output for it");
        assert!(!queues.takes(&track(12, 2)), "its decoder is there");
        // The map loses the second: the third stays where it is, and the second comes back to its place.
        assert!(!queues.takes(&track(12, 1)) && !queues.takes(&track(11, 1)));
        assert_eq!([10, 11, 12, 13].map(|id| queues.output_of(TrackId(id))), [Some(0), Some(1), Some(2), None]);
        // Another PID in the place of the first.
        assert!(queues.takes(&track(20, 0)));
        assert_eq!((queues.output_of(TrackId(20)), queues.output_of(TrackId(10))), (Some(0), None));
        let other = TrackFormat::Aac(AudioTrack { sample_rate: 44_100, channels: 1 }, AacConfig { asc: Bytes::new() });
        assert!(queues.takes(&Track { format: other, ..track(20, 0) }));
        assert_eq!(queues.tracks().count(), 3);
    }

    #[test]
    fn row_44_sound_that_is_repeated_is_dropped_once_and_counted() {
        let mut queues = queues(1);
        let instants = (0..50).map(|n| n * 20).chain((25..75).map(|n| n * 20));
        instants.for_each(|at| assert_eq!(queues.push(0, unit(at, 100)), 0));
        let (placed, dropped) = drain(&mut queues, 500);
        assert_eq!((placed.len(), dropped), (75, 25));
        assert!(placed.windows(2).all(|pair| pair[1].since(pair[0]) == MediaDuration::from_millis(20)));
        // Jitter is no repetition.
        queues.push(0, unit(1497, 100));
        assert_eq!(drain(&mut queues, 1500), (vec![millis(1497)], 0));
    }

    #[test]
    fn what_waits_too_long_or_weighs_too_much_goes() {
        let mut queues = queues(1);
        let dropped: u64 = (0..300).map(|n| queues.push(0, unit(100_000 + n, 1))).sum();
        assert_eq!(dropped, 300 - SOUND_WAITS as u64);
        assert_eq!(queues.push(0, unit(0, SOUND_BYTES)), SOUND_WAITS as u64);
        assert_eq!(queues.push(9, unit(0, 1)), 1, "there is no such output");
        assert_eq!(queues.push(0, unit(0, SOUND_BYTES + 1)), 1);
        assert_eq!(drain(&mut queues, 0).0.len(), 1);
    }

    #[test]
    fn sound_of_another_timeline_waits_and_goes_when_the_pictures_stay() {
        let mut queues = queues(1);
        queues.push(0, unit(50_000, 1));
        assert_eq!(drain(&mut queues, 0), (vec![], 0));
        queues.push(0, unit(20, 1));
        assert_eq!(drain(&mut queues, 0), (vec![millis(20)], 1));
    }
}
