//! The AC-3 syncframe header (ATSC A/52:2018 clauses 5.3 and 5.4, ETSI TS 102 366).
//!
//! Reads what a track must know; the checksums are left to the decoder. Refuses E-AC-3 (`bsid` over 10), which has the same
//! sync word and another syntax, and the half and quarter rates of `bsid` 9 and 10.

use bytes::Bytes;

use crate::{
    codec::bits::Bits,
    error::{ParseError, ParseErrorKind},
    media::{Ac3Config, AudioTrack},
};

/// What a syncframe says of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ac3Sound {
    fscod: u8,
    bsid: u8,
    bsmod: u8,
    acmod: u8,
    has_lfe: bool,
    bit_rate_code: u8,
}

/// One syncframe header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ac3Header {
    /// The sound that follows.
    pub sound: Ac3Sound,
    /// Bytes of the whole syncframe, 128 to 3 840.
    pub frame_len: usize,
}

/// Instants in one syncframe.
pub const SAMPLES_PER_FRAME: u32 = 1536;
/// Bytes that must be there before a header can be read.
pub const MIN_HEADER_LEN: usize = 7;

impl Ac3Header {
    /// Reads the header that `bytes` begin with.
    ///
    /// # Errors
    /// There are fewer than seven bytes, they do not begin with the sync word, the sampling rate or the frame size is a
    /// reserved code, or the syncframe is of E-AC-3 or of a reduced rate.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut bits = Bits::new(bytes.get(..MIN_HEADER_LEN).unwrap_or(bytes), "ac3", "syncinfo");
        let syncword = bits.read(16)?;
        if syncword != SYNCWORD {
            return Err(bits.error(ParseErrorKind::Invalid { what: "syncword", value: syncword.into() }));
        }
        bits.skip(16)?;
        let (fscod, frmsizecod) = (bits.read(2)? as u8, bits.read(6)? as u8);
        let bsid = bits.read(5)? as u8;
        // Looked at first: the bytes before it mean something else in E-AC-3.
        if bsid > MAX_BSID {
            return Err(bits.error(ParseErrorKind::Unsupported { what: "bsid", value: bsid.into() }));
        }
        if fscod == 3 {
            return Err(bits.error(ParseErrorKind::Invalid { what: "fscod", value: 3 }));
        }
        let Some(frame_len) = frame_len(fscod, frmsizecod) else {
            return Err(bits.error(ParseErrorKind::Invalid { what: "frmsizecod", value: frmsizecod.into() }));
        };
        let (bsmod, acmod) = (bits.read(3)? as u8, bits.read(3)? as u8);
        // cmixlev with three front channels, surmixlev with surround, dsurmod in stereo.
        let has_centre = acmod & 1 != 0 && acmod != 1;
        let levels = usize::from(has_centre) + usize::from(acmod & 4 != 0) + usize::from(acmod == 2);
        bits.skip(2 * levels)?;
        let has_lfe = bits.flag()?;
        let sound = Ac3Sound { fscod, bsid, bsmod, acmod, has_lfe, bit_rate_code: frmsizecod >> 1 };
        Ok(Self { sound, frame_len })
    }
}

impl Ac3Sound {
    /// Rate and channels, the low-frequency one counted.
    #[must_use]
    pub fn audio_track(&self) -> AudioTrack {
        let sample_rate = [48_000, 44_100, 32_000].get(usize::from(self.fscod)).copied().unwrap_or(48_000);
        let full = [2, 1, 2, 3, 3, 4, 4, 5].get(usize::from(self.acmod)).copied().unwrap_or(2);
        AudioTrack { sample_rate, channels: full + u8::from(self.has_lfe) }
    }

    /// The `AC3SpecificBox` that says the same (ETSI TS 102 366 clause F.4).
    #[must_use]
    pub fn ac3_config(&self) -> Ac3Config {
        // fscod 2, bsid 5, bsmod 3, acmod 3, lfeon 1, bit_rate_code 5, reserved 5.
        let fields = [
            (self.fscod, 2),
            (self.bsid, 5),
            (self.bsmod, 3),
            (self.acmod, 3),
            (u8::from(self.has_lfe), 1),
            (self.bit_rate_code, 5),
            (0, 5),
        ];
        let word = fields.into_iter().fold(0u32, |word, (value, bits)| word << bits | u32::from(value));
        let [_, dac3 @ ..] = word.to_be_bytes();
        Ac3Config { dac3: Bytes::copy_from_slice(&dac3) }
    }
}

/// Whether two bytes can begin a syncframe.
#[must_use]
pub const fn is_sync(first: u8, second: u8) -> bool {
    first == 0x0B && second == 0x77
}

/// Table 5.18: 16-bit words per syncframe, by bit rate and sampling rate.
fn frame_len(fscod: u8, frmsizecod: u8) -> Option<usize> {
    let kbps = *BIT_RATES.get(usize::from(frmsizecod >> 1))?;
    let words = match fscod {
        0 => kbps * 2,
        1 => kbps * 960 / 441 + usize::from(frmsizecod & 1),
        _ => kbps * 3,
    };
    Some(words * 2)
}

const SYNCWORD: u32 = 0x0B77;
const MAX_BSID: u8 = 8;
const BIT_RATES: [usize; 19] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];

#[cfg(test)]
mod tests {
    use super::*;

    /// 48 kHz, 384 kbit/s, 3/2 with LFE.
    const HEADER: [u8; 7] = [0x0B, 0x77, 0, 0, 0x1C, 0x40, 0xE1];

    #[test]
    fn a_header_and_its_specific_box() {
        let header = Ac3Header::parse(&HEADER).unwrap();
        assert_eq!(header.frame_len, 1536);
        assert_eq!(header.sound.audio_track(), AudioTrack { sample_rate: 48_000, channels: 6 });
        // 00 01000 000 111 1 01110 00000
        assert_eq!(&header.sound.ac3_config().dac3[..], [0x10, 0x3D, 0xC0]);
    }

    #[test]
    fn frame_sizes_by_the_table() {
        assert_eq!(frame_len(0, 0), Some(128));
        assert_eq!((frame_len(1, 0), frame_len(1, 1)), (Some(138), Some(140)));
        assert_eq!((frame_len(1, 36), frame_len(1, 37)), (Some(2786), Some(2788)));
        assert_eq!((frame_len(2, 37), frame_len(0, 38)), (Some(3840), None));
    }

    #[test]
    fn what_cannot_be_is_refused_section_3() {
        let code = |at: usize, value: u8| {
            let mut bytes = HEADER;
            bytes[at] = value;
            Ac3Header::parse(&bytes).unwrap_err().code()
        };
        assert_eq!(code(0, 0), "PARSE_INVALID");
        assert_eq!(code(4, 0xC0), "PARSE_INVALID");
        assert_eq!(code(4, 38), "PARSE_INVALID");
        assert_eq!(code(5, 16 << 3), "PARSE_UNSUPPORTED");
        assert_eq!(code(5, 9 << 3), "PARSE_UNSUPPORTED");
        assert_eq!(Ac3Header::parse(&HEADER[..6]).unwrap_err().code(), "PARSE_TRUNCATED");
    }

    #[test]
    fn mix_levels_are_passed_over_by_the_channel_mode() {
        let channels =
            |mode: u8| Ac3Header::parse(&[0x0B, 0x77, 0, 0, 0x1C, 0x40, mode]).unwrap().sound.audio_track().channels;
        // 1/0, 2/0 with dsurmod, 3/0 with cmixlev, 2/1 with surmixlev, each with LFE where its bit is set.
        assert_eq!([channels(0b0010_0000), channels(0b0011_0000)], [1, 2]);
        assert_eq!([channels(0b0100_0000), channels(0b0100_0100)], [2, 3]);
        assert_eq!([channels(0b0110_0100), channels(0b1000_0100)], [4, 4]);
    }
}
