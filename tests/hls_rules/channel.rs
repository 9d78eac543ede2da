//! A channel from its start to its end, watched through every playlist of every format: two languages, an ad break under a slate,
//! a slate by call, a cue of the contribution, losses, a window that moves, programs that end, a stop and a start.

use std::time::Duration;

use bytes::Bytes;
use headend::{
    archive::{AssetName, TimelineChange, TimelineUpdate},
    channel::{AdBreak, AudioStream, ChannelConfig, IngestId, ProgramConfig},
    ingest::Demuxed,
    media::{
        AacConfig, AccessUnit, AudioTrack, CueCarriage, CueFormats, CueSignal, CueTags, FrameRate, H264Config,
        Language, NalFraming, Track, TrackFormat, TrackId, VideoTrack,
    },
    splice::scte35::{SpliceCommand, SpliceInfoSection, SpliceTime},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    follow::Follower,
    rig::{Rig, feed::Feed, small_config, toy_codecs::ToyCodecs},
};

/// An encoder with two languages, on a clock of its own.
struct Encoder {
    feed: Feed,
    id: IngestId,
    at: MediaTime,
    sound_at: MediaTime,
    frames: u64,
}

/// 1 024 samples at 48 kHz.
const SOUND: MediaDuration = MediaDuration::from_flicks(705_600_000 / 48_000 * 1024);
const VIDEO: TrackId = TrackId(1);
const VOICES: [TrackId; 2] = [TrackId(10), TrackId(11)];

impl Encoder {
    fn attach(rig: &mut Rig, at: MediaTime) -> Self {
        let feed = Feed::default();
        let id = rig.attach("feed", feed.demuxer());
        let video = VideoTrack { frame_rate: Some(FrameRate::FPS_30), ..VideoTrack::new(48, 32) };
        let config = H264Config { framing: NalFraming::AnnexB, sps: vec![], pps: vec![] };
        feed.push(Demuxed::Track(Track::new(VIDEO, Timescale::MPEG, TrackFormat::H264(video, config))));
        for (id, index) in VOICES.into_iter().zip(0..) {
            let asc = AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) };
            let format = TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, asc);
            feed.push(Demuxed::Track(Track { index, ..Track::new(id, Timescale::MPEG, format) }));
        }
        Self { feed, id, at, sound_at: at, frames: 0 }
    }

    /// Sends what falls into so many seconds, as it comes due, and lets the follower look twice a second.
    fn send(&mut self, rig: &mut Rig, follower: &mut Follower, seconds: u64) {
        let frame = FrameRate::FPS_30.frame_duration();
        for _ in 0..seconds * 30 {
            while self.sound_at <= self.at {
                VOICES.into_iter().for_each(|voice| self.push(voice, self.sound_at, SOUND, true, vec![100]));
                self.sound_at = self.sound_at.plus(SOUND);
            }
            self.push(VIDEO, self.at, frame, self.frames.is_multiple_of(60), vec![0, 60 + (self.frames % 100) as u8]);
            (self.frames, self.at) = (self.frames + 1, self.at.plus(frame));
            rig.bytes(self.id, Bytes::from_static(&[0; 1000]));
            rig.pass(frame.to_std());
            if self.frames.is_multiple_of(15) {
                follower.catch_up(rig);
            }
        }
    }

    fn push(&self, track: TrackId, at: MediaTime, duration: MediaDuration, is_random_access: bool, data: Vec<u8>) {
        let data = data.into();
        let unit = AccessUnit { track, pts: at, dts: at, duration, is_random_access, is_damaged: false, data };
        self.feed.push(Demuxed::Unit(unit));
    }

    /// Sends a message for the picture that comes in so many seconds.
    fn cue(&self, rig: &mut Rig, seconds: i64) {
        let due = self.at.plus(MediaDuration::from_secs(seconds));
        let ticks = due.ticks(Timescale::MPEG).rem_euclid(1 << 33) as u64;
        let section = SpliceInfoSection::new(SpliceCommand::TimeSignal(SpliceTime::At(ticks)));
        let carriage = CueCarriage::TransportStream { pid: 500 };
        let payload = section.to_bytes().unwrap();
        self.feed.push(Demuxed::Cue(CueSignal { carriage, at: self.at, due: Some(due), payload }));
        rig.bytes(self.id, Bytes::from_static(&[0]));
    }
}

/// Nothing comes.
fn wait(rig: &mut Rig, follower: &mut Follower, seconds: u64) {
    for _ in 0..2 * seconds {
        rig.pass(Duration::from_millis(500));
        follower.catch_up(rig);
    }
}

fn program(asset: &str, window: Option<i64>) -> ProgramConfig {
    let window = window.map(MediaDuration::from_secs);
    ProgramConfig { window, ..ProgramConfig::new(AssetName::new(asset).unwrap()) }
}

fn config(cue_tags: CueTags) -> ChannelConfig {
    let language = |index, code| AudioStream::new(index, Language::new(code).unwrap());
    ChannelConfig {
        audio: vec![language(0, "eng"), language(1, "fra")],
        insert_slate_on_ad_marker: true,
        cue_formats: CueFormats { cue_tags, ..CueFormats::default() },
        ..small_config()
    }
}

/// An ad break, a slate, a cue and two losses, of 90 s; the encoder that goes on.
fn eventful(rig: &mut Rig, follower: &mut Follower, cue_id: u32) -> Encoder {
    let mut encoder = Encoder::attach(rig, MediaTime::from_ticks(900_000, Timescale::MPEG));
    encoder.send(rig, follower, 11);
    let duration = Duration::from_millis(7_300);
    rig.channel.start_ad_break(AdBreak { cue_id, duration, show_slate: None }).unwrap();
    encoder.send(rig, follower, 13);
    encoder.cue(rig, 4);
    encoder.send(rig, follower, 9);
    rig.channel.show_slate(Some(Duration::from_secs(3)), None).unwrap();
    encoder.send(rig, follower, 12);
    // A break that is ended before its time.
    let duration = Duration::from_secs(20);
    rig.channel.start_ad_break(AdBreak { cue_id: cue_id + 1, duration, show_slate: Some(false) }).unwrap();
    encoder.send(rig, follower, 5);
    rig.channel.end_ad_break(cue_id + 1).unwrap();
    encoder.send(rig, follower, 6);
    // It falls silent and comes back; it breaks off, and another one comes, on another clock.
    wait(rig, follower, 8);
    encoder.send(rig, follower, 10);
    rig.close(encoder.id);
    wait(rig, follower, 6);
    let mut encoder = Encoder::attach(rig, MediaTime::from_ticks(5_000_000_000, Timescale::MPEG));
    encoder.send(rig, follower, 10);
    encoder
}

#[test]
fn playlists_of_a_whole_run_break_no_rule() {
    let mut rig = Rig::new(config(CueTags::None), ToyCodecs::shared());
    let mut follower = Follower::new(rig.now);
    rig.start();
    let whole = rig.start_program("whole");
    wait(&mut rig, &mut follower, 3);
    let mut encoder = eventful(&mut rig, &mut follower, 1);
    // A program that begins while the channel runs, with the shortest window there is.
    let window = rig.channel.run_program(program("window", Some(5 * 60))).unwrap();
    encoder.send(&mut rig, &mut follower, 5);
    rig.channel.stop_program(whole).unwrap();
    rig.close(encoder.id);
    eventful(&mut rig, &mut follower, 11).send(&mut rig, &mut follower, 250);
    rig.channel.stop_program(window).unwrap();
    wait(&mut rig, &mut follower, 3);
    rig.channel.stop(rig.now).unwrap();
    wait(&mut rig, &mut follower, 3);
    rig.start();
    let again = rig.start_program("again");
    let encoder = eventful(&mut rig, &mut follower, 21);
    rig.close(encoder.id);
    rig.channel.stop_program(again).unwrap();
    wait(&mut rig, &mut follower, 3);
    rig.channel.stop(rig.now).unwrap();
    follower.catch_up(&rig);
    follower.assert_clean();
    println!("{} playlists after {} updates", follower.checked, rig.updates.len());
    assert!(follower.checked > 5_000, "{}", follower.checked);
    for part in ["format=m3u8-cmaf,type=keyframes).m4s", "format=m3u8-aapl,type=keyframes).ts"] {
        assert!(follower.fetched(part) > 500, "{part}: {}", follower.fetched(part));
    }
    let moved = |update: &&TimelineUpdate| matches!(update.change, TimelineChange::Trimmed { .. });
    assert!(rig.updates.iter().filter(moved).count() > 10, "the window moved");
}

#[test]
fn nor_in_parts() {
    let parts = Some(MediaDuration::from_millis(333));
    let mut rig = Rig::new(ChannelConfig { parts, ..config(CueTags::None) }, ToyCodecs::shared());
    let mut follower = Follower::new(rig.now);
    rig.start();
    let program = rig.start_program("parts");
    let encoder = eventful(&mut rig, &mut follower, 1);
    rig.channel.stop_program(program).unwrap();
    rig.close(encoder.id);
    wait(&mut rig, &mut follower, 3);
    follower.assert_clean();
    let parted = |update: &&TimelineUpdate| matches!(update.change, TimelineChange::Parted(_));
    assert!(rig.updates.iter().filter(parted).count() > 200);
}

#[test]
fn nor_with_the_older_tags_of_breaks() {
    for cue_tags in [CueTags::CueOut, CueTags::Oatcls, CueTags::Cue] {
        let mut rig = Rig::new(config(cue_tags), ToyCodecs::shared());
        let mut follower = Follower::new(rig.now);
        rig.start();
        rig.start_program("asset");
        eventful(&mut rig, &mut follower, 1);
        follower.assert_clean();
    }
}
