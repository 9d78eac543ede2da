//! Tags with a FourCC, and with several tracks (veovera, "Enhanced RTMP" v2, `ExVideoTagHeader`, `ExAudioTagHeader`).
//!
//! ```text
//! video | 1 | frame type 3 | packet type 4 |   audio | 9 in 4 bits | packet type 4 |
//!       [ ModEx: size 8 or 255 and 16, data, kind 4, packet type 4 ] …
//!       one track: | FourCC 32 | body           several: | multitrack type 4, packet type 4 | [FourCC 32] |
//!                                                        [ [FourCC 32] trackId 8 [size 24] body ] …
//! ```

use bytes::Bytes;

use super::{Codec, CodecName, Inner, MAX_TRACKS, Packet, PacketKind, cut, error, signed_24};
use crate::error::{LimitError, ParseError, ParseErrorKind};

/// The tracks of one tag, read one at a time.
#[derive(Debug)]
pub(super) struct Tracks {
    header: Header,
    /// The FourCC of all of them; none where each has its own.
    four_cc: Option<[u8; 4]>,
    layout: Layout,
    body: Bytes,
    at: usize,
    read: usize,
}

/// What the first bytes say of every track.
#[derive(Clone, Copy, Debug)]
struct Header {
    is_video: bool,
    packet_type: u8,
    is_key: bool,
    nanos: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// No number: the rest of the tag is track 0.
    Plain,
    /// A number, and the rest of the tag is its track.
    One,
    /// A number and a size for each.
    Many,
}

/// Reads up to where the tracks begin.
pub(super) fn open(body: &Bytes, is_video: bool) -> Inner {
    match Tracks::open(body, is_video) {
        Ok(Some(tracks)) => Inner::Tracks(tracks),
        Ok(None) => Inner::One(None),
        Err(error) => Inner::One(Some(Err(error))),
    }
}

impl Tracks {
    /// `None` where the tag says nothing to a decoder.
    fn open(body: &Bytes, is_video: bool) -> Result<Option<Self>, ParseError> {
        let first = *body.first().ok_or_else(|| cut("tag", 0))?;
        let frame_type = first >> 4 & 7;
        let is_key = !is_video || matches!(frame_type, 1 | 4);
        let header = Header { is_video, packet_type: first & 0x0F, is_key, nanos: 0 };
        let mut tracks = Self { header, four_cc: None, layout: Layout::Plain, body: body.clone(), at: 1, read: 0 };
        // Every turn moves forward by three bytes at least, so the body bounds the loop.
        while tracks.header.packet_type == MOD_EX {
            tracks.mod_ex()?;
        }
        // A command frame has one byte in place of everything; metadata describes colour and is not needed to decode.
        if is_video && (tracks.header.packet_type == METADATA || frame_type == COMMAND) {
            return Ok(None);
        }
        let multitrack = if is_video { MULTITRACK_VIDEO } else { MULTITRACK_AUDIO };
        let kind = if tracks.header.packet_type == multitrack {
            let [types] = tracks.take("AvMultitrackType")?;
            tracks.header.packet_type = types & 0x0F;
            if tracks.header.packet_type == multitrack || tracks.header.packet_type == MOD_EX {
                let value = tracks.header.packet_type.into();
                return Err(error(ParseErrorKind::Invalid { what: "packet type of a multitrack tag", value }, 1));
            }
            Some(types >> 4)
        } else {
            None
        };
        tracks.layout = match kind {
            None => Layout::Plain,
            Some(ONE_TRACK) => Layout::One,
            Some(MANY_TRACKS | MANY_CODECS) => Layout::Many,
            Some(other) => {
                let kind = ParseErrorKind::Unsupported { what: "AvMultitrackType", value: other.into() };
                return Err(error(kind, 1));
            }
        };
        if kind != Some(MANY_CODECS) {
            tracks.four_cc = Some(tracks.take("FourCC")?);
        }
        Ok(Some(tracks))
    }

    /// The next packet that says something to a decoder.
    pub(super) fn next(&mut self) -> Option<Result<Packet, ParseError>> {
        while self.read == 0 || (self.layout == Layout::Many && self.at < self.body.len()) {
            if self.read == MAX_TRACKS {
                self.at = self.body.len();
                let asked = MAX_TRACKS.saturating_add(1) as u64;
                let limit = LimitError { what: "tracks in one tag", ceiling: MAX_TRACKS as u64, asked };
                return Some(Err(error(limit.into(), self.at)));
            }
            self.read = self.read.saturating_add(1);
            match self.track() {
                Ok(Some(packet)) => return Some(Ok(packet)),
                Ok(None) => {}
                Err(error) => {
                    self.at = self.body.len();
                    return Some(Err(error));
                }
            }
        }
        None
    }

    fn track(&mut self) -> Result<Option<Packet>, ParseError> {
        let four_cc = match self.four_cc {
            Some(four_cc) => four_cc,
            None => self.take("FourCC")?,
        };
        let track = if self.layout == Layout::Plain { 0 } else { u8::from_be_bytes(self.take("trackId")?) };
        let size = if self.layout == Layout::Many {
            let [a, b, c] = self.take("size of track")?;
            u32::from_be_bytes([0, a, b, c]) as usize
        } else {
            self.body.len().saturating_sub(self.at)
        };
        let end = self.at.saturating_add(size);
        if end > self.body.len() {
            return Err(cut("track", self.at));
        }
        let data = self.body.slice(self.at..end);
        self.at = end;
        self.packet(four_cc, track, data)
    }

    fn packet(&self, four_cc: [u8; 4], track: u8, data: Bytes) -> Result<Option<Packet>, ParseError> {
        let Header { is_video, packet_type, is_key, nanos } = self.header;
        let codec = match (is_video, &four_cc) {
            (true, b"avc1") => Codec::H264,
            (true, b"hvc1") => Codec::Hevc,
            (true, b"av01") => Codec::Av1,
            (false, b"mp4a") => Codec::Aac,
            _ => Codec::Other(CodecName::Enhanced(four_cc)),
        };
        let has_composition_time = is_video && matches!(&four_cc, b"avc1" | b"hvc1" | b"vvc1");
        let unit = PacketKind::Unit { composition_ms: 0 };
        let (kind, data) = match packet_type {
            // veovera's own sample has a first SequenceStart without a record.
            SEQUENCE_START if data.is_empty() => return Ok(None),
            SEQUENCE_START => (PacketKind::Config, data),
            CODED_FRAMES if has_composition_time => {
                let offset = *data.first_chunk().ok_or_else(|| cut("composition time", self.at))?;
                (PacketKind::Unit { composition_ms: signed_24(offset) }, data.slice(3..))
            }
            CODED_FRAMES => (unit, data),
            CODED_FRAMES_X if is_video => (unit, data),
            _ => return Ok(None),
        };
        Ok(Some(Packet { track, codec, kind, is_key, nanos, data }))
    }

    /// Takes a block that modifies the packet after it; only nanoseconds are known.
    fn mod_ex(&mut self) -> Result<(), ParseError> {
        let [short] = self.take("ModEx size")?;
        let size = if short == u8::MAX { u16::from_be_bytes(self.take("ModEx size")?) } else { short.into() };
        let from = self.at;
        self.at = self.at.saturating_add(size.into()).saturating_add(1);
        let [types] = self.take("ModEx data")?;
        let data = self.body.get(from..).and_then(|data| data.get(..=size.into())).unwrap_or_default();
        // Three bytes at least, and below a millisecond; what is not is no offset.
        if types >> 4 == TIMESTAMP_OFFSET_NANO
            && let Some(&[a, b, c]) = data.first_chunk()
            && let nanos @ 0..=999_999 = u32::from_be_bytes([0, a, b, c])
        {
            self.header.nanos = nanos;
        }
        self.header.packet_type = types & 0x0F;
        Ok(())
    }

    fn take<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ParseError> {
        let bytes = self.body.get(self.at..).and_then(|rest| rest.first_chunk());
        let bytes = *bytes.ok_or_else(|| cut(what, self.at))?;
        self.at = self.at.saturating_add(N);
        Ok(bytes)
    }
}

const SEQUENCE_START: u8 = 0;
const CODED_FRAMES: u8 = 1;
const CODED_FRAMES_X: u8 = 3;
const METADATA: u8 = 4;
const MULTITRACK_VIDEO: u8 = 6;
const MULTITRACK_AUDIO: u8 = 5;
const MOD_EX: u8 = 7;
/// A video frame type: a command to the player.
const COMMAND: u8 = 5;
const TIMESTAMP_OFFSET_NANO: u8 = 0;
const ONE_TRACK: u8 = 0;
const MANY_TRACKS: u8 = 1;
const MANY_CODECS: u8 = 2;
