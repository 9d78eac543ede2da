//! Chunk headers and what a chunk stream remembers from one to the next (RTMP 1.0 clauses 5.3.1.1 to 5.3.1.3).

use bytes::{Bytes, BytesMut};

use super::{Message, MessageType};

/// What a chunk stream remembers for headers that leave things out.
#[derive(Debug)]
pub(super) struct ChunkStream {
    pub(super) csid: u32,
    pub(super) kind: MessageType,
    pub(super) stream_id: u32,
    pub(super) length: usize,
    timestamp: u32,
    delta: u32,
    /// The extended time stamp of the last header that had one in full.
    pub(super) extended: Option<u32>,
    pub(super) is_in_message: bool,
    pub(super) body: BytesMut,
}

/// A chunk header as it stands on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) csid: u32,
    /// Time stamp or delta, extended where it is; nothing for type 3.
    pub(super) time: Option<u32>,
    pub(super) extended: Option<u32>,
    pub(super) length: Option<usize>,
    pub(super) kind: MessageType,
    /// Type 0 only.
    pub(super) stream_id: Option<u32>,
    /// Bytes it takes.
    pub(super) size: usize,
}

impl ChunkStream {
    pub(super) fn new(csid: u32) -> Self {
        Self {
            csid,
            kind: MessageType(0),
            stream_id: 0,
            length: 0,
            timestamp: 0,
            delta: 0,
            extended: None,
            is_in_message: false,
            body: BytesMut::new(),
        }
    }

    /// Payload bytes of the chunk that comes next.
    pub(super) fn chunk_len(&self, chunk_size: usize) -> usize {
        let missing = if self.is_in_message { self.length.saturating_sub(self.body.len()) } else { self.length };
        missing.min(chunk_size)
    }

    /// Starts a message with a header of type 0, 1 or 2; gives its length.
    pub(super) fn take_header(&mut self, header: &Header, time: u32) -> usize {
        if let Some(stream_id) = header.stream_id {
            self.stream_id = stream_id;
            self.timestamp = time;
            // A type 3 header that starts the next message adds the time stamp once more (clause 5.3.1.2.4), and FFmpeg
            // writes one wherever the delta happens to be that number. Others mean "the same time" by it, and must where
            // the number is too long for the distance of two messages of one length.
            self.delta = if time <= LONGEST_DELTA { time } else { 0 };
        } else {
            self.delta = time;
            self.timestamp = self.timestamp.wrapping_add(time);
        }
        if let Some(length) = header.length {
            self.length = length;
            self.kind = header.kind;
        }
        self.extended = header.extended;
        self.length
    }

    pub(super) fn end_message(&mut self, payload: Bytes) -> Message {
        self.is_in_message = false;
        let &mut Self { csid, kind, stream_id, timestamp, .. } = self;
        Message { csid, kind, stream_id, timestamp, payload }
    }

    /// Goes on with a message, or starts one like the last (type 3); gives its length.
    pub(super) fn continue_or_repeat(&mut self) -> usize {
        if !self.is_in_message {
            self.timestamp = self.timestamp.wrapping_add(self.delta);
        }
        self.length
    }
}

/// Format and chunk stream id (clause 5.3.1.1), with the bytes after them.
pub(super) fn basic_header(bytes: &[u8]) -> Option<(u8, u32, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let format = first >> 6;
    match first & 0x3F {
        0 => {
            let (&low, rest) = rest.split_first()?;
            Some((format, u32::from(low).saturating_add(64), rest))
        }
        1 => {
            let (&low_high, rest) = rest.split_first_chunk()?;
            Some((format, u32::from(u16::from_le_bytes(low_high)).saturating_add(64), rest))
        }
        short => Some((format, short.into(), rest)),
    }
}

/// Milliseconds: a picture each second is the least that is usual.
const LONGEST_DELTA: u32 = 1000;
