//! Transport packets, tables, PES, RTP and what is inside: H.264 and ADTS (FAULTS sections 3 and 4).

use std::time::Duration;

use bytes::Bytes;
use headend::{
    codec::{asc::AudioSpecificConfig, avcc, h264},
    ingest::{DatagramDemuxer, Demuxer, RtpConfig, RtpReceiver, TsConfig, TsDemuxer},
    media::NalFraming,
    time::{Now, Utc},
};

use crate::{BOMB, below, feed, transport::Transport};

const SPS: &[u8] =
    b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60";

/// What `write` puts on top of a program that is known already must peak low; the codes of its faults.
#[track_caller]
fn bomb(name: &str, ceiling: i64, write: impl FnOnce(&mut Transport)) -> Vec<&'static str> {
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    let mut mux = Transport::default();
    mux.tables();
    feed(&mut demuxer, &mux.take().into(), 188).unwrap();
    write(&mut mux);
    let stream = Bytes::from(mux.take());
    below(name, ceiling, || feed(&mut demuxer, &stream, 1316).unwrap())
}

#[test]
fn packets() {
    let packet = |head: [u8; 5]| [&head[..], &[0xFF; 183]].concat();
    let raw = |name: &str, stream: Vec<u8>| bomb(name, BOMB / 4, |mux| mux.raw(&stream));
    let codes = raw("adaptation field of 255", packet([0x47, 1, 0, 0x30, 255]).repeat(1000));
    assert!(codes.contains(&"INGEST_IGNORED") && codes.len() < 10, "{codes:?}");
    raw("null packets", packet([0x47, 0x1F, 0xFF, 0x10, 0]).repeat(5000));
    raw("no sync byte", vec![0xFF; 1 << 20]);
    raw("nothing but sync bytes", vec![0x47; 1 << 20]);
}

#[test]
fn tables() {
    bomb("200 PATs of 40 programs", BOMB, |mux| {
        for n in 0..200u16 {
            let programs = (0..40).flat_map(|p| [n as u8, p + 1, 0xE0 | (n >> 3) as u8, p + 16]);
            let body: Vec<u8> = programs.collect();
            let head = [0, 0xB0, body.len() as u8 + 9, 0, 1, 0xC1 | (n as u8 & 31) << 1, 0, 0];
            mux.section(0, &[&head[..], &body].concat());
        }
    });
    // A map whose program_info reaches past the section.
    let codes = bomb("program_info_length 0xFFF", BOMB / 4, |mux| {
        mux.section(Transport::PMT, &[2, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0xE1, 0, 0xFF, 0xFF]);
    });
    assert!(codes.contains(&"PARSE_INVALID"), "{codes:?}");
    // Every stream that is read has a reader with buffers of its own; sound beyond eight streams is told once.
    let codes = bomb("64 maps of 198 streams", BOMB, |mux| {
        for version in 0..64u8 {
            let entry = |pid: u16| [[0x1B, 0x0F, 6][pid as usize % 3], 0xE0 | (pid >> 8) as u8, pid as u8, 0xF0, 0];
            let base = u16::from(version) * 120 + 32;
            let body: Vec<u8> = (base..base + 198).flat_map(entry).collect();
            let [high, low] = (body.len() as u16 + 13).to_be_bytes();
            let head = [2, 0xB0 | high, low, 0, 1, 0xC1 | version << 1 & 0x3E, 0, 0, 0xE1, 0, 0xF0, 0];
            mux.section(Transport::PMT, &[&head[..], &body].concat());
        }
    });
    assert_eq!(codes, ["LIMIT_EXCEEDED"]);
}

#[test]
fn access_units() {
    let grow = |mux: &mut Transport, packets: u32| {
        mux.pes(Transport::VIDEO, 90_000, &[b"\0\0\0\x01\x09\xF0\0\0\0\x01", SPS].concat());
        (0..packets).for_each(|n| mux.packet(Transport::VIDEO, false, &[n as u8 | 1; 184]));
    };
    // What was sent is held: an access unit may have 8 MiB, and a buffer that doubles has half as much again for a moment.
    bomb("an access unit of 1.1 MB", 4 * BOMB, |mux| grow(mux, 6000));
    let codes = bomb("an access unit of 18 MB", 26 * BOMB, |mux| grow(mux, 100_000));
    assert!(codes.contains(&"LIMIT_EXCEEDED"), "{codes:?}");
    bomb("10 000 NAL units", BOMB, |mux| {
        mux.pes(Transport::VIDEO, 90_000, &b"\0\0\x01\x41\x9A".repeat(10_000));
        mux.pes(Transport::VIDEO, 93_600, b"\0\0\x01\x09\xF0\0\0\x01\x41\x9A");
    });
    bomb("10 000 parameter sets", BOMB, |mux| {
        let set = |n: u32| [&b"\0\0\x01\x68"[..], &[0x80 >> (n % 8), (n >> 3) as u8 | 1, 9]].concat();
        mux.pes(Transport::VIDEO, 90_000, &(0..10_000).flat_map(set).collect::<Vec<u8>>());
    });
    bomb("ADTS frames of length 0", BOMB, |mux| {
        mux.pes(Transport::AUDIO, 90_000, &b"\xFF\xF1\x4C\x80\x00\x1F\xFC".repeat(20_000));
    });
    bomb("ADTS that changes in every frame", BOMB, |mux| {
        let frame = |n: u32| [0xFF, 0xF1, 0x40 | (n as u8 % 12) << 2, 0x40, 1, 0x1F, 0xFC, n as u8];
        mux.pes(Transport::AUDIO, 90_000, &(0..20_000).flat_map(frame).collect::<Vec<u8>>());
    });
}

#[test]
fn parameter_sets() {
    let zeros = [&b"\x67\x64\x00\x1F"[..], &[0; 32]].concat();
    let long = [SPS, &[0x55; 5000]].concat();
    let ones = [&b"\x67\x42\x00\x1F"[..], &[0xFF; 4000]].concat();
    for (name, sps) in [("SPS of zeros", &zeros), ("SPS of 5 000 bytes", &long), ("SPS of ones", &ones)] {
        assert!(below(name, BOMB / 4, || h264::video_track(sps)).is_err(), "{name}");
    }
    for byte in 0..=255u8 {
        for len in [20, 300, 4000] {
            let sps = [&[0x67, 100, 0, 31, byte][..], &vec![byte; len]].concat();
            let _ = below("SPS of one byte", BOMB / 4, || h264::video_track(&sps));
            let _ = below("ASC of one byte", BOMB / 16, || AudioSpecificConfig::parse(&sps));
        }
    }
    let record = Bytes::from([&[1, 100, 0, 31, 0xFF, 0xFF][..], &[0xFF; 60_000]].concat());
    assert!(below("avcC with 31 sets of 64 KiB", BOMB / 4, || avcc::parse(&record)).is_err());
    let nals = b"\0\0\x01".repeat(100_000);
    below("NAL units without a byte", BOMB / 16, || assert_eq!(h264::nal_ranges(&nals, NalFraming::AnnexB).count(), 0));
}

#[test]
fn datagrams() {
    let rtp = |sequence: u16, timestamp: u32, ssrc: u8, payload: &[u8]| {
        let mut datagram = vec![0x80, 33];
        datagram.extend(sequence.to_be_bytes());
        datagram.extend(timestamp.to_be_bytes());
        datagram.extend([0, 0, 0, ssrc]);
        datagram.extend(payload);
        Bytes::from(datagram)
    };
    let null = [&b"\x47\x1F\xFF\x10"[..], &[0xFF; 184]].concat().repeat(7);
    let cases: [(&str, Vec<Bytes>); 4] = [
        // All but the first are early, for as long as the window takes.
        ("reorder window", (0..3000).map(|n| rtp(n + u16::from(n > 0), 0, 1, &null)).collect()),
        ("every other one", (0..20_000u16).map(|n| rtp(n.wrapping_mul(2), 0, 1, &null)).collect()),
        ("a new source each time", (0..5000u16).map(|n| rtp(n.wrapping_mul(7919), 0, n as u8, &null)).collect()),
        ("neither RTP nor TS", (0..5000).map(|_| Bytes::from_static(b"GET / HTTP/1.1\r\n")).collect()),
    ];
    for (name, datagrams) in cases {
        let mut all: [Box<dyn Demuxer>; 2] =
            [Box::new(RtpReceiver::new(RtpConfig::default())), Box::new(DatagramDemuxer::new(RtpConfig::default()))];
        for demuxer in &mut all {
            let faults = below(name, BOMB, || {
                let mut faults = 0;
                for (n, datagram) in datagrams.iter().enumerate() {
                    demuxer.push(datagram.clone(), Now::new(Duration::from_micros(n as u64), Utc::UNIX_EPOCH)).unwrap();
                    faults += std::iter::from_fn(|| demuxer.pull()).count();
                }
                faults
            });
            assert!(faults <= 2 * datagrams.len(), "{name}: {faults}");
        }
    }
}
