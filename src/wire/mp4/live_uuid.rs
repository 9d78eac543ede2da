//! The `uuid` boxes of Smooth Streaming live ingest (MS-SSTR clause 2.2.4; the live ingest specification of Azure Media
//! Services).
//!
//! Reads `tfxd` in versions 0, 1 and 2. The layout of version 2 was never published: what follows the duration is taken as
//! the fragment index, in the width that is left.

use crate::error::ParseError;

use super::reader::{BoxRef, take_u32, truncated};

/// User type of the Live Server Manifest Box: a `FullBox` around XML.
pub(crate) const LIVE_SERVER_MANIFEST: [u8; 16] = hex(0xa5d4_0b30_e814_11dd_ba2f_0800_200c_9a66);
/// User type of `tfxd`: when a fragment is and how long it lasts.
pub(super) const TFXD: [u8; 16] = hex(0x6d1d_9b05_42d5_44e6_80e2_141d_aff7_57b2);
/// User type of `tfrf`: when the fragments that follow are.
pub(super) const TFRF: [u8; 16] = hex(0xd480_7ef2_ca39_4695_8e54_26cb_9e46_a79f);

/// What `tfxd` says, in ticks of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FragmentTime {
    /// Time of the first sample. FFmpeg's first sound is before zero and comes as 2^64 less that.
    pub(crate) time: i64,
    /// 0 where it is not known.
    pub(crate) duration: u64,
    /// Counts up by one from fragment to fragment, also when the encoder restarts.
    pub(crate) index: Option<u64>,
}

/// Reads a `tfxd` box, whose payload starts with its user type.
pub(super) fn tfxd(found: &BoxRef<'_>) -> Result<FragmentTime, ParseError> {
    let cut = || truncated("tfxd", found.offset);
    let rest = found.payload.get(TFXD.len()..).ok_or_else(cut)?;
    let (word, rest) = take_u32(rest).ok_or_else(cut)?;
    let [version, ..] = word.to_be_bytes();
    if version == 0 {
        let (time, rest) = take_u32(rest).ok_or_else(cut)?;
        let (duration, _) = take_u32(rest).ok_or_else(cut)?;
        return Ok(FragmentTime { time: time.into(), duration: duration.into(), index: None });
    }
    let (time, rest) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
    let (duration, rest) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
    let index = rest
        .first_chunk::<8>()
        .map(|index| u64::from_be_bytes(*index))
        .or_else(|| take_u32(rest).map(|(index, _)| index.into()));
    Ok(FragmentTime { time: i64::from_be_bytes(*time), duration: u64::from_be_bytes(*duration), index })
}

const fn hex(id: u128) -> [u8; 16] {
    id.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::mp4::reader::Boxes;

    fn read(bytes: &[u8]) -> Result<FragmentTime, ParseError> {
        let found = Boxes::new(bytes, 0).next().unwrap().unwrap();
        assert_eq!((&found.kind, &found.payload[..16]), (b"uuid", &TFXD[..]));
        tfxd(&found)
    }

    /// SPECS d1.
    const GOLDEN: &[u8] = b"\0\0\0\x2Cuuid\x6d\x1d\x9b\x05\x42\xd5\x44\xe6\x80\xe2\x14\x1d\xaf\xf7\x57\xb2\
        \x01\0\0\0\0\x01\x05\xc6\x49\xbd\xa4\0\0\0\0\0\0\x05\x46\0";

    #[test]
    fn the_golden_bytes_of_version_1() {
        let expected = FragmentTime { time: 0x0001_05c6_49bd_a400, duration: 0x54600, index: None };
        assert_eq!(read(GOLDEN).unwrap(), expected);
    }

    #[test]
    fn version_0_is_short_and_version_2_has_an_index_of_any_width() {
        let head = &GOLDEN[8..24];
        let boxed = |rest: &[u8]| [&(rest.len() as u32 + 24).to_be_bytes()[..], b"uuid", head, rest].concat();
        let v0 = read(&boxed(b"\0\0\0\0\0\0\0\x09\0\0\0\x02")).unwrap();
        assert_eq!(v0, FragmentTime { time: 9, duration: 2, index: None });
        let v2 = |index: &[u8]| {
            read(&boxed(&[b"\x02\0\0\0\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x02", index].concat())).unwrap().index
        };
        assert_eq!((v2(b""), v2(b"\0\0\0\x07"), v2(b"\0\0\0\0\0\0\0\x08")), (None, Some(7), Some(8)));
        assert_eq!(read(&boxed(b"\x01\0\0\0\0\0\0\0\0\0\0\x09\0\0")).unwrap_err().code(), "PARSE_TRUNCATED");
    }

    #[test]
    fn a_time_before_zero_comes_as_two_to_the_64_less_it() {
        let mut bytes = GOLDEN.to_vec();
        bytes[28..36].copy_from_slice(&(u64::MAX - 213_332).to_be_bytes());
        assert_eq!(read(&bytes).unwrap().time, -213_333);
    }
}
