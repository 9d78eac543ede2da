//! AAC-LC encode by the Fraunhofer FDK library (feature `fdk-aac`).
//!
//! ISO/IEC 14496-3, audio object type 2, raw data blocks without transport header, constant bit rate, mono or stereo.
//! The library looks ahead and a decoder overlaps blocks; both delays are taken off the time of each access unit, by the
//! figure that the library states. It refuses HE-AAC and more channels.

use bytes::Bytes;
use fdk_aac::enc::{AudioObjectType, BitRate, ChannelMode, Encoder, EncoderParams, Transport};

use super::{AudioEncoder, AudioEncoderConfig};
use crate::{
    error::Fault,
    media::{AacConfig, AccessUnit, AudioTrack, TrackId},
    time::{MediaDuration, MediaTime, Timescale},
};

/// The encoder of a channel's sound.
pub(super) struct FdkAacEncoder {
    encoder: Encoder,
    track: AudioTrack,
    config: AacConfig,
    frame_len: usize,
    delay: MediaDuration,
    duration: MediaDuration,
    out: Vec<u8>,
}

impl FdkAacEncoder {
    /// An encoder for `config`: 1 or 2 channels.
    pub(super) fn new(config: &AudioEncoderConfig) -> Result<Self, Fault> {
        let refused = |why: &str| Fault::Codec {
            what: format!(
                "AAC encoder refused {} channels, {} Hz, {} bit/s: {why}",
                config.channels, config.sample_rate, config.bitrate
            ),
        };
        let channels = match config.channels {
            1 => ChannelMode::Mono,
            2 => ChannelMode::Stereo,
            _ => return Err(refused("1 or 2 channels only")),
        };
        let scale = Timescale::new(config.sample_rate).ok_or_else(|| refused("no sample rate"))?;
        let parameters = EncoderParams {
            bit_rate: BitRate::Cbr(config.bitrate),
            sample_rate: config.sample_rate,
            transport: Transport::Raw,
            channels,
            audio_object_type: AudioObjectType::Mpeg4LowComplexity,
        };
        let encoder = Encoder::new(parameters).map_err(|error| refused(&error.to_string()))?;
        let info = encoder.info().map_err(|error| refused(&error.to_string()))?;
        let asc = info.confBuf.get(..info.confSize as usize).ok_or_else(|| refused("no AudioSpecificConfig"))?;
        Ok(Self {
            encoder,
            track: AudioTrack { sample_rate: config.sample_rate, channels: config.channels },
            config: AacConfig { asc: Bytes::copy_from_slice(asc) },
            frame_len: info.frameLength as usize,
            delay: MediaDuration::from_ticks(i64::from(info.nDelay), scale),
            duration: MediaDuration::from_ticks(i64::from(info.frameLength), scale),
            out: vec![0; info.maxOutBufBytes as usize],
        })
    }
}

impl AudioEncoder for FdkAacEncoder {
    fn encode(&mut self, samples: &[i16], pts: MediaTime) -> Result<AccessUnit, Fault> {
        let wanted = self.frame_len * usize::from(self.track.channels);
        if samples.len() != wanted {
            let what = format!("AAC encoder takes {wanted} samples at once, not {}", samples.len());
            return Err(Fault::Codec { what });
        }
        let done = self
            .encoder
            .encode(samples, &mut self.out)
            .map_err(|error| Fault::Codec { what: format!("AAC encoder: {error}") })?;
        let data = match self.out.get(..done.output_size) {
            Some(data) if !data.is_empty() && done.input_consumed == wanted => Bytes::copy_from_slice(data),
            _ => return Err(Fault::Codec { what: "AAC encoder gave no frame".into() }),
        };
        let pts = pts.minus(self.delay);
        let (duration, is_random_access, is_damaged) = (self.duration, true, false);
        Ok(AccessUnit { track: TrackId(0), pts, dts: pts, duration, is_random_access, is_damaged, data })
    }

    fn frame_len(&self) -> usize {
        self.frame_len
    }

    fn format(&self) -> (AudioTrack, AacConfig) {
        (self.track, self.config.clone())
    }
}

#[cfg(test)]
#[cfg(feature = "aac")]
mod tests {
    use super::*;
    use crate::ladder::{AudioDecoder, aac_decoder::AacDecoder};

    /// Stereo at 44.1 kHz with 1 kHz bursts of 0.1 s at the start of each second.
    fn bursts(from: usize, len: usize) -> Vec<i16> {
        (from..from + len)
            .flat_map(|n| {
                let is_on = n % 44_100 < 4410;
                let tone = (n as f64 * 1000.0 / 44_100.0 * std::f64::consts::TAU).sin() * 12_000.0;
                [if is_on { tone as i16 } else { 0 }; 2]
            })
            .collect()
    }

    fn encoder() -> FdkAacEncoder {
        FdkAacEncoder::new(&AudioEncoderConfig { sample_rate: 44_100, channels: 2, bitrate: 64_000 }).unwrap()
    }

    #[test]
    fn a_tone_burst_comes_back_in_its_place_and_at_the_asked_rate() {
        let mut encoder = encoder();
        let (_, config) = encoder.format();
        assert_eq!((encoder.frame_len(), &config.asc[..]), (1024, &[0x12, 0x10][..]));
        let mut decoder = AacDecoder::new(&config).unwrap();
        let rate = Timescale::new(44_100).unwrap();
        let start = MediaTime::from_flicks(5_000_000_000);
        let mut heard = vec![0i16; 5 * 44_100];
        let mut bytes = 0;
        for n in 0..5 * 44_100 / 1024 {
            let pts = start.plus(MediaDuration::from_ticks(n as i64 * 1024, rate));
            let unit = encoder.encode(&bursts(n * 1024, 1024), pts).unwrap();
            bytes += unit.data.len();
            let samples = decoder.decode(&unit).unwrap();
            assert_eq!((samples.sample_rate, samples.channels, samples.len()), (44_100, 2, 1024));
            let at = samples.pts.since(start).ticks(rate);
            for (i, pair) in samples.data.chunks(2).enumerate() {
                if let Some(place) = usize::try_from(at + i as i64).ok().and_then(|at| heard.get_mut(at)) {
                    *place = pair[0];
                }
            }
        }
        // The shift at which what was heard is most like what was sent.
        let sent: Vec<i64> = bursts(44_100 - 2000, 8000).chunks(2).map(|pair| i64::from(pair[0])).collect();
        let likeness = |shift: i64| -> i64 {
            let at = (44_100 - 2000 + shift) as usize;
            sent.iter().zip(&heard[at..]).map(|(a, b)| a * i64::from(*b)).sum()
        };
        let shift = (-1100..=1100).max_by_key(|shift| likeness(*shift)).unwrap();
        assert_eq!(shift, 0, "samples late");
        let rate = bytes * 8 / 5;
        assert!((57_600..=70_400).contains(&rate), "{rate} bit/s");
    }

    #[test]
    fn the_same_samples_give_the_same_bytes() {
        let run = || -> Vec<Bytes> {
            let mut encoder = encoder();
            (0..50).map(|n| encoder.encode(&bursts(n * 1024, 1024), MediaTime::ZERO).unwrap().data).collect()
        };
        assert_eq!(run(), run());
    }

    #[test]
    fn what_it_does_not_take_is_refused() {
        let config = AudioEncoderConfig { sample_rate: 44_100, channels: 6, bitrate: 64_000 };
        assert!(FdkAacEncoder::new(&config).is_err());
        assert!(FdkAacEncoder::new(&AudioEncoderConfig { channels: 2, sample_rate: 0, ..config }).is_err());
        assert!(encoder().encode(&[0; 100], MediaTime::ZERO).is_err());
    }
}
