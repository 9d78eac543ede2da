//! A small multiplexer: transport packets for tests that need real ones (ISO/IEC 13818-1). It trusts its caller.

#![allow(dead_code, unreachable_pub, reason = "each test uses its own part of the rig")]

use std::collections::BTreeMap;

/// Collects the packets of one program with a video and an audio PID.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    bytes: Vec<u8>,
    counters: BTreeMap<u16, u8>,
}

impl Transport {
    pub const PMT: u16 = 0x1000;
    pub const VIDEO: u16 = 0x100;
    pub const AUDIO: u16 = 0x101;

    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// What was collected since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// A PAT with one program and its PMT: H.264 and AAC in ADTS.
    pub fn tables(&mut self) {
        self.section(0, &[0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xF0, 0]);
        let streams = [0x1B, 0xE1, 0, 0xF0, 0, 0x0F, 0xE1, 1, 0xF0, 0];
        self.section(Self::PMT, &[&[2, 0xB0, 23, 0, 1, 0xC1, 0, 0, 0xE1, 0, 0xF0, 0][..], &streams].concat());
    }

    /// A PAT with one program and a PMT with streams of these types on these PIDs.
    pub fn map(&mut self, streams: &[(u8, u16)]) {
        self.section(0, &[0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xF0, 0]);
        let entries: Vec<u8> =
            streams.iter().flat_map(|(kind, pid)| [*kind, 0xE0 | (pid >> 8) as u8, *pid as u8, 0xF0, 0]).collect();
        let len = (13 + entries.len()) as u8;
        self.section(Self::PMT, &[&[2, 0xB0, len, 0, 1, 0xC1, 0, 0, 0xFF, 0xFF, 0xF0, 0][..], &entries].concat());
    }

    /// A section without its checksum, of any length, over as many packets as it needs.
    pub fn section(&mut self, pid: u16, section: &[u8]) {
        let mut payload = [&[0], section, &crc32(section).to_be_bytes()].concat();
        payload.resize(payload.len().next_multiple_of(184), 0xFF);
        for (index, piece) in payload.chunks(184).enumerate() {
            self.packet(pid, index == 0, piece);
        }
    }

    /// A PES packet with PTS and without a length, in packets of its own.
    pub fn pes(&mut self, pid: u16, pts: u64, data: &[u8]) {
        let [high, middle, low] = [pts >> 30 & 7, pts >> 15 & 0x7FFF, pts & 0x7FFF];
        let stream_id = if pid == Self::AUDIO { 0xC0 } else { 0xE0 };
        let mut pes = vec![0, 0, 1, stream_id, 0, 0, 0x80, 0x80, 5, 0x21 | (high << 1) as u8];
        pes.extend(((middle << 1) as u16 | 1).to_be_bytes());
        pes.extend(((low << 1) as u16 | 1).to_be_bytes());
        pes.extend(data);
        for (index, piece) in pes.chunks(184).enumerate() {
            self.packet(pid, index == 0, piece);
        }
    }

    /// One packet with at most 184 bytes of payload; an adaptation field fills what is left.
    pub fn packet(&mut self, pid: u16, is_start: bool, payload: &[u8]) {
        let counter = self.counters.entry(pid).or_default();
        let control = if payload.len() < 184 { 0x30 } else { 0x10 };
        self.bytes.extend([0x47, (pid >> 8) as u8 | u8::from(is_start) << 6, pid as u8, control | *counter]);
        *counter = (*counter + 1) & 15;
        if let Some(len) = 183usize.checked_sub(payload.len()) {
            self.bytes.push(len as u8);
            if len > 0 {
                self.bytes.push(0);
                self.bytes.resize(self.bytes.len() + len - 1, 0xFF);
            }
        }
        self.bytes.extend(payload);
    }
}

/// CRC-32/MPEG-2, a bit at a time.
pub fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
    })
}
