//! Real captures with known answers: every transport stream as FFmpeg reads it, RTP captures, elementary streams of sound,
//! files that broke other parsers.
//!
//! The material lies beside the project and is not part of it; without it every test says so and passes.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its fixtures from disk")]

#[path = "captures_ts/answers.rs"]
mod answers;
#[path = "captures_ts/counts.rs"]
mod counts;
#[path = "captures_ts/cues.rs"]
mod cues;
#[path = "captures_ts/every_file.rs"]
mod every_file;
#[path = "captures_ts/latm.rs"]
mod latm;
#[path = "captures_ts/malformed.rs"]
mod malformed;
#[path = "captures_ts/sound.rs"]
mod sound;

use std::{fs, path::PathBuf, time::Duration};

use bytes::Bytes;
use headend::{
    error::Fault,
    ingest::{DatagramDemuxer, Demuxed, Demuxer, RtpConfig, RtpReceiver, TsConfig, TsDemuxer},
    media::{AccessUnit, Track, TrackId},
    time::{Now, Utc},
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
        // The capture ends inside the last frame of MP2.
        assert_eq!(faults(&found), [&Fault::Dropped { count: 1, reason: "half at the end" }], "{case}");
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
    let answers = fs::read_to_string(media("rtp/g_rtp_answers.json").unwrap()).unwrap();
    let answers: serde_json::Value = serde_json::from_str(&answers).unwrap();
    let numbers = |what: &str| {
        let list = answers["cases"]["loss"][what].as_array().unwrap();
        list.iter().map(|number| number.as_u64().unwrap() as usize).collect::<Vec<_>>()
    };
    let came = |sequence: usize| datagrams.iter().any(|(_, it)| it[2..4] == (sequence as u16).to_be_bytes());
    assert!(!numbers("lost_seqs").into_iter().any(came));
    let missing = numbers("lost_indexes");
    assert_eq!(lost(&found), missing.len() as u64);
    let clean = fs::read(media("rtp/g_rtp_ts_clean_seqwrap.expected.ts").unwrap()).unwrap();
    let kept = clean.chunks(1316).enumerate().filter(|(index, _)| !missing.contains(index));
    let payloads: Vec<u8> = kept.flat_map(|(_, piece)| piece.to_vec()).collect();
    assert!(without_faults(&found) == without_faults(&demux_ts(&payloads, TsConfig::default())));
    // Of AAC, one datagram was lost: seven frames and one that it cut. Of MP2, whose frames fill most of a datagram each,
    // parts of five.
    assert!(faults(&found).contains(&&Fault::Loss { lost: 7, stream: Some(257) }));
    for (codec, gone) in [("H.264", 0), ("AAC", 8), ("MPEG audio", 8)] {
        let id = tracks(&expected).iter().find(|track| track.format.codec_name() == codec).unwrap().id;
        assert_eq!(units(&expected, Some(id)).len() - units(&found, Some(id)).len(), gone, "{codec}");
    }
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
