//! Tags as they were before 2023: one track, and a codec by its number (FLV 10.1 Annex E.4.2.1 and E.4.3.1).

use bytes::Bytes;

use super::{Codec, CodecName, Packet, PacketKind, cut, signed_24};
use crate::error::ParseError;

/// Reads the body of a video tag; `None` where it says nothing to a decoder.
pub(super) fn video(body: &Bytes) -> Result<Option<Packet>, ParseError> {
    let (&first, rest) = body.split_first().ok_or_else(|| cut("video tag", 0))?;
    // Frame type 5 is a command to the player, not a picture.
    if first >> 4 == 5 {
        return Ok(None);
    }
    let name = match first & 0x0F {
        7 => {
            let &[kind, a, b, c] = rest.first_chunk().ok_or_else(|| cut("AVCPacketType", 1))?;
            let kind = match kind {
                0 => PacketKind::Config,
                1 => PacketKind::Unit { composition_ms: signed_24([a, b, c]) },
                _ => return Ok(None),
            };
            let is_key = matches!(first >> 4, 1 | 4);
            return Ok(Some(packet(Codec::H264, kind, is_key, body.slice(5..))));
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
    Ok(Some(other(name, body)))
}

/// Reads the body of an audio tag; `None` where it says nothing to a decoder.
pub(super) fn audio(body: &Bytes) -> Result<Option<Packet>, ParseError> {
    let (&first, rest) = body.split_first().ok_or_else(|| cut("audio tag", 0))?;
    let name = match first >> 4 {
        10 => {
            let kind = match rest.first().ok_or_else(|| cut("AACPacketType", 1))? {
                0 => PacketKind::Config,
                1 => PacketKind::Unit { composition_ms: 0 },
                _ => return Ok(None),
            };
            return Ok(Some(packet(Codec::Aac, kind, true, body.slice(2..))));
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
    Ok(Some(other(name, body)))
}

fn other(name: &'static str, body: &Bytes) -> Packet {
    let codec = Codec::Other(CodecName::Legacy(name));
    packet(codec, PacketKind::Unit { composition_ms: 0 }, false, body.slice(1..))
}

fn packet(codec: Codec, kind: PacketKind, is_key: bool, data: Bytes) -> Packet {
    Packet { track: 0, codec, kind, is_key, nanos: 0, data }
}
