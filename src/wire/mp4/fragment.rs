//! A chunk of one track up to its media bytes: `styp`, `moof` and the header of `mdat` (ISO/IEC 14496-12 clause 8.8).

use bytes::Bytes;

use super::{BoxWriter, EventMessage, ReadSample, init::track_id};
use crate::media::TrackSpec;

/// One access unit of a fragment, in ticks of its track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// To the next one's decode time.
    pub(crate) duration: u32,
    /// Bytes.
    pub(crate) size: u32,
    /// Presentation less decode time.
    pub(crate) composition_offset: i32,
    /// Whether it is a random access point.
    pub(crate) is_sync: bool,
}

/// As it was read from another fragment.
impl From<&ReadSample> for Sample {
    fn from(read: &ReadSample) -> Self {
        Self {
            duration: read.duration,
            size: u32::try_from(read.data.len()).unwrap_or(u32::MAX),
            composition_offset: i32::try_from(read.composition_offset).unwrap_or(0),
            is_sync: read.is_sync,
        }
    }
}

/// Where a chunk stands in its fragment (ISO/IEC 23000-19 clause 7.3.2.3); most fragments are one chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ChunkPlace<'a> {
    /// At the beginning, with these messages before its `moof` (clause 7.4.5).
    First(&'a [EventMessage]),
    /// Behind another one.
    Later,
}

/// Everything of a chunk that stands before the samples' bytes, which follow in order and unpadded.
///
/// `decode_time` is that of the first sample. The header is small and new; the samples' bytes are never copied.
pub(crate) fn fragment_header(
    track: &TrackSpec,
    sequence: u32,
    decode_time: u64,
    samples: &[Sample],
    place: ChunkPlace<'_>,
) -> Bytes {
    let shape = Shape::of(samples);
    let mut w = BoxWriter::with_capacity(samples.len().saturating_mul(16).saturating_add(160));
    if let ChunkPlace::First(events) = place {
        w.boxed(b"styp", |w| {
            w.raw(b"msdh");
            w.u32(0);
            w.raw(b"msdhcmfs");
        });
        events.iter().for_each(|event| event.write(track.timescale.per_second(), &mut w));
    }
    let moof_start = w.position();
    let mut data_offset_at = 0;
    w.boxed(b"moof", |w| {
        w.full(b"mfhd", 0, 0, |w| w.u32(sequence));
        w.boxed(b"traf", |w| {
            tfhd(w, track, &shape);
            w.full(b"tfdt", 1, 0, |w| w.u64(decode_time));
            data_offset_at = trun(w, samples, &shape);
        });
    });
    let moof_size = w.position().saturating_sub(moof_start);
    w.patch_u32(data_offset_at, u32::try_from(moof_size.saturating_add(8)).unwrap_or(u32::MAX));
    let media: u64 = samples.iter().map(|sample| u64::from(sample.size)).fold(8, u64::saturating_add);
    w.u32(u32::try_from(media).unwrap_or(u32::MAX));
    w.raw(b"mdat");
    w.into_bytes()
}

/// sample_depends_on = 2 (on no other); a sync sample.
pub(super) const SYNC: u32 = 0x0200_0000;
/// sample_depends_on = 1; not a sync sample.
pub(super) const NON_SYNC: u32 = 0x0101_0000;

/// What can be said once for all samples.
struct Shape {
    duration: Option<u32>,
    /// Flags of the first sample and of all others, where that says it all.
    flags: Option<(u32, u32)>,
    has_offsets: bool,
}

impl Shape {
    fn of(samples: &[Sample]) -> Self {
        let first = samples.first();
        let (head, tail) = (first.map(flags), samples.get(1..).unwrap_or_default());
        let rest = tail.first().map(flags).or(head);
        let is_uniform = tail.iter().all(|sample| Some(flags(sample)) == rest);
        Self {
            duration: first.map(|s| s.duration).filter(|d| samples.iter().all(|sample| sample.duration == *d)),
            flags: head.zip(rest).filter(|_| is_uniform),
            has_offsets: samples.iter().any(|sample| sample.composition_offset != 0),
        }
    }
}

const fn flags(sample: &Sample) -> u32 {
    if sample.is_sync { SYNC } else { NON_SYNC }
}

fn tfhd(w: &mut BoxWriter, track: &TrackSpec, shape: &Shape) {
    let with_duration = shape.duration.map_or(0, |_| 0x08);
    let with_flags = shape.flags.map_or(0, |_| 0x20);
    // 0x020000: default-base-is-moof.
    w.full(b"tfhd", 0, 0x02_0000 | with_duration | with_flags, |w| {
        w.u32(track_id(track));
        shape.duration.into_iter().for_each(|duration| w.u32(duration));
        shape.flags.into_iter().for_each(|(_, rest)| w.u32(rest));
    });
}

/// Writes the `trun` and says where its data offset stands.
fn trun(w: &mut BoxWriter, samples: &[Sample], shape: &Shape) -> usize {
    let first_flags = shape.flags.filter(|(first, rest)| first != rest).map(|(first, _)| first);
    let mut present = 0x0201; // data offset, sizes
    present |= first_flags.map_or(0, |_| 0x0004);
    present |= if shape.duration.is_none() { 0x0100 } else { 0 };
    present |= if shape.flags.is_none() { 0x0400 } else { 0 };
    present |= if shape.has_offsets { 0x0800 } else { 0 };
    let mut data_offset_at = 0;
    // Version 1: composition offsets are signed.
    w.full(b"trun", 1, present, |w| {
        w.u32(u32::try_from(samples.len()).unwrap_or(u32::MAX));
        data_offset_at = w.position();
        w.u32(0);
        first_flags.into_iter().for_each(|flags| w.u32(flags));
        for sample in samples {
            if shape.duration.is_none() {
                w.u32(sample.duration);
            }
            w.u32(sample.size);
            if shape.flags.is_none() {
                w.u32(flags(sample));
            }
            if shape.has_offsets {
                w.u32(sample.composition_offset.cast_unsigned());
            }
        }
    });
    data_offset_at
}
