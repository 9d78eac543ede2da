//! A channel whose host is slow: what a peer can pile up while work is out.

use std::time::Duration;

use bytes::Bytes;
use headend::{
    channel::{
        Channel, ChannelConfig, DetachReason, Encoding, Event, IngestId, Input, Output, PassThrough, Session, Slot,
        Takeover,
    },
    error::Fault,
    ingest::{
        Demuxed, Demuxer, IngestLimits,
        rtmp::{RtmpConfig, RtmpSession},
    },
    ladder::Work,
    media::{AacConfig, AccessUnit, AudioTrack, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

use crate::{
    BOMB, below,
    counting::live,
    now,
    rig::{feed::Feed, rtmp_feed::RtmpFeed, small_config, toy_codecs::ToyCodecs},
};

/// A channel on air with a feed that nobody has sent anything yet; its work is never run.
fn busy() -> (Channel, Feed, IngestId, Vec<Work>) {
    let mut config = small_config();
    // A thousand pictures a second are refused before long.
    config.input.limits = Some(IngestLimits::unlimited());
    let mut channel = Channel::new(config, ToyCodecs::shared()).unwrap();
    channel.start(now()).unwrap();
    let mut works = Vec::new();
    while let Some(output) = channel.poll_output() {
        if let Output::Work(work) = output {
            works.push(work);
        }
    }
    for work in works.drain(..) {
        channel.handle_input(Input::Done(work.run()), now()).unwrap();
    }
    let feed = Feed::default();
    let id = channel.attach("feed", feed.demuxer(), now()).unwrap();
    (channel, feed, id, works)
}

fn unit(n: i64, is_random_access: bool) -> Demuxed {
    let at = MediaTime::ZERO.plus(MediaDuration::from_millis(n));
    let data = Bytes::from_static(&[0, 9]);
    let duration = MediaDuration::ZERO;
    Demuxed::Unit(AccessUnit {
        track: TrackId(1),
        pts: at,
        dts: at,
        duration,
        is_random_access,
        is_damaged: false,
        data,
    })
}

fn video(n: u8) -> Demuxed {
    let video = VideoTrack::new(16, 16);
    let config = H264Config {
        framing: NalFraming::AnnexB,
        sps: vec![Bytes::from(vec![0x67; 100])],
        pps: vec![Bytes::from(vec![n; 100])],
    };
    track(1, TrackFormat::H264(video, config))
}

fn audio(n: u8) -> Demuxed {
    let asc = Bytes::from(vec![n; 10]);
    track(2, TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, AacConfig { asc }))
}

fn track(id: u32, format: TrackFormat) -> Demuxed {
    Demuxed::Track(Track::new(TrackId(id), Timescale::MPEG, format))
}

/// Sends 50 000 items to a channel whose lanes are all out; how many events came of it.
fn flood(name: &str, item: impl Fn(u32) -> Demuxed) -> usize {
    let (mut channel, feed, id, mut works) = busy();
    feed.push(video(0));
    channel.handle_input(Input::Bytes(id, Bytes::from_static(&[0])), now()).unwrap();
    below(name, BOMB, || {
        let mut events = 0;
        for n in 0..50_000 {
            feed.push(item(n));
            channel.handle_input(Input::Bytes(id, Bytes::from_static(&[0])), now()).unwrap();
            while let Some(output) = channel.poll_output() {
                match output {
                    Output::Work(work) => works.push(work),
                    Output::Event(_) => events += 1,
                    _ => {}
                }
            }
        }
        assert!(works.len() < 10);
        events
    })
}

#[test]
fn nothing_piles_up_while_the_decoder_is_busy() {
    assert!(flood("new set-ups", |n| video(n as u8)) < 20);
    assert!(flood("new sound set-ups", |n| audio(n as u8)) < 20);
    flood("pictures", |n| unit(n.into(), n == 0));
    flood("IDR pictures that jump", |n| unit(i64::from(n % 2) * 100_000, true));
    let by_turns = |n| if n % 3 == 0 { video(n as u8) } else { unit(i64::from(n) * 7919 % 50_021 * 1000, true) };
    assert!(flood("set-ups and jumps by turns", by_turns) < 20);
}

#[test]
fn a_flood_of_faults_is_a_handful_of_events() {
    assert!(flood("losses", |n| Demuxed::Fault(Fault::Loss { lost: n.into(), stream: Some(n) })) < 20);
    assert!(flood("pictures before an IDR", |n| unit(n.into(), false)) < 20);
}

/// A channel of which nothing but its own memory is kept.
struct Bare(Channel);

impl Bare {
    fn new(config: ChannelConfig) -> Self {
        let mut bare = Self(Channel::new(config, ToyCodecs::shared()).unwrap());
        bare.0.start(now()).unwrap();
        bare.drain(now());
        bare
    }

    fn drain(&mut self, now: Now) {
        while let Some(output) = self.0.poll_output() {
            if let Output::Work(work) = output {
                self.0.handle_input(Input::Done(work.run()), now).unwrap();
            }
        }
    }

    fn bytes(&mut self, id: IngestId, bytes: Vec<u8>, now: Now) {
        let _ = self.0.handle_input(Input::Bytes(id, bytes.into()), now);
        self.drain(now);
    }
}

/// FAULTS row 17: a thousand connections in a minute, each with a publication, and what is held after 500 is held after all.
#[test]
fn row_17_a_storm_of_a_thousand_reconnects_keeps_nothing() {
    let mut config = small_config();
    config.takeover = Takeover::Always;
    let mut bare = Bare::new(config);
    let mut held = Vec::new();
    for n in 0..1000u64 {
        let now = Now::new(Duration::from_millis(60 * n), Utc::from_unix_nanos(60_000_000 * n as i64));
        let mut feed = RtmpFeed::new(n as u32 * 7919);
        let mut session = RtmpSession::new(RtmpConfig::default(), now);
        session.push(feed.publisher.start().into(), now).unwrap();
        while session.pull().is_some() {}
        session.accept().unwrap();
        let id = bare.0.attach("rtmp", Box::new(session), now).unwrap();
        bare.bytes(id, feed.headers(), now);
        feed.pictures(2).into_iter().for_each(|sent| bare.bytes(id, sent.bytes.to_vec(), now));
        drop(feed);
        bare.0.handle_timeout(now);
        bare.drain(now);
        if n % 250 == 249 {
            held.push(live());
        }
    }
    println!("held after each 250: {held:?}");
    assert!((held[3] - held[1]).abs() < 64 << 10, "{held:?}");
}

#[test]
fn tracks_of_a_session_and_of_a_contribution_have_ceilings() {
    let mut config = ChannelConfig::new("relay").unwrap();
    config.encoding = Encoding::None(PassThrough::default());
    // The rules at the door end such sessions sooner; this is about what lies behind them.
    config.input.limits = Some(IngestLimits::unlimited());
    let mut bare = Bare::new(config);
    let mut told = [0, 0];
    below("tracks", 8 << 20, || {
        for session in 0..Session::MAX_PER_SLOT {
            let feed = Feed::default();
            let named = Session { name: session.to_string(), ..Session::new("feed") };
            let id = bare.0.attach_as(named, feed.demuxer(), now()).unwrap();
            // Each has its own; more than 64 in the first one, and more than 512 in all.
            (0..if session == 0 { 70 } else { 60 }).for_each(|n| {
                let Demuxed::Track(track) = video(0) else { return };
                let (bitrate, index) = (1 + session as u32 * 100 + n, n);
                feed.push(Demuxed::Track(Track { id: TrackId(n), index, bitrate, ..track }));
            });
            bare.0.handle_input(Input::Bytes(id, Bytes::from_static(&[0])), now()).unwrap();
            while let Some(output) = bare.0.poll_output() {
                match output {
                    Output::Event(Event::Detached { reason: DetachReason::Limit(_), .. }) => told[0] += 1,
                    Output::Event(Event::Fault { fault: Fault::Limit(limit), .. }) => {
                        told[1] += usize::from(limit.ceiling == 512);
                    }
                    _ => {}
                }
            }
        }
    });
    // The first is let go; one fault for each session that comes when all are full, what follows is folded.
    assert!(told[0] == 1 && told[1] >= 20, "{told:?}");
}

/// Two locked slots of which one falls silent for a while: what the other brings waits for it up to a ceiling.
#[test]
fn what_waits_for_the_other_slot_has_a_ceiling() {
    let mut bare = Bare::new(small_config());
    let feeds = [Slot::Primary, Slot::Secondary].map(|slot| {
        let feed = Feed::default();
        let session = Session { slot, ..Session::new("feed") };
        let id = bare.0.attach_as(session, feed.demuxer(), now()).unwrap();
        feed.push(video(0));
        (feed, id)
    });
    let big = |n: i64| {
        let Demuxed::Unit(unit) = unit(n * 33, n == 0) else { panic!() };
        Demuxed::Unit(AccessUnit { data: vec![9; 1 << 20].into(), ..unit })
    };
    let push = |bare: &mut Bare, (feed, id): &(Feed, IngestId), item: Demuxed| {
        feed.push(item);
        bare.bytes(*id, vec![0], now());
    };
    for n in 0..20 {
        feeds.iter().for_each(|feed| push(&mut bare, feed, unit(n * 33, n == 0)));
    }
    assert!(bare.0.slot_on_air().is_some_and(|(_, is_locked)| is_locked), "{:?}", bare.0.slot_on_air());
    // Everything behind a hole waits, as long as the other slot may still fill it: no time passes here.
    below("held for the other slot", (16 + 6) << 20, || {
        (30..130).for_each(|n| push(&mut bare, &feeds[1], big(n)));
    });
}
