//! The key frame of a segment by itself, as I-frame playlists (RFC 8216 clause 4.3.3.6) and trick-play sets (DASH-IF IOP 4.3 clause
//! 3.2.9) list it: made out of the stored fragment when somebody asks, so that nothing is stored twice. In a transport stream it
//! is [`hls::key_frame`](super::hls::key_frame).

use crate::{
    error::ParseError,
    media::{Body, Span, TrackSpec},
    package::stored,
    wire::mp4::{ChunkPlace, Sample, fragment_header},
};

/// A fragment with the first sample of a stored one, which is its key frame, at the same time; it lasts as long as the whole, whose
/// span this is. It has no events. The sample's bytes are shared, not copied.
///
/// # Errors
/// It is no stored fragment, or none that begins with a key frame.
pub fn key_frame(track: &TrackSpec, stored: &Body, span: Span) -> Result<Body, ParseError> {
    let fragment = stored::key_frame(stored, span)?;
    let samples: Vec<Sample> = fragment.samples.iter().map(Sample::from).collect();
    let mut parts =
        vec![fragment_header(track, fragment.sequence, fragment.decode_time, &samples, ChunkPlace::First(&[]))];
    parts.extend(fragment.samples.into_iter().map(|sample| sample.data));
    Ok(Body::from(parts))
}

#[cfg(test)]
mod tests;
