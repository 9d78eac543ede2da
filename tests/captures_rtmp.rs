//! Real publishers, byte by byte and all at once: the access units are the tags that the encoder wrote to a file.
//!
//! Reads `../shared/media` and is skipped where that folder is absent.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic and read its fixtures")]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use headend::{
    ingest::{
        Demuxed, Demuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    media::{AccessUnit, NalFraming, TrackFormat},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

const NAMES: [&str; 4] =
    ["ffmpeg5_h264_aac", "ffmpeg9_ext_timestamp", "ffmpeg9_hevc_aac_ertmp", "gst_rtmp2sink_h264_aac"];

fn media() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media");
    if !folder.exists() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

fn now() -> Now {
    Now::new(Duration::ZERO, Utc::UNIX_EPOCH)
}

/// Everything that a session yields for `bytes` in pieces as long as `cut` says.
fn run(bytes: &[u8], mut cut: impl FnMut() -> usize) -> Vec<Demuxed> {
    let mut session = RtmpSession::new(RtmpConfig::default(), now());
    let mut items = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(cut().clamp(1, rest.len()));
        rest = after;
        session.push(Bytes::copy_from_slice(piece), now()).unwrap();
        loop {
            items.extend(std::iter::from_fn(|| session.pull()));
            if session.publish_request().is_none() {
                break;
            }
            session.accept().unwrap();
        }
    }
    session.finish();
    items.extend(std::iter::from_fn(|| session.pull()));
    assert!(session.is_closed());
    items
}

fn units(items: &[Demuxed]) -> Vec<&AccessUnit> {
    items.iter().filter_map(|item| if let Demuxed::Unit(unit) = item { Some(unit) } else { None }).collect()
}

fn formats(items: &[Demuxed]) -> Vec<&TrackFormat> {
    items.iter().filter_map(|item| if let Demuxed::Track(track) = item { Some(&track.format) } else { None }).collect()
}

/// Access units of an FLV file: is it video, decode time and composition offset in milliseconds, payload.
fn flv_units(file: &[u8], video: bool) -> Vec<(bool, i64, i64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut at = 13;
    while let Some(head) = file.get(at..at + 11) {
        let size = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let ms = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
        let body = &file[at + 11..at + 11 + size];
        match (head[0], body) {
            (8, [0xAF, 1, raw @ ..]) => found.push((false, ms.into(), 0, raw.to_vec())),
            (9, [0x17 | 0x27, 1, a, b, c, nalus @ ..]) if video => {
                let cts = i32::from_be_bytes([*a, *b, *c, 0]) >> 8;
                found.push((true, ms.into(), cts.into(), nalus.to_vec()));
            }
            _ => {}
        }
        at += 11 + size + 4;
    }
    found
}

#[test]
fn access_units_are_the_tags_that_the_encoder_wrote() {
    let Some(folder) = media() else { return };
    for (name, video) in [("ffmpeg5_h264_aac", true), ("ffmpeg9_hevc_aac_ertmp", false)] {
        let items = run(&std::fs::read(folder.join(format!("rtmp/{name}.c2s.bin"))).unwrap(), || 1460);
        let expected = flv_units(&std::fs::read(folder.join(format!("rtmp/{name}.expected.flv"))).unwrap(), video);
        let units = units(&items);
        assert_eq!(units.len(), expected.len(), "{name}");
        for (unit, (is_video, dts, cts, payload)) in units.iter().zip(&expected) {
            assert_eq!(unit.dts, MediaTime::from_ticks(*dts, Timescale::MILLIS));
            assert_eq!(unit.composition_offset(), MediaDuration::from_millis(*cts));
            assert_eq!(&unit.data[..], &payload[..]);
            assert!(!unit.is_damaged && (*is_video || unit.is_random_access));
        }
        assert_eq!(items.last(), Some(&Demuxed::End));
        assert!(!items.iter().any(|item| matches!(item, Demuxed::Fault(_))), "{name}");
    }
}

#[test]
fn reads_of_any_size_give_the_same() {
    let Some(folder) = media() else { return };
    for name in NAMES {
        let bytes = std::fs::read(folder.join(format!("rtmp/{name}.c2s.bin"))).unwrap();
        let whole = run(&bytes, || usize::MAX);
        assert!(run(&bytes, || 1) == whole, "{name}: one byte at a time");
        // Any numbers do, so long as they are the same every time.
        let mut seed = 0x2545_F491_4F6C_DD1D_u64;
        for round in 0..20 {
            let cut = || {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                (seed % [7, 40, 1500, 70_000][round % 4]) as usize
            };
            assert!(run(&bytes, cut) == whole, "{name}: random cuts, round {round}");
        }
    }
}

#[test]
fn tracks_are_announced_with_their_set_up() {
    let Some(folder) = media() else { return };
    let read = |name: &str| run(&std::fs::read(folder.join(format!("rtmp/{name}.c2s.bin"))).unwrap(), || 4096);
    for name in ["ffmpeg5_h264_aac", "ffmpeg9_ext_timestamp", "gst_rtmp2sink_h264_aac"] {
        let items = read(name);
        let formats = formats(&items);
        assert_eq!(formats.len(), 2, "{name}: {formats:?}");
        let TrackFormat::H264(video, config) = formats[0] else { panic!("{name}: {formats:?}") };
        assert!(video.width > 0 && config.framing == NalFraming::Length(4) && config.sps.len() == 1);
        assert!(matches!(formats[1], TrackFormat::Aac(audio, _) if audio.channels >= 1), "{name}: {formats:?}");
    }
    let items = read("ffmpeg9_hevc_aac_ertmp");
    let formats = formats(&items);
    assert_eq!(formats[0], &TrackFormat::Unknown(String::from("hvc1 over enhanced RTMP")));
    assert_eq!(formats.len(), 2);
}

#[test]
fn extended_time_stamps_go_on_over_the_24_bit_border() {
    let Some(folder) = media() else { return };
    let items = run(&std::fs::read(folder.join("rtmp/ffmpeg9_ext_timestamp.c2s.bin")).unwrap(), || 999);
    let units = units(&items);
    for is_video in [true, false] {
        let times: Vec<_> = units.iter().filter(|unit| (unit.track.0 == 0) == is_video).map(|unit| unit.dts).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(times[0] < MediaTime::from_ticks(0xFF_FFFF, Timescale::MILLIS));
        assert!(times[times.len() - 1] > MediaTime::from_ticks(0xFF_FFFF, Timescale::MILLIS));
    }
}
