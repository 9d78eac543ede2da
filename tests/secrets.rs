//! Stream keys and tokens never show: not in `Debug` or `Display` of a request, an event, a fault, an error, an input or an
//! output, and not in what is sent back to the peer; not as they are, and not in hex, base64, decimal or URL encoding.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests may panic, and look into the sources")]

#[path = "rig/mod.rs"]
mod rig;

use std::{fmt::Write, time::Duration};

use bytes::Bytes;
use headend::{
    access::{AccessList, KeyRule},
    channel::{Channel, Input, InputRules, Output, Session},
    ingest::{
        Demuxed, Demuxer, IngestRefusal, Leg,
        rtmp::{PublishRequest, Refusal, RtmpConfig, RtmpSession, StreamKey},
        smooth::PublishingPoint,
    },
    time::{Now, Utc},
};
use rig::rtmp_publisher::Publisher;

/// A name under which a publisher goes on air, with characters that encodings change.
const KEY: &str = "s3cr3t+k3y/?&=9f~Zq";
/// A token in the application's path and query.
const TOKEN: &str = "t0ken-5f3aQ/x+y==";
/// A token before a publishing point, which is one part of a path.
const POINT: &str = "p0int-t0k3n+?&=9f~Zq";

fn now(secs: u64) -> Now {
    Now::new(Duration::from_secs(secs), Utc::from_unix_secs(rig::NOON))
}

/// Text that people may see, with every secret looked for in it.
#[derive(Default)]
struct Log(String);

impl Log {
    fn note(&mut self, what: impl std::fmt::Debug) {
        write!(self.0, "{what:?}\n{what:#?}\n").unwrap();
    }

    fn note_error(&mut self, what: impl std::error::Error) {
        write!(self.0, "{what}\n{what:?}\n").unwrap();
    }

    /// Bytes that went to the peer.
    fn note_bytes(&mut self, bytes: &[u8]) {
        self.0.push_str(&String::from_utf8_lossy(bytes));
        self.0.push('\n');
    }

    #[track_caller]
    fn check(&self) {
        for secret in [KEY, TOKEN, POINT] {
            for form in forms(secret) {
                assert!(!self.0.contains(&form), "{form} shows in:\n{}", self.0);
            }
        }
    }
}

/// How a secret may look in a log. Long enough parts are looked for, too: half a key is half of a secret.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let join =
        |separator: &str, format: fn(&u8) -> String| bytes.iter().map(format).collect::<Vec<_>>().join(separator);
    let (hex, upper) = (|b: &u8| format!("{b:02x}"), |b: &u8| format!("{b:02X}"));
    let escaped = |b: &u8| if b.is_ascii_alphanumeric() { char::from(*b).to_string() } else { format!("%{b:02X}") };
    let mut all = vec![
        secret.to_owned(),
        secret[..8].to_owned(),
        secret[8..].to_owned(),
        join("", hex),
        join("", upper),
        join(" ", hex),
        join("", escaped),
        join("", escaped).to_lowercase(),
        join(", ", u8::to_string),
        join(",\n", |b| format!("    {b}")).trim_start().to_owned(),
    ];
    // Base64 of a text that the secret is part of has one of three looks.
    for lead in 0..3 {
        let text = base64(&[&[b' '; 2][..lead], bytes].concat());
        let middle = &text[4 * usize::from(lead > 0)..text.len() - 4];
        all.push(middle.to_owned());
        all.push(middle.replace('+', "-").replace('/', "_"));
    }
    all
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().chain(&[0, 0]).take(3).fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        text.extend((0..4).map(|n| char::from(DIGITS[(word >> (18 - 6 * n) & 63) as usize])));
    }
    text
}

fn publisher() -> Publisher {
    Publisher::new(&format!("live/{TOKEN}?sig={TOKEN}"), KEY)
}

/// Everything that a session gives, as a host would log it.
fn drain(session: &mut RtmpSession, log: &mut Log) {
    while let Some(item) = session.pull() {
        match &item {
            Demuxed::Reply(bytes) => log.note_bytes(bytes),
            Demuxed::Fault(fault) => log.note_error(fault),
            _ => {}
        }
        log.note(item);
    }
}

#[test]
fn a_publishing_point_shows_no_token() {
    let mut log = Log::default();
    let escaped: String = POINT.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let plain = POINT.replace('?', "%3F");
    for written in [&escaped, &plain] {
        let point = PublishingPoint::parse(&format!("/{written}/ch.isml/Events(e)/Streams(720p)")).unwrap();
        let token = point.token.clone().unwrap();
        assert!(token.matches(POINT), "the host needs it");
        log.note(&point);
        log.note((&point.token, KeyRule::OneOf(vec![token.clone()])));
        writeln!(log.0, "{token}").unwrap();
        for path in [
            format!("/{written}/more/ch.isml/streams(a)"),
            format!("/{written}/ch.ism/streams(a)"),
            format!("/{written}/ch.isml/streams(a"),
            format!("/ch.isml/streams({written}/)"),
        ] {
            log.note_error(PublishingPoint::parse(&path).unwrap_err());
        }
    }
    log.check();
}

#[test]
fn a_whole_session_shows_no_secret() {
    let mut log = Log::default();
    let mut publisher = publisher();
    let mut session = RtmpSession::new(RtmpConfig::default(), now(0));
    session.push(publisher.start().into(), now(0)).unwrap();
    let request = session.publish_request().unwrap();
    assert!(request.stream_key.matches(KEY) && request.app.contains(TOKEN), "the host needs both");
    log.note(request);
    log.note(&request.stream_key);
    writeln!(log.0, "{} {}", request.stream_key, request.tc_url).unwrap();
    session.accept().unwrap();
    drain(&mut session, &mut log);
    // Commands that name the key, and things that are refused on air.
    let mut other = Publisher::new(&format!("live/{TOKEN}"), &format!("{KEY}2"));
    let pieces = [
        publisher.metadata(&[("width", 640.0)]),
        publisher.create_stream(),
        other.create_stream(),
        other.publish(),
        publisher.play(),
        publisher.unknown_command(),
        publisher.unpublish(),
        publisher.delete_stream(),
        publisher.publish(),
    ];
    for piece in pieces {
        session.push(piece.into(), now(1)).unwrap();
        drain(&mut session, &mut log);
        log.note(session.publish_request());
        log.note(session.metadata());
    }
    session.handle_timeout(now(1000));
    session.finish();
    drain(&mut session, &mut log);
    assert!(log.0.contains("NetStream.Publish.Start") && log.0.contains("IdleTimeout"));
    log.check();
}

#[test]
fn refusals_and_broken_commands_show_no_secret() {
    let mut log = Log::default();
    for refusal in [Refusal::BadName, Refusal::Rejected] {
        let mut session = RtmpSession::new(RtmpConfig::default(), now(0));
        session.push(publisher().start().into(), now(0)).unwrap();
        session.reject(refusal, "No such channel.").unwrap();
        drain(&mut session, &mut log);
        log.note(refusal);
    }
    // A command is cut or broken at every byte, with the key and the token in it.
    let start = publisher().start();
    for at in 3073..start.len() {
        for bytes in [start[..at].to_vec(), [&start[..at], &[0xFF], &start[at + 1..]].concat()] {
            let mut session = RtmpSession::new(RtmpConfig::default(), now(0));
            if let Err(error) = session.push(bytes.into(), now(0)) {
                log.note_error(error);
            }
            log.note(session.publish_request().map(|request| &request.stream_key));
            session.finish();
            drain(&mut session, &mut log);
        }
        log.check();
        log.0.clear();
    }
}

#[test]
fn urls_lose_user_query_and_path() {
    let mut log = Log::default();
    for url in [
        format!("rtmp://user:{TOKEN}@host:1935/live/{TOKEN}/{KEY}?auth={TOKEN}#{KEY}"),
        format!("rtmp://user:pass@host/live?{KEY}"),
        format!("rtmps://{KEY}@host/live?{KEY}"),
        format!("host/live/{KEY}"),
        format!("\"rtmp://host/live/{KEY}\""),
    ] {
        let mut connect = b"\x02\0\x07connect\0\x3F\xF0\0\0\0\0\0\0\x03\0\x03app\x02\0\x04live\0\x05tcUrl\x02".to_vec();
        connect.extend((url.len() as u16).to_be_bytes());
        connect.extend([url.as_bytes(), &[0, 0, 9]].concat());
        let rig = Publisher::new("live", KEY);
        let bytes = [vec![3; 3073], rig.message(3, 20, 0, 0, &connect), rig.publish()].concat();
        let mut session = RtmpSession::new(RtmpConfig::default(), now(0));
        // The rig cuts at 128 bytes until it says otherwise.
        session.push(bytes.into(), now(0)).unwrap();
        let request = session.publish_request().unwrap();
        // A token with a slash before the `@` leaves nothing that could be told from it.
        let is_plain = request.tc_url.contains("host/live") || request.tc_url.contains("host:1935/live");
        assert!(is_plain || request.tc_url.ends_with("://***"), "{request:?}");
        log.note(request);
        log.note(&request.tc_url);
        drain(&mut session, &mut log);
    }
    log.check();
}

#[test]
fn a_channel_shows_no_secret() {
    let mut log = Log::default();
    let mut publisher = publisher();
    let mut channel = Channel::new(rig::small_config(), rig::toy_codecs::ToyCodecs::shared()).unwrap();
    channel.start(now(0)).unwrap();
    settle(&mut channel, &mut log);
    let mut session = RtmpSession::new(RtmpConfig::default(), now(0));
    session.push(publisher.start().into(), now(0)).unwrap();
    session.accept().unwrap();
    let id = channel.attach("rtmp", Box::new(session), now(0)).unwrap();
    let avcc = b"\x01\x42\xC0\x1E\xFF\xE1\0\x08\x67\x42\xC0\x1E\xF4\x0A\x0F\xC8\x01\0\x02\x68\xCE";
    // The last one is a command that ends inside the key: the session is refused.
    let broken = [&b"\x02\0\x07publish\0\0\0\0\0\0\0\0\0\x05\x02\0\xFF"[..], KEY.as_bytes()].concat();
    for piece in [
        publisher.video_config(avcc),
        publisher.video(0, 0, true, b"\0\0\0\x02\x65\x88"),
        publisher.publish(),
        publisher.create_stream(),
        publisher.message(3, 20, 0, 0, &broken),
    ] {
        let input = Input::Bytes(id, piece.into());
        log.note(&input);
        channel.handle_input(input, now(1)).unwrap();
        settle(&mut channel, &mut log);
        log.note(channel.contribution());
    }
    log.note_error(channel.handle_input(Input::Bytes(id, Bytes::new()), now(2)).unwrap_err());
    log.note(&channel);
    assert!(log.0.contains("Refused"), "{}", log.0);
    log.check();
}

#[test]
fn the_door_shows_no_secret() {
    let mut log = Log::default();
    let mut config = rig::small_config();
    config.input = InputRules {
        access: AccessList::allow_all(),
        keys: KeyRule::OneOf([KEY, TOKEN].map(StreamKey::new).into()),
        ..InputRules::default()
    };
    log.note((&config, &config.input, &config.input.keys, KeyRule::Any));
    let mut channel = Channel::new(config, rig::toy_codecs::ToyCodecs::shared()).unwrap();
    channel.start(now(0)).unwrap();
    settle(&mut channel, &mut log);
    log.note((&channel, channel.config()));
    let (peer, session) = (Some([10, 0, 0, 1].into()), Session::new("rtmp"));
    channel.admit(peer, Some(KEY), &session, now(0)).unwrap();
    for wrong in [&KEY[1..], &format!("{KEY}x"), &format!("{TOKEN}{KEY}")] {
        let refusal = channel.admit(peer, Some(wrong), &session, now(0)).unwrap_err();
        channel.reject(peer, "rtmp", &refusal, now(0));
        log.note(&refusal);
        log.note_error(refusal);
    }
    log.note_error(IngestRefusal::StreamKey);
    log.note((Input::Datagram { id: headend::channel::IngestId(1), leg: Leg::Second, bytes: KEY.into() }, session));
    settle(&mut channel, &mut log);
    assert!(log.0.contains("ConnectionRejected") && log.0.contains("OneOf([StreamKey(***), StreamKey(***)])"));
    log.check();
}

/// Logs every output and runs the work.
fn settle(channel: &mut Channel, log: &mut Log) {
    while let Some(output) = channel.poll_output() {
        log.note(&output);
        match output {
            Output::Work(work) => channel.handle_input(Input::Done(work.run()), now(1)).unwrap(),
            Output::Reply(_, bytes) => log.note_bytes(&bytes),
            _ => {}
        }
    }
}

#[test]
fn a_request_that_a_host_makes_itself_shows_no_secret() {
    let mut log = Log::default();
    let request = PublishRequest {
        app: format!("live/{TOKEN}"),
        stream_key: StreamKey::new(KEY),
        tc_url: String::from("rtmp://host/live"),
        publish_type: String::from("live"),
        encoder: String::from("FMLE/3.0"),
    };
    log.note(&request);
    log.note(request.clone());
    log.note((Some(&request.stream_key), [request.stream_key.clone()]));
    log.check();
}

/// Nobody compares a key by `==`, because it has none.
#[test]
fn keys_have_no_equality() {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/access/stream_key.rs")).unwrap();
    let at = source.find("pub struct StreamKey").unwrap();
    let derives = source[..at].rsplit("#[derive(").next().unwrap();
    assert!(!derives.contains("PartialEq") && !derives.contains("Debug") && !derives.contains("Hash"), "{derives}");
    assert!(!source.contains("PartialEq for StreamKey"));
}
