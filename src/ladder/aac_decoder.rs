//! AAC-LC decode by Symphonia (feature `aac`).
//!
//! ISO/IEC 14496-3, audio object type 2, mono and stereo, blocks of 1 024. Symphonia's decoder is fed directly, without
//! its format readers. HE-AAC (explicitly signalled) and more channels are refused by name; to take them, another
//! backend goes beside this one.

use symphonia::core::{
    audio::GenericAudioBufferRef,
    codecs::audio::{AudioCodecParameters, AudioDecoderOptions, well_known::CODEC_ID_AAC},
    packet::PacketRef,
    units::{Duration, Timestamp},
};

use super::AudioDecoder;
use crate::{
    error::Fault,
    media::{AacConfig, AccessUnit, AudioTrack, Samples},
};

/// A decoder of one AAC track.
pub(super) struct SymphoniaAacDecoder {
    decoder: Box<dyn symphonia::core::codecs::audio::AudioDecoder>,
}

impl SymphoniaAacDecoder {
    /// A decoder for a track set up as `config` says.
    pub(super) fn new(track: &AudioTrack, config: &AacConfig) -> Result<Self, Fault> {
        let refused = |what: String| Err(Fault::Codec { what });
        if let Some(object_type) = object_type(&config.asc) {
            match object_type {
                2 => {}
                5 | 29 => return refused("HE-AAC decode needs another backend: only AAC-LC is built in".into()),
                _ => return refused(format!("AAC object type {object_type} is not supported: only AAC-LC is")),
            }
        }
        if track.channels > 2 {
            return refused(format!("AAC of {} channels needs another backend: only mono and stereo", track.channels));
        }
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(CODEC_ID_AAC).with_extra_data(config.asc.to_vec().into_boxed_slice());
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
            .map_err(|error| Fault::Codec { what: format!("AAC decoder refused the track: {error}") })?;
        Ok(Self { decoder })
    }
}

impl AudioDecoder for SymphoniaAacDecoder {
    fn decode(&mut self, unit: &AccessUnit) -> Result<Samples, Fault> {
        if unit.data.len() > UNIT_CEILING {
            return Err(Fault::Codec { what: format!("AAC access unit of {} bytes", unit.data.len()) });
        }
        let packet = PacketRef::new(0, Timestamp::new(0), Duration::new(1024), &unit.data);
        let decoded: GenericAudioBufferRef<'_> = match self.decoder.decode_ref(&packet) {
            Ok(decoded) => decoded,
            Err(error) => {
                self.decoder.reset();
                return Err(Fault::Codec { what: format!("AAC decoder: {error}") });
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

/// Audio object type of an AudioSpecificConfig (ISO/IEC 14496-3 clause 1.6.2.1); `None` where it is empty.
fn object_type(asc: &[u8]) -> Option<u8> {
    match asc {
        // 31 escapes to six more bits.
        [first, second, ..] if first >> 3 == 31 => Some(32 + ((first & 7) << 3 | second >> 5)),
        [first, ..] => Some(first >> 3),
        [] => None,
    }
}

/// Largest access unit taken, in bytes (FAULTS.md section 4).
const UNIT_CEILING: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        media::TrackId,
        time::{MediaDuration, MediaTime},
    };

    fn open(asc: &'static [u8], channels: u8) -> Result<SymphoniaAacDecoder, Fault> {
        let track = AudioTrack { sample_rate: 48_000, channels };
        SymphoniaAacDecoder::new(&track, &AacConfig { asc: Bytes::from_static(asc) })
    }

    #[test]
    fn what_only_another_backend_decodes_is_named() {
        assert!(open(&[0x11, 0x90], 2).is_ok());
        for (asc, channels, word) in [
            (&[0x2b, 0x92, 0x08, 0x00][..], 2, "HE-AAC"),
            (&[0x11, 0xb0], 6, "6 channels"),
            (&[0x09, 0x90], 2, "object type 1"),
            (&[0xf8, 0x40], 2, "object type 34"),
        ] {
            let refused = open(asc, channels).err().unwrap().to_string();
            assert!(refused.contains(word), "{refused}");
        }
        assert!(open(&[], 2).is_err() && open(&[0x11], 2).is_err());
    }

    #[test]
    fn hostile_bytes_give_values_and_errors_only() {
        let mut decoder = open(&[0x11, 0x90], 2).unwrap();
        let mut seed = 7u32;
        for len in 0..2000usize {
            let data: Vec<u8> = (0..len % 400)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            let (pts, duration) = (MediaTime::ZERO, MediaDuration::ZERO);
            let (track, is_random_access, is_damaged) = (TrackId(0), true, false);
            let data = data.into();
            let unit = AccessUnit { track, pts, dts: pts, duration, is_random_access, is_damaged, data };
            let _ = decoder.decode(&unit);
        }
    }
}
