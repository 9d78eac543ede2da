//! AAC decode by rusty_aac (feature `aac`).
//!
//! ISO/IEC 14496-3: AAC-LC, Main, SSR and LTP from mono to 7.1, program config elements, frames of 1 024 and 960, spectral band
//! replication and parametric stereo (HE-AAC v1 and v2) however they are signalled. Error resilient and low delay object
//! types and xHE-AAC are refused by name, as nothing in broadcast sends them.
//!
//! Implicit signalling (clause 1.6.5.3): the set-up says LC at half the rate and the band replication is in fill elements.
//! The library takes it up when it is there from the first access unit on; where it comes later, the decoder is made anew
//! with the band replication stated, so that every stream ends up at its full rate.
//!
//! Channels are put where the down-mixer expects them: see `layout`.

mod layout;

use rusty_aac::{
    DecodedAudio,
    config::{self, StreamConfig},
    decode::Decoder,
};

use self::layout::Places;
use super::AudioDecoder;
use crate::{
    error::Fault,
    media::{AacConfig, AccessUnit, Samples},
};

/// A decoder of one AAC track.
pub(super) struct AacDecoder {
    decoder: Decoder,
    /// How many channels are sent, and where each that is given out comes from.
    layout: (usize, Places),
}

impl AacDecoder {
    /// A decoder for a track set up as `config` says.
    pub(super) fn new(config: &AacConfig) -> Result<Self, Fault> {
        let stream = config::parse(&config.asc).map_err(|error| refused(&error))?;
        if !(1..=4).contains(&stream.object_type) {
            return Err(Fault::Codec { what: format!("AAC object type {} is not supported", stream.object_type) });
        }
        Self::open(stream)
    }

    fn open(stream: StreamConfig) -> Result<Self, Fault> {
        let decoder = Decoder::with_stream_config(stream).map_err(|error| refused(&error))?;
        if decoder.channels() > MOST_CHANNELS {
            return Err(Fault::Codec { what: format!("AAC of {} channels is not supported", decoder.channels()) });
        }
        let layout = layout::of(decoder.stream_config())?;
        Ok(Self { decoder, layout })
    }

    /// The decoder runs at half the rate of a stream that has band replication after all.
    fn missed_the_upper_band(&self) -> bool {
        let stream = self.decoder.stream_config();
        let may = !stream.sbr && !stream.sbr_explicitly_absent && !stream.ext_rate_signalled;
        may && self.decoder.saw_sbr() && self.decoder.output_sample_rate() == stream.sample_rate
    }

    /// Puts the channels of a block in their places.
    fn placed(&self, decoded: &DecodedAudio) -> Result<(u8, Vec<i16>), Fault> {
        // Rounds and, by the rules of `as`, saturates.
        let whole = |sample: &f32| (sample * 32_768.0).round() as i16;
        let (channels, (sent, places)) = (usize::from(decoded.channels), self.layout);
        match channels {
            // These have but one order; two may be one with parametric stereo.
            1 | 2 => Ok((channels as u8, decoded.samples.iter().map(whole).collect())),
            _ if channels != sent => Err(Fault::Codec { what: format!("AAC access unit of {channels} channels") }),
            _ => {
                let place =
                    |instant: &[f32], from: &Option<usize>| from.and_then(|from| instant.get(from)).map_or(0, whole);
                let instants = decoded.samples.chunks_exact(channels);
                let data = instants.flat_map(|instant| places.iter().map(move |from| place(instant, from))).collect();
                Ok((places.len() as u8, data))
            }
        }
    }

    fn decode_block(&mut self, data: &[u8]) -> Result<DecodedAudio, Fault> {
        let mut decoded = self.decoder.decode(data, None);
        if decoded.is_ok() && self.missed_the_upper_band() {
            let core = self.decoder.stream_config();
            let ext_sample_rate = core.sample_rate.saturating_mul(2);
            *self = Self::open(StreamConfig { sbr: true, ext_sample_rate, ..core.clone() })?;
            decoded = self.decoder.decode(data, None);
        }
        decoded.or_else(|error| {
            // A broken unit may have told it of other channels, which the next ones do not have.
            *self = Self::open(self.decoder.stream_config().clone())?;
            Err(refused(&error))
        })
    }
}

impl AudioDecoder for AacDecoder {
    fn decode(&mut self, unit: &AccessUnit) -> Result<Samples, Fault> {
        if unit.data.len() > UNIT_CEILING {
            return Err(Fault::Codec { what: format!("AAC access unit of {} bytes", unit.data.len()) });
        }
        let decoded = self.decode_block(&unit.data)?;
        let (channels, data) = self.placed(&decoded)?;
        Ok(Samples { pts: unit.pts, sample_rate: decoded.sample_rate, channels, data })
    }
}

fn refused(error: &rusty_aac::Error) -> Fault {
    Fault::Codec { what: format!("AAC decoder: {error}") }
}

/// Most channels that a down-mix takes.
const MOST_CHANNELS: usize = 8;
/// Largest access unit taken, in bytes (FAULTS.md section 4).
const UNIT_CEILING: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn open(asc: &'static [u8]) -> Result<AacDecoder, Fault> {
        AacDecoder::new(&AacConfig { asc: Bytes::from_static(asc) })
    }

    #[test]
    fn every_object_type_of_broadcast_is_taken_and_others_are_named() {
        // LC stereo and 5.1 and 7.1 at 48 kHz, Main, HE-AAC v1 and v2, frames of 960.
        for asc in [
            &[0x11, 0x90][..],
            &[0x11, 0xb0],
            &[0x11, 0xb8],
            &[0x09, 0x90],
            &[0x2b, 0x92, 0x08, 0x00],
            &[0xeb, 0x09, 0x88, 0x00],
            &[0x11, 0x94],
        ] {
            assert!(open(asc).is_ok(), "{asc:02x?}");
        }
        // ER AAC-LD, then what is cut short.
        let refused = open(&[0xb9, 0x90, 0x00]).err().unwrap().to_string();
        assert!(refused.contains("AAC object type 23"), "{refused}");
        assert!(open(&[]).is_err() && open(&[0x11]).is_err());
    }
}
