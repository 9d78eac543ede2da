//! AVCDecoderConfigurationRecord, the set-up of H.264 in FLV and ISO BMFF (ISO/IEC 14496-15:2022 clause 5.3.3.1).
//!
//! Reads the NAL length size and the parameter sets, which share the record's memory. The trailing chroma and bit-depth
//! fields repeat what the sequence parameter set says and are not read. A record without parameter sets is taken: they
//! may come in band.

use bytes::Bytes;

use crate::{
    error::{ParseError, ParseErrorKind},
    media::{H264Config, NalFraming},
};

/// Reads a record.
///
/// # Errors
/// It is cut short, its version is not 1, or its NAL length size is 3.
pub fn parse(record: &Bytes) -> Result<H264Config, ParseError> {
    let mut rest = record.clone();
    let &[version, _profile, _compatibility, _level, length_size, sps_count] =
        rest.first_chunk().ok_or_else(|| cut("AVCDecoderConfigurationRecord", 0))?;
    if version != 1 {
        return Err(invalid("configurationVersion", version));
    }
    let length_size = (length_size & 3) + 1;
    if length_size == 3 {
        return Err(invalid("lengthSizeMinusOne", 2));
    }
    rest = rest.slice(6..);
    let sps = sets(record, &mut rest, sps_count & 0x1F)?;
    let pps_count = rest.split_to(rest.len().min(1));
    // Some encoders end the record here when there are no picture parameter sets.
    let pps = sets(record, &mut rest, pps_count.first().copied().unwrap_or(0))?;
    Ok(H264Config { framing: NalFraming::Length(length_size), sps, pps })
}

fn sets(record: &Bytes, rest: &mut Bytes, count: u8) -> Result<Vec<Bytes>, ParseError> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let at = record.len() - rest.len();
        let len = rest.first_chunk().map(|len| usize::from(u16::from_be_bytes(*len)));
        let end = len.map(|len| len + 2).filter(|end| *end <= rest.len());
        let set = rest.split_to(end.ok_or_else(|| cut("parameter set", at))?).slice(2..);
        if !set.is_empty() {
            sets.push(set);
        }
    }
    Ok(sets)
}

fn cut(what: &'static str, at: usize) -> ParseError {
    ParseError::new(ParseErrorKind::Truncated { what }, "avcC", None, at as u64)
}

fn invalid(what: &'static str, value: u8) -> ParseError {
    ParseError::new(ParseErrorKind::Invalid { what, value: value.into() }, "avcC", None, 0)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test may read its fixtures")]
mod tests {
    use super::*;

    const RECORD: &[u8] = b"\x01\x64\0\x20\xFF\xE1\0\x04\x67\x64\0\x20\x01\0\x02\x68\xEB\xFD\xF8\xF8\0";

    #[test]
    fn parameter_sets_share_the_memory_of_the_record() {
        let record = Bytes::from_static(RECORD);
        let config = parse(&record).unwrap();
        assert_eq!(config.framing, NalFraming::Length(4));
        assert_eq!((config.sps.len(), config.pps.len()), (1, 1));
        assert_eq!(&config.sps[0][..], b"\x67\x64\0\x20");
        assert_eq!(config.pps[0].as_ptr(), record[15..].as_ptr());
    }

    #[test]
    fn a_record_cut_anywhere_is_an_error_or_has_no_pictures() {
        for len in 0..17 {
            match parse(&Bytes::from_static(&RECORD[..len])) {
                Ok(config) => assert!(len == 12 && config.pps.is_empty(), "{len}"),
                Err(error) => assert_eq!(error.code(), "PARSE_TRUNCATED"),
            }
        }
    }

    #[test]
    fn a_length_size_of_three_is_refused() {
        let mut record = RECORD.to_vec();
        record[4] = 0xFE;
        assert_eq!(parse(&record.into()).unwrap_err().code(), "PARSE_INVALID");
    }

    #[test]
    fn files_that_broke_other_parsers() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/media/malformed/h264-avcc");
        let Ok(files) = std::fs::read_dir(folder) else {
            println!("skipped: {folder} is not there");
            return;
        };
        for file in files {
            let _ = parse(&std::fs::read(file.unwrap().path()).unwrap().into());
        }
    }
}
