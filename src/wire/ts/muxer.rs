//! Writes PES packets into transport packets (ISO/IEC 13818-1 clauses 2.4.3.2 to 2.4.3.7).
//!
//! A piece of a stream is made on its own: nobody knows how many packets were in the one before, and the next one may be
//! made elsewhere. So the counter of every stream starts at 0 and each piece has a multiple of 16 packets of it: the last
//! PES packet is spread over up to 15 more, which carry stuffing. Pieces then follow each other without a step, in any order of
//! making, and no `discontinuity_indicator` is needed, which on the PID of the clock would announce a new time base
//! (clause 2.4.3.5). It costs 1.4 kB a stream and piece on average.

use super::PACKET_LEN;

/// Writes packets one after the other.
#[derive(Debug, Default)]
pub(crate) struct Muxer {
    bytes: Vec<u8>,
}

/// One elementary stream as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MuxLane {
    pid: u16,
    stream_id: u8,
    /// Packets with payload so far.
    packets: usize,
}

/// What stands in front of the bytes of one PES packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PesStart {
    /// 33 bits of 90 kHz.
    pub(crate) pts: u64,
    /// The same; written where it differs.
    pub(crate) dts: u64,
    /// The program clock reference to send with it, 33 bits of 90 kHz.
    pub(crate) pcr: Option<u64>,
    /// `random_access_indicator`.
    pub(crate) is_random_access: bool,
    /// The last one of its stream in this piece.
    pub(crate) is_last: bool,
}

impl MuxLane {
    pub(crate) const fn new(pid: u16, stream_id: u8) -> Self {
        Self { pid, stream_id, packets: 0 }
    }
}

impl Muxer {
    /// A writer with room for so many bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// What was written so far, to write tables behind.
    pub(crate) const fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(crate) fn into_bytes(self) -> bytes::Bytes {
        self.bytes.into()
    }

    /// A PES packet whose bytes are `pieces`, one after the other; two bytes at least.
    pub(crate) fn pes(&mut self, lane: &mut MuxLane, start: &PesStart, pieces: &[&[u8]]) {
        let data = pieces.iter().fold(0usize, |sum, piece| sum.saturating_add(piece.len()));
        let (header, header_len) = pes_header(lane.stream_id, start, data);
        let mut left = header_len.saturating_add(data);
        let (fields, fields_len) = adaptation(start.pcr, start.is_random_access);
        // The length byte, flags and PCR.
        let first_room = BODY.saturating_sub(if fields_len == 0 { 0 } else { fields_len.saturating_add(1) });
        let mut packets = left.saturating_sub(first_room).div_ceil(BODY).saturating_add(1);
        if start.is_last {
            let over = lane.packets.saturating_add(packets) % COUNTERS;
            // Each packet needs a byte of payload: without one the counter would stand still.
            packets = packets.saturating_add(COUNTERS.saturating_sub(over) % COUNTERS).min(left);
        }
        self.bytes.reserve(packets.saturating_mul(PACKET_LEN));
        let mut gather = Gather { head: header.get(..header_len).unwrap_or_default(), rest: pieces };
        let mut fields = fields.get(..fields_len).unwrap_or_default();
        let mut room = first_room;
        for to_come in (0..packets).rev() {
            let len = left.saturating_sub(to_come).min(room);
            self.head(lane, to_come.saturating_add(1) == packets, BODY.saturating_sub(len), fields);
            gather.copy(len, &mut self.bytes);
            left = left.saturating_sub(len);
            lane.packets = lane.packets.saturating_add(1);
            (room, fields) = (BODY, &[]);
        }
    }

    /// A packet with the clock alone. The counter stands still (clause 2.4.3.3).
    pub(crate) fn clock(&mut self, lane: &MuxLane, pcr: u64) {
        let (fields, len) = adaptation(Some(pcr), false);
        let counter = lane.packets.wrapping_sub(1) & 0x0F;
        let [high, low] = lane.pid.to_be_bytes();
        self.bytes.extend([0x47, high, low, 0x20 | counter as u8]);
        self.stuff(BODY, fields.get(..len).unwrap_or_default());
    }

    /// The header of a packet with payload and its adaptation field, which has `stuffing` bytes in all.
    fn head(&mut self, lane: &MuxLane, is_start: bool, stuffing: usize, fields: &[u8]) {
        let [high, low] = lane.pid.to_be_bytes();
        let flags = if is_start { 0x40 } else { 0 };
        let control = if stuffing == 0 { 0x10 } else { 0x30 };
        let counter = (lane.packets & 0x0F) as u8;
        self.bytes.extend_from_slice(&[0x47, flags | high, low, control | counter]);
        if stuffing > 0 {
            self.stuff(stuffing, fields);
        }
    }

    /// An adaptation field of `len` bytes, its length byte included, 184 at most.
    fn stuff(&mut self, len: usize, fields: &[u8]) {
        let end = self.bytes.len().saturating_add(len);
        self.bytes.push(len.saturating_sub(1) as u8);
        if len > 1 {
            // Without a flag there are no fields, but the flags.
            self.bytes.extend_from_slice(if fields.is_empty() { &[0] } else { fields });
            self.bytes.resize(end, 0xFF);
        }
    }
}

/// Slices that are read as one.
struct Gather<'a> {
    head: &'a [u8],
    rest: &'a [&'a [u8]],
}

impl Gather<'_> {
    fn copy(&mut self, mut len: usize, out: &mut Vec<u8>) {
        loop {
            let (now, later) = self.head.split_at_checked(len).unwrap_or((self.head, &[]));
            out.extend_from_slice(now);
            self.head = later;
            len = len.saturating_sub(now.len());
            if len == 0 {
                return;
            }
            let Some((head, rest)) = self.rest.split_first() else { return };
            (self.head, self.rest) = (head, rest);
        }
    }
}

/// Flags and clock of an adaptation field, without its length, and how many bytes that is.
fn adaptation(pcr: Option<u64>, is_random_access: bool) -> ([u8; 7], usize) {
    let flag = if is_random_access { 0x40 } else { 0 };
    match pcr {
        None if !is_random_access => ([0; 7], 0),
        None => ([flag, 0, 0, 0, 0, 0, 0], 1),
        Some(base) => {
            // 33 bits of base, six reserved ones, nine bits of extension, which is zero.
            let [_, _, a, b, c, d, e, f] = ((base & MASK) << 15 | 0x7E00).to_be_bytes();
            ([0x10 | flag, a, b, c, d, e, f], 7)
        }
    }
}

/// The PES header (clause 2.4.3.6) and its length.
fn pes_header(stream_id: u8, start: &PesStart, data: usize) -> ([u8; 19], usize) {
    let has_dts = start.pts & MASK != start.dts & MASK;
    let (flags, fields, len) = if has_dts { (0xC0, 10, 19) } else { (0x80, 5, 14) };
    // Zero says nothing of the length, which is allowed for video.
    let stated = data.saturating_add(fields).saturating_add(3);
    let [high, low] = u16::try_from(stated).unwrap_or(0).to_be_bytes();
    let [p0, p1, p2, p3, p4] = stamp(if has_dts { 3 } else { 2 }, start.pts);
    let [d0, d1, d2, d3, d4] = stamp(1, start.dts);
    // data_alignment_indicator: an access unit begins right behind.
    let header = [0, 0, 1, stream_id, high, low, 0x84, flags, fields as u8, p0, p1, p2, p3, p4, d0, d1, d2, d3, d4];
    (header, len)
}

/// `xxxx ttt1  tttttttt  ttttttt1  tttttttt  ttttttt1`
const fn stamp(prefix: u8, time: u64) -> [u8; 5] {
    let [middle, middle_low] = (((time >> 15) as u16) << 1 | 1).to_be_bytes();
    let [low, lowest] = ((time as u16) << 1 | 1).to_be_bytes();
    [prefix << 4 | ((time >> 30) as u8 & 7) << 1 | 1, middle, middle_low, low, lowest]
}

/// Bytes of a packet behind its header.
const BODY: usize = PACKET_LEN - 4;
/// Values of `continuity_counter`.
const COUNTERS: usize = 16;
/// Time stamps have 33 bits.
const MASK: u64 = (1 << 33) - 1;

#[cfg(test)]
mod tests;
