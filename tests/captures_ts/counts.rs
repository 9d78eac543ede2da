//! What counters found in the captures: time stamps, clocks, packets that are there twice.

use std::{fs, time::Duration};

use bytes::Bytes;
use headend::{
    ingest::{Demuxer, TsConfig, TsDemuxer},
    time::Timescale,
};
use serde_json::Value;

use super::{demux_ts, malformed::with_tables, media, now, tracks, units};

fn answers(name: &str) -> Option<Value> {
    Some(serde_json::from_str(&fs::read_to_string(media(&format!("answers/{name}.json"))?).unwrap()).unwrap())
}

fn read(name: &str) -> Vec<u8> {
    fs::read(media(name).unwrap()).unwrap()
}

#[test]
fn rows_1_to_4_time_stamps_are_those_of_the_wire_and_wrap_as_often() {
    let Some(answers) = answers("pts_wrap") else { return };
    const RANGE: i64 = 1 << 33;
    for (name, pids) in answers.as_object().unwrap() {
        let found = demux_ts(&read(name), TsConfig::default());
        for (pid, answer) in pids.as_object().unwrap() {
            let raw = |what: &str| answer[what].as_i64().unwrap();
            let stamps = |id| -> Vec<i64> {
                units(&found, Some(id)).iter().map(|unit| unit.pts.ticks(Timescale::MPEG)).collect()
            };
            // The track that begins as this PID does, and has as many access units or more: a PES packet may have many.
            let is_it = |stamps: &Vec<i64>| {
                let first = stamps.first().is_some_and(|first| first.rem_euclid(RANGE) == raw("first"));
                first && stamps.len() as i64 >= raw("n")
            };
            let all: Vec<Vec<i64>> = tracks(&found).iter().map(|track| stamps(track.id)).filter(is_it).collect();
            let has = |stamps: &Vec<i64>, what| stamps.iter().any(|pts| pts.rem_euclid(RANGE) == raw(what));
            let stamps = all.iter().find(|stamps| ["last", "max", "min"].iter().all(|what| has(stamps, what)));
            let stamps = stamps.unwrap_or_else(|| panic!("{name} {pid}: {answer} of {:?}", all.first()));
            // The counter goes round; our times do not, and span as much as was sent.
            let (low, high) = (stamps.iter().min().unwrap(), stamps.iter().max().unwrap());
            let rounds = high.div_euclid(RANGE) - low.div_euclid(RANGE);
            assert_eq!(rounds > 0, raw("wraps") > 0, "{name} {pid}");
            let span = if rounds > 0 { raw("last") + RANGE - raw("first") } else { raw("max") - raw("min") };
            assert!((span..span + 90_000).contains(&(high - low)), "{name} {pid}: {span} {}", high - low);
        }
    }
}

/// Files in which so many clocks come before the map, which says where the clock is.
const BEFORE_MAP: &[(&str, u64)] = &[("ts/muxjs-test-middle-pat-pmt.ts", 8), ("ts/tsduck-test-025.ts", 2)];

#[test]
fn every_program_clock_reference_behind_the_map_is_read() {
    let Some(answers) = answers("ts_pids") else { return };
    let (mut checked, mut wrong) = (0, Vec::new());
    for (name, answer) in answers.as_object().unwrap() {
        let count = |pid: &Value| pid["pcr"].as_u64().unwrap();
        let clocks: Vec<u64> = answer["pids"].as_object().unwrap().values().map(count).filter(|n| *n > 0).collect();
        let [clock] = clocks[..] else { continue };
        let (bytes, mut demuxer) = (read(name), TsDemuxer::new(TsConfig::default()));
        let (mut seen, mut last) = (0, None);
        for packet in bytes.chunks(answer["packet_size"].as_u64().unwrap() as usize) {
            demuxer.push(Bytes::copy_from_slice(packet), now(Duration::ZERO)).unwrap();
            while demuxer.pull().is_some() {}
            seen += u64::from(demuxer.pcr() != last);
            last = demuxer.pcr();
        }
        if demuxer.program().is_some() {
            let before = BEFORE_MAP.iter().find(|(file, _)| file == name).map_or(0, |(_, count)| *count);
            if seen + before != clock {
                wrong.push(format!("{name}: {seen} of {clock}"));
            }
            checked += 1;
        }
    }
    assert!(wrong.is_empty() && checked > 10, "{checked} {wrong:?}");
}

#[test]
fn row_23_packets_that_are_there_twice_count_as_in_the_answers_and_change_nothing() {
    let Some(answers) = answers("ts_pids") else { return };
    let cases = [
        ("ts/tsduck-test-024.ts", 0xD2, 0x1B),
        ("ts/tsduck-test-041.ts", 0x7B, 0x0F),
        ("ts/answers/tsduck-049/test-049.in.ts", 0x64, 0x1B),
    ];
    for (name, pid, kind) in cases {
        let (bytes, mut before) = (read(name), Vec::new());
        let (mut once, mut twice) = (Vec::new(), 0);
        for packet in bytes.chunks(188) {
            let is_here = u16::from_be_bytes([packet[1] & 0x1F, packet[2]]) == pid;
            // The answers count what is the same to the byte; TSDuck takes a packet of another clock for the same, too.
            twice += u64::from(is_here && before == packet);
            if !is_here || same_but_the_clock(&before) != same_but_the_clock(packet) {
                once.extend(packet);
            }
            if is_here {
                before = packet.to_vec();
            }
        }
        let dup = &answers[name]["pids"][format!("0x{pid:04X}")]["dup"];
        assert_eq!(twice, dup.as_u64().unwrap(), "{name}");
        let run = |packets: &[u8]| demux_ts(&with_tables(&[(kind, pid)], packets), TsConfig::default());
        // Without them, also nothing is missing.
        assert!(run(&bytes) == run(&once), "{name}");
    }
}

/// A packet without its program clock reference, which may differ where it is sent again.
fn same_but_the_clock(packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    if let [_, _, _, flags, len, adaptation, ..] = packet[..]
        && flags & 0x20 != 0
        && len > 6
        && adaptation & 0x10 != 0
    {
        packet[6..12].fill(0);
    }
    packet
}
