//! Stored fragments as packagers take them apart that put samples into another container, or take some of them.

use std::ops::Range;

use crate::{
    codec::h264::reorder_frames,
    error::{LimitError, ParseError, ParseErrorKind},
    media::{Body, H264Config, Span, TrackSpec},
    time::MediaDuration,
    wire::mp4::{Fragment, MoofPlace, MovieFragment, ReadSample, SampleDefaults},
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

/// Fragments of one track in order, as one, in which each picture is shown when it was. Where something is missing in between, what comes
/// before lasts until the next; where a fragment's decode times begin before the end of the last ones, its own come later.
pub(super) fn read_row(bodies: &[Body]) -> Result<Fragment, ParseError> {
    let mut fragments = bodies.iter().map(read);
    let missing = || ParseError::new(ParseErrorKind::Missing { what: "fragment" }, "mp4", None, 0);
    let mut row = fragments.next().ok_or_else(missing)??;
    let span = |from: u64, to: u64| i64::try_from(to.saturating_sub(from)).unwrap_or(i64::MAX);
    let lasts = |samples: &[ReadSample]| samples.iter().map(|sample| i64::from(sample.duration)).sum::<i64>();
    let mut end = row.decode_time.saturating_add_signed(lasts(&row.samples));
    for fragment in fragments {
        let mut fragment = fragment?;
        let mut late = span(fragment.decode_time, end);
        if let Some(last) = row.samples.last_mut() {
            let gap = span(end, fragment.decode_time).saturating_sub(late);
            let lasts = i64::from(last.duration).saturating_add(gap);
            last.duration = u32::try_from(lasts.max(0)).unwrap_or(u32::MAX);
            late = lasts.min(0).saturating_neg();
        }
        let samples = fragment.samples.iter_mut();
        samples.for_each(|sample| sample.composition_offset = sample.composition_offset.saturating_sub(late));
        let begins = fragment.decode_time.saturating_add_signed(late);
        end = begins.saturating_add_signed(lasts(&fragment.samples));
        row.samples.append(&mut fragment.samples);
    }
    Ok(row)
}

/// The key frame that a stored fragment begins with, as a fragment of one sample that lasts as long as the whole, whose span this is.
/// Nothing is copied where the sample lies in one slice, and of a fragment in several pieces the first alone is looked at.
pub(super) fn key_frame(body: &Body, span: Span) -> Result<Fragment, ParseError> {
    let moof = find(body, *b"moof", 0)?;
    let header = moof.start..moof.start.saturating_add(BOX_HEADER);
    let payload = body.cut(header.end..moof.end).ok_or_else(|| truncated("moof", moof.start))?;
    let place = MoofPlace { offset: moof.start as u64, header: header.len() as u64 };
    let MovieFragment { sequence, tracks } = MovieFragment::parse(&payload, place, |_| SampleDefaults::default())?;
    let track = tracks.first().ok_or_else(|| truncated("traf", moof.start))?;
    let decode_time = track.decode_time.ok_or_else(|| truncated("tfdt", moof.start))?;
    let missing = || ParseError::new(ParseErrorKind::Missing { what: "key frame" }, "mp4", None, moof.start as u64);
    let first = track.samples.first().filter(|first| first.is_sync && first.size > 0).ok_or_else(missing)?;
    let start = usize::try_from(first.start).ok().and_then(|start| start.checked_add(moof.start));
    let end = start.zip(usize::try_from(first.size).ok()).and_then(|(start, size)| start.checked_add(size));
    let data = start.zip(end).and_then(|(start, end)| body.cut(start..end));
    let sample = ReadSample {
        duration: span.duration,
        composition_offset: first.composition_offset.into(),
        is_sync: true,
        data: data.ok_or_else(|| truncated("sample", moof.end))?,
    };
    Ok(Fragment { sequence, decode_time, samples: vec![sample] })
}

/// Where the first top-level box of this kind lies, from `at` on.
pub(super) fn find(stored: &Body, kind: [u8; 4], mut at: usize) -> Result<Range<usize>, ParseError> {
    for _ in 0..MAX_BOXES {
        let header = stored.cut(at..at.saturating_add(BOX_HEADER)).ok_or_else(|| truncated("box header", at))?;
        let size = header.first_chunk::<4>().map_or(0, |size| u32::from_be_bytes(*size));
        let end = at.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        if end < at.saturating_add(BOX_HEADER) || end > stored.len() {
            return Err(truncated("box", at));
        }
        if header.ends_with(&kind) {
            return Ok(at..end);
        }
        at = end;
    }
    Err(truncated("fragment", at))
}

pub(super) fn truncated(what: &'static str, at: usize) -> ParseError {
    ParseError::new(ParseErrorKind::Truncated { what }, "mp4", None, at as u64)
}

/// Bytes of a box header with a size of 32 bits.
const BOX_HEADER: usize = 8;

/// Boxes of a fragment, events before its `moof` included.
const MAX_BOXES: usize = 256;

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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        archive::rig::rung,
        wire::mp4::{ChunkPlace, Sample, fragment_header},
    };

    /// Three pictures of 3 000 ticks, decoded from `decode_time` on and shown so much later.
    fn fragment(decode_time: u64, offsets: [i64; 3]) -> Body {
        let data = Bytes::from_static(b"\0\0\0\x02\x41a");
        let sample = |composition_offset| {
            Sample::from(&ReadSample { duration: 3000, composition_offset, is_sync: true, data: data.clone() })
        };
        let samples = offsets.map(sample);
        let header = fragment_header(&rung(0, 1280, 720, 3500), 1, decode_time, &samples, ChunkPlace::First(&[]));
        Body::from(vec![header, data.clone(), data.clone(), data])
    }

    #[test]
    fn a_row_shows_each_picture_when_its_fragment_does() {
        // The second one follows, behind a gap, before the last picture has lasted, and before the last two were decoded.
        for second in [9000, 12_345, 7500, 3100] {
            let (offsets, more) = ([3000, 6000, 0], [9000, 0, 3000]);
            let row = read_row(&[fragment(0, offsets), fragment(second, more)]).unwrap();
            let (mut at, mut shown, mut decoded) = (0, Vec::new(), Vec::new());
            for sample in &row.samples {
                decoded.push(at);
                shown.push(at + sample.composition_offset);
                at += i64::from(sample.duration);
            }
            let of = |from: i64, offsets: [i64; 3]| (0..3).map(move |n| from + 3000 * n + offsets[n as usize]);
            let expected: Vec<i64> = of(0, offsets).chain(of(second as i64, more)).collect();
            assert_eq!(shown, expected, "{second}");
            assert!(decoded.is_sorted() && decoded[..3] == [0, 3000, 6000], "{second}: {decoded:?}");
        }
        assert!(read_row(&[]).is_err());
    }
}
