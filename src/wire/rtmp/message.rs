//! Messages and their types (RTMP 1.0 clauses 5.4, 6.1 and 7.1).

use bytes::Bytes;

/// One whole message of a chunk stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The chunk stream that carried it, 2 to 65 599.
    pub(crate) csid: u32,
    /// What it is.
    pub(crate) kind: MessageType,
    /// The message stream; 0 is the connection itself.
    pub(crate) stream_id: u32,
    /// Milliseconds, wrapping at 2^32.
    pub(crate) timestamp: u32,
    /// Its body.
    pub(crate) payload: Bytes,
}

/// A message type id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageType(pub(crate) u8);

impl MessageType {
    pub(crate) const SET_CHUNK_SIZE: Self = Self(1);
    pub(crate) const ABORT: Self = Self(2);
    pub(crate) const ACK: Self = Self(3);
    pub(crate) const USER_CONTROL: Self = Self(4);
    pub(crate) const WINDOW_ACK_SIZE: Self = Self(5);
    pub(crate) const SET_PEER_BANDWIDTH: Self = Self(6);
    pub(crate) const AUDIO: Self = Self(8);
    pub(crate) const VIDEO: Self = Self(9);
    pub(crate) const DATA_AMF3: Self = Self(15);
    pub(crate) const COMMAND_AMF3: Self = Self(17);
    pub(crate) const DATA_AMF0: Self = Self(18);
    pub(crate) const COMMAND_AMF0: Self = Self(20);
    pub(crate) const AGGREGATE: Self = Self(22);
}
