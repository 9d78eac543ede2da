//! Files that broke other people's parsers, and bombs, through the public doors: a value or a typed error, below a ceiling of
//! memory, without a panic, and never a thousand findings from a handful of bytes.
//!
//! The files lie beside the project and are not part of it; without them every test says so and passes. The same bombs, made
//! in code, are in `tests/ceilings`.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads files from disk and may panic")]

#[path = "rig/counting.rs"]
mod counting;
#[path = "rig/rtmp_publisher.rs"]
mod rtmp_publisher;

use std::{fs, io::Cursor, path::PathBuf, time::Duration};

use bytes::Bytes;
use counting::{Counting, measure};
use headend::{
    archive::{Body, ExportError, Exporter, TrackSpec},
    codec::{adts::AdtsHeader, asc::AudioSpecificConfig, avcc, h264},
    error::{Fault, ParseError, ParseErrorKind},
    ingest::{
        DatagramDemuxer, Demuxed, Demuxer, RtpConfig, RtpReceiver, TsConfig, TsDemuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    media::{AacConfig, AudioTrack, Language, NalFraming, TrackFormat, TrackId},
    time::{Now, Utc},
};
use rtmp_publisher::Publisher;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a file may make us hold, beside twice its own size.
const CEILING: i64 = 1 << 20;

/// Every file of a folder with its name; none where there is no such material.
fn files(folder: &str) -> Vec<(String, Bytes)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/media/malformed").join(folder);
    let Ok(entries) = fs::read_dir(&path) else {
        println!("skipped: {} is not there", path.display());
        return Vec::new();
    };
    let mut all: Vec<(String, Bytes)> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (format!("{folder}/{}", path.file_name().unwrap().display()), fs::read(path).unwrap().into()))
        .collect();
    all.sort();
    all
}

fn bomb(name: &str) -> Option<Bytes> {
    files("bombs").into_iter().find(|(file, _)| file.ends_with(name)).map(|(_, bytes)| bytes)
}

fn now() -> Now {
    Now::new(Duration::ZERO, Utc::UNIX_EPOCH)
}

/// Runs `case` on a file, below the ceiling.
#[track_caller]
fn below<T>(name: &str, bytes: &Bytes, case: impl FnOnce() -> T) -> T {
    let (result, usage) = measure(case);
    let ceiling = CEILING + 2 * bytes.len() as i64;
    assert!(usage.peak < ceiling, "{name}: {} bytes at the peak, {ceiling} allowed", usage.peak);
    result
}

/// Everything that `bytes` come to, in pieces of this size, and the error that ended it.
fn demux(demuxer: &mut dyn Demuxer, bytes: &Bytes, piece: usize) -> (Vec<Demuxed>, Option<ParseError>) {
    let mut found = Vec::new();
    for at in (0..bytes.len()).step_by(piece) {
        let pushed = demuxer.push(bytes.slice(at..bytes.len().min(at + piece)), now());
        found.extend(std::iter::from_fn(|| demuxer.pull()));
        if let Err(error) = pushed {
            return (found, Some(error));
        }
    }
    demuxer.finish();
    found.extend(std::iter::from_fn(|| demuxer.pull()));
    (found, None)
}

fn session(is_on_air: bool) -> RtmpSession {
    let start = Publisher::new("live", "key").start();
    let mut session = RtmpSession::new(RtmpConfig::default(), now());
    let len = if is_on_air { start.len() } else { 1 + 2 * 1536 };
    session.push(start[..len].to_vec().into(), now()).unwrap();
    assert_eq!(session.accept().is_ok(), is_on_air);
    while session.pull().is_some() {}
    session
}

#[test]
fn transport_streams_and_datagrams() {
    for folder in ["mpegts", "rtp-mpegts", "adts", "h264-annexb", "h264-sps", "mpegts-descriptor", "bombs"] {
        for (name, bytes) in files(folder) {
            let all: [Box<dyn Demuxer>; 3] = [
                Box::new(TsDemuxer::new(TsConfig::default())),
                Box::new(RtpReceiver::new(RtpConfig::default())),
                Box::new(DatagramDemuxer::new(RtpConfig::default())),
            ];
            for (mut demuxer, piece) in all.into_iter().zip([1316, usize::MAX, 1500]) {
                let piece = piece.min(bytes.len().max(1));
                let (found, error) = below(&name, &bytes, || demux(demuxer.as_mut(), &bytes, piece));
                assert_eq!(error, None, "{name}");
                assert!(found.len() < 2000, "{name}: {} findings", found.len());
            }
        }
    }
}

#[test]
fn rtmp() {
    for folder in
        ["rtmp-chunk0", "rtmp-chunk1", "rtmp-chunk2", "rtmp-chunk3", "rtmp-message", "rtmp-rawmessage", "bombs"]
    {
        for (name, bytes) in files(folder) {
            for (is_on_air, piece) in [(false, bytes.len().max(1)), (false, 1), (true, bytes.len().max(1)), (true, 7)] {
                let mut session = session(is_on_air);
                let (found, error) = below(&name, &bytes, || demux(&mut session, &bytes, piece));
                assert!(found.len() < 2000, "{name}: {} findings", found.len());
                assert!(session.is_closed(), "{name}: {error:?}");
            }
            // As they come from a socket.
            let mut raw = RtmpSession::new(RtmpConfig::default(), now());
            below(&name, &bytes, || demux(&mut raw, &bytes, 1460));
        }
    }
    // The chunk size of 1 is legal; the command after it is cut.
    for name in ["rtmp_http_get.bin", "rtmp_chunk_size_0.bin", "rtmp_chunk_size_7fffffff.bin", "rtmp_type3_first.bin"] {
        let Some(bytes) = bomb(name) else { return };
        let mut session = RtmpSession::new(RtmpConfig::default(), now());
        assert!(session.push(bytes, now()).is_err() && session.is_closed(), "{name}");
    }
}

#[test]
fn amf0_in_commands_and_data() {
    let run = || {
        for (name, bytes) in files("amf0").into_iter().chain(files("bombs")) {
            for kind in [15, 17, 18, 20] {
                let mut publisher = Publisher::new("live", "key");
                let mut session = session(true);
                publisher.set_chunk_size(4096);
                let message = Bytes::from(publisher.message(4, kind, 0, 1, &bytes));
                let (found, _) = below(&name, &message, || demux(&mut session, &message, 4096));
                assert!(found.len() < 20, "{name}: {found:?}");
            }
        }
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(run).unwrap().join().unwrap();
}

#[test]
fn fragments() {
    for folder in ["mp4", "mp4-box", "mp4-files", "fmp4-init", "fmp4-parts", "bombs"] {
        for (name, bytes) in files(folder) {
            if let Err(error) = fragment(&name, &bytes) {
                assert!(matches!(error, ExportError::Fragment(_) | ExportError::Duration { .. }), "{name}: {error}");
            }
        }
    }
    for (name, is_limit) in [
        ("mp4_nested_2000.bin", true),
        ("mp4_trun_ffffffff_flags0.bin", true),
        ("mp4_trun_10000001_flags201.bin", true),
        ("mp4_box_size_0_1_7.bin", false),
    ] {
        let Some(bytes) = bomb(name) else { return };
        let Err(ExportError::Fragment(error)) = fragment(name, &bytes) else { panic!("{name} was taken") };
        assert_eq!(matches!(error.kind, ParseErrorKind::Limit(_)), is_limit, "{name}: {error}");
    }
}

fn fragment(name: &str, bytes: &Bytes) -> Result<(), ExportError> {
    let track = AudioTrack { sample_rate: 48_000, channels: 2 };
    let format = TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) });
    let spec = TrackSpec::audio(TrackId(0), "audio", 64_000, format, Language::UND);
    let mut export = Exporter::new(Cursor::new(Vec::new()), &[&spec]).unwrap();
    let body = Body::from(bytes.clone());
    below(name, bytes, || export.push(0, &body))
}

#[test]
fn set_ups_and_nal_units() {
    for folder in ["adts", "asc", "h264-annexb", "h264-avcc", "h264-sps", "h264-dts", "bombs"] {
        for (name, bytes) in files(folder) {
            below(&name, &bytes, || {
                for framing in [NalFraming::AnnexB, NalFraming::Length(1), NalFraming::Length(2), NalFraming::Length(4)]
                {
                    let mut sets = h264::ParameterSets::default();
                    let nals: usize = h264::nal_units(&bytes, framing)
                        .inspect(|nal| {
                            sets.insert(nal);
                            drop(h264::video_track(nal));
                        })
                        .map(|nal| nal.len())
                        .sum();
                    assert!(nals <= bytes.len(), "{name}");
                }
                drop(h264::video_track(&bytes));
                drop(h264::video_track(&[&[0x67], &bytes[..]].concat()));
                drop(avcc::parse(&bytes));
                drop(AudioSpecificConfig::parse(&bytes));
                for at in 0..bytes.len().min(4096) {
                    drop(AdtsHeader::parse(&bytes[at..]));
                }
            });
        }
    }
}

#[test]
fn errors_say_where() {
    let Some(bytes) = bomb("rtmp_type3_first.bin") else { return };
    let (_, error) = demux(&mut RtmpSession::new(RtmpConfig::default(), now()), &bytes, 1460);
    let error = error.unwrap();
    assert!(error.at.offset >= 3073 && error.at.stream.is_some(), "{error}");
    let Some(bytes) = bomb("ts_pmt_program_info_length_fff.ts") else { return };
    let (found, _) = demux(&mut TsDemuxer::new(TsConfig::default()), &bytes, 188);
    let unreadable = found.into_iter().find_map(|item| match item {
        Demuxed::Fault(Fault::Unreadable(error)) => Some(error),
        _ => None,
    });
    assert!(unreadable.unwrap().at.stream.is_some());
}
