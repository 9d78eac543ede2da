//! A stored fragment as Smooth Streaming's clients take it.

use crate::{
    error::ParseError,
    media::{Body, Span, TrackSpec},
    package::stored::{find, read, truncated},
    wire::mp4::{ChunkPlace, FragmentTime, Sample, fragment_header, timed_moof},
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
    let samples: Vec<Sample> = read.samples.iter().map(Sample::from).collect();
    let header = fragment_header(track, read.sequence, read.decode_time, &samples, ChunkPlace::First(&[]));
    let slices = std::iter::once(header).chain(read.samples.into_iter().map(|sample| sample.data));
    Ok(Body::from(slices.collect::<Vec<_>>()))
}
