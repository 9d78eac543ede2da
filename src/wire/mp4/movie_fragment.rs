//! Reads `moof` of any number of tracks, as an encoder sends it: with `tfxd` or `tfdt`, several runs, defaults of `trex`
//! (ISO/IEC 14496-12 clauses 8.8.4 to 8.8.12).
//!
//! It does not look at `mdat`: samples are ranges that count from the start of the `moof`. To read one more box of a
//! `traf`, add it to `traf`.

use super::{
    MAX_SAMPLES,
    live_uuid::{self, FragmentTime, TFXD},
    moof::{Fields, limit, tfdt},
    movie::SampleDefaults,
    reader::{BoxRef, Boxes, check_at, take_u32, truncated},
};
use crate::error::ParseError;

/// A `moof`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MovieFragment {
    /// `sequence_number` of `mfhd`.
    pub(crate) sequence: u32,
    /// At most [`MAX_TRAFS`].
    pub(crate) tracks: Vec<TrackFragment>,
}

/// One track's part of a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrackFragment {
    pub(crate) track: u32,
    /// `tfxd`.
    pub(crate) time: Option<FragmentTime>,
    /// `tfdt`, in ticks.
    pub(crate) decode_time: Option<u64>,
    /// In decode order; in all tracks of the fragment at most [`MAX_SAMPLES`].
    pub(crate) samples: Vec<SampleRange>,
}

/// One sample: what it is and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SampleRange {
    /// Bytes from the first byte of the `moof` box.
    pub(crate) start: i64,
    pub(crate) size: u32,
    /// In ticks.
    pub(crate) duration: u32,
    /// Presentation less decode time, in ticks.
    pub(crate) composition_offset: i32,
    /// Whether it is a random access point.
    pub(crate) is_sync: bool,
}

/// Where a `moof` stands in its stream: absolute base offsets count from there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MoofPlace {
    pub(crate) offset: u64,
    /// Bytes of its header.
    pub(crate) header: u64,
}

/// `traf` boxes that one `moof` may have.
const MAX_TRAFS: usize = 64;

impl MovieFragment {
    /// Reads the payload of a `moof`. `defaults` is what `trex` says of a track.
    pub(crate) fn parse(
        payload: &[u8],
        place: MoofPlace,
        defaults: impl Fn(u32) -> SampleDefaults,
    ) -> Result<Self, ParseError> {
        let offset = place.offset.saturating_add(place.header);
        check_at(payload, offset)?;
        let mut fragment = Self { sequence: 0, tracks: Vec::new() };
        let mut reader = Reader { place, samples: 0, previous_end: None };
        for found in Boxes::new(payload, offset) {
            let found = found?;
            match &found.kind {
                b"mfhd" => {
                    let sequence = take_u32(found.full()?.2).ok_or_else(|| truncated("mfhd", found.offset))?;
                    fragment.sequence = sequence.0;
                }
                b"traf" => {
                    limit("traf boxes", MAX_TRAFS, fragment.tracks.len().saturating_add(1), found.offset)?;
                    fragment.tracks.push(reader.traf(&found, &defaults)?);
                }
                _ => {}
            }
        }
        Ok(fragment)
    }
}

struct Reader {
    place: MoofPlace,
    /// Read so far in all tracks.
    samples: usize,
    /// Where the last run's bytes end.
    previous_end: Option<i64>,
}

/// What `tfhd` says.
struct Header {
    track: u32,
    base: i64,
    defaults: SampleDefaults,
}

impl Reader {
    fn traf(
        &mut self,
        traf: &BoxRef<'_>,
        defaults: impl Fn(u32) -> SampleDefaults,
    ) -> Result<TrackFragment, ParseError> {
        let mut header = None;
        let (mut time, mut decode_time, mut samples, mut next) = (None, None, Vec::new(), None);
        for found in traf.children() {
            let found = found?;
            match &found.kind {
                b"tfhd" => header = Some(self.tfhd(&found, &defaults)?),
                b"tfdt" => decode_time = Some(tfdt(&found)?),
                b"uuid" if found.payload.starts_with(&TFXD) => time = Some(live_uuid::tfxd(&found)?),
                b"trun" => {
                    let header = header.as_ref().ok_or_else(|| truncated("tfhd", traf.offset))?;
                    let end = self.trun(&found, header, next, &mut samples)?;
                    (next, self.previous_end) = (Some(end), Some(end));
                }
                _ => {}
            }
        }
        let track = header.ok_or_else(|| truncated("tfhd", traf.offset))?.track;
        Ok(TrackFragment { track, time, decode_time, samples })
    }

    fn tfhd(&self, found: &BoxRef<'_>, of: impl Fn(u32) -> SampleDefaults) -> Result<Header, ParseError> {
        let cut = || truncated("tfhd", found.offset);
        let (_, present, rest) = found.full()?;
        let mut fields = Fields(rest);
        let track = fields.take().ok_or_else(cut)?;
        let absolute = match present & 0x1 {
            0 => None,
            _ => Some(u64::from(fields.take().ok_or_else(cut)?) << 32 | u64::from(fields.take().ok_or_else(cut)?)),
        };
        // Without a word on it, data of a later traf follows that of the one before it (clause 8.8.7).
        let base = match (absolute, present & 0x02_0000) {
            (Some(absolute), _) => i64::try_from(absolute)
                .unwrap_or(i64::MAX)
                .saturating_sub(i64::try_from(self.place.offset).unwrap_or(i64::MAX)),
            (None, 0) => self.previous_end.unwrap_or(0),
            (None, _) => 0,
        };
        let usual = of(track);
        let _description = fields.take_if(present & 0x2).ok_or_else(cut)?;
        let duration = fields.take_if(present & 0x8).ok_or_else(cut)?.unwrap_or(usual.duration);
        let size = fields.take_if(present & 0x10).ok_or_else(cut)?.unwrap_or(usual.size);
        let flags = fields.take_if(present & 0x20).ok_or_else(cut)?.unwrap_or(usual.flags);
        Ok(Header { track, base, defaults: SampleDefaults { duration, size, flags } })
    }

    /// Reads one run and says where its bytes end.
    fn trun(
        &mut self,
        trun: &BoxRef<'_>,
        header: &Header,
        next: Option<i64>,
        samples: &mut Vec<SampleRange>,
    ) -> Result<i64, ParseError> {
        let cut = || truncated("trun", trun.offset);
        let (_, present, rest) = trun.full()?;
        let mut fields = Fields(rest);
        let count = fields.take().ok_or_else(cut)?;
        self.samples = self.samples.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        limit("samples in a fragment", MAX_SAMPLES, self.samples, trun.offset)?;
        let data_offset = fields.take_if(present & 0x1).ok_or_else(cut)?;
        let mut start = match (data_offset, next) {
            (Some(offset), _) => header.base.saturating_add(offset.cast_signed().into()),
            (None, Some(next)) => next,
            (None, None) => header.base,
        };
        let first_flags = fields.take_if(present & 0x4).ok_or_else(cut)?;
        let words = usize::try_from((present & 0xF00).count_ones()).unwrap_or(0);
        let there = fields.0.len().checked_div(words.saturating_mul(4)).unwrap_or(usize::MAX);
        samples.reserve_exact(there.min(usize::try_from(count).unwrap_or(0)));
        for place in 0..count {
            let duration = fields.take_if(present & 0x100).ok_or_else(cut)?.unwrap_or(header.defaults.duration);
            let size = fields.take_if(present & 0x200).ok_or_else(cut)?.unwrap_or(header.defaults.size);
            let flags = fields.take_if(present & 0x400).ok_or_else(cut)?;
            // Version 0 has no sign (clause 8.8.8), but the packager of Azure Media Services itself writes negative
            // offsets in it, and nobody means an offset of two thousand million ticks.
            let offset = fields.take_if(present & 0x800).ok_or_else(cut)?.unwrap_or(0);
            let flags = first_flags.filter(|_| place == 0).or(flags).unwrap_or(header.defaults.flags);
            samples.push(SampleRange {
                start,
                size,
                duration,
                composition_offset: offset.cast_signed(),
                // sample_is_non_sync_sample.
                is_sync: flags & 0x0001_0000 == 0,
            });
            start = start.saturating_add(size.into());
        }
        Ok(start)
    }
}

#[cfg(test)]
mod tests;
