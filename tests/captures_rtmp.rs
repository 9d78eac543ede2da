//! Real publishers, byte by byte and all at once: the access units are the tags that the encoder wrote to a file. FLV files of
//! others, tag by tag through a session: the access units are those that ffmpeg finds in them.
//!
//! Reads `../shared/media` and is skipped where that folder is absent.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic and read its fixtures")]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use headend::{
    codec::h264::nal_ranges,
    error::Fault,
    ingest::{
        Demuxed, Demuxer, TsConfig, TsDemuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    media::{AccessUnit, NalFraming, TrackFormat},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

#[path = "rig/rtmp_publisher.rs"]
mod rtmp_publisher;

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
fn flv_units(file: &[u8]) -> Vec<(bool, i64, i64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut at = 13;
    while let Some(head) = file.get(at..at + 11) {
        let size = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let ms = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
        let body = &file[at + 11..at + 11 + size];
        match (head[0], body) {
            (8, [0xAF, 1, raw @ ..]) => found.push((false, ms.into(), 0, raw.to_vec())),
            (9, [0x17 | 0x27, 1, a, b, c, nalus @ ..] | [0x91 | 0xA1, b'h', b'v', b'c', b'1', a, b, c, nalus @ ..]) => {
                let cts = i32::from_be_bytes([*a, *b, *c, 0]) >> 8;
                found.push((true, ms.into(), cts.into(), nalus.to_vec()));
            }
            (9, [0x93 | 0xA3, b'h', b'v', b'c', b'1', nalus @ ..]) => found.push((true, ms.into(), 0, nalus.to_vec())),
            _ => {}
        }
        at += 11 + size + 4;
    }
    found
}

#[test]
fn access_units_are_the_tags_that_the_encoder_wrote() {
    let Some(folder) = media() else { return };
    for name in ["ffmpeg5_h264_aac", "ffmpeg9_hevc_aac_ertmp"] {
        let items = run(&std::fs::read(folder.join(format!("rtmp/{name}.c2s.bin"))).unwrap(), || 1460);
        let expected = flv_units(&std::fs::read(folder.join(format!("rtmp/{name}.expected.flv"))).unwrap());
        let units = units(&items);
        assert_eq!(units.len(), expected.len(), "{name}");
        assert!(expected.iter().filter(|(is_video, ..)| *is_video).count() > 20, "{name}");
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

/// The access units of the messages of a capture: is it video, decode time and composition offset in milliseconds, how long
/// its payload is and how that begins.
fn message_units(answer: &[u8]) -> Vec<(bool, i64, i64, usize, Vec<u8>)> {
    let messages: Vec<serde_json::Value> = serde_json::from_slice(answer).unwrap();
    let unit = |message: &serde_json::Value| {
        let number = |key: &str| message[key].as_i64().unwrap();
        let text = message["head"].as_str().unwrap();
        let head: Vec<u8> =
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect();
        let (skipped, cts) = match (number("type"), &head[..]) {
            (8, [0xAF, 1, ..]) => (2, 0),
            (9, [0x17 | 0x27, 1, a, b, c, ..]) => (5, i32::from_be_bytes([*a, *b, *c, 0]) >> 8),
            _ => return None,
        };
        let len = number("len") as usize - skipped;
        Some((skipped == 5, number("ts"), cts.into(), len, head[skipped..].to_vec()))
    };
    messages.iter().filter_map(unit).collect()
}

#[test]
fn access_units_are_the_messages_of_the_capture_one_by_one() {
    let Some(folder) = media() else { return };
    for (name, video, audio) in
        [("ffmpeg5_h264_aac", 101, 173), ("ffmpeg9_ext_timestamp", 101, 173), ("gst_rtmp2sink_h264_aac", 75, 131)]
    {
        let items = run(&std::fs::read(folder.join(format!("rtmp/{name}.c2s.bin"))).unwrap(), || 1460);
        let expected = message_units(&std::fs::read(folder.join(format!("rtmp/{name}.messages.json"))).unwrap());
        let count = |is_video| expected.iter().filter(|unit| unit.0 == is_video).count();
        assert_eq!((count(true), count(false)), (video, audio), "{name}");
        let units = units(&items);
        assert_eq!(units.len(), expected.len(), "{name}");
        for (unit, (is_video, dts, cts, len, head)) in units.iter().zip(&expected) {
            assert_eq!((unit.track.0 == 0, unit.dts.ticks(Timescale::MILLIS)), (*is_video, *dts), "{name}");
            assert_eq!(unit.composition_offset(), MediaDuration::from_millis(*cts), "{name}");
            assert_eq!((unit.data.len(), unit.data.starts_with(head)), (*len, true), "{name} at {dts}");
        }
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
    let TrackFormat::Hevc(video, config) = formats[0] else { panic!("{formats:?}") };
    assert_eq!((video.width, video.height, config.hvcc.len(), formats.len()), (3840, 2160, 2416, 2));
    // Named by the rates of its onMetaData (A26.3).
    let tracks = items.iter().filter_map(|item| if let Demuxed::Track(track) = item { Some(track) } else { None });
    assert!(tracks.into_iter().all(|track| track.name.ends_with(&format!("_{}", track.bitrate))));
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
        // The same source as in the other capture, later.
        let expected = flv_units(&std::fs::read(folder.join("rtmp/ffmpeg5_h264_aac.expected.flv")).unwrap());
        let payloads: Vec<_> = units.iter().filter(|unit| (unit.track.0 == 0) == is_video).collect();
        let expected: Vec<_> = expected.iter().filter(|unit| unit.0 == is_video).collect();
        assert_eq!(payloads.len(), expected.len());
        assert!(payloads.iter().zip(expected).all(|(unit, (.., payload))| unit.data[..] == payload[..]));
    }
}

/// Everything that a session yields for the tags of an FLV file, each as a message of its own.
fn through_a_session(file: &[u8]) -> Vec<Demuxed> {
    let mut publisher = rtmp_publisher::Publisher::new("live", "key");
    let mut session = RtmpSession::new(RtmpConfig::default(), now());
    session.push(publisher.start().into(), now()).unwrap();
    session.accept().unwrap();
    let mut items = Vec::new();
    let mut at = 13;
    while let Some(head) = file.get(at..at + 11) {
        let size = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let ms = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
        let message = publisher.message(4, head[0], ms, 1, &file[at + 11..at + 11 + size]);
        session.push(message.into(), now()).unwrap();
        items.extend(std::iter::from_fn(|| session.pull()));
        at += 11 + size + 4;
    }
    session.finish();
    items.extend(std::iter::from_fn(|| session.pull()));
    items
}

/// What ffmpeg's framecrc tells of a packet: decode time, presentation time, size, Adler-32 that starts from 0.
type Packet = (i64, i64, usize, u32);

/// The packets of one stream by ffmpeg's account.
fn framecrc(text: &str, stream: usize) -> Vec<Packet> {
    let mut packets = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<_> = line.split(',').map(str::trim).collect();
        let number = |n: usize| fields[n].parse::<i64>().unwrap();
        if number(0) as usize == stream {
            let sum = u32::from_str_radix(fields[5].trim_start_matches("0x"), 16).unwrap();
            packets.push((number(1), number(2), number(4) as usize, sum));
        }
    }
    packets
}

fn adler(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((0u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

#[test]
fn flv_files_give_the_packets_that_ffmpeg_finds() {
    let Some(folder) = media() else { return };
    // The file, the size of the picture, and which of ffmpeg's streams are video and sound.
    for (name, size, video, audio) in [
        ("flv/androidx-sample.flv", (1080, 720), 0, Some(1)),
        ("flv/scuffle-avc_aac.flv", (3840, 2160), 0, Some(1)),
        ("flv/scuffle-hevc_aac.flv", (3840, 2160), 0, Some(1)),
        ("flv/srs-avatar.flv", (768, 320), 0, Some(1)),
        // Its sound is Opus, which is named and not opened.
        ("flv/veovera-mptestsrc.flv", (512, 512), 1, None),
        // Its AudioSpecificConfig is empty: no decoder could take the sound.
        ("flv/vhs-bipbop0.flv", (192, 144), 0, None),
        ("rtmp/ffmpeg5_h264_aac.expected.flv", (768, 320), 0, Some(1)),
        ("rtmp/ffmpeg9_hevc_aac_ertmp.expected.flv", (3840, 2160), 0, Some(1)),
    ] {
        let items = through_a_session(&std::fs::read(folder.join(name)).unwrap());
        let answer = folder.join(format!("answers/packets/{}.framecrc.txt", name.replace('/', "__")));
        let answer = std::fs::read_to_string(answer).unwrap();
        let formats = formats(&items);
        let picture = formats.iter().find_map(|format| format.video()).unwrap();
        assert_eq!((picture.width, picture.height), size, "{name}");
        let is_av1 = matches!(formats.iter().find(|format| format.is_video()), Some(TrackFormat::Av1(..)));
        for (track, stream) in [(0, Some(video)), (1, audio)] {
            let packet = |unit: &&AccessUnit| {
                let [dts, pts] = [unit.dts, unit.pts].map(|time| time.ticks(Timescale::MILLIS));
                // ffmpeg counts the temporal delimiter.
                let delimiter: &[u8] = if is_av1 && track == 0 { b"\x12\0" } else { b"" };
                let data = [delimiter, &unit.data].concat();
                (dts, pts, data.len(), adler(&data))
            };
            let found: Vec<Packet> = units(&items).iter().filter(|unit| unit.track.0 == track).map(packet).collect();
            let expected = stream.map_or(Vec::new(), |stream| framecrc(&answer, stream));
            for (n, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(found, expected, "{name} track {track} packet {n}");
            }
            assert_eq!(found.len(), expected.len(), "{name} track {track}");
        }
        if is_av1 {
            assert!(formats.contains(&&TrackFormat::Unknown(String::from("Opus over enhanced RTMP"))), "{formats:?}");
        }
        let code = |item: &Demuxed| if let Demuxed::Fault(fault) = item { Some(fault.code()) } else { None };
        let faults: Vec<_> = items.iter().filter_map(code).collect();
        let expected: &[_] = if name.contains("bipbop") { &["PARSE_TRUNCATED", "INGEST_DROPPED"] } else { &[] };
        assert_eq!(faults, expected, "{name}");
    }
}

/// ExoPlayer's list: time in microseconds, length and Java's hash of each sample, NAL units with start codes.
#[test]
fn an_flv_file_gives_the_samples_that_another_player_finds() {
    let Some(folder) = media() else { return };
    let items = through_a_session(&std::fs::read(folder.join("flv/androidx-sample.flv")).unwrap());
    let dump = std::fs::read_to_string(folder.join("flv/answers/androidx-sample.flv.dump.txt")).unwrap();
    let hash = |data: &[u8]| {
        let hash = |hash: i32, byte: &u8| hash.wrapping_mul(31).wrapping_add(byte.cast_signed().into());
        data.iter().fold(1, hash).cast_unsigned()
    };
    for (track, heading, count) in [(1, "track 8:", 45), (0, "track 9:", 30)] {
        let text = dump.split(heading).nth(1).unwrap().split("track ").next().unwrap();
        let field = |text: &str, name: &str| {
            let rest = text.split(name).nth(1).unwrap();
            rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>()
        };
        let sample = |text: &str| {
            let time: i64 = field(text, "time = ").parse().unwrap();
            let len: usize = field(text, "length ").parse().unwrap();
            (time, len, u32::from_str_radix(&field(text, "hash "), 16).unwrap())
        };
        let expected: Vec<_> = text.split("  sample ").skip(2).map(sample).collect();
        let found: Vec<_> = units(&items)
            .iter()
            .filter(|unit| unit.track.0 == track)
            .map(|unit| {
                let mut data = unit.data.to_vec();
                let mut at = 0;
                while track == 0 && at < data.len() {
                    let len: &mut [u8; 4] = data[at..].first_chunk_mut().unwrap();
                    at += 4 + u32::from_be_bytes(std::mem::replace(len, [0, 0, 0, 1])) as usize;
                }
                (unit.pts.ticks(Timescale::MILLIS) * 1000, data.len(), hash(&data))
            })
            .collect();
        assert_eq!((&found, found.len()), (&expected, count), "{heading}");
    }
}

#[test]
fn an_flv_file_has_the_pictures_of_its_twin_in_a_transport_stream_and_none_of_its_sound() {
    let Some(folder) = media() else { return };
    let items = through_a_session(&std::fs::read(folder.join("flv/vhs-bipbop0.flv")).unwrap());
    let mut twin = TsDemuxer::new(TsConfig::default());
    let mut found = Vec::new();
    for piece in std::fs::read(folder.join("ts/vhs-bipbop0.ts")).unwrap().chunks(1316) {
        twin.push(Bytes::copy_from_slice(piece), now()).unwrap();
        found.extend(std::iter::from_fn(|| twin.pull()));
    }
    twin.finish();
    found.extend(std::iter::from_fn(|| twin.pull()));
    let is_picture = |item: &&Demuxed| matches!(item, Demuxed::Track(track) if track.format.is_video());
    let Some(Demuxed::Track(video)) = found.iter().find(is_picture) else { panic!("{found:?}") };
    // Delimiters and parameter sets stand in one of the two only.
    let nal_units = |unit: &AccessUnit, framing| {
        let ranges = nal_ranges(&unit.data, framing).map(|range| unit.data.slice(range));
        ranges.filter(|nal| !(7..=9).contains(&(nal[0] & 0x1F))).collect::<Vec<_>>()
    };
    let pictures: Vec<_> = units(&items).into_iter().filter(|unit| unit.track.0 == 0).collect();
    let others: Vec<_> = units(&found).into_iter().filter(|unit| unit.track == video.id).collect();
    assert_eq!((pictures.len(), others.len()), (150, 150));
    for (n, (picture, other)) in pictures.iter().zip(&others).enumerate() {
        assert_eq!(nal_units(picture, NalFraming::Length(4)), nal_units(other, NalFraming::AnnexB), "{n}");
        // Milliseconds, rounded up or down.
        let apart = |units: &[&AccessUnit]| units[n].pts.since(units[0].pts);
        let millis = |span: MediaDuration| span.flicks() as f64 / MediaDuration::from_millis(1).flicks() as f64;
        assert!((millis(apart(&pictures)) - millis(apart(&others))).abs() <= 1.0, "{n}");
    }
    let dropped = items.iter().filter_map(|item| match item {
        Demuxed::Fault(Fault::Dropped { count, .. }) => Some(*count),
        _ => None,
    });
    let answer = folder.join("answers/packets/flv__vhs-bipbop0.flv.framecrc.txt");
    let sounds = framecrc(&std::fs::read_to_string(answer).unwrap(), 1).len();
    assert_eq!(dropped.sum::<u64>(), sounds as u64);
}
