//! A segment in the index: what differs from what the one before lets expect. A segment of eight renditions takes some forty
//! bytes.

use std::sync::Arc;

use super::fields::{Fields, Record};
use crate::{
    media::{Avail, CuePhase, Pack, Segment, SegmentCue, Span},
    time::{MediaDuration, MediaTime},
};

/// Writes `segment`, which comes behind `before` in the same page.
pub(super) fn put(record: &mut Record, before: Option<&Segment>, segment: &Segment) {
    let expected = Expected::behind(before);
    record.flag(segment.is_discontinuous);
    record.uint(segment.sequence.wrapping_sub(expected.sequence));
    record.int(segment.start.flicks().wrapping_sub(expected.start));
    record.int(segment.duration.flicks().wrapping_sub(expected.duration));
    for (n, span) in segment.spans.iter().enumerate() {
        let last = span_of(before, n);
        record.int(span.start.wrapping_sub(last.end()).cast_signed());
        record.int(i64::from(span.duration).wrapping_sub(last.duration.into()));
        record.uint(span.bytes.into());
    }
    record.count(segment.cues.len());
    segment.cues.iter().for_each(|cue| put_cue(record, cue));
}

/// Reads a segment of so many renditions.
pub(super) fn take(fields: &mut Fields<'_>, before: Option<&Segment>, tracks: usize) -> Option<Segment> {
    let expected = Expected::behind(before);
    let is_discontinuous = fields.flag()?;
    let sequence = fields.uint()?.wrapping_add(expected.sequence);
    let start = fields.int()?.wrapping_add(expected.start);
    let duration = fields.int()?.wrapping_add(expected.duration);
    // No clock of ours goes so far, and nothing behind here has to think of it.
    start.checked_add(duration).filter(|_| duration > 0)?;
    let span = |n| {
        let last = span_of(before, n);
        let start = last.end().wrapping_add(fields.int()?.cast_unsigned());
        let duration = u32::try_from(fields.int()?.checked_add(last.duration.into())?).ok()?;
        Some(Span { start, duration, bytes: fields.u32()? })
    };
    let spans: Option<Arc<[Span]>> = (0..tracks).map(span).collect();
    let spans = spans?;
    let known = before.map_or(&[][..], |before| &before.cues);
    let count = fields.count()?;
    // What an `Arc` of nothing takes is shared.
    let cues =
        if count == 0 { Arc::default() } else { (0..count).map(|_| take_cue(fields, known)).collect::<Option<_>>()? };
    let (start, duration) = (MediaTime::from_flicks(start), MediaDuration::from_flicks(duration));
    Some(Segment { sequence, start, duration, is_discontinuous, spans, cues, pack: Pack::default() })
}

/// What a segment is where nothing changes.
struct Expected {
    sequence: u64,
    start: i64,
    duration: i64,
}

impl Expected {
    fn behind(before: Option<&Segment>) -> Self {
        before.map_or(Self { sequence: 0, start: 0, duration: 0 }, |before| Self {
            sequence: before.sequence.wrapping_add(1),
            start: before.end().flicks(),
            duration: before.duration.flicks(),
        })
    }
}

fn span_of(segment: Option<&Segment>, track: usize) -> Span {
    segment.and_then(|segment| segment.spans.get(track)).copied().unwrap_or_default()
}

fn put_cue(record: &mut Record, cue: &SegmentCue) {
    let Avail { id, asked, start, duration, section } = &*cue.avail;
    let (phase, message) = match &cue.phase {
        CuePhase::Ahead => (AHEAD, None),
        CuePhase::Out => (OUT, None),
        CuePhase::Within => (WITHIN, None),
        CuePhase::In(None) => (IN, None),
        CuePhase::In(Some(message)) => (IN_BY_MESSAGE, Some(message)),
        CuePhase::Told => (TOLD, None),
    };
    record.byte(phase);
    record.uint((*id).into());
    record.int(asked.flicks());
    record.int(start.flicks());
    record.flag(duration.is_some());
    duration.iter().for_each(|duration| record.int(duration.flicks()));
    record.bytes(section);
    message.into_iter().for_each(|message| record.bytes(message));
}

/// An avail that the segment before has, too, is the same one.
fn take_cue(fields: &mut Fields<'_>, known: &[SegmentCue]) -> Option<SegmentCue> {
    let phase = fields.byte()?;
    let avail = Avail {
        id: fields.u32()?,
        asked: MediaTime::from_flicks(fields.int()?),
        start: MediaTime::from_flicks(fields.int()?),
        duration: if fields.flag()? { Some(MediaDuration::from_flicks(fields.int()?)) } else { None },
        section: fields.bytes()?,
    };
    let phase = match phase {
        AHEAD => CuePhase::Ahead,
        OUT => CuePhase::Out,
        WITHIN => CuePhase::Within,
        IN => CuePhase::In(None),
        IN_BY_MESSAGE => CuePhase::In(Some(fields.bytes()?)),
        TOLD => CuePhase::Told,
        _ => return None,
    };
    let same = known.iter().find(|cue| *cue.avail == avail).map(|cue| Arc::clone(&cue.avail));
    Some(SegmentCue { avail: same.unwrap_or_else(|| Arc::new(avail)), phase })
}

const AHEAD: u8 = 0;
const OUT: u8 = 1;
const WITHIN: u8 = 2;
const IN: u8 = 3;
const IN_BY_MESSAGE: u8 = 4;
const TOLD: u8 = 5;
