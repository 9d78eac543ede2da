//! Walks boxes without trusting their sizes (ISO/IEC 14496-12 clause 4.2.2).

use crate::error::{LimitError, ParseError, ParseErrorKind};

/// Levels of boxes in boxes.
pub(super) const MAX_DEPTH: u8 = 16;

/// Boxes that hold nothing but boxes.
const CONTAINERS: [&[u8; 4]; 9] = [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"moof", b"traf"];

/// One box: its kind, its payload and where the box starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoxRef<'a> {
    pub(super) kind: [u8; 4],
    pub(super) payload: &'a [u8],
    pub(super) offset: u64,
}

/// The boxes of one level, in order; ends after the first error.
#[derive(Clone, Debug)]
pub(super) struct Boxes<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Boxes<'a> {
    /// The boxes in `bytes`, which start at byte `offset` of the unit.
    pub(super) const fn new(bytes: &'a [u8], offset: u64) -> Self {
        Self { rest: bytes, offset }
    }

    fn read(&mut self) -> Result<BoxRef<'a>, ParseError> {
        let offset = self.offset;
        let (size, rest) = take_u32(self.rest).ok_or_else(|| truncated("box header", offset))?;
        let (kind, rest) = rest.split_first_chunk::<4>().ok_or_else(|| truncated("box header", offset))?;
        let (payload_len, rest) = match size {
            1 => {
                let (large, rest) = rest.split_first_chunk::<8>().ok_or_else(|| truncated("largesize", offset))?;
                (u64::from_be_bytes(*large).checked_sub(16), rest)
            }
            size => (u64::from(size).checked_sub(8), rest),
        };
        let len = payload_len.ok_or_else(|| invalid("box size", size.into(), offset))?;
        let len = usize::try_from(len).map_err(|_| truncated("box", offset))?;
        let (payload, rest) = rest.split_at_checked(len).ok_or_else(|| truncated("box", offset))?;
        let used = self.rest.len().saturating_sub(rest.len());
        self.offset = offset.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        self.rest = rest;
        Ok(BoxRef { kind: *kind, payload, offset })
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<BoxRef<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let found = self.read();
        if found.is_err() {
            self.rest = &[];
        }
        Some(found)
    }
}

impl<'a> BoxRef<'a> {
    /// The boxes inside, where this kind of box holds only boxes.
    pub(super) fn children(&self) -> Boxes<'a> {
        let is_container = CONTAINERS.contains(&&self.kind);
        Boxes::new(if is_container { self.payload } else { &[] }, self.offset.saturating_add(8))
    }

    /// Version, flags and what comes after them in a `FullBox`.
    pub(super) fn full(&self) -> Result<(u8, u32, &'a [u8]), ParseError> {
        let (word, rest) = take_u32(self.payload).ok_or_else(|| truncated("full box header", self.offset))?;
        let [version, ..] = word.to_be_bytes();
        Ok((version, word & 0x00FF_FFFF, rest))
    }
}

/// Checks sizes and depth of every box in `bytes`.
pub(super) fn check(bytes: &[u8]) -> Result<(), ParseError> {
    check_at(bytes, 0)
}

/// As [`check`], of bytes that start at `offset` of their stream.
pub(super) fn check_at(bytes: &[u8], offset: u64) -> Result<(), ParseError> {
    check_level(Boxes::new(bytes, offset), 1)
}

fn check_level(boxes: Boxes<'_>, depth: u8) -> Result<(), ParseError> {
    for found in boxes {
        let found = found?;
        if depth > MAX_DEPTH {
            let limit = LimitError { what: "box depth", ceiling: MAX_DEPTH.into(), asked: depth.into() };
            return Err(ParseError::new(limit.into(), "mp4", None, found.offset));
        }
        check_level(found.children(), depth.saturating_add(1))?;
    }
    Ok(())
}

pub(super) fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*word), rest))
}

pub(super) const fn truncated(what: &'static str, offset: u64) -> ParseError {
    ParseError::new(ParseErrorKind::Truncated { what }, "mp4", None, offset)
}

pub(super) const fn invalid(what: &'static str, value: u64, offset: u64) -> ParseError {
    ParseError::new(ParseErrorKind::Invalid { what, value }, "mp4", None, offset)
}
