//! AudioSpecificConfig: what an AAC decoder must know beforehand (ISO/IEC 14496-3:2019 clause 1.6.2.1).
//!
//! Reads AAC Main, LC, SSR and LTP with or without SBR and PS, in explicit (object types 5 and 29) and backward compatible
//! signalling (sync extension 0x2B7), and counts the channels of a program config element. Other object types are refused.
//! To read one more, add it to `is_general_audio` and its specific config to `parse`.

use crate::{
    codec::bits::Bits,
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
    /// `channelConfiguration`; 0 where a program config element describes the channels.
    pub channel_configuration: u8,
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
        let mut bits = Bits::new(config, "asc", "AudioSpecificConfig");
        let mut config = Self::read(&mut bits)?;
        if config.sbr_rate.is_none() {
            // What cannot be read here is not there: the extension is optional and old decoders do not look.
            config.read_sync_extension(&mut bits);
        }
        config.checked(&bits)
    }

    /// Reads the configuration that `bytes` begin with, where nothing says how long it is, and counts its bits. There can be no
    /// sync extension then (clause 1.7.3.1, `audioMuxVersion` 0).
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub(crate) fn parse_first(bytes: &[u8]) -> Result<(Self, usize), ParseError> {
        let mut bits = Bits::new(bytes, "asc", "AudioSpecificConfig");
        let config = Self::read(&mut bits)?.checked(&bits)?;
        Ok((config, bits.position()))
    }

    fn read(bits: &mut Bits<'_>) -> Result<Self, ParseError> {
        let mut kind = object_type(bits)?;
        let sample_rate = rate(bits)?;
        let channel_configuration = bits.read(4)?;
        let is_parametric_stereo = kind == PS;
        let mut sbr_rate = None;
        if kind == SBR || kind == PS {
            sbr_rate = Some(rate(bits)?);
            kind = object_type(bits)?;
        }
        if !is_general_audio(kind) {
            let value = u64::from(kind);
            return Err(bits.error(ParseErrorKind::Unsupported { what: "audio object type", value }));
        }
        // GASpecificConfig, clause 4.4.1.
        let frame_samples = if bits.read(1)? == 1 { 960 } else { 1024 };
        if bits.read(1)? == 1 {
            bits.read(14)?;
        }
        bits.read(1)?;
        let channels = match channel_configuration {
            0 => program_config_channels(bits)?,
            1..=6 => channel_configuration as u8,
            7 | 12 | 14 => 8,
            11 => 7,
            value => {
                let what = "channelConfiguration";
                return Err(bits.error(ParseErrorKind::Invalid { what, value: value.into() }));
            }
        };
        Ok(Self {
            object_type: kind,
            sample_rate,
            sbr_rate,
            channels,
            // Four bits.
            channel_configuration: channel_configuration as u8,
            is_parametric_stereo,
            frame_samples,
        })
    }

    fn checked(self, bits: &Bits<'_>) -> Result<Self, ParseError> {
        if self.sample_rate == 0 || self.sbr_rate == Some(0) {
            return Err(bits.error(ParseErrorKind::Invalid { what: "samplingFrequency", value: 0 }));
        }
        Ok(self)
    }

    /// The sound as it comes out of a decoder.
    #[must_use]
    pub fn track(&self) -> AudioTrack {
        let channels = if self.is_parametric_stereo && self.channels == 1 { 2 } else { self.channels };
        AudioTrack { sample_rate: self.sbr_rate.unwrap_or(self.sample_rate), channels }
    }

    fn read_sync_extension(&mut self, bits: &mut Bits<'_>) {
        let mut read = || -> Result<(), ParseError> {
            if bits.read(11)? != 0x2B7 || object_type(bits)? != SBR || bits.read(1)? == 0 {
                return Ok(());
            }
            self.sbr_rate = Some(rate(bits)?);
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

fn object_type(bits: &mut Bits<'_>) -> Result<u8, ParseError> {
    Ok(match bits.read(5)? {
        31 => 32 + bits.read(6)? as u8,
        short => short as u8,
    })
}

fn rate(bits: &mut Bits<'_>) -> Result<u32, ParseError> {
    match bits.read(4)? {
        15 => bits.read(24),
        index => RATES
            .get(index as usize)
            .copied()
            .ok_or_else(|| bits.error(ParseErrorKind::Invalid { what: "samplingFrequencyIndex", value: index.into() })),
    }
}

/// Channels of a program_config_element (clause 4.4.1.1): a pair for each element that says so, one for the rest.
fn program_config_channels(bits: &mut Bits<'_>) -> Result<u8, ParseError> {
    bits.read(4 + 2 + 4)?;
    let (front, side, back) = (bits.read(4)?, bits.read(4)?, bits.read(4)?);
    let (lfe, assoc, coupling) = (bits.read(2)?, bits.read(3)?, bits.read(4)?);
    for mix_down in [4, 4, 3] {
        if bits.flag()? {
            bits.read(mix_down)?;
        }
    }
    let mut channels = lfe;
    for _ in 0..front + side + back {
        channels += 1 + bits.read(1)?;
        bits.read(4)?;
    }
    bits.skip((lfe * 4 + assoc * 4 + coupling * 5) as usize)?;
    // byte_alignment() counts from the start of the configuration.
    bits.align();
    let comment = bits.read(8)?;
    bits.skip(comment as usize * 8)?;
    match u8::try_from(channels) {
        Ok(channels @ 1..=8) => Ok(channels),
        _ => Err(bits.error(ParseErrorKind::Unsupported { what: "AAC channels", value: channels.into() })),
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
