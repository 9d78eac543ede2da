//! A host on virtual time: it owns the clock, runs the work, keeps the store and feeds the origin.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test binary uses a part of the rig and may panic"
)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the rig is a host")]

pub mod captions;
pub mod fec;
pub mod feed;
pub mod fragment;
pub mod hevc;
pub mod line;
pub mod rtmp_feed;
pub mod rtmp_publisher;
pub mod script;
pub mod smooth_feed;
pub mod smooth_post;
pub mod toy_codecs;
pub mod ts_feed;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    archive::{Append, AssetName, Segment, TimelineChange, TimelineUpdate},
    channel::{Channel, ChannelConfig, ChannelState, Event, IngestId, Input, Output, ProgramConfig, ProgramId},
    ingest::Demuxer,
    ladder::{Codecs, Profile, Rung, Work},
    media::{Body, Presentation},
    time::{Now, Utc},
};

/// 2026-11-20T12:00:00Z, a whole multiple of two seconds since 1970.
pub const NOON: i64 = 1_795_176_000;

/// In which order work that is out comes back.
pub enum Schedule {
    /// At once, on the caller's thread.
    Inline,
    /// In an order drawn from this seed, with at most so many works out before one comes back.
    Shuffled(u64, usize),
    /// On this many real threads.
    Threads(usize),
}

/// A channel of two tiny rungs: scenarios with toy codecs are about time, not about scaling.
pub fn small_config() -> ChannelConfig {
    let rung =
        |name: &str, width, bitrate| Rung { name: name.into(), width, height: 32, bitrate, profile: Profile::Baseline };
    let mut config = ChannelConfig::new("one").unwrap();
    config.preset.rungs = vec![rung("wide", 48, 2_000), rung("narrow", 32, 1_000)];
    config
}

/// One channel and everything that a host owns.
pub struct Rig {
    pub channel: Channel,
    pub now: Now,
    pub store: BTreeMap<String, Body>,
    /// Fragments that are not whole yet.
    pub growing: BTreeMap<String, Vec<u8>>,
    pub updates: Vec<TimelineUpdate>,
    pub events: Vec<(Duration, Event)>,
    pub replies: Vec<(IngestId, Bytes)>,
    pub discarded: Vec<String>,
    /// Connections that the channel wants closed.
    pub closed: Vec<IngestId>,
    schedule: Schedule,
    pending: Vec<Work>,
}

impl Rig {
    pub fn new(config: ChannelConfig, codecs: Arc<dyn Codecs>) -> Self {
        Self::scheduled(config, codecs, Schedule::Inline)
    }

    pub fn scheduled(config: ChannelConfig, codecs: Arc<dyn Codecs>, schedule: Schedule) -> Self {
        Self {
            channel: Channel::new(config, codecs).unwrap(),
            now: Now::new(Duration::from_secs(100), Utc::from_unix_secs(NOON)),
            store: BTreeMap::new(),
            growing: BTreeMap::new(),
            updates: Vec::new(),
            events: Vec::new(),
            replies: Vec::new(),
            discarded: Vec::new(),
            closed: Vec::new(),
            schedule,
            pending: Vec::new(),
        }
    }

    /// Starts the channel and waits until it runs.
    pub fn start(&mut self) {
        self.channel.start(self.now).unwrap();
        self.drain();
        assert_eq!(self.channel.state(), ChannelState::Running);
    }

    /// Starts a program that keeps everything.
    pub fn start_program(&mut self, asset: &str) -> ProgramId {
        let config = ProgramConfig::new(AssetName::new(asset).unwrap());
        let id = self.channel.run_program(config).unwrap();
        self.drain();
        id
    }

    pub fn attach(&mut self, protocol: &'static str, demuxer: Box<dyn Demuxer>) -> IngestId {
        let id = self.channel.attach(protocol, demuxer, self.now).unwrap();
        self.drain();
        id
    }

    pub fn bytes(&mut self, id: IngestId, bytes: impl Into<Bytes>) {
        let _ = self.channel.handle_input(Input::Bytes(id, bytes.into()), self.now);
        self.drain();
    }

    pub fn close(&mut self, id: IngestId) {
        let _ = self.channel.handle_input(Input::Closed(id), self.now);
        self.drain();
    }

    /// Lets `span` pass, calling every timeout in between at its own time.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now.monotonic + span;
        let mut turns = 0u64;
        while let Some(deadline) = self.channel.poll_timeout().filter(|deadline| *deadline <= end) {
            self.advance_to(deadline.max(self.now.monotonic));
            self.channel.handle_timeout(self.now);
            self.drain();
            turns += 1;
            assert!(
                turns < 1000 + span.as_millis() as u64,
                "a deadline does not move: {:?}",
                self.channel.poll_timeout()
            );
        }
        self.advance_to(end);
    }

    /// Lets time pass until `done`, at most for `bound`.
    pub fn pass_until(&mut self, bound: Duration, mut done: impl FnMut(&Self) -> bool) {
        let end = self.now.monotonic + bound;
        while !done(self) {
            assert!(self.now.monotonic < end, "not within {bound:?}; events: {:?}", self.events);
            self.pass(Duration::from_millis(10));
        }
    }

    pub fn drain(&mut self) {
        loop {
            self.collect();
            if self.pending.is_empty() {
                return;
            }
            self.run_pending();
        }
    }

    /// Takes what the channel has to say and runs no work.
    pub fn collect(&mut self) {
        while let Some(output) = self.channel.poll_output() {
            self.take(output);
        }
    }

    /// Works that are out.
    pub fn works(&self) -> usize {
        self.pending.len()
    }

    /// Runs one of the works that are out and hands the result in.
    pub fn run_one(&mut self, which: usize) {
        let done = self.pending.remove(which).run();
        self.channel.handle_input(Input::Done(done), self.now).unwrap();
        self.collect();
    }

    pub fn segments(&self) -> Vec<Segment> {
        let added = |update: &TimelineUpdate| match &update.change {
            TimelineChange::Added(segment) => Some(segment.clone()),
            _ => None,
        };
        self.updates.iter().filter_map(added).collect()
    }

    pub fn presentation(&self) -> Arc<Presentation> {
        let opened = |update: &TimelineUpdate| match &update.change {
            TimelineChange::Opened { presentation, .. } => Some(presentation.clone()),
            _ => None,
        };
        self.updates.iter().find_map(opened).unwrap()
    }

    /// The bytes of an object in one piece.
    pub fn object(&self, name: &str) -> Vec<u8> {
        self.store[name].parts().concat()
    }

    /// Init segment and every fragment of one track, as one file.
    pub fn track_file(&self, asset: &str, track: usize) -> Vec<u8> {
        let presentation = self.presentation();
        let name = &presentation.tracks[track].name;
        let mut file = self.object(&format!("{asset}/{name}/init.mp4"));
        for segment in self.segments() {
            file.extend(self.object(&format!("{asset}/{name}/{}.m4s", segment.spans[track].start)));
        }
        file
    }

    pub fn count_events(&self, is_wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|(_, event)| is_wanted(event)).count()
    }

    pub fn advance_to(&mut self, monotonic: Duration) {
        let step = monotonic.saturating_sub(self.now.monotonic);
        let utc = Utc::from_unix_nanos(self.now.utc.unix_nanos() + step.as_nanos() as i64);
        self.now = Now::new(monotonic.max(self.now.monotonic), utc);
    }

    fn take(&mut self, output: Output) {
        match output {
            Output::Work(work) => self.pending.push(work),
            Output::Grow(growth) => {
                let grown = self.growing.entry(growth.name.as_str().into()).or_default();
                assert_eq!(grown.len() as u64, growth.at, "{} grows without a gap", growth.name);
                grown.extend_from_slice(&growth.body.to_bytes());
            }
            Output::Store(object) => {
                let grown = self.growing.remove(object.name.as_str()).unwrap_or_default();
                assert!(object.body.to_bytes().starts_with(&grown), "{} begins as it grew", object.name);
                let known = self.store.insert(object.name.as_str().into(), object.body);
                assert!(known.is_none(), "{} was stored twice", object.name);
            }
            Output::Append(append) => self.append(&append),
            Output::Timeline(update) => {
                if let TimelineChange::Added(segment) = &update.change {
                    self.assert_stored(&update.asset, segment);
                }
                self.updates.push(update);
            }
            Output::Event(event) => self.events.push((self.now.monotonic, event)),
            Output::Reply(id, bytes) => self.replies.push((id, bytes)),
            Output::Discard(name) => {
                self.store.remove(name.as_str());
                self.discarded.push(name.as_str().into());
            }
            Output::Close(id) => self.closed.push(id),
        }
    }

    fn append(&mut self, append: &Append) {
        let page = self.store.entry(append.name.as_str().into()).or_default();
        assert_eq!(page.len() as u64, append.at, "{} grows without a gap", append.name);
        *page = Body::from([page.parts(), std::slice::from_ref(&append.bytes)].concat());
    }

    /// Every object that an update lists is stored before it.
    fn assert_stored(&self, asset: &AssetName, segment: &Segment) {
        for (track, span) in self.presentation().tracks.iter().zip(segment.spans.iter()) {
            let name = format!("{asset}/{}/{}.m4s", track.name, span.start);
            assert!(span.is_missing() || self.store.contains_key(&name), "{name} is listed and not stored");
        }
    }

    fn run_pending(&mut self) {
        let done = match &mut self.schedule {
            Schedule::Inline => self.pending.drain(..).map(Work::run).collect(),
            Schedule::Shuffled(seed, most) => {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let pick = (*seed >> 33) as usize % self.pending.len().min(*most);
                vec![self.pending.remove(pick).run()]
            }
            Schedule::Threads(count) => {
                let works: Vec<Work> = self.pending.drain(..self.pending.len().min(*count)).collect();
                std::thread::scope(|scope| {
                    let threads: Vec<_> = works.into_iter().map(|work| scope.spawn(|| work.run())).collect();
                    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
                })
            }
        };
        for done in done {
            self.channel.handle_input(Input::Done(done), self.now).unwrap();
        }
    }
}
