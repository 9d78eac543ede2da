//! An F4F fragment out of stored fragments: an `mdat` with the tags of a segment in the order of their times.

use bytes::Bytes;

use super::{
    clock::{millis, wrapped},
    cues::cue_points,
    lane::{Lane, Stored},
};
use crate::{
    error::{LimitError, ParseError, ParseErrorKind},
    media::{Body, SegmentCue, TrackSpec},
    time::MediaTime,
    wire::flv::{TagKind, TagStart, TagWriter},
};

/// The fragment that these stored ones make: one of pictures, of sound, or of both in that order. `start` is that of the segment,
/// and `cues` are the segment's; none for an alternate language, whose player has them with the pictures.
///
/// Decoder set-up comes first, then access units. Long ones share the memory of what is stored where that is in one piece.
/// The same fragments always make the same bytes, whichever was made before.
///
/// # Errors
/// A fragment cannot be read, has no access unit or one over 16 MiB, or its track is none that HDS carries.
pub fn fragment(parts: &[(&TrackSpec, &Body)], start: MediaTime, cues: &[SegmentCue]) -> Result<Body, ParseError> {
    if parts.is_empty() || parts.len() > 2 {
        return Err(missing("fragment"));
    }
    let stored = parts.iter().map(|(track, body)| Stored::read(track, body)).collect::<Result<Vec<_>, _>>()?;
    let start = millis(start);
    let points = cue_points(cues, start);
    let tags = stored.iter().fold(4, |sum, one| one.samples().saturating_add(sum));
    let mut out = TagWriter::for_tags(tags);
    interleave(stored.iter().map(Stored::lane).collect(), (&points, start), &mut out)?;
    let size = out.len().saturating_add(8);
    let size = u32::try_from(size).map_err(|_| {
        let limit = LimitError { what: "F4F fragment bytes", ceiling: u32::MAX.into(), asked: size };
        ParseError::new(limit.into(), FORMAT, None, 0)
    })?;
    let [a, b, c, d] = size.to_be_bytes();
    Ok(out.finish(Bytes::from(vec![a, b, c, d, b'm', b'd', b'a', b't'])))
}

/// Writes everything; cue points where their time comes.
fn interleave(mut lanes: Vec<Lane<'_>>, cues: (&[Bytes], u64), out: &mut TagWriter) -> Result<(), ParseError> {
    let first = lanes.iter().filter_map(Lane::time).min().ok_or_else(|| missing("access unit"))?;
    // A player may start with any fragment.
    lanes.iter().filter(|lane| lane.time().is_some()).try_for_each(|lane| lane.write_config(first, out))?;
    let (mut points, at) = (cues.0.iter(), cues.1);
    let mut script = |time: u64, out: &mut TagWriter| {
        let start = TagStart { kind: TagKind::Script, time: wrapped(time) };
        points.by_ref().try_for_each(|point| out.tag(start, &[], point))
    };
    let mut last = first;
    while let Some((time, lane)) = next(&mut lanes) {
        if time >= at {
            script(last.max(at), out)?;
        }
        lane.write_next(out)?;
        last = time;
    }
    script(last, out)
}

/// The lane whose access unit comes first; of two at once, the first lane.
fn next<'a, 'b>(lanes: &'b mut [Lane<'a>]) -> Option<(u64, &'b mut Lane<'a>)> {
    lanes.iter_mut().filter_map(|lane| Some((lane.time()?, lane))).min_by_key(|(time, _)| *time)
}

const fn missing(what: &'static str) -> ParseError {
    ParseError::new(ParseErrorKind::Missing { what }, FORMAT, None, 0)
}

const FORMAT: &str = "f4f";

#[cfg(test)]
mod tests;
