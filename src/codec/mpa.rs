//! The MPEG audio frame header (ISO/IEC 11172-3 clause 2.4.1.3, ISO/IEC 13818-3 clause 2.4.1.3).
//!
//! Takes layers II and III of MPEG-1, MPEG-2 (low sampling rates) and the "2.5" extension of layer III. Refuses layer I and
//! free format, whose frames do not say how long they are.

use crate::{
    error::{ParseError, ParseErrorKind},
    media::{AudioTrack, MpaConfig},
};

/// What a frame header says of the sound. The bit rate is no part of it: it may change from frame to frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MpaSound {
    version: Version,
    layer: u8,
    sample_rate: u32,
    channels: u8,
}

/// One frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MpaHeader {
    /// The sound that follows.
    pub sound: MpaSound,
    /// Bytes of the whole frame, header included; 24 to 2 881.
    pub frame_len: usize,
}

/// Bytes that must be there before a header can be read.
pub const MIN_HEADER_LEN: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Mpeg1,
    Mpeg2,
    Mpeg25,
}

impl MpaHeader {
    /// Reads the header that `bytes` begin with.
    ///
    /// # Errors
    /// There are fewer than four bytes, they are no frame header, a field has a reserved value, or the frame is of layer I
    /// or in free format.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let Some(&[b0, b1, b2, b3]) = bytes.first_chunk::<MIN_HEADER_LEN>() else {
            return Err(error(ParseErrorKind::Truncated { what: "header" }));
        };
        if !is_sync(b0, b1) {
            return Err(error(ParseErrorKind::Invalid {
                what: "syncword",
                value: u16::from_be_bytes([b0, b1]).into(),
            }));
        }
        let version = match b1 >> 3 & 3 {
            3 => Version::Mpeg1,
            2 => Version::Mpeg2,
            0 => Version::Mpeg25,
            value => return Err(error(ParseErrorKind::Invalid { what: "ID", value: value.into() })),
        };
        // Layer I is 3, layer III is 1, 0 is reserved.
        let layer = match b1 >> 1 & 3 {
            0 => return Err(error(ParseErrorKind::Invalid { what: "layer", value: 0 })),
            code => 4 - code,
        };
        let (rate_code, bit_rate_code) = (b2 >> 2 & 3, b2 >> 4);
        let Some(&rate) = SAMPLE_RATES.get(usize::from(rate_code)) else {
            return Err(error(ParseErrorKind::Invalid { what: "sampling_frequency", value: rate_code.into() }));
        };
        // Looked at before the layer: a reserved value is no header at all.
        if bit_rate_code == 15 {
            return Err(error(ParseErrorKind::Invalid { what: "bitrate_index", value: 15 }));
        }
        if layer == 1 {
            return Err(error(ParseErrorKind::Unsupported { what: "MPEG audio layer", value: 1 }));
        }
        if bit_rate_code == 0 {
            return Err(error(ParseErrorKind::Unsupported { what: "free format, bitrate_index", value: 0 }));
        }
        let sample_rate = match version {
            Version::Mpeg1 => rate,
            Version::Mpeg2 => rate / 2,
            Version::Mpeg25 => rate / 4,
        };
        let channels = if b3 >> 6 == 3 { 1 } else { 2 };
        let sound = MpaSound { version, layer, sample_rate, channels };
        let kbps = sound.bit_rates().get(usize::from(bit_rate_code)).copied().unwrap_or(0);
        let slots = sound.frame_samples() / 8 * 1000 * u32::from(kbps) / sample_rate;
        Ok(Self { sound, frame_len: slots as usize + usize::from(b2 >> 1 & 1) })
    }
}

impl MpaSound {
    /// Rate and channels.
    #[must_use]
    pub const fn audio_track(&self) -> AudioTrack {
        AudioTrack { sample_rate: self.sample_rate, channels: self.channels }
    }

    /// Instants in one frame: 1 152, or 576 for layer III at the low sampling rates.
    #[must_use]
    pub const fn frame_samples(&self) -> u32 {
        if self.layer == 3 && !matches!(self.version, Version::Mpeg1) { 576 } else { 1152 }
    }

    /// Set-up for a decoder.
    #[must_use]
    pub const fn mpa_config(&self) -> MpaConfig {
        MpaConfig { layer: self.layer, frame_samples: self.frame_samples() }
    }

    const fn bit_rates(&self) -> &'static [u16; 15] {
        match (self.version, self.layer) {
            (Version::Mpeg1, 2) => &LAYER_2,
            (Version::Mpeg1, _) => &LAYER_3,
            _ => &LOW,
        }
    }
}

/// Whether two bytes can begin a header: eleven ones.
#[must_use]
pub const fn is_sync(first: u8, second: u8) -> bool {
    first == 0xFF && second & 0xE0 == 0xE0
}

const fn error(kind: ParseErrorKind) -> ParseError {
    ParseError::new(kind, "mpa", None, 0)
}

const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];
/// kbit/s by `bitrate_index`; layer II, layer III, and both at the low sampling rates.
const LAYER_2: [u16; 15] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
const LAYER_3: [u16; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const LOW: [u16; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: [u8; 4]) -> (u8, u32, u8, u32, usize) {
        let header = MpaHeader::parse(&bytes).unwrap();
        let (track, config) = (header.sound.audio_track(), header.sound.mpa_config());
        (config.layer, track.sample_rate, track.channels, config.frame_samples, header.frame_len)
    }

    #[test]
    fn layers_versions_and_padding() {
        assert_eq!(read([0xFF, 0xFD, 0xA4, 0x00]), (2, 48_000, 2, 1152, 576));
        assert_eq!(read([0xFF, 0xFD, 0x80, 0xC0]), (2, 44_100, 1, 1152, 417));
        assert_eq!(read([0xFF, 0xFD, 0x82, 0xC0]), (2, 44_100, 1, 1152, 418));
        assert_eq!(read([0xFF, 0xFB, 0x90, 0x40]), (3, 44_100, 2, 1152, 417));
        assert_eq!(read([0xFF, 0xF3, 0x84, 0xC0]), (3, 24_000, 1, 576, 192));
        assert_eq!(read([0xFF, 0xE3, 0x18, 0xC0]), (3, 8_000, 1, 576, 72));
        assert_eq!(read([0xFF, 0xF5, 0x84, 0xC0]), (2, 24_000, 1, 1152, 384));
    }

    #[test]
    fn what_cannot_be_and_what_is_not_taken() {
        let code = |bytes: &[u8]| MpaHeader::parse(bytes).unwrap_err().code();
        assert_eq!(code(&[0xFF, 0xDD, 0xA4, 0]), "PARSE_INVALID");
        assert_eq!(code(&[0xFF, 0xED, 0xA4, 0]), "PARSE_INVALID");
        assert_eq!(code(&[0xFF, 0xF9, 0xA4, 0]), "PARSE_INVALID");
        assert_eq!(code(&[0xFF, 0xFD, 0xAC, 0]), "PARSE_INVALID");
        assert_eq!(code(&[0xFF, 0xFD, 0xF4, 0]), "PARSE_INVALID");
        assert_eq!(code(&[0xFF, 0xFF, 0xA4, 0]), "PARSE_UNSUPPORTED");
        assert_eq!(code(&[0xFF, 0xFD, 0x04, 0]), "PARSE_UNSUPPORTED");
        assert_eq!(code(&[0xFF, 0xFD, 0xA4]), "PARSE_TRUNCATED");
    }
}
