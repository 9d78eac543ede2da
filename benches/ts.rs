//! CPU time of demuxing a transport stream from memory, in pushes of 1 316 bytes: 8 Mbit/s of H.264-like payload and AAC, then as
//! much of MPEG-2 video, with a slice every 500 bytes, and AC-3.

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use cpu_time::ProcessTime;
use headend::{
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    time::{Now, Utc},
};

const SECONDS: u32 = 60;
const FRAME_BYTES: usize = 8_000_000 / 8 / 30;
const SPS: &[u8] =
    b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60";

fn main() {
    for (name, coding) in [("H.264 and AAC", Coding::H264), ("MPEG-2 and AC-3", Coding::Mpeg2)] {
        let stream = Bytes::from(stream(coding));
        for round in 0..5 {
            let start = ProcessTime::now();
            let (units, bytes) = demux(&stream);
            let spent = start.elapsed();
            let rate = stream.len() as f64 / spent.as_secs_f64() / 1e6;
            println!(
                "{name}, round {round}: {rate:.0} MB/s ({} MB, {units} access units of {bytes} bytes, {spent:?} of CPU)",
                stream.len() / 1_000_000
            );
        }
    }
}

#[derive(Clone, Copy)]
enum Coding {
    H264,
    Mpeg2,
}

fn demux(stream: &Bytes) -> (usize, usize) {
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    let (mut units, mut bytes) = (0, 0);
    let mut count = |demuxer: &mut TsDemuxer| {
        while let Some(found) = demuxer.pull() {
            if let Demuxed::Unit(unit) = black_box(found) {
                units += 1;
                bytes += unit.data.len();
            }
        }
    };
    let mut at = 0;
    while at < stream.len() {
        let end = (at + 1316).min(stream.len());
        demuxer.push(stream.slice(at..end), now).expect("well formed");
        count(&mut demuxer);
        at = end;
    }
    demuxer.finish();
    count(&mut demuxer);
    (units, bytes)
}

fn stream(coding: Coding) -> Vec<u8> {
    let mut mux = Mux::default();
    let (types, sound) = match coding {
        Coding::H264 => ([0x1B, 0x0F], sound_frame()),
        Coding::Mpeg2 => ([0x02, 0x81], ac3_frame()),
    };
    let picture = |frame| match coding {
        Coding::H264 => picture(frame),
        Coding::Mpeg2 => mpeg2_picture(frame),
    };
    for frame in 0..SECONDS * 30 {
        if frame.is_multiple_of(3) {
            mux.section(0, &[0, 0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xF0, 0]);
            let [video, audio] = types;
            let head = [0, 2, 0xB0, 23, 0, 1, 0xC1, 0, 0, 0xE1, 0, 0xF0, 0];
            mux.section(0x1000, &[&head[..], &[video, 0xE1, 0, 0xF0, 0, audio, 0xE1, 1, 0xF0, 0]].concat());
        }
        let pts = u64::from(frame) * 3000 + 90_000;
        mux.pes(0x100, 0xE0, pts, &picture(frame));
        // 46.875 AAC frames a second: three for every two pictures is near enough.
        for n in 0..1 + frame % 2 {
            mux.pes(0x101, 0xC0, pts + u64::from(n) * 1920, &sound);
        }
    }
    mux.bytes
}

fn picture(frame: u32) -> Vec<u8> {
    let mut unit = b"\0\0\0\x01\x09\xF0".to_vec();
    let is_idr = frame.is_multiple_of(60);
    if is_idr {
        unit.extend([b"\0\0\0\x01", SPS, b"\0\0\0\x01\x68\xEB\xE3\xCB\x22\xC0"].concat());
    }
    unit.extend([0, 0, 0, 1, if is_idr { 0x65 } else { 0x41 }, 0x88]);
    let mut state = frame | 1;
    while unit.len() < FRAME_BYTES {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Never zero, so there is no start code in it.
        unit.push((state >> 24) as u8 | 1);
    }
    unit
}

fn mpeg2_picture(frame: u32) -> Vec<u8> {
    let is_intra = frame.is_multiple_of(15);
    let mut unit = Vec::new();
    if is_intra {
        unit.extend(
            b"\0\0\x01\xB3\x2D\x02\x40\x25\x0B\xB8\x23\x80\0\0\x01\xB5\x14\x82\0\x01\0\0\0\0\x01\xB8\0\x08\0\x40",
        );
    }
    unit.extend([0, 0, 1, 0, 0, if is_intra { 0x0F } else { 0x17 }, 0xFF, 0xF8, 0, 0, 1, 0xB5, 0x8F, 0xFF, 0xF3, 0x41]);
    let payload = picture(frame | 1);
    for (row, slice) in payload.get(16..).unwrap_or_default().chunks(500).enumerate() {
        unit.extend([0, 0, 1, (row % 0xAF) as u8 + 1]);
        unit.extend(slice);
    }
    unit
}

/// 48 kHz, 192 kbit/s, stereo.
fn ac3_frame() -> Vec<u8> {
    let mut frame = vec![0x0B, 0x77, 1, 2, 0x14, 0x40, 0x40];
    frame.resize(768, 0x21);
    frame
}

fn sound_frame() -> Vec<u8> {
    let mut frame = vec![0xFF, 0xF1, 0x4C, 0x80, (342 >> 3) as u8, (342 << 5) as u8 | 0x1F, 0xFC];
    frame.resize(342, 0x21);
    frame
}

#[derive(Default)]
struct Mux {
    bytes: Vec<u8>,
    counters: std::collections::BTreeMap<u16, u8>,
}

impl Mux {
    fn section(&mut self, pid: u16, section: &[u8]) {
        let mut payload = section.to_vec();
        payload.extend(crc(&section[1..]).to_be_bytes());
        payload.resize(184, 0xFF);
        self.packet(pid, true, &payload);
    }

    fn pes(&mut self, pid: u16, stream_id: u8, pts: u64, data: &[u8]) {
        let time = [
            0x21 | (pts >> 29) as u8 & 0x0E,
            (pts >> 22) as u8,
            (pts >> 14) as u8 | 1,
            (pts >> 7) as u8,
            (pts << 1) as u8 | 1,
        ];
        let len = if stream_id == 0xC0 { data.len() + 8 } else { 0 };
        let mut pes = vec![0, 0, 1, stream_id, (len >> 8) as u8, len as u8, 0x80, 0x80, 5];
        pes.extend(time);
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

fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
    })
}
