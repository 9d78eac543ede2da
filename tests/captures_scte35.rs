//! SCTE-35 messages of real systems, with what other decoders make of them.
//!
//! The material lies beside the project and is not part of it; without it every test says so and passes.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its fixtures from disk")]

use std::{fs, path::Path};

use headend::{
    error::ParseErrorKind,
    splice::scte35::{
        InsertTimes, Segmentation, SegmentationDescriptor, SpliceCommand, SpliceDescriptor, SpliceInfoSection,
        SpliceTime,
    },
};
use serde_json::{Map, Value, json};

fn vectors(file: &str) -> Option<Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media/scte35");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap())
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.trim_start_matches("0x");
    (0..digits.len() / 2).map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What we found, in the words of the answers.
fn told(section: &SpliceInfoSection) -> Value {
    let descriptors: Vec<Value> = section.descriptors.iter().map(descriptor).collect();
    json!({
        "sap_type": section.sap_type,
        "pts_adjustment": section.pts_adjustment,
        "cw_index": section.cw_index,
        "tier": section.tier,
        "splice_command": command(&section.command),
        "descriptors": descriptors,
        "alignment_stuffing": section.stuffing.len(),
    })
}

fn time(time: SpliceTime) -> Value {
    match time {
        SpliceTime::Unspecified => json!({ "time_specified_flag": false }),
        SpliceTime::At(at) => json!({ "time_specified_flag": true, "pts_time": at }),
    }
}

fn command(command: &SpliceCommand) -> Value {
    match command {
        SpliceCommand::TimeSignal(at) => json!({ "splice_time": time(*at) }),
        SpliceCommand::Insert(insert) => {
            let mut told = json!({
                "splice_event_id": insert.event_id,
                "splice_event_cancel_indicator": insert.event.is_none(),
            });
            let told = told.as_object_mut().unwrap();
            if let Some(event) = &insert.event {
                told.insert("event_id_compliance_flag".into(), insert.event_id_compliance.into());
                put_insert(told, event);
            }
            Value::Object(told.clone())
        }
        _ => json!({}),
    }
}

fn put_insert(told: &mut Map<String, Value>, event: &InsertTimes) {
    let more = json!({
        "out_of_network_indicator": event.is_out,
        "program_splice_flag": event.components.is_none(),
        "duration_flag": event.duration.is_some(),
        "splice_immediate_flag": event.is_immediate,
        "unique_program_id": event.unique_program_id,
        "avail_num": event.avail_num,
        "avails_expected": event.avails_expected,
    });
    told.extend(more.as_object().unwrap().clone());
    if let Some(at) = event.at {
        told.insert("splice_time".into(), time(at));
    }
    if let Some(duration) = event.duration {
        let duration = json!({ "auto_return": duration.auto_return, "duration": duration.ticks });
        told.insert("break_duration".into(), duration);
    }
}

fn descriptor(descriptor: &SpliceDescriptor) -> Value {
    match descriptor {
        SpliceDescriptor::Avail { provider_avail_id } => {
            json!({ "splice_descriptor_tag": 0, "provider_avail_id": provider_avail_id })
        }
        SpliceDescriptor::Dtmf { preroll, chars } => {
            let chars = String::from_utf8(chars.to_vec()).unwrap();
            json!({ "splice_descriptor_tag": 1, "preroll": preroll, "dtmf_chars": chars })
        }
        SpliceDescriptor::Segmentation(found) => segmentation(found),
        SpliceDescriptor::Other { tag, bytes } => {
            json!({ "splice_descriptor_tag": tag, "private_hex": hex(&bytes[4..]) })
        }
        other => panic!("{other:?}"),
    }
}

fn segmentation(found: &SegmentationDescriptor) -> Value {
    let mut told = json!({
        "splice_descriptor_tag": 2,
        "segmentation_event_id": found.event_id,
        "segmentation_event_cancel_indicator": found.event.is_none(),
        "segmentation_event_id_compliance_indicator": found.event_id_compliance,
    });
    if let Some(event) = &found.event {
        let more = told.as_object_mut().unwrap();
        more.extend(segment(event).as_object().unwrap().clone());
        if !event.delivery_not_restricted {
            let allowed = event.restrictions;
            let allowed = json!({
                "web_delivery_allowed_flag": allowed.web_delivery_allowed,
                "no_regional_blackout_flag": allowed.no_regional_blackout,
                "archive_allowed_flag": allowed.archive_allowed,
                "device_restrictions": allowed.device_restrictions,
            });
            more.extend(allowed.as_object().unwrap().clone());
        }
        event.duration.map(|duration| more.insert("segmentation_duration".into(), duration.into()));
        if let Some((num, expected)) = event.sub_segments {
            more.insert("sub_segment_num".into(), num.into());
            more.insert("sub_segments_expected".into(), expected.into());
        }
    }
    told
}

fn segment(event: &Segmentation) -> Value {
    json!({
        "program_segmentation_flag": event.components.is_none(),
        "segmentation_duration_flag": event.duration.is_some(),
        "delivery_not_restricted_flag": event.delivery_not_restricted,
        "segmentation_upid_type": event.upid_type,
        "segmentation_upid_length": event.upid.len(),
        "segmentation_upid_hex": hex(&event.upid),
        "segmentation_type_id": event.type_id,
        "segment_num": event.segment_num,
        "segments_expected": event.segments_expected,
    })
}

/// Everything that we tell is in the answer; what the answer has besides, in the same object, is only counts and lengths.
fn assert_in(told: &Value, answer: &Value, what: &str) {
    match (told, answer) {
        (Value::Object(told), Value::Object(answer)) => {
            const DERIVED: [&str; 2] = ["descriptor_length", "identifier"];
            for (name, value) in told {
                assert_in(value, &answer[name], &format!("{what}.{name}"));
            }
            if !what.ends_with(".answer") {
                let left = answer.keys().filter(|name| !told.contains_key(*name) && !DERIVED.contains(&name.as_str()));
                assert_eq!(left.collect::<Vec<_>>(), Vec::<&String>::new(), "{what}");
            }
        }
        (Value::Array(told), Value::Array(answer)) => {
            assert_eq!(told.len(), answer.len(), "{what}");
            told.iter().zip(answer).for_each(|(told, answer)| assert_in(told, answer, what));
        }
        _ => assert_eq!(told, answer, "{what}"),
    }
}

#[test]
fn every_message_gives_its_answer_and_is_written_again_bit_for_bit_a14_1() {
    let Some(vectors) = vectors("vectors.json") else { return };
    assert_eq!(vectors.len(), 82);
    for vector in vectors {
        let text = vector["hex"].as_str().unwrap();
        let bytes = bytes(text);
        let section = SpliceInfoSection::parse(&bytes).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_in(&told(&section), &vector["answer"], &format!("{text}.answer"));
        let is_told = vector["answer"]["splice_command_length"] != 4095;
        assert_eq!(section.has_command_length, is_told, "{text}");
        assert_eq!(hex(&section.to_bytes().unwrap()), hex(&bytes));
    }
}

#[test]
fn bad_messages_give_errors_that_say_why() {
    let Some(vectors) = vectors("bad.json") else { return };
    assert_eq!(vectors.len(), 11);
    for vector in vectors {
        let (text, why) = (vector["hex"].as_str().unwrap(), vector["why"].as_str().unwrap());
        let error = SpliceInfoSection::parse(&bytes(text)).expect_err(text);
        println!("{why}: {error}");
        let is_expected = match error {
            ParseErrorKind::Checksum { .. } => why.starts_with("CRC-32 wrong"),
            // Trailing bytes are found before a checksum is worked out.
            ParseErrorKind::Invalid { what: "section_length", .. } => vector["len"] != vector["section_len"],
            ParseErrorKind::Truncated { .. } => !why.starts_with("CRC-32 wrong"),
            ParseErrorKind::Invalid { .. } => why.contains("inconsistent"),
            _ => false,
        };
        assert!(is_expected, "{why}: {error}");
    }
}

/// Sections of every command, as TSDuck makes them.
#[test]
fn every_command_is_written_as_tsduck_writes_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media/ts/answers/tsduck-027");
    if !folder.is_dir() {
        return println!("skipped: {} is not there", folder.display());
    }
    let all = fs::read(folder.join("test-027.compile.bin")).unwrap();
    let (mut left, mut count, mut later) = (&all[..], 0, 0);
    while !left.is_empty() {
        let length = 3 + (usize::from(left[1] & 0xF) << 8 | usize::from(left[2]));
        let (bytes, rest) = left.split_at(length);
        match SpliceInfoSection::parse(bytes) {
            Ok(section) => assert_eq!(hex(&section.to_bytes().unwrap()), hex(bytes)),
            Err(ParseErrorKind::Unsupported { what: "protocol_version", value: 4 }) => later += 1,
            Err(error) => panic!("{}: {error}", hex(bytes)),
        }
        (left, count) = (rest, count + 1);
    }
    assert!(count > 8 && later == 1, "{count}");
}
