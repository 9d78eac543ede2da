//! RTMP handshake, chunks and AMF 0 (FAULTS section 3, ceilings of section 4).

use std::time::Duration;

use bytes::Bytes;
use headend::ingest::{
    Demuxer,
    rtmp::{RtmpConfig, RtmpSession},
};

use crate::{
    BOMB, below,
    counting::live,
    feed, now,
    rig::{Rig, rtmp_feed::RtmpFeed, rtmp_publisher::Publisher, small_config, toy_codecs::ToyCodecs},
};

/// A session, and the end of the line that talks to it.
fn session(is_on_air: bool) -> (RtmpSession, Publisher) {
    let mut publisher = Publisher::new("live", "key");
    let mut session = RtmpSession::new(RtmpConfig::default(), now());
    let start = publisher.start();
    // Handshake alone, or all up to the publication.
    let len = if is_on_air { start.len() } else { 1 + 2 * 1536 };
    session.push(start[..len].to_vec().into(), now()).unwrap();
    while session.pull().is_some() {}
    if is_on_air {
        session.accept().unwrap();
        while session.pull().is_some() {}
    }
    (session, publisher)
}

/// Bytes after the handshake or on air must peak low and end as `expected`.
#[track_caller]
fn bomb(name: &str, is_on_air: bool, bytes: Vec<u8>, expected: Result<(), &str>) {
    for piece in [usize::MAX, 1460] {
        let (mut session, _) = session(is_on_air);
        let bytes = Bytes::from(bytes.clone());
        let found = below(name, BOMB, || feed(&mut session, &bytes, piece.min(bytes.len())));
        assert_eq!(found.map(drop), expected, "{name}");
        assert_eq!(session.is_closed(), expected.is_err(), "{name}");
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let (_, mut publisher) = session(true);
    publisher.set_chunk_size(4096);
    publisher.message(4, kind, 0, 1, body)
}

#[test]
fn what_is_no_rtmp_ends_at_its_first_byte() {
    for (name, bytes) in [
        ("HTTP", &b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n"[..]),
        ("TLS", b"\x16\x03\x01\x02\0\x01"),
        ("version 6", b"\x06"),
    ] {
        let mut session = RtmpSession::new(RtmpConfig::default(), now());
        let error = below(name, BOMB / 16, || session.push(Bytes::copy_from_slice(&bytes[..1]), now()).unwrap_err());
        assert!(session.is_closed() && error.at.offset == 0, "{name}: {error}");
    }
}

#[test]
fn chunk_sizes() {
    let set = |size: u32| [&b"\x02\0\0\0\0\0\x04\x01\0\0\0\0"[..], &size.to_be_bytes()].concat();
    bomb("chunk size 0", false, set(0), Err("PARSE_INVALID"));
    bomb("chunk size with the top bit", false, set(0x8000_0000), Err("PARSE_INVALID"));
    // 16 MiB are announced and ten bytes come.
    let announced = b"\x03\0\0\0\xFF\xFF\xFF\x14\0\0\0\0ten bytes.";
    bomb("chunk size 2^31-1", false, [&set(0x7FFF_FFFF)[..], announced].concat(), Err("LIMIT_EXCEEDED"));
    bomb("chunk size 2^31-1, on air", true, [&set(0x7FFF_FFFF)[..], announced].concat(), Err("LIMIT_EXCEEDED"));
    // Legal, and so read to its end: 60 000 chunks of a byte.
    let mut small = [&set(1)[..], b"\x03\0\0\0\0\xEA\x60\x08\x01\0\0\0\x01"].concat();
    small.extend([0xC3, 0].repeat(59_999));
    bomb("chunk size 1", true, small, Ok(()));
}

#[test]
fn chunk_streams() {
    bomb("type 3 first", false, b"\xC3\0\0\0".to_vec(), Err("PARSE_INVALID"));
    // Every stream there is begins a message of 8 MiB and gives it one chunk of 128 bytes.
    let begin = |csid: u16| {
        let [low, high] = (csid - 64).to_le_bytes();
        [&[1, low, high, 0, 0, 0, 0x7F, 0xFF, 0xFF, 9, 1, 0, 0, 0][..], &[0; 128]].concat()
    };
    let small = b"\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\0\0\x80".to_vec();
    let on_air = |csids: std::ops::Range<u16>| small.iter().copied().chain(csids.flat_map(begin)).collect();
    bomb("56 messages of 8 MiB", true, on_air(64..120), Ok(()));
    bomb("4 000 chunk streams", true, on_air(64..4064), Err("LIMIT_EXCEEDED"));
    bomb("a header inside a message", true, on_air(64..65).repeat(2), Err("PARSE_INVALID"));
    bomb("8 MiB before a publication", false, (64..70).flat_map(begin).collect(), Err("LIMIT_EXCEEDED"));
}

#[test]
fn partial_messages_never_pass_sixteen_mebibytes() {
    let (mut session, _) = session(true);
    let mut bytes = b"\x02\0\0\0\0\0\x04\x01\0\0\0\0\0\xFF\xFF\xFF".to_vec();
    for csid in 3..33u8 {
        bytes.extend([csid, 0, 0, 0, 0x7F, 0xFF, 0xFF, 9, 1, 0, 0, 0]);
        bytes.resize(bytes.len() + 0x7F_FFFF, 0);
        // All but the last byte of each comes in a chunk of its own, so none is whole.
        bytes.truncate(bytes.len() - 1);
    }
    let bytes = Bytes::from(bytes);
    let found = below("sum of partial messages", 26 << 20, || feed(&mut session, &bytes, 64 << 10));
    assert!(found.is_err() && session.is_closed());
}

/// Section 4: what is aborted is given back, or 63 chunk streams would keep the most that each ever held.
#[test]
fn aborted_messages_leave_nothing_behind() {
    let set = |kind: u8, value: u32| [&[2, 0, 0, 0, 0, 0, 4, kind, 0, 0, 0, 0][..], &value.to_be_bytes()].concat();
    // Each stream gets `len` bytes of a message of that length and one more, then an Abort.
    let aborted = |len: u32| {
        let begin = move |csid: u8| {
            let head = [&[csid, 0, 0, 0][..], &(len + 1).to_be_bytes()[1..], &[9, 1, 0, 0, 0]].concat();
            [head, vec![0; len as usize], set(2, csid.into())].concat()
        };
        (3..64).map(begin)
    };
    for (name, is_on_air, len, ceiling) in
        [("aborted on air", true, 2 << 20, 10 << 20), ("aborted before a publication", false, 60_000, BOMB)]
    {
        let (mut session, _) = session(is_on_air);
        let found = below(name, ceiling, || {
            feed(&mut session, &set(1, len).into(), 64).unwrap();
            for bytes in aborted(len) {
                // The pieces are a read each, as they come from a socket.
                for read in bytes.chunks(16 << 10) {
                    feed(&mut session, &Bytes::copy_from_slice(read), read.len())?;
                }
            }
            Ok::<_, &str>(())
        });
        assert_eq!(found, Ok(()), "{name}");
    }
}

#[test]
fn amf0_bombs_on_a_small_stack() {
    let bombs = || {
        let nested = [0x0A, 0, 0, 0, 1].repeat(70_000);
        let command = |value: &[u8]| [&b"\x02\0\x08_checkbw\0\x3F\xF0\0\0\0\0\0\0"[..], value].concat();
        let objects = b"\x03\0\x01a".repeat(70_000);
        let many = [&b"\x08\xFF\xFF\xFF\xFF"[..], &b"\0\x01a\x05".repeat(70_000)].concat();
        let long = [&b"\x0C\xFF\xFF\xFF\xFF"[..], &[b'x'; 1000]].concat();
        let invalid = [&b"\x0C\0\x03\xFF\xFF"[..], &[0xFF; 0x3_FFFF]].concat();
        for (name, value, code) in [
            ("70 000 arrays", &nested, "LIMIT_EXCEEDED"),
            ("70 000 objects", &objects, "LIMIT_EXCEEDED"),
            ("an ECMA array of 70 000 members", &many, "LIMIT_EXCEEDED"),
            ("an array of 2^32-1", &b"\x0A\xFF\xFF\xFF\xFF\x05".to_vec(), "PARSE_TRUNCATED"),
            ("a string of 4 GiB", &long, "PARSE_TRUNCATED"),
            ("256 KiB of a string that is no UTF-8", &invalid, "LIMIT_EXCEEDED"),
            ("AMF 3", &b"\x11\x0A\x0B\x01".to_vec(), "PARSE_UNSUPPORTED"),
        ] {
            bomb(name, true, message(20, &command(value)), Err(code));
            // As data it is not worth more than a shrug.
            bomb(name, true, message(18, value), Ok(()));
        }
        bomb("a reference to itself", true, message(20, &command(b"\x03\0\x01a\x07\0\0\0\0\x09")), Ok(()));
        bomb("no end marker", true, message(20, &command(b"\x03\0\x01a\x05")), Err("PARSE_TRUNCATED"));
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(bombs).unwrap().join().unwrap();
}

#[test]
fn nobody_reads_while_the_host_thinks_and_little_is_held() {
    let mut publisher = Publisher::new("live", "key");
    let mut session = RtmpSession::new(RtmpConfig::default(), now());
    session.push(publisher.start().into(), now()).unwrap();
    assert!(session.publish_request().is_some());
    let flood = Bytes::from(vec![0; 1000]);
    let error = below("held while the host thinks", BOMB, || {
        (0..1000).find_map(|_| session.push(flood.clone(), now()).err()).unwrap()
    });
    assert_eq!(error.code(), "LIMIT_EXCEEDED");
}

#[test]
fn tags_of_many_tracks_and_aggregates_of_many_messages() {
    let over = [&b"\x95\x11mp4a"[..], &b"\x09\0\0\x01r".repeat(60_000)].concat();
    bomb("60 000 tracks in one tag", true, message(8, &over), Ok(()));
    let every: Vec<u8> =
        (0..=255).flat_map(|track| message(9, &[&b"\x96\x00hvc1"[..], &[track], &[0; 9]].concat())).collect();
    bomb("256 tracks in turn", true, every, Ok(()));
    bomb(
        "a ModEx block in each 3 bytes",
        true,
        message(9, &[&b"\x97"[..], &b"\0\0\x07".repeat(100_000)].concat()),
        Ok(()),
    );
    let parts = b"\x08\0\0\x03\0\0\0\0\0\0\0\xAF\x01r\0\0\0\0".repeat(15_000);
    bomb("an aggregate of 15 000 messages", true, message(22, &parts), Ok(()));
    let empty = b"\x16\0\0\0\0\0\0\0\0\0\0\0\0\0\0".repeat(20_000);
    bomb("an aggregate of 20 000 empty aggregates", true, message(22, &empty), Ok(()));
}

#[test]
fn row_17_a_thousand_reconnects_in_a_minute_keep_nothing() {
    let mut rig = Rig::new(small_config(), ToyCodecs::shared());
    rig.start();
    let mut held = Vec::new();
    for round in 0..1000u32 {
        let mut feed = RtmpFeed::new(round * 1_000_003);
        let id = rig.attach_rtmp(&mut feed.publisher);
        rig.bytes(id, feed.headers());
        for piece in feed.pictures(2) {
            rig.bytes(id, piece.bytes);
        }
        // Every third says goodbye, every third hangs up in the middle of a message, the others just hang up.
        match round % 3 {
            0 => rig.bytes(id, feed.publisher.delete_stream()),
            1 => rig.bytes(id, vec![0x06, 0, 0]),
            _ => {}
        }
        rig.close(id);
        rig.pass(Duration::from_millis(60));
        // What a test's host notes is not the channel's.
        (rig.events, rig.replies, rig.updates) = Default::default();
        if round % 100 == 99 {
            held.push(live());
        }
    }
    println!("held after each hundred: {held:?}");
    let (least, most) = (held[2..].iter().min().unwrap(), held[2..].iter().max().unwrap());
    assert!(most - least < 128 << 10, "{held:?}");
    assert!(rig.channel.contribution().is_none());
}
