//! AAC in LOAS/LATM: AudioSyncStream and AudioMuxElement (ISO/IEC 14496-3:2019 clauses 1.7.2 and 1.7.3).
//!
//! Takes `audioMuxVersion` 0 and 1 with one program, one layer and one payload per element. Refuses `audioMuxVersionA`, more
//! programs, layers or subframes, and payloads of a fixed length. The raw AAC frame is not aligned to bytes: it is copied
//! out, shifted.

use bytes::{Bytes, BytesMut};

use crate::{
    codec::{asc::AudioSpecificConfig, bits::Bits},
    error::{ParseError, ParseErrorKind},
    media::{AacConfig, AudioTrack},
};

/// What a StreamMuxConfig says of the sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatmSound {
    asc: Bytes,
    config: AudioSpecificConfig,
}

/// Reads elements one after the other; the set-up of one holds for those after it.
#[derive(Clone, Debug, Default)]
pub struct LatmReader {
    sound: Option<LatmSound>,
    /// Payloads share its blocks.
    block: BytesMut,
}

/// Bytes that must be there before the length of an element can be read.
pub const MIN_HEADER_LEN: usize = 3;

/// Bytes of the AudioSyncStream frame that `bytes` begin with, its header included: 3 to 8 194.
///
/// # Errors
/// There are fewer than three bytes, they do not begin with the sync word, or the element is empty.
pub fn frame_len(bytes: &[u8]) -> Result<usize, ParseError> {
    let Some(&[b0, b1, b2]) = bytes.first_chunk::<MIN_HEADER_LEN>() else {
        return Err(ParseError::new(ParseErrorKind::Truncated { what: "AudioSyncStream" }, "latm", None, 0));
    };
    let invalid = |what, value| ParseError::new(ParseErrorKind::Invalid { what, value }, "latm", None, 0);
    if !is_sync(b0, b1) {
        return Err(invalid("syncword", u16::from_be_bytes([b0, b1]).into()));
    }
    match usize::from(b1 & 0x1F) << 8 | usize::from(b2) {
        0 => Err(invalid("audioMuxLengthBytes", 0)),
        len => Ok(MIN_HEADER_LEN + len),
    }
}

/// Whether two bytes can begin a frame: the sync word 0x2B7 of eleven bits.
#[must_use]
pub const fn is_sync(first: u8, second: u8) -> bool {
    first == 0x56 && second & 0xE0 == 0xE0
}

impl LatmReader {
    /// The sound and the raw AAC frame in one AudioSyncStream frame; `None` before the first set-up came.
    ///
    /// # Errors
    /// The element is cut short, its set-up cannot be read, or it is of a kind that is not taken.
    pub fn open(&mut self, frame: &[u8]) -> Result<Option<(LatmSound, Bytes)>, ParseError> {
        let element = frame.get(MIN_HEADER_LEN..).unwrap_or(&[]);
        let mut bits = Bits::new(element, "latm", "AudioMuxElement");
        if !bits.flag()? {
            self.set_up(&mut bits)?;
        }
        let Some(sound) = self.sound.clone() else { return Ok(None) };
        // PayloadLengthInfo, clause 1.7.3.1.
        let mut len = 0;
        loop {
            let more = bits.read(8)? as usize;
            len += more;
            if more != 255 {
                break;
            }
        }
        if bits.position() + len * 8 > element.len() * 8 {
            return Err(bits.error(ParseErrorKind::Truncated { what: "PayloadMux" }));
        }
        if self.block.capacity() < len {
            self.block.reserve(BLOCK.max(len));
        }
        self.block.resize(len, 0);
        bits.copy_rest(&mut self.block);
        Ok(Some((sound, self.block.split_to(len).freeze())))
    }

    /// StreamMuxConfig, clause 1.7.3.1.
    fn set_up(&mut self, bits: &mut Bits<'_>) -> Result<(), ParseError> {
        let version = bits.read(1)?;
        if version == 1 {
            expect_zero(bits, 1, "audioMuxVersionA")?;
            value(bits)?; // taraBufferFullness
        }
        bits.skip(1)?; // allStreamsSameTimeFraming
        expect_zero(bits, 6, "numSubFrames")?;
        expect_zero(bits, 4, "numProgram")?;
        expect_zero(bits, 3, "numLayer")?;
        let asc_bits = if version == 1 { Some(value(bits)? as usize) } else { None };
        let (mut asc, mut copy) = ([0; MAX_ASC], bits.clone());
        if let Some(len) = asc_bits {
            bits.skip(len)?;
        }
        let mut len = copy.copy_rest(&mut asc);
        let config = match asc_bits {
            Some(stated) => {
                len = len.min(stated.div_ceil(8));
                clear_after(&mut asc, stated);
                AudioSpecificConfig::parse(asc.get(..len).unwrap_or(&[]))?
            }
            // Where it ends is known only by reading it.
            None => {
                let (config, used) = AudioSpecificConfig::parse_first(asc.get(..len).unwrap_or(&[]))?;
                copy.skip(used)?;
                *bits = copy;
                clear_after(&mut asc, used);
                len = used.div_ceil(8);
                config
            }
        };
        expect_zero(bits, 3, "frameLengthType")?;
        bits.skip(8)?; // latmBufferFullness
        if bits.flag()? {
            other_data(bits, version)?;
        }
        if bits.flag()? {
            bits.skip(8)?; // crcCheckSum
        }
        let asc = asc.get(..len).unwrap_or(&[]);
        if self.sound.as_ref().is_none_or(|sound| sound.asc != asc) {
            self.sound = Some(LatmSound { asc: Bytes::copy_from_slice(asc), config });
        }
        Ok(())
    }
}

impl LatmSound {
    /// Rate and channels as they come out of a decoder.
    #[must_use]
    pub fn audio_track(&self) -> AudioTrack {
        self.config.track()
    }

    /// Set-up for a decoder.
    #[must_use]
    pub fn aac_config(&self) -> AacConfig {
        AacConfig { asc: self.asc.clone() }
    }

    /// Instants in one frame, at the rate of the core coder, and that rate.
    #[must_use]
    pub const fn frame_samples(&self) -> (u32, u32) {
        (self.config.frame_samples as u32, self.config.sample_rate)
    }
}

fn expect_zero(bits: &mut Bits<'_>, count: usize, what: &'static str) -> Result<(), ParseError> {
    match bits.read(count)? {
        0 => Ok(()),
        value => Err(bits.error(ParseErrorKind::Unsupported { what, value: value.into() })),
    }
}

/// LatmGetValue: a count of bytes, then the bytes.
fn value(bits: &mut Bits<'_>) -> Result<u32, ParseError> {
    let bytes = bits.read(2)? as usize + 1;
    bits.read(bytes * 8)
}

/// How much data of other kinds follows each payload; it is behind the frame and not looked at.
fn other_data(bits: &mut Bits<'_>, version: u32) -> Result<(), ParseError> {
    if version == 1 {
        value(bits)?;
        return Ok(());
    }
    while bits.flag()? {
        bits.skip(8)?;
    }
    bits.skip(8)
}

/// Bits behind the first `used` ones are zero in an AudioSpecificConfig that stands alone.
fn clear_after(asc: &mut [u8], used: usize) {
    if let Some(last) = asc.get_mut(used / 8)
        && !used.is_multiple_of(8)
    {
        *last &= 0xFF << (8 - used % 8);
    }
}

/// An AudioSpecificConfig with a program config element and no comment stays below.
const MAX_ASC: usize = 64;
const BLOCK: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes fields of so many bits one after the other.
    fn pack(fields: &[(u32, u32)]) -> Vec<u8> {
        let bits: Vec<u8> =
            fields.iter().flat_map(|(value, n)| (0..*n).rev().map(move |i| (value >> i & 1) as u8)).collect();
        let byte = |chunk: &[u8]| (0..8).fold(0, |byte, i| byte << 1 | chunk.get(i).copied().unwrap_or(0));
        let element: Vec<u8> = bits.chunks(8).map(byte).collect();
        [&[0x56, 0xE0 | (element.len() >> 8) as u8, element.len() as u8], &element[..]].concat()
    }

    /// Version 0, AAC-LC 44.1 kHz stereo, then two bytes of payload.
    const VERSION_0: [(u32, u32); 15] = [
        (0, 1),
        (0, 1),
        (1, 1),
        (0, 6),
        (0, 4),
        (0, 3),
        (0x1210, 16),
        (0, 3),
        (0xFF, 8),
        (0, 1),
        (0, 1),
        (2, 8),
        (0xAB, 8),
        (0xCD, 8),
        (0, 1),
    ];

    #[test]
    fn a_set_up_holds_for_the_frames_after_it() {
        let mut reader = LatmReader::default();
        let same = pack(&[(1, 1), (1, 8), (0x77, 8)]);
        assert_eq!(reader.open(&same), Ok(None));
        let frame = pack(&VERSION_0);
        assert_eq!(frame_len(&frame).unwrap(), frame.len());
        let (sound, data) = reader.open(&frame).unwrap().unwrap();
        assert_eq!(sound.audio_track(), AudioTrack { sample_rate: 44_100, channels: 2 });
        assert_eq!((&sound.aac_config().asc[..], &data[..]), (&[0x12, 0x10][..], &[0xAB, 0xCD][..]));
        assert_eq!(sound.frame_samples(), (1024, 44_100));
        let (again, data) = reader.open(&same).unwrap().unwrap();
        assert_eq!((again, &data[..]), (sound, &[0x77][..]));
    }

    #[test]
    fn version_1_says_how_long_its_set_up_is() {
        let fields = [
            (0, 1),
            (1, 1),
            (0, 1),
            (0, 2),
            (9, 8),
            (1, 1),
            (0, 6),
            (0, 4),
            (0, 3),
            (0, 2),
            (16, 8),
            (0x1190, 16),
            (0, 3),
            (0xFF, 8),
            (0, 1),
            (1, 1),
            (0, 8),
            (1, 8),
            (0x5A, 8),
        ];
        let (sound, data) = LatmReader::default().open(&pack(&fields)).unwrap().unwrap();
        assert_eq!((sound.audio_track().sample_rate, &data[..]), (48_000, &[0x5A][..]));
    }

    #[test]
    fn what_is_not_taken_is_named() {
        let refused = |at: usize, field: (u32, u32)| {
            let mut fields = VERSION_0;
            fields[at] = field;
            match LatmReader::default().open(&pack(&fields)).unwrap_err().kind {
                ParseErrorKind::Unsupported { what, .. } => what,
                other => panic!("{other}"),
            }
        };
        assert_eq!(refused(3, (1, 6)), "numSubFrames");
        assert_eq!(refused(4, (1, 4)), "numProgram");
        assert_eq!(refused(5, (1, 3)), "numLayer");
        assert_eq!(refused(7, (1, 3)), "frameLengthType");
        assert_eq!(frame_len(&[0x56, 0xE0, 0]).unwrap_err().code(), "PARSE_INVALID");
        assert_eq!(frame_len(&[0x56, 0xC0, 9]).unwrap_err().code(), "PARSE_INVALID");
        assert_eq!(frame_len(&[0x56]).unwrap_err().code(), "PARSE_TRUNCATED");
        assert_eq!(LatmReader::default().open(&pack(&VERSION_0[..12])).unwrap_err().code(), "PARSE_TRUNCATED");
    }
}
