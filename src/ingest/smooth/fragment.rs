//! One fragment of one track, whole and with its place in time: its samples become access units one by one.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    error::{ParseError, ParseErrorKind},
    ingest::smooth::header::Heading,
    media::Body,
    time::{MediaTime, Timescale},
    wire::mp4::{SampleRange, TopBox, TrackFragment},
};

/// A fragment whose samples lie all within its `mdat`.
#[derive(Clone, Debug)]
pub(super) struct Fragment {
    pub(super) track: u32,
    /// From the first sample to the end of the last one.
    pub(super) start: MediaTime,
    pub(super) end: MediaTime,
    /// Number of the fragment, where the encoder numbers them.
    pub(super) index: Option<u64>,
    /// How far decode times must be set back for none to be after its presentation time, in ticks.
    pub(super) lead: i64,
    scale: Timescale,
    samples: std::vec::IntoIter<SampleRange>,
    /// Decode time of the next sample, in ticks.
    at: i64,
    media: Body,
    /// Bytes from the first of the `moof` to the first of `media`.
    before: i64,
}

/// A sample cut out of its fragment.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// In ticks.
    pub(super) decode_time: i64,
    pub(super) range: SampleRange,
    pub(super) data: Bytes,
}

impl Fragment {
    /// Puts a track's part of a `moof` that starts at byte `moof` of the stream together with its bytes.
    pub(super) fn new(found: TrackFragment, moof: u64, mdat: &TopBox, heading: &Heading) -> Result<Self, ParseError> {
        let error = |kind| ParseError::new(kind, "mp4", Some(found.track), moof);
        let scale = heading.track.timescale;
        let at = match (found.time, found.decode_time) {
            (Some(time), _) => time.time,
            (None, Some(time)) => time.cast_signed(),
            (None, None) => return Err(error(ParseErrorKind::Missing { what: "tfxd" })),
        };
        let before = mdat.offset.saturating_add(mdat.header).saturating_sub(moof);
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let mut samples = found.samples;
        let held = mdat.payload.len();
        if samples.iter().any(|sample| place(sample, before).is_none_or(|place| place.end > held)) {
            return Err(error(ParseErrorKind::Truncated { what: "mdat" }));
        }
        let stated = found.time.map_or(0, |time| time.duration);
        let mut span = spans(&samples);
        if span == 0 {
            // Where samples say nothing, the fragment's length is theirs in equal parts.
            let count = u64::try_from(samples.len()).unwrap_or(u64::MAX);
            let each = u32::try_from(stated.checked_div(count).unwrap_or(0)).unwrap_or(u32::MAX);
            samples.iter_mut().for_each(|sample| sample.duration = each);
            span = i64::try_from(stated).unwrap_or(i64::MAX);
        }
        Ok(Self {
            track: found.track,
            start: MediaTime::from_ticks(at, scale),
            end: MediaTime::from_ticks(at.saturating_add(span), scale),
            index: found.time.and_then(|time| time.index),
            lead: samples.iter().map(|sample| -i64::from(sample.composition_offset)).fold(0, i64::max),
            scale,
            samples: samples.into_iter(),
            at,
            media: mdat.payload.clone(),
            before,
        })
    }

    /// Bytes that it keeps in memory.
    pub(super) fn len(&self) -> usize {
        self.media.len().saturating_add(self.samples.len().saturating_mul(size_of::<SampleRange>()))
    }

    /// The next sample, in decode order.
    pub(super) fn next(&mut self) -> Option<Sample> {
        let range = self.samples.next()?;
        let decode_time = self.at;
        self.at = self.at.saturating_add(range.duration.into());
        let data = self.media.cut(place(&range, self.before)?)?;
        Some(Sample { decode_time, range, data })
    }

    pub(super) const fn timescale(&self) -> Timescale {
        self.scale
    }
}

fn spans(samples: &[SampleRange]) -> i64 {
    samples.iter().fold(0, |span, sample| span.saturating_add(sample.duration.into()))
}

/// Where the bytes of a sample lie in its `mdat`.
fn place(sample: &SampleRange, before: i64) -> Option<Range<usize>> {
    let start = usize::try_from(sample.start.checked_sub(before)?).ok()?;
    Some(start..start.checked_add(usize::try_from(sample.size).ok()?)?)
}
