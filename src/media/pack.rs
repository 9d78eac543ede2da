//! Packs: the segments that go together into one segment of HLS with transport streams (A1.12, A20.15).
//!
//! Fragments are short, so that players of every protocol are near the live edge and rungs change soon; a transport stream that is
//! longer has less around it, and is asked for less often. Packs are counted by each asset, from its first segment on.

use std::num::NonZeroU8;

use crate::{
    media::{CuePhase, Segment, Span},
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime},
};

/// How segments are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// Segments of a pack, at most.
    pub segments: NonZeroU8,
    /// What a pack of several lasts at most, to the nearest second, as `EXT-X-TARGETDURATION` has it.
    pub longest: MediaDuration,
}

/// Which pack a segment is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Pack {
    /// Counts up by one from pack to pack of an asset; HLS media sequence number.
    pub number: u64,
    /// Segments of the pack before this one.
    pub place: u8,
    /// Where the first of them starts.
    pub start: MediaTime,
}

impl Packing {
    /// Each segment by itself.
    pub const NONE: Self = Self { segments: NonZeroU8::MIN, longest: MediaDuration::ZERO };

    /// The most segments that may be asked for.
    pub const MAX: u8 = 10;

    /// The longest pack of several. Three are always in a playlist, and a fourth is getting whole or leaving: the shortest window is a
    /// minute (RFC 8216 clause 6.2.2).
    pub const LONGEST: MediaDuration = MediaDuration::from_secs(15);

    /// So many segments to a pack, which mostly last `usual`; longer ones are fewer. Where nobody asks, it is the number of A1.12: three up
    /// to 3 s, two up to 5 s, and one by itself beyond.
    #[must_use]
    pub fn new(asked: Option<NonZeroU8>, usual: MediaDuration) -> Self {
        let by_length = match usual {
            short if short <= MediaDuration::from_secs(3) => 3,
            middling if middling <= MediaDuration::from_secs(5) => 2,
            _ => 1,
        };
        let segments = asked.or(NonZeroU8::new(by_length)).unwrap_or(NonZeroU8::MIN);
        Self { segments, longest: usual.times(segments.get().into()).min(Self::LONGEST) }
    }

    /// Where a segment is that comes behind one that is there, or is the first of all. A pack ends at a splice, for players that go by
    /// tags which stand between segments, and where time stamps jump.
    pub(crate) fn place(self, before: Option<Pack>, segment: &Segment) -> Pack {
        let Some(before) = before else { return Pack { number: 0, place: 0, start: segment.start } };
        let is_next = !self.is_full(before) && !segment.is_discontinuous && !segment.is_splice();
        if is_next && self.holds(segment.end().since(before.start)) {
            Pack { place: before.place.saturating_add(1), ..before }
        } else {
            Pack { number: before.number.saturating_add(1), place: 0, start: segment.start }
        }
    }

    /// The segments of the pack that begins with `first`, where it is whole: full, or followed by another one, or nothing follows at all.
    /// `behind` are the segments after it.
    pub(crate) fn whole<'a>(
        self,
        first: &'a Segment,
        behind: impl Iterator<Item = &'a Segment>,
        is_ended: bool,
    ) -> Option<Vec<&'a Segment>> {
        let mut pack = vec![first];
        let mut behind = behind.peekable();
        while let Some(next) = behind.next_if(|next| next.pack.place > 0) {
            pack.push(next);
        }
        let is_full = pack.last().is_some_and(|last| self.is_full(last.pack));
        (is_full || is_ended || behind.peek().is_some()).then_some(pack)
    }

    /// Whether nothing follows in the pack whose last segment is there.
    pub(crate) const fn is_full(self, last: Pack) -> bool {
        last.place.saturating_add(1) >= self.segments.get()
    }

    /// Whether a pack may last so long: players compare after rounding to the nearest second (RFC 8216 clause 4.3.3.1). Sound may last a
    /// frame longer than its pictures.
    fn holds(self, lasts: MediaDuration) -> bool {
        let lasts = lasts.plus(MediaDuration::from_millis(50));
        let seconds = |span: MediaDuration| span.flicks().saturating_add(FLICKS_PER_SECOND / 2) / FLICKS_PER_SECOND;
        seconds(lasts) <= seconds(self.longest)
    }
}

impl Segment {
    /// The pack that these are, in order, as one segment, with its number; `None` of none.
    pub(crate) fn packed<'a>(mut segments: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let first = segments.next()?;
        let mut packed = Self { sequence: first.pack.number, ..first.clone() };
        for segment in segments {
            packed.duration = segment.end().since(first.start);
            packed.spans = packed.spans.iter().zip(segment.spans.iter()).map(|(one, next)| one.joined(*next)).collect();
            // Of an avail that began before, its first segment tells.
            let told = segment.cues.iter().filter(|cue| cue.phase == CuePhase::Told);
            if told.clone().next().is_some() {
                packed.cues = packed.cues.iter().chain(told).cloned().collect();
            }
        }
        Some(packed)
    }
}

impl Span {
    /// From where this one starts to where the other one ends.
    fn joined(self, next: Self) -> Self {
        let duration = u32::try_from(next.end().saturating_sub(self.start)).unwrap_or(u32::MAX);
        Self { start: self.start, duration, bytes: self.bytes.saturating_add(next.bytes) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::media::{Avail, SegmentCue};

    fn millis(millis: i64) -> MediaDuration {
        MediaDuration::from_millis(millis)
    }

    /// Segments of these lengths, each with where it is.
    fn packed(packing: Packing, lengths: &[i64], change: impl Fn(usize, &mut Segment)) -> Vec<Segment> {
        let (mut all, mut start): (Vec<Segment>, _) = (Vec::new(), MediaTime::ZERO);
        for (n, length) in lengths.iter().enumerate() {
            let span = Span {
                start: start.ticks(crate::time::Timescale::MPEG) as u64,
                duration: *length as u32 * 90,
                bytes: 5,
            };
            let mut segment = Segment {
                sequence: 40 + n as u64,
                start,
                duration: millis(*length),
                is_discontinuous: false,
                spans: [span].into(),
                cues: [].into(),
                pack: Pack::default(),
            };
            change(n, &mut segment);
            segment.pack = packing.place(all.last().map(|last| last.pack), &segment);
            start = segment.end();
            all.push(segment);
        }
        all
    }

    fn numbers(all: &[Segment]) -> Vec<u64> {
        all.iter().map(|segment| segment.pack.number).collect()
    }

    #[test]
    fn so_many_fragments_make_a_segment_as_the_length_of_one_asks_for_a1_12_a20_15() {
        let of = |millis_of: i64| Packing::new(None, millis(millis_of)).segments.get();
        assert_eq!([500, 2000, 3000, 3001, 5000, 5001, 20_000].map(of), [3, 3, 3, 2, 2, 1, 1]);
        let asked = Packing::new(NonZeroU8::new(4), millis(6000));
        assert_eq!((asked.segments.get(), asked.longest), (4, Packing::LONGEST), "who asks wins");
        let three = Packing::new(None, millis(2000));
        assert_eq!(
            numbers(&packed(three, &[2002, 2002, 2002, 2002, 1968, 2002, 2002], |_, _| ())),
            [0, 0, 0, 1, 1, 1, 2]
        );
        assert_eq!(numbers(&packed(Packing::NONE, &[2000, 500, 2000], |_, _| ())), [0, 1, 2]);
        let places: Vec<u8> = packed(three, &[2000; 4], |_, _| ()).iter().map(|segment| segment.pack.place).collect();
        assert_eq!(places, [0, 1, 2, 0]);
    }

    #[test]
    fn no_pack_outlasts_the_target_duration() {
        // A contribution of GOPs of mostly 2 s.
        let packing = Packing::new(None, millis(2000));
        assert_eq!(packing.longest, millis(6000));
        assert_eq!(
            numbers(&packed(packing, &[2000, 6000, 2000, 4449, 1, 2000, 9000, 400], |_, _| ())),
            [0, 1, 2, 2, 3, 3, 4, 5]
        );
    }

    #[test]
    fn a_pack_ends_at_a_splice_and_where_time_jumps() {
        let three = Packing::new(None, millis(2000));
        let start = MediaTime::ZERO.plus(millis(8000));
        let avail = Arc::new(Avail { id: 1, asked: start, start, duration: None, section: Bytes::new() });
        let cue = |phase| SegmentCue { avail: Arc::clone(&avail), phase };
        let all = packed(three, &[2000; 9], |n, segment| match n {
            2 => segment.is_discontinuous = true,
            3 => segment.cues = [cue(CuePhase::Ahead), cue(CuePhase::Told)].into(),
            4 => segment.cues = [cue(CuePhase::Out)].into(),
            5 => segment.cues = [cue(CuePhase::Within)].into(),
            6 => segment.cues = [cue(CuePhase::In(None))].into(),
            _ => {}
        });
        assert_eq!(numbers(&all), [0, 0, 1, 1, 2, 2, 3, 3, 3]);
        let third = Segment::packed(all[2..4].iter()).unwrap();
        assert_eq!(
            (third.sequence, third.start, third.duration),
            (1, MediaTime::ZERO.plus(millis(4000)), millis(4000))
        );
        assert!(third.is_discontinuous && third.cues[..] == [cue(CuePhase::Told)], "{third:?}");
        assert_eq!(third.spans[..], [Span { start: 360_000, duration: 360_000, bytes: 10 }]);
        assert_eq!(Segment::packed(all[4..6].iter()).unwrap().cues[..], [cue(CuePhase::Out)]);
        assert_eq!(Segment::packed([].iter()), None);
    }
}
