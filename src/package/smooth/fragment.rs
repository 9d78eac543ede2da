//! A stored fragment as Smooth Streaming's clients take it.

use crate::{
    error::ParseError,
    media::{Body, Span},
    package::stored::{find, truncated},
    wire::mp4::{FragmentTime, timed_moof},
};

/// A fragment that follows another one: when it is, in ticks of its track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Time of its first access unit.
    pub start: u64,
    /// How long it lasts.
    pub duration: u32,
}

/// `moof` and `mdat` of a stored fragment, with its own time and those of the ones that follow (MS-SSTR clause 2.2.4). The
/// samples' bytes are shared, not copied.
///
/// # Errors
/// It is no stored fragment.
pub fn fragment(stored: &Body, span: Span, ahead: &[Next]) -> Result<Body, ParseError> {
    let moof = find(stored, *b"moof", 0)?;
    let mdat = find(stored, *b"mdat", moof.end)?;
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
