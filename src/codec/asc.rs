//! AudioSpecificConfig: what an AAC decoder must know beforehand (ISO/IEC 14496-3:2019 clause 1.6.2.1).
//!
//! Reads AAC Main, LC, SSR and LTP with or without SBR and PS, in explicit (object types 5 and 29) and backward compatible
//! signalling (sync extension 0x2B7), and counts the channels of a program config element. Other object types are refused.
//! To read one more, add it to `is_general_audio` and its specific config to `parse`.

use crate::{
    error::{ParseError, ParseErrorKind},
    media::AudioTrack,
};

/// What an AudioSpecificConfig says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    /// Audio object type of the core coder, such as 2 for AAC-LC.
    pub object_type: u8,
    /// Samples per second and channel of the core coder, at least 1; an escape code can say any 24-bit value.
    pub sample_rate: u32,
    /// Samples per second after spectral band replication, where the configuration says that it is used.
    pub sbr_rate: Option<u32>,
    /// Channels of the core coder, 1 to 8.
    pub channels: u8,
    /// Parametric stereo turns one channel into two.
    pub is_parametric_stereo: bool,
    /// Samples per channel in one frame of the core coder: 1 024 or 960.
    pub frame_samples: u16,
}

impl AudioSpecificConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// It is cut short, it asks for an object type that is not AAC, or its rate or channels are reserved values.
    pub fn parse(config: &[u8]) -> Result<Self, ParseError> {
        let mut bits = Bits { data: config, at: 0 };
        let mut object_type = bits.object_type()?;
        let sample_rate = bits.rate()?;
        let channel_configuration = bits.read(4)?;
        let is_parametric_stereo = object_type == PS;
        let mut sbr_rate = None;
        if object_type == SBR || object_type == PS {
            sbr_rate = Some(bits.rate()?);
            object_type = bits.object_type()?;
        }
        if !is_general_audio(object_type) {
            let value = u64::from(object_type);
            return Err(bits.error(ParseErrorKind::Unsupported { what: "audio object type", value }));
        }
        // GASpecificConfig, clause 4.4.1.
        let frame_samples = if bits.read(1)? == 1 { 960 } else { 1024 };
        if bits.read(1)? == 1 {
            bits.read(14)?;
        }
        bits.read(1)?;
        let channels = match channel_configuration {
            0 => bits.program_config_channels()?,
            1..=6 => channel_configuration as u8,
            7 | 12 | 14 => 8,
            11 => 7,
            value => {
                let what = "channelConfiguration";
                return Err(bits.error(ParseErrorKind::Invalid { what, value: value.into() }));
            }
        };
        let mut config = Self { object_type, sample_rate, sbr_rate, channels, is_parametric_stereo, frame_samples };
        if sbr_rate.is_none() {
            // What cannot be read here is not there: the extension is optional and old decoders do not look.
            config.read_sync_extension(&mut bits);
        }
        if config.sample_rate == 0 || config.sbr_rate == Some(0) {
            return Err(bits.error(ParseErrorKind::Invalid { what: "samplingFrequency", value: 0 }));
        }
        Ok(config)
    }

    /// The sound as it comes out of a decoder.
    #[must_use]
    pub fn track(&self) -> AudioTrack {
        let channels = if self.is_parametric_stereo && self.channels == 1 { 2 } else { self.channels };
        AudioTrack { sample_rate: self.sbr_rate.unwrap_or(self.sample_rate), channels }
    }

    fn read_sync_extension(&mut self, bits: &mut Bits<'_>) {
        let mut read = || -> Result<(), ParseError> {
            if bits.read(11)? != 0x2B7 || bits.object_type()? != SBR || bits.read(1)? == 0 {
                return Ok(());
            }
            self.sbr_rate = Some(bits.rate()?);
            self.is_parametric_stereo = bits.read(11)? == 0x548 && bits.read(1)? == 1;
            Ok(())
        };
        let _ = read();
    }
}

fn is_general_audio(object_type: u8) -> bool {
    // Main, LC, SSR and LTP.
    (1..=4).contains(&object_type)
}

/// A bit reader over a configuration of a few bytes.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn read(&mut self, count: usize) -> Result<u32, ParseError> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self
                .data
                .get(self.at / 8)
                .ok_or_else(|| self.error(ParseErrorKind::Truncated { what: "AudioSpecificConfig" }))?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Ok(value)
    }

    fn object_type(&mut self) -> Result<u8, ParseError> {
        Ok(match self.read(5)? {
            31 => 32 + self.read(6)? as u8,
            short => short as u8,
        })
    }

    fn rate(&mut self) -> Result<u32, ParseError> {
        match self.read(4)? {
            15 => self.read(24),
            index => RATES.get(index as usize).copied().ok_or_else(|| {
                self.error(ParseErrorKind::Invalid { what: "samplingFrequencyIndex", value: index.into() })
            }),
        }
    }

    /// Channels of a program_config_element (clause 4.4.1.1): a pair for each element that says so, one for the rest.
    fn program_config_channels(&mut self) -> Result<u8, ParseError> {
        self.read(4 + 2 + 4)?;
        let (front, side, back) = (self.read(4)?, self.read(4)?, self.read(4)?);
        let (lfe, assoc, coupling) = (self.read(2)?, self.read(3)?, self.read(4)?);
        for mix_down in [4, 4, 3] {
            if self.read(1)? == 1 {
                self.read(mix_down)?;
            }
        }
        let mut channels = lfe;
        for _ in 0..front + side + back {
            channels += 1 + self.read(1)?;
            self.read(4)?;
        }
        self.read((lfe * 4 + assoc * 4 + coupling * 5) as usize)?;
        // byte_alignment() counts from the start of the configuration.
        self.at = self.at.next_multiple_of(8);
        let comment = self.read(8)?;
        for _ in 0..comment {
            self.read(8)?;
        }
        match u8::try_from(channels) {
            Ok(channels @ 1..=8) => Ok(channels),
            _ => Err(self.error(ParseErrorKind::Unsupported { what: "AAC channels", value: channels.into() })),
        }
    }

    fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, "asc", None, (self.at / 8) as u64)
    }
}

const SBR: u8 = 5;
const PS: u8 = 29;
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test may read its fixtures")]
mod tests {
    use super::*;

    fn track(config: &[u8]) -> (u32, u8) {
        let track = AudioSpecificConfig::parse(config).unwrap().track();
        (track.sample_rate, track.channels)
    }

    #[test]
    fn low_complexity_with_and_without_an_extension_that_says_no() {
        assert_eq!(track(&[0x12, 0x10]), (44_100, 2));
        assert_eq!(track(&[0x11, 0x90, 0x56, 0xE5, 0x00]), (48_000, 2));
        assert_eq!(track(&[0x12, 0x08]), (44_100, 1));
        assert_eq!(track(&[0x11, 0xB0]), (48_000, 6));
        assert_eq!(AudioSpecificConfig::parse(&[0x12, 0x14]).unwrap().frame_samples, 960);
    }

    #[test]
    fn high_efficiency_comes_out_at_the_rate_of_its_extension() {
        // Object type 5: core 22.05 kHz stereo, output 44.1 kHz, then LC.
        assert_eq!(track(&[0x2B, 0x92, 0x08, 0x00]), (44_100, 2));
        // Object type 29: core 24 kHz mono, output 48 kHz, parametric stereo.
        assert_eq!(track(&[0xEB, 0x09, 0x88, 0x00]), (48_000, 2));
        // Backward compatible: LC at 24 kHz, sync extension with SBR at 48 kHz.
        assert_eq!(track(&[0x13, 0x10, 0x56, 0xE5, 0x98]), (48_000, 2));
    }

    #[test]
    fn broken_ones_are_errors() {
        for config in [&[][..], &[0x10], &[0x12], &[0xFF, 0xFF], &[0x12, 0x78], &[0x17, 0x90], &[0x0A, 0x10, 0x00][..1]]
        {
            assert!(AudioSpecificConfig::parse(config).is_err(), "{config:?}");
        }
    }

    #[test]
    fn files_that_broke_other_parsers() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/media/malformed/asc");
        let Ok(files) = std::fs::read_dir(folder) else {
            println!("skipped: {folder} is not there");
            return;
        };
        for file in files {
            let _ = AudioSpecificConfig::parse(&std::fs::read(file.unwrap().path()).unwrap());
        }
    }
}
