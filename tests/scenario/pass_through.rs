//! A ladder that goes through untouched (A1.1, A9, A16.4; FAULTS rows 31, 35, 37, 40).

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use headend::{
    archive::Segment,
    channel::{ChannelConfig, Encoding, Event, IngestId, PassThrough, Session, Slot, TrackHeartbeat},
    error::Fault,
    ingest::Demuxed,
    media::{AacConfig, AccessUnit, AudioTrack, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    rig::{Rig, feed::Feed, toy_codecs::ToyCodecs},
    timeline::{objects, samples},
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
    sent: Vec<Bytes>,
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
            self.at += 200;
            for session in self.order.clone() {
                let end = MediaTime::ZERO.plus(MediaDuration::from_millis(self.at));
                for lane in self.lanes.iter_mut().filter(|lane| lane.session == session) {
                    lane.send_to(end, &self.feeds[session]);
                }
                self.rig.bytes(self.ids[session], vec![0]);
            }
            self.rig.pass(Duration::from_millis(200));
        }
    }

    /// Time passes in which nothing is sent; the encoder's clock goes on.
    fn leave_out(&mut self, seconds: i64) {
        self.at += seconds * 1000;
        self.lanes.iter_mut().for_each(|lane| lane.skip_to(self.at));
        self.rig.pass(Duration::from_secs(seconds as u64));
    }

    fn stop(&mut self) {
        let ids: Vec<_> = self.rig.channel.programs().map(|(id, _)| id).collect();
        for id in ids {
            self.rig.channel.stop_program(id).unwrap();
        }
        self.rig.pass(Duration::from_secs(3));
        assert_eq!(self.rig.channel.programs().count(), 0);
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
                self.sent.push(data);
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

/// The stored samples of each rendition are a run of what was sent, beginning with the first; how many.
fn assert_untouched(ladder: &Ladder) -> BTreeMap<String, usize> {
    let presentation = ladder.rig.presentation();
    let mut counts = BTreeMap::new();
    for (n, spec) in presentation.tracks.iter().enumerate() {
        let lane = ladder
            .lanes
            .iter()
            .find(|lane| lane.track.bitrate == spec.bitrate && lane.track.format.is_video() == spec.format.is_video());
        let stored = samples(&ladder.rig, n);
        let same = stored.iter().zip(&lane.unwrap().sent).all(|(sample, sent)| sample.data == *sent);
        assert!(same && !stored.is_empty(), "{}", spec.name);
        counts.insert(spec.name.clone(), stored.len());
    }
    counts
}

#[test]
fn five_rungs_of_smooth_go_through_bit_for_bit_and_aligned() {
    let mut ladder = Ladder::smooth();
    ladder.send(12);
    ladder.stop();
    let presentation = ladder.rig.presentation();
    let listed: Vec<(&str, u32, u32)> =
        presentation.tracks.iter().map(|t| (t.name.as_str(), t.bitrate, t.timescale.per_second())).collect();
    let ticks = 10_000_000;
    let expected = [
        ("video", 2_500_000, ticks),
        ("video_2", 800_000, ticks),
        ("video_3", 400_000, ticks),
        ("video_4", 300_000, ticks),
        ("video_5", 200_000, ticks),
        ("audio_eng", 96_000, ticks),
    ];
    assert_eq!(listed, expected);
    let segments = ladder.rig.segments();
    assert_eq!(segments.len(), 6);
    assert!(segments.iter().all(|segment| segment.duration == MediaDuration::from_secs(2)));
    assert_aligned(&segments, &ladder.rig);
    let counts = assert_untouched(&ladder);
    assert_eq!(counts["video"], 300);
    assert_eq!(ladder.rig.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", ladder.rig.events);
    assert_eq!(ladder.rig.works(), 0);
}

#[test]
fn three_rungs_of_rtmp_bring_one_sound_and_names_of_kind_and_bitrate_a26_3() {
    let mut ladder = Ladder::rtmp();
    ladder.send(10);
    ladder.stop();
    let presentation = ladder.rig.presentation();
    let names: Vec<(&str, u32)> =
        presentation.tracks.iter().map(|t| (t.name.as_str(), t.timescale.per_second())).collect();
    let expected =
        [("video_1600000", 90_000), ("video_800000", 90_000), ("video_400000", 90_000), ("audio_128000", 48_000)];
    assert_eq!(names, expected);
    assert_aligned(&ladder.rig.segments(), &ladder.rig);
    assert_eq!(assert_untouched(&ladder)["video_400000"], 250);
    // The wall clock of the first access unit.
    assert_eq!(presentation.epoch.unix_nanos(), crate::rig::NOON * 1_000_000_000);
}

#[test]
fn the_order_of_the_sessions_changes_nothing_i2() {
    let run = |order: Vec<usize>| {
        let mut ladder = Ladder::smooth();
        ladder.order = order;
        ladder.send(9);
        ladder.stop();
        ladder.rig
    };
    let reference = run(vec![0, 1, 2, 3, 4, 5]);
    for order in [vec![5, 4, 3, 2, 1, 0], vec![3, 0, 5, 1, 4, 2]] {
        let other = run(order);
        assert_eq!(reference.updates, other.updates);
        assert_eq!(objects(&reference), objects(&other));
    }
}

#[test]
fn an_encoder_that_dies_takes_nothing_of_the_ladder_with_it_a5_7() {
    let run = |dies: Option<i64>, whole: bool| {
        let mut ladder = Ladder::doubled();
        ladder.send(dies.unwrap_or(5));
        if dies.is_some() {
            // The whole encoder, or one rung of it.
            let sessions = if whole { 0..6 } else { 3..4 };
            sessions.for_each(|n| ladder.rig.close(ladder.ids[n]));
        }
        ladder.send(12 - dies.unwrap_or(5));
        let failovers = ladder.rig.count_events(|event| matches!(event, Event::Failover { .. }));
        ladder.stop();
        (ladder.rig, failovers)
    };
    let (reference, none) = run(None, true);
    assert_eq!((none, reference.segments().len()), (0, 6));
    for (dies, whole) in [(1, true), (5, true), (6, true), (5, false), (8, false)] {
        let (rig, failovers) = run(Some(dies), whole);
        assert_eq!(failovers, usize::from(whole));
        assert_eq!(objects(&reference), objects(&rig), "{dies} s, {whole}");
        assert_eq!(reference.updates, rig.updates);
    }
}

#[test]
fn short_gops_are_gathered_and_a_long_one_extends_its_segment_with_one_warning_row_37() {
    let mut ladder = Ladder::smooth();
    ladder.lanes.iter_mut().for_each(|lane| lane.gop = 20);
    ladder.send(8);
    // 0.8 s, 1.6 s, 2.4 s: three GOPs.
    let segments = ladder.rig.segments();
    assert!(segments.len() >= 2 && segments.iter().all(|s| s.duration == MediaDuration::from_millis(2400)));
    assert_eq!(ladder.faults("MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE"), 0);
    // From picture 200 on an IDR every 200 pictures: eight seconds.
    ladder.lanes.iter_mut().filter(|lane| lane.track.format.is_video()).for_each(|lane| lane.gop = 200);
    ladder.send(26);
    ladder.stop();
    assert_eq!(ladder.faults("MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE"), 1);
    let segments = ladder.rig.segments();
    assert!(segments.iter().any(|segment| segment.duration == MediaDuration::from_secs(8)));
    assert_aligned(&segments, &ladder.rig);
    assert_untouched(&ladder);
}

#[test]
fn a_rung_off_the_grid_is_stored_told_once_and_counted_a26_1() {
    let mut ladder = Ladder::smooth();
    // Its IDRs are every three seconds.
    ladder.lanes[1].gop = 75;
    ladder.send(22);
    let is_told = |event: &Event| matches!(event, Event::Fault { fault: Fault::Output { .. }, .. });
    assert_eq!(ladder.rig.count_events(is_told), 1, "{:?}", ladder.rig.events);
    let beats: Vec<&TrackHeartbeat> = ladder
        .rig
        .events
        .iter()
        .filter_map(|(_, event)| if let Event::Heartbeat { tracks, .. } = event { Some(tracks) } else { None })
        .flatten()
        .filter(|track| track.kind == "video")
        .collect();
    assert_eq!(beats.len(), 5);
    let unaligned: Vec<u32> = beats.iter().map(|beat| beat.unaligned_key_frames).collect();
    assert_eq!(unaligned.iter().filter(|count| **count > 0).count(), 1, "{unaligned:?}");
    assert!(beats.iter().all(|beat| beat.unaligned_presentation_time == 0 && beat.nonincreasing == 0));
    ladder.stop();
    assert_untouched(&ladder);
    assert_aligned(&ladder.rig.segments(), &ladder.rig);
}

#[test]
fn a_rung_that_dies_is_missing_and_comes_back_at_a_boundary() {
    for (dead, kbps) in [(1, 400), (3, 2500)] {
        let mut ladder = Ladder::smooth();
        ladder.send(9);
        ladder.lanes[dead].is_dead = true;
        ladder.send(10);
        assert!(ladder.rig.segments().len() >= 5, "the others go on");
        ladder.lanes[dead].is_dead = false;
        ladder.send(9);
        ladder.stop();
        let segments = ladder.rig.segments();
        let place = ladder.place(kbps * 1000);
        let missing: Vec<bool> = segments.iter().map(|segment| segment.spans[place].is_missing()).collect();
        let changes = missing.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!((changes, missing[0], *missing.last().unwrap()), (2, false, false), "{kbps}: {missing:?}");
        assert!(missing.iter().filter(|missing| **missing).count() >= 4, "{missing:?}");
        for segment in &segments {
            let others = segment.spans.iter().enumerate().filter(|(n, _)| *n != place);
            assert!(others.into_iter().all(|(_, span)| !span.is_missing()), "{segment:?}");
        }
        assert!(segments.windows(2).all(|pair| pair[0].end() == pair[1].start), "no gap for the others");
        assert_eq!(segments.first().unwrap().start, MediaTime::ZERO);
    }
}

#[test]
fn a_loss_stops_the_time_line_and_a_return_is_a_discontinuity_a16_4() {
    let mut ladder = Ladder::smooth();
    ladder.send(9);
    ladder.leave_out(7);
    let before = ladder.rig.segments().len();
    assert_eq!(before, 4);
    ladder.send(9);
    ladder.stop();
    let segments = ladder.rig.segments();
    assert_aligned(&segments, &ladder.rig);
    let cuts: Vec<bool> = segments.iter().map(|segment| segment.is_discontinuous).collect();
    assert_eq!(cuts.iter().filter(|cut| **cut).count(), 1, "{segments:?}");
    assert_eq!(ladder.faults("OUTPUT_BROKEN"), 0);
    assert_untouched(&ladder);
}

#[test]
fn a_source_that_starts_from_zero_again_goes_on_behind_what_is_stored() {
    let mut ladder = Ladder::smooth();
    ladder.send(9);
    // Every clock back by nine seconds less a second.
    for lane in &mut ladder.lanes {
        let units = lane.gop.max(1);
        lane.next = (lane.next + units - 1) / units * units;
        lane.offset = -8 * 10_000_000;
    }
    ladder.send(9);
    ladder.stop();
    let segments = ladder.rig.segments();
    assert_aligned(&segments, &ladder.rig);
    assert_eq!(ladder.faults("INGEST_TIME_JUMP"), 1, "{:?}", ladder.rig.events);
    assert!(segments.last().unwrap().end() >= MediaTime::ZERO.plus(MediaDuration::from_secs(16)), "{segments:?}");
}

#[test]
fn a_track_that_changes_is_left_out_and_the_others_go_on_row_35() {
    let mut ladder = Ladder::smooth();
    ladder.send(7);
    let other = video(99, 300_000, "video", 10_000_000);
    ladder.feeds[4].push(Demuxed::Track(other));
    ladder.send(9);
    ladder.stop();
    let segments = ladder.rig.segments();
    let place = ladder.place(300_000);
    assert!(segments.last().unwrap().spans[place].is_missing());
    assert!(segments.len() >= 6);
    assert_eq!(ladder.faults("INGEST_TRACK_LEFT_OUT"), 1);
}

#[test]
fn a_decode_time_that_stands_still_is_moved_on_by_a_tick_row_40() {
    let mut ladder = Ladder::smooth();
    ladder.send(5);
    let lane = &mut ladder.lanes[0];
    let at = MediaTime::from_ticks((lane.next - 1) * lane.step, lane.track.timescale);
    let data = Bytes::from_static(b"again but different");
    let unit = AccessUnit {
        track: lane.track.id,
        pts: at,
        dts: at,
        duration: MediaDuration::ZERO,
        is_random_access: false,
        is_damaged: false,
        data: data.clone(),
    };
    lane.sent.push(data);
    ladder.feeds[0].push(Demuxed::Unit(unit));
    ladder.send(5);
    ladder.stop();
    assert_eq!(ladder.faults("INGEST_DTS_BUMPED"), 1);
    assert_untouched(&ladder);
}

#[test]
fn slates_are_refused_and_nobody_shuts_it_off_a2_15_a4_2() {
    let mut rig = Rig::new(config(2000), ToyCodecs::shared());
    rig.start();
    assert_eq!(rig.channel.show_slate(None).unwrap_err().code(), "CHANNEL_PASS_THROUGH");
    assert_eq!(rig.channel.hide_slate().unwrap_err().code(), "CHANNEL_PASS_THROUGH");
    rig.pass(Duration::from_secs(13 * 3600));
    assert_eq!(rig.channel.state(), headend::channel::ChannelState::Running);
    // A program waits for its feed; it may also be stopped before one came.
    let id = rig.start_program("early");
    assert!(rig.store.is_empty() && rig.updates.is_empty());
    rig.channel.stop_program(id).unwrap();
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.channel.programs().count(), 0);
}

#[test]
fn sessions_and_what_waits_have_ceilings() {
    let mut rig = Rig::new(config(2000), ToyCodecs::shared());
    rig.start();
    let named = |n: usize| Session { name: n.to_string(), ..Session::new("smooth") };
    for n in 0..Session::MAX_PER_SLOT {
        rig.channel.attach_as(named(n), Feed::default().demuxer(), rig.now).unwrap();
    }
    let refused = rig.channel.attach_as(named(99), Feed::default().demuxer(), rig.now).unwrap_err();
    assert_eq!(refused.code(), "MPE_CAPACITY_LIMIT_REACHED");
    let mut config = config(2000);
    config.encoding = Encoding::None(PassThrough { settle_bytes: 8_000, ..PassThrough::default() });
    let mut ladder = Ladder::with(config, 1, vec![(0, video(180, 200_000, "v", 90_000), 3600)]);
    ladder.send(4);
    assert_eq!(ladder.faults("LIMIT_EXCEEDED"), 1);
    assert!(ladder.rig.channel.presentation().is_some(), "what came is settled");
}
