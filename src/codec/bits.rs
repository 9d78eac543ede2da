//! Reads a header bit by bit, most significant bit first.

use crate::error::{ParseError, ParseErrorKind};

/// A position in a header of a few bytes.
#[derive(Clone, Debug)]
pub(crate) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    format: &'static str,
    what: &'static str,
}

impl<'a> Bits<'a> {
    /// Reads `data` from its first bit; `what` is the structure that is told as cut short where it ends too early.
    pub(crate) const fn new(data: &'a [u8], format: &'static str, what: &'static str) -> Self {
        Self { data, at: 0, format, what }
    }

    /// The next `count` bits, 32 at most.
    pub(crate) fn read(&mut self, count: usize) -> Result<u32, ParseError> {
        let mut value = 0u32;
        for _ in 0..count {
            let byte = self.data.get(self.at / 8).copied();
            let byte = byte.ok_or_else(|| self.error(ParseErrorKind::Truncated { what: self.what }))?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Ok(value)
    }

    /// The next bit.
    pub(crate) fn flag(&mut self) -> Result<bool, ParseError> {
        Ok(self.read(1)? == 1)
    }

    /// Passes over `count` bits.
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), ParseError> {
        let end = self.at.saturating_add(count);
        if end > self.data.len().saturating_mul(8) {
            return Err(self.error(ParseErrorKind::Truncated { what: self.what }));
        }
        self.at = end;
        Ok(())
    }

    /// `ue(v)`, an Exp-Golomb code (ISO/IEC 14496-10 clause 9.1).
    pub(crate) fn unsigned(&mut self) -> Result<u32, ParseError> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(self.error(ParseErrorKind::Invalid { what: "Exp-Golomb code", value: zeros }));
            }
        }
        let suffix = self.read(zeros as usize)?;
        Ok(((1u64 << zeros) - 1 + u64::from(suffix)) as u32)
    }

    /// Bits read so far.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// Goes on at the next whole byte.
    pub(crate) const fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    /// Copies the bits from here on to the front of `to` and says how many bytes that makes; a last half one is filled
    /// with zeros.
    pub(crate) fn copy_rest(&self, to: &mut [u8]) -> usize {
        let (from, shift) = (self.data.get(self.at / 8..).unwrap_or(&[]), self.at % 8);
        let mut count = 0;
        for (index, slot) in to.iter_mut().enumerate() {
            let Some(high) = from.get(index) else { break };
            let low = from.get(index + 1).copied().unwrap_or(0);
            *slot = (u16::from_be_bytes([*high, low]) >> (8 - shift)) as u8;
            count = index + 1;
        }
        count
    }

    /// An error of `kind` at this place.
    pub(crate) const fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, self.format, None, (self.at / 8) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_codes_and_the_end() {
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0000], "test", "header");
        assert_eq!((bits.read(3).unwrap(), bits.position()), (5, 3));
        assert_eq!(bits.unsigned().unwrap(), 5);
        assert_eq!(bits.unsigned().unwrap(), 1);
        let mut rest = [0; 4];
        assert_eq!((bits.copy_rest(&mut rest), rest[0]), (1, 0));
        assert_eq!(bits.unsigned().unwrap_err().code(), "PARSE_TRUNCATED");
        assert!(Bits::new(&[0; 9], "test", "header").unsigned().is_err());
    }

    #[test]
    fn the_rest_is_shifted_to_the_front() {
        let mut bits = Bits::new(&[0b0001_1111, 0b0000_0001], "test", "header");
        bits.skip(4).unwrap();
        let mut rest = [0; 2];
        assert_eq!((bits.copy_rest(&mut rest), rest), (2, [0xF0, 0x10]));
        assert!(bits.skip(13).is_err());
    }
}
