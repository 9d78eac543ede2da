//! What a channel tells of its contribution, at chosen instants (A26.1, A26.3, A26.4).

use std::time::Duration;

use bytes::Bytes;
use headend::{
    channel::{
        DetachReason, Encoding, Event, IngestId, Input, PassThrough, Session, Slot, TrackDiscontinuity, TrackHeartbeat,
    },
    error::{Fault, FragmentDrop},
    ingest::{
        DatagramDemuxer, Demuxed, Leg, RtpConfig,
        smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    media::{
        AacConfig, AccessUnit, AudioTrack, FrameRate, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack,
    },
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    rig::{
        Rig,
        feed::{Encoder, Feed},
        line::{RtpSender, over_rtp},
        small_config,
        smooth_feed::SmoothFeed,
        toy_codecs::ToyCodecs,
        ts_feed::TsFeed,
    },
    watch::watched,
};

const VIDEO: TrackId = TrackId(1);
const AUDIO: TrackId = TrackId(2);

fn at(millis: i64) -> MediaTime {
    MediaTime::ZERO.plus(MediaDuration::from_millis(millis))
}

fn video(bitrate: u32) -> Track {
    let sps = vec![Bytes::from_static(&[0x67, 0x64, 0, 0x1F, 16, 0xB4])];
    let pps = vec![Bytes::from_static(&[0x68, 0xEE, 0x3C, 0xB0])];
    let config = H264Config { framing: NalFraming::Length(4), sps, pps };
    let format = TrackFormat::H264(VideoTrack::new(16, 16), config);
    Track { bitrate, ..Track::new(VIDEO, Timescale::MPEG, format) }
}

fn sound(bitrate: u32) -> Track {
    let format = AudioTrack { sample_rate: 48_000, channels: 2 };
    let format = TrackFormat::Aac(format, AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) });
    Track { bitrate, ..Track::new(AUDIO, Timescale::MPEG, format) }
}

fn unit(track: TrackId, millis: i64, bytes: usize) -> Demuxed {
    Demuxed::Unit(whole(track, millis, bytes))
}

fn whole(track: TrackId, millis: i64, bytes: usize) -> AccessUnit {
    let (pts, is_random_access) = (at(millis), track == AUDIO || millis % 2000 == 0);
    let (duration, data) = (MediaDuration::from_millis(40), Bytes::from(vec![1; bytes]));
    AccessUnit { track, pts, dts: pts, duration, is_random_access, is_damaged: false, data }
}

fn pass_through() -> Rig {
    let mut config = small_config();
    config.encoding = Encoding::None(PassThrough::default());
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig
}

fn attach(rig: &mut Rig, name: &str) -> (IngestId, Feed) {
    let feed = Feed::default();
    let session = Session { name: name.into(), ..Session::new("smooth") };
    (rig.channel.attach_as(session, feed.demuxer(), rig.now).unwrap(), feed)
}

/// Every 40 ms what `units` gives for that time, for so many seconds.
fn send(rig: &mut Rig, feeds: &[&(IngestId, Feed)], secs: i64, units: impl Fn(usize, i64) -> Vec<Demuxed>) {
    for n in 0..secs * 25 {
        for (which, (id, feed)) in feeds.iter().enumerate() {
            units(which, n * 40).into_iter().for_each(|unit| feed.push(unit));
            rig.bytes(*id, vec![0; 10]);
        }
        rig.pass(Duration::from_millis(40));
    }
}

fn beats(rig: &Rig) -> Vec<(u64, Vec<TrackHeartbeat>)> {
    let of = |(when, event): &(Duration, Event)| match event {
        Event::Heartbeat { tracks, .. } => Some((when.as_secs(), tracks.clone())),
        _ => None,
    };
    rig.events.iter().filter_map(of).collect()
}

fn named<'a>(rig: &'a Rig, name: &str) -> Vec<(u64, &'a Event)> {
    let is_it = |(_, event): &&(Duration, Event)| event.telemetry_name() == Some(name);
    rig.events.iter().filter(is_it).map(|(when, event)| (when.as_secs(), event)).collect()
}

#[test]
fn a_heartbeat_every_20_seconds_has_every_column_a26_1_a26_3() {
    let mut rig = pass_through();
    let session = attach(&mut rig, "main");
    session.1.push(Demuxed::Track(video(200_000)));
    session.1.push(Demuxed::Track(sound(50_000)));
    // 1000 bytes 25 times a second are 200 kbit/s; the sound has four times what it declares from the twentieth second on.
    send(&mut rig, &[&session], 61, |_, millis| {
        let bytes = if millis < 20_000 { 250 } else { 1000 };
        vec![unit(VIDEO, millis, 1000), unit(AUDIO, millis, bytes)]
    });
    let beats = beats(&rig);
    assert_eq!(beats.iter().map(|(when, _)| *when).collect::<Vec<_>>(), [120, 140, 160]);
    let expected = |kind, name: &str, codec: &str, declared, incoming, is_odd| TrackHeartbeat {
        kind,
        name: name.into(),
        custom_attributes: format!("codec={codec};language=und"),
        declared_bitrate: declared,
        incoming_bitrate: incoming,
        last_timestamp: Some(at(19_960)),
        overlap: 0,
        discontinuity: 0,
        nonincreasing: 0,
        unaligned_key_frames: 0,
        unaligned_presentation_time: 0,
        unexpected_bitrate: is_odd,
        healthy: !is_odd,
        drift_millis_per_minute: 0,
    };
    let picture = expected("video", "video_200000", "H.264", 200_000, 200_000, false);
    assert_eq!(beats[0].1, [picture.clone(), expected("audio", "audio_50000", "AAC", 50_000, 50_000, false)]);
    let later = |beat: TrackHeartbeat| TrackHeartbeat { last_timestamp: Some(at(39_960)), ..beat };
    assert_eq!(beats[1].1[0], later(picture));
    assert_eq!(beats[1].1[1], later(expected("audio", "audio_50000", "AAC", 50_000, 200_000, true)));
}

#[test]
fn every_end_has_its_code_a26_4() {
    let told = |rig: &mut Rig| {
        rig.drain();
        match named(rig, "EncoderDisconnected")[..] {
            [(_, Event::Detached { reason, .. })] => {
                assert!(!reason.to_string().is_empty());
                reason.code()
            }
            ref other => panic!("{other:?}"),
        }
    };
    let code = |end: &dyn Fn(&mut Rig, IngestId, &Feed)| {
        let mut rig = pass_through();
        let (id, feed) = attach(&mut rig, "main");
        end(&mut rig, id, &feed);
        told(&mut rig)
    };
    let say = |rig: &mut Rig, input: Input| rig.channel.handle_input(input, rig.now).unwrap();
    assert_eq!(code(&|rig, id, _| say(rig, Input::Closed(id))), "MPE_CLIENT_DISCONNECTED");
    let end = |rig: &mut Rig, id, feed: &Feed| {
        feed.push(Demuxed::End);
        rig.bytes(id, vec![0]);
    };
    assert_eq!(code(&end), "MPI_STREAM_HIT_EOF", "a Smooth POST that was whole");
    assert_eq!(code(&|rig, _, _| assert!(rig.channel.reset(rig.now).is_ok())), "MPI_REST_API_CHANNEL_RESET");
    assert_eq!(code(&|rig, _, _| assert!(rig.channel.stop(rig.now).is_ok())), "MPI_REST_API_CHANNEL_STOP");
    assert_eq!(DetachReason::Ended.code(), "MPE_CLIENT_TERMINATED_SESSION");
    let mut rig = pass_through();
    let file = rig.attach("rtp", Feed::default().demuxer());
    say(&mut rig, Input::Finished(file));
    assert_eq!(told(&mut rig), "S_OK", "a file that came to its end");
}

#[test]
fn a_post_that_ends_as_it_should_is_the_end_of_a_stream_and_one_that_is_cut_is_not_a26_4() {
    let mut feed = SmoothFeed::new(0);
    let gop = feed.gops(1).remove(0).video;
    let header = feed.header();
    let end = |body: &[u8], input: fn(IngestId) -> Input| {
        let mut rig = pass_through();
        let demuxer = SmoothDemuxer::new(SmoothConfig::default(), SmoothStreams::new(), rig.now);
        let id = rig.channel.attach_as(Session::new("smooth"), Box::new(demuxer), rig.now).unwrap();
        rig.bytes(id, header.clone());
        rig.bytes(id, body.to_vec());
        rig.channel.handle_input(input(id), rig.now).unwrap();
        rig.drain();
        let ends = named(&rig, "EncoderDisconnected");
        let [(_, Event::Detached { reason, .. })] = ends[..] else { panic!("{ends:?}") };
        reason.code()
    };
    assert_eq!(end(&gop, Input::Finished), "MPI_STREAM_HIT_EOF");
    assert_eq!(end(&[], Input::Finished), "MPI_STREAM_HIT_EOF", "header boxes alone");
    assert_eq!(end(&gop, Input::Closed), "MPE_CLIENT_DISCONNECTED", "the connection broke between two boxes");
    assert_eq!(end(&gop[..gop.len() - 1], Input::Finished), "MPE_CLIENT_DISCONNECTED", "half a box");
}

#[test]
fn each_language_has_its_own_time_a26_1() {
    let mut rig = pass_through();
    let session = attach(&mut rig, "main");
    let english = TrackId(3);
    session.1.push(Demuxed::Track(video(200_000)));
    session.1.push(Demuxed::Track(sound(50_000)));
    session.1.push(Demuxed::Track(Track { id: english, index: 1, name: "english".into(), ..sound(50_000) }));
    // The second language ends after three seconds, the first lags by one and goes on.
    send(&mut rig, &[&session], 10, |_, millis| {
        let mut units = vec![unit(VIDEO, millis, 1000), unit(AUDIO, millis - 1000, 250)];
        units
            .extend((millis < 3000).then(|| Demuxed::Unit(AccessUnit { track: english, ..whole(AUDIO, millis, 250) })));
        units
    });
    let health = rig.channel.contribution().unwrap().1;
    let last = |track| health.last_timestamp(track).unwrap();
    assert_eq!([VIDEO, AUDIO, english].map(last), [at(9960), at(8960), at(2960)]);
    assert_eq!(health.tracks.iter().map(|track| track.kind).collect::<Vec<_>>(), ["video", "audio", "audio"]);
}

#[test]
fn a_jump_is_told_in_words_a26_4() {
    let jump = |gap| TrackDiscontinuity {
        kind: "audio",
        name: "audio_50000".into(),
        bitrate: 50_000,
        previous: at(1000),
        next: at(1000 + gap),
        gap: MediaDuration::from_millis(gap),
    };
    assert_eq!(jump(2500).to_string(), "the time stamps of audio_50000 jumped on by 2500 ms");
    assert_eq!(jump(-2500).to_string(), "the time stamps of audio_50000 jumped back by 2500 ms");
}

#[test]
fn connections_and_streams_are_told_under_their_names_a26_4() {
    let mut rig = pass_through();
    let (id, feed) = attach(&mut rig, "main");
    feed.push(Demuxed::Track(video(1)));
    feed.push(Demuxed::Track(sound(1)));
    rig.bytes(id, vec![0]);
    let count = |name| named(&rig, name).len();
    assert_eq!((count("EncoderConnected"), count("IncomingStreamReceived")), (1, 2));
}

#[test]
fn a_jump_of_the_source_is_a_discontinuity_of_each_track_a26_4() {
    let (mut rig, _) = watched();
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(3));
    let before = encoder.video_at;
    encoder.jump(MediaDuration::from_secs(3600));
    encoder.send(&mut rig, Duration::from_secs(3));
    let told = named(&rig, "TrackDiscontinuityDetected");
    let mut kinds: Vec<_> = told
        .iter()
        .map(|(_, event)| match event {
            Event::TrackDiscontinuity { jump, .. } => (jump.kind, jump.name.as_str(), jump.gap, jump.next),
            other => panic!("{other:?}"),
        })
        .collect();
    kinds.sort_by_key(|told| told.0);
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert_eq!((kinds[0].0, kinds[0].1), ("audio", "audio_0"));
    let hour = MediaDuration::from_secs(3600);
    assert_eq!(kinds[1], ("video", "video_0", hour, before.plus(hour)));
}

#[test]
fn sound_that_stops_is_out_of_sync_once_a26_4() {
    let mut rig = pass_through();
    let session = attach(&mut rig, "main");
    session.1.push(Demuxed::Track(video(0)));
    session.1.push(Demuxed::Track(sound(0)));
    send(&mut rig, &[&session], 40, |_, millis| {
        let mut units = vec![unit(VIDEO, millis, 100)];
        units.extend((millis < 10_000).then(|| unit(AUDIO, millis, 100)));
        units
    });
    let told = named(&rig, "IncomingStreamsOutOfSync");
    let [(when, Event::StreamsOutOfSync { slot, behind, ahead })] = &told[..] else { panic!("{told:?}") };
    // Five seconds apart from the fifteenth on, and that for five.
    assert!((120..=121).contains(when), "{when}");
    assert_eq!((*slot, behind.kind, behind.last_timestamp), (Slot::Primary, "audio", at(9960)));
    assert_eq!((ahead.kind, ahead.name.as_str()), ("video", "video_0"));
    assert!(ahead.last_timestamp >= at(20_000));
    assert_eq!(named(&rig, "IncomingVideoStreamsOutOfSync"), []);
}

#[test]
fn a_rung_that_lags_is_out_of_sync_with_the_others_a26_4() {
    let mut rig = pass_through();
    let sessions = [attach(&mut rig, "high"), attach(&mut rig, "low")];
    for (n, (_, feed)) in sessions.iter().enumerate() {
        feed.push(Demuxed::Track(video(2_000_000 >> n)));
    }
    send(&mut rig, &[&sessions[0], &sessions[1]], 20, |which, millis| {
        vec![unit(VIDEO, millis - which as i64 * 6000, 9)]
    });
    let told = named(&rig, "IncomingVideoStreamsOutOfSync");
    let [(_, Event::VideoStreamsOutOfSync { behind, ahead, .. })] = &told[..] else { panic!("{told:?}") };
    assert_eq!((behind.name.as_str(), ahead.name.as_str()), ("video_1000000", "video_2000000"));
    assert_eq!((behind.ingest, ahead.ingest), (sessions[1].0, sessions[0].0));
    assert_eq!(named(&rig, "IncomingStreamsOutOfSync"), []);
}

#[test]
fn access_units_that_are_dropped_count_once_and_are_told_of_their_session_a26_4() {
    let mut rig = pass_through();
    let sessions = [attach(&mut rig, "high"), attach(&mut rig, "low")];
    for (n, (_, feed)) in sessions.iter().enumerate() {
        feed.push(Demuxed::Track(video(2_000_000 >> n)));
    }
    send(&mut rig, &[&sessions[0], &sessions[1]], 61, |which, millis| {
        let mut units = vec![unit(VIDEO, millis, 9)];
        if which == 1 && millis > 10_000 && millis % 1000 == 0 {
            // The same once more and, every other time, an old one.
            units.push(unit(VIDEO, millis, 9));
            units.extend((millis % 2000 == 0).then(|| unit(VIDEO, millis - 400, 8)));
        }
        units
    });
    let counts: Vec<_> = beats(&rig).iter().map(|(_, tracks)| (tracks[0].overlap, tracks[0].nonincreasing)).collect();
    assert_eq!(counts[2..], [(0, 0), (20, 10), (0, 0), (20, 10)]);
    let mut told = [0; 2];
    for (_, event) in named(&rig, "IncomingDataChunkDropped") {
        let Event::Fault { ingest, fault: Fault::UnitsDropped { count, stream, reason }, .. } = event else {
            panic!("{event:?}")
        };
        assert_eq!((*ingest, *stream), (Some(sessions[1].0), VIDEO.0));
        told[usize::from(*reason == FragmentDrop::NonIncreasingTimestamp)] += count;
    }
    assert_eq!(told, [50, 25]);
    let dropped: Vec<u64> = rig.channel.contributions().map(|(_, _, health)| health.dropped).collect();
    assert_eq!(dropped, [0, 75]);
}

#[test]
fn fragments_that_come_twice_overlap_in_the_heartbeats_of_their_tracks_a26_1() {
    let mut rig = pass_through();
    let mut feed = SmoothFeed::new(0);
    feed.script.gop = 60;
    let twice = feed.gops(31).into_iter().flat_map(|gop| [gop.clone(), gop]).collect::<Vec<_>>();
    let session = SmoothDemuxer::new(SmoothConfig::default(), SmoothStreams::new(), rig.now);
    let id = rig.attach("smooth", Box::new(session));
    rig.bytes(id, feed.header());
    let start = rig.now.monotonic;
    rig.play(id, start, &SmoothFeed::sent(&twice));
    let beats = beats(&rig);
    let counts = beats[1].1.iter().map(|track| (track.overlap, track.nonincreasing, track.healthy));
    assert_eq!(counts.collect::<Vec<_>>(), [(10, 0, false); 2]);
    assert!(beats[1].1.iter().all(|track| track.drift_millis_per_minute.abs() < 100), "{beats:?}");
}

fn latencies(rig: &Rig) -> Vec<(u64, u64)> {
    let of = |(when, event): (u64, &Event)| match event {
        Event::ArchiveHeartbeat { latency_millis } => (when, *latency_millis),
        other => panic!("{other:?}"),
    };
    named(rig, "ArchiveHeartbeat").into_iter().map(of).collect()
}

#[test]
fn the_archive_tells_every_10_seconds_how_late_it_is_a26_4() {
    let mut rig = Rig::new(small_config(), ToyCodecs::shared());
    rig.start();
    rig.pass(Duration::from_secs(15));
    assert_eq!(latencies(&rig), [], "no program, no archive");
    rig.start_program("asset");
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(35));
    let told = latencies(&rig);
    assert_eq!(told.iter().map(|(when, _)| *when).collect::<Vec<_>>(), [125, 135, 145]);
    // Segments last 2 s: the newest whole one ended up to that long ago, and a little for what waits in between.
    assert!(told.iter().all(|(_, millis)| (1..2500).contains(millis)), "{told:?}");
}

#[test]
fn the_archive_of_a_contribution_that_stopped_is_later_and_later() {
    let mut rig = pass_through();
    rig.start_program("asset");
    let session = attach(&mut rig, "main");
    session.1.push(Demuxed::Track(video(1_000_000)));
    send(&mut rig, &[&session], 15, |_, millis| vec![unit(VIDEO, millis, 100)]);
    rig.pass(Duration::from_secs(20));
    let told = latencies(&rig);
    assert_eq!(told.iter().map(|(when, _)| *when).collect::<Vec<_>>(), [110, 120, 130]);
    assert!(told[0].1 < 5000, "{told:?}");
    assert_eq!(told[2].1 - told[1].1, 10_000, "{told:?}");
}

#[test]
fn what_comes_on_two_legs_is_one_feed_and_shows_in_its_health() {
    let sent = over_rtp(&TsFeed::new(900_000).pictures(120), &mut RtpSender::default());
    let play = |is_both: bool| {
        let (mut rig, _) = watched();
        let id = rig.attach("rtp", Box::new(DatagramDemuxer::new(RtpConfig::default())));
        let start = rig.now.monotonic;
        for (n, piece) in sent.iter().enumerate() {
            rig.pass((start + piece.at).saturating_sub(rig.now.monotonic));
            // Each leg loses datagrams of its own.
            for (leg, is_lost) in [(Leg::First, n % 50 == 7), (Leg::Second, n % 50 == 31)] {
                if is_both && !is_lost || !is_both && leg == Leg::First {
                    let input = Input::Datagram { id, leg, bytes: piece.bytes.clone() };
                    rig.channel.handle_input(input, rig.now).unwrap();
                    rig.drain();
                }
            }
        }
        let reception = rig.channel.contribution().unwrap().1.reception.unwrap();
        rig.close(id);
        rig.pass(Duration::from_secs(3));
        (rig, reception)
    };
    let ((one, alone), (both, legs)) = (play(false), play(true));
    assert_eq!(one.store, both.store);
    assert_eq!((alone.legs[0].received, alone.legs[1].received), (sent.len() as u64, 0));
    let lost = |from: usize| sent.iter().enumerate().filter(|(n, _)| n % 50 == from).count() as u64;
    assert_eq!([legs.legs[0].lost, legs.legs[1].lost], [lost(7), lost(31)]);
    assert!(lost(7) > 3);
    let other = rig_without_datagrams();
    assert_eq!(other.channel.contribution().unwrap().1.reception, None);
}

fn rig_without_datagrams() -> Rig {
    let mut rig = pass_through();
    let session = attach(&mut rig, "main");
    rig.bytes(session.0, vec![0]);
    rig
}
