//! MPEG-2 transport stream (ISO/IEC 13818-1:2023): packets, continuity, sections, PAT, PMT, PES headers.
//!
//! Bytes in any cut go through [`Framer`], which yields whole packets without copying; [`Continuity`] says what is missing
//! on a PID; [`Sections`] and [`PesReader`] put payloads together. The other way, [`Program`] writes tables and [`Muxer`] PES
//! packets. Nothing here picks a program or knows a codec. To add a table, add a file with a `parse(&Table)`; to add a stream
//! type, add a const and a name to `pmt.rs`.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod continuity;
mod crc;
mod framer;
mod muxer;
mod packet;
mod pat;
mod pes;
mod pmt;
mod program;
mod section;

pub(crate) use continuity::{Arrival, Continuity};
pub(crate) use crc::{crc32, crc32_behind};
pub(crate) use framer::{Framed, Framer};
pub(crate) use muxer::{MuxLane, Muxer, PesStart};
pub(crate) use packet::Packet;
pub(crate) use pat::{Pat, PatReader, ProgramNumber};
pub(crate) use pes::PesReader;
pub(crate) use pmt::{Pmt, Stream, StreamType};
pub(crate) use program::{Program, ProgramStream};
pub(crate) use section::{Sections, Table, is_intact};

/// Bytes of a packet, sync byte included.
pub(crate) const PACKET_LEN: usize = 188;
/// PIDs are 13 bits.
pub(crate) const PID_COUNT: usize = 8192;
/// The PID of the program association table.
pub(crate) const PID_PAT: u16 = 0;
/// PIDs below this one are kept for tables (table 2-3).
pub(crate) const PID_FIRST_FREE: u16 = 0x10;
/// The PID of null packets.
pub(crate) const PID_NULL: u16 = 0x1FFF;
