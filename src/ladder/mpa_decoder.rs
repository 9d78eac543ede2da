//! MPEG audio decode by Symphonia (feature `mpa`).
//!
//! ISO/IEC 11172-3 and 13818-3, layers II and III, mono and stereo. Symphonia's decoder is fed directly, without its format
//! readers. Layer I is refused: no contribution has it (A6.9). A frame of layer III that reaches back to one that was lost
//! is an error of its own.

use symphonia::core::{
    audio::GenericAudioBufferRef,
    codecs::audio::{
        AudioCodecParameters, AudioDecoderOptions,
        well_known::{CODEC_ID_MP2, CODEC_ID_MP3},
    },
    packet::PacketRef,
    units::{Duration, Timestamp},
};

use super::AudioDecoder;
use crate::{
    error::Fault,
    media::{AccessUnit, MpaConfig, Samples},
};

/// A decoder of one MPEG audio track.
pub(super) struct SymphoniaMpaDecoder {
    decoder: Box<dyn symphonia::core::codecs::audio::AudioDecoder>,
    frame_samples: u32,
}

impl SymphoniaMpaDecoder {
    /// A decoder for a track set up as `config` says.
    pub(super) fn new(config: &MpaConfig) -> Result<Self, Fault> {
        let codec = match config.layer {
            2 => CODEC_ID_MP2,
            3 => CODEC_ID_MP3,
            layer => return Err(Fault::Codec { what: format!("MPEG audio of layer {layer} is not supported") }),
        };
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(codec);
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
            .map_err(|error| Fault::Codec { what: format!("MPEG audio decoder refused the track: {error}") })?;
        Ok(Self { decoder, frame_samples: config.frame_samples })
    }
}

impl AudioDecoder for SymphoniaMpaDecoder {
    fn decode(&mut self, unit: &AccessUnit) -> Result<Samples, Fault> {
        if unit.data.len() > UNIT_CEILING {
            return Err(Fault::Codec { what: format!("MPEG audio frame of {} bytes", unit.data.len()) });
        }
        let duration = Duration::new(self.frame_samples.into());
        let packet = PacketRef::new(0, Timestamp::new(0), duration, &unit.data);
        let decoded: GenericAudioBufferRef<'_> = match self.decoder.decode_ref(&packet) {
            Ok(decoded) => decoded,
            Err(error) => {
                self.decoder.reset();
                return Err(Fault::Codec { what: format!("MPEG audio decoder: {error}") });
            }
        };
        let mut samples = Samples {
            pts: unit.pts,
            sample_rate: decoded.spec().rate(),
            channels: u8::try_from(decoded.num_planes()).unwrap_or(0),
            data: Vec::new(),
        };
        decoded.copy_to_vec_interleaved(&mut samples.data);
        Ok(samples)
    }
}

/// Largest frame taken, in bytes: the largest that a header can state is 2 881 long (layer III's at 320 kbit/s and 16 kHz).
const UNIT_CEILING: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_layer_of_broadcast_is_named() {
        let refused = SymphoniaMpaDecoder::new(&MpaConfig { layer: 1, frame_samples: 384 }).err().unwrap();
        assert_eq!(refused.to_string(), "codec: MPEG audio of layer 1 is not supported");
    }
}
