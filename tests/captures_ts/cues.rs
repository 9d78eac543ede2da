//! Cues in captures and in messages from elsewhere: whole, and due when others say that they are.

use std::fs;

use headend::{
    ingest::Demuxed,
    media::{CueCarriage, CueSignal},
    time::Timescale,
};
use serde_json::Value;

use super::{
    faults,
    malformed::{run, with_tables},
    media,
};

fn cues(found: &[Demuxed]) -> Vec<&CueSignal> {
    found.iter().filter_map(|item| if let Demuxed::Cue(cue) = item { Some(cue) } else { None }).collect()
}

/// The packets of a section on a PID.
fn packets(section: &[u8], pid: u16) -> Vec<u8> {
    let payload = [&[0][..], section].concat();
    let packet = |(n, piece): (usize, &[u8])| {
        let start = if n == 0 { 0x40 } else { 0 };
        let mut packet = vec![0x47, start | (pid >> 8) as u8, pid as u8, 0x10 | n as u8 & 0x0F];
        packet.extend(piece);
        packet.resize(188, 0xFF);
        packet
    };
    payload.chunks(184).enumerate().flat_map(packet).collect()
}

fn messages(name: &str) -> Option<Vec<(Vec<u8>, Value)>> {
    let list: Value =
        serde_json::from_str(&fs::read_to_string(media(&format!("scte35/{name}.json"))?).unwrap()).unwrap();
    let bytes = |hex: &str| -> Vec<u8> {
        let hex = hex.trim_start_matches("0x");
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..][..2], 16).unwrap()).collect()
    };
    Some(list.as_array().unwrap().iter().map(|it| (bytes(it["hex"].as_str().unwrap()), it.clone())).collect())
}

/// When a decoded message is due: 0 for at once, as nothing else is in the stream.
fn answer(message: &Value) -> Option<i64> {
    let command = &message["splice_command"];
    let first = || command["components"].get(0).map(|component| &component["splice_time"]);
    let time = match command.get("splice_time").or_else(first) {
        _ if command["splice_event_cancel_indicator"] == true => return None,
        _ if command["splice_immediate_flag"] == true => return Some(0),
        Some(time) => time,
        None => return None,
    };
    let Some(pts) = time["pts_time"].as_i64() else { return Some(0) };
    Some((pts + message["pts_adjustment"].as_i64().unwrap()) % (1 << 33))
}

#[test]
fn messages_from_elsewhere_are_due_when_their_decoders_say_row_5() {
    let Some(messages) = messages("vectors") else { return };
    let mut timed = 0;
    for (section, message) in &messages {
        let found = run(&with_tables(&[(0x86, 0x14), (0x1B, 0x100)], &packets(section, 0x14)));
        let [cue] = cues(&found)[..] else { panic!("{message} {:?}", faults(&found)) };
        assert_eq!(cue.payload, section);
        let expected = answer(&message["answer"]);
        assert_eq!(cue.due.map(|due| due.ticks(Timescale::MPEG)), expected, "{message}");
        timed += usize::from(expected.is_some_and(|due| due > 0));
    }
    assert!(timed > 40, "{timed} of {}", messages.len());
}

#[test]
fn broken_messages_are_told_or_have_no_time() {
    let Some(messages) = messages("bad") else { return };
    for (section, message) in messages {
        let found = run(&with_tables(&[(0x86, 0x14), (0x1B, 0x100)], &packets(&section, 0x14)));
        // Where the checksum is right and the body is not, it is carried without a time.
        let is_intact = message["why"].as_str().unwrap().starts_with("CRC right");
        assert_eq!(cues(&found).len(), usize::from(is_intact), "{message}");
        assert!(cues(&found).iter().all(|cue| cue.due.is_none()), "{message}");
        assert!(is_intact || !faults(&found).is_empty(), "{message}");
    }
}

#[test]
fn a_cue_with_a_legacy_command_length_is_carried_whole() {
    let Some(path) = media("ts/tsduck-test-091.ts") else { return };
    let packet = fs::read(path).unwrap();
    for (kind, pid) in [(0x86, 0x13), (0x05, 0x13)] {
        let found = run(&with_tables(&[(0x1B, 0x100), (kind, pid)], &packet));
        let cues: Vec<_> = found.iter().filter(|item| matches!(item, Demuxed::Cue(_))).collect();
        let [Demuxed::Cue(CueSignal { carriage, payload, .. })] = cues[..] else { panic!("{cues:?}") };
        assert_eq!(*carriage, CueCarriage::TransportStream { pid });
        assert_eq!(payload, &packet[5..5 + payload.len()]);
        assert_eq!((payload[0], payload.len()), (0xFC, 3 + usize::from(packet[7])));
    }
}

#[test]
fn cues_of_a_capture_come_whole_at_its_first_picture() {
    let Some(path) = media("ts/androidx-sample_scte35.ts") else { return };
    let found = run(&fs::read(path).unwrap());
    let cues: Vec<&CueSignal> = found
        .iter()
        .filter_map(|item| match item {
            Demuxed::Cue(cue) => Some(cue),
            _ => None,
        })
        .collect();
    assert_eq!(cues.iter().map(|cue| cue.payload.len()).collect::<Vec<_>>(), [35, 35, 35]);
    assert!(cues.iter().all(|cue| cue.payload[0] == 0xFC));
    // The first picture has begun: they stand at its DTS. FFmpeg places them by the program clock, which stands at 0.7 s.
    assert_eq!(cues.iter().map(|cue| cue.at.ticks(Timescale::MPEG)).collect::<Vec<_>>(), [126_000; 3]);
}

/// `tsduck-test-027`: every splice command, as TSDuck reads it.
#[test]
fn cues_of_every_command_are_whole_and_due_when_tsduck_says_row_5() {
    let Some(path) = media("ts/answers/tsduck-027/test-027.pack.ts") else { return };
    let found = run(&with_tables(&[(0x86, 200), (0x1B, 0x100)], &fs::read(path).unwrap()));
    let cues: Vec<&CueSignal> =
        found.iter().filter_map(|item| if let Demuxed::Cue(cue) = item { Some(cue) } else { None }).collect();
    let all: Vec<u8> = cues.iter().flat_map(|cue| cue.payload.to_vec()).collect();
    assert!(all == fs::read(media("ts/answers/tsduck-027/test-027.compile.bin").unwrap()).unwrap());
    let text = fs::read_to_string(media("ts/answers/tsduck-027/test-027.tstables.txt").unwrap()).unwrap();
    let sections: Vec<&str> = text.split("* SCTE 35 Splice Information").skip(1).collect();
    assert_eq!(cues.len(), sections.len());
    // The first time that is named in a section with a command that has one; at once is when it comes, which is nowhere here.
    let hex = |text: &str| i64::from_str_radix(text.split_whitespace().next().unwrap(), 16).unwrap();
    for (cue, section) in cues.iter().zip(sections) {
        let has_time = section.contains("(TimeSignal)") || section.contains("(SpliceInsert)");
        let time = section.split_once("Time: 0x").or(section.split_once("ime PTS: 0x")).map(|(_, after)| hex(after));
        let expected = match (has_time, time) {
            (true, Some(time)) => Some(time),
            (true, None) if section.contains("immediate: yes") || section.contains("Time: unset") => Some(0),
            _ => None,
        };
        assert_eq!(cue.due.map(|due| due.ticks(Timescale::MPEG)), expected, "{section}");
    }
    assert!(faults(&found).is_empty(), "{:?}", faults(&found));
}
