//! The fields of an index record: numbers of seven bits a byte, least significant first, and byte strings behind their length.
//!
//! Reading never takes more than there is: `None` is a record that is not what its kind says.

use bytes::Bytes;

/// What is left of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

/// A record as it is written.
#[derive(Debug, Default)]
pub(super) struct Record(pub(super) Vec<u8>);

impl Record {
    pub(super) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn flag(&mut self, value: bool) {
        self.byte(u8::from(value));
    }

    pub(super) fn uint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A number of either sign, small ones short: 0, -1, 1, -2 …
    pub(super) fn int(&mut self, value: i64) {
        self.uint((value << 1 ^ value >> 63).cast_unsigned());
    }

    pub(super) fn count(&mut self, count: usize) {
        self.uint(count as u64);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
}

impl<'a> Fields<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(super) fn uint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            // The tenth byte has one bit left.
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn int(&mut self) -> Option<i64> {
        let value = self.uint()?;
        Some((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        u32::try_from(self.uint()?).ok()
    }

    /// How many of something follow, which is no more than there are bytes: each takes one at least.
    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.uint()?).ok().filter(|count| *count <= self.0.len())
    }

    pub(super) fn slice(&mut self) -> Option<&'a [u8]> {
        let len = self.count()?;
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    /// Copied, so that what is kept of a page does not hold all of it.
    pub(super) fn bytes(&mut self) -> Option<Bytes> {
        self.slice().map(Bytes::copy_from_slice)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.slice()?).ok()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_and_none_is_longer_than_ten_bytes() {
        let mut record = Record::default();
        let unsigned = [0, 1, 127, 128, 1 << 32, u64::MAX - 1, u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX, -705_600_000];
        unsigned.iter().for_each(|value| record.uint(*value));
        signed.iter().for_each(|value| record.int(*value));
        let mut fields = Fields(&record.0);
        assert_eq!(unsigned.map(|_| fields.uint().unwrap()), unsigned);
        assert_eq!(signed.map(|_| fields.int().unwrap()), signed);
        assert!(fields.is_empty());
        assert_eq!(Fields(&[0xFF; 10]).uint(), None);
        assert_eq!(Fields(&[0x80; 9]).uint(), None);
    }

    #[test]
    fn a_length_beyond_the_record_is_none() {
        assert_eq!(Fields(&[4, 1, 2, 3]).bytes(), None);
        assert_eq!(Fields(&[3, 1, 2, 3]).bytes().unwrap(), [1, 2, 3][..]);
        assert_eq!(Fields(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]).count(), None);
    }
}
