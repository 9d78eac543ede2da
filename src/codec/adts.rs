//! The ADTS frame header (ISO/IEC 14496-3:2019 clause 1.A.3.2, ISO/IEC 13818-7 clause 6.2).
//!
//! Takes frames with one raw data block and a channel configuration; channels that are described in the raw data
//! (`channel_configuration` 0) and several blocks per frame are refused.

use bytes::Bytes;

use crate::{
    codec::asc::AudioSpecificConfig,
    error::{ParseError, ParseErrorKind},
    media::{AacConfig, AudioTrack},
};

/// What an ADTS header says of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdtsConfig {
    object_type: u8,
    rate_index: u8,
    channel_configuration: u8,
}

/// One ADTS header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdtsHeader {
    /// The sound that follows.
    pub config: AdtsConfig,
    /// Bytes of header, 7 or 9 (with a checksum, which is not looked at).
    pub header_len: usize,
    /// Bytes of the whole frame, header included; at least `header_len` and at most 8 191.
    pub frame_len: usize,
}

/// Instants in one AAC frame of the kinds that ADTS can name.
pub const SAMPLES_PER_FRAME: u32 = 1024;
/// Bytes that must be there before a header can be read.
pub const MIN_HEADER_LEN: usize = 7;

impl AdtsHeader {
    /// Reads the header that `bytes` begin with.
    ///
    /// # Errors
    /// There are fewer than seven bytes, they are no ADTS header, its sampling rate is reserved, its length is less than
    /// its own header, or it is of a kind that is not taken.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let Some(&[b0, b1, b2, b3, b4, b5, b6]) = bytes.first_chunk::<MIN_HEADER_LEN>() else {
            return Err(error(ParseErrorKind::Truncated { what: "adts_fixed_header" }));
        };
        if !is_sync(b0, b1) {
            let value = u16::from_be_bytes([b0, b1]) >> 4;
            return Err(error(ParseErrorKind::Invalid { what: "syncword", value: value.into() }));
        }
        let rate_index = b2 >> 2 & 0x0F;
        if usize::from(rate_index) >= SAMPLE_RATES.len() {
            return Err(error(ParseErrorKind::Invalid { what: "sampling_frequency_index", value: rate_index.into() }));
        }
        let channel_configuration = (b2 & 1) << 2 | b3 >> 6;
        if channel_configuration == 0 {
            return Err(error(ParseErrorKind::Unsupported { what: "channel_configuration", value: 0 }));
        }
        let header_len = if b1 & 1 == 1 { MIN_HEADER_LEN } else { MIN_HEADER_LEN + 2 };
        let frame_len = usize::from(b3 & 3) << 11 | usize::from(b4) << 3 | usize::from(b5 >> 5);
        if frame_len <= header_len {
            return Err(error(ParseErrorKind::Invalid { what: "aac_frame_length", value: frame_len as u64 }));
        }
        if b6 & 3 != 0 {
            let value = u64::from(b6 & 3) + 1;
            return Err(error(ParseErrorKind::Unsupported { what: "number_of_raw_data_blocks_in_frame", value }));
        }
        let config = AdtsConfig { object_type: (b2 >> 6) + 1, rate_index, channel_configuration };
        Ok(Self { config, header_len, frame_len })
    }
}

impl AdtsConfig {
    /// What a header can say of sound that is set up like this: the core coder alone, spectral band replication being found in
    /// the frames; `None` where it cannot.
    #[must_use]
    pub fn of(config: &AudioSpecificConfig) -> Option<Self> {
        let rate_index = SAMPLE_RATES.iter().position(|rate| *rate == config.sample_rate)?;
        let is_sayable = (1..=4).contains(&config.object_type)
            && (1..=7).contains(&config.channel_configuration)
            && u32::from(config.frame_samples) == SAMPLES_PER_FRAME;
        is_sayable.then_some(Self {
            object_type: config.object_type,
            rate_index: rate_index as u8,
            channel_configuration: config.channel_configuration,
        })
    }

    /// The header of a frame with so many bytes of raw data, without a checksum; `None` where they are too many for its 13 bits.
    #[must_use]
    pub fn header(&self, raw: usize) -> Option<[u8; MIN_HEADER_LEN]> {
        let frame_len = u16::try_from(raw + MIN_HEADER_LEN).ok().filter(|len| *len < 1 << 13)?;
        let kind = (self.object_type - 1) << 6 | self.rate_index << 2 | self.channel_configuration >> 2;
        // A buffer fullness of all ones: the rate is not constant.
        let [high, low] = (frame_len << 5 | 0x1F).to_be_bytes();
        Some([0xFF, 0xF1, kind, self.channel_configuration << 6 | (frame_len >> 11) as u8, high, low, 0xFC])
    }

    /// Rate and channels as the header states them; SBR, which it cannot state, doubles the rate.
    #[must_use]
    pub fn audio_track(&self) -> AudioTrack {
        let channels = if self.channel_configuration == 7 { 8 } else { self.channel_configuration };
        // The index was looked at when the header was read.
        let sample_rate = SAMPLE_RATES.get(usize::from(self.rate_index)).copied().unwrap_or(48_000);
        AudioTrack { sample_rate, channels }
    }

    /// The AudioSpecificConfig that says the same (ISO/IEC 14496-3 clause 1.6.2.1).
    #[must_use]
    pub fn aac_config(&self) -> AacConfig {
        let bits = u16::from(self.object_type) << 11
            | u16::from(self.rate_index) << 7
            | u16::from(self.channel_configuration) << 3;
        AacConfig { asc: Bytes::copy_from_slice(&bits.to_be_bytes()) }
    }
}

/// Whether two bytes can begin a header: twelve ones, then layer zero.
#[must_use]
pub const fn is_sync(first: u8, second: u8) -> bool {
    first == 0xFF && second & 0xF6 == 0xF0
}

const fn error(kind: ParseErrorKind) -> ParseError {
    ParseError::new(kind, "adts", None, 0)
}

const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

#[cfg(test)]
mod tests {
    use super::*;

    /// AAC-LC, 44.1 kHz, stereo, 371 bytes, no checksum.
    const HEADER: [u8; 7] = [0xFF, 0xF1, 0x50, 0x80, 0x2E, 0x7F, 0xFC];

    #[test]
    fn a_header_and_its_audio_specific_config() {
        let header = AdtsHeader::parse(&HEADER).unwrap();
        assert_eq!((header.header_len, header.frame_len), (7, 371));
        assert_eq!(header.config.audio_track(), AudioTrack { sample_rate: 44_100, channels: 2 });
        assert_eq!(&header.config.aac_config().asc[..], [0x12, 0x10]);
    }

    #[test]
    fn headers_are_written_as_they_are_read() {
        let of = |asc: &[u8]| AdtsConfig::of(&AudioSpecificConfig::parse(asc).unwrap());
        let config = of(&[0x12, 0x10]).unwrap();
        assert_eq!(config.header(364), Some(HEADER));
        for raw in [1, 250, 2041, 8184] {
            let header = AdtsHeader::parse(&config.header(raw).unwrap()).unwrap();
            assert_eq!((header.config, header.frame_len), (config, raw + 7));
        }
        assert_eq!(config.header(8185), None);
        // HE-AAC: the core coder, at its own rate. 7.1 is configuration 7.
        assert_eq!(of(&[0x2B, 0x92, 0x08, 0x00]).unwrap().audio_track().sample_rate, 22_050);
        assert_eq!(of(&[0x11, 0xB8]).unwrap().audio_track().channels, 8);
        // 960 samples, and channels that only a program config element describes.
        assert_eq!(of(&[0x12, 0x14]), None);
        let described =
            AudioSpecificConfig { channel_configuration: 0, ..AudioSpecificConfig::parse(&[0x12, 0x10]).unwrap() };
        assert_eq!(AdtsConfig::of(&described), None);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let code = |at: usize, value: u8| {
            let mut bytes = HEADER;
            bytes[at] = value;
            AdtsHeader::parse(&bytes).unwrap_err().code()
        };
        assert_eq!(code(0, 0xFE), "PARSE_INVALID");
        assert_eq!(code(1, 0xF3), "PARSE_INVALID");
        assert_eq!(code(2, 0x7C), "PARSE_INVALID");
        assert_eq!(code(3, 0), "PARSE_UNSUPPORTED");
        assert_eq!(code(4, 0), "PARSE_INVALID");
        assert_eq!(code(6, 0xFD), "PARSE_UNSUPPORTED");
        assert_eq!(AdtsHeader::parse(&HEADER[..6]).unwrap_err().code(), "PARSE_TRUNCATED");
    }
}
