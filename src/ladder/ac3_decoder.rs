//! AC-3 decode (feature `ac3`), pure Rust.
//!
//! ATSC A/52:2018 (ETSI TS 102 366), `bsid` up to 8, from mono to 5.1; clause numbers in here are those of A/52. The dynamic
//! range words are applied as clause 7.7.1 asks for. A syncframe is decoded only when it is whole and both its checksums
//! (clause 7.10.1) are right: what was hit on the way would be a burst of noise. Enhanced AC-3 and the half-rate streams of
//! `bsid` 9 and 10 are refused by name. `block` reads side information and coefficients, `allocation` says how many bits each
//! has, `transform` makes samples. The channels of every mode are put where the down-mixer expects them: see `PLACES`. Two
//! single channels (1+1) come out as left and right, each with its own gain, and are not mixed: which of them a viewer wants
//! only the viewer knows.

mod allocation;
mod bits;
mod block;
mod coupling;
mod exponents;
mod mantissas;
mod state;
mod transform;

use self::{bits::Bits, block::Blocks, transform::Transform};
use super::AudioDecoder;
use crate::{
    error::Fault,
    media::{AccessUnit, Samples},
};

/// A decoder of one AC-3 track.
pub(super) struct Ac3Decoder {
    blocks: Blocks,
    transform: Transform,
    /// What each channel's last block left for the next.
    delays: [[f32; 256]; 6],
}

/// Why a syncframe cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Broken(&'static str);

/// What the header of a syncframe says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    /// `fscod`, 0 to 2.
    rate: usize,
    /// Bytes of the syncframe.
    length: usize,
    /// `acmod`, 0 to 7.
    mode: usize,
    has_lfe: bool,
}

impl Ac3Decoder {
    pub(super) fn new() -> Self {
        Self { blocks: Blocks::new(), transform: Transform::new(), delays: [[0.0; 256]; 6] }
    }

    fn decode_frame(&mut self, data: &[u8], header: &Header, samples: &mut Samples) -> Result<(), Broken> {
        let mut bits = Bits::new(data);
        header.skip(&mut bits)?;
        let places = header.places();
        let mut block = [[0.0; 256]; 6];
        for n in 0..6 {
            self.blocks.read(&mut bits, header, n == 0)?;
            let channels = self.blocks.channels.iter().zip(&mut self.delays).zip(&mut block);
            for ((channel, delay), block) in channels {
                *block = self.transform.run(&channel.coefficients, channel.is_switched, delay);
            }
            for instant in 0..256 {
                let sample = |place: &Option<usize>| {
                    let sample = place.and_then(|place| block.get(place)?.get(instant)).copied().unwrap_or(0.0);
                    // Rounds and, by the rules of `as`, saturates.
                    (sample * 32_768.0).round() as i16
                };
                samples.data.extend(places.iter().map(sample));
            }
        }
        Ok(())
    }
}

impl AudioDecoder for Ac3Decoder {
    fn decode(&mut self, unit: &AccessUnit) -> Result<Samples, Fault> {
        let header = Header::parse(&unit.data)?;
        let Some(frame) = unit.data.get(..header.length) else {
            let (length, there) = (header.length, unit.data.len());
            return Err(Fault::Codec { what: format!("AC-3 syncframe of {length} bytes, of which {there} came") });
        };
        let head = header.length / 4 * 2 + header.length / 16 * 2;
        if [frame.len(), head].iter().any(|end| checksum(frame.get(2..*end).unwrap_or(&[])) != 0) {
            return Err(Fault::Codec { what: "AC-3 syncframe has a wrong checksum".into() });
        }
        let channels = header.places().len();
        let mut samples = Samples {
            pts: unit.pts,
            sample_rate: RATES.get(header.rate).copied().unwrap_or(0),
            channels: channels as u8,
            data: Vec::with_capacity(1536 * channels),
        };
        self.decode_frame(frame, &header, &mut samples).map_err(|Broken(why)| {
            // What it had half read must not leak into the next.
            *self = Self::new();
            Fault::Codec { what: format!("AC-3 decoder: {why}") }
        })?;
        Ok(samples)
    }
}

impl Header {
    /// Reads `syncinfo` and the head of `bsi` (clauses 5.4.1 and 5.4.2).
    fn parse(data: &[u8]) -> Result<Self, Fault> {
        let refused = |what: String| Err(Fault::Codec { what });
        let [0x0B, 0x77, _, _, code, id, mode, low, ..] = *data else {
            return refused("AC-3 access unit does not start with a syncframe".into());
        };
        match id >> 3 {
            0..=8 => {}
            11..=16 => return refused("Enhanced AC-3 is not supported: only AC-3 is".into()),
            id => return refused(format!("AC-3 of bsid {id} is not supported")),
        }
        let (rate, size) = (usize::from(code >> 6), usize::from(code & 63));
        // Table 5.18: words of 16 bits for 1 536 samples at this rate, rounded down, and up where the code is odd.
        let words = match (BITRATES.get(size / 2).copied(), rate) {
            (Some(bitrate), 0) => 2 * bitrate,
            (Some(bitrate), 1) => bitrate * 96_000 / 44_100 + size % 2,
            (Some(bitrate), 2) => 3 * bitrate,
            _ => return refused("AC-3 syncframe of a reserved rate or size".into()),
        };
        let bits = u16::from_be_bytes([mode, low]);
        let mode = usize::from(bits >> 13);
        Ok(Self { rate, length: 2 * words, mode, has_lfe: bits >> (12 - 2 * levels(mode)) & 1 == 1 })
    }

    /// Leaves out all that stands before the first block (clause 5.3.2).
    fn skip(&self, bits: &mut Bits<'_>) -> Result<(), Broken> {
        bits.skip(40 + 5 + 3 + 3 + 2 * levels(self.mode) + 1)?;
        for _ in 0..if self.mode == 0 { 2 } else { 1 } {
            // dialnorm, then compr, langcod, and mixlevel with roomtyp, each behind a flag.
            bits.skip(5)?;
            for count in [8, 8, 7] {
                if bits.flag()? {
                    bits.skip(count)?;
                }
            }
        }
        bits.skip(2)?;
        for _ in 0..2 {
            if bits.flag()? {
                bits.skip(14)?;
            }
        }
        if bits.flag()? {
            let count = bits.read(6)? as usize + 1;
            bits.skip(8 * count)?;
        }
        Ok(())
    }

    /// Channels but for the low frequency one.
    fn full_channels(&self) -> usize {
        [2, 1, 2, 3, 3, 4, 4, 5].get(self.mode).copied().unwrap_or(0)
    }

    /// Where each channel that is given out comes from.
    fn places(&self) -> &'static [Option<usize>] {
        match (self.mode, self.has_lfe) {
            (7, true) => PLACES_3_2_LFE,
            (mode, _) => PLACES.get(mode).copied().unwrap_or(&[]),
        }
    }
}

/// How many of `cmixlev`, `surmixlev` and `dsurmod` there are, two bits each: where the mode has a centre beside left and
/// right, a surround, or is plain stereo.
fn levels(mode: usize) -> usize {
    usize::from(mode & 1 == 1 && mode != 1) + usize::from(mode & 4 == 4) + usize::from(mode == 2)
}

/// What is left of the polynomial x^16 + x^15 + x^2 + 1: nothing, where the checksum at the end is right.
fn checksum(data: &[u8]) -> u16 {
    data.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| sum << 1 ^ if sum >> 15 == 1 { 0x8005 } else { 0 })
    })
}

/// Samples per second, by `fscod`.
const RATES: [u32; 3] = [48_000, 44_100, 32_000];
/// kbit/s, by half of `frmsizecod`.
const BITRATES: [usize; 19] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];

/// For each mode (table 5.8): where each channel of the down-mixer's layout of that many channels comes from, in the order
/// of the stream. A layout that has a centre which the mode does not is silent there.
const PLACES: [&[Option<usize>]; 8] = [
    &[Some(0), Some(1)],
    &[Some(0)],
    &[Some(0), Some(1)],
    &[Some(0), Some(2), Some(1)],
    &[Some(0), Some(1), None, Some(2)],
    &[Some(0), Some(2), Some(1), Some(3)],
    &[Some(0), Some(1), None, Some(2), Some(3)],
    &[Some(0), Some(2), Some(1), Some(3), Some(4)],
];
/// 3/2 with its low frequency channel, the one layout that has a place for it; in every other mode it is left out, as a
/// down-mix leaves it.
const PLACES_3_2_LFE: &[Option<usize>] = &[Some(0), Some(2), Some(1), Some(5), Some(3), Some(4)];

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

    #[test]
    fn headers_say_rate_mode_and_low_frequency_channel() {
        let head =
            |rate: u8, id: u8, mode: [u8; 2]| Header::parse(&[0x0B, 0x77, 0, 0, rate << 6, id << 3, mode[0], mode[1]]);
        let header = |length, rate, mode, has_lfe| Ok(Header { rate, length, mode, has_lfe });
        // 3/2 with cmixlev, surmixlev, then lfeon; 2/0 with dsurmod; 1/0 with none of them.
        assert_eq!(head(0, 8, [0b1110_0001, 0]), header(128, 0, 7, true));
        assert_eq!(head(1, 8, [0b0100_0100, 0]), header(138, 1, 2, true));
        assert_eq!(head(2, 6, [0b0011_0000, 0]), header(192, 2, 1, true));
        assert_eq!(head(2, 6, [0b0010_1111, 0xFF]), header(192, 2, 1, false));
        for (rate, id, word) in [(3, 8, "reserved"), (0, 16, "Enhanced AC-3"), (0, 9, "bsid 9")] {
            let refused = head(rate, id, [0x40, 0]).unwrap_err().to_string();
            assert!(refused.contains(word), "{refused}");
        }
        assert!(Header::parse(&[0x0B, 0x77]).is_err() && Header::parse(&[0; 64]).is_err());
    }

    #[test]
    fn a_syncframe_with_a_wrong_checksum_is_refused() {
        let mut decoder = Ac3Decoder::new();
        // 64 kbit/s at 48 kHz: 256 bytes.
        let mut frame = vec![0; 256];
        frame[..8].copy_from_slice(&[0x0B, 0x77, 0, 0, 8, 0x40, 0x40, 1]);
        let refused = decoder.decode(&unit(&frame)).unwrap_err().to_string();
        assert!(refused.contains("checksum"), "{refused}");
        assert!(decoder.decode(&unit(&frame[..100])).is_err());
    }

    #[test]
    fn hostile_blocks_give_values_and_errors_only() {
        // The checksums keep such things out; without them every path of the blocks is met.
        let (mut decoder, mut seed, mut whole) = (Ac3Decoder::new(), 1u64, 0);
        for round in 0..4000u64 {
            let mut frame: Vec<u8> = (0..512)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    // Mostly ones, mostly zeros, or anything: few bits set lets a frame get far.
                    let (a, b) = ((seed >> 33) as u8, (seed >> 45) as u8);
                    [a, a & b, a | b, a & b & (b >> 3)][round as usize % 4]
                })
                .collect();
            frame[..6].copy_from_slice(&[0x0B, 0x77, 0, 0, 14, 0x40]);
            let header = Header::parse(&frame).unwrap();
            let mut samples = Samples { pts: MediaTime::ZERO, sample_rate: 48_000, channels: 2, data: Vec::new() };
            whole += usize::from(decoder.decode_frame(&frame, &header, &mut samples).is_ok());
        }
        println!("{whole} whole");
    }
}
