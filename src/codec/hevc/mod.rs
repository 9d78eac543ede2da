//! HEVC, as far as a stream that is passed through needs it (ISO/IEC 23008-2:2020 clauses 7.3.1.2 and 7.3.2.2, Annex E).
//!
//! Reads the set-up record of FLV and ISO BMFF and the properties of a track from its sequence parameter set, and tells
//! where a decoder can start. Pictures are not decoded, video and picture parameter sets not looked into. To read one more
//! field of the sequence parameter set, add it to `sps.rs`.

mod hvcc;
mod sps;
mod vui;

pub use hvcc::{HevcRecord, parse_record};
pub use sps::video_track;

use crate::error::{ParseError, ParseErrorKind};

/// `nal_unit_type` of a sequence parameter set.
pub const NAL_SPS: u8 = 33;

/// The `nal_unit_type` of a NAL unit, 0 to 63; reserved ones are 41 and above, and an empty unit counts as 63.
#[must_use]
pub fn nal_type(nal: &[u8]) -> u8 {
    nal.first().map_or(63, |header| header >> 1 & 0x3F)
}

/// Whether a picture of this NAL unit type is a random access point: BLA, IDR or CRA (clause 3, IRAP picture).
#[must_use]
pub const fn is_irap(nal_type: u8) -> bool {
    matches!(nal_type, 16..=21)
}

const fn error(kind: ParseErrorKind) -> ParseError {
    ParseError::new(kind, "hevc", None, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_bits_one_to_six() {
        assert_eq!((nal_type(b"\x42\x01"), nal_type(b"\x26"), nal_type(b"")), (NAL_SPS, 19, 63));
        assert!(is_irap(16) && is_irap(21) && !is_irap(15) && !is_irap(22));
    }
}
