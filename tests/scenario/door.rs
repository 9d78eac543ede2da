//! Who is let in, over what, and how much may come (A1.10, A5.3, A6.3, A6.4, A7.1, A7.5, A9.1, A10, A27.1, A29.6, A29.9).

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use headend::{
    access::{AccessList, KeyRule, StreamKey},
    channel::{
        ChannelConfig, CommandError, DetachReason, Encoding, Event, IngestId, PassThrough, ProtocolRule, Session, Slot,
        Takeover,
    },
    ingest::{Demuxed, IngestLimits, IngestRefusal},
    media::{
        AacConfig, AccessUnit, AudioTrack, FrameRate, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack,
    },
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    rig::{
        Rig,
        feed::{Encoder, Feed},
        small_config,
        toy_codecs::ToyCodecs,
    },
    timeline::assert_seamless,
};

fn rig(change: impl FnOnce(&mut ChannelConfig)) -> Rig {
    let mut config = small_config();
    change(&mut config);
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig
}

fn list(rules: &[&str]) -> AccessList {
    AccessList::new(rules.iter().map(|rule| rule.parse().unwrap()).collect()).unwrap()
}

fn peer(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The code with which a publisher is turned away, if it is.
fn knock(rig: &Rig, from: &str, key: Option<&str>, protocol: &'static str) -> Option<&'static str> {
    let answer = rig.channel.admit(Some(peer(from)), key, &Session::new(protocol), rig.now);
    answer.err().map(|refusal| refusal.code())
}

fn attach(rig: &mut Rig, session: Session) -> Result<(IngestId, Feed), CommandError> {
    let feed = Feed::default();
    rig.channel.attach_as(session, feed.demuxer(), rig.now).map(|id| (id, feed))
}

fn video(id: u32, width: u32, height: u32) -> Track {
    let config = H264Config { framing: NalFraming::AnnexB, sps: vec![], pps: vec![] };
    let video = VideoTrack { frame_rate: Some(FrameRate::FPS_25), ..VideoTrack::new(width, height) };
    Track { index: id, ..Track::new(TrackId(id), Timescale::MPEG, TrackFormat::H264(video, config)) }
}

fn sound(id: u32) -> Track {
    let aac = AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) };
    let format = TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, aac);
    Track { index: id - 100, ..Track::new(TrackId(id), Timescale::MPEG, format) }
}

/// 25 access units a second of track 1 and of this size, for so long; every session's turn by turn.
fn send(rig: &mut Rig, feeds: &[(IngestId, &Feed, usize)], secs: i64) {
    for n in 0..secs * 25 {
        for (id, feed, size) in feeds {
            let pts = MediaTime::ZERO.plus(MediaDuration::from_millis(n * 40));
            feed.push(Demuxed::Unit(AccessUnit {
                track: TrackId(1),
                pts,
                dts: pts,
                duration: MediaDuration::from_millis(40),
                is_random_access: n % 50 == 0,
                is_damaged: false,
                data: Bytes::from(vec![1; *size]),
            }));
            rig.bytes(*id, vec![0]);
        }
        rig.pass(Duration::from_millis(40));
    }
}

fn detached(rig: &Rig) -> Vec<(IngestId, DetachReason)> {
    let of = |event: &Event| match event {
        Event::Detached { ingest, reason } => Some((*ingest, reason.clone())),
        _ => None,
    };
    rig.events.iter().filter_map(|(_, event)| of(event)).collect()
}

fn detached_by(rig: &Rig) -> Vec<(IngestId, &'static str)> {
    detached(rig).into_iter().map(|(id, reason)| (id, reason.code())).collect()
}

const DENIED: Option<&str> = Some("MPE_INGEST_ENCODER_CONNECTION_DENIED");
const BAD_KEY: Option<&str> = Some("MPE_RTMP_APPID_AUTH_FAILURE");

#[test]
fn nobody_comes_in_until_an_ingest_list_is_set_and_everybody_sees_the_preview_a10_2_a10_3_a29_9() {
    let unset = rig(|_| {});
    assert_eq!(knock(&unset, "203.0.113.7", Some("key"), "rtmp"), DENIED);
    assert!(unset.channel.admit_address(peer("203.0.113.7")).is_err());
    assert!(unset.channel.admits_preview(peer("203.0.113.7")));
    let everybody = rig(|config| config.input.access = AccessList::allow_all());
    let zero = rig(|config| config.input.access = list(&["0.0.0.0/0"]));
    for open in [&everybody, &zero] {
        assert_eq!(knock(open, "203.0.113.7", Some("key"), "rtmp"), None);
        assert_eq!(knock(open, "2001:db8::1", Some("key"), "rtmp"), None);
    }
    let closed = rig(|config| {
        config.input.access = list(&[]);
        config.preview = list(&["10.0.0.1"]);
    });
    assert_eq!(knock(&closed, "203.0.113.7", Some("key"), "rtmp"), DENIED);
    assert!(!closed.channel.admits_preview(peer("203.0.113.7")) && closed.channel.admits_preview(peer("10.0.0.1")));
}

#[test]
fn the_three_forms_of_an_address_rule_are_asked_at_the_door_a10_1() {
    let rig = rig(|config| config.input.access = list(&["10.0.0.1", "10.1.0.9/22", "10.2.0.1(255.255.252.0)"]));
    for (from, is_in) in [
        ("10.0.0.1", true),
        ("10.0.0.2", false),
        ("10.1.3.255", true),
        ("10.1.4.0", false),
        ("10.2.3.255", true),
        ("10.2.4.0", false),
        ("::ffff:10.0.0.1", true),
        ("2002:a00:1::1", false),
    ] {
        assert_eq!(knock(&rig, from, Some("key"), "rtmp").is_none(), is_in, "{from}");
        assert_eq!(rig.channel.admit_address(peer(from)).is_ok(), is_in, "{from}");
    }
}

#[test]
fn an_rtmp_publisher_needs_a_key_and_one_of_the_list_where_there_is_one_a7_5() {
    let any = rig(|config| config.input.access = AccessList::allow_all());
    assert_eq!(knock(&any, "10.0.0.1", Some("whatever"), "rtmp"), None);
    assert_eq!(knock(&any, "10.0.0.1", Some(""), "rtmp"), BAD_KEY);
    assert_eq!(knock(&any, "10.0.0.1", None, "rtmps"), BAD_KEY);
    assert_eq!(knock(&any, "10.0.0.1", None, "udp"), None);
    let listed = rig(|config| {
        config.input.access = AccessList::allow_all();
        config.input.keys = KeyRule::OneOf(["one", "two"].map(StreamKey::new).into());
    });
    let answers = ["one", "two", "three", "on", ""].map(|key| knock(&listed, "10.0.0.1", Some(key), "rtmp"));
    assert_eq!(answers, [None, None, BAD_KEY, BAD_KEY, BAD_KEY]);
    assert_eq!(knock(&listed, "10.0.0.1", None, "rtp"), BAD_KEY);
}

#[test]
fn who_is_turned_away_at_the_door_learns_nothing_of_the_channel() {
    let mut config = small_config();
    config.input.access = list(&["10.0.0.1"]);
    config.input.keys = KeyRule::OneOf(vec![StreamKey::new("one")]);
    // It is stopped, and says so to those only who may come in.
    let rig = Rig::new(config, ToyCodecs::shared());
    assert_eq!(knock(&rig, "10.0.0.2", Some("one"), "rtmp"), DENIED);
    assert_eq!(knock(&rig, "10.0.0.2", Some("x"), "rtmp"), DENIED);
    assert_eq!(knock(&rig, "10.0.0.1", Some("x"), "rtmp"), BAD_KEY);
    assert_eq!(knock(&rig, "10.0.0.1", Some("one"), "rtmp"), Some("CHANNEL_STATE"));
    // A file has no address.
    let from_file = rig.channel.admit(None, Some("one"), &Session::new("file"), rig.now).unwrap_err();
    assert_eq!(from_file.code(), "CHANNEL_STATE");
}

#[test]
fn the_first_session_fixes_the_protocol_family_until_the_channel_is_stopped_a1_9_a1_10() {
    let mut rig = rig(|config| {
        config.input.access = AccessList::allow_all();
        config.takeover = Takeover::Always;
    });
    let (first, _) = attach(&mut rig, Session::new("rtp")).unwrap();
    assert_eq!(knock(&rig, "10.0.0.1", None, "udp"), None, "A1.9: one family");
    assert_eq!(knock(&rig, "10.0.0.1", Some("key"), "rtmp"), DENIED);
    rig.close(first);
    rig.channel.reset(rig.now).unwrap();
    rig.drain();
    let refused = attach(&mut rig, Session::new("smooth")).err().unwrap();
    assert_eq!(refused, CommandError::Protocol { fixed: "rtp", asked: "smooth" });
    assert!(attach(&mut rig, Session::new("udp")).is_ok());
    rig.channel.stop(rig.now).unwrap();
    rig.drain();
    rig.start();
    assert!(attach(&mut rig, Session::new("rtmp")).is_ok());
    assert_eq!(knock(&rig, "10.0.0.1", Some("key"), "rtmps"), None);
}

#[test]
fn the_protocol_may_be_fixed_from_the_start_or_free() {
    let only = rig(|config| {
        config.input.access = AccessList::allow_all();
        config.input.protocol = ProtocolRule::Only("rtmp");
    });
    let refused = only.channel.admit(Some(peer("10.0.0.1")), None, &Session::new("smooth"), only.now).unwrap_err();
    assert_eq!(refused, CommandError::Protocol { fixed: "rtmp", asked: "smooth" });
    assert_eq!(knock(&only, "10.0.0.1", Some("key"), "rtmps"), None);
    assert!(only.channel.check_attach(only.now).is_ok(), "which asks for no protocol");
    let mut any = rig(|config| config.input.protocol = ProtocolRule::Any);
    attach(&mut any, Session::new("rtmp")).unwrap();
    attach(&mut any, Session { slot: Slot::Secondary, ..Session::new("smooth") }).unwrap();
}

#[test]
fn a_rejection_is_an_event_once_a_second_for_a_peer_a26_4_i8() {
    let mut rig = rig(|config| config.input.access = list(&["10.0.0.1"]));
    let from = Some(peer("203.0.113.7"));
    for _ in 0..100 {
        let refusal = rig.channel.admit(from, Some("s3cr3t"), &Session::new("rtmp"), rig.now).unwrap_err();
        rig.channel.reject(from, "rtmp", &refusal, rig.now);
        rig.pass(Duration::from_millis(25));
        rig.drain();
    }
    // A rule of the host's own.
    rig.channel.reject(None, "smooth", &IngestRefusal::BadUrl.into(), rig.now);
    rig.pass(Duration::from_secs(5));
    let told: Vec<_> = rig
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::ConnectionRejected { peer, protocol, code, count, reason } => {
                assert!(!reason.is_empty() && !reason.contains("s3cr3t"));
                Some((*peer, *protocol, *code, *count))
            }
            _ => None,
        })
        .collect();
    let denied = told.iter().filter(|told| (told.0, told.1, Some(told.2)) == (from, "rtmp", DENIED));
    assert_eq!(denied.clone().map(|told| told.3).sum::<u64>(), 100);
    assert_eq!(denied.count(), 4, "{told:?}");
    assert_eq!(told.iter().filter(|told| **told == (None, "smooth", "MPE_BAD_URL_SYNTAX", 1)).count(), 1);
    assert_eq!(told.len(), 5);
}

#[test]
fn video_over_fifteen_megabits_is_let_go_and_the_other_slot_goes_on_a6_3_a7_1() {
    let mut rig = rig(|_| {});
    rig.start_program("asset");
    let (fat, fat_feed) = attach(&mut rig, Session::new("feed")).unwrap();
    let (good, good_feed) = attach(&mut rig, Session { slot: Slot::Secondary, ..Session::new("feed") }).unwrap();
    for feed in [&fat_feed, &good_feed] {
        feed.push(Demuxed::Track(video(1, 16, 16)));
    }
    // 75 000 bytes 25 times a second are 15 Mbit/s, which is not less than 15.
    send(&mut rig, &[(fat, &fat_feed, 75_000), (good, &good_feed, 74_999)], 20);
    let [(id, DetachReason::Limit(refusal))] = &detached(&rig)[..] else { panic!("{:?}", detached(&rig)) };
    assert_eq!((*id, refusal.code()), (fat, "MPE_INGEST_BITRATE_AGGREGATED_EXCEEDED"));
    assert_eq!(refusal.to_string(), "video track 1: 15000000 bit/s on average; it must be less than 15000000");
    assert_eq!(detached(&rig)[0].1.to_string(), refusal.to_string(), "the event says why");
    let at = rig.events.iter().find(|(_, event)| matches!(event, Event::Detached { .. })).unwrap().0;
    assert_eq!(at, Duration::from_secs(110), "averages are over ten seconds of media time");
    assert_eq!(rig.channel.contributions().map(|(id, ..)| id).collect::<Vec<_>>(), [good]);
    assert_eq!(rig.channel.slot_on_air().unwrap().0, Slot::Secondary);
    assert_seamless(&rig);
}

#[test]
fn sizes_rates_and_layers_over_the_limit_are_refused_at_once_a5_3_a7_1_a29_6() {
    let first = |config: fn(&mut ChannelConfig), tracks: &[Track]| {
        let mut rig = rig(config);
        let (id, feed) = attach(&mut rig, Session::new("feed")).unwrap();
        tracks.iter().for_each(|track| feed.push(Demuxed::Track(track.clone())));
        rig.bytes(id, vec![0]);
        let told = rig.count_events(|event| matches!(event, Event::Track { .. }));
        (detached_by(&rig).first().map(|(_, code)| *code), told)
    };
    let standard = |_: &mut ChannelConfig| {};
    assert_eq!(first(standard, &[video(0, 1920, 1088), sound(100)]), (None, 2));
    // What was refused is told before.
    let size = Some("MPE_INGEST_VIDEO_RESOLUTION_NOT_SUPPORTED");
    assert_eq!(first(standard, &[video(0, 1920, 1090), sound(100)]), (size, 1));
    assert_eq!(first(standard, &[video(0, 3840, 2160)]), (size, 1));
    let mut fast = video(0, 1280, 720);
    if let TrackFormat::H264(video, _) = &mut fast.format {
        video.frame_rate = FrameRate::new(120, 1);
    }
    assert_eq!(first(standard, &[fast.clone()]), (Some("MPE_INGEST_FRAMERATE_EXCEEDED"), 1));
    let layers = Some("MPE_INGEST_MEDIA_QUALITIES_EXCEEDED");
    assert_eq!(first(standard, &[video(0, 640, 360), video(1, 320, 180)]), (layers, 2));
    let nine: Vec<Track> = (100..109).map(sound).collect();
    assert_eq!((first(standard, &nine[..8]), first(standard, &nine)), ((None, 8), (layers, 9)));
    let pass = |config: &mut ChannelConfig| config.encoding = Encoding::None(PassThrough::default());
    let other = Track { id: TrackId(1), ..fast };
    assert_eq!(first(pass, &[video(0, 4096, 2160), other]), (None, 2), "A9.2");
    assert_eq!(first(pass, &[video(0, 4098, 2160)]), (size, 1));
    let free = |config: &mut ChannelConfig| config.input.limits = Some(IngestLimits::unlimited());
    assert_eq!(first(free, &[video(0, 3840, 2160), video(1, 320, 180)]), (None, 2));
}

#[test]
fn sessions_of_a_slot_are_limited_together_a6_4_a9_1() {
    let mut rig = rig(|config| config.encoding = Encoding::None(PassThrough::default()));
    let rung = |n: u32| Session { name: format!("Streams({n})"), ..Session::new("smooth") };
    let mut sessions = Vec::new();
    for n in 0..3 {
        let (id, feed) = attach(&mut rig, rung(n)).unwrap();
        feed.push(Demuxed::Track(Track { bitrate: n + 1, index: 0, ..video(1, 640, 360) }));
        sessions.push((id, feed));
    }
    // Three times 9 Mbit/s: each is under 10, all together are over 25.
    let all: Vec<_> = sessions.iter().map(|(id, feed)| (*id, feed, 45_000)).collect();
    send(&mut rig, &all, 20);
    let [(id, DetachReason::Limit(refusal))] = &detached(&rig)[..] else { panic!("{:?}", detached(&rig)) };
    assert_eq!(*id, sessions[2].0, "the one with which it is too much");
    assert_eq!(refusal.to_string(), "all tracks: 27000000 bit/s on average; it must be less than 25000000");
    // An eleventh layer in a session of its own.
    let mut rig = self::rig(|config| config.encoding = Encoding::None(PassThrough::default()));
    for n in 0..11 {
        let (id, feed) = attach(&mut rig, rung(n)).unwrap();
        feed.push(Demuxed::Track(Track { bitrate: n + 1, index: 0, ..video(1, 640, 360) }));
        // The same sound beside each is one track.
        feed.push(Demuxed::Track(Track { bitrate: 64_000, name: "eng".into(), ..sound(100) }));
        rig.bytes(id, vec![0]);
        assert_eq!(detached_by(&rig).len(), usize::from(n == 10), "{n}");
    }
    assert_eq!(detached_by(&rig)[0].1, "MPE_INGEST_MEDIA_QUALITIES_EXCEEDED");
}

#[test]
fn a_feed_within_its_limits_is_let_be_through_jumps_and_restarts() {
    let mut rig = rig(|_| {});
    rig.start_program("asset");
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::new(60, 1).unwrap(), 48_000);
    for _ in 0..4 {
        encoder.send(&mut rig, Duration::from_secs(9));
        encoder.jump(MediaDuration::from_secs(-9));
    }
    assert_eq!(detached(&rig), [], "60 pictures a second, however often they begin again");
}
