//! Stored fragments as packagers take them apart that put samples into another container.

use crate::{
    codec::h264::reorder_frames,
    error::{LimitError, ParseError},
    media::{Body, H264Config, TrackSpec},
    time::MediaDuration,
    wire::mp4::Fragment,
};

/// Reads a fragment. Runs that share their bytes are refused: what is stored has none, and what is made of it would have them many
/// times.
pub(super) fn read(body: &Body) -> Result<Fragment, ParseError> {
    let fragment = Fragment::parse(&body.to_bytes())?;
    let asked = fragment.samples.iter().fold(0usize, |sum, sample| sum.saturating_add(sample.data.len()));
    if asked > body.len() {
        let limit = LimitError { what: "bytes of samples", ceiling: body.len() as u64, asked: asked as u64 };
        return Err(ParseError::new(limit.into(), "mp4", None, 0));
    }
    Ok(fragment)
}

/// How far pictures of a track may be reordered: so far before their stored decode times are they to be decoded, so that none
/// is decoded after it is shown. It depends on the track alone, so that decode times go up from segment to segment.
pub(super) fn reorder_delay(track: &TrackSpec, config: &H264Config) -> MediaDuration {
    let frames = config.sps.iter().map(|sps| reorder_frames(sps)).max().unwrap_or(0);
    let frame = match track.nominal_unit() {
        MediaDuration::ZERO => MediaDuration::from_millis(40),
        frame => frame,
    };
    frame.times(frames.into())
}
