#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a test may panic and read its fixtures"
)]

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::*;
use crate::error::ParseError;

const WIDE: Ceilings = Ceilings { message: 8 << 20, partial: 16 << 20 };

fn read_all(reader: &mut ChunkReader, bytes: &[u8], cut: usize) -> Result<Vec<Message>, ParseError> {
    let mut messages = Vec::new();
    for piece in bytes.chunks(cut) {
        let mut input = Bytes::copy_from_slice(piece);
        while let Some(message) = reader.read(&mut input)? {
            messages.push(message);
        }
    }
    Ok(messages)
}

/// The messages of `bytes`, the same however it is cut.
fn messages(bytes: &[u8]) -> Result<Vec<Message>, ParseError> {
    let whole = read_all(&mut ChunkReader::new(WIDE, 0), bytes, usize::MAX);
    for cut in [1, 2, 3, 5, 7, 19, 130, 4099] {
        let read = read_all(&mut ChunkReader::new(WIDE, 0), bytes, cut);
        match (&whole, &read) {
            (Ok(_), _) => assert_eq!(whole, read, "pieces of {cut}"),
            (Err(whole), Err(read)) => assert_eq!((&whole.kind, whole.at.stream), (&read.kind, read.at.stream)),
            (Err(_), Ok(_)) => panic!("pieces of {cut} hide an error"),
        }
    }
    whole
}

fn times(bytes: &[u8]) -> Vec<u32> {
    messages(bytes).unwrap().iter().map(|message| message.timestamp).collect()
}

fn media(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media").join(folder);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn captured_publishers_are_read_message_by_message() {
    let Some(folder) = media("rtmp") else { return };
    for name in ["ffmpeg5_h264_aac", "ffmpeg9_ext_timestamp", "ffmpeg9_hevc_aac_ertmp", "gst_rtmp2sink_h264_aac"] {
        let bytes = std::fs::read(folder.join(format!("{name}.c2s.bin"))).unwrap();
        let answer = std::fs::read(folder.join(format!("{name}.messages.json"))).unwrap();
        let answer: Vec<serde_json::Value> = serde_json::from_slice(&answer).unwrap();
        for cut in [1, 2, 11, 4096, usize::MAX] {
            let mut reader = ChunkReader::new(WIDE, HANDSHAKE_LEN as u64);
            let messages = read_all(&mut reader, &bytes[HANDSHAKE_LEN..], cut).unwrap();
            assert_eq!(messages.len(), answer.len(), "{name}");
            for (index, (message, answer)) in messages.iter().zip(&answer).enumerate() {
                let head: String = message.payload.iter().take(24).map(|byte| format!("{byte:02x}")).collect();
                let read = serde_json::json!({
                    "csid": message.csid,
                    "ts": message.timestamp,
                    "type": message.kind.0,
                    "sid": message.stream_id,
                    "len": message.payload.len(),
                    "head": head,
                });
                for (key, value) in read.as_object().unwrap() {
                    assert_eq!(value, &answer[key], "{name} message {index} {key}");
                }
            }
            assert_eq!(reader.offset(), bytes.len() as u64);
        }
    }
}

#[test]
fn captured_servers_are_read_to_their_last_byte() {
    let Some(folder) = media("rtmp") else { return };
    for name in ["ffmpeg5_h264_aac", "ffmpeg9_ext_timestamp", "ffmpeg9_hevc_aac_ertmp", "gst_rtmp2sink_h264_aac"] {
        let bytes = std::fs::read(folder.join(format!("{name}.s2c.bin"))).unwrap();
        let mut reader = ChunkReader::new(WIDE, HANDSHAKE_LEN as u64);
        let messages = read_all(&mut reader, &bytes[HANDSHAKE_LEN..], usize::MAX).unwrap();
        assert_eq!(reader.offset(), bytes.len() as u64);
        let says = |text: &[u8]| messages.iter().any(|m| m.payload.windows(text.len()).any(|window| window == text));
        assert!(says(b"NetConnection.Connect.Success") && says(b"NetStream.Publish.Start"), "{name}");
    }
}

#[test]
fn chunk_stream_ids_of_one_two_and_three_bytes() {
    let head = |csid: &[u8]| [csid, &b"\0\0\x05\0\0\x01\x08\x01\0\0\0x"[..]].concat();
    let csid = |bytes: &[u8]| messages(&head(bytes)).unwrap()[0].csid;
    assert_eq!(csid(b"\x3F"), 63);
    assert_eq!(csid(b"\x00\xFF"), 319);
    assert_eq!(csid(b"\x01\xFF\xFF"), 65_599);
    assert_eq!(csid(b"\x01\x00\x01"), 320);
}

#[test]
fn headers_leave_out_what_the_last_one_said() {
    let bytes = b"\x04\0\0\x0A\0\0\x01\x08\x01\0\0\0a\
                  \x44\0\0\x14\0\0\x02\x09bb\
                  \x84\0\0\x1Ecc\
                  \xC4dd";
    let read = messages(bytes).unwrap();
    let fields: Vec<_> = read.iter().map(|m| (m.timestamp, m.kind.0, m.stream_id, &m.payload[..])).collect();
    assert_eq!(fields, [(10, 8, 1, &b"a"[..]), (30, 9, 1, b"bb"), (60, 9, 1, b"cc"), (90, 9, 1, b"dd")]);
}

#[test]
fn row_64_a_type_3_header_after_one_of_type_0_means_its_time_as_a_delta() {
    // As FFmpeg writes sound at 21, 42 and 64 ms: the delta is the field that was written last (clause 5.3.1.2.4).
    assert_eq!(times(b"\x04\0\0\x15\0\0\x01\x08\x01\0\0\0a\xC4b\x84\0\0\x16c"), [21, 42, 64]);
    assert_eq!(times(b"\x04\0\0\0\0\0\x01\x08\x01\0\0\0a\xC4b"), [0, 0]);
    // An hour is no delta: the same time again.
    assert_eq!(times(b"\x04\x36\xEE\x80\0\0\x01\x08\x01\0\0\0a\xC4b\xC4c"), [3_600_000; 3]);
}

/// A message of 200 bytes in two chunks with an extended time stamp, then one like it by a type 3 header.
fn extended(repeats: bool) -> Vec<u8> {
    let time: &[u8] = &0x0123_4567u32.to_be_bytes();
    let again = if repeats { time } else { &[] };
    let body = [0x17; 200];
    [
        &b"\x06\xFF\xFF\xFF\0\0\xC8\x09\x01\0\0\0"[..],
        time,
        &body[..128],
        b"\xC6",
        again,
        &body[128..],
        b"\xC6",
        again,
        &body[..128],
        b"\xC6",
        again,
        &body[128..],
    ]
    .concat()
}

#[test]
fn both_dialects_of_the_extended_time_stamp() {
    for repeats in [true, false] {
        let read = messages(&extended(repeats)).unwrap();
        assert_eq!(read.len(), 2, "repeats: {repeats}");
        assert!(read.iter().all(|m| m.timestamp == 0x0123_4567 && m.payload[..] == [0x17; 200]));
    }
}

#[test]
fn the_last_bytes_of_a_message_follow_the_dialect_seen_before() {
    for repeats in [true, false] {
        let time: &[u8] = &0x0100_0000u32.to_be_bytes();
        let again = if repeats { time } else { &[] };
        // 258 bytes: chunks of 128, 128 and 2; the last is too short to look into.
        let body = [0x41; 258];
        let bytes = [
            &b"\x06\xFF\xFF\xFF\0\x01\x02\x09\x01\0\0\0"[..],
            time,
            &body[..128],
            b"\xC6",
            again,
            &body[128..256],
            b"\xC6",
            again,
            &body[256..],
        ]
        .concat();
        let read = messages(&bytes).unwrap();
        assert_eq!(&read[0].payload[..], &body[..], "repeats: {repeats}");
    }
}

#[test]
fn row_64_the_dialect_is_known_on_every_chunk_stream_and_found_by_a_few_bytes() {
    let time: &[u8] = &0x0123_4567u32.to_be_bytes();
    let message = |csid: u8, len: u8, repeats: bool| {
        let again = if repeats { time } else { &[] };
        let body = &[0x41; 256][..usize::from(len) + 128];
        let mut bytes = [&[csid, 0xFF, 0xFF, 0xFF, 0, 0][..], &[len + 128, 9, 1, 0, 0, 0], time, &body[..128]].concat();
        for chunk in body[128..].chunks(128) {
            bytes.extend([&[0xC0 | csid][..], again, chunk].concat());
        }
        (bytes, body.to_vec())
    };
    for repeats in [true, false] {
        for last in 1..=3 {
            // The first message with an extended time stamp ends in a chunk that is too short to hold one.
            let (first, body) = message(6, last, repeats);
            assert_eq!(&messages(&first).unwrap()[0].payload[..], &body[..], "repeats: {repeats}, {last}");
            // Its end even looks like one, but the dialect is known from another chunk stream.
            let (known, _) = message(7, 100, repeats);
            let (mut alike, mut body) = message(6, last, repeats);
            for bytes in [&mut alike, &mut body] {
                let at = bytes.len() - usize::from(last);
                bytes[at..].copy_from_slice(&time[..usize::from(last)]);
            }
            let read = messages(&[known, alike, message(6, 100, repeats).0].concat()).unwrap();
            assert_eq!((&read[1].payload[..], read.len()), (&body[..], 3), "repeats: {repeats}, {last}");
        }
    }
}

#[test]
fn extended_deltas_and_time_wraps() {
    let bytes = b"\x04\xFF\xFF\xFF\0\0\x01\x08\x01\0\0\0\xFF\xFF\xFF\xF0a\
                  \x44\0\0\x20\0\0\x01\x08b\
                  \x84\xFF\xFF\xFF\x01\0\0\0c";
    assert_eq!(times(bytes), [0xFFFF_FFF0, 0x10, 0x0100_0010]);
}

#[test]
fn chunk_size_changes_and_aborts_act_at_once() {
    let bytes = [
        &b"\x04\0\0\0\0\0\xC8\x09\x01\0\0\0"[..],
        &[1; 128],
        // Abort chunk stream 4, then chunks of 4 bytes.
        b"\x02\0\0\0\0\0\x04\x02\0\0\0\0\0\0\0\x04",
        b"\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\0\0\x04",
        b"\x04\0\0\x07\0\0\x06\x09\x01\0\0\0abcd\xC4ef",
    ]
    .concat();
    let read = messages(&bytes).unwrap();
    assert_eq!(read.len(), 3);
    assert_eq!(&read[2].payload[..], b"abcdef");
}

#[test]
fn broken_chunk_streams_are_errors() {
    let code = |bytes: &[u8]| messages(bytes).unwrap_err().code();
    let size = |size: u32| [&b"\x02\0\0\0\0\0\x04\x01\0\0\0\0"[..], &size.to_be_bytes()].concat();
    assert_eq!(code(b"\xC4"), "PARSE_INVALID");
    assert_eq!(code(b"\x84\0\0\0"), "PARSE_INVALID");
    assert_eq!(code(&size(0)), "PARSE_INVALID");
    assert_eq!(code(&size(0x8000_0001)), "PARSE_INVALID");
    assert!(messages(&size(0x7FFF_FFFF)).is_ok());
    assert_eq!(code(b"\x02\0\0\0\0\0\x03\x01\0\0\0\0\0\0\0"), "PARSE_TRUNCATED");
    let inside = [&b"\x04\0\0\0\0\0\xC8\x09\x01\0\0\0"[..], &[1; 128], b"\x04\0\0\0\0\0\x01\x09\x01\0\0\0x"].concat();
    assert_eq!(code(&inside), "PARSE_INVALID");
}

#[test]
fn ceilings_hold() {
    let limit = |bytes: &[u8]| match messages(bytes).unwrap_err().kind {
        crate::error::ParseErrorKind::Limit(limit) => limit.what,
        other => panic!("{other}"),
    };
    assert_eq!(limit(b"\x04\0\0\0\x80\0\x01\x09\x01\0\0\0"), "RTMP message");
    let stream = |csid: u32| [&b"\x00"[..], &[(csid - 64) as u8], b"\0\0\0\0\0\0\x09\x01\0\0\0"].concat();
    let flood: Vec<u8> = (64..129).flat_map(stream).collect();
    assert_eq!(limit(&flood), "RTMP chunk streams");
    // Three messages of 7 MiB at once, each but for its last byte.
    let big = |csid: u8| [&[csid][..], b"\0\0\0\x70\0\0\x09\x01\0\0\0", &vec![0; (7 << 20) - 1]].concat();
    let sum = [&b"\x02\0\0\0\0\0\x04\x01\0\0\0\0\x00\xFF\xFF\xFF"[..], &big(4)[..11 + 1 + (6 << 20)]].concat();
    let mut reader = ChunkReader::new(Ceilings { partial: 5 << 20, ..WIDE }, 0);
    assert_eq!(read_all(&mut reader, &sum, 65_536).unwrap_err().code(), "LIMIT_EXCEEDED");
    assert!(reader.held() < 12 << 20);
}

#[test]
fn an_announced_length_allocates_nothing() {
    let mut reader = ChunkReader::new(WIDE, 0);
    let bytes = b"\x02\0\0\0\0\0\x04\x01\0\0\0\0\x7F\xFF\xFF\xFF\x04\0\0\0\x7F\xFF\xFF\x09\x01\0\0\x00123456789";
    read_all(&mut reader, bytes, usize::MAX).unwrap();
    assert!(reader.held() < 1024, "{}", reader.held());
}

#[test]
fn a_message_in_one_chunk_and_one_read_is_not_copied() {
    let mut input = Bytes::from_static(b"\x04\0\0\0\0\0\x03\x08\x01\0\0\0abc");
    let at = input[12..].as_ptr();
    let message = ChunkReader::new(WIDE, 0).read(&mut input).unwrap().unwrap();
    assert_eq!(message.payload.as_ptr(), at);
}

#[test]
fn files_that_broke_other_parsers() {
    for folder in ["rtmp-chunk0", "rtmp-chunk1", "rtmp-chunk2", "rtmp-chunk3", "rtmp-message", "rtmp-rawmessage"] {
        let Some(path) = media(&format!("malformed/{folder}")) else { return };
        for file in std::fs::read_dir(path).unwrap() {
            // Messages or a typed error, the same for every cut.
            let _ = messages(&std::fs::read(file.unwrap().path()).unwrap());
        }
    }
    let Some(path) = media("malformed/bombs") else { return };
    for (name, is_error) in [
        ("rtmp_chunk_size_0.bin", true),
        ("rtmp_chunk_size_1.bin", false),
        ("rtmp_chunk_size_7fffffff.bin", false),
        ("rtmp_type3_first.bin", true),
    ] {
        let bytes = std::fs::read(path.join(name)).unwrap();
        let read = messages(&bytes[HANDSHAKE_LEN..]);
        if name.ends_with("7fffffff.bin") {
            // The 16 MiB that it announces are over the ceiling of a message.
            assert!(read.is_err() || read.unwrap().len() == 1);
        } else {
            assert_eq!(read.is_err(), is_error, "{name}");
        }
    }
}

#[test]
fn what_the_writer_writes_the_reader_reads() {
    let mut writer = ChunkWriter::new();
    let body = vec![9; 1000];
    let bytes = [
        writer.message(3, MessageType::COMMAND_AMF0, 1, &body),
        writer.set_chunk_size(300),
        writer.message(3, MessageType::COMMAND_AMF0, 1, &body),
        writer.control(MessageType::USER_CONTROL, &Control::stream_begin(1)),
    ]
    .concat();
    let read = messages(&bytes).unwrap();
    assert_eq!(read.len(), 4);
    assert!(read[0].payload == body && read[2].payload == body && read[2].stream_id == 1);
}

#[test]
fn control_messages() {
    let message = |kind, payload: &'static [u8]| Message {
        csid: 2,
        kind,
        stream_id: 0,
        timestamp: 0,
        payload: Bytes::from_static(payload),
    };
    let parse = |kind, payload| Control::parse(&message(kind, payload));
    assert_eq!(parse(MessageType::WINDOW_ACK_SIZE, b"\0\x26\x25\xA0"), Ok(Control::Window(2_500_000)));
    assert_eq!(parse(MessageType::USER_CONTROL, b"\0\x06\0\0\0\x09"), Ok(Control::Ping(9)));
    assert_eq!(parse(MessageType::USER_CONTROL, b"\0\x03\0\0\0\x01\0\0\0\0"), Ok(Control::Aside));
    assert!(parse(MessageType::WINDOW_ACK_SIZE, b"\0").is_err());
    assert!(parse(MessageType::USER_CONTROL, b"\0\x06\0").is_err());
}
