//! A stored fragment as Smooth Streaming's clients take it.

use std::ops::Range;

use crate::{
    error::{ParseError, ParseErrorKind},
    media::{Body, Span, TrackSpec},
    package::stored::read,
    wire::mp4::{ChunkPlace, FragmentTime, ReadSample, Sample, fragment_header, timed_moof},
};

/// A fragment that follows another one: when it is, in ticks of its track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Time of its first access unit.
    pub start: u64,
    /// How long it lasts.
    pub duration: u32,
}

/// `moof` and `mdat` of a stored fragment of this track, with its own time and those of the ones that follow (MS-SSTR clause
/// 2.2.4). One of several chunks becomes one. The samples' bytes are shared, not copied.
///
/// # Errors
/// It is no stored fragment.
pub fn fragment(track: &TrackSpec, stored: &Body, span: Span, ahead: &[Next]) -> Result<Body, ParseError> {
    let moof = find(stored, *b"moof", 0)?;
    let mdat = find(stored, *b"mdat", moof.end)?;
    if mdat.end < stored.len() {
        return fragment(track, &joined(track, stored)?, span, ahead);
    }
    let moof_bytes = stored.cut(moof).ok_or_else(|| truncated("moof", 0))?;
    let time = |start: u64, duration: u32| FragmentTime {
        time: i64::try_from(start).unwrap_or(i64::MAX),
        duration: duration.into(),
        index: None,
    };
    let ahead: Vec<FragmentTime> = ahead.iter().map(|next| time(next.start, next.duration)).collect();
    let moof = timed_moof(&moof_bytes, time(span.start, span.duration), &ahead)?;
    let mut parts = vec![moof];
    parts.extend_from_slice(stored.slice(mdat).parts());
    Ok(Body::from(parts))
}

/// A fragment of several chunks as one.
fn joined(track: &TrackSpec, stored: &Body) -> Result<Body, ParseError> {
    let read = read(stored)?;
    let sample = |sample: &ReadSample| Sample {
        duration: sample.duration,
        size: u32::try_from(sample.data.len()).unwrap_or(u32::MAX),
        composition_offset: i32::try_from(sample.composition_offset).unwrap_or(0),
        is_sync: sample.is_sync,
    };
    let samples: Vec<Sample> = read.samples.iter().map(sample).collect();
    let header = fragment_header(track, read.sequence, read.decode_time, &samples, ChunkPlace::First(&[]));
    let slices = std::iter::once(header).chain(read.samples.into_iter().map(|sample| sample.data));
    Ok(Body::from(slices.collect::<Vec<_>>()))
}

/// Where the first top-level box of this kind lies, from `at` on.
fn find(stored: &Body, kind: [u8; 4], mut at: usize) -> Result<Range<usize>, ParseError> {
    for _ in 0..MAX_BOXES {
        let header = stored.cut(at..at.saturating_add(8)).ok_or_else(|| truncated("box header", at))?;
        let size = header.first_chunk::<4>().map_or(0, |size| u32::from_be_bytes(*size));
        let end = at.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        if size < 8 || end > stored.len() {
            return Err(truncated("box", at));
        }
        if header.ends_with(&kind) {
            return Ok(at..end);
        }
        at = end;
    }
    Err(truncated("fragment", at))
}

fn truncated(what: &'static str, at: usize) -> ParseError {
    ParseError::new(ParseErrorKind::Truncated { what }, "mp4", None, at as u64)
}

/// Boxes of a fragment, events before its `moof` included.
const MAX_BOXES: usize = 256;
