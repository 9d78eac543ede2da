//! One page: a mark and records behind it, each with a checksum of everything from the start of the page to its own end.
//!
//! ```text
//! "hdIX" version │ length  kind  payload  CRC-32 │ length  kind  payload  CRC-32 │ …
//!    4      1         4      1     …        4           a length counts kind and payload; the first record is the head
//! ```
//! As a checksum holds for all that is before it, what an earlier life of the page left behind a write never passes for a
//! record of it. Numbers of this layer are big-endian; the CRC is that of MPEG-2 and does not count the checksums themselves.

use super::fields::Fields;
use crate::{media::Segment, wire::ts::crc32_behind};

/// How far a page is written or read.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) number: u64,
    /// Bytes that are whole.
    pub(super) len: u64,
    crc: u32,
    /// Segments in it.
    pub(super) segments: usize,
    /// The newest of them: the next one says how it differs.
    pub(super) last: Option<Segment>,
}

/// Why a page cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It ends inside a record.
    CutShort,
    Checksum,
    /// It does not begin as a page does.
    Mark,
    Version(u8),
}

impl Page {
    pub(super) const fn new(number: u64) -> Self {
        Self { number, len: 0, crc: u32::MAX, segments: 0, last: None }
    }

    /// Adds a record to `out`, and the mark before the first one.
    pub(super) fn write(&mut self, kind: u8, payload: &[u8], out: &mut Vec<u8>) {
        let from = out.len();
        if self.len == 0 {
            out.extend_from_slice(MARK);
            out.push(VERSION);
        }
        // A record has no gigabytes: there are a few hundred tracks and cues at the most.
        let length = u32::try_from(payload.len().saturating_add(1)).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.push(kind);
        out.extend_from_slice(payload);
        let written = out.get(from..).unwrap_or_default();
        self.crc = crc32_behind(self.crc, written);
        self.len = self.len.saturating_add(written.len() as u64).saturating_add(4);
        out.extend_from_slice(&self.crc.to_be_bytes());
    }

    /// The next record of `bytes`, which are the whole page: its kind and its payload, and the page as it is behind it. `None` at
    /// the end.
    pub(super) fn read<'a>(&self, bytes: &'a [u8]) -> Result<Option<(u8, Fields<'a>, Self)>, Flaw> {
        let at = usize::try_from(self.len).unwrap_or(usize::MAX);
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.is_empty() && at > 0 {
            return Ok(None);
        }
        let mark = if at == 0 { check_mark(rest)? } else { 0 };
        let (_, framed) = rest.split_at_checked(mark).ok_or(Flaw::CutShort)?;
        let (length, record) = framed.split_first_chunk().ok_or(Flaw::CutShort)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (record, behind) = record.split_at_checked(length).ok_or(Flaw::CutShort)?;
        let crc = u32::from_be_bytes(*behind.first_chunk().ok_or(Flaw::CutShort)?);
        let counted = mark.saturating_add(4).saturating_add(length);
        if crc32_behind(self.crc, rest.get(..counted).unwrap_or_default()) != crc {
            return Err(Flaw::Checksum);
        }
        let (kind, payload) = record.split_first().ok_or(Flaw::CutShort)?;
        let len = self.len.saturating_add(counted as u64).saturating_add(4);
        let (segments, last) = (self.segments, self.last.clone());
        Ok(Some((*kind, Fields(payload), Self { number: self.number, len, crc, segments, last })))
    }
}

/// The length of the mark at the start of a page.
fn check_mark(bytes: &[u8]) -> Result<usize, Flaw> {
    let (mark, rest) = bytes.split_at_checked(MARK.len()).ok_or(Flaw::CutShort)?;
    if mark != MARK {
        return Err(Flaw::Mark);
    }
    match rest.first() {
        Some(&VERSION) => Ok(MARK.len().saturating_add(1)),
        Some(other) => Err(Flaw::Version(*other)),
        None => Err(Flaw::CutShort),
    }
}

const MARK: &[u8] = b"hdIX";
const VERSION: u8 = 2;
