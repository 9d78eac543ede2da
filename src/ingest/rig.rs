//! Streams for the tests of this room, made from nothing: a small multiplexer and a feed of pictures and sound.

use std::{collections::BTreeMap, ops::Range};

/// 1280x720p, 25 fps.
pub(super) const SPS_A: &[u8] =
    b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60";
/// 320x180 or so: Baseline, no cropping, no VUI.
pub(super) const SPS_B: &[u8] = b"\x67\x42\xC0\x1E\xF4\x0A\x0F\xC8";
const PPS: &[u8] = b"\x68\xEB\xE3\xCB\x22\xC0";

/// A feed of pictures with a B picture's distance between DTS and PTS, and two AAC frames beside each.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    pub(super) pictures: u32,
    pub(super) gop: u32,
    /// DTS of the first picture.
    pub(super) first: u64,
    /// PES packets say how long they are.
    pub(super) is_bounded: bool,
    pub(super) sps: &'static [u8],
}

impl Default for Feed {
    fn default() -> Self {
        Self { pictures: 40, gop: 10, first: 900_000, is_bounded: false, sps: SPS_A }
    }
}

impl Feed {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut mux = Mux::default();
        self.write(&mut mux, 0..self.pictures, Mux::VIDEO);
        mux.bytes
    }

    pub(super) fn write(&self, mux: &mut Mux, range: Range<u32>, video: u16) {
        for n in range.clone() {
            if n.is_multiple_of(5) || n == range.start {
                mux.tables(video);
            }
            let dts = (self.first + u64::from(n) * 3840) % (1 << 33);
            let pts = (dts + 3601) % (1 << 33);
            mux.pes(video, 0xE0, Some((pts, dts)), &self.picture(n), self.is_bounded);
            mux.pes(Mux::AUDIO, 0xC0, Some((dts, dts)), &Self::sound(0x4C).repeat(2), true);
        }
    }

    /// AUD, parameter sets with an IDR picture, two slices.
    pub(super) fn picture(&self, n: u32) -> Vec<u8> {
        let is_idr = n.is_multiple_of(self.gop);
        let mut unit = b"\0\0\0\x01\x09\xF0".to_vec();
        if is_idr {
            unit.extend([b"\0\0\0\x01", self.sps, b"\0\0\0\x01", PPS].concat());
        }
        let mut random = Random(u64::from(n) + 99);
        for first in [0x88, 0x48] {
            unit.extend([0, 0, 1, if is_idr { 0x65 } else { 0x41 }, first]);
            unit.extend((0..400 + random.below(800)).map(|_| random.below(255) as u8 | 1));
        }
        unit
    }

    /// An AAC-LC frame; `kind` is the third byte of its header, 0x4C for 48 kHz and 0x50 for 44.1 kHz.
    pub(super) fn sound(kind: u8) -> Vec<u8> {
        let mut frame = vec![0xFF, 0xF1, kind, 0x80, (301 >> 3) as u8, ((301 << 5) & 0xFF) as u8 | 0x1F, 0xFC];
        frame.resize(301, 0x21);
        frame
    }
}

/// Makes a transport stream of one program.
#[derive(Debug, Default)]
pub(super) struct Mux {
    pub(super) bytes: Vec<u8>,
    pub(super) counters: BTreeMap<u16, u8>,
}

impl Mux {
    pub(super) const PMT: u16 = 0x1000;
    pub(super) const VIDEO: u16 = 0x100;
    pub(super) const AUDIO: u16 = 0x101;

    pub(super) fn pid(packet: &[u8; 188]) -> u16 {
        u16::from_be_bytes([packet[1] & 0x1F, packet[2]])
    }

    /// Where the packets lie in which a unit of this PID begins.
    pub(super) fn starts(bytes: &[u8], pid: u16) -> impl Iterator<Item = (usize, &[u8; 188])> {
        let packets = bytes.as_chunks::<188>().0.iter().enumerate();
        packets.map(|(n, packet)| (n * 188, packet)).filter(move |(_, it)| Self::pid(it) == pid && it[1] & 0x40 != 0)
    }

    pub(super) fn tables(&mut self, video: u16) {
        self.section(0, &[0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xF0, 0]);
        let (v1, v0) = (0xE0 | (video >> 8) as u8, video as u8);
        let mut map = vec![2, 0xB0, 23, 0, 1, 0xC1, 0, 0, v1, v0, 0xF0, 0];
        map.extend([0x1B, v1, v0, 0xF0, 0, 0x0F, 0xE1, 1, 0xF0, 0]);
        self.section(Self::PMT, &map);
    }

    /// The tables of one program: descriptors of the program, then type, PID and descriptors of each stream.
    pub(super) fn map(&mut self, info: &[u8], streams: &[(u8, u16, &[u8])]) {
        self.section(0, &[0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xF0, 0]);
        let mut map = vec![0, 1, 0xC1, 0, 0, 0xFF, 0xFF, 0xF0, info.len() as u8];
        map.extend(info);
        for (kind, pid, info) in streams {
            map.extend([*kind, 0xE0 | (pid >> 8) as u8, *pid as u8, 0xF0, info.len() as u8]);
            map.extend(*info);
        }
        let len = map.len() + 4;
        self.section(Self::PMT, &[&[2, 0xB0 | (len >> 8) as u8, len as u8][..], &map].concat());
    }

    pub(super) fn section(&mut self, pid: u16, section: &[u8]) {
        let mut payload = vec![0];
        payload.extend(section);
        payload.extend(crate::wire::ts::crc32(section).to_be_bytes());
        payload.resize(payload.len().next_multiple_of(184), 0xFF);
        for (index, piece) in payload.chunks(184).enumerate() {
            self.packet(pid, index == 0, piece);
        }
    }

    pub(super) fn pes(&mut self, pid: u16, stream_id: u8, times: Option<(u64, u64)>, data: &[u8], is_bounded: bool) {
        let fields = times.map_or(Vec::new(), |(pts, dts)| [time(3, pts), time(1, dts)].concat());
        let len = if is_bounded { data.len() + fields.len() + 3 } else { 0 };
        let flags = if times.is_some() { 0xC0 } else { 0 };
        let mut pes = vec![0, 0, 1, stream_id, (len >> 8) as u8, len as u8, 0x80, flags, fields.len() as u8];
        pes.extend(fields);
        pes.extend(data);
        for (index, piece) in pes.chunks(184).enumerate() {
            self.packet(pid, index == 0, piece);
        }
    }

    fn packet(&mut self, pid: u16, is_start: bool, payload: &[u8]) {
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

fn time(prefix: u8, ticks: u64) -> [u8; 5] {
    let [high, middle, low] = [ticks >> 30 & 7, ticks >> 15 & 0x7FFF, ticks & 0x7FFF];
    let [m1, m0] = ((middle << 1) as u16 | 1).to_be_bytes();
    let [l1, l0] = ((low << 1) as u16 | 1).to_be_bytes();
    [prefix << 4 | (high << 1) as u8 | 1, m1, m0, l1, l0]
}

/// A seeded sequence (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) % end as u64) as usize
    }
}
