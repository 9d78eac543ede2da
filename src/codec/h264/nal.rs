//! Splits an access unit into NAL units (ISO/IEC 14496-10 Annex B, ISO/IEC 14496-15 clause 5.3.2).

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use super::{NAL_AUD, NAL_IDR, NAL_PARTITION_A, NAL_PPS, NAL_SEI, NAL_SLICE, NAL_SPS};
use crate::media::NalFraming;

/// Where the NAL units of an access unit lie, header included, without start code or length.
///
/// Empty NAL units are left out. A length that reaches past the end ends the iteration.
#[derive(Debug)]
pub struct NalRanges<'a>(Inner<'a>);

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives on the stack for one loop; a box would cost an allocation per access unit"
)]
enum Inner<'a> {
    AnnexB { data: &'a [u8], codes: memmem::FindIter<'a, 'static>, start: Option<usize> },
    Length { data: &'a [u8], size: usize, at: usize },
}

/// The NAL units of `data`, as slices that share its memory.
pub fn nal_units(data: &Bytes, framing: NalFraming) -> impl Iterator<Item = Bytes> {
    nal_ranges(data, framing).map(|range| data.slice(range))
}

/// The NAL units of `data`, as ranges of it.
#[must_use]
pub fn nal_ranges(data: &[u8], framing: NalFraming) -> NalRanges<'_> {
    NalRanges(match framing {
        NalFraming::AnnexB => {
            let mut codes = memmem::find_iter(data, START_CODE);
            let start = codes.next().map(|at| at.saturating_add(START_CODE.len()));
            Inner::AnnexB { data, codes, start }
        }
        NalFraming::Length(size) => Inner::Length { data, size: usize::from(size), at: 0 },
    })
}

/// The `nal_unit_type` of a NAL unit; zero (unspecified) for an empty one.
#[must_use]
pub fn nal_type(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |header| header & 0x1F)
}

/// Whether the primary picture of this access unit is an IDR picture.
#[must_use]
pub fn contains_idr(data: &[u8], framing: NalFraming) -> bool {
    // All slices of a primary coded picture are IDR slices or none is (clause 7.4.1.2.4): the first one tells.
    nal_ranges(data, framing)
        .filter_map(|range| data.get(range).map(nal_type))
        .find(|kind| matches!(*kind, NAL_SLICE | NAL_PARTITION_A | NAL_IDR))
        .is_some_and(|kind| kind == NAL_IDR)
}

/// Whether a NAL unit that follows the last slice of a picture begins the next access unit (clause 7.4.1.2.3).
///
/// `slice_start` is the first byte of the slice header: a slice at macroblock 0 is the first of its picture. Pictures in
/// arbitrary slice order (Baseline profile only) are not told apart without delimiters.
#[must_use]
pub const fn begins_access_unit(kind: u8, slice_start: u8) -> bool {
    match kind {
        NAL_SLICE | NAL_PARTITION_A | NAL_IDR => slice_start & 0x80 != 0,
        NAL_SEI | NAL_SPS | NAL_PPS | NAL_AUD | 14..=18 => true,
        _ => false,
    }
}

impl Iterator for NalRanges<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        match &mut self.0 {
            Inner::AnnexB { data, codes, start } => loop {
                let from = (*start)?;
                let code = codes.next();
                *start = code.map(|at| at.saturating_add(START_CODE.len()));
                let bytes = data.get(from..code.unwrap_or(data.len()))?;
                // trailing_zero_8bits and the zero_byte of the next start code are no part of the NAL unit.
                if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
                    return Some(from..from.saturating_add(last).saturating_add(1));
                }
            },
            Inner::Length { data, size, at } => loop {
                let (prefix, rest) =
                    data.get(*at..)?.split_at_checked(*size).filter(|(prefix, _)| !prefix.is_empty())?;
                let len =
                    prefix.iter().try_fold(0usize, |len, byte| len.checked_mul(256)?.checked_add((*byte).into()))?;
                let from = at.saturating_add(*size);
                rest.get(..len)?;
                *at = from.saturating_add(len);
                if len > 0 {
                    return Some(from..*at);
                }
            },
        }
    }
}

const START_CODE: &[u8] = &[0, 0, 1];

#[cfg(test)]
mod tests {
    use super::*;

    fn split(data: &'static [u8], framing: NalFraming) -> Vec<Vec<u8>> {
        nal_units(&Bytes::from_static(data), framing).map(|nal| nal.to_vec()).collect()
    }

    #[test]
    fn start_codes_of_three_and_four_bytes_and_stuffing() {
        let nals = split(b"junk\0\0\0\x01\x67\x42\0\0\0\0\x01\x68\xCE\0\0\x01\0\0\x01\x65\x88\0", NalFraming::AnnexB);
        assert_eq!(nals, [&b"\x67\x42"[..], b"\x68\xCE", b"\x65\x88"]);
        assert!(split(b"no start code", NalFraming::AnnexB).is_empty());
    }

    #[test]
    fn lengths_of_one_two_and_four_bytes_end_at_the_first_broken_one() {
        assert_eq!(split(b"\x02\x67\x42\x00\x01\x68\x09\x65", NalFraming::Length(1)), [&b"\x67\x42"[..], b"\x68"]);
        assert_eq!(split(b"\0\x01\x67\0\x01\x68\xFF", NalFraming::Length(2)), [b"\x67", b"\x68"]);
        assert_eq!(split(b"\0\0\0\x01\x65\xFF\xFF\xFF\xFF\x65", NalFraming::Length(4)), [b"\x65"]);
        assert!(split(b"\x01\x67", NalFraming::Length(0)).is_empty());
    }

    #[test]
    fn the_first_slice_tells_whether_a_picture_is_idr() {
        assert!(contains_idr(b"\0\0\x01\x09\x10\0\0\x01\x06\x05\0\0\x01\x65\x88", NalFraming::AnnexB));
        assert!(!contains_idr(b"\0\0\x01\x09\x10\0\0\x01\x41\x9A\0\0\x01\x65\x88", NalFraming::AnnexB));
        assert!(!contains_idr(b"\0\0\x01\x67\x42", NalFraming::AnnexB));
    }
}
