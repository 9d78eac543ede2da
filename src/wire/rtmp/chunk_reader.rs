//! Chunks to messages (RTMP 1.0 clause 5.3.1).
//!
//! ```text
//! | fmt 2 | csid 6, or 0: +1 byte, or 1: +2 bytes | message header 11, 7, 3 or 0 bytes | extended time 0 or 4 | payload
//! ```
//!
//! Carries out Set Chunk Size and Abort itself. A message that lies in one chunk and one read shares the memory of the
//! read; any other is put together in a buffer that grows with the bytes received, never with those announced. A type 3
//! chunk on an unknown chunk stream, a new header inside a message and anything over [`Ceilings`] end the session.

use bytes::{Buf, Bytes};

use super::{
    Message, MessageType,
    chunk_stream::{ChunkStream, Header, basic_header},
};
use crate::error::{LimitError, ParseError, ParseErrorKind};

/// How much a peer may make us hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ceilings {
    /// Bytes of one message.
    pub(crate) message: usize,
    /// Bytes of all messages that are not whole yet.
    pub(crate) partial: usize,
}

/// Puts the messages of one connection together.
#[derive(Debug)]
pub(crate) struct ChunkReader {
    ceilings: Ceilings,
    chunk_size: usize,
    streams: Vec<ChunkStream>,
    /// The chunk whose payload is being read.
    current: Option<Current>,
    /// The beginning of a header that a read cut.
    stash: Stash,
    /// Whether the peer repeats extended time stamps on type 3 chunks, as the specification says and as some encoders do
    /// not; nothing before the first of them.
    repeats_extended: Option<bool>,
    /// Bytes of all messages that are not whole yet.
    partial: usize,
    /// Bytes taken since the start of the session.
    offset: u64,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    stream: usize,
    missing: usize,
}

#[derive(Debug, Default)]
struct Stash {
    bytes: [u8; MAX_HEADER],
    len: usize,
}

impl ChunkReader {
    /// A reader that starts `offset` bytes into the session.
    pub(crate) fn new(ceilings: Ceilings, offset: u64) -> Self {
        Self {
            ceilings,
            chunk_size: 128,
            streams: Vec::new(),
            current: None,
            stash: Stash::default(),
            repeats_extended: None,
            partial: 0,
            offset,
        }
    }

    /// Takes from `input` up to the end of the next message; `None` once it is empty.
    ///
    /// # Errors
    /// The chunk stream is broken or over a ceiling; it cannot be read on.
    pub(crate) fn read(&mut self, input: &mut Bytes) -> Result<Option<Message>, ParseError> {
        loop {
            if self.current.is_none() {
                let Some(header) = self.header(input)? else { return Ok(None) };
                self.begin_chunk(header)?;
                self.take_peeked(header.size);
            }
            if let Some(message) = self.payload(input)? {
                self.obey(&message)?;
                return Ok(Some(message));
            }
            if input.is_empty() {
                return Ok(None);
            }
        }
    }

    /// Changes how much the peer may make us hold, from the next header on.
    pub(crate) fn set_ceilings(&mut self, ceilings: Ceilings) {
        self.ceilings = ceilings;
    }

    /// Bytes taken since the start of the session.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Audio and video messages that have begun and are not whole.
    pub(crate) fn media_in_parts(&self) -> u64 {
        let is_media = |stream: &&ChunkStream| matches!(stream.kind, MessageType::AUDIO | MessageType::VIDEO);
        self.streams.iter().filter(|stream| stream.is_in_message).filter(is_media).count() as u64
    }

    /// Bytes held of messages that are not whole yet.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.streams.iter().map(|stream| stream.body.capacity()).sum()
    }

    fn header(&mut self, input: &mut Bytes) -> Result<Option<Header>, ParseError> {
        if self.stash.len == 0
            && let Some(header) = self.parse_header(input)?
        {
            self.advance(input, header.size);
            return Ok(Some(header));
        }
        while let Some(&byte) = input.first() {
            self.stash.push(byte);
            if let Some(header) = self.parse_header(self.stash.as_slice())? {
                self.advance(input, 1);
                return Ok(Some(header));
            }
            self.advance(input, 1);
        }
        Ok(None)
    }

    /// The header at the start of `bytes`; `None` while it is cut.
    fn parse_header(&self, bytes: &[u8]) -> Result<Option<Header>, ParseError> {
        let Some((format, csid, rest)) = basic_header(bytes) else { return Ok(None) };
        let basic = bytes.len().saturating_sub(rest.len());
        if format == 3 {
            return self.parse_type_3(csid, basic, rest);
        }
        let fields = match format {
            0 => 11,
            1 => 7,
            _ => 3,
        };
        let Some((fields, rest)) = rest.split_at_checked(fields) else { return Ok(None) };
        let mut fields = fields;
        let mut header = Header {
            csid,
            time: fields.try_get_uint(3).ok().and_then(|time| time.try_into().ok()),
            extended: None,
            length: fields.try_get_uint(3).ok().and_then(|length| length.try_into().ok()),
            kind: MessageType(fields.try_get_u8().unwrap_or(0)),
            stream_id: fields.try_get_u32_le().ok(),
            size: bytes.len().saturating_sub(rest.len()),
        };
        if header.time == Some(0xFF_FFFF) {
            let Some(&extended) = rest.first_chunk() else { return Ok(None) };
            header.extended = Some(u32::from_be_bytes(extended));
            header.time = header.extended;
            header.size = header.size.saturating_add(4);
        }
        Ok(Some(header))
    }

    /// A type 3 header is empty, but for the extended time stamp that it repeats in one dialect and not in the other. Four
    /// bytes ahead tell: they are the time stamp, or they are payload. Where there is less payload than that, the dialect is
    /// known from other chunks or, at first, what payload there is must do.
    fn parse_type_3(&self, csid: u32, basic: usize, rest: &[u8]) -> Result<Option<Header>, ParseError> {
        let Some(stream) = self.streams.iter().find(|stream| stream.csid == csid) else {
            let kind = ParseErrorKind::Invalid { what: "type of the first chunk", value: 3 };
            return Err(self.error(kind, csid));
        };
        let kind = stream.kind;
        let mut header = Header { csid, time: None, extended: None, length: None, kind, stream_id: None, size: basic };
        let Some(extended) = stream.extended else { return Ok(Some(header)) };
        let payload = stream.chunk_len(self.chunk_size).min(4);
        let is_repeated = match self.repeats_extended {
            Some(repeats) if payload < 4 => repeats,
            _ => {
                let Some(ahead) = rest.get(..payload) else { return Ok(None) };
                extended.to_be_bytes().starts_with(ahead)
            }
        };
        if is_repeated {
            if rest.len() < 4 {
                return Ok(None);
            }
            header.extended = Some(extended);
            header.size = basic.saturating_add(4);
        }
        Ok(Some(header))
    }

    fn begin_chunk(&mut self, header: Header) -> Result<(), ParseError> {
        let at = self.stream_at(&header)?;
        let (ceilings, chunk_size) = (self.ceilings, self.chunk_size);
        let Some(stream) = self.streams.get_mut(at) else { return Ok(()) };
        let limit = match header.time {
            Some(_) if stream.is_in_message => {
                let kind = ParseErrorKind::Invalid { what: "chunk header inside a message", value: 0 };
                return Err(self.error(kind, header.csid));
            }
            Some(time) => stream.take_header(&header, time),
            None => {
                if stream.extended.is_some() {
                    self.repeats_extended = Some(header.extended.is_some());
                }
                stream.continue_or_repeat()
            }
        };
        stream.is_in_message = true;
        if limit > ceilings.message {
            return Err(self.over("RTMP message", ceilings.message, limit, header.csid));
        }
        let missing = stream.chunk_len(chunk_size);
        self.current = Some(Current { stream: at, missing });
        Ok(())
    }

    fn stream_at(&mut self, header: &Header) -> Result<usize, ParseError> {
        if let Some(at) = self.streams.iter().position(|stream| stream.csid == header.csid) {
            return Ok(at);
        }
        // librtmp opens chunk stream 2 with a type 1 header, so that is enough; type 2 says no length.
        if header.length.is_none() {
            let kind = ParseErrorKind::Invalid { what: "type of the first chunk", value: 2 };
            return Err(self.error(kind, header.csid));
        }
        let at = self.streams.len();
        if at >= MAX_STREAMS {
            return Err(self.over("RTMP chunk streams", MAX_STREAMS, at.saturating_add(1), header.csid));
        }
        self.streams.push(ChunkStream::new(header.csid));
        Ok(at)
    }

    /// Empties the stash; what lies after the `size` bytes of the header was looked at ahead of its turn and is payload.
    fn take_peeked(&mut self, size: usize) {
        let peeked = self.stash.as_slice().get(size..).unwrap_or_default();
        if let Some(current) = &mut self.current
            && let Some(stream) = self.streams.get_mut(current.stream)
        {
            // Nobody looks ahead further than the payload of the chunk goes.
            stream.body.extend_from_slice(peeked);
            current.missing = current.missing.saturating_sub(peeked.len());
            self.partial = self.partial.saturating_add(peeked.len());
        }
        self.stash.len = 0;
    }

    /// Takes payload of the current chunk from `input`; gives the message when it is whole.
    fn payload(&mut self, input: &mut Bytes) -> Result<Option<Message>, ParseError> {
        let Some(current) = &mut self.current else { return Ok(None) };
        let at = current.stream;
        let Some(stream) = self.streams.get_mut(at) else { return Ok(None) };
        let taken = current.missing.min(input.len());
        current.missing = current.missing.saturating_sub(taken);
        if current.missing == 0 {
            self.current = None;
        }
        self.offset = self.offset.saturating_add(taken as u64);
        if stream.body.is_empty() && taken == stream.length {
            return Ok(Some(stream.end_message(input.split_to(taken))));
        }
        self.partial = self.partial.saturating_add(taken);
        if self.partial > self.ceilings.partial {
            let csid = stream.csid;
            return Err(self.over("RTMP messages in parts", self.ceilings.partial, self.partial, csid));
        }
        if stream.body.capacity().saturating_sub(stream.body.len()) < taken {
            self.make_room(at, taken, input.len());
        }
        let Some(stream) = self.streams.get_mut(at) else { return Ok(None) };
        stream.body.extend_from_slice(input.get(..taken).unwrap_or_default());
        input.advance(taken);
        if stream.body.len() < stream.length {
            return Ok(None);
        }
        self.partial = self.partial.saturating_sub(stream.length);
        // The buffer goes with the message: a spare one on each chunk stream could add up to much more than the ceiling.
        let body = std::mem::take(&mut stream.body);
        Ok(Some(stream.end_message(body.freeze())))
    }

    /// Room for `taken` more bytes of a message, of which `in_hand` may be there: for all of the message where the empty room of
    /// all messages stays small, so that it is never moved. Else for what is in hand, but never more than twice what came of
    /// it before: the rest of the read may belong to 63 others.
    fn make_room(&mut self, at: usize, taken: usize, in_hand: usize) {
        let empty = |stream: &ChunkStream| stream.body.capacity().saturating_sub(stream.body.len());
        let promised = self.streams.iter().map(empty).fold(0, usize::saturating_add);
        let most_promised = MOST_PROMISED.min(self.ceilings.partial);
        let Some(stream) = self.streams.get_mut(at) else { return };
        let wanted = stream.length.saturating_sub(stream.body.len());
        let room = if promised.saturating_add(wanted) <= most_promised {
            wanted
        } else {
            wanted.min(in_hand).min(stream.body.len().saturating_mul(2).saturating_add(FIRST_ROOM))
        };
        stream.body.reserve(room.max(taken));
    }

    /// Carries out what concerns the chunk stream itself (clauses 5.4.1 and 5.4.2).
    fn obey(&mut self, message: &Message) -> Result<(), ParseError> {
        if message.kind != MessageType::SET_CHUNK_SIZE && message.kind != MessageType::ABORT {
            return Ok(());
        }
        let number = message.payload.first_chunk().map(|number| u32::from_be_bytes(*number));
        let number = number
            .ok_or_else(|| self.error(ParseErrorKind::Truncated { what: "RTMP control message" }, message.csid))?;
        if message.kind == MessageType::ABORT {
            if let Some(stream) = self.streams.iter_mut().find(|stream| stream.csid == number) {
                // The buffer goes, too: a chunk stream may never be used again.
                self.partial = self.partial.saturating_sub(std::mem::take(&mut stream.body).len());
                stream.is_in_message = false;
            }
            return Ok(());
        }
        if number == 0 || number > 0x7FFF_FFFF {
            let value = number.into();
            return Err(self.error(ParseErrorKind::Invalid { what: "RTMP chunk size", value }, message.csid));
        }
        // No message is longer than 0xFFFFFF, so neither is a chunk.
        self.chunk_size = usize::try_from(number.min(0xFF_FFFF)).unwrap_or(0xFF_FFFF);
        Ok(())
    }

    fn advance(&mut self, input: &mut Bytes, len: usize) {
        input.advance(len.min(input.len()));
        self.offset = self.offset.saturating_add(len as u64);
    }

    fn over(&self, what: &'static str, ceiling: usize, asked: usize, csid: u32) -> ParseError {
        self.error(LimitError { what, ceiling: ceiling as u64, asked: asked as u64 }.into(), csid)
    }

    fn error(&self, kind: ParseErrorKind, csid: u32) -> ParseError {
        ParseError::new(kind, "rtmp", Some(csid), self.offset)
    }
}

impl Stash {
    fn push(&mut self, byte: u8) {
        // A header that fills the stash has been parsed, so there is always room.
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len = self.len.saturating_add(1);
        }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Three bytes of basic header, eleven of message header, four of extended time stamp.
const MAX_HEADER: usize = 18;
const MAX_STREAMS: usize = 64;
/// Room that a message gets with its first bytes, where it announces as much and no more is left of [`MOST_PROMISED`].
const FIRST_ROOM: usize = 4096;
/// Empty room of all messages that are not whole, up to which one gets all that it announces: what 64 first rooms add up to.
const MOST_PROMISED: usize = MAX_STREAMS * FIRST_ROOM;
