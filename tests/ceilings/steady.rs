//! What the steady state allocates: for each access unit of a contribution, and for each answer to a player.
//!
//! The bounds are what was measured, rounded up: a change that allocates for each packet does not go unseen.

use bytes::Bytes;
use headend::{
    ingest::{
        Demuxed, Demuxer, TsConfig, TsDemuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    origin::{Origin, Reply, Request},
};

use crate::{
    counting::{live, measure},
    now,
    origin::origin,
    rig::rtmp_publisher::{Publisher, with_length},
    transport::Transport,
};

const SPS: &[u8] =
    b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60";
const PPS: &[u8] = b"\x68\xEB\xE3\xCB\x22\xC0";
const FRAMES: u32 = 500;

/// Feeds `stream` in pieces and gives allocations per access unit once it runs; nothing may stay behind.
fn per_unit(name: &str, demuxer: &mut dyn Demuxer, warm_up: Vec<u8>, stream: Vec<u8>, piece: usize) -> f64 {
    run(demuxer, &warm_up.into(), piece);
    let (stream, held) = (Bytes::from(stream), live());
    let pieces = stream.len().div_ceil(piece);
    let (units, usage) = measure(|| run(demuxer, &stream, piece));
    let each = usage.count as f64 / units as f64;
    println!("{name}: {each:.2} allocations for each of {units} access units, {pieces} pushes of {piece} bytes");
    assert!(live() - held < 64 << 10, "{name}: {} bytes stay", live() - held);
    each
}

fn run(demuxer: &mut dyn Demuxer, stream: &Bytes, piece: usize) -> usize {
    let mut units = 0;
    for at in (0..stream.len()).step_by(piece) {
        demuxer.push(stream.slice(at..stream.len().min(at + piece)), now()).unwrap();
        units += std::iter::from_fn(|| demuxer.pull()).filter(|item| matches!(item, Demuxed::Unit(_))).count();
    }
    units
}

#[test]
fn transport_streams() {
    let mut mux = Transport::default();
    let mut stream = |frames: std::ops::Range<u32>| {
        for n in frames {
            let is_idr = n % 50 == 0;
            mux.tables();
            let head = if is_idr { [b"\0\0\0\x01", SPS, b"\0\0\0\x01", PPS].concat() } else { Vec::new() };
            let slice = [&[0, 0, 1, if is_idr { 0x65 } else { 0x41 }, 0x88][..], &[7; 8000]].concat();
            let pts = u64::from(n) * 3600;
            mux.pes(Transport::VIDEO, pts, &[b"\0\0\0\x01\x09\xF0", &head[..], &slice].concat());
            let sound = [&b"\xFF\xF1\x4C\x80\x2E\x7F\xFC"[..], &[0x21; 364]].concat();
            mux.pes(Transport::AUDIO, pts, &sound.repeat(2));
        }
        mux.take()
    };
    let (warm_up, steady) = (stream(0..100), stream(100..100 + FRAMES));
    let packets = steady.len() / 188;
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    let each = per_unit("TS", &mut demuxer, warm_up, steady, 1316);
    println!("TS: {:.3} allocations for each of {packets} packets", each * 3.0 * f64::from(FRAMES) / packets as f64);
    assert!(each < TS_MOST, "{each}");
}

#[test]
fn rtmp() {
    for (chunk_size, piece, most) in
        [(4096, 64 << 10, RTMP_MOST), (128, 64 << 10, RTMP_MOST), (128, 1460, RTMP_CUT_MOST)]
    {
        let mut publisher = Publisher::new("live", "key");
        let mut session = RtmpSession::new(RtmpConfig::default(), now());
        session.push(publisher.start().into(), now()).unwrap();
        session.accept().unwrap();
        let mut warm_up = publisher.set_chunk_size(chunk_size);
        let set = |set: &[u8]| [&(set.len() as u16).to_be_bytes()[..], set].concat();
        let avcc = [&[1, SPS[1], SPS[2], SPS[3], 0xFF, 0xE1][..], &set(SPS), &[1], &set(PPS)].concat();
        warm_up.extend(publisher.video_config(&avcc));
        warm_up.extend(publisher.audio_config(b"\x12\x10"));
        let stream = |frames: std::ops::Range<u32>| {
            frames.flat_map(|n| {
                let is_idr = n % 50 == 0;
                let nal = [&[if is_idr { 0x65 } else { 0x41 }, 0x88][..], &[7; 8000]].concat();
                let picture = publisher.video(n * 40, 40, is_idr, &with_length(&nal));
                [picture, publisher.audio(n * 40, &[0x21; 371]), publisher.audio(n * 40 + 20, &[0x21; 371])].concat()
            })
        };
        warm_up.extend(stream(0..100));
        let steady = stream(100..100 + FRAMES).collect();
        let name = format!("RTMP in chunks of {chunk_size}");
        let each = per_unit(&name, &mut session, warm_up, steady, piece);
        assert!(each < most, "{name}: {each}");
    }
}

#[test]
fn answers() {
    let origin = origin(150);
    let answers = |name: &str, path: &str, origin: &Origin, most: u64| {
        let request = Request::get(path);
        drop(origin.handle(&request, now()));
        let ((), usage) = measure(|| {
            for _ in 0..1000 {
                assert!(!matches!(origin.handle(&request, now()), Reply::Response(response) if response.status != 200));
            }
        });
        println!(
            "{name}: {:.2} allocations for each answer, {} bytes at the peak",
            usage.count as f64 / 1e3,
            usage.peak
        );
        assert!(usage.count <= most * 1000 && usage.kept == 0, "{name}: {usage:?}");
    };
    answers("HLS playlist", "/l/n.ism/QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf)", &origin, 0);
    answers("HLS master", "/l/n.ism/manifest(format=m3u8-cmaf)", &origin, 0);
    answers("MPD", "/l/n.ism/manifest(format=mpd-time-cmaf)", &origin, 0);
    answers("fragment", "/l/n.ism/QualityLevels(64000)/Fragments(audio=96000,format=mpd-time-cmaf)", &origin, 4);
}

const TS_MOST: f64 = 4.0;
const RTMP_MOST: f64 = 3.0;
const RTMP_CUT_MOST: f64 = 8.0;
