//! What is said about a command (clause 10).

use bytes::Bytes;

use super::{
    bytes::{Reader, count_u8, flag, put_48},
    segmentation::SegmentationDescriptor,
};
use crate::error::ParseErrorKind;

/// A splice descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpliceDescriptor {
    /// `avail_descriptor`.
    Avail {
        /// `provider_avail_id`.
        provider_avail_id: u32,
    },
    /// `DTMF_descriptor`: tones for old equipment.
    Dtmf {
        /// Tenths of a second before the splice at which they end.
        preroll: u8,
        /// At most seven of `0` to `9`, `*` and `#`.
        chars: Bytes,
    },
    /// `segmentation_descriptor`.
    Segmentation(SegmentationDescriptor),
    /// `time_descriptor`.
    Time {
        /// Seconds of TAI since 1970, 48 bits.
        tai_seconds: u64,
        /// Nanoseconds after that.
        tai_ns: u32,
        /// Seconds between TAI and UTC.
        utc_offset: u16,
    },
    /// `audio_descriptor`: at most fifteen.
    Audio(Vec<AudioComponent>),
    /// Any other, and those of another `identifier` than `CUEI`.
    Other {
        /// `splice_descriptor_tag`.
        tag: u8,
        /// What follows the length, from `identifier` on.
        bytes: Bytes,
    },
}

/// A sound that an `audio_descriptor` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioComponent {
    /// `component_tag`; 0xFF where it is found by its place in the program map.
    pub tag: u8,
    /// `ISO_code`: a language of ISO 639-2.
    pub language: [u8; 3],
    /// `Bit_Stream_Mode`, 3 bits, of ATSC A/52.
    pub mode: u8,
    /// `Num_Channels`, 4 bits, of ATSC A/52.
    pub channels: u8,
    /// `Full_Srvc_Audio`.
    pub is_full_service: bool,
}

impl SpliceDescriptor {
    /// The next one of a loop.
    pub(super) fn parse(from: &mut Reader<'_>) -> Result<Self, ParseErrorKind> {
        let (tag, length) = (from.u8()?, from.u8()?);
        let bytes = from.take(length.into())?;
        let other = || Self::Other { tag, bytes: Bytes::copy_from_slice(bytes) };
        let mut inner = Reader::new(bytes, "splice_descriptor");
        if length < 4 || inner.u32()? != CUEI {
            return Ok(other());
        }
        let found = match tag {
            AVAIL => Self::Avail { provider_avail_id: inner.u32()? },
            DTMF => {
                let (preroll, count) = (inner.u8()?, inner.u8()? >> 5);
                Self::Dtmf { preroll, chars: Bytes::copy_from_slice(inner.take(count.into())?) }
            }
            SEGMENTATION => Self::Segmentation(SegmentationDescriptor::parse(&mut inner)?),
            TIME => Self::Time { tai_seconds: inner.u48()?, tai_ns: inner.u32()?, utc_offset: inner.u16()? },
            AUDIO => {
                let count = inner.u8()? >> 4;
                Self::Audio((0..count).map(|_| AudioComponent::parse(&mut inner)).collect::<Result<_, _>>()?)
            }
            _ => return Ok(other()),
        };
        // What a later edition adds behind is kept.
        Ok(if inner.is_empty() { found } else { other() })
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) -> Result<(), ParseErrorKind> {
        let mut body = CUEI.to_be_bytes().to_vec();
        let tag = match self {
            Self::Avail { provider_avail_id } => {
                body.extend(provider_avail_id.to_be_bytes());
                AVAIL
            }
            Self::Dtmf { preroll, chars } => {
                let count = few(chars.len(), 7, "dtmf_count")?;
                body.extend([*preroll, count << 5 | 0x1F]);
                body.extend_from_slice(chars);
                DTMF
            }
            Self::Segmentation(segmentation) => {
                segmentation.put(&mut body)?;
                SEGMENTATION
            }
            Self::Time { tai_seconds, tai_ns, utc_offset } => {
                put_48(&mut body, *tai_seconds);
                body.extend(tai_ns.to_be_bytes());
                body.extend(utc_offset.to_be_bytes());
                TIME
            }
            Self::Audio(components) => {
                body.push(few(components.len(), 15, "audio_count")? << 4 | 0x0F);
                components.iter().for_each(|component| component.put(&mut body));
                AUDIO
            }
            Self::Other { tag, bytes } => {
                body = bytes.to_vec();
                *tag
            }
        };
        out.extend([tag, count_u8(body.len(), "descriptor_length")?]);
        out.append(&mut body);
        Ok(())
    }
}

impl AudioComponent {
    fn parse(from: &mut Reader<'_>) -> Result<Self, ParseErrorKind> {
        let [tag, a, b, c, bits] = [from.u8()?, from.u8()?, from.u8()?, from.u8()?, from.u8()?];
        let (mode, channels, is_full_service) = (bits >> 5, bits >> 1 & 0xF, bits & 1 == 1);
        Ok(Self { tag, language: [a, b, c], mode, channels, is_full_service })
    }

    fn put(self, out: &mut Vec<u8>) {
        out.push(self.tag);
        out.extend(self.language);
        out.push((self.mode & 7) << 5 | (self.channels & 0xF) << 1 | flag(self.is_full_service, 1));
    }
}

fn few(count: usize, most: u8, what: &'static str) -> Result<u8, ParseErrorKind> {
    let too_many = ParseErrorKind::Invalid { what, value: count as u64 };
    count_u8(count, what).ok().filter(|count| *count <= most).ok_or(too_many)
}

/// `identifier` of the standard's own.
const CUEI: u32 = 0x4355_4549;
const AVAIL: u8 = 0;
const DTMF: u8 = 1;
const SEGMENTATION: u8 = 2;
const TIME: u8 = 3;
const AUDIO: u8 = 4;
