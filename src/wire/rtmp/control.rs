//! Protocol control and user control messages (RTMP 1.0 clauses 5.4 and 7.1.7).
//!
//! Set Chunk Size and Abort concern the chunk stream alone: the reader carries them out.

use bytes::{BufMut, Bytes, BytesMut};

use super::{Message, MessageType};
use crate::error::{ParseError, ParseErrorKind};

/// What a control message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// The peer wants an acknowledgement each time it has sent so many bytes.
    Window(u32),
    /// The peer wants this value back.
    Ping(u32),
    /// Nothing that a receiver of a publication answers.
    Aside,
}

impl Control {
    /// Reads a message of type 1 to 6; anything else is aside.
    ///
    /// # Errors
    /// The message is cut short.
    pub(crate) fn parse(message: &Message) -> Result<Self, ParseError> {
        let payload = &message.payload[..];
        match message.kind {
            MessageType::WINDOW_ACK_SIZE => u32_at(payload, 0, message.csid).map(Self::Window),
            MessageType::USER_CONTROL => match payload.first_chunk() {
                Some(&event) if u16::from_be_bytes(event) == PING_REQUEST => {
                    u32_at(payload, 2, message.csid).map(Self::Ping)
                }
                _ => Ok(Self::Aside),
            },
            _ => Ok(Self::Aside),
        }
    }

    /// The body of an Acknowledgement, Window Acknowledgement Size or Set Chunk Size message.
    pub(crate) fn number(value: u32) -> Bytes {
        Bytes::copy_from_slice(&value.to_be_bytes())
    }

    /// The body of a Set Peer Bandwidth message with limit type Dynamic.
    pub(crate) fn bandwidth(bytes: u32) -> Bytes {
        let mut body = BytesMut::with_capacity(5);
        body.put_u32(bytes);
        body.put_u8(2);
        body.freeze()
    }

    /// The body of the user control message that answers a ping.
    pub(crate) fn pong(value: u32) -> Bytes {
        user(PING_RESPONSE, value)
    }

    /// The body of the user control message that opens a message stream.
    pub(crate) fn stream_begin(stream_id: u32) -> Bytes {
        user(STREAM_BEGIN, stream_id)
    }
}

fn user(event: u16, value: u32) -> Bytes {
    let mut body = BytesMut::with_capacity(6);
    body.put_u16(event);
    body.put_u32(value);
    body.freeze()
}

fn u32_at(payload: &[u8], at: usize, csid: u32) -> Result<u32, ParseError> {
    let bytes = payload.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map(|bytes| u32::from_be_bytes(*bytes)).ok_or_else(|| {
        ParseError::new(ParseErrorKind::Truncated { what: "control message" }, "rtmp", Some(csid), at as u64)
    })
}

const STREAM_BEGIN: u16 = 0;
const PING_REQUEST: u16 = 6;
const PING_RESPONSE: u16 = 7;
