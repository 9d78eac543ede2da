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
    /// What is added to the time stamps of pictures and of sound besides.
    pub own_offsets: [i64; 2],
    /// What is added to PTS and not to DTS.
    pub delay: i64,
    pub program: u16,
    pub map_pid: u16,
    /// Programs in the PAT, which a feed beside another one leaves to that.
    pub pat: Option<Vec<(u16, u16)>>,
    pub video_pid: u16,
    pub video_type: u8,
    /// Streams of sound that all say the same, each in its own loudness.
    pub sounds: Vec<Sound>,
    pub clock: Clock,
    /// Cues have a PID of their own.
    pub cue_pid: Option<u16>,
    /// The tables come with the next picture, whatever that is.
    pub tells: bool,
    /// Third and fourth byte of ADTS headers: rate and channels.
    pub adts: [u8; 2],
    counters: BTreeMap<u16, u8>,
}

/// A stream of sound.
#[derive(Clone, Debug)]
pub struct Sound {
    pub pid: u16,
    /// ISO 639-2.
    pub language: Option<[u8; 3]>,
    /// First byte of a beep, where it is not the script's.
    pub level: Option<u8>,
    /// It stands in the program map.
    pub is_mapped: bool,
    pub is_sent: bool,
}

/// The program clock reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Where it is said to be; 0x1FFF where there is none.
    pub pid: u16,
    /// What is added to it.
    pub offset: i64,
    /// It comes with `discontinuity_indicator`.
    pub is_marked: bool,
}

impl Sound {
    pub fn new(pid: u16) -> Self {
        Self { pid, language: None, level: None, is_mapped: true, is_sent: true }
    }
}

impl TsFeed {
    /// A feed whose first picture has this time stamp, taken modulo 2^33.
    pub fn new(first: i64) -> Self {
        let (sps, pps) = (Bytes::from_static(SPS_180), Bytes::from_static(PPS));
        Self {
            script: Script::default(),
            offset: first,
            sps,
            pps,
            has_sets: true,
            own_offsets: [0; 2],
            delay: 0,
            program: 1,
            map_pid: PMT,
            pat: Some(vec![(1, PMT)]),
            video_pid: VIDEO,
            video_type: 0x1B,
            sounds: vec![Sound::new(AUDIO)],
            clock: Clock { pid: VIDEO, offset: 0, is_marked: false },
            cue_pid: None,
            tells: false,
            adts: [0x4C, 0x80],
            counters: BTreeMap::new(),
        }
    }

    /// The same as another program, beside one whose PAT tells of it.
    pub fn beside(first: i64, program: u16) -> Self {
        let base = 0x100 * program;
        Self {
            program,
            map_pid: PMT + program,
            pat: None,
            video_pid: base,
            sounds: vec![Sound::new(base + 1)],
            clock: Clock { pid: base, offset: 0, is_marked: false },
            ..Self::new(first)
        }
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
            let tells = std::mem::take(&mut self.tells);
            if unit.is_idr && unit.is_video || index == 0 && !has_begun || tells {
                self.tables(&mut sent);
            }
            if unit.is_video {
                let mut data = self.annex_b(&unit);
                change(&mut data);
                self.video(&mut sent, index, (unit.at, unit.at), &data);
            } else {
                self.sound(&mut sent, index);
            }
        }
        // What belongs to a picture's time leaves with the picture.
        let at = self.script.sent_at();
        sent.iter_mut().for_each(|packet| packet.at = at);
        sent
    }

    /// The packets of as many pictures as `order` has, sent in that order: the n-th to decode is the `order[n]`-th to show.
    pub fn group(&mut self, order: &[usize]) -> Vec<Sent> {
        let mut steps = Vec::new();
        for _ in order {
            let units = self.script.step();
            steps.push((units, self.script.sent_at()));
        }
        let mut sent = Vec::new();
        for ((units, at), shown) in steps.clone().into_iter().zip(order) {
            let mut packets = Vec::new();
            let (index, place) = (steps[*shown].0.end - 1, units.end - 1);
            let (picture, dts) = (self.script.units[index].clone(), self.script.units[place].at);
            if picture.is_idr {
                self.tables(&mut packets);
            }
            (units.start..place).for_each(|sound| self.sound(&mut packets, sound));
            let data = self.annex_b(&picture);
            self.video(&mut packets, index, (picture.at, dts), &data);
            packets.iter_mut().for_each(|packet| packet.at = at);
            sent.extend(packets);
        }
        sent
    }

    /// Sound that was sent already, once more.
    pub fn sound_again(&mut self, indexes: impl Iterator<Item = usize>) -> Vec<Sent> {
        let mut sent = Vec::new();
        indexes.for_each(|index| self.sound(&mut sent, index));
        let at = self.script.sent_at();
        sent.iter_mut().for_each(|packet| packet.at = at);
        sent
    }

    /// A cue: a splice_info_section without its checksum.
    pub fn cue(&mut self, section: &[u8]) -> Vec<Sent> {
        let mut sent = Vec::new();
        let pid = self.cue_pid.unwrap();
        self.section(&mut sent, pid, section);
        sent[0].at = self.script.sent_at();
        sent
    }

    /// PAT and PMT.
    fn tables(&mut self, sent: &mut Vec<Sent>) {
        if let Some(programs) = self.pat.clone() {
            let entries =
                programs.iter().flat_map(|(number, pid)| [number.to_be_bytes(), (pid | 0xE000).to_be_bytes()]);
            self.section(sent, 0, &table(0, 1, &entries.flatten().collect::<Vec<_>>()));
        }
        let mut streams: Vec<(u8, u16, Vec<u8>)> = vec![(self.video_type, self.video_pid, vec![])];
        for sound in self.sounds.iter().filter(|sound| sound.is_mapped) {
            let info = sound.language.map(|[a, b, c]| vec![10, 4, a, b, c, 0]);
            streams.push((0x0F, sound.pid, info.unwrap_or_default()));
        }
        streams.extend(self.cue_pid.map(|pid| (0x86, pid, vec![])));
        let info: &[u8] = if self.cue_pid.is_some() { b"\x05\x04CUEI" } else { b"" };
        let mut body = (self.clock.pid | 0xE000).to_be_bytes().to_vec();
        body.extend([0xF0, info.len() as u8]);
        body.extend(info);
        for (kind, pid, info) in streams {
            let [high, low] = (pid | 0xE000).to_be_bytes();
            body.extend([kind, high, low, 0xF0, info.len() as u8]);
            body.extend(info);
        }
        self.section(sent, self.map_pid, &table(2, self.program, &body));
    }

    fn sound(&mut self, sent: &mut Vec<Sent>, index: usize) {
        let unit = self.script.units[index].clone();
        for stream in self.sounds.clone().into_iter().filter(|stream| stream.is_sent) {
            let mut raw = unit.data.to_vec();
            if let Some(level) = stream.level.filter(|_| unit.mark > 0) {
                raw[0] = level;
            }
            let at = unit.at + self.own_offsets[1] + self.delay;
            self.pes(sent, stream.pid, index, (at, at), &adts_of(self.adts, &raw));
        }
    }

    fn video(&mut self, sent: &mut Vec<Sent>, index: usize, (pts, dts): (i64, i64), data: &[u8]) {
        let own = self.own_offsets[0];
        self.pes(sent, self.video_pid, index, (pts + own + self.delay, dts + own), data);
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

    /// A PES packet, with DTS where it is not the PTS.
    pub fn pes(&mut self, sent: &mut Vec<Sent>, pid: u16, index: usize, (pts, dts): (i64, i64), data: &[u8]) {
        let wrapped = |at: i64| (at + self.offset).rem_euclid(1 << 33) as u64;
        let fields = if pts == dts {
            time(2, wrapped(pts)).to_vec()
        } else {
            [time(3, wrapped(pts)), time(1, wrapped(dts))].concat()
        };
        let length = data.len() + 3 + fields.len();
        let is_video = pid == self.video_pid;
        let stream_id = if is_video { 0xE0 } else { 0xC0 };
        let flags = if pts == dts { 0x80 } else { 0xC0 };
        let mut pes = vec![0, 0, 1, stream_id, (length >> 8) as u8, length as u8, 0x80, flags, fields.len() as u8];
        pes.extend(fields);
        pes.extend(data);
        let pcr = wrapped(dts + self.clock.offset);
        if is_video && self.clock.pid != pid && self.clock.pid < 0x1FFF && self.sounds[0].pid != self.clock.pid {
            let clock = self.clock.pid;
            self.clock_packet(sent, clock, pcr);
        }
        let mut start = Some((self.clock.pid == pid).then_some(pcr));
        let mut rest = &pes[..];
        while !rest.is_empty() {
            let taken = self.packet(sent, pid, start.take(), rest, vec![index]);
            rest = &rest[taken..];
        }
    }

    /// A packet with a clock and nothing else.
    fn clock_packet(&self, sent: &mut Vec<Sent>, pid: u16, pcr: u64) {
        let [high, low] = pid.to_be_bytes();
        let flags = if self.clock.is_marked { 0x90 } else { 0x10 };
        let mut bytes = vec![0x47, high, low, 0x20, 183, flags];
        bytes.extend(pcr_field(pcr));
        bytes.resize(188, 0xFF);
        sent.push(Sent { at: std::time::Duration::ZERO, bytes: bytes.into(), units: vec![] });
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
        let flags = if self.clock.is_marked { 0x90 } else { 0x10 };
        let mut field = start.flatten().map_or(Vec::new(), |pcr| [&[flags], &pcr_field(pcr)[..]].concat());
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

/// A table without its checksum: version 0, current, its only section.
fn table(id: u8, extension: u16, body: &[u8]) -> Vec<u8> {
    let length = (body.len() + 9) as u16 | 0xB000;
    let [high, low] = length.to_be_bytes();
    let [e1, e0] = extension.to_be_bytes();
    [&[id, high, low, e1, e0, 0xC1, 0, 0], body].concat()
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
    adts_of([0x4C, 0x80], raw)
}

/// AAC-LC with these bytes for rate and channels.
fn adts_of([rate, channels]: [u8; 2], raw: &[u8]) -> Vec<u8> {
    let length = raw.len() + 7;
    let mut frame = vec![0xFF, 0xF1, rate, channels | (length >> 11) as u8];
    frame.extend([(length >> 3) as u8, (length << 5) as u8 | 0x1F, 0xFC]);
    frame.extend(raw);
    frame
}

fn time(prefix: u8, ticks: u64) -> [u8; 5] {
    let [m1, m0] = (((ticks >> 15 & 0x7FFF) << 1) as u16 | 1).to_be_bytes();
    let [l1, l0] = (((ticks & 0x7FFF) << 1) as u16 | 1).to_be_bytes();
    [prefix << 4 | ((ticks >> 30 & 7) << 1) as u8 | 1, m1, m0, l1, l0]
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
