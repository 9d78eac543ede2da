//! HEVCDecoderConfigurationRecord (ISO/IEC 14496-15:2022 clause 8.3.3.1.2).

use bytes::Bytes;

use super::{NAL_SPS, nal_type};
use crate::{
    error::{ParseError, ParseErrorKind},
    media::NalFraming,
};

/// What is needed of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HevcRecord {
    /// How NAL units are delimited in the access units.
    pub framing: NalFraming,
    /// The first sequence parameter set, NAL header included; shares the record's memory.
    pub sps: Bytes,
}

/// Reads a record. The fields before the arrays repeat what the sequence parameter set says and are not read.
///
/// # Errors
/// It is cut short, its version is not 1, its NAL length size is 3, or there is no sequence parameter set in it.
pub fn parse_record(record: &Bytes) -> Result<HevcRecord, ParseError> {
    let (head, mut rest) = record.split_at_checked(HEAD).ok_or_else(|| cut("HEVCDecoderConfigurationRecord", 0))?;
    let (version, sizes, arrays) = match *head {
        [version, .., sizes, arrays] => (version, sizes, arrays),
        _ => return Err(cut("HEVCDecoderConfigurationRecord", 0)),
    };
    if version != 1 {
        return Err(invalid("configurationVersion", version));
    }
    let length_size = (sizes & 3) + 1;
    if length_size == 3 {
        return Err(invalid("lengthSizeMinusOne", 2));
    }
    let framing = NalFraming::Length(length_size);
    for _ in 0..arrays {
        let (&[_kind, high, low], after) =
            rest.split_first_chunk().ok_or_else(|| cut("array of NAL units", record.len()))?;
        rest = after;
        for _ in 0..u16::from_be_bytes([high, low]) {
            let (len, after) = rest.split_first_chunk().ok_or_else(|| cut("nalUnitLength", record.len()))?;
            let len = usize::from(u16::from_be_bytes(*len));
            let (nal, after) = after.split_at_checked(len).ok_or_else(|| cut("nalUnit", record.len()))?;
            rest = after;
            // The NAL unit says better than its array what it is.
            if nal_type(nal) == NAL_SPS {
                return Ok(HevcRecord { framing, sps: record.slice_ref(nal) });
            }
        }
    }
    Err(invalid("number of sequence parameter sets", 0))
}

fn cut(what: &'static str, at: usize) -> ParseError {
    ParseError::new(ParseErrorKind::Truncated { what }, "hvcC", None, at as u64)
}

fn invalid(what: &'static str, value: u8) -> ParseError {
    ParseError::new(ParseErrorKind::Invalid { what, value: value.into() }, "hvcC", None, 0)
}

const HEAD: usize = 23;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(version: u8, sizes: u8, arrays: &[u8]) -> Bytes {
        [&[version][..], &[0; 20], &[sizes], arrays].concat().into()
    }

    #[test]
    fn the_first_sequence_parameter_set_of_any_array_is_found() {
        let arrays = b"\x02\xA0\0\x01\0\x03\x40\x01\x0C\x21\0\x01\0\x04\x42\x01\x01\x02";
        let found = parse_record(&record(1, 0x0F, arrays)).unwrap();
        assert_eq!(found.framing, NalFraming::Length(4));
        assert_eq!(&found.sps[..], b"\x42\x01\x01\x02");
        let whole = record(1, 0x0F, arrays);
        for len in 0..whole.len() {
            assert!(parse_record(&whole.slice(..len)).is_err(), "{len}");
        }
    }

    #[test]
    fn broken_records_are_typed_errors() {
        for (bytes, code) in [
            (record(0, 3, b"\0"), "PARSE_INVALID"),
            (record(1, 2, b"\0"), "PARSE_INVALID"),
            (record(1, 3, b"\0"), "PARSE_INVALID"),
            (record(1, 3, b"\x01\x21\xFF\xFF\0\x00"), "PARSE_TRUNCATED"),
        ] {
            assert_eq!(parse_record(&bytes).unwrap_err().code(), code);
        }
    }
}
