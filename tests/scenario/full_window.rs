//! A window that has been full for a week, and one that is made smaller (FAULTS row 57; A17.4, A17.12).

use std::time::Duration;

use bytes::Bytes;
use headend::{
    archive::{AssetName, Recovered, ResumeError, Segment, TimelineChange},
    channel::{ChannelConfig, CommandError, Encoding, Event, IngestId, PassThrough, ProgramConfig, ProgramState},
    ingest::Demuxed,
    media::{AacConfig, AccessUnit, AudioTrack, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack},
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::rig::{Rig, feed::Feed, toy_codecs::ToyCodecs};

const ASSET: &str = "asset";
/// Seconds from unit to unit (two are a gap), and of a segment.
const STEP: i64 = 1;
const SEGMENT: i64 = 10;
const HOUR: i64 = 3600;
/// Bytes of a unit.
const UNIT: usize = 500;

/// A channel that an encoder of one picture and one sound every second feeds, and a player.
struct Story {
    rig: Rig,
    feed: Feed,
    id: IngestId,
    at: i64,
    origin: Origin,
    seen: usize,
    discarded: usize,
    /// Segments that are not discarded yet, oldest first.
    kept: std::collections::VecDeque<Segment>,
    /// Most bytes that were stored at a time, by the day.
    stored: Vec<usize>,
}

impl Story {
    fn begin() -> Self {
        let mut config = ChannelConfig::new("one").unwrap();
        let longest_segment = MediaDuration::from_secs(SEGMENT);
        let settle = MediaDuration::from_secs(10);
        config.encoding = Encoding::None(PassThrough { longest_segment, settle, ..PassThrough::default() });
        config.gop = longest_segment;
        let mut rig = Rig::new(config, ToyCodecs::shared());
        rig.start();
        let mut origin = Origin::new(OriginConfig::default());
        origin.publish("loc", &AssetName::new(ASSET).unwrap(), "ch1").unwrap();
        let feed = Feed::default();
        let id = rig.attach("feed", feed.demuxer());
        [video(), sound()].into_iter().for_each(|track| feed.push(Demuxed::Track(track)));
        let (kept, stored) = (Default::default(), Vec::new());
        Self { rig, feed, id, at: 0, origin, seen: 0, discarded: 0, kept, stored }
    }

    fn program(window: i64) -> ProgramConfig {
        let window = Some(MediaDuration::from_secs(window));
        ProgramConfig { window, ..ProgramConfig::new(AssetName::new(ASSET).unwrap()) }
    }

    /// Sends so many seconds, looking on all the while.
    fn play(&mut self, seconds: i64, window: i64) {
        let end = self.at + seconds;
        while self.at < end {
            for (track, is_idr) in [(TrackId(1), self.at % SEGMENT == 0), (TrackId(2), true)] {
                let at = MediaTime::ZERO.plus(MediaDuration::from_secs(self.at));
                let unit = AccessUnit {
                    track,
                    pts: at,
                    dts: at,
                    duration: MediaDuration::from_secs(STEP),
                    is_random_access: is_idr,
                    is_damaged: false,
                    data: Bytes::from_static(&[7; UNIT]),
                };
                self.feed.push(Demuxed::Unit(unit));
            }
            self.rig.bytes(self.id, vec![0]);
            self.look(window);
            self.at += STEP;
            self.rig.pass(Duration::from_secs(STEP as u64));
            self.look(window);
        }
    }

    /// What left the store had left every manifest long before, and nothing else is there any more than must be.
    fn look(&mut self, window: i64) {
        for update in &self.rig.updates[self.seen..] {
            self.origin.apply(update).unwrap();
            if let TimelineChange::Added(segment) = &update.change {
                self.kept.push_back(segment.clone());
            }
        }
        self.seen = self.rig.updates.len();
        let gone = &self.rig.discarded[self.discarded..];
        let fragments: Vec<&String> = gone.iter().filter(|name| name.ends_with(".m4s")).collect();
        self.discarded = self.rig.discarded.len();
        for pair in fragments.chunks(2) {
            // Both renditions of the oldest one, as soon as it is a minute and the longest segment behind the window, and no
            // sooner (RFC 8216 clause 6.2.2).
            let oldest = self.kept.pop_front().unwrap();
            let start = oldest.start.ticks(Timescale::MPEG).to_string();
            assert!(pair.len() == 2 && pair.iter().any(|name| name.ends_with(&format!("/{start}.m4s"))), "{pair:?}");
            let timeline = self.origin.timeline(&AssetName::new(ASSET).unwrap()).unwrap();
            let linger = MediaDuration::from_secs(60).plus(timeline.segment_duration());
            let age = timeline.last().unwrap().end().since(oldest.end()).minus(MediaDuration::from_secs(window));
            assert!(age >= linger && age < linger.plus(MediaDuration::from_secs(SEGMENT)), "{age:?}");
            let listed = timeline.first().unwrap().start;
            assert!(listed.since(oldest.end()) >= MediaDuration::from_secs(60), "it was listed a moment ago");
        }
        let day = self.at as usize / (24 * HOUR as usize);
        self.stored.resize(self.stored.len().max(day + 1), 0);
        if !fragments.is_empty() || self.at % HOUR == 0 {
            let bytes = self.rig.store.values().map(|body| body.len()).sum();
            self.stored[day] = self.stored[day].max(bytes);
        }
    }

    fn playlist(&self) -> String {
        let path = "/loc/ch1.ism/QualityLevels(100000)/Manifest(video,format=m3u8-cmaf)";
        let Reply::Response(response) = self.origin.handle(&Request::get(path), self.rig.now) else {
            panic!("no list")
        };
        String::from_utf8(response.body.to_bytes().to_vec()).unwrap()
    }

    /// What is stored by the end of the kinds of names: fragments, and pages of the index.
    fn bytes(&self, part: &str) -> usize {
        let named = self.rig.store.iter().filter(|(name, _)| name.contains(part));
        named.map(|(_, body)| body.len()).sum()
    }
}

fn video() -> Track {
    let (sps, pps) =
        (vec![Bytes::from_static(&[0x67, 0x64, 0, 0x1F, 9, 0xB4])], vec![Bytes::from_static(b"\x68\xEE\x3C\xB0")]);
    let config = H264Config { framing: NalFraming::Length(4), sps, pps };
    let format = TrackFormat::H264(VideoTrack::new(320, 180), config);
    Track { bitrate: 100_000, name: "video".into(), ..Track::new(TrackId(1), Timescale::MPEG, format) }
}

fn sound() -> Track {
    let config = AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) };
    let format = TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, config);
    Track { bitrate: 64_000, name: "audio".into(), ..Track::new(TrackId(2), Timescale::MPEG, format) }
}

#[test]
fn row_57_a_window_that_is_full_for_a_week_keeps_as_much_as_on_its_first_day() {
    let window = 2 * HOUR;
    let mut story = Story::begin();
    story.rig.channel.run_program(Story::program(window)).unwrap();
    story.play(7 * 24 * HOUR, window);
    let faults = story.rig.events.iter().find(|(_, event)| matches!(event, Event::Fault { .. }));
    assert_eq!(faults, None);
    // The window, a minute, the longest segment that is told of and three segments more, each of ten units of both renditions with boxes around them.
    let segments = (window + 60 + 30) / SEGMENT + 3;
    let ceiling = segments as usize * 2 * (SEGMENT / STEP * UNIT as i64 + 300) as usize;
    assert!(story.bytes("m4s") <= ceiling, "{} of {ceiling}", story.bytes("m4s"));
    assert_eq!(story.rig.store.keys().filter(|name| name.ends_with(".m4s")).count(), story.kept.len() * 2);
    println!("bytes stored at most, day by day: {:?}; of the index {}", story.stored, story.bytes("/index/"));
    let first = story.stored[0];
    assert!(
        story.stored.len() == 8 && story.stored[..7].iter().all(|day| *day * 100 <= first * 101),
        "{:?}",
        story.stored
    );
    assert!(story.bytes("/index/") < 200 * segments as usize, "{}", story.bytes("/index/"));
    let listed = story.playlist().matches("#EXTINF").count() as i64;
    assert!((listed * SEGMENT - window).abs() <= SEGMENT, "{listed}");
}

#[test]
fn row_57_a_window_can_be_made_smaller_only_before_a_program_runs_and_counts_from_then_on() {
    let mut story = Story::begin();
    let id = story.rig.channel.create_program(Story::program(HOUR)).unwrap();
    story.rig.channel.update_program(id, Story::program(HOUR / 4)).unwrap();
    story.rig.channel.start_program(id).unwrap();
    let refused = CommandError::ProgramState { id, state: ProgramState::Running };
    story.play(HOUR, HOUR / 4);
    assert_eq!(story.rig.channel.update_program(id, Story::program(HOUR / 8)), Err(refused));
    story.play(HOUR, HOUR / 4);
    let listed = story.playlist().matches("#EXTINF").count() as i64;
    assert!((listed * SEGMENT - HOUR / 4).abs() <= SEGMENT, "{listed}");
    assert!(story.kept.len() as i64 <= (HOUR / 4 + 60 + 30) / SEGMENT + 3, "{}", story.kept.len());
    // Nor when it goes on after its host was cut off: its manifests say how far back they go.
    let pages: Vec<(u64, Bytes)> = story
        .rig
        .store
        .iter()
        .filter_map(|(name, page)| {
            Some((headend::archive::ObjectName::page_number(name.strip_prefix("asset/index/")?)?, page.to_bytes()))
        })
        .collect();
    let recovered = Recovered::open(&AssetName::new(ASSET).unwrap(), &pages).unwrap();
    let mut other = Story::begin();
    let [was, asked] = [HOUR / 4, HOUR / 8].map(|window| Some(MediaDuration::from_secs(window)));
    let refused = other.rig.channel.resume_program(Story::program(HOUR / 8), &recovered);
    assert_eq!(refused, Err(ResumeError::Window { was, asked }.into()));
}
