#[path = "../../../tests/rig/rtmp_publisher.rs"]
pub(super) mod rtmp_publisher;

use std::time::Duration;

use bytes::Bytes;
use rtmp_publisher::{Publisher, with_length};

use super::*;
use crate::{
    error::{Fault, ParseError},
    ingest::{Demuxed, Demuxer},
    media::{AccessUnit, TrackFormat},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

/// Baseline, 640x480.
pub(super) const SPS: &[u8] = b"\x67\x42\xC0\x1E\xD9\x00\xA0\x3D\xA1\0\0\x03\0\x01\0\0\x03\0\x3C\x0F\x16\x2E\x48";
const PPS: &[u8] = b"\x68\xCB\x83\xCB\x20";
pub(super) const ASC: &[u8] = b"\x12\x10";

fn at(secs: u64) -> Now {
    Now::new(Duration::from_secs(secs), Utc::UNIX_EPOCH)
}

pub(super) fn avcc(sps: &[u8]) -> Vec<u8> {
    let (sps_len, pps_len) = ((sps.len() as u16).to_be_bytes(), (PPS.len() as u16).to_be_bytes());
    [b"\x01\x42\xC0\x1E\xFF\xE1", &sps_len[..], sps, b"\x01", &pps_len, PPS].concat()
}

pub(super) fn idr() -> Vec<u8> {
    with_length(b"\x65\x88\x84")
}

pub(super) fn slice() -> Vec<u8> {
    with_length(b"\x41\x9A\x24")
}

/// A publisher and the session that it talks to.
pub(super) struct Line {
    pub(super) publisher: Publisher,
    pub(super) session: RtmpSession,
    pub(super) items: Vec<Demuxed>,
}

impl Line {
    pub(super) fn new() -> Self {
        Self::with(RtmpConfig::default())
    }

    pub(super) fn with(config: RtmpConfig) -> Self {
        let session = RtmpSession::new(config, at(0));
        Self { publisher: Publisher::new("live", "s3cr3t-k3y"), session, items: Vec::new() }
    }

    pub(super) fn on_air() -> Self {
        Self::new().go_on_air()
    }

    pub(super) fn go_on_air(mut self) -> Self {
        let line = &mut self;
        let start = line.publisher.start();
        line.send(start).unwrap();
        line.session.accept().unwrap();
        line.pull();
        assert!(line.publisher.is_accepted());
        self
    }

    pub(super) fn started() -> Self {
        let mut line = Self::on_air();
        let bytes = [line.publisher.video_config(&avcc(SPS)), line.publisher.audio_config(ASC)].concat();
        line.send(bytes).unwrap();
        assert_eq!(line.take_formats().len(), 2);
        line
    }

    pub(super) fn send(&mut self, bytes: Vec<u8>) -> Result<(), ParseError> {
        let result = self.session.push(bytes.into(), at(1));
        self.pull();
        result
    }

    pub(super) fn pull(&mut self) {
        while let Some(item) = self.session.pull() {
            match item {
                Demuxed::Reply(bytes) => self.publisher.on_reply(&bytes),
                other => self.items.push(other),
            }
        }
    }

    pub(super) fn take_formats(&mut self) -> Vec<TrackFormat> {
        let items = std::mem::take(&mut self.items);
        items.into_iter().filter_map(|item| if let Demuxed::Track(t) = item { Some(t.format) } else { None }).collect()
    }

    pub(super) fn take_units(&mut self) -> Vec<AccessUnit> {
        let items = std::mem::take(&mut self.items);
        items.into_iter().filter_map(|item| if let Demuxed::Unit(unit) = item { Some(unit) } else { None }).collect()
    }

    pub(super) fn take_faults(&mut self) -> Vec<Fault> {
        let items = std::mem::take(&mut self.items);
        items.into_iter().filter_map(|item| if let Demuxed::Fault(f) = item { Some(f) } else { None }).collect()
    }
}

pub(super) fn ms(ms: i64) -> MediaTime {
    MediaTime::from_ticks(ms, Timescale::MILLIS)
}

#[test]
fn a_publication_from_the_first_byte_to_the_last() {
    let mut line = Line::new();
    let start = line.publisher.start();
    line.send(start).unwrap();
    let request = line.session.publish_request().unwrap();
    assert_eq!((request.app.as_str(), request.tc_url.as_str()), ("live", "rtmp://rig/live"));
    assert!(request.stream_key.matches("s3cr3t-k3y") && request.publish_type == "live");
    assert!(line.publisher.was_told("NetConnection.Connect.Success"));
    assert!(!line.publisher.is_accepted());
    line.session.accept().unwrap();
    assert_eq!(line.session.accept(), Err(NothingToAnswer));

    let p = &line.publisher;
    let bytes = [
        p.metadata(&[("width", 640.0), ("framerate", 25.0)]),
        p.video_config(&avcc(SPS)),
        p.audio_config(ASC),
        p.video(0, 80, true, &idr()),
        p.audio(5, b"raw"),
        p.video(40, -40, false, &slice()),
        p.unpublish(),
        p.delete_stream(),
    ];
    line.send(bytes.concat()).unwrap();
    assert_eq!(line.session.metadata().and_then(|metadata| metadata.width), Some(640));
    assert_eq!(line.items.last(), Some(&Demuxed::End));
    assert_eq!(line.items.iter().filter(|item| **item == Demuxed::End).count(), 1);
    let units = line.take_units();
    let times: Vec<_> = units.iter().map(|unit| (unit.track.0, unit.dts, unit.pts)).collect();
    assert_eq!(times, [(0, ms(0), ms(80)), (1, ms(5), ms(5)), (0, ms(40), ms(0))]);
    assert!(units[0].is_random_access && !units[2].is_random_access && units[0].data == idr());
    assert_eq!(units[1].duration, MediaDuration::from_flicks(16_384_000));
    line.session.finish();
    line.pull();
    assert!(line.items.is_empty() && line.session.is_closed());
}

#[test]
fn a_refused_publisher_is_told_why() {
    for (refusal, code) in
        [(Refusal::BadName, "NetStream.Publish.BadName"), (Refusal::Rejected, "NetConnection.Connect.Rejected")]
    {
        let mut line = Line::new();
        assert_eq!(line.session.reject(refusal, ""), Err(NothingToAnswer));
        let start = line.publisher.start();
        line.send(start).unwrap();
        line.session.reject(refusal, "No such channel.").unwrap();
        line.pull();
        assert!(line.publisher.was_told(code) && line.publisher.was_told("No such channel."));
        assert!(line.session.is_closed() && line.items == [Demuxed::End]);
        let late = line.publisher.audio(0, b"raw");
        assert!(line.send(late).is_ok() && line.items.len() == 1);
    }
}

#[test]
fn publishing_again_and_twice_and_under_another_name() {
    let mut line = Line::started();
    let bytes = [line.publisher.video(0, 0, true, &idr()), line.publisher.unpublish()].concat();
    line.send(bytes).unwrap();
    assert_eq!(line.items.last(), Some(&Demuxed::End));
    // The same name again is a new request, and needs its configuration again.
    let publish = line.publisher.publish();
    line.send(publish).unwrap();
    assert!(!line.session.is_publishing() && line.session.publish_request().is_some());
    line.session.accept().unwrap();
    let p = &line.publisher;
    let again = [p.video(5000, 0, true, &idr()), p.video_config(&avcc(SPS)), p.video(5040, 0, true, &idr())];
    line.items.clear();
    line.send(again.concat()).unwrap();
    let dropped = Fault::Dropped { count: 1, reason: "before the decoder configuration" };
    assert_eq!(line.items[0], Demuxed::Fault(dropped));
    assert_eq!(line.take_units()[0].dts, ms(5040));
    // Once more while on air, on another message stream: the feed goes on there.
    let bytes =
        [line.publisher.create_stream(), line.publisher.publish(), line.publisher.video(5080, 0, false, &slice())];
    line.send(bytes.concat()).unwrap();
    assert_eq!(line.take_units().len(), 1);
    // Another name is refused, and its media is not mixed into what is on air.
    let mut other = Publisher::new("live", "other");
    let bytes =
        [line.publisher.create_stream(), other.create_stream(), other.create_stream(), other.publish()].concat();
    line.send(bytes).unwrap();
    assert!(line.publisher.was_told("publishes another stream already"));
    line.session.finish();
    line.pull();
    let refused = Fault::PublishRefused { why: "a second name on one connection" };
    assert_eq!(line.items, [Demuxed::Fault(refused), Demuxed::End]);
}

#[test]
fn another_name_after_the_end_is_asked_for() {
    let mut line = Line::started();
    let end = line.publisher.unpublish();
    line.publisher.rename("other");
    let bytes = [end, line.publisher.publish()].concat();
    line.send(bytes).unwrap();
    assert!(line.session.publish_request().unwrap().stream_key.matches("other"));
}

#[test]
fn what_comes_before_configuration_and_idr_is_counted() {
    let mut line = Line::on_air();
    let p = &line.publisher;
    let mut bytes = Vec::new();
    (0..7).for_each(|i| bytes.extend(p.video(i * 40, 0, false, &slice())));
    (0..3).for_each(|i| bytes.extend(p.audio(i * 20, b"raw")));
    bytes.extend(p.video_config(&avcc(SPS)));
    (7..10).for_each(|i| bytes.extend(p.video(i * 40, 0, false, &slice())));
    bytes.extend(p.video(400, 0, true, &idr()));
    bytes.extend(p.audio_config(ASC));
    bytes.extend(p.audio(400, b"raw"));
    line.send(bytes).unwrap();
    assert_eq!(line.items.iter().filter(|item| matches!(item, Demuxed::Unit(_))).count(), 2);
    let counts: Vec<_> = line
        .take_faults()
        .into_iter()
        .map(|fault| if let Fault::Dropped { count, reason } = fault { (count, reason) } else { panic!("{fault}") })
        .collect();
    let config = "before the decoder configuration";
    assert_eq!(counts, [(7, config), (3, "before an IDR"), (3, config)]);
}

#[test]
fn a_new_configuration_waits_for_its_idr() {
    let mut line = Line::started();
    let mut sps = SPS.to_vec();
    sps[3] = 0x1F;
    let p = &line.publisher;
    let bytes = [
        p.video(0, 0, true, &idr()),
        p.video_config(&avcc(SPS)),
        p.video(40, 0, false, &slice()),
        p.video_config(&avcc(&sps)),
        p.video(80, 0, false, &slice()),
        p.video(120, 0, true, &idr()),
    ];
    line.send(bytes.concat()).unwrap();
    assert_eq!(line.items.iter().filter(|item| matches!(item, Demuxed::Track(_))).count(), 1);
    assert_eq!(line.take_units().iter().map(|unit| unit.dts).collect::<Vec<_>>(), [ms(0), ms(40), ms(120)]);
}

#[test]
fn parameter_sets_in_band_are_taken() {
    let mut line = Line::on_air();
    let p = &line.publisher;
    let in_band = [with_length(SPS), with_length(PPS), idr()].concat();
    let bytes = [
        p.video_config(b"\x01\x42\xC0\x1E\xFF\xE0\x00"),
        p.video(0, 0, true, &idr()),
        p.video(40, 0, true, &in_band),
        p.video(80, 0, true, &in_band),
    ];
    line.send(bytes.concat()).unwrap();
    assert_eq!(line.items[0], Demuxed::Fault(Fault::Dropped { count: 1, reason: "before a sequence parameter set" }));
    let formats: Vec<_> = line.items.iter().filter(|item| matches!(item, Demuxed::Track(_))).collect();
    // Once with the sequence parameter set and the picture parameter set at once.
    assert_eq!(formats.len(), 1);
    assert_eq!(line.take_units().len(), 2);
}

#[test]
fn a_sequence_header_that_is_repeated_changes_nothing() {
    // Parameter sets in band took the place of those in the record, or it never had any.
    let empty = b"\x01\x42\xC0\x1E\xFF\xE0\0".to_vec();
    for record in [avcc(SPS), empty] {
        let mut line = Line::on_air();
        let p = &line.publisher;
        let sets = [with_length(SPS), with_length(b"\x68\xCB\x83\xCB\x21"), idr()].concat();
        let bytes = [
            p.video_config(&record),
            p.video(0, 0, true, &sets),
            p.video(40, 0, false, &slice()),
            p.video_config(&record),
            p.video(80, 0, false, &slice()),
        ];
        line.send(bytes.concat()).unwrap();
        let announced = line.items.iter().filter(|item| matches!(item, Demuxed::Track(_))).count();
        assert_eq!(announced, if record.len() > 10 { 2 } else { 1 });
        assert_eq!(line.items.iter().filter(|item| matches!(item, Demuxed::Unit(_))).count(), 3);
        assert_eq!(line.take_faults(), []);
    }
}

#[test]
fn decode_times_level_or_a_tick_back_are_bumped_and_counted() {
    let mut line = Line::started();
    let p = &line.publisher;
    let times = [0, 40, 40, 39, 80, 120];
    let bytes: Vec<_> = times.iter().flat_map(|ms| p.video(*ms, 40, true, &idr())).collect();
    line.send(bytes).unwrap();
    assert!(line.items.contains(&Demuxed::Fault(Fault::Bumped { count: 2 })));
    let units = line.take_units();
    let dts: Vec<_> = units.iter().map(|unit| unit.dts).collect();
    assert_eq!(dts, [0, 40, 41, 42, 80, 120].map(ms));
    let pts: Vec<_> = units.iter().map(|unit| unit.pts).collect();
    assert_eq!(pts, [40, 80, 80, 79, 120, 160].map(ms));
    // A step back that is no rounding is the channel's to judge.
    let back = line.publisher.video(20, 0, true, &idr());
    line.send(back).unwrap();
    assert_eq!(line.take_units()[0].dts, ms(20));
}

#[test]
fn times_wrap_at_32_bits_for_both_tracks() {
    let mut line = Line::started();
    let p = &line.publisher;
    let start = u32::MAX - 59;
    let bytes = [
        p.video(start, 0, true, &idr()),
        p.audio(10, b"raw"),
        p.video(start + 40, 0, false, &slice()),
        p.video(20, 0, false, &slice()),
    ];
    line.send(bytes.concat()).unwrap();
    let dts: Vec<_> = line.take_units().iter().map(|unit| unit.dts.since(ms(start.into()))).collect();
    assert_eq!(dts, [0, 70, 40, 80].map(MediaDuration::from_millis));
}

#[test]
fn broken_tags_are_skipped_and_counted_and_cut_pictures_flagged() {
    let mut line = Line::started();
    let p = &line.publisher;
    let bytes = [
        p.video(0, 0, true, &[idr(), b"\0\0\0\x09\x41".to_vec()].concat()),
        p.video_tag(40, b"\x17\x01"),
        p.video_tag(40, b"\x17\x01\0"),
        p.video(40, 0, false, b"\xFF\xFF\xFF\xFF\x41"),
        p.video(80, 0, false, &[slice(), vec![0; 4]].concat()),
        p.audio_tag(80, b""),
        p.audio_tag(80, b"\xAF"),
        p.audio(80, b"raw"),
    ];
    line.send(bytes.concat()).unwrap();
    let faults: Vec<_> = line
        .items
        .iter()
        .filter_map(|item| if let Demuxed::Fault(fault) = item { Some(fault.code()) } else { None })
        .collect();
    assert_eq!(faults, ["PARSE_TRUNCATED", "INGEST_DROPPED", "PARSE_TRUNCATED"]);
    let units = line.take_units();
    assert_eq!(units.iter().map(|unit| unit.is_damaged).collect::<Vec<_>>(), [true, false, false]);
    assert!(units[0].data == idr() && units[1].data == slice());
}

#[test]
fn other_codecs_are_named_once_and_h264_over_enhanced_rtmp_is_opened() {
    let mut line = Line::on_air();
    let p = &line.publisher;
    let sequence = [&b"\x90avc1"[..], &avcc(SPS)].concat();
    let bytes = [
        p.video_tag(0, b"\x90vp09cfg"),
        p.video_tag(0, b"\x91vp09x"),
        p.audio_tag(0, b"\x90OpusHead"),
        p.audio_tag(0, b"\x91Opusx"),
        p.video_tag(0, &sequence),
        p.video_tag(40, &[&b"\xA3avc1"[..], &idr()].concat()),
    ];
    line.send(bytes.concat()).unwrap();
    assert_eq!(line.items.iter().filter(|item| matches!(item, Demuxed::Unit(_))).count(), 1);
    let formats = line.take_formats();
    assert_eq!(formats[0], TrackFormat::Unknown(String::from("vp09 over enhanced RTMP")));
    assert_eq!(formats[1], TrackFormat::Unknown(String::from("Opus over enhanced RTMP")));
    assert!(matches!(formats[2], TrackFormat::H264(..)) && formats.len() == 3);
}

#[test]
fn players_and_unknown_commands_get_an_answer() {
    let mut line = Line::started();
    let p = &line.publisher;
    let ping = p.message(2, 4, 0, 0, b"\0\x06PING");
    let text = p.message(4, 18, 0, 1, b"\x02\0\x0AonTextData\x03\0\0\x09");
    let bytes = [p.play(), p.unknown_command(), ping, text, p.message(4, 19, 0, 1, b"??")].concat();
    line.send(bytes).unwrap();
    for text in ["NetStream.Play.Failed", "NetConnection.Call.Failed", "\0\x07PING"] {
        assert!(line.publisher.was_told(text), "{text}");
    }
    assert_eq!(line.session.data_ignored(), 1);
    line.session.finish();
    line.pull();
    let ignored = Fault::Ignored { what: "RTMP message of an unknown type", count: 1 };
    assert_eq!(line.items, [Demuxed::Fault(ignored), Demuxed::End]);
}

#[test]
fn a_window_of_bytes_is_acknowledged() {
    let mut line = Line::started();
    let p = &line.publisher;
    let audio = vec![1; 40_000];
    let bytes = [p.message(2, 5, 0, 0, &65_536u32.to_be_bytes()), p.audio(0, &audio), p.audio(20, &audio)].concat();
    line.publisher = Publisher::new("live", "");
    line.send(bytes).unwrap();
    assert!(line.publisher.was_told("\0\0\0\0\0\x04\x03"));
}

#[test]
fn silence_ends_the_session() {
    let mut line = Line::started();
    assert_eq!(line.session.poll_timeout(), Some(Duration::from_secs(31)));
    line.session.handle_timeout(at(30));
    line.pull();
    assert!(line.items.is_empty());
    line.session.handle_timeout(at(31));
    line.pull();
    assert_eq!(line.items, [Demuxed::Fault(Fault::IdleTimeout { after_millis: 30_000 }), Demuxed::End]);
    assert_eq!(line.session.poll_timeout(), None);
    // One that never says a word is ended as well.
    let mut mute = RtmpSession::new(RtmpConfig::default(), at(5));
    mute.handle_timeout(at(35));
    assert!(mute.is_closed());
}

#[test]
fn a_connection_cut_inside_a_message_is_counted() {
    let mut line = Line::started();
    let mut picture = line.publisher.video(0, 0, true, &idr());
    picture.pop();
    line.send(picture).unwrap();
    line.session.finish();
    line.pull();
    let cut = Fault::Dropped { count: 1, reason: "cut by the end of the connection" };
    assert_eq!(line.items, [Demuxed::Fault(cut), Demuxed::End]);
}

#[test]
fn little_is_held_before_a_publication_is_accepted() {
    let mut line = Line::new();
    let start = line.publisher.start();
    line.send(start).unwrap();
    for _ in 0..64 {
        line.send(vec![0; 1023]).unwrap();
    }
    assert_eq!(line.send(vec![0; 1024]).unwrap_err().code(), "LIMIT_EXCEEDED");
    assert!(line.session.is_closed());
    let mut line = Line::new();
    let start = line.publisher.start();
    line.send(start[..3073].to_vec()).unwrap();
    assert_eq!(line.send(b"\x03\0\0\0\x01\0\x01\x14\0\0\0\0".to_vec()).unwrap_err().code(), "LIMIT_EXCEEDED");
}

#[test]
fn a_push_of_more_items_than_are_queued_is_read_as_they_are_pulled() {
    let mut line = Line::started();
    let bytes: Vec<_> = (0..5000).flat_map(|i| line.publisher.audio(i * 23, b"raw")).collect();
    line.session.push(bytes.into(), at(1)).unwrap();
    line.session.finish();
    line.pull();
    assert_eq!(line.items.last(), Some(&Demuxed::End));
    assert_eq!(line.take_units().len(), 5000);
}

#[test]
fn no_secret_is_printed_anywhere() {
    let mut line = Line::new();
    let start = line.publisher.start();
    line.send(start).unwrap();
    let mut text = format!("{:?}", line.session.publish_request());
    line.session.accept().unwrap();
    line.pull();
    let bad = line.publisher.message(3, 20, 0, 0, b"\x02\0\x07publish\0\0\0\0\0\0\0\0\0\x05\x02\0\x0As3cr3t-k3y\x11");
    let error = line.send(bad).unwrap_err();
    text += &format!("{error} {error:?} {:?}", line.items);
    assert!(!text.contains("s3cr3t") && !text.contains("733363723374"), "{text}");
}

#[test]
fn flipped_bytes_never_panic() {
    let mut publisher = Publisher::new("live", "key");
    let in_band = [with_length(SPS), with_length(PPS), idr()].concat();
    let whole = [
        publisher.start(),
        publisher.metadata(&[("width", 640.0)]),
        publisher.video_config(&avcc(SPS)),
        publisher.audio_config(ASC),
        publisher.video(0, 0, true, &in_band),
        publisher.audio(5, b"raw"),
        publisher.video(40, 40, false, &slice()),
        publisher.unpublish(),
        publisher.delete_stream(),
    ]
    .concat();
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize % below
    };
    for _ in 0..4000 {
        let mut bytes = whole.clone();
        for _ in 0..=random(4) {
            bytes[3073 + random(whole.len() - 3073)] = random(256) as u8;
        }
        let mut session = RtmpSession::new(RtmpConfig::default(), at(0));
        for piece in bytes.chunks(random(900) + 100) {
            if session.push(Bytes::copy_from_slice(piece), at(0)).is_err() {
                break;
            }
            while session.pull().is_some() || session.accept().is_ok() {}
        }
        session.finish();
        assert!(std::iter::from_fn(|| session.pull()).count() < 100);
    }
}

#[test]
fn it_is_a_demuxer_that_can_be_boxed() {
    let mut demuxer: Box<dyn Demuxer> = Box::new(RtmpSession::new(RtmpConfig::default(), at(0)));
    let error = demuxer.push(Bytes::from_static(b"GET / HTTP/1.1\r\n"), at(0)).unwrap_err();
    assert_eq!(error.code(), "PARSE_INVALID");
    assert_eq!(demuxer.pull(), Some(Demuxed::End));
    assert!(demuxer.push(Bytes::new(), at(0)).is_err());
}
