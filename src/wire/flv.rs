//! Bodies of FLV audio and video tags, which are also the bodies of RTMP messages 8 and 9.
//!
//! Adobe, "Video File Format Specification" version 10.1, Annex E.4.2 and E.4.3; veovera, "Enhanced RTMP" v2 (`ExVideoTagHeader`,
//! `ExAudioTagHeader`). H.264 and AAC are opened in both forms; of every other codec, and of multitrack, only the name is read.
//! Payloads share the memory of the body. To take one more codec, give its packets a variant and a FourCC arm.

use bytes::Bytes;

use crate::error::{ParseError, ParseErrorKind};

/// What a video tag carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VideoTag {
    /// An AVCDecoderConfigurationRecord.
    AvcConfig(Bytes),
    /// One access unit of length-prefixed NAL units; `composition_ms` is signed, PTS less DTS.
    AvcUnit { composition_ms: i32, data: Bytes },
    /// Nothing to decode: end of sequence, a seek command, HDR metadata.
    Aside,
    /// A codec that is not opened.
    Other(Codec),
}

/// What an audio tag carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AudioTag {
    /// An AudioSpecificConfig.
    AacConfig(Bytes),
    /// One raw data block.
    AacUnit(Bytes),
    /// Nothing to decode.
    Aside,
    /// A codec that is not opened.
    Other(Codec),
}

/// The name of a codec, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// By its number in the first byte of the tag.
    Legacy(&'static str),
    /// By a FourCC.
    Enhanced([u8; 4]),
    /// Several tracks in one tag.
    Multitrack,
}

/// Reads the body of a video tag.
///
/// # Errors
/// It ends inside its own header.
pub(crate) fn video(body: &Bytes) -> Result<VideoTag, ParseError> {
    let (&first, rest) = body.split_first().ok_or_else(|| cut("video tag", 0))?;
    if first & 0x80 != 0 {
        return enhanced_video(body, first);
    }
    // Frame type 5 is a command to the player, not a picture.
    if first >> 4 == 5 {
        return Ok(VideoTag::Aside);
    }
    let name = match first & 0x0F {
        7 => {
            let &[kind, a, b, c] = rest.first_chunk().ok_or_else(|| cut("AVCPacketType", 1))?;
            return Ok(avc(kind, signed_24([a, b, c]), body.slice(5..)));
        }
        2 => "Sorenson H.263",
        3 => "Screen video",
        4 => "VP6",
        5 => "VP6 with alpha",
        6 => "Screen video 2",
        12 => "HEVC under codec id 12",
        13 => "AV1 under codec id 13",
        _ => "an unknown video codec",
    };
    Ok(VideoTag::Other(Codec::Legacy(name)))
}

/// Reads the body of an audio tag.
///
/// # Errors
/// It ends inside its own header.
pub(crate) fn audio(body: &Bytes) -> Result<AudioTag, ParseError> {
    let (&first, rest) = body.split_first().ok_or_else(|| cut("audio tag", 0))?;
    let name = match first >> 4 {
        9 => return enhanced_audio(body, first),
        10 => {
            let &kind = rest.first().ok_or_else(|| cut("AACPacketType", 1))?;
            return Ok(aac(kind, body.slice(2..)));
        }
        0 | 3 => "PCM",
        1 => "ADPCM",
        2 | 14 => "MP3",
        4..=6 => "Nellymoser",
        7 => "G.711 A-law",
        8 => "G.711 mu-law",
        11 => "Speex",
        _ => "an unknown audio codec",
    };
    Ok(AudioTag::Other(Codec::Legacy(name)))
}

impl std::fmt::Display for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Legacy(name) => write!(f, "{name} over RTMP"),
            Self::Enhanced(four_cc) => write!(f, "{} over enhanced RTMP", four_cc.escape_ascii()),
            Self::Multitrack => f.write_str("multitrack over enhanced RTMP"),
        }
    }
}

fn avc(kind: u8, composition_ms: i32, data: Bytes) -> VideoTag {
    match kind {
        0 => VideoTag::AvcConfig(data),
        1 => VideoTag::AvcUnit { composition_ms, data },
        _ => VideoTag::Aside,
    }
}

fn aac(kind: u8, data: Bytes) -> AudioTag {
    match kind {
        0 => AudioTag::AacConfig(data),
        1 => AudioTag::AacUnit(data),
        _ => AudioTag::Aside,
    }
}

/// ```text
/// | 1 | frame type 3 | packet type 4 | [ModEx …] | FourCC 32 | body
/// ```
fn enhanced_video(body: &Bytes, first: u8) -> Result<VideoTag, ParseError> {
    let (packet, at) = skip_mod_ex(body, first & 0x0F)?;
    // A command frame has one byte in place of the FourCC; metadata (type 4) describes colour and is not needed to decode.
    if packet == METADATA || (first >> 4) & 7 == 5 {
        return Ok(VideoTag::Aside);
    }
    if packet == MULTITRACK_VIDEO {
        return Ok(VideoTag::Other(Codec::Multitrack));
    }
    let (four_cc, data) = four_cc(body, at)?;
    if &four_cc != b"avc1" {
        return Ok(VideoTag::Other(Codec::Enhanced(four_cc)));
    }
    match packet {
        0 => Ok(VideoTag::AvcConfig(data)),
        1 => {
            let offset = *data.first_chunk().ok_or_else(|| cut("composition time", at))?;
            Ok(avc(1, signed_24(offset), data.slice(3..)))
        }
        3 => Ok(avc(1, 0, data)),
        _ => Ok(VideoTag::Aside),
    }
}

fn enhanced_audio(body: &Bytes, first: u8) -> Result<AudioTag, ParseError> {
    let (packet, at) = skip_mod_ex(body, first & 0x0F)?;
    match packet {
        MULTICHANNEL => return Ok(AudioTag::Aside),
        MULTITRACK_AUDIO => return Ok(AudioTag::Other(Codec::Multitrack)),
        _ => {}
    }
    let (four_cc, data) = four_cc(body, at)?;
    if &four_cc != b"mp4a" {
        return Ok(AudioTag::Other(Codec::Enhanced(four_cc)));
    }
    Ok(aac(packet, data))
}

/// Steps over ModEx blocks: a size of u8 + 1 (256 means that a u16 + 1 follows), so many bytes, then the kind of the block
/// and the type of the packet that it modifies, four bits each. Gives that type and where its FourCC begins.
fn skip_mod_ex(body: &[u8], mut packet: u8) -> Result<(u8, usize), ParseError> {
    let mut at: usize = 1;
    // Every turn moves forward by two bytes at least, so the body bounds the loop.
    while packet == MOD_EX {
        let &size = body.get(at).ok_or_else(|| cut("ModEx size", at))?;
        let (size, header) = if size == u8::MAX {
            let wide = body.get(at.saturating_add(1)..).and_then(|rest| rest.first_chunk());
            (u16::from_be_bytes(*wide.ok_or_else(|| cut("ModEx size", at))?), 3)
        } else {
            (size.into(), 1)
        };
        at = at.saturating_add(header).saturating_add(size.into()).saturating_add(1);
        packet = body.get(at).ok_or_else(|| cut("ModEx data", at))? & 0x0F;
        at = at.saturating_add(1);
    }
    Ok((packet, at))
}

fn four_cc(body: &Bytes, at: usize) -> Result<([u8; 4], Bytes), ParseError> {
    let code = body.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(|| cut("FourCC", at))?;
    Ok((*code, body.slice(at.saturating_add(4)..)))
}

fn signed_24([a, b, c]: [u8; 3]) -> i32 {
    i32::from_be_bytes([a, b, c, 0]) >> 8
}

fn cut(what: &'static str, at: usize) -> ParseError {
    ParseError::new(ParseErrorKind::Truncated { what }, "flv", None, at as u64)
}

const METADATA: u8 = 4;
const MULTITRACK_VIDEO: u8 = 6;
const MULTICHANNEL: u8 = 4;
const MULTITRACK_AUDIO: u8 = 5;
const MOD_EX: u8 = 7;

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    fn v(body: &'static [u8]) -> VideoTag {
        video(&Bytes::from_static(body)).unwrap()
    }

    fn a(body: &'static [u8]) -> AudioTag {
        audio(&Bytes::from_static(body)).unwrap()
    }

    #[test]
    fn h264_and_aac_in_their_old_clothes() {
        assert_eq!(v(b"\x17\0\0\0\0cfg"), VideoTag::AvcConfig(Bytes::from_static(b"cfg")));
        let unit = |composition_ms| VideoTag::AvcUnit { composition_ms, data: Bytes::from_static(b"nal") };
        assert_eq!(v(b"\x17\x01\0\0\x50nal"), unit(80));
        assert_eq!(v(b"\x27\x01\xFF\xFF\xD8nal"), unit(-40));
        assert_eq!(v(b"\x17\x02\0\0\0"), VideoTag::Aside);
        assert_eq!(v(b"\x57\0"), VideoTag::Aside);
        assert_eq!(a(b"\xAF\x00\x12\x10"), AudioTag::AacConfig(Bytes::from_static(b"\x12\x10")));
        assert_eq!(a(b"\xAF\x01raw"), AudioTag::AacUnit(Bytes::from_static(b"raw")));
    }

    #[test]
    fn h264_and_aac_over_enhanced_rtmp() {
        let unit = |composition_ms| VideoTag::AvcUnit { composition_ms, data: Bytes::from_static(b"nal") };
        assert_eq!(v(b"\x90avc1cfg"), VideoTag::AvcConfig(Bytes::from_static(b"cfg")));
        assert_eq!(v(b"\xA1avc1\xFF\xFF\xFFnal"), unit(-1));
        assert_eq!(v(b"\xA3avc1nal"), unit(0));
        assert_eq!(v(b"\xA2avc1"), VideoTag::Aside);
        assert_eq!(a(b"\x91mp4araw"), AudioTag::AacUnit(Bytes::from_static(b"raw")));
        // A ModEx block with a time stamp offset of three bytes, then CodedFramesX.
        assert_eq!(v(b"\xA7\x02\0\0\x01\x03avc1nal"), unit(0));
    }

    #[test]
    fn other_codecs_are_named() {
        let VideoTag::Other(codec) = v(b"\x90hvc1\0") else { panic!("not named") };
        assert_eq!(codec.to_string(), "hvc1 over enhanced RTMP");
        assert_eq!(a(b"\x90Opus\0"), AudioTag::Other(Codec::Enhanced(*b"Opus")));
        assert_eq!(a(b"\x95\0"), AudioTag::Other(Codec::Multitrack));
        let VideoTag::Other(codec) = v(b"\x14") else { panic!("not named") };
        assert_eq!(codec.to_string(), "VP6 over RTMP");
        assert_eq!(v(b"\xD4hvc1\x02"), VideoTag::Aside);
    }

    #[test]
    fn a_header_cut_anywhere_is_an_error() {
        let whole = b"\xA7\xFF\x01\x00aaaa";
        for len in 0..whole.len() {
            assert!(video(&Bytes::copy_from_slice(&whole[..len])).is_err(), "{len}");
        }
        assert!(audio(&Bytes::from_static(b"\xAF")).is_err());
        assert!(video(&Bytes::from_static(b"\x17\x01\0\0")).is_err());
        assert!(video(&Bytes::from_static(b"\xA1avc1\0\0")).is_err());
    }
}
