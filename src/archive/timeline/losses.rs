//! A timeline after its store has lost fragments. It is rare, and costs what the window holds.

use super::Timeline;
use crate::archive::{Loss, rate::RateMeter};

impl Timeline {
    /// Fragments that the store has lost are missing from now on, as if their renditions had had nothing there; whether any of
    /// them was in the window.
    pub fn lose(&mut self, losses: &[Loss]) -> bool {
        let before = self.lost;
        for loss in losses {
            let first = self.segments.front().map_or(0, |first| first.sequence);
            let place = loss.sequence.checked_sub(first).and_then(|place| usize::try_from(place).ok());
            let segment = place.and_then(|place| self.segments.get_mut(place));
            if segment.is_some_and(|segment| loss.mark(segment)) {
                self.lost = self.lost.saturating_add(1);
            }
            self.edge.lose(*loss);
        }
        let changes = self.lost > before;
        if changes {
            self.measure();
            self.version = self.version.saturating_add(1);
        }
        changes
    }

    /// Fragments of the window that were lost since the timeline began here, those that have left it counted.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Measures the bit rates anew, over what the window holds and nothing before it.
    fn measure(&mut self) {
        self.meters = self.presentation.tracks.iter().map(|_| RateMeter::default()).collect();
        for segment in &self.segments {
            Self::meter(&mut self.meters, segment, &self.presentation, self.segment_duration);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        archive::rig::ladder,
        media::{Pack, Presentation, Segment, Span},
        time::{MediaDuration, MediaTime, Utc},
    };

    fn timeline(count: u64, lacks: impl Fn(u64, usize) -> bool) -> Timeline {
        let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
        let scales: Vec<u32> = presentation.tracks.iter().map(|track| track.timescale.per_second()).collect();
        let mut timeline = Timeline::new(presentation, MediaDuration::from_secs(2));
        for sequence in 0..count {
            let bytes = |track| if lacks(sequence, track) { 0 } else { 1000 * (1 + sequence as u32 * 7 % 5) };
            let span = |(track, scale): (usize, &u32)| Span {
                start: 2 * sequence * u64::from(*scale),
                duration: 2 * scale,
                bytes: bytes(track),
            };
            let segment = Segment {
                sequence,
                start: MediaTime::ZERO.plus(MediaDuration::from_secs(2 * sequence as i64)),
                duration: MediaDuration::from_secs(2),
                is_discontinuous: false,
                spans: scales.iter().enumerate().map(span).collect(),
                cues: Arc::default(),
                pack: Pack::default(),
            };
            timeline.append(segment).unwrap();
        }
        timeline
    }

    #[test]
    fn what_is_lost_is_as_if_it_had_never_been_there_row_59() {
        let mut timeline_with = timeline(10, |_, _| false);
        let version = timeline_with.version();
        let losses = [(4, 0), (4, 1), (7, 2), (9, 0)].map(|(sequence, track)| Loss { sequence, track });
        assert!(timeline_with.lose(&losses));
        assert!(timeline_with.version() > version && timeline_with.lost() == 4);
        let without = timeline(10, |sequence, track| losses.contains(&Loss { sequence, track }));
        assert!(timeline_with.segments().eq(without.segments()));
        for track in 0..3 {
            assert_eq!(timeline_with.bitrates(track), without.bitrates(track));
        }
        // Once more, and what is not there, changes nothing.
        let version = timeline_with.version();
        let others = [(4, 0), (10, 0), (3, 3), (u64::MAX, 0)].map(|(sequence, track)| Loss { sequence, track });
        assert!(!timeline_with.lose(&others) && timeline_with.version() == version);
        while timeline_with.trim(9).is_some() {}
        assert!(!timeline_with.lose(&[Loss { sequence: 8, track: 0 }]), "it has left");
        assert_eq!(timeline_with.bitrates(0).mean, 0);
    }
}
