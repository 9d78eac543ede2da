//! RTMP: handshake, chunk stream and control messages (Adobe, "RTMP Specification" 1.0, 2012-12-21, clauses 5.2 to 5.4 and 7.1).
//!
//! Server side, sans-IO. Knows how messages travel and nothing of what commands and tags mean. RTMPE, RTMPT and AMF 3
//! objects are refused. To read one more control message, add it to `control.rs`.

mod aggregate;
mod chunk_reader;
mod chunk_stream;
mod chunk_writer;
mod control;
mod handshake;
mod message;

pub(crate) use aggregate::Aggregate;
pub(crate) use chunk_reader::{Ceilings, ChunkReader};
pub(crate) use chunk_writer::ChunkWriter;
pub(crate) use control::Control;
pub(crate) use handshake::{HANDSHAKE_LEN, Handshake};
pub(crate) use message::{Message, MessageType};

#[cfg(test)]
mod tests;
