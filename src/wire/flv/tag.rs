//! Writes tags one behind the other, each with its size after it (Adobe, "Video File Format Specification" version 10.1, Annex
//! E.4.1), with the bodies that came before 2023 (E.4.2.1, E.4.3.1).
//!
//! A long payload is shared and not copied; a short one is copied between its neighbours' headers, since a slice costs a
//! reference count and an entry of `writev`. Refused: a body over 24 bits of size. There is no file header: HDS has none.

use bytes::Bytes;

use super::{PacketKind, error};
use crate::{
    error::{LimitError, ParseError},
    media::Body,
};

/// Writes tags.
#[derive(Debug)]
pub(crate) struct TagWriter {
    /// What is new.
    fresh: Vec<u8>,
    /// Payloads that are shared, each with how much of `fresh` stands before it.
    shared: Vec<(usize, Bytes)>,
    len: u64,
}

/// What a tag holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagKind {
    Audio = 8,
    Video = 9,
    Script = 18,
}

/// Where a tag stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TagStart {
    pub(crate) kind: TagKind,
    /// Milliseconds; goes round after 49.7 days.
    pub(crate) time: u32,
}

/// Payloads from this many bytes on are shared.
const SHARE_FROM: usize = 512;
/// Bytes that the body of a tag may have.
const MAX_BODY: usize = 0xFF_FFFF;
/// Bytes before the body of a tag.
const HEADER: usize = 11;

impl TagWriter {
    /// A writer for about so many tags.
    pub(crate) fn for_tags(tags: usize) -> Self {
        Self { fresh: Vec::with_capacity(tags.saturating_mul(32)), shared: Vec::new(), len: 0 }
    }

    /// A tag whose body is `head` and then `payload`.
    ///
    /// # Errors
    /// The body is over the ceiling; nothing was written.
    pub(crate) fn tag(&mut self, start: TagStart, head: &[u8], payload: &Bytes) -> Result<(), ParseError> {
        let body = head.len().saturating_add(payload.len());
        let size = u32::try_from(body).ok().filter(|_| body <= MAX_BODY).ok_or_else(|| {
            let limit = LimitError { what: "FLV tag bytes", ceiling: MAX_BODY as u64, asked: body as u64 };
            error(limit.into(), 0)
        })?;
        let ([_, s0, s1, s2], [extended, t0, t1, t2]) = (size.to_be_bytes(), start.time.to_be_bytes());
        self.fresh.extend_from_slice(&[start.kind as u8, s0, s1, s2, t0, t1, t2, extended, 0, 0, 0]);
        self.fresh.extend_from_slice(head);
        if payload.len() < SHARE_FROM {
            self.fresh.extend_from_slice(payload);
        } else {
            self.shared.push((self.fresh.len(), payload.clone()));
        }
        // PreviousTagSize.
        self.fresh.extend_from_slice(&size.saturating_add(HEADER as u32).to_be_bytes());
        self.len = self.len.saturating_add(u64::from(size)).saturating_add(HEADER as u64).saturating_add(4);
        Ok(())
    }

    /// Bytes so far.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// Everything, behind `before`.
    pub(crate) fn finish(self, before: Bytes) -> Body {
        let fresh = Bytes::from(self.fresh);
        let mut parts = Vec::with_capacity(self.shared.len().saturating_mul(2).saturating_add(2));
        parts.push(before);
        let mut at = 0;
        for (end, payload) in self.shared {
            parts.extend([fresh.slice(at..end), payload]);
            at = end;
        }
        parts.push(fresh.slice(at..));
        parts.into()
    }
}

/// What stands before the record or the NAL units of an H.264 tag.
pub(crate) fn avc_head(is_key: bool, kind: PacketKind) -> [u8; 5] {
    let first = if is_key { 0x17 } else { 0x27 };
    let (packet_type, composition) = match kind {
        PacketKind::Config => (0, 0),
        PacketKind::Unit { composition_ms } => (1, composition_ms.clamp(-0x80_0000, 0x7F_FFFF)),
    };
    let [_, a, b, c] = composition.to_be_bytes();
    [first, packet_type, a, b, c]
}

/// What stands before the AudioSpecificConfig or the raw data block of an AAC tag. Rate and channels are always given as 44.1 kHz
/// and stereo: the configuration says what is true.
pub(crate) const fn aac_head(kind: PacketKind) -> [u8; 2] {
    [0xAF, matches!(kind, PacketKind::Unit { .. }) as u8]
}

/// What stands before a frame of MPEG audio, layer III; `None` for a sample rate that this byte has no room for.
pub(crate) const fn mp3_head(sample_rate: u32, channels: u8) -> Option<[u8; 1]> {
    let rate = match sample_rate {
        11_025 => 1,
        22_050 => 2,
        44_100 => 3,
        _ => return None,
    };
    // Format 2, samples of 16 bits.
    Some([0x22 | rate << 2 | (channels > 1) as u8])
}

/// The tags in `bytes`: each its first byte, its time and its body.
#[cfg(test)]
pub(crate) fn read_tags(bytes: &Bytes) -> Vec<(u8, u32, Bytes)> {
    let (mut rest, mut tags) = (bytes.clone(), Vec::new());
    while !rest.is_empty() {
        let head = rest.split_to(HEADER);
        let size = u32::from_be_bytes([0, head[1], head[2], head[3]]);
        assert_eq!(head[8..], [0, 0, 0]);
        tags.push((head[0], u32::from_be_bytes([head[7], head[4], head[5], head[6]]), rest.split_to(size as usize)));
        assert_eq!(rest.split_to(4)[..], (size + 11).to_be_bytes());
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::flv::{self, Codec};

    const VIDEO: TagStart = TagStart { kind: TagKind::Video, time: 0x8123_4567 };

    #[test]
    fn a_tag_is_these_bytes() {
        let mut out = TagWriter::for_tags(1);
        let head = avc_head(true, PacketKind::Unit { composition_ms: 80 });
        out.tag(VIDEO, &head, &Bytes::from_static(b"nal")).unwrap();
        assert_eq!(out.len(), 23);
        let wanted = b"mdat\x09\0\0\x08\x23\x45\x67\x81\0\0\0\x17\x01\0\0\x50nal\0\0\0\x13";
        assert_eq!(out.finish(Bytes::from_static(b"mdat")).to_bytes(), &wanted[..]);
    }

    #[test]
    fn what_is_long_is_shared_and_read_again() {
        let mut out = TagWriter::for_tags(3);
        let long = Bytes::from(vec![7; 4000]);
        let key = avc_head(false, PacketKind::Unit { composition_ms: -40 });
        out.tag(VIDEO, &key, &long).unwrap();
        let sound = TagStart { kind: TagKind::Audio, time: 5 };
        out.tag(sound, &aac_head(PacketKind::Config), &Bytes::from_static(b"\x12\x10")).unwrap();
        out.tag(sound, &aac_head(PacketKind::Unit { composition_ms: 0 }), &long).unwrap();
        let (len, body) = (out.len(), out.finish(Bytes::new()));
        assert_eq!((body.len() as u64, body.parts().len()), (len, 5));
        assert!(body.parts().iter().filter(|part| part.as_ptr() == long.as_ptr()).count() == 2);
        let tags = read_tags(&body.to_bytes());
        let packet = flv::video(&tags[0].2).next().unwrap().unwrap();
        assert_eq!((packet.codec, packet.kind), (Codec::H264, PacketKind::Unit { composition_ms: -40 }));
        assert_eq!((tags[0].0, tags[0].1, packet.is_key, packet.data), (9, 0x8123_4567, false, long));
        let packet = flv::audio(&tags[1].2).next().unwrap().unwrap();
        assert_eq!((tags[1].0, tags[1].1, packet.codec, packet.kind), (8, 5, Codec::Aac, PacketKind::Config));
    }

    #[test]
    fn times_of_composition_stay_in_24_bits_and_bodies_too() {
        let head = |composition_ms| avc_head(false, PacketKind::Unit { composition_ms });
        assert_eq!(head(i32::MAX), *b"\x27\x01\x7F\xFF\xFF");
        assert_eq!(head(i32::MIN), *b"\x27\x01\x80\0\0");
        let mut out = TagWriter::for_tags(1);
        let error = out.tag(VIDEO, &head(0), &Bytes::from(vec![0; MAX_BODY - 4])).unwrap_err();
        assert_eq!((error.code(), out.len()), ("LIMIT_EXCEEDED", 0));
        out.tag(VIDEO, &head(0), &Bytes::from(vec![0; MAX_BODY - 5])).unwrap();
    }

    #[test]
    fn layer_three_has_three_rates() {
        assert_eq!(mp3_head(44_100, 2), Some([0x2F]));
        assert_eq!(mp3_head(22_050, 1), Some([0x2A]));
        assert_eq!(mp3_head(48_000, 2), None);
    }
}
