//! AV1, as far as a stream that is passed through needs it (AV1 bitstream specification 1.0.0 with errata 1, clauses 5.3 to
//! 5.5; AV1 in ISOBMFF 1.2.0 clause 2.3).
//!
//! Reads the set-up record and the sequence header in it. Frames are not decoded. To read one more field of the sequence
//! header, add it to `sequence_header.rs`.

mod sequence_header;

pub use sequence_header::video_track;

use crate::error::{ParseError, ParseErrorKind};

/// `obu_type` of a sequence header.
const OBU_SEQUENCE_HEADER: u8 = 1;
/// `obu_type` of a temporal delimiter.
const OBU_TEMPORAL_DELIMITER: u8 = 2;

/// The sequence header OBU's payload in an AV1CodecConfigurationRecord.
///
/// # Errors
/// The record is cut short, its version is not 1, or there is no sequence header in it.
pub fn sequence_header(record: &[u8]) -> Result<&[u8], ParseError> {
    let (&[marker_version, ..], mut rest) =
        record.split_first_chunk::<4>().ok_or_else(|| cut("AV1CodecConfigurationRecord"))?;
    if marker_version != 0x81 {
        let value = marker_version.into();
        return Err(error(ParseErrorKind::Invalid { what: "marker and version of av1C", value }));
    }
    while !rest.is_empty() {
        let (kind, payload, after) = obu(rest)?;
        if kind == OBU_SEQUENCE_HEADER {
            return Ok(payload);
        }
        rest = after;
    }
    Err(error(ParseErrorKind::Invalid { what: "number of sequence headers", value: 0 }))
}

/// How many bytes the temporal delimiter at the start of a temporal unit takes; 0 where there is none. ISOBMFF leaves it out.
#[must_use]
pub fn temporal_delimiter_len(data: &[u8]) -> usize {
    match obu(data) {
        Ok((OBU_TEMPORAL_DELIMITER, _, rest)) => data.len() - rest.len(),
        _ => 0,
    }
}

/// How many bytes the temporal delimiter and the sequence header at the start of a temporal unit take; metadata comes behind
/// them (clause 7.5).
pub(crate) fn head_len(data: &[u8]) -> usize {
    let mut rest = data;
    while let Ok((OBU_TEMPORAL_DELIMITER | OBU_SEQUENCE_HEADER, _, after)) = obu(rest) {
        rest = after;
    }
    data.len() - rest.len()
}

/// Type and payload of the OBU at the start of `data`, and what comes after it (clause 5.3). One without a size takes all.
fn obu(data: &[u8]) -> Result<(u8, &[u8], &[u8]), ParseError> {
    let (&header, mut rest) = data.split_first().ok_or_else(|| cut("obu_header"))?;
    if header & EXTENSION != 0 {
        (_, rest) = rest.split_first().ok_or_else(|| cut("obu_extension_header"))?;
    }
    let kind = header >> 3 & 0x0F;
    if header & HAS_SIZE == 0 {
        return Ok((kind, rest, &[]));
    }
    // leb128: seven bits a byte, eight bytes at most (clause 4.10.5).
    let mut size = 0u64;
    for n in 0..8 {
        let (&byte, after) = rest.split_first().ok_or_else(|| cut("obu_size"))?;
        rest = after;
        size |= u64::from(byte & 0x7F) << (7 * n);
        if byte & 0x80 == 0 {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            let (payload, after) = rest.split_at_checked(size).ok_or_else(|| cut("OBU"))?;
            return Ok((kind, payload, after));
        }
    }
    Err(error(ParseErrorKind::Invalid { what: "obu_size", value: size }))
}

const fn cut(what: &'static str) -> ParseError {
    error(ParseErrorKind::Truncated { what })
}

const fn error(kind: ParseErrorKind) -> ParseError {
    ParseError::new(kind, "av1", None, 0)
}

const EXTENSION: u8 = 4;
const HAS_SIZE: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_searched_for_its_sequence_header() {
        // A metadata OBU, then the sequence header.
        assert_eq!(sequence_header(b"\x81\0\x0C\0\x2A\x01\x55\x0A\x03abc"), Ok(&b"abc"[..]));
        // With an extension, and without a size.
        assert_eq!(sequence_header(b"\x81\0\x0C\0\x0C\0abc"), Ok(&b"abc"[..]));
        for (record, code) in [
            (&b"\x81\0\x0C"[..], "PARSE_TRUNCATED"),
            (b"\x82\0\x0C\0\x0A\x01a", "PARSE_INVALID"),
            (b"\x81\0\x0C\0", "PARSE_INVALID"),
            (b"\x81\0\x0C\0\x0A\x04abc", "PARSE_TRUNCATED"),
            (b"\x81\0\x0C\0\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "PARSE_INVALID"),
            (b"\x81\0\x0C\0\x0E", "PARSE_TRUNCATED"),
        ] {
            assert_eq!(sequence_header(record).unwrap_err().code(), code, "{record:?}");
        }
    }

    #[test]
    fn a_temporal_delimiter_is_measured() {
        assert_eq!(temporal_delimiter_len(b"\x12\0\x0A\x01a"), 2);
        assert_eq!(temporal_delimiter_len(b"\x16\0\0\x0A"), 3);
        assert_eq!((temporal_delimiter_len(b"\x0A\x01a"), temporal_delimiter_len(b"")), (0, 0));
    }
}
