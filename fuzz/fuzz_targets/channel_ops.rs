//! Any commands, contributions and times in any order to a channel with toy codecs, whose work comes back when the input
//! says so: no panic, no deadline that stands still, every object stored once and before it is listed, segments without a
//! gap, and a stop that ends.
//!
//! Input: a byte that names an operation (see `Host::operate`), then its arguments.
#![no_main]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use headend::{
    archive::{AssetName, TimelineChange},
    channel::{
        AdBreak, AdMarkers, AudioStream, Channel, ChannelState, IngestId, Input, Output, ProgramConfig, ProgramId,
    },
    error::Fault,
    ingest::{
        DatagramDemuxer, Demuxed, Demuxer, RtpConfig, TsConfig, TsDemuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    ladder::Work,
    media::{
        AacConfig, AccessUnit, AudioTrack, CueCarriage, CueSignal, FrameRate, H264Config, Language, NalFraming, Track,
        TrackFormat, TrackId, VideoTrack,
    },
    origin::{Origin, OriginConfig},
    splice::scte35::{BreakDuration, InsertTimes, SpliceCommand, SpliceInfoSection, SpliceInsert, SpliceTime},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/rig/mod.rs"]
mod rig;
#[path = "../../tests/rig/rtmp_publisher.rs"]
mod rtmp_publisher;

use rig::{feed::Feed, small_config, toy_codecs::ToyCodecs};
use rtmp_publisher::Publisher;

fuzz_target!(|data: &[u8]| {
    let mut host = Host::new();
    let mut input = Arguments(data);
    for _ in 0..OPERATIONS {
        let Some(name) = input.byte() else { break };
        host.operate(name, &mut input);
        host.drain();
    }
    host.shut_down();
});

struct Host {
    channel: Channel,
    now: Now,
    feed: Feed,
    publisher: Publisher,
    origin: Origin,
    /// Where the feed's clocks stand.
    at: MediaTime,
    ingest: u64,
    programs: u64,
    works: Vec<Work>,
    /// Works that resets have put out since all was back.
    resets: usize,
    stored: BTreeSet<String>,
    /// Pages of indexes, and how long they are.
    pages: BTreeMap<String, u64>,
    passed: Duration,
}

struct Arguments<'a>(&'a [u8]);

impl Host {
    fn new() -> Self {
        let mut config = small_config();
        config.audio = (0..3).map(|index| AudioStream::new(index, Language::UND)).collect();
        config.preview_window = Some(MediaDuration::from_secs(60));
        let channel = Channel::new(config, ToyCodecs::shared()).expect("the rig's configuration is sound");
        Self {
            channel,
            now: Now::new(Duration::from_secs(100), Utc::from_unix_secs(rig::NOON)),
            feed: Feed::default(),
            publisher: Publisher::new("live", "key"),
            origin: Origin::new(OriginConfig::default()),
            at: MediaTime::ZERO,
            ingest: 0,
            programs: 0,
            works: Vec::new(),
            resets: 0,
            stored: BTreeSet::new(),
            pages: BTreeMap::new(),
            passed: Duration::ZERO,
        }
    }

    fn operate(&mut self, name: u8, input: &mut Arguments<'_>) {
        match name % 20 {
            _ if name >= 240 => self.ad_break(name, input),
            0 => drop(self.channel.start(self.now)),
            1 => drop(self.channel.stop(self.now)),
            2 => self.reset(),
            3 => self.update(input),
            4 => drop(self.channel.show_slate(input.byte().map(|b| Duration::from_millis(u64::from(b) * 100)), None)),
            5 => drop(self.channel.hide_slate()),
            6 => self.start_program(input),
            7 => drop(self.channel.stop_program(ProgramId(input.byte().unwrap_or(0).into()))),
            8 => self.attach(input),
            9 => drop(self.channel.handle_input(Input::Closed(IngestId(self.ingest)), self.now)),
            10 => {
                let bytes = input.bytes();
                self.push(&bytes);
            }
            11 | 12 => self.unit(name % 20 == 11, input),
            13 => self.item(input),
            14 => self.pass(Duration::from_millis(u64::from(input.byte().unwrap_or(0)) * 10)),
            15 => self.run_one(input),
            16 => self.run_all(),
            17 => self.sleep(Duration::from_millis(u64::from(input.byte().unwrap_or(0)) * 100)),
            18 => self.step_wall_clock(input),
            _ => self.message(input),
        }
    }

    /// A call, or a cue of the feed for some time around its own.
    fn ad_break(&mut self, name: u8, input: &mut Arguments<'_>) {
        let (cue_id, length) = (u32::from(input.byte().unwrap_or(0) % 8), input.byte().unwrap_or(0));
        let duration = Duration::from_millis(u64::from(length) * 50);
        match name % 4 {
            0 => drop(self.channel.start_ad_break(AdBreak { cue_id, duration, show_slate: None })),
            1 => drop(self.channel.end_ad_break(cue_id)),
            _ => {
                let ahead = MediaDuration::from_millis(100).times(i64::from(input.byte().unwrap_or(0) as i8));
                let due = Some(self.at.plus(ahead)).filter(|_| length & 1 == 0);
                let payload = insert(cue_id, due.is_none(), length).to_bytes().expect("it fits its fields");
                let carriage = CueCarriage::TransportStream { pid: 500 };
                self.feed.push(Demuxed::Cue(CueSignal { carriage, at: self.at, due, payload }));
                self.push(&[0]);
            }
        }
    }

    /// Each reset puts out one more work, which opens the codecs: an operator may ask faster than that is done.
    fn reset(&mut self) {
        if self.channel.reset(self.now).is_ok() {
            self.resets += 1;
        }
    }

    /// Changes what may be changed while Stopped.
    fn update(&mut self, input: &mut Arguments<'_>) {
        let mut config = self.channel.config().clone();
        config.gop = MediaDuration::from_millis(i64::from(input.byte().unwrap_or(0)) * 80);
        config.ad_markers = [AdMarkers::Api, AdMarkers::Scte35][usize::from(input.byte().unwrap_or(0) & 1)];
        config.loss_after = Duration::from_millis(u64::from(input.byte().unwrap_or(0)) * 10);
        let _ = self.channel.update(config);
    }

    fn start_program(&mut self, input: &mut Arguments<'_>) {
        self.programs += 1;
        let window = input.byte().filter(|b| b & 1 == 1).map(|b| MediaDuration::from_secs(i64::from(b) * 10));
        // An asset is new for every program; one that still runs may be asked for twice.
        let name = format!("asset{}", self.programs);
        let config = ProgramConfig { window, ..ProgramConfig::new(AssetName::new(&name).expect("a plain name")) };
        let _ = self.channel.run_program(config.clone());
        let _ = self.channel.run_program(config);
        let all: Vec<ProgramId> = self.channel.programs().map(|(id, ..)| id).collect();
        if let Some(id) = input.byte().and_then(|b| all.get(usize::from(b) % all.len().max(1))) {
            let _ = self.channel.start_program(*id);
            let _ = self.channel.delete_program(*id);
        }
    }

    fn attach(&mut self, input: &mut Arguments<'_>) {
        let demuxer: Box<dyn Demuxer> = match input.byte().unwrap_or(0) % 4 {
            0 => self.feed.demuxer(),
            1 => {
                let mut session = RtmpSession::new(RtmpConfig::default(), self.now);
                session.push(self.publisher.start().into(), self.now).expect("the rig speaks RTMP");
                session.accept().expect("the rig asks to publish");
                Box::new(session)
            }
            2 => Box::new(DatagramDemuxer::new(RtpConfig::default())),
            _ => Box::new(TsDemuxer::new(TsConfig::default())),
        };
        if let Ok(id) = self.channel.attach("fuzz", demuxer, self.now) {
            self.ingest = id.0;
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let input = Input::Bytes(IngestId(self.ingest), Bytes::copy_from_slice(bytes));
        let _ = self.channel.handle_input(input, self.now);
    }

    /// An access unit of the feed: how far its time moves, and whether it is an IDR picture.
    fn unit(&mut self, is_video: bool, input: &mut Arguments<'_>) {
        let (step, flags) = (input.byte().unwrap_or(0), input.byte().unwrap_or(0));
        let scale = [10, 1000, 100_000_000, i64::MAX / 128][usize::from(flags >> 1 & 3)];
        let step = MediaDuration::from_millis(scale).times(i64::from(step as i8));
        self.at = self.at.plus(step);
        let reorder = MediaDuration::from_millis(i64::from(flags >> 3 & 3) * 33);
        self.feed.push(Demuxed::Unit(AccessUnit {
            track: if is_video { TrackId(1) } else { sound(flags >> 5).0 },
            pts: self.at.plus(reorder),
            dts: self.at,
            duration: MediaDuration::ZERO,
            is_random_access: flags & 1 == 1,
            is_damaged: flags & 0x80 != 0,
            data: Bytes::copy_from_slice(&[0, flags]),
        }));
        self.push(&[0]);
    }

    /// A track, a fault, a reply or the end.
    fn item(&mut self, input: &mut Arguments<'_>) {
        let (kind, a, b) = (input.byte().unwrap_or(0), input.byte().unwrap_or(0), input.byte().unwrap_or(0));
        let scale = |byte: u8| u32::from(byte & 0x1F) << (byte >> 5 << 2);
        self.feed.push(match kind % 5 {
            0 | 1 => {
                let frame_rate = FrameRate::new(scale(a), scale(b));
                let (width, height) = (16, 16);
                let video = VideoTrack { frame_rate, ..VideoTrack::new(width, height) };
                let config = H264Config { framing: NalFraming::AnnexB, sps: vec![], pps: vec![] };
                Demuxed::Track(Track::new(TrackId(1), Timescale::MPEG, TrackFormat::H264(video, config)))
            }
            2 => {
                let audio = AudioTrack { sample_rate: scale(a).max(1), channels: (b % 9).max(1) };
                let (id, index) = sound(kind / 5);
                let format = TrackFormat::Aac(audio, AacConfig { asc: Bytes::new() });
                Demuxed::Track(Track { index, ..Track::new(id, Timescale::MPEG, format) })
            }
            3 => Demuxed::Fault(Fault::Loss { lost: a.into(), stream: None }),
            _ if a & 7 == 0 => Demuxed::End,
            _ => Demuxed::Reply(Bytes::from_static(b"reply")),
        });
        self.push(&[0]);
    }

    /// A whole RTMP message.
    fn message(&mut self, input: &mut Arguments<'_>) {
        let (kind, ms) = (input.byte().unwrap_or(0), u32::from(input.byte().unwrap_or(0)) * 40);
        let body = input.bytes();
        let message = self.publisher.message(4, [8, 9, 18, 20][usize::from(kind & 3)], ms, 1, &body);
        self.push(&message);
    }

    /// Time passes, and every timeout is called when it is due.
    fn pass(&mut self, span: Duration) {
        let end = self.now.monotonic + self.budget(span);
        let mut turns = 0;
        while let Some(deadline) = self.channel.poll_timeout().filter(|deadline| *deadline <= end) {
            self.advance_to(deadline.max(self.now.monotonic));
            self.channel.handle_timeout(self.now);
            self.drain();
            turns += 1;
            assert!(turns < 1000, "a deadline stands still: {:?}", self.channel.poll_timeout());
        }
        self.advance_to(end);
    }

    /// Time passes while the host is away.
    fn sleep(&mut self, span: Duration) {
        let end = self.now.monotonic + self.budget(span);
        self.advance_to(end);
        self.channel.handle_timeout(self.now);
    }

    /// Simulated time has an end, so that an input takes milliseconds.
    fn budget(&mut self, span: Duration) -> Duration {
        let span = span.min(SIMULATED.saturating_sub(self.passed));
        self.passed += span;
        span
    }

    fn step_wall_clock(&mut self, input: &mut Arguments<'_>) {
        let step = i64::from(input.byte().unwrap_or(0) as i8) * 60_000_000_000;
        self.now.utc = Utc::from_unix_nanos(self.now.utc.unix_nanos() + step);
    }

    fn advance_to(&mut self, monotonic: Duration) {
        let step = monotonic.saturating_sub(self.now.monotonic);
        let utc = Utc::from_unix_nanos(self.now.utc.unix_nanos() + step.as_nanos() as i64);
        self.now = Now::new(monotonic.max(self.now.monotonic), utc);
    }

    fn run_one(&mut self, input: &mut Arguments<'_>) {
        if !self.works.is_empty() {
            let pick = usize::from(input.byte().unwrap_or(0)) % self.works.len();
            let done = self.works.swap_remove(pick).run();
            self.channel.handle_input(Input::Done(done), self.now).expect("a work that was out comes back");
        }
    }

    fn run_all(&mut self) {
        for _ in 0..100_000 {
            let Some(work) = self.works.pop() else { return };
            self.channel.handle_input(Input::Done(work.run()), self.now).expect("a work that was out comes back");
            self.drain();
        }
        panic!("work without an end");
    }

    fn drain(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.channel.poll_output() {
            outputs += 1;
            assert!(outputs < 100_000, "outputs without an end");
            match output {
                Output::Work(work) => self.works.push(work),
                Output::Grow(_) => {}
                Output::Store(object) => {
                    assert!(self.stored.insert(object.name.as_str().into()), "{} twice", object.name);
                }
                Output::Append(append) => {
                    let page = self.pages.entry(append.name.as_str().into()).or_default();
                    assert_eq!(*page, append.at, "{} grows without a gap", append.name);
                    *page += append.bytes.len() as u64;
                }
                Output::Discard(name) => {
                    let is_page = self.pages.contains_key(name.as_str());
                    assert!(is_page || self.stored.contains(name.as_str()), "{name} was never stored");
                }
                Output::Timeline(update) => {
                    if let TimelineChange::Added(segment) = &update.change {
                        let tracks = &self.origin.timeline(&update.asset).expect("it was opened").presentation().tracks;
                        for (track, span) in tracks.iter().zip(segment.spans.iter()).filter(|(_, s)| !s.is_missing()) {
                            let name = format!("{}/{}/{}.m4s", update.asset, track.name, span.start);
                            assert!(self.stored.contains(&name), "{name} is listed and not stored");
                        }
                    }
                    self.origin.apply(&update).expect("updates fit");
                }
                Output::Event(event) => assert!(!format!("{event:?}").is_empty()),
                Output::Reply(..) | Output::Close(_) => {}
            }
        }
        if self.works.is_empty() {
            self.resets = 0;
        }
        // Two rungs, four other lanes, and those of an earlier generation; then an opening for each reset.
        assert!(self.works.len() <= 12 + self.resets * 6, "{} works are out", self.works.len());
    }

    /// Whatever happened, a channel can be stopped, deleted, and its work taken back.
    fn shut_down(&mut self) {
        self.run_all();
        let running: Vec<ProgramId> = self.channel.running_programs().map(|(id, _)| id).collect();
        for id in running {
            let _ = self.channel.stop_program(id);
        }
        self.passed = Duration::ZERO;
        // A program ends with the next frame; a feed that is lost holds that up for as long as `loss_after`.
        for _ in 0..10 {
            if self.channel.running_programs().count() > 0 {
                self.pass(Duration::from_secs(1));
                self.run_all();
            }
        }
        assert_eq!(self.channel.running_programs().count(), 0, "programs go on after their end");
        if self.channel.state() == ChannelState::Running {
            self.channel.stop(self.now).expect("a running channel can be stopped");
            self.drain();
        }
        self.run_all();
        assert_eq!(self.channel.state(), ChannelState::Stopped);
        self.channel.delete(self.now).expect("a stopped channel can be deleted");
        self.drain();
    }
}

/// A `splice_insert` of every kind: out, in and cancelled; at once or at a time; with and without a duration.
fn insert(event_id: u32, is_immediate: bool, bits: u8) -> SpliceInfoSection {
    let event = InsertTimes {
        is_out: bits & 6 != 0,
        is_immediate,
        at: Some(SpliceTime::At(0)).filter(|_| !is_immediate),
        components: None,
        duration: (bits & 8 != 0).then(|| BreakDuration { auto_return: bits & 16 != 0, ticks: u64::from(bits) * 9000 }),
        unique_program_id: 1,
        avail_num: 0,
        avails_expected: 0,
    };
    let event = Some(event).filter(|_| bits & 0xE0 != 0xE0);
    SpliceInfoSection::new(SpliceCommand::Insert(SpliceInsert { event_id, event_id_compliance: true, event }))
}

/// One of four tracks of sound, by id and index; the last has no output.
fn sound(pick: u8) -> (TrackId, u32) {
    let index = u32::from(pick & 3);
    (TrackId([0, 2, 3, 4][index as usize]), index)
}

impl Arguments<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// As many bytes as the next one says.
    fn bytes(&mut self) -> Vec<u8> {
        let len = usize::from(self.byte().unwrap_or(0)).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes.to_vec()
    }
}

const OPERATIONS: usize = 400;
const SIMULATED: Duration = Duration::from_secs(8);
