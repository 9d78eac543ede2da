//! Bits of a syncframe, most significant first.

use super::Broken;

/// A reader that never goes beyond its bytes.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// The next `count` bits, 0 to 24.
    pub(super) fn read(&mut self, count: usize) -> Result<u32, Broken> {
        let end = self.at + count;
        if end > self.data.len() * 8 {
            return Err(Broken("syncframe ends within a block"));
        }
        let bytes = self.data.get(self.at / 8..).unwrap_or(&[]);
        let word = (0..4).fold(0u32, |word, n| word << 8 | u32::from(bytes.get(n).copied().unwrap_or(0)));
        let value = (word << (self.at % 8)).checked_shr(32 - count as u32).unwrap_or(0);
        self.at = end;
        Ok(value)
    }

    /// The next bit.
    pub(super) fn flag(&mut self) -> Result<bool, Broken> {
        Ok(self.read(1)? == 1)
    }

    /// Leaves `count` bits out.
    pub(super) fn skip(&mut self, count: usize) -> Result<(), Broken> {
        self.at += count;
        self.read(0).map(drop)
    }
}
