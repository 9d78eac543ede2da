//! Reads a fragment: the samples that `moof` announces, as slices of `mdat` (ISO/IEC 14496-12 clauses 8.8.4 to 8.8.12).

use bytes::Bytes;

use super::{
    MAX_SAMPLES,
    reader::{BoxRef, Boxes, check, invalid, take_u32, truncated},
};
use crate::error::{LimitError, ParseError};

/// A fragment of one track, all of its chunks together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// `sequence_number` of the first `mfhd`.
    pub(crate) sequence: u32,
    /// Decode time of the first sample, in ticks.
    pub(crate) decode_time: u64,
    /// In decode order; at most [`MAX_SAMPLES`].
    pub(crate) samples: Vec<ReadSample>,
}

/// One sample of a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadSample {
    /// In ticks.
    pub(crate) duration: u32,
    /// Presentation less decode time, in ticks.
    pub(crate) composition_offset: i64,
    /// Whether it is a random access point.
    pub(crate) is_sync: bool,
    /// A slice of the fragment.
    pub(crate) data: Bytes,
}

/// Bytes that one `moof` may have.
const MAX_MOOF: usize = 1 << 20;

impl Fragment {
    /// The fragment in `bytes`, which holds whole boxes: one chunk or several. Boxes that are not needed are stepped over.
    pub(crate) fn parse(bytes: &Bytes) -> Result<Self, ParseError> {
        check(bytes)?;
        let mut boxes = Boxes::new(bytes, 0);
        let mut reader = Reader { bytes, moof: 0, mdat: &[], samples: Vec::new() };
        let mut first = None;
        while let Some(moof) = boxes.find_map(|found| found.ok().filter(|b| &b.kind == b"moof")) {
            limit("moof bytes", MAX_MOOF, moof.payload.len(), moof.offset)?;
            let mdat = boxes.find_map(|found| found.ok().filter(|b| &b.kind == b"mdat"));
            reader.moof = moof.offset;
            reader.mdat = mdat.map_or_else(|| bytes.get(bytes.len()..).unwrap_or_default(), |mdat| mdat.payload);
            let chunk = reader.chunk(&moof)?;
            mdat.ok_or_else(|| truncated("mdat", moof.offset))?;
            first.get_or_insert(chunk);
        }
        let (sequence, decode_time) = first.ok_or_else(|| truncated("moof", 0))?;
        Ok(Self { sequence, decode_time, samples: reader.samples })
    }
}

struct Reader<'a> {
    bytes: &'a Bytes,
    moof: u64,
    mdat: &'a [u8],
    samples: Vec<ReadSample>,
}

/// What `tfhd` says for every sample.
#[derive(Clone, Copy, Default)]
struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

impl<'a> Reader<'a> {
    /// Reads a chunk: its number and its decode time.
    fn chunk(&mut self, moof: &BoxRef<'a>) -> Result<(u32, u64), ParseError> {
        let (mut sequence, mut decode_time) = (0, None);
        for child in moof.children() {
            let child = child?;
            match &child.kind {
                b"mfhd" => sequence = take_u32(child.full()?.2).ok_or_else(|| truncated("mfhd", child.offset))?.0,
                // A second traf is another track's.
                b"traf" if decode_time.is_none() => decode_time = Some(self.traf(&child)?),
                _ => {}
            }
        }
        Ok((sequence, decode_time.ok_or_else(|| truncated("traf", moof.offset))?))
    }

    fn traf(&mut self, traf: &BoxRef<'a>) -> Result<u64, ParseError> {
        let mut defaults = None;
        let mut decode_time = 0;
        let mut next = None;
        for child in traf.children() {
            let child = child?;
            match &child.kind {
                b"tfhd" => defaults = Some(tfhd(&child)?),
                b"tfdt" => decode_time = tfdt(&child)?,
                b"trun" => {
                    let defaults = defaults.ok_or_else(|| truncated("tfhd", traf.offset))?;
                    next = Some(self.trun(&child, defaults, next)?);
                }
                _ => {}
            }
        }
        Ok(decode_time)
    }

    /// Reads one run and says where the next one's data starts.
    fn trun(&mut self, trun: &BoxRef<'a>, defaults: Defaults, next: Option<usize>) -> Result<usize, ParseError> {
        let cut = || truncated("trun", trun.offset);
        let (version, present, rest) = trun.full()?;
        let mut fields = Fields(rest);
        let count = fields.take().ok_or_else(cut)?;
        let asked = usize::try_from(count).unwrap_or(usize::MAX).saturating_add(self.samples.len());
        limit("samples in a fragment", MAX_SAMPLES, asked, trun.offset)?;
        let mut at = self.data_start(fields.take_if(present & 0x1).ok_or_else(cut)?, next, trun.offset)?;
        let first_flags = fields.take_if(present & 0x4).ok_or_else(cut)?;
        // Once and no more than can be there: a list that doubles as it grows would take twice the room.
        let words = usize::try_from((present & 0xF00).count_ones()).unwrap_or(0);
        let there = fields.0.len().checked_div(words.saturating_mul(4)).unwrap_or(usize::MAX);
        self.samples.reserve_exact(there.min(usize::try_from(count).unwrap_or(0)));
        for place in 0..count {
            let duration = fields.take_if(present & 0x100).ok_or_else(cut)?.unwrap_or(defaults.duration);
            let size = fields.take_if(present & 0x200).ok_or_else(cut)?.unwrap_or(defaults.size);
            let flags = fields.take_if(present & 0x400).ok_or_else(cut)?;
            let offset = fields.take_if(present & 0x800).ok_or_else(cut)?.unwrap_or(0);
            let flags = first_flags.filter(|_| place == 0).or(flags).unwrap_or(defaults.flags);
            let end = at.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
            let slice = self.mdat.get(at..end).ok_or_else(|| truncated("sample", trun.offset))?;
            let composition_offset = if version == 0 { i64::from(offset) } else { i64::from(offset.cast_signed()) };
            // sample_is_non_sync_sample.
            let is_sync = flags & 0x0001_0000 == 0;
            let data = if slice.is_empty() { Bytes::new() } else { self.bytes.slice_ref(slice) };
            self.samples.push(ReadSample { duration, composition_offset, is_sync, data });
            at = end;
        }
        Ok(at)
    }

    /// Where a run's bytes start within the payload of `mdat`; the data offset counts from the start of `moof`.
    fn data_start(&self, offset: Option<u32>, next: Option<usize>, at: u64) -> Result<usize, ParseError> {
        let Some(offset) = offset else { return Ok(next.unwrap_or(0)) };
        let mdat = self.mdat.as_ptr().addr().saturating_sub(self.bytes.as_ptr().addr());
        let moof = usize::try_from(self.moof).unwrap_or(usize::MAX);
        let start = usize::try_from(offset.cast_signed()).ok().and_then(|offset| moof.checked_add(offset));
        start
            .and_then(|start| start.checked_sub(mdat))
            .filter(|start| *start <= self.mdat.len())
            .ok_or_else(|| invalid("data_offset", offset.into(), at))
    }
}

fn tfhd(found: &BoxRef<'_>) -> Result<Defaults, ParseError> {
    let cut = || truncated("tfhd", found.offset);
    let (_, present, rest) = found.full()?;
    if present & 0x1 != 0 {
        // An absolute base (clause 8.8.7) has no meaning in a fragment that travels alone.
        return Err(invalid("base-data-offset-present", 1, found.offset));
    }
    let mut fields = Fields(rest);
    let _track_id = fields.take().ok_or_else(cut)?;
    let _description = fields.take_if(present & 0x2).ok_or_else(cut)?;
    let duration = fields.take_if(present & 0x8).ok_or_else(cut)?.unwrap_or(0);
    let size = fields.take_if(present & 0x10).ok_or_else(cut)?.unwrap_or(0);
    let flags = fields.take_if(present & 0x20).ok_or_else(cut)?.unwrap_or(0);
    Ok(Defaults { duration, size, flags })
}

pub(super) fn tfdt(found: &BoxRef<'_>) -> Result<u64, ParseError> {
    let (version, _, rest) = found.full()?;
    let time = match (version, rest) {
        (0, rest) => take_u32(rest).map(|(time, _)| u64::from(time)),
        (_, rest) => rest.first_chunk::<8>().map(|time| u64::from_be_bytes(*time)),
    };
    time.ok_or_else(|| truncated("tfdt", found.offset))
}

/// Words of a box that come one after the other, some of them only when a flag says so.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn take(&mut self) -> Option<u32> {
        let (word, rest) = take_u32(self.0)?;
        self.0 = rest;
        Some(word)
    }

    /// `Some(None)` where the flag is off, `None` where the word is missing.
    pub(super) fn take_if(&mut self, flag: u32) -> Option<Option<u32>> {
        if flag == 0 { Some(None) } else { self.take().map(Some) }
    }
}

pub(super) fn limit(what: &'static str, ceiling: usize, asked: usize, offset: u64) -> Result<(), ParseError> {
    if asked <= ceiling {
        return Ok(());
    }
    let limit = LimitError { what, ceiling: ceiling as u64, asked: asked as u64 };
    Err(ParseError::new(limit.into(), "mp4", None, offset))
}

#[cfg(test)]
mod tests;
