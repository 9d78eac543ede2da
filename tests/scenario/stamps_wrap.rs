//! Time stamps of 33 bits wrap on air and nobody sees it (FAULTS rows 1 to 5).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use headend::{
    channel::Event,
    error::ParseError,
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    media::CueCarriage,
    splice::OnAir,
    time::{Now, Timescale},
};

use crate::{
    rig::{
        Rig,
        line::{RtpSender, datagrams, over_rtp},
        script::{Script, Sent, host_time},
        small_config,
        toy_codecs::ToyCodecs,
        ts_feed::TsFeed,
    },
    timeline::{assert_in_step, assert_same, assert_seamless, on_air},
    watch::watch,
};

const WRAP: i64 = 1 << 33;

#[test]
fn row_1_the_wrap_of_pts_dts_and_pcr_changes_not_one_byte_of_the_output() {
    for is_rtp in [false, true] {
        let run = |first| {
            let packets = TsFeed::new(first).pictures(360);
            watch(&if is_rtp { over_rtp(&packets, &mut RtpSender::default()) } else { datagrams(&packets) })
        };
        let (plain, seen) = run(900_000);
        assert_seamless(&plain);
        assert_in_step(&plain, 10);
        assert_eq!(on_air(&plain), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
        assert_eq!(plain.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", plain.events);
        assert_eq!(seen.video.len(), 360, "every picture was decoded");
        // The wrap stands five seconds, one picture and no picture at all after the start.
        for before in [5 * Script::SECOND, 3000, 0] {
            assert_same(&plain, &run(WRAP - before).0);
        }
    }
}

#[test]
fn row_3_sound_that_wraps_two_seconds_before_the_pictures_stays_beside_them() {
    let run = |first| {
        let mut feed = TsFeed::new(first);
        feed.script.lead = 2 * Script::SECOND;
        watch(&datagrams(&feed.pictures(360)))
    };
    let (plain, seen) = run(900_000);
    assert_seamless(&plain);
    assert_in_step(&plain, 10);
    assert_eq!(plain.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", plain.events);
    assert_eq!(seen.video.len(), 360);
    // The sound wraps three seconds after the start and the pictures five, or at the start, or one picture on.
    for before in [5 * Script::SECOND, 2 * Script::SECOND, 3000] {
        assert_same(&plain, &run(WRAP - before).0);
    }
}

#[test]
fn row_4_a_picture_may_decode_before_the_wrap_and_show_after_it() {
    let run = |first| {
        let mut feed = TsFeed::new(first);
        feed.delay = 3601;
        watch(&datagrams(&feed.pictures(300)))
    };
    let (plain, _) = run(900_000);
    assert_seamless(&plain);
    assert_in_step(&plain, 8);
    // Picture 150 has DTS 2^33 - 1 and PTS 3600.
    let (wraps, seen) = run(WRAP - 1 - 150 * 3000);
    assert_eq!(seen.video[150].dts.ticks(Timescale::MPEG), WRAP - 1);
    assert_eq!(seen.video[150].pts.ticks(Timescale::MPEG), WRAP + 3600);
    assert!(seen.video.iter().all(|unit| unit.composition_offset().ticks(Timescale::MPEG) == 3601));
    assert_same(&plain, &wraps);
}

/// A `time_signal` (SCTE 35 clauses 9.6 and 9.7.4) without its checksum.
fn time_signal(pts: u64, adjustment: u64) -> Vec<u8> {
    let five = |head: u8, value: u64| {
        let [_, _, _, high, rest @ ..] = value.to_be_bytes();
        [&[head | high & 1], &rest[..]].concat()
    };
    let mut section = vec![0xFC, 0x30, 22, 0];
    section.extend(five(0, adjustment));
    section.extend([0, 0xFF, 0xF0, 5, 6]);
    section.extend(five(0xFE, pts));
    section.extend([0, 0]);
    section
}

#[test]
fn row_5_a_cue_beside_the_wrap_names_the_picture_behind_it() {
    for (pts, adjustment) in [(10, 0), ((1 << 33) - 5, 15), (3, 7)] {
        // Picture 120 has PTS 2^33 - 89 990, and picture 150 has 10.
        let mut feed = TsFeed::new(WRAP - 89_990 - 120 * 3000);
        feed.cue_pid = Some(0x1F0);
        let mut packets = feed.pictures(121);
        let section = time_signal(pts, adjustment);
        packets.extend(feed.cue(&section));
        packets.extend(feed.pictures(120));
        let (rig, seen) = watch(&datagrams(&packets));
        assert_seamless(&rig);
        let cue = |event: &Event| if let Event::Cue { cue, .. } = event { Some(cue.clone()) } else { None };
        let cues: Vec<_> = rig.events.iter().filter_map(|(_, event)| cue(event)).collect();
        let [cue] = &cues[..] else { panic!("{cues:?}") };
        assert_eq!(cue.carriage, CueCarriage::TransportStream { pid: 0x1F0 });
        // Byte for byte, with the adjustment in it and the checksum behind it.
        assert_eq!((&cue.payload[..section.len()], cue.payload.len()), (&section[..], section.len() + 4));
        assert_eq!(cue.at, seen.video[120].dts);
        assert_eq!(cue.due, Some(seen.video[150].pts));
    }
}

/// A session that outlives the channel's attachments, as one socket of a host does when its channel is stopped and started.
#[derive(Clone)]
struct Session(Arc<Mutex<(TsDemuxer, VecDeque<Demuxed>)>>);

impl Session {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((TsDemuxer::new(TsConfig::default()), VecDeque::new()))))
    }

    /// Bytes while no channel listens: only the tracks are remembered.
    fn hear(&self, sent: &[Sent], now: Now) {
        let (demuxer, tracks) = &mut *self.0.lock().unwrap();
        for piece in sent {
            demuxer.push(piece.bytes.clone(), now).unwrap();
            let found = std::iter::from_fn(|| demuxer.pull());
            tracks.extend(found.filter(|item| matches!(item, Demuxed::Track(_))));
        }
    }
}

impl Demuxer for Session {
    fn push(&mut self, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        self.0.lock().unwrap().0.push(bytes, now)
    }

    fn pull(&mut self) -> Option<Demuxed> {
        let (demuxer, tracks) = &mut *self.0.lock().unwrap();
        tracks.pop_front().or_else(|| demuxer.pull())
    }

    fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    fn handle_timeout(&mut self, _: Now) {}

    fn finish(&mut self) {}
}

/// Twelve seconds on air of a session that has heard a second before each of many pauses. Where they are as long as
/// [`PAUSE`], the `wrap`-th wrap of its time stamps comes five seconds into those twelve.
fn on_air_after(wrap: i64, pause: i64, wall: Duration) -> Rig {
    let mut feed = TsFeed::new(WRAP * wrap - 5 * Script::SECOND - steps(wrap) * PAUSE);
    let session = Session::new();
    let mut rig = Rig::new(small_config(), ToyCodecs::shared());
    for _ in 0..steps(wrap) {
        session.hear(&datagrams(&feed.pictures(30)), rig.now);
        feed.script.leave_out(pause - 30 * 3000);
        feed.script.restart();
    }
    rig.advance_to(rig.now.monotonic + wall);
    rig.start();
    rig.start_program("asset");
    let id = rig.attach("wire", Box::new(session));
    let start = rig.now.monotonic;
    feed.script.begin_here();
    rig.play(id, start, &datagrams(&feed.pictures(360)));
    rig.close(id);
    rig.pass(Duration::from_secs(4));
    rig
}

/// Three hours and some, far less than the half of the counter's range that can be told apart.
/// Sound, pictures and seconds begin together every eight seconds, so that the sessions differ in nothing but their age.
const PAUSE: i64 = 1_491 * 8 * Script::SECOND;

/// Eight pauses to a wrap.
const fn steps(wrap: i64) -> i64 {
    8 * wrap - 5
}

#[test]
fn row_2_the_second_to_the_tenth_wrap_in_twelve_days_are_like_none() {
    for wrap in 2..=10 {
        let wall = host_time(steps(wrap) * PAUSE);
        let wraps = on_air_after(wrap, PAUSE, wall);
        assert_seamless(&wraps);
        assert_in_step(&wraps, 10);
        assert_eq!(wraps.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", wraps.events);
        // The same wall clock, and a session that has heard as much in an hour or two.
        assert_same(&wraps, &on_air_after(wrap, 64 * Script::SECOND, wall));
    }
}
