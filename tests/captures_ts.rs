//! Real captures with known answers: transport streams as FFmpeg reads them, RTP captures, three bombs.
//!
//! The material lies beside the project and is not part of it; without it every test says so and passes.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its fixtures from disk")]

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use bytes::Bytes;
use headend::{
    codec::h264,
    error::Fault,
    ingest::{DatagramDemuxer, Demuxed, Demuxer, RtpConfig, RtpReceiver, TsConfig, TsDemuxer},
    media::{AccessUnit, NalFraming, Track, TrackFormat, TrackId},
    time::{Now, Timescale, Utc},
};

fn media(path: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/media");
    if !folder.is_dir() {
        println!("skipped: no ../shared/media");
        return None;
    }
    Some(folder.join(path))
}

fn now(at: Duration) -> Now {
    Now::new(at, Utc::UNIX_EPOCH)
}

fn demux(demuxer: &mut dyn Demuxer, pieces: impl IntoIterator<Item = (Duration, Bytes)>) -> Vec<Demuxed> {
    let mut all = Vec::new();
    for (at, bytes) in pieces {
        if demuxer.poll_timeout().is_some_and(|deadline| deadline <= at) {
            demuxer.handle_timeout(now(at));
        }
        demuxer.push(bytes, now(at)).expect("no input closes a session");
        all.extend(std::iter::from_fn(|| demuxer.pull()));
    }
    demuxer.finish();
    all.extend(std::iter::from_fn(|| demuxer.pull()));
    all
}

fn demux_ts(bytes: &[u8], config: TsConfig) -> Vec<Demuxed> {
    let pieces = bytes.chunks(1316).map(|piece| (Duration::ZERO, Bytes::copy_from_slice(piece)));
    demux(&mut TsDemuxer::new(config), pieces)
}

fn tracks(found: &[Demuxed]) -> Vec<&Track> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Track(track) => Some(track),
        _ => None,
    });
    all.collect()
}

fn units(found: &[Demuxed], track: Option<TrackId>) -> Vec<&AccessUnit> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Unit(unit) if track.is_none_or(|track| unit.track == track) => Some(unit),
        _ => None,
    });
    all.collect()
}

fn faults(found: &[Demuxed]) -> Vec<&Fault> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Fault(fault) => Some(fault),
        _ => None,
    });
    all.collect()
}

/// One line of a framecrc file.
#[derive(Debug, PartialEq, Eq)]
struct Packet {
    dts: i64,
    pts: i64,
    size: usize,
    crc: u32,
}

/// The packets of each H.264 and AAC stream of a framecrc file, in the order of the streams.
fn answers(text: &str) -> Vec<(String, Vec<Packet>)> {
    let mut streams: BTreeMap<usize, (String, Vec<Packet>)> = BTreeMap::new();
    for line in text.lines() {
        if let Some((index, codec)) = line.strip_prefix("#codec_id ").and_then(|rest| rest.split_once(": ")) {
            streams.insert(index.parse().unwrap(), (codec.to_string(), Vec::new()));
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if let [index, dts, pts, _, size, crc, ..] = fields[..]
            && !line.starts_with('#')
        {
            let crc = u32::from_str_radix(crc.trim_start_matches("0x"), 16).unwrap();
            let (dts, pts, size) = (dts.parse().unwrap(), pts.parse().unwrap(), size.parse().unwrap());
            streams.get_mut(&index.parse().unwrap()).unwrap().1.push(Packet { dts, pts, size, crc });
        }
    }
    streams.into_values().filter(|(codec, _)| codec == "h264" || codec == "aac").collect()
}

/// Adler-32 that begins with 0, as framecrc has it.
fn adler(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((0u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

/// `a - b` of two 33-bit times, the short way round.
fn apart(a: i64, b: i64) -> i64 {
    let range = 1i64 << 33;
    (a - b + range / 2).rem_euclid(range) - range / 2
}

fn agree(name: &str, streams: &[(String, Vec<Packet>)], found: &[Demuxed]) {
    let mut ids: Vec<TrackId> = Vec::new();
    for track in tracks(found) {
        if !ids.contains(&track.id) && !matches!(track.format, TrackFormat::Unknown(_)) {
            ids.push(track.id);
        }
    }
    ids.sort();
    assert_eq!(ids.len(), streams.len(), "{name}: tracks");
    for (id, (codec, packets)) in ids.into_iter().zip(streams) {
        let units = units(found, Some(id));
        assert_eq!(units.len(), packets.len(), "{name}: {codec} access units");
        for (index, (unit, packet)) in units.iter().zip(packets).enumerate() {
            let at = format!("{name}: {codec} {index} {packet:?}");
            assert!(apart(unit.pts.ticks(Timescale::MPEG), packet.pts).abs() <= 1, "{at} pts {:?}", unit.pts);
            // Where the stream sends no DTS, FFmpeg makes one up from its reorder buffer.
            let dts = unit.dts.ticks(Timescale::MPEG);
            assert!(name == "vhs-id3.ts" || apart(dts, packet.dts).abs() <= 1, "{at} dts {:?}", unit.dts);
            assert!(!unit.is_damaged, "{at}");
            if codec == "h264" {
                assert_eq!((unit.data.len(), adler(&unit.data)), (packet.size, packet.crc), "{at}");
                assert_eq!(unit.is_random_access, h264::contains_idr(&unit.data, NalFraming::AnnexB), "{at}");
            } else {
                // Without its ADTS header, which here never has a checksum.
                assert_eq!(unit.data.len(), packet.size - 7, "{at}");
            }
        }
    }
}

#[test]
fn transport_streams_agree_with_ffmpeg() {
    let names = [
        "eyevinn-bbb_1s.ts",
        "eyevinn-avc_with_time.ts",
        "g_pts_wrap.ts",
        "androidx-sample_h264_mpeg_audio.ts",
        "androidx-sample_h264_no_access_unit_delimiters.ts",
        "g_1080i25_h264_mbaff_ac3_aac_mp2.ts",
        "g_hi422_10bit_720p50.ts",
        "vhs-bipbop0.ts",
        "vhs-videoDiffPtsDts.ts",
        "vhs-muxed.ts",
        "vhs-id3.ts",
        "vhs-videoMaxOffset.ts",
        "vhs-videoMinOffset.ts",
        "vhs-audioMaxOffset.ts",
        "vhs-audioMinOffset.ts",
    ];
    for name in names {
        let Some(path) = media(&format!("ts/{name}")) else { return };
        let answer = media(&format!("answers/packets/ts__{name}.framecrc.txt")).unwrap();
        let streams = answers(&fs::read_to_string(answer).unwrap());
        let bytes = fs::read(path).unwrap();
        agree(name, &streams, &demux_ts(&bytes, TsConfig::default()));
    }
}

#[test]
fn each_program_of_two_agrees_with_ffmpeg() {
    let Some(path) = media("ts/g_mpts_2programs.ts") else { return };
    let bytes = fs::read(path).unwrap();
    let answer = fs::read_to_string(media("answers/packets/ts__g_mpts_2programs.ts.framecrc.txt").unwrap()).unwrap();
    let mut first = answers(&answer);
    // The sound of the second program is MP2.
    let second = first.split_off(2);
    for (program, streams) in [(None, &first), (Some(101), &first), (Some(102), &second)] {
        agree("mpts", streams, &demux_ts(&bytes, TsConfig { program, ..TsConfig::default() }));
    }
}

#[test]
fn streams_that_are_not_read_are_named() {
    let Some(path) = media("ts/g_1080i25_h264_mbaff_ac3_aac_mp2.ts") else { return };
    let found = demux_ts(&fs::read(path).unwrap(), TsConfig::default());
    let texts: Vec<&str> = tracks(&found)
        .into_iter()
        .filter_map(|track| match &track.format {
            TrackFormat::Unknown(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["stream_type 0x81 on PID 257 (AC-3)", "stream_type 0x03 on PID 259 (MPEG-1 audio)"]);
    let languages: Vec<&str> = tracks(&found).into_iter().map(|track| track.language.as_str()).collect();
    assert!(languages.contains(&"eng") && languages.contains(&"fra") && languages.contains(&"deu"), "{languages:?}");
}

/// The UDP payloads of a little-endian pcap file with Ethernet frames, VLAN tags or not.
fn pcap(bytes: &[u8]) -> Vec<(Duration, Bytes)> {
    assert_eq!(bytes[..4], [0xD4, 0xC3, 0xB2, 0xA1]);
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut all) = (24, Vec::new());
    while at < bytes.len() {
        let time = Duration::new(word(at).into(), word(at + 4) * 1000);
        let frame = &bytes[at + 16..][..word(at + 8) as usize];
        at += 16 + frame.len();
        let mut ip = 12;
        while frame[ip..ip + 2] == [0x81, 0x00] {
            ip += 4;
        }
        ip += 2;
        let udp = ip + usize::from(frame[ip] & 0x0F) * 4;
        let len = usize::from(u16::from_be_bytes([frame[udp + 4], frame[udp + 5]]));
        all.push((time, Bytes::copy_from_slice(&frame[udp + 8..udp + len])));
    }
    all
}

fn without_faults(found: &[Demuxed]) -> Vec<&Demuxed> {
    found.iter().filter(|item| !matches!(item, Demuxed::Fault(_))).collect()
}

#[test]
fn rtp_captures_give_their_answers() {
    let Some(path) = media("rtp/g_rtp_ts_clean_seqwrap.expected.ts") else { return };
    let expected = demux_ts(&fs::read(path).unwrap(), TsConfig::default());
    assert!(units(&expected, None).len() > 100);
    let run = |case: &str| {
        let bytes = fs::read(media(&format!("rtp/g_rtp_ts_{case}.pcap")).unwrap()).unwrap();
        let datagrams = pcap(&bytes);
        (demux(&mut DatagramDemuxer::new(RtpConfig::default()), datagrams.clone()), datagrams)
    };
    for case in ["clean_seqwrap", "reorder_dup", "csrc_ext_padding", "2022-7_merged_legs"] {
        let (found, _) = run(case);
        assert_eq!(faults(&found), Vec::<&Fault>::new(), "{case}");
        assert!(found == expected, "{case}");
    }
    let (found, _) = run("ssrc_change_gap1500ms");
    assert!(without_faults(&found) == without_faults(&expected));
    assert_eq!(faults(&found).iter().filter(|fault| ***fault == Fault::SourceChanged).count(), 1);

    let (found, datagrams) = run("loss");
    let lost = |found: &[Demuxed]| {
        let all = faults(found).into_iter().filter_map(|fault| match fault {
            Fault::Loss { lost, stream: None } => Some(*lost),
            _ => None,
        });
        all.sum::<u64>()
    };
    assert_eq!(lost(&found), 7);
    let payloads: Vec<u8> = datagrams.iter().flat_map(|(_, datagram)| datagram[12..].to_vec()).collect();
    assert!(without_faults(&found) == without_faults(&demux_ts(&payloads, TsConfig::default())));
    // Of the streams that are read, one datagram of sound was lost: seven frames, one that it cut, four that it left
    // without a time stamp.
    assert!(faults(&found).contains(&&Fault::Loss { lost: 7, stream: Some(257) }));
    assert_eq!(units(&expected, None).len() - units(&found, None).len(), 12);
}

#[test]
fn lost_datagrams_flag_the_pictures_that_they_touch() {
    let Some(path) = media("rtp/g_rtp_ts_loss.pcap") else { return };
    let ts = TsConfig { video_index: 1, ..TsConfig::default() };
    let clean = fs::read(media("rtp/g_rtp_ts_clean_seqwrap.expected.ts").unwrap()).unwrap();
    let expected = demux_ts(&clean, ts);
    let config = RtpConfig { ts, ..RtpConfig::default() };
    let found = demux(&mut RtpReceiver::new(config), pcap(&fs::read(path).unwrap()));
    let lost: u64 = faults(&found)
        .into_iter()
        .filter_map(|fault| match fault {
            Fault::Loss { lost, stream: Some(258) } => Some(*lost),
            _ => None,
        })
        .sum();
    assert_eq!(lost, 6 + 7 + 5);
    let (all, whole) = (units(&expected, None), units(&found, None));
    assert!(whole.iter().any(|unit| unit.is_damaged));
    // Nothing that is not flagged differs from what was sent.
    for unit in whole.into_iter().filter(|unit| !unit.is_damaged) {
        assert!(all.contains(&unit), "{:?} of {:?}", unit.pts, unit.track);
    }
}

#[test]
fn rtp_in_frames_with_vlan_tags() {
    let Some(path) = media("rtp/tsduck-test-162.pcap") else { return };
    let mut demuxer = DatagramDemuxer::new(RtpConfig::default());
    let datagrams = pcap(&fs::read(path).unwrap());
    assert_eq!(datagrams.len(), 16);
    let found = demux(&mut demuxer, datagrams.clone());
    assert_eq!(demuxer.protocol(), Some("rtp"));
    let answer = fs::read(media("ts/answers/tsduck-162/test-162.1.ts").unwrap()).unwrap();
    let payloads: Vec<u8> = datagrams.iter().flat_map(|(_, datagram)| datagram[12..].to_vec()).collect();
    assert!(payloads == answer);
    assert!(found == demux_ts(&answer, TsConfig::default()));
}

#[test]
fn bombs_are_refused_by_name() {
    let Some(folder) = media("malformed/bombs") else { return };
    let run = |name: &str| demux_ts(&fs::read(folder.join(name)).unwrap(), TsConfig::default());
    let codes = |name: &str| faults(&run(name)).iter().map(|fault| fault.code()).collect::<Vec<_>>();
    assert!(codes("ts_pmt_program_info_length_fff.ts").contains(&"PARSE_INVALID"));
    assert_eq!(codes("ts_afc_length_184.ts"), ["INGEST_IGNORED"]);
    assert!(codes("ts_pat_flood.ts").len() < 10, "{:?}", codes("ts_pat_flood.ts"));
}
