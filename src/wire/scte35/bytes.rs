//! Whole bytes and 33-bit times, read and written.

use crate::error::ParseErrorKind;

/// Reads fields off the front of what is left.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    left: &'a [u8],
    /// The structure that it reads, by its standard's name.
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { left: bytes, what }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.left.len()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.left)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], ParseErrorKind> {
        let cut_short = ParseErrorKind::Truncated { what: self.what };
        let (taken, left) = self.left.split_at_checked(count).ok_or(cut_short)?;
        self.left = left;
        Ok(taken)
    }

    /// A reader of the next `count` bytes.
    pub(super) fn part(&mut self, count: usize, what: &'static str) -> Result<Self, ParseErrorKind> {
        Ok(Self::new(self.take(count)?, what))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseErrorKind> {
        let (taken, left) = self.left.split_first_chunk().ok_or(ParseErrorKind::Truncated { what: self.what })?;
        self.left = left;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, ParseErrorKind> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, ParseErrorKind> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, ParseErrorKind> {
        self.array().map(u32::from_be_bytes)
    }

    /// 40 bits: seven flags and a time of 33, or a duration.
    pub(super) fn u40(&mut self) -> Result<u64, ParseErrorKind> {
        self.array().map(|[a, b, c, d, e]| u64::from_be_bytes([0, 0, 0, a, b, c, d, e]))
    }

    pub(super) fn u48(&mut self) -> Result<u64, ParseErrorKind> {
        self.array().map(|[a, b, c, d, e, f]| u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }
}

/// The low 33 bits of a time, with `flags` above them.
pub(super) fn put_33(out: &mut Vec<u8>, flags: u8, time: u64) {
    put_40(out, u64::from(flags) << 32 | (time & MASK_33));
}

pub(super) fn put_40(out: &mut Vec<u8>, value: u64) {
    let [_, _, _, bytes @ ..] = value.to_be_bytes();
    out.extend(bytes);
}

pub(super) fn put_48(out: &mut Vec<u8>, value: u64) {
    let [_, _, bytes @ ..] = value.to_be_bytes();
    out.extend(bytes);
}

/// A bit where `is` says so.
pub(super) const fn flag(is: bool, mask: u8) -> u8 {
    if is { mask } else { 0 }
}

/// How many, as a field of a byte has it.
pub(super) fn count_u8(count: usize, what: &'static str) -> Result<u8, ParseErrorKind> {
    u8::try_from(count).map_err(|_| ParseErrorKind::Invalid { what, value: count as u64 })
}

/// 33 bits of 90 kHz.
pub(super) const MASK_33: u64 = (1 << 33) - 1;
