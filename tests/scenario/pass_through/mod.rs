//! A ladder that goes through untouched (A1.1, A9, A16.4): an encoder of many rungs and what is asked of every output. One file
//! per story.

mod breaks;
mod clocks;
mod limits;
mod pieces;
mod preview;
mod programs;
mod resumed;
mod rungs;
mod time_line;
mod whole;
mod wire;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use headend::{
    archive::Segment,
    channel::{ChannelConfig, Encoding, Event, IngestId, PassThrough, Session, Slot},
    ingest::Demuxed,
    media::{AacConfig, AccessUnit, AudioTrack, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    follow::assert_playlists,
    manifests::assert_manifests,
    rig::{Rig, feed::Feed, toy_codecs::ToyCodecs},
    timeline::samples,
};

/// One track of an encoder: where it is sent, and what was sent.
struct Lane {
    session: usize,
    track: Track,
    /// Ticks of its timescale from access unit to access unit.
    step: i64,
    gop: i64,
    /// Added to every time stamp.
    offset: i64,
    next: i64,
    is_dead: bool,
    sent: Vec<(MediaTime, Bytes)>,
}

/// An encoder that sends a ladder, and the channel that it sends it to.
struct Ladder {
    rig: Rig,
    feeds: Vec<Feed>,
    ids: Vec<IngestId>,
    lanes: Vec<Lane>,
    /// Sessions are served in this order.
    order: Vec<usize>,
    at: i64,
}

fn config(gop_millis: i64) -> ChannelConfig {
    let mut config = ChannelConfig::new("relay").unwrap();
    config.encoding = Encoding::None(PassThrough::default());
    config.gop = MediaDuration::from_millis(gop_millis);
    config
}

fn video(height: u32, bitrate: u32, name: &str, timescale: u32) -> Track {
    let sps = vec![Bytes::from(vec![0x67, 0x64, 0, 0x1F, height as u8, 0xB4])];
    let pps = vec![Bytes::from_static(&[0x68, 0xEE, 0x3C, 0xB0])];
    let format = TrackFormat::H264(
        VideoTrack::new(height * 16 / 9, height),
        H264Config { framing: NalFraming::Length(4), sps, pps },
    );
    let scale = Timescale::new(timescale).unwrap();
    Track { bitrate, name: name.into(), ..Track::new(TrackId(1), scale, format) }
}

fn sound(bitrate: u32, name: &str, timescale: u32) -> Track {
    let format = TrackFormat::Aac(
        AudioTrack { sample_rate: 48_000, channels: 2 },
        AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) },
    );
    Track { bitrate, name: name.into(), ..Track::new(TrackId(2), Timescale::new(timescale).unwrap(), format) }
}

impl Ladder {
    fn new(sessions: usize, lanes: Vec<(usize, Track, i64)>) -> Self {
        Self::with(config(2000), sessions, lanes)
    }

    fn with(config: ChannelConfig, sessions: usize, lanes: Vec<(usize, Track, i64)>) -> Self {
        let mut rig = Rig::new(config, ToyCodecs::shared());
        rig.start();
        rig.start_program("asset");
        Self::on(rig, sessions, lanes)
    }

    /// The encoder begins to send to a channel that is there.
    fn on(rig: Rig, sessions: usize, lanes: Vec<(usize, Track, i64)>) -> Self {
        let lane = |(session, track, step)| Lane {
            session,
            track,
            step,
            gop: 50,
            offset: 0,
            next: 0,
            is_dead: false,
            sent: Vec::new(),
        };
        let lanes = lanes.into_iter().map(lane).collect();
        let feeds = Vec::new();
        let mut ladder = Self { rig, feeds, ids: vec![], lanes, order: (0..sessions).collect(), at: 0 };
        for n in 0..sessions {
            ladder.feeds.push(Feed::default());
            let slot = if n < 6 { Slot::Primary } else { Slot::Secondary };
            let session = Session { name: format!("Streams({})", n % 6), slot, ..Session::new("smooth") };
            ladder.ids.push(ladder.rig.channel.attach_as(session, ladder.feeds[n].demuxer(), ladder.rig.now).unwrap());
        }
        for lane in &ladder.lanes {
            ladder.feeds[lane.session].push(Demuxed::Track(lane.track.clone()));
        }
        ladder
    }

    /// Five rungs of 25 fps and a sound, each in a session of its own, in ticks of 10 MHz.
    fn smooth() -> Self {
        Self::new(6, Self::five_rungs(0))
    }

    /// The same twice, for both slots.
    fn doubled() -> Self {
        Self::new(12, [Self::five_rungs(0), Self::five_rungs(6)].concat())
    }

    fn five_rungs(first: usize) -> Vec<(usize, Track, i64)> {
        let rungs = [(180, 200), (270, 400), (360, 800), (720, 2500), (240, 300)];
        let rung =
            |(n, (height, kbps)): (usize, (u32, u32))| (n, video(height, kbps * 1000, "video", 10_000_000), 400_000);
        let mut lanes: Vec<_> = rungs.into_iter().enumerate().map(rung).collect();
        lanes.push((5, sound(96_000, "audio_eng", 10_000_000), 213_333));
        lanes.iter_mut().for_each(|lane| lane.0 += first);
        lanes
    }

    /// Three rungs and the same sound beside each, in milliseconds.
    fn rtmp() -> Self {
        let mut lanes = Vec::new();
        for (n, kbps) in [400, 1600, 800].into_iter().enumerate() {
            lanes.push((n, video(kbps / 4, kbps * 1000, "", 1000), 40));
            lanes.push((n, sound(128_000, "", 1000), 20));
        }
        Self::new(3, lanes)
    }

    /// Sends `seconds` of everything, 200 ms at a time, and lets that time pass.
    fn send(&mut self, seconds: i64) {
        for _ in 0..seconds * 5 {
            self.burst(200);
            self.rig.pass(Duration::from_millis(200));
        }
    }

    /// Sends so much of everything at once, and lets no time pass.
    fn burst(&mut self, millis: i64) {
        self.at += millis;
        let end = MediaTime::ZERO.plus(MediaDuration::from_millis(self.at));
        for session in self.order.clone() {
            let lanes = self.lanes.iter_mut().filter(|lane| lane.session == session);
            lanes.for_each(|lane| lane.send_to(end, &self.feeds[session]));
            self.rig.bytes(self.ids[session], vec![0]);
        }
    }

    /// Time passes in which nothing is sent; the encoder's clock goes on.
    fn leave_out(&mut self, seconds: i64) {
        self.at += seconds * 1000;
        self.lanes.iter_mut().for_each(|lane| lane.skip_to(self.at));
        self.rig.pass(Duration::from_secs(seconds as u64));
    }

    fn stop(&mut self) {
        let ids: Vec<_> = self.rig.channel.running_programs().map(|(id, _)| id).collect();
        for id in ids {
            self.rig.channel.stop_program(id).unwrap();
        }
        self.rig.pass(Duration::from_secs(3));
        assert_eq!(self.rig.channel.running_programs().count(), 0);
    }

    /// The rung of this many bits per second, as published.
    fn place(&self, bitrate: u32) -> usize {
        self.rig.presentation().tracks.iter().position(|track| track.bitrate == bitrate).unwrap()
    }

    fn faults(&self, code: &str) -> usize {
        self.rig.count_events(|event| matches!(event, Event::Fault { fault, .. } if fault.code() == code))
    }
}

impl Lane {
    fn send_to(&mut self, end: MediaTime, feed: &Feed) {
        loop {
            let at = MediaTime::from_ticks(self.next * self.step, self.track.timescale);
            if at >= end {
                return;
            }
            let is_video = self.track.format.is_video();
            let size = 20 + (self.next * 37 % 400) as usize;
            let mut data = vec![self.next as u8; size];
            data[..4].copy_from_slice(&self.track.bitrate.to_be_bytes());
            let data = Bytes::from(data);
            let at = at.plus(MediaDuration::from_ticks(self.offset, self.track.timescale));
            let unit = AccessUnit {
                track: self.track.id,
                pts: at,
                dts: at,
                duration: MediaDuration::ZERO,
                is_random_access: !is_video || self.next % self.gop == 0,
                is_damaged: false,
                data: data.clone(),
            };
            if !self.is_dead {
                feed.push(Demuxed::Unit(unit));
                self.sent.push((at, data));
            }
            self.next += 1;
        }
    }

    fn skip_to(&mut self, millis: i64) {
        let ticks = millis * i64::from(self.track.timescale.per_second()) / 1000;
        // Pictures go on with an IDR.
        let units = (ticks + self.step - 1) / self.step;
        self.next = if self.track.format.is_video() { (units + self.gop - 1) / self.gop * self.gop } else { units };
    }
}

/// Every rung is cut at the same times, and nothing is between two segments but at a discontinuity.
fn assert_aligned(segments: &[Segment], rig: &Rig) {
    assert_manifests(rig);
    assert_playlists(rig);
    let presentation = rig.presentation();
    for segment in segments {
        for (track, span) in presentation.tracks.iter().zip(segment.spans.iter()) {
            if track.format.is_video() {
                assert_eq!(span.start as i64, segment.start.ticks(track.timescale), "{}", track.name);
            }
        }
    }
    for pair in segments.windows(2) {
        assert_eq!(pair[0].sequence + 1, pair[1].sequence);
        assert_eq!(pair[0].end() != pair[1].start, pair[1].is_discontinuous);
        if !pair[1].is_discontinuous {
            for (before, after) in pair[0].spans.iter().zip(pair[1].spans.iter()) {
                assert_eq!(before.end(), after.start);
            }
        }
    }
}

/// The stored samples of each rendition are all that was sent of it, but for the segment that is still open; how many.
fn assert_untouched(ladder: &Ladder) -> BTreeMap<String, usize> {
    let presentation = ladder.rig.presentation();
    let mut counts = BTreeMap::new();
    let segments = ladder.rig.segments();
    let end = segments.last().unwrap().end();
    let longest = segments.iter().map(|segment| segment.duration).max().unwrap();
    for (n, spec) in presentation.tracks.iter().enumerate() {
        let lane = ladder
            .lanes
            .iter()
            .find(|lane| lane.track.bitrate == spec.bitrate && lane.track.format.is_video() == spec.format.is_video());
        let stored = samples(&ladder.rig, n);
        let sent = &lane.unwrap().sent;
        let is_stored = |(at, _): &&(MediaTime, Bytes)| *at < end;
        let whole: Vec<&Bytes> = sent.iter().filter(is_stored).map(|(_, data)| data).collect();
        assert_eq!(stored.len(), whole.len(), "{}", spec.name);
        assert!(stored.iter().zip(whole).all(|(sample, sent)| sample.data == *sent), "{}", spec.name);
        let open = sent.last().unwrap().0.since(end);
        assert!(open <= longest.plus(MediaDuration::from_millis(500)), "{}: {open:?}", spec.name);
        counts.insert(spec.name.clone(), stored.len());
    }
    counts
}
