//! Messages to chunks (RTMP 1.0 clause 5.3.1), for the little that a server has to say.
//!
//! Every message starts with a type 0 header and time stamp 0: replies are rare, so nothing is saved by compressing headers.

use bytes::{BufMut, Bytes, BytesMut};

use super::{Control, MessageType};

/// Cuts outgoing messages into chunks.
#[derive(Clone, Debug)]
pub(crate) struct ChunkWriter {
    chunk_size: usize,
}

impl ChunkWriter {
    /// A writer with the size that every connection starts with.
    pub(crate) const fn new() -> Self {
        Self { chunk_size: 128 }
    }

    /// A Set Chunk Size message; chunks after it have the new size (1 to 0xFFFFFF bytes).
    pub(crate) fn set_chunk_size(&mut self, size: u32) -> Bytes {
        let message = self.message(CONTROL_CSID, MessageType::SET_CHUNK_SIZE, 0, &Control::number(size));
        self.chunk_size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        message
    }

    /// A control message on its own chunk stream.
    pub(crate) fn control(&self, kind: MessageType, payload: &[u8]) -> Bytes {
        self.message(CONTROL_CSID, kind, 0, payload)
    }

    /// A message in chunks; `csid` is 2 to 63, `payload` under 16 MiB.
    pub(crate) fn message(&self, csid: u8, kind: MessageType, stream_id: u32, payload: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(payload.len().saturating_add(16));
        out.put_u8(csid & 0x3F);
        out.put_uint(0, 3);
        out.put_uint(payload.len() as u64, 3);
        out.put_u8(kind.0);
        out.put_u32_le(stream_id);
        for (index, chunk) in payload.chunks(self.chunk_size).enumerate() {
            if index > 0 {
                out.put_u8(0xC0 | csid & 0x3F);
            }
            out.put_slice(chunk);
        }
        out.freeze()
    }
}

const CONTROL_CSID: u8 = 2;
