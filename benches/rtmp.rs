//! RTMP demux: CPU time for a publication of 8 Mbit/s H.264 and 128 kbit/s AAC, pushed as a socket would give it.
//!
//! `cargo bench --no-default-features --bench rtmp` prints megabytes per CPU second, for chunks of 4096 bytes (ffmpeg, OBS),
//! 128 bytes (GStreamer) and 65 536 bytes, beside a plain copy of the same bytes: the floor of putting messages together.

use std::{hint::black_box, time::Duration};

use bytes::{Bytes, BytesMut};
use cpu_time::ProcessTime;
use headend::{
    ingest::{
        Demuxed, Demuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    time::{Now, Utc},
};

#[path = "../tests/rig/rtmp_publisher.rs"]
mod rtmp_publisher;

use rtmp_publisher::{Publisher, with_length};

const SECONDS: u32 = 60;
const ROUNDS: usize = 8;
const PUSH: usize = 64 * 1024;

fn main() {
    for chunk_size in [4096, 128, 65_536] {
        let bytes = publication(chunk_size);
        let (seconds, units) = best(|| demux(&bytes));
        println!(
            "chunks of {chunk_size:5}: {:5.0} MB/s, {units} access units, {:.0} ns each, {:.1} MB",
            mega(&bytes) / seconds,
            seconds * 1e9 / units as f64,
            mega(&bytes),
        );
    }
    let bytes = publication(4096);
    let (seconds, _) = best(|| copy(&bytes));
    println!("copy in chunks of  4096: {:5.0} MB/s", mega(&bytes) / seconds);
}

fn mega(bytes: &Bytes) -> f64 {
    bytes.len() as f64 / 1e6
}

/// The shortest of a few runs, in CPU seconds, and what it counted.
fn best(run: impl Fn() -> usize) -> (f64, usize) {
    let mut best = (f64::MAX, 0);
    for _ in 0..ROUNDS {
        let start = ProcessTime::now();
        let count = black_box(run());
        let seconds = start.elapsed().as_secs_f64();
        if seconds < best.0 {
            best = (seconds, count);
        }
    }
    best
}

fn demux(bytes: &Bytes) -> usize {
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut session = RtmpSession::new(RtmpConfig::default(), now);
    let mut units = 0;
    for at in (0..bytes.len()).step_by(PUSH) {
        session.push(bytes.slice(at..bytes.len().min(at + PUSH)), now).expect("the publication is well formed");
        loop {
            while let Some(item) = session.pull() {
                units += usize::from(matches!(item, Demuxed::Unit(_)));
            }
            if session.accept().is_err() {
                break;
            }
        }
    }
    units
}

/// The floor: every byte copied once, into a buffer per access unit.
fn copy(bytes: &Bytes) -> usize {
    let mut count = 0;
    for unit in bytes.chunks(33_333) {
        let mut buffer = BytesMut::with_capacity(unit.len());
        unit.chunks(4096).for_each(|chunk| buffer.extend_from_slice(chunk));
        count += black_box(buffer.freeze()).len();
    }
    count
}

fn publication(chunk_size: usize) -> Bytes {
    let mut publisher = Publisher::new("live", "bench");
    let mut out = publisher.start();
    out.extend(publisher.set_chunk_size(chunk_size));
    let sps = b"\x67\x42\xC0\x1E\xD9\x00\xA0\x3D\xA1\0\0\x03\0\x01\0\0\x03\0\x3C\x0F\x16\x2E\x48";
    let avcc = [&b"\x01\x42\xC0\x1E\xFF\xE1\0\x17"[..], sps, b"\x01\0\x04\x68\xCB\x83\xCB"].concat();
    out.extend(publisher.video_config(&avcc));
    out.extend(publisher.audio_config(b"\x12\x10"));
    let mut audio = 0;
    for frame in 0..SECONDS * 30 {
        let ms = frame * 1000 / 30;
        while audio * 1024 * 10 / 441 <= ms {
            out.extend(publisher.audio(audio * 1024 * 10 / 441, &[0x21; 371]));
            audio += 1;
        }
        let is_idr = frame % 60 == 0;
        // An IDR of 150 kB, the rest spread so that a second has a million bytes.
        let (header, len) = if is_idr { (0x65, 150_000) } else { (0x41, 31_350) };
        let mut nal = vec![0x5A; len];
        nal[0] = header;
        out.extend(publisher.video(ms, 0, is_idr, &with_length(&nal)));
    }
    out.into()
}
