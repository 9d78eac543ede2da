//! Two encoders, two slots (A5.6, A5.7; FAULTS rows 18 and 19).

use std::{sync::Arc, time::Duration};

use headend::{
    channel::{Event, IngestId, Session, Slot},
    error::Fault,
    ingest::{
        DatagramDemuxer, Demuxed, Demuxer, RtpConfig,
        rtmp::{RtmpConfig, RtmpSession},
    },
    splice::OnAir,
    time::Now,
};

use crate::{
    codec_change::OnlyAvc,
    rig::{
        Rig, hevc,
        line::{RtpSender, lose, over_rtp},
        rtmp_feed::RtmpFeed,
        script::{Random, Sent},
        small_config,
        ts_feed::{SPS_720, TsFeed},
    },
    timeline::{assert_in_step, assert_same_output, assert_seamless, on_air, pictures},
    watch::watched,
};

/// A line into one slot: what is sent there, and when it is cut.
pub struct Leg {
    pub id: IngestId,
    pub sent: Vec<Sent>,
    next: usize,
    delay: Duration,
    pub dies: Option<Duration>,
    pub end: End,
    is_dead: bool,
}

/// What still happens when a line is cut.
#[derive(Clone, Copy, Debug, Default)]
pub struct End {
    /// So much of what would come at the next instant still comes, in thousandths.
    pub part: usize,
    /// Datagrams come whole or not at all.
    pub is_datagrams: bool,
    /// The host sees that it is closed; else nothing comes any more.
    pub closes: bool,
}

impl Leg {
    pub fn new(id: IngestId, sent: Vec<Sent>, delay_millis: u64) -> Self {
        let delay = Duration::from_millis(delay_millis);
        Self { id, sent, next: 0, delay, dies: None, end: End::default(), is_dead: false }
    }

    fn due(&self) -> Option<Duration> {
        let at = self.sent.get(self.next).filter(|_| !self.is_dead)?.at + self.delay;
        Some(self.dies.map_or(at, |dies| at.min(dies)))
    }

    fn step(&mut self, rig: &mut Rig) {
        let piece = &self.sent[self.next];
        self.is_dead = self.dies.is_some_and(|dies| piece.at + self.delay >= dies);
        if !self.is_dead {
            self.next += 1;
            return rig.bytes(self.id, piece.bytes.clone());
        }
        let End { part, is_datagrams, .. } = self.end;
        let group = self.sent[self.next..].iter().take_while(|other| other.at == piece.at).count();
        if is_datagrams {
            let whole = self.next..self.next + group * part / 1000;
            self.sent[whole].iter().for_each(|piece| rig.bytes(self.id, piece.bytes.clone()));
        } else if part > 0 {
            rig.bytes(self.id, piece.bytes.slice(..piece.bytes.len() * part / 1000));
        }
        if self.end.closes {
            rig.close(self.id);
        }
    }
}

fn session(protocol: &'static str, slot: Slot) -> Session {
    Session { slot, ..Session::new(protocol) }
}

/// Plays both legs, each piece at its time.
pub fn play(rig: &mut Rig, legs: &mut [Leg]) {
    let start = rig.now.monotonic;
    while let Some(at) = legs.iter().filter_map(Leg::due).min() {
        rig.pass((start + at).saturating_sub(rig.now.monotonic));
        legs.iter_mut().filter(|leg| leg.due() == Some(at)).for_each(|leg| leg.step(rig));
    }
}

pub fn accepted(feed: &mut RtmpFeed, now: Now) -> Box<dyn Demuxer> {
    let mut session = RtmpSession::new(RtmpConfig::default(), now);
    session.push(feed.publisher.start().into(), now).unwrap();
    while let Some(Demuxed::Reply(bytes)) = session.pull() {
        feed.publisher.on_reply(&bytes);
    }
    session.accept().unwrap();
    Box::new(session)
}

pub fn attach(rig: &mut Rig, slot: Slot, demuxer: Box<dyn Demuxer>, protocol: &'static str) -> IngestId {
    let id = rig.channel.attach_as(session(protocol, slot), demuxer, rig.now).unwrap();
    rig.drain();
    id
}

fn rtmp(rig: &mut Rig, slot: Slot, pictures: usize, delay: u64) -> Leg {
    let mut feed = RtmpFeed::new(1000);
    let demuxer = accepted(&mut feed, rig.now);
    let id = attach(rig, slot, demuxer, "rtmp");
    rig.bytes(id, feed.headers());
    Leg::new(id, feed.pictures(pictures), delay)
}

/// What the decoders were given, by content, and the rig; `kill` cuts legs and says how each is delayed.
fn run(pictures: usize, delays: [u64; 2], kill: impl Fn(&mut [Leg; 2])) -> Run {
    let (mut rig, seen) = watched();
    let mut legs = [Slot::Primary, Slot::Secondary].map(|slot| rtmp(&mut rig, slot, pictures, delays[slot as usize]));
    kill(&mut legs);
    let start = rig.now.monotonic;
    play(&mut rig, &mut legs);
    let failovers = failovers(&rig);
    // Whatever died, the feed ends at the same instant.
    let end = start + Duration::from_secs(1) + Duration::from_secs(pictures as u64) / 30;
    rig.pass(end.saturating_sub(rig.now.monotonic));
    rig.pass(Duration::from_secs(4));
    assert_seamless(&rig);
    let seen = seen.lock().unwrap().clone();
    let data = |units: &[headend::media::AccessUnit]| units.iter().map(|unit| unit.data.to_vec()).collect();
    Run { rig, video: data(&seen.video), audio: data(&seen.audio), failovers }
}

/// What came of a feed over two lines: what the decoders were given, by content, and what happened before its end.
struct Run {
    rig: Rig,
    video: Vec<Vec<u8>>,
    audio: Vec<Vec<u8>>,
    failovers: usize,
}

pub fn failovers(rig: &Rig) -> usize {
    rig.count_events(|event| matches!(event, Event::Failover { .. }))
}

#[test]
fn a_primary_that_is_killed_at_any_instant_takes_nothing_with_it_a5_7() {
    let pictures = 240;
    let reference = run(pictures, [0, 15], |_| {});
    assert_eq!((reference.video.len(), reference.failovers), (pictures, 0));
    for seed in 0..20 {
        let dies = Duration::from_micros(500_000 + Random(seed).below(6_500_000) as u64);
        let killed = run(pictures, [0, 15], |legs| legs[0].dies = Some(dies));
        assert!(killed.video == reference.video, "seed {seed}: {} pictures", killed.video.len());
        assert!(killed.audio == reference.audio, "seed {seed}: {} sounds", killed.audio.len());
        assert_same_output(&reference.rig, &killed.rig);
        assert_eq!(killed.failovers, 1, "seed {seed}: one event for one change");
    }
}

#[test]
fn row_18_a_secondary_that_is_400_ms_late_stands_in_and_the_primary_comes_back() {
    let pictures = 300;
    let reference = run(pictures, [0, 400], |_| {});
    // Nothing between two and four seconds from the primary; its socket stays open.
    let hole = |legs: &mut [Leg; 2]| {
        legs[0].sent.retain(|sent| !(Duration::from_secs(2)..Duration::from_secs(4)).contains(&sent.at));
    };
    let back = run(pictures, [0, 400], |legs| {
        hole(legs);
        legs[1].dies = Some(Duration::from_secs(7));
    });
    assert!(back.video == reference.video && back.audio == reference.audio, "{} pictures", back.video.len());
    assert_same_output(&reference.rig, &back.rig);
    assert_eq!(back.failovers, 2, "to the secondary, and back when that dies");
    assert_in_step(&back.rig, 8);
    let stays = run(pictures, [0, 400], hole);
    assert!(stays.video == reference.video && stays.audio == reference.audio, "{} pictures", stays.video.len());
    assert_eq!(stays.failovers, 1, "no needless switch");
}

#[test]
fn two_transport_streams_that_lose_different_packets_make_a_whole_one() {
    let watch = |seed: Option<u64>| {
        let (mut rig, seen) = watched();
        let mut legs = [Slot::Primary, Slot::Secondary].map(|slot| {
            let demuxer = Box::new(DatagramDemuxer::new(RtpConfig::default()));
            let id = attach(&mut rig, slot, demuxer, "rtp");
            let mut feed = TsFeed::new(900_000);
            feed.script.size = 2500;
            let sent = over_rtp(&feed.pictures(240), &mut RtpSender::default());
            let count = sent.len();
            let mut random = Random(seed.unwrap_or(0));
            // The datagrams that the two lose are the same draw, dealt to one or the other.
            let (kept, _) = lose(&sent, |n, _| {
                let (is_lost, whose) = (random.below(20) == 0, random.below(2));
                seed.is_some() && n > 60 && n + 30 < count && is_lost && whose == slot as usize && n % 8 < 2
            });
            Leg::new(id, kept, if slot == Slot::Primary { 0 } else { 25 })
        });
        play(&mut rig, &mut legs);
        legs.iter().for_each(|leg| rig.close(leg.id));
        rig.pass(Duration::from_secs(4));
        assert_seamless(&rig);
        let seen = seen.lock().unwrap().clone();
        let damaged = seen.video.iter().filter(|unit| unit.is_damaged).count();
        (rig, seen.video.len(), seen.audio.len(), damaged)
    };
    let (reference, video, audio, _) = watch(None);
    for seed in 1..6 {
        let (rig, seen_video, seen_audio, damaged) = watch(Some(seed));
        assert_eq!((seen_video, seen_audio, damaged), (video, audio, 0), "seed {seed}");
        assert_same_output(&reference, &rig);
    }
}

#[test]
fn row_19_another_encoder_is_spliced_in_at_its_idr_and_never_mixed() {
    let (mut rig, seen) = watched();
    let mut primary = rtmp(&mut rig, Slot::Primary, 300, 0);
    primary.dies = Some(Duration::from_secs(4));
    // Another size, another clock.
    let mut feed = RtmpFeed::new(500_000);
    feed.sps = bytes::Bytes::from_static(SPS_720);
    let demuxer = accepted(&mut feed, rig.now);
    let id = attach(&mut rig, Slot::Secondary, demuxer, "rtmp");
    rig.bytes(id, feed.headers());
    let secondary = Leg::new(id, feed.pictures(300), 0);
    play(&mut rig, &mut [primary, secondary]);
    assert_seamless(&rig);
    let seen = seen.lock().unwrap();
    let from_other: Vec<bool> = seen.video.iter().map(|unit| unit.pts.flicks() > 400 * 705_600_000).collect();
    assert!(from_other.is_sorted() && from_other.contains(&true), "first the one, then the other");
    let first = from_other.iter().position(|is_other| *is_other).unwrap();
    assert!(seen.video[first].is_random_access);
    assert_eq!(seen.video_tracks.len(), 2, "a decoder for each");
    assert_eq!(failovers(&rig), 1);
    // The picture holds; the slate never shows.
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live]);
}

#[test]
fn pictures_and_sound_may_come_in_two_sessions_and_a_second_picture_is_turned_away() {
    use crate::rig::feed::Feed;
    use headend::media::{Track, TrackFormat, TrackId, VideoTrack};
    let (mut rig, _) = watched();
    let named = |name: &str| Session { name: name.into(), ..Session::new("smooth") };
    let track = || Track::new(TrackId(1), headend::time::Timescale::MPEG, TrackFormat::Mpeg2(VideoTrack::new(16, 16)));
    let feeds = [Feed::default(), Feed::default()];
    let mut ids = Vec::new();
    for (name, feed) in ["720p", "other"].into_iter().zip(&feeds) {
        ids.push(rig.channel.attach_as(named(name), feed.demuxer(), rig.now).unwrap());
        feed.push(Demuxed::Track(track()));
        rig.bytes(*ids.last().unwrap(), vec![0]);
    }
    let denied = |event: &Event| {
        matches!(event, Event::Detached { ingest, reason }
            if *ingest == ids[1] && reason.code() == "MPE_INGEST_ENCODER_CONNECTION_DENIED")
    };
    assert_eq!(rig.count_events(denied), 1);
    let refused = rig.channel.attach("rtmp", Feed::default().demuxer(), rig.now).unwrap_err();
    assert_eq!(refused.code(), "MPE_INGEST_ENCODER_CONNECTION_DENIED", "A1.10: {refused}");
}

#[test]
fn every_session_tells_how_it_does_every_20_seconds_a26_3() {
    let (mut rig, _) = watched();
    let mut legs = [Slot::Primary, Slot::Secondary].map(|slot| rtmp(&mut rig, slot, 1250, 0));
    play(&mut rig, &mut legs);
    let beats: Vec<_> = rig
        .events
        .iter()
        .filter_map(
            |(_, event)| if let Event::Heartbeat { ingest, tracks } = event { Some((ingest, tracks)) } else { None },
        )
        .collect();
    assert_eq!(beats.len(), 4, "two sessions, 41 seconds");
    assert!(beats.iter().all(|(_, tracks)| tracks.len() == 2 && tracks.iter().all(|track| track.incoming_bitrate > 0)));
}

/// Transport streams into both slots, the secondary 400 ms late; `kill` cuts them.
fn streams(firsts: [i64; 2], kill: impl Fn(&mut [Leg; 2])) -> (Rig, usize) {
    let (mut rig, _) = watched();
    let mut legs = [Slot::Primary, Slot::Secondary].map(|slot| {
        let demuxer = Box::new(DatagramDemuxer::new(RtpConfig::default()));
        let id = attach(&mut rig, slot, demuxer, "rtp");
        let mut feed = TsFeed::new(firsts[slot as usize]);
        Leg::new(id, over_rtp(&feed.pictures(300), &mut RtpSender::default()), slot as u64 * 400)
    });
    kill(&mut legs);
    play(&mut rig, &mut legs);
    let failovers = failovers(&rig);
    rig.pass(Duration::from_secs(4));
    assert_seamless(&rig);
    (rig, failovers)
}

#[test]
fn row_18_a_secondary_with_a_clock_of_its_own_costs_a_segment_at_most() {
    // Nothing of the two says that they are the same but their pictures.
    let (rig, failovers) = streams([900_000, 77_000_000], |legs| {
        legs[0].dies = Some(Duration::from_secs(4));
    });
    assert_eq!(failovers, 1);
    assert_in_step(&rig, 7);
    let shown = pictures(&rig);
    // Half a second until the silence is one, a GOP of a second until the next IDR: the last picture holds, then the slate.
    let moves = |pair: &[(i64, u8)]| pair[0].1 != pair[1].1;
    let (begin, end) = (60, shown.len() - 150);
    let still = shown[begin..end].windows(2).filter(|pair| !moves(pair)).count();
    assert!((1..=60).contains(&still), "{still} pictures of a segment's 60 stand still");
}

#[test]
fn row_19_another_codec_is_refused_by_its_code_and_never_mixed() {
    let refused = |fault: &Fault| fault.code() == "MPE_INGEST_CODEC_NOT_SUPPORTED";
    // Its 3840x2160 would be refused at the door.
    let mut config = small_config();
    config.input.limits = Some(headend::ingest::IngestLimits::unlimited());
    let mut rig = Rig::new(config, Arc::new(OnlyAvc::default()));
    rig.start();
    rig.start_program("asset");
    let mut primary = rtmp(&mut rig, Slot::Primary, 300, 0);
    primary.dies = Some(Duration::from_secs(4));
    let mut feed = RtmpFeed::new(500_000);
    let demuxer = accepted(&mut feed, rig.now);
    let id = attach(&mut rig, Slot::Secondary, demuxer, "rtmp");
    rig.bytes(id, hevc::config(&feed.publisher, 500_000));
    let sent = (0..300).map(|n| Sent {
        at: Duration::from_millis(n * 1000 / 30),
        bytes: hevc::picture(&feed.publisher, 500_000 + n as u32 * 33, n % 30 == 0).into(),
        units: vec![],
    });
    let secondary = Leg::new(id, sent.collect(), 0);
    play(&mut rig, &mut [primary, secondary]);
    assert_seamless(&rig);
    assert_eq!(failovers(&rig), 1);
    assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { fault, .. } if refused(fault))), 1);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
}
