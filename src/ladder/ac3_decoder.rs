//! AC-3 decode by oxideav-ac3 (feature `ac3`).
//!
//! ATSC A/52:2018 (ETSI TS 102 366), `bsid` up to 8, from mono to 5.1; the dynamic range words are applied as clause 7.7.1
//! asks for. A syncframe is decoded only when it is whole and both its checksums (clause 7.10.1) are right: what was hit on
//! the way would be a burst of noise. Enhanced AC-3 and the half-rate streams of `bsid` 9 and 10 are refused by name. The
//! channels of every mode are put where the down-mixer expects them; see `PLACES`.

use oxideav_ac3::decoder::{make_decoder, verify_packet_crc};
use oxideav_core::{CodecId, CodecParameters, Decoder, Frame, Packet, TimeBase};

use super::AudioDecoder;
use crate::{
    error::Fault,
    media::{AccessUnit, Samples},
};

/// A decoder of one AC-3 track.
pub(super) struct OxideAc3Decoder {
    decoder: Box<dyn Decoder>,
}

/// What the header of a syncframe says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    sample_rate: u32,
    /// `acmod`, 0 to 7.
    mode: usize,
    has_lfe: bool,
}

impl OxideAc3Decoder {
    pub(super) fn new() -> Result<Self, Fault> {
        let parameters = CodecParameters::audio(CodecId::new("ac3"));
        let decoder = make_decoder(&parameters).map_err(|error| refused(&error))?;
        Ok(Self { decoder })
    }

    fn decode_frame(&mut self, data: &[u8]) -> Result<Vec<u8>, oxideav_core::Error> {
        self.decoder.send_packet(&Packet::new(0, TimeBase::new(1, 48_000), data.to_vec()))?;
        match self.decoder.receive_frame()? {
            Frame::Audio(audio) => Ok(audio.data.into_iter().next().unwrap_or_default()),
            _ => Ok(Vec::new()),
        }
    }
}

impl AudioDecoder for OxideAc3Decoder {
    fn decode(&mut self, unit: &AccessUnit) -> Result<Samples, Fault> {
        let header = Header::parse(&unit.data)?;
        let checks = verify_packet_crc(&unit.data).map_err(|error| refused(&error))?;
        if checks.crc1_ok == Some(false) || checks.crc2_ok == Some(false) {
            return Err(Fault::Codec { what: "AC-3 syncframe has a wrong checksum".into() });
        }
        match self.decode_frame(&unit.data) {
            Ok(pcm) => Ok(header.place(unit, &pcm)),
            Err(error) => {
                let _ = self.decoder.reset();
                Err(refused(&error))
            }
        }
    }
}

impl Header {
    /// Reads `syncinfo` and the head of `bsi` (clauses 5.4.1 and 5.4.2).
    fn parse(data: &[u8]) -> Result<Self, Fault> {
        let refused = |what: String| Err(Fault::Codec { what });
        let [0x0B, 0x77, _, _, rate, id, mode, low, ..] = *data else {
            return refused("AC-3 access unit does not start with a syncframe".into());
        };
        if data.len() > UNIT_CEILING {
            return refused(format!("AC-3 access unit of {} bytes", data.len()));
        }
        match id >> 3 {
            0..=8 => {}
            11..=16 => return refused("Enhanced AC-3 is not supported: only AC-3 is".into()),
            id => return refused(format!("AC-3 of bsid {id} is not supported")),
        }
        let Some(sample_rate) = [48_000, 44_100, 32_000].get(usize::from(rate >> 6)).copied() else {
            return refused("AC-3 syncframe of a reserved sample rate".into());
        };
        let bits = u16::from_be_bytes([mode, low]);
        let mode = usize::from(bits >> 13);
        // Two bits each: cmixlev, surmixlev, dsurmod, where the mode has a centre, a surround, or is plain stereo.
        let levels = [mode & 1 == 1 && mode != 1, mode & 4 == 4, mode == 2].into_iter().filter(|is| *is).count();
        Ok(Self { sample_rate, mode, has_lfe: bits >> (12 - 2 * levels) & 1 == 1 })
    }

    /// The decoder's output, little-endian and in the order of WAVE files, as the down-mixer expects it.
    fn place(self, unit: &AccessUnit, pcm: &[u8]) -> Samples {
        let places = match (self.mode, self.has_lfe) {
            (7, true) => PLACES_3_2_LFE,
            (mode, _) => PLACES.get(mode).copied().unwrap_or(&[]),
        };
        let coded = [2, 1, 2, 3, 3, 4, 4, 5].get(self.mode).copied().unwrap_or(0) + usize::from(self.has_lfe);
        let mut samples = Samples {
            pts: unit.pts,
            sample_rate: self.sample_rate,
            channels: places.len() as u8,
            data: Vec::with_capacity(pcm.len() / 2 / coded.max(1) * places.len()),
        };
        for instant in pcm.chunks_exact(2 * coded.max(1)) {
            let sample = |place: &Option<usize>| match place.and_then(|at| instant.get(2 * at..2 * at + 2)) {
                Some([low, high]) => i16::from_le_bytes([*low, *high]),
                _ => 0,
            };
            samples.data.extend(places.iter().map(sample));
        }
        samples
    }
}

fn refused(error: &oxideav_core::Error) -> Fault {
    Fault::Codec { what: format!("AC-3 decoder: {error}") }
}

/// Largest access unit taken: the longest syncframe has 3 840 bytes (table 5.18).
const UNIT_CEILING: usize = 3840;

/// For each mode (table 5.8): where each channel of the down-mixer's layout of that many channels comes from. One that has a
/// centre which the mode does not is silent there.
const PLACES: [&[Option<usize>]; 8] = [
    &[Some(0), Some(1)],
    &[Some(0)],
    &[Some(0), Some(1)],
    &[Some(0), Some(1), Some(2)],
    &[Some(0), Some(1), None, Some(2)],
    &[Some(0), Some(1), Some(2), Some(3)],
    &[Some(0), Some(1), None, Some(2), Some(3)],
    &[Some(0), Some(1), Some(2), Some(3), Some(4)],
];
/// 3/2 with its low frequency channel, the one layout that has a place for it; in every other mode it stands last and is left
/// out, as a down-mix leaves it.
const PLACES_3_2_LFE: &[Option<usize>] = &[Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)];

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        media::TrackId,
        time::{MediaDuration, MediaTime},
    };

    fn unit(data: &[u8]) -> AccessUnit {
        let (pts, duration, data) = (MediaTime::ZERO, MediaDuration::ZERO, Bytes::copy_from_slice(data));
        AccessUnit { track: TrackId(0), pts, dts: pts, duration, is_random_access: true, is_damaged: false, data }
    }

    /// One instant of each mode in WAVE order, every channel with a value of its own.
    fn placed(mode: usize, has_lfe: bool, coded: &[i16]) -> Vec<i16> {
        let pcm: Vec<u8> = coded.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let samples = Header { sample_rate: 48_000, mode, has_lfe }.place(&unit(&[]), &pcm);
        assert_eq!(samples.data.len(), usize::from(samples.channels));
        samples.data
    }

    #[test]
    fn channels_stand_where_the_down_mixer_expects_them() {
        assert_eq!(placed(0, false, &[1, 2]), [1, 2]);
        assert_eq!(placed(1, true, &[3, 4]), [3]);
        assert_eq!(placed(2, true, &[1, 2, 4]), [1, 2]);
        assert_eq!(placed(3, true, &[1, 2, 3, 4]), [1, 2, 3]);
        assert_eq!(placed(4, true, &[1, 2, 5, 4]), [1, 2, 0, 5]);
        assert_eq!(placed(5, false, &[1, 2, 3, 5]), [1, 2, 3, 5]);
        assert_eq!(placed(6, true, &[1, 2, 5, 6, 4]), [1, 2, 0, 5, 6]);
        assert_eq!(placed(7, false, &[1, 2, 3, 5, 6]), [1, 2, 3, 5, 6]);
        assert_eq!(placed(7, true, &[1, 2, 3, 4, 5, 6]), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn headers_say_rate_mode_and_low_frequency_channel() {
        let head = |rate: u8, id: u8, mode: [u8; 2]| Header::parse(&[0x0B, 0x77, 0, 0, rate << 6, id << 3, mode[0], mode[1]]);
        let header = |sample_rate, mode, has_lfe| Ok(Header { sample_rate, mode, has_lfe });
        // 3/2 with cmixlev, surmixlev, then lfeon; 2/0 with dsurmod; 1/0 with none of them.
        assert_eq!(head(0, 8, [0b1110_0001, 0]), header(48_000, 7, true));
        assert_eq!(head(1, 8, [0b0100_0100, 0]), header(44_100, 2, true));
        assert_eq!(head(2, 6, [0b0011_0000, 0]), header(32_000, 1, true));
        assert_eq!(head(2, 6, [0b0010_1111, 0xFF]), header(32_000, 1, false));
        for (rate, id, word) in [(3, 8, "reserved"), (0, 16, "Enhanced AC-3"), (0, 9, "bsid 9")] {
            let refused = head(rate, id, [0x40, 0]).unwrap_err().to_string();
            assert!(refused.contains(word), "{refused}");
        }
        assert!(Header::parse(&[0x0B, 0x77]).is_err() && Header::parse(&[0; 64]).is_err());
    }

    #[test]
    fn a_syncframe_with_a_wrong_checksum_is_refused() {
        let mut decoder = OxideAc3Decoder::new().unwrap();
        // 64 kbit/s at 48 kHz: 256 bytes.
        let mut frame = vec![0; 256];
        frame[..8].copy_from_slice(&[0x0B, 0x77, 0, 0, 8, 0x40, 0x40, 1]);
        let refused = decoder.decode(&unit(&frame)).unwrap_err().to_string();
        assert!(refused.contains("checksum"), "{refused}");
        assert!(decoder.decode(&unit(&frame[..100])).is_err());
    }
}
