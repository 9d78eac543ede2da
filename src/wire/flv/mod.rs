//! Bodies of FLV audio and video tags, which are also the bodies of RTMP messages 8 and 9; and, for HDS, whole tags written.
//!
//! Adobe, "Video File Format Specification" version 10.1, Annex E.4.2 and E.4.3; veovera, "Enhanced RTMP" v2, sections
//! "Enhanced Audio" and "Enhanced Video": one tag may hold a packet of each of several tracks. H.264 and AAC are opened in
//! both forms, HEVC and AV1 in the enhanced one; of every other codec only the name is read. What says nothing to a decoder
//! (end of sequence, seek commands, HDR metadata, speaker positions) is left out. Payloads share the memory of the body.
//! To take one more codec, give [`Codec`] a variant and a FourCC arm.

mod enhanced;
mod legacy;
mod tag;

use bytes::Bytes;

use crate::error::{ParseError, ParseErrorKind};

#[cfg(test)]
pub(crate) use tag::read_tags;
pub(crate) use tag::{TagKind, TagStart, TagWriter, aac_head, avc_head, mp3_head};

/// What a tag carries for one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// The trackId; 0 where the tag has one track and no number for it.
    pub(crate) track: u8,
    pub(crate) codec: Codec,
    pub(crate) kind: PacketKind,
    /// The publisher says that a decoder can start here; always so for sound.
    pub(crate) is_key: bool,
    /// What the tag's time stamp leaves out, 0 to 999 999 ns.
    pub(crate) nanos: u32,
    pub(crate) data: Bytes,
}

/// What the data of a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PacketKind {
    /// The codec's set-up record: avcC, hvcC, av1C, AudioSpecificConfig.
    Config,
    /// One access unit; `composition_ms` is signed, PTS less DTS.
    Unit { composition_ms: i32 },
}

/// How a packet is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// Access units of length-prefixed NAL units.
    H264,
    /// Access units of length-prefixed NAL units.
    Hevc,
    /// Temporal units of low-overhead OBUs.
    Av1,
    /// Raw data blocks.
    Aac,
    /// One that is not opened.
    Other(CodecName),
}

/// The name of a codec, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodecName {
    /// By its number in the first byte of the tag.
    Legacy(&'static str),
    /// By a FourCC.
    Enhanced([u8; 4]),
}

/// The packets of one tag in turn; nothing comes after an error.
#[derive(Debug)]
pub(crate) struct Packets(Inner);

#[derive(Debug)]
enum Inner {
    One(Option<Result<Packet, ParseError>>),
    Tracks(enhanced::Tracks),
}

/// Packets of one tag: the tracks that are taken of a kind, and so the most that may come at once.
pub(crate) const MAX_TRACKS: usize = 8;

/// Reads the body of a video tag. An error says that a header or a track's size does not fit into it.
pub(crate) fn video(body: &Bytes) -> Packets {
    Packets(match body.first() {
        Some(first) if first & 0x80 != 0 => enhanced::open(body, true),
        _ => Inner::One(legacy::video(body).transpose()),
    })
}

/// Reads the body of an audio tag. An error says that a header or a track's size does not fit into it.
pub(crate) fn audio(body: &Bytes) -> Packets {
    Packets(match body.first() {
        Some(first) if first >> 4 == 9 => enhanced::open(body, false),
        _ => Inner::One(legacy::audio(body).transpose()),
    })
}

impl Iterator for Packets {
    type Item = Result<Packet, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::One(packet) => packet.take(),
            Inner::Tracks(tracks) => tracks.next(),
        }
    }
}

impl std::fmt::Display for CodecName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Legacy(name) => write!(f, "{name} over RTMP"),
            Self::Enhanced(four_cc) => write!(f, "{} over enhanced RTMP", four_cc.escape_ascii()),
        }
    }
}

fn signed_24([a, b, c]: [u8; 3]) -> i32 {
    i32::from_be_bytes([a, b, c, 0]) >> 8
}

fn error(kind: ParseErrorKind, at: usize) -> ParseError {
    ParseError::new(kind, "flv", None, at as u64)
}

fn cut(what: &'static str, at: usize) -> ParseError {
    error(ParseErrorKind::Truncated { what }, at)
}

#[cfg(test)]
mod tests;
