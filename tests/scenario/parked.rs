//! Players that wait for what is due: of a low-latency channel, and one whose source stops meanwhile (FAULTS row 56).

use std::time::Duration;

use headend::{
    archive::{AssetName, TimelineChange},
    channel::{ChannelConfig, Encoding, PassThrough},
    ingest::Demuxed,
    media::{AccessUnit, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack},
    origin::{Origin, OriginConfig, Reply, Request, Wait},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::rig::{Rig, feed::Feed, toy_codecs::ToyCodecs};

const PLAYLIST: &str = "/loc/ch1.ism/QualityLevels(100000)/Manifest(video,format=m3u8-cmaf)";

/// A pass-through channel in parts of half a second, and the origin beside it.
struct Story {
    rig: Rig,
    feed: Feed,
    id: headend::channel::IngestId,
    origin: Origin,
    seen: usize,
    pictures: i64,
}

impl Story {
    fn begin() -> Self {
        let mut config = ChannelConfig::new("one").unwrap();
        config.encoding = Encoding::None(PassThrough::default());
        config.parts = Some(MediaDuration::from_millis(500));
        let mut rig = Rig::new(config, ToyCodecs::shared());
        rig.start();
        rig.start_program("asset");
        let mut origin = Origin::new(OriginConfig::default());
        origin.publish("loc", &AssetName::new("asset").unwrap(), "ch1").unwrap();
        let feed = Feed::default();
        let id = rig.attach("feed", feed.demuxer());
        let (sps, pps) = (vec![vec![0x67, 0x64, 0, 0x1F, 9, 0xB4].into()], vec![vec![0x68, 0xEE, 0x3C, 0xB0].into()]);
        let config = H264Config { framing: NalFraming::Length(4), sps, pps };
        let format = TrackFormat::H264(VideoTrack::new(320, 180), config);
        let track = Track { bitrate: 100_000, name: "video".into(), ..Track::new(TrackId(1), Timescale::MPEG, format) };
        feed.push(Demuxed::Track(track));
        Self { rig, feed, id, origin, seen: 0, pictures: 0 }
    }

    /// Sends so many pictures of 100 ms, in GOPs of two seconds.
    fn send(&mut self, pictures: i64) {
        for _ in 0..pictures {
            let at = MediaTime::ZERO.plus(MediaDuration::from_millis(100 * self.pictures));
            let unit = AccessUnit {
                track: TrackId(1),
                pts: at,
                dts: at,
                duration: MediaDuration::from_millis(100),
                is_random_access: self.pictures % 20 == 0,
                is_damaged: false,
                data: vec![7; 300].into(),
            };
            self.feed.push(Demuxed::Unit(unit));
            self.rig.bytes(self.id, vec![0]);
            self.pictures += 1;
            self.pass(Duration::from_millis(100));
        }
    }

    fn pass(&mut self, span: Duration) {
        self.rig.pass(span);
        self.rig.updates[self.seen..].iter().for_each(|update| self.origin.apply(update).unwrap());
        self.seen = self.rig.updates.len();
    }

    fn reload(&self, query: &str) -> Reply {
        self.origin.handle(&Request { query: Some(query), ..Request::get(PLAYLIST) }, self.rig.now)
    }

    fn waits(&self, query: &str) -> bool {
        matches!(self.reload(query), Reply::Wait(_))
    }

    fn text(&self, query: &str) -> String {
        let Reply::Response(response) = self.reload(query) else { panic!("{query} waits") };
        assert_eq!(response.status, 200, "{query}");
        String::from_utf8(response.body.to_bytes().to_vec()).unwrap()
    }

    /// The newest segment and the parts of the next one.
    fn edge(&self) -> (u64, usize) {
        let timeline = self.origin.timeline(&AssetName::new("asset").unwrap()).unwrap();
        (timeline.last().unwrap().sequence, timeline.parts().len())
    }
}

#[test]
fn row_56_what_is_far_ahead_is_refused_and_a_segment_without_a_part_is_waited_for_whole() {
    let mut story = Story::begin();
    story.send(130);
    let (newest, _) = story.edge();
    for far in [newest + 3, newest + 1000, u64::MAX] {
        let Reply::Response(response) = story.reload(&format!("_HLS_msn={far}")) else { panic!("{far} is waited for") };
        assert_eq!(response.status, 400, "{far}");
    }
    // Up to a boundary, then half of the next segment.
    let next = newest + 1;
    while story.edge().1 < 2 {
        story.send(1);
    }
    assert_eq!(story.edge().0, newest);
    let whole = format!("_HLS_msn={next}");
    let mut parts = 0;
    while story.waits(&whole) {
        assert_eq!(story.edge().0, newest, "the segment is there and the request waits on");
        // Its parts come and are no answer to it, while they are one to who asks for them.
        let (_, there) = story.edge();
        let part = |n: usize| format!("_HLS_msn={next}&_HLS_part={n}");
        assert!(!story.waits(&part(there - 1)) && story.waits(&part(there)));
        assert!(story.text(&part(there - 1)).contains(&format!(",part={},", there - 1)));
        parts = parts.max(there);
        story.send(1);
    }
    assert!(parts >= 3, "{parts}");
    assert_eq!(story.edge().0, next);
    let count = story.text("").matches("#EXTINF").count();
    assert_eq!((story.text(&whole).matches("#EXTINF").count(), count as u64), (count, next + 1));
    let parted = story.rig.updates.iter().filter(|update| matches!(update.change, TimelineChange::Parted(_))).count();
    assert!(parted as u64 >= 4 * next, "{parted}");
}

#[test]
fn row_56_a_source_that_stops_while_players_wait_ends_their_wait_within_its_limit_with_503() {
    let mut story = Story::begin();
    story.send(131);
    let (newest, parts) = story.edge();
    let queries = [format!("_HLS_msn={}", newest + 1), format!("_HLS_msn={}&_HLS_part={parts}", newest + 1)];
    let asked = story.rig.now.monotonic;
    let waits = queries.clone().map(|query| match story.reload(&query) {
        Reply::Wait(wait) => wait,
        other => panic!("{query}: {other:?}"),
    });
    // Three target durations, and the source is silent from here on.
    for Wait { until, otherwise } in &waits {
        assert!(*until > asked && *until <= asked + Duration::from_secs(3 * 6), "{until:?}");
        assert_eq!(otherwise.status, 503);
    }
    let until = waits.iter().map(|wait| wait.until).max().unwrap();
    while story.rig.now.monotonic + Duration::from_millis(500) < until {
        story.pass(Duration::from_millis(500));
    }
    // Nothing came that would have answered them before, and a player that comes back is heard anew.
    for query in &queries {
        let Reply::Wait(again) = story.reload(query) else { panic!("{query} was answered: {:?}", story.edge()) };
        assert!(again.until > until);
    }
    assert!(story.text("").contains("#EXTINF"), "whoever asks for what there is gets it");
}
