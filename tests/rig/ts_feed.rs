//! A small MPEG-TS multiplexer (ISO/IEC 13818-1): PAT, PMT, PCR, H.264 in Annex B and AAC in ADTS, one PES packet each.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::script::{Script, Sent, Unit};

pub const VIDEO: u16 = 0x100;
pub const AUDIO: u16 = 0x101;
const PMT: u16 = 0x1000;

/// 1280x720, High, 25 fps in its VUI.
pub const SPS_720: &[u8] =
    b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60";
/// 320x180 or so, Baseline, no VUI.
pub const SPS_180: &[u8] = b"\x67\x42\xC0\x1E\xF4\x0A\x0F\xC8";
pub const PPS: &[u8] = b"\x68\xEB\xE3\xCB\x22\xC0";

/// An encoder that sends a transport stream of one program.
#[derive(Clone, Debug)]
pub struct TsFeed {
    pub script: Script,
    /// What is added to every time stamp.
    pub offset: i64,
    pub sps: Bytes,
    pub pps: Bytes,
    /// Parameter sets come with every IDR picture; else only when asked for.
    pub has_sets: bool,
    counters: BTreeMap<u16, u8>,
}

impl TsFeed {
    /// A feed whose first picture has this time stamp, taken modulo 2^33.
    pub fn new(first: i64) -> Self {
        let (sps, pps) = (Bytes::from_static(SPS_180), Bytes::from_static(PPS));
        Self { script: Script::default(), offset: first, sps, pps, has_sets: true, counters: BTreeMap::new() }
    }

    /// The packets of the next `count` pictures and of their sound.
    pub fn pictures(&mut self, count: usize) -> Vec<Sent> {
        (0..count).flat_map(|_| self.picture(|_| {})).collect()
    }

    /// The packets of the next picture, whose elementary stream bytes `change` may rewrite.
    pub fn picture(&mut self, change: impl Fn(&mut Vec<u8>)) -> Vec<Sent> {
        let mut sent = Vec::new();
        let has_begun = !self.script.units.is_empty();
        for index in self.script.step() {
            let unit = self.script.units[index].clone();
            if unit.is_idr && unit.is_video || index == 0 && !has_begun {
                self.section(&mut sent, 0, &[0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xF0, 0]);
                let map =
                    [2, 0xB0, 23, 0, 1, 0xC1, 0, 0, 0xE1, 0, 0xF0, 0, 0x1B, 0xE1, 0, 0xF0, 0, 0x0F, 0xE1, 1, 0xF0, 0];
                self.section(&mut sent, PMT, &map);
            }
            if unit.is_video {
                let mut data = self.annex_b(&unit);
                change(&mut data);
                self.pes(&mut sent, VIDEO, index, unit.at, &data);
            } else {
                self.pes(&mut sent, AUDIO, index, unit.at, &adts(&unit.data));
            }
        }
        // What belongs to a picture's time leaves with the picture.
        let at = self.script.sent_at();
        sent.iter_mut().for_each(|packet| packet.at = at);
        sent
    }

    /// The access unit as it stands in the elementary stream.
    pub fn annex_b(&self, unit: &Unit) -> Vec<u8> {
        let mut data = b"\0\0\0\x01\x09\xF0".to_vec();
        if unit.is_idr && self.has_sets {
            data.extend(sets(&self.sps, &self.pps));
        }
        data.extend([0, 0, 1]);
        data.extend(&unit.data);
        data
    }

    fn section(&mut self, sent: &mut Vec<Sent>, pid: u16, section: &[u8]) {
        let mut payload = [&[0], section, &crc32(section).to_be_bytes()].concat();
        payload.resize(184, 0xFF);
        self.packet(sent, pid, Some(None), &payload, vec![]);
    }

    fn pes(&mut self, sent: &mut Vec<Sent>, pid: u16, index: usize, at: i64, data: &[u8]) {
        let ticks = (at + self.offset).rem_euclid(1 << 33) as u64;
        let length = data.len() + 8;
        let stream_id = if pid == VIDEO { 0xE0 } else { 0xC0 };
        let mut pes = vec![0, 0, 1, stream_id, (length >> 8) as u8, length as u8, 0x80, 0x80, 5];
        pes.extend(time(ticks));
        pes.extend(data);
        let mut start = Some((pid == VIDEO).then_some(ticks));
        let mut rest = &pes[..];
        while !rest.is_empty() {
            let taken = self.packet(sent, pid, start.take(), rest, vec![index]);
            rest = &rest[taken..];
        }
    }

    /// Sends as much of `payload` as fits; `start` where a unit begins, with a PCR if there is one.
    fn packet(
        &mut self,
        sent: &mut Vec<Sent>,
        pid: u16,
        start: Option<Option<u64>>,
        payload: &[u8],
        units: Vec<usize>,
    ) -> usize {
        let mut field = start.flatten().map_or(Vec::new(), |pcr| [&[0x10], &pcr_field(pcr)[..]].concat());
        let room = if field.is_empty() { 184 } else { 183 - field.len() };
        let taken = room.min(payload.len());
        let counter = self.counters.entry(pid).or_default();
        let has_field = !field.is_empty() || taken < room;
        let mut bytes = vec![0x47, (pid >> 8) as u8 | u8::from(start.is_some()) << 6, pid as u8];
        bytes.push(if has_field { 0x30 } else { 0x10 } | *counter);
        *counter = (*counter + 1) & 15;
        if has_field {
            let length = 183 - taken;
            if field.is_empty() && length > 0 {
                field.push(0);
            }
            field.resize(length, 0xFF);
            bytes.push(length as u8);
            bytes.extend(field);
        }
        bytes.extend(&payload[..taken]);
        assert_eq!(bytes.len(), 188);
        sent.push(Sent { at: std::time::Duration::ZERO, bytes: bytes.into(), units });
        taken
    }
}

/// Parameter sets as they stand in the elementary stream.
pub fn sets(sps: &[u8], pps: &[u8]) -> Vec<u8> {
    [b"\0\0\0\x01", sps, b"\0\0\0\x01", pps].concat()
}

/// PID of a transport packet.
pub fn pid(packet: &Bytes) -> u16 {
    u16::from_be_bytes([packet[1] & 0x1F, packet[2]])
}

/// AAC-LC, 48 kHz, stereo.
pub fn adts(raw: &[u8]) -> Vec<u8> {
    let length = raw.len() + 7;
    let mut frame =
        vec![0xFF, 0xF1, 0x4C, 0x80 | (length >> 11) as u8, (length >> 3) as u8, (length << 5) as u8 | 0x1F, 0xFC];
    frame.extend(raw);
    frame
}

fn time(ticks: u64) -> [u8; 5] {
    let [m1, m0] = (((ticks >> 15 & 0x7FFF) << 1) as u16 | 1).to_be_bytes();
    let [l1, l0] = (((ticks & 0x7FFF) << 1) as u16 | 1).to_be_bytes();
    [0x20 | ((ticks >> 30 & 7) << 1) as u8 | 1, m1, m0, l1, l0]
}

/// Base of 33 bits, six reserved bits, extension 0.
fn pcr_field(base: u64) -> [u8; 6] {
    let [_, _, a, b, c, d, e, f] = (base << 15 | 0x7E00).to_be_bytes();
    [a, b, c, d, e, f]
}

/// ISO/IEC 13818-1 annex A.
fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
    })
}
