//! Commands, bytes, timeouts and results in any order whatever: no panic, a legal life, nothing listed before it is stored.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    archive::{AssetName, TimelineChange},
    channel::{
        AdBreak, ChannelConfig, ChannelState, Event, IngestId, Input, OperationState, ProgramConfig, ProgramId, Standby,
    },
    ingest::{
        DatagramDemuxer, Demuxer, RtpConfig, TsConfig, TsDemuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    time::{MediaDuration, MediaTime},
};

use crate::rig::{
    Rig,
    line::{RtpSender, datagrams, over_rtp},
    rtmp_feed::RtmpFeed,
    script::{Random, Sent},
    small_config,
    toy_codecs::ToyCodecs,
    ts_feed::TsFeed,
};

const SEEDS: u64 = 300;
const STEPS: usize = 500;

/// Pieces of every protocol, made once.
struct Wires([Vec<Bytes>; 3]);

impl Wires {
    fn new() -> Self {
        let bytes = |sent: Vec<Sent>| sent.into_iter().map(|piece| piece.bytes).collect();
        let packets = TsFeed::new(-90_000).pictures(120);
        let rtp = over_rtp(&packets, &mut RtpSender { sequence: 65_500, ..RtpSender::default() });
        let mut feed = RtmpFeed::new(0u32.wrapping_sub(1000));
        let mut rtmp = vec![Bytes::from(feed.publisher.start()), feed.headers().into()];
        rtmp.extend(feed.pictures(120).into_iter().map(|piece| piece.bytes));
        Self([bytes(datagrams(&packets)), bytes(rtp), rtmp])
    }
}

/// A host that does whatever its seed says.
struct Chaos<'a> {
    rig: Rig,
    random: Random,
    wires: &'a Wires,
    /// Sessions so far: which wire, and the next piece of it.
    sessions: Vec<(IngestId, usize, usize)>,
    programs: Vec<ProgramId>,
    assets: usize,
    position: Option<MediaTime>,
}

impl Chaos<'_> {
    fn step(&mut self) {
        let now = self.rig.now;
        let channel = &mut self.rig.channel;
        match self.random.below(42) {
            0..=2 => drop(channel.start(now)),
            3 => drop(channel.stop(now)),
            4 => drop(channel.reset(now)),
            5 => {
                let config = self.config();
                drop(self.rig.channel.update(config));
            }
            6 if self.random.below(20) == 0 => drop(channel.delete(now)),
            7 => {
                let millis = [None, Some(0), Some(1), Some(700)][self.random.below(4)];
                drop(channel.show_slate(millis.map(Duration::from_millis), None));
            }
            8 => drop(channel.hide_slate()),
            9..=10 => self.start_program(),
            11..=12 if !self.programs.is_empty() => {
                let id = self.programs[self.random.below(self.programs.len())];
                drop(channel.stop_program(id));
            }
            13..=14 => self.attach(),
            15 if !self.sessions.is_empty() => {
                let (id, ..) = self.sessions[self.random.below(self.sessions.len())];
                drop(channel.handle_input(Input::Closed(id), now));
            }
            16..=19 => self.wait(60),
            20 => self.wait(3_000),
            21 => channel.handle_timeout(now),
            22..=28 => {
                for _ in 0..self.random.below(12) {
                    if self.rig.works() > 0 {
                        let which = self.random.below(self.rig.works());
                        self.rig.run_one(which);
                    }
                }
            }
            40 => {
                let (cue_id, millis) = (1 + self.random.below(6) as u32, self.random.below(3000) as u64);
                let duration = Duration::from_millis(if millis < 200 { 0 } else { millis });
                drop(channel.start_ad_break(AdBreak { cue_id, duration, show_slate: None }));
            }
            41 => drop(channel.end_ad_break(1 + self.random.below(6) as u32)),
            _ => self.send(),
        }
        self.rig.collect();
        self.check_position();
    }

    fn config(&mut self) -> ChannelConfig {
        let mut config = small_config();
        config.gop = MediaDuration::from_millis([500, 2000, 400][self.random.below(3)]);
        config.standby = [Standby::Slate, Standby::TestSource][self.random.below(2)];
        config.idle_shutoff = Duration::from_secs([5, 600][self.random.below(2)]);
        config
    }

    fn start_program(&mut self) {
        self.assets += 1;
        let window = [None, Some(300), Some(1)][self.random.below(3)].map(MediaDuration::from_secs);
        let config =
            ProgramConfig { window, ..ProgramConfig::new(AssetName::new(&format!("asset{}", self.assets)).unwrap()) };
        self.programs.extend(self.rig.channel.run_program(config));
        // Fifty may be kept (A25.2); here fewer are.
        let all: Vec<_> = self.rig.channel.programs().map(|(id, ..)| id).collect();
        for id in all.into_iter().rev().skip(10) {
            let _ = self.rig.channel.delete_program(id);
        }
    }

    fn attach(&mut self) {
        let now = self.rig.now;
        let wire = self.random.below(4);
        let demuxer: Box<dyn Demuxer> = match wire {
            0 => Box::new(DatagramDemuxer::new(RtpConfig::default())),
            1 => Box::new(DatagramDemuxer::new(RtpConfig::default())),
            2 => Box::new(self.publisher()),
            _ => Box::new(TsDemuxer::new(TsConfig::default())),
        };
        if let Ok(id) = self.rig.channel.attach("wire", demuxer, now) {
            // A publisher's first piece was read at the front door.
            self.sessions.push((id, wire % 3, usize::from(wire == 2)));
        }
    }

    /// A session that was let in; now and then one that was not.
    fn publisher(&mut self) -> RtmpSession {
        let mut session = RtmpSession::new(RtmpConfig::default(), self.rig.now);
        session.push(self.wires.0[2][0].clone(), self.rig.now).unwrap();
        if self.random.below(10) > 0 {
            session.accept().unwrap();
        }
        session
    }

    /// Time passes; the deadlines in between are kept by a good host only.
    fn wait(&mut self, millis: usize) {
        let end = self.rig.now.monotonic + Duration::from_millis(self.random.below(millis) as u64);
        if self.random.below(4) > 0 {
            while let Some(deadline) = self.rig.channel.poll_timeout().filter(|deadline| *deadline <= end) {
                self.rig.advance_to(deadline);
                self.rig.channel.handle_timeout(self.rig.now);
                self.rig.collect();
            }
        }
        self.rig.advance_to(end);
    }

    /// The next pieces of a session, some of them broken, some to a session that is gone.
    fn send(&mut self) {
        let Some(last) = self.sessions.len().checked_sub(1) else { return };
        let which = if self.random.below(10) == 0 { self.random.below(last + 1) } else { last };
        for _ in 0..1 + self.random.below(8) {
            let (id, wire, next) = self.sessions[which];
            let pieces = &self.wires.0[wire];
            let mut piece = pieces[next % pieces.len()].to_vec();
            self.sessions[which].2 += 1;
            match self.random.below(60) {
                0 => continue,
                1 => piece.truncate(self.random.below(piece.len())),
                2 => {
                    let at = self.random.below(piece.len());
                    piece[at] ^= 1 << self.random.below(8);
                }
                3 => piece.insert(self.random.below(piece.len()), 0x47),
                4 => piece = (0..self.random.below(3000)).map(|_| self.random.below(256) as u8).collect(),
                _ => {}
            }
            drop(self.rig.channel.handle_input(Input::Bytes(id, piece.into()), self.rig.now));
            self.rig.collect();
            let step = Duration::from_millis(self.random.below(40) as u64);
            self.rig.advance_to(self.rig.now.monotonic + step);
        }
    }

    /// The output never goes back while the channel is on air.
    fn check_position(&mut self) {
        let position = self.rig.channel.position();
        if let (Some(before), Some(after)) = (self.position, position) {
            assert!(after >= before, "{before:?} to {after:?}");
        }
        self.position = position;
    }
}

/// States follow each other as they are drawn, and every operation that ends has begun once.
fn assert_legal_life(rig: &Rig) {
    use ChannelState::{Deleting, Running, Starting, Stopped, Stopping};
    let mut state = Stopped;
    let mut ended = BTreeMap::new();
    for (_, event) in &rig.events {
        match event {
            Event::State { from, to } => {
                assert_eq!(*from, state);
                let is_legal = matches!(
                    (from, to),
                    (Stopped, Starting | Deleting)
                        | (Starting, Running | Stopped)
                        | (Running, Stopping)
                        | (Stopping, Stopped)
                );
                assert!(is_legal, "{from} to {to}");
                state = *to;
            }
            Event::Operation { id, state, .. } => {
                assert!(*state != OperationState::InProgress);
                assert!(ended.insert(format!("{id:?}"), ()).is_none(), "{id:?} ended twice");
            }
            _ => {}
        }
    }
    assert_eq!(state, rig.channel.state());
}

/// Segments of each asset: numbered by one, in order, none over another.
fn assert_ordered(rig: &Rig) {
    let mut last: BTreeMap<&str, (u64, MediaTime)> = BTreeMap::new();
    for update in &rig.updates {
        let TimelineChange::Added(segment) = &update.change else { continue };
        let Some((sequence, end)) = last.insert(update.asset.as_str(), (segment.sequence, segment.end())) else {
            continue;
        };
        assert_eq!(sequence + 1, segment.sequence, "{}", update.asset);
        assert!(segment.start >= end, "{}", update.asset);
    }
}

fn run(seed: u64, wires: &Wires) -> usize {
    let codecs = ToyCodecs { refuse_rung: (seed % 10 == 9).then_some(1_000), ..ToyCodecs::default() };
    let rig = Rig::new(small_config(), Arc::new(codecs));
    let (random, sessions, programs) = (Random(seed), Vec::new(), Vec::new());
    let mut chaos = Chaos { rig, random, wires, sessions, programs, assets: 0, position: None };
    for _ in 0..STEPS {
        chaos.step();
    }
    let Chaos { mut rig, programs, .. } = chaos;
    // Whatever happened, the channel can be brought to rest.
    rig.drain();
    for id in programs {
        drop(rig.channel.stop_program(id));
    }
    rig.pass(Duration::from_secs(5));
    rig.drain();
    if rig.channel.state() == ChannelState::Running {
        rig.channel.stop(rig.now).unwrap();
        rig.drain();
    }
    assert!(matches!(rig.channel.state(), ChannelState::Stopped | ChannelState::Deleting), "{:?}", rig.channel);
    assert_legal_life(&rig);
    assert_ordered(&rig);
    rig.updates.len()
}

#[test]
fn anything_in_any_order_is_survived() {
    let wires = Wires::new();
    let updates: usize = (0..SEEDS).map(|seed| run(seed, &wires)).sum();
    assert!(updates > 1000, "the channels did something: {updates}");
}
