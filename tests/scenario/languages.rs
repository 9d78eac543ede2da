//! Several languages: each a rendition of its own, in step with the pictures, whatever the others do (A5.5, A6.11 to A6.13,
//! A12.11; FAULTS rows 31, 41, 44, 45 and I7).

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    archive::AssetName,
    channel::{AudioStream, ChannelConfig, Event, IngestId},
    error::Fault,
    ingest::Demuxed,
    ladder::{AudioDecoder, AudioEncoder, AudioEncoderConfig, Codecs, VideoDecoder, VideoEncoder, VideoEncoderConfig},
    media::{
        AacConfig, AccessUnit, AudioTrack, FrameRate, H264Config, Language, NalFraming, Samples, Track, TrackFormat,
        TrackId, VideoTrack,
    },
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Timescale, Utc},
};

use crate::{
    rig::{Rig, Schedule, feed::Feed, small_config, toy_codecs::ToyCodecs},
    timeline::{assert_same, assert_seamless, count_faults, dropped, objects, pictures, samples},
};

const CODES: [&str; 8] = ["eng", "fra", "deu", "spa", "ita", "por", "jpn", "und"];
/// 1 024 samples at 48 kHz.
const SOUND: MediaDuration = MediaDuration::from_flicks(705_600_000 / 48_000 * 1024);
/// Loudness of each voice's beep, as the toy decoder reads it.
pub const LEVELS: [u8; 8] = [30, 40, 53, 70, 93, 124, 165, 220];
const SECOND: Duration = Duration::from_secs(1);

/// A channel that takes the first `count` tracks.
pub fn config(count: usize) -> ChannelConfig {
    let mut config = small_config();
    let stream = |(code, index): (&&str, u32)| AudioStream::new(index, Language::new(code).unwrap());
    config.audio = CODES.iter().take(count).zip(0..).map(stream).collect();
    config
}

/// An encoder with several languages: a flash each second, and a beep in every language, each of its own loudness.
struct Choir {
    feed: Feed,
    id: IngestId,
    at: MediaTime,
    /// Where each language has come to, and whether it is sent.
    voices: Vec<(MediaTime, bool)>,
    frames: u64,
}

impl Choir {
    const ORIGIN: MediaTime = MediaTime::from_flicks(50 * 705_600_000);

    /// Attaches and tells of the pictures and of the first `told` languages.
    fn attach(rig: &mut Rig, voices: usize, told: usize) -> Self {
        let feed = Feed::default();
        let id = rig.attach("feed", feed.demuxer());
        let video = VideoTrack { frame_rate: Some(FrameRate::FPS_30), ..VideoTrack::new(48, 32) };
        let config = H264Config { framing: NalFraming::AnnexB, sps: vec![], pps: vec![] };
        feed.push(Demuxed::Track(Track::new(TrackId(1), Timescale::MPEG, TrackFormat::H264(video, config))));
        let choir = Self { feed, id, at: Self::ORIGIN, voices: vec![(Self::ORIGIN, true); voices], frames: 0 };
        (0..told).for_each(|voice| choir.tell(voice));
        choir
    }

    fn tell(&self, voice: usize) {
        let asc = AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) };
        let format = TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, asc);
        let track = Track::new(TrackId(10 + voice as u32), Timescale::MPEG, format);
        self.feed.push(Demuxed::Track(Track { index: voice as u32, ..track }));
    }

    /// Sends what falls into the next `span`.
    fn send(&mut self, rig: &mut Rig, span: Duration) {
        let end = rig.now.monotonic + span;
        let frame = FrameRate::FPS_30.frame_duration();
        while rig.now.monotonic < end {
            for voice in 0..self.voices.len() {
                while self.voices[voice].0 <= self.at {
                    self.sing(voice);
                }
            }
            let since = self.at.since(Self::ORIGIN).ticks(Timescale::MPEG).rem_euclid(90_000);
            let mark = if since < 3000 { 250 } else { 60 };
            let is_idr = self.frames.is_multiple_of(60);
            self.push(1, self.at, frame, is_idr, vec![0, mark].into());
            self.frames += 1;
            self.at = self.at.plus(frame);
            rig.bytes(self.id, Bytes::from_static(&[0; 1000]));
            rig.pass(frame.to_std().min(end - rig.now.monotonic));
        }
    }

    fn sing(&mut self, voice: usize) {
        let (at, is_sent) = self.voices[voice];
        if is_sent {
            self.push(10 + voice as u32, at, SOUND, true, Self::beep(voice, at));
        }
        self.voices[voice].0 = at.plus(SOUND);
    }

    fn beep(voice: usize, at: MediaTime) -> Bytes {
        let sample = at.since(Self::ORIGIN).ticks(Timescale::new(48_000).unwrap()).rem_euclid(48_000);
        Bytes::from(vec![if sample < 1024 { LEVELS[voice] } else { 0 }])
    }

    fn push(&self, track: u32, at: MediaTime, duration: MediaDuration, is_random_access: bool, data: Bytes) {
        let track = TrackId(track);
        let unit = AccessUnit { track, pts: at, dts: at, duration, is_random_access, is_damaged: false, data };
        self.feed.push(Demuxed::Unit(unit));
    }
}

/// Where each beep of an output starts, in seconds, and the voice that it is of by its loudness.
pub fn beeps(rig: &Rig, output: usize) -> Vec<(f64, usize)> {
    let track = rig.presentation().tracks.iter().position(|track| track.format.is_audio()).unwrap() + output;
    let frames = samples(rig, track);
    let value = |n: usize, at: usize| u16::from_be_bytes([frames[n].data[at], frames[n].data[at + 1]]);
    let is_start = |n: &usize| value(*n, 0) > 1000 && (*n == 0 || value(n - 1, 0) <= 1000);
    // The loudness of the whole beep: its first frame may hold no more than its fade.
    let loudness = |n: usize| value(n, 0).max(if n + 1 < frames.len() { value(n + 1, 0) } else { 0 });
    let starts = (0..frames.len()).filter(is_start);
    starts
        .map(|n| {
            let at = (frames[n].start + i64::from(value(n, 2))) as f64 / 44_100.0;
            // The resampler overshoots by some per cent.
            let level = |level: &u8| u16::from(*level) * 64 <= loudness(n) + 64;
            (at, LEVELS.iter().rposition(level).unwrap_or(99))
        })
        .collect()
}

/// At least `count` beeps of output `output`, all of voice `voice`, each within an audio frame of a flash (I7).
pub fn assert_in_step(rig: &Rig, output: usize, voice: usize, count: usize) {
    let flashes: Vec<f64> =
        pictures(rig).iter().filter(|(_, luma)| *luma >= 240).map(|(at, _)| *at as f64 / 90_000.0).collect();
    let beeps = beeps(rig, output);
    assert!(beeps.len() >= count, "output {output}: {beeps:?}");
    for (at, of) in &beeps {
        let nearest = flashes.iter().map(|flash| (at - flash).abs()).fold(f64::MAX, f64::min);
        assert!(nearest < 1024.0 / 44_100.0, "output {output}: a beep {nearest} s from its flash");
        assert_eq!(*of, voice, "output {output}");
    }
}

fn on_air(config: ChannelConfig, codecs: Arc<dyn Codecs>, schedule: Schedule) -> Rig {
    let mut rig = Rig::scheduled(config, codecs, schedule);
    rig.start();
    rig.start_program("asset");
    rig
}

fn plain(languages: usize) -> Rig {
    on_air(config(languages), ToyCodecs::shared(), Schedule::Inline)
}

/// Objects of one rendition.
pub fn of(rig: &Rig, name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = format!("asset/{name}/");
    objects(rig).into_iter().filter(|(object, _)| object.starts_with(&folder)).collect()
}

#[test]
fn two_and_eight_languages_stay_beside_the_pictures_each_in_its_place() {
    for count in [2, 8] {
        let mut rig = plain(count);
        let mut choir = Choir::attach(&mut rig, count, count);
        choir.send(&mut rig, 12 * SECOND);
        assert_seamless(&rig);
        (0..count).for_each(|n| assert_in_step(&rig, n, n, 8));
        let names: Vec<_> = rig.presentation().tracks.iter().skip(2).map(|track| track.url_track.clone()).collect();
        let expected =
            ["audio", "audio_fra", "audio_deu", "audio_spa", "audio_ita", "audio_por", "audio_jpn", "audio_7"];
        assert_eq!(names, expected[..count]);
    }
}

#[test]
fn however_the_lanes_run_the_output_is_the_same() {
    let run = |schedule| {
        let mut rig = on_air(config(8), ToyCodecs::shared(), schedule);
        let mut choir = Choir::attach(&mut rig, 8, 8);
        choir.send(&mut rig, 9 * SECOND);
        rig.close(choir.id);
        rig.pass(4 * SECOND);
        rig
    };
    let inline = run(Schedule::Inline);
    for schedule in [Schedule::Shuffled(3, 8), Schedule::Shuffled(4, 20), Schedule::Threads(2)] {
        assert_same(&inline, &run(schedule));
    }
}

#[test]
fn outputs_take_their_indexes_and_the_rest_is_told_and_left() {
    let mut wanted = config(2);
    (wanted.audio[0].index, wanted.audio[1].index) = (3, 1);
    let mut rig = on_air(wanted, ToyCodecs::shared(), Schedule::Inline);
    let mut choir = Choir::attach(&mut rig, 5, 5);
    choir.send(&mut rig, 8 * SECOND);
    assert_in_step(&rig, 0, 3, 5);
    assert_in_step(&rig, 1, 1, 5);
    let told = rig.count_events(|event| matches!(event, Event::Track { track, .. } if track.format.is_audio()));
    assert_eq!(told, 5);
    assert_eq!(count_faults(&rig, |_| 1), 0);
}

#[test]
fn row_31_languages_that_appear_late_join_at_their_place() {
    let mut rig = plain(3);
    let mut choir = Choir::attach(&mut rig, 3, 1);
    (1..3).for_each(|voice| choir.voices[voice].1 = false);
    choir.send(&mut rig, Duration::from_millis(500));
    (1..3).for_each(|voice| {
        choir.tell(voice);
        choir.voices[voice].1 = true;
    });
    choir.send(&mut rig, 9 * SECOND);
    assert_seamless(&rig);
    (0..3).for_each(|n| assert_in_step(&rig, n, n, 6));
    // The first beep that was sent is the first that is heard.
    let first = |n| beeps(&rig, n)[0].0;
    assert!((first(1) - first(2)).abs() < 1e-9 && first(1) - first(0) < 1.1, "{} {}", first(0), first(1));
}

#[test]
fn row_45_a_language_that_goes_and_comes_back_holds_nobody_and_keeps_its_place() {
    let undisturbed = {
        let mut rig = plain(2);
        Choir::attach(&mut rig, 2, 2).send(&mut rig, 20 * SECOND);
        rig
    };
    let mut rig = plain(2);
    let mut choir = Choir::attach(&mut rig, 2, 2);
    choir.send(&mut rig, 6 * SECOND);
    choir.voices[1].1 = false;
    for _ in 0..60 {
        choir.send(&mut rig, Duration::from_millis(100));
        // By the host's clock a segment is whole half a second after its end at the latest, and a step of sound.
        let clock = MediaTime::ZERO.plus(rig.now.utc.since(Utc::UNIX_EPOCH));
        let behind = clock.since(rig.segments().last().unwrap().end());
        assert!(behind < MediaDuration::from_millis(2000 + 500 + 100), "{behind:?}");
    }
    choir.voices[1].1 = true;
    choir.send(&mut rig, 8 * SECOND);
    assert_seamless(&rig);
    assert_in_step(&rig, 0, 0, 16);
    assert_in_step(&rig, 1, 1, 10);
    let silence = beeps(&rig, 1).windows(2).map(|pair| pair[1].0 - pair[0].0).fold(0.0, f64::max);
    assert!((6.9..7.1).contains(&silence), "{silence}");
    // Neither the pictures nor the other language know of it.
    for name in ["wide", "narrow", "audio"] {
        assert_eq!(of(&rig, name), of(&undisturbed, name), "{name}");
    }
    assert_eq!(rig.presentation(), undisturbed.presentation());
    assert_eq!(rig.segments().len(), undisturbed.segments().len());
    assert_eq!(count_faults(&rig, |_| 1), 0);
}

#[test]
fn row_44_a_language_that_says_half_a_second_twice_is_trimmed_once() {
    let run = |repeats: bool| {
        let mut rig = plain(2);
        let mut choir = Choir::attach(&mut rig, 2, 2);
        choir.send(&mut rig, 5 * SECOND);
        if repeats {
            let (end, span) = (choir.voices[1].0, MediaDuration::from_millis(500));
            choir.voices[1].0 = end.minus(MediaDuration::from_flicks(span.flicks() / SOUND.flicks() * SOUND.flicks()));
            (0..span.flicks() / SOUND.flicks()).for_each(|_| choir.sing(1));
            assert_eq!(choir.voices[1].0, end);
        }
        choir.send(&mut rig, 6 * SECOND);
        rig
    };
    let (plain, repeated) = (run(false), run(true));
    assert_eq!(objects(&plain), objects(&repeated));
    assert_eq!(dropped(&repeated, |reason| reason.contains("repeated")), 500 * 48 / 1024);
    assert_eq!(count_faults(&plain, |_| 1), 0);
}

/// Toys whose sound decoders refuse an access unit of one 255.
struct Brittle(ToyCodecs);

struct BrittleDecoder(Box<dyn AudioDecoder>);

impl Codecs for Brittle {
    fn video_decoder(&self, format: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
        self.0.video_decoder(format)
    }

    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        self.0.h264_encoder(config)
    }

    fn audio_decoder(&self, format: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault> {
        Ok(Box::new(BrittleDecoder(self.0.audio_decoder(format)?)))
    }

    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault> {
        self.0.aac_encoder(config)
    }
}

impl AudioDecoder for BrittleDecoder {
    fn decode(&mut self, unit: &AccessUnit) -> Result<Samples, Fault> {
        if unit.data.first() == Some(&255) {
            return Err(Fault::Codec { what: "a bad access unit".into() });
        }
        self.0.decode(unit)
    }
}

#[test]
fn a_language_that_cannot_be_decoded_for_a_while_is_silent_and_named_and_the_others_go_on() {
    let run = |is_broken: bool| {
        let mut rig = on_air(config(3), Arc::new(Brittle(ToyCodecs::default())), Schedule::Inline);
        let mut choir = Choir::attach(&mut rig, 3, 3);
        choir.send(&mut rig, 4 * SECOND);
        for _ in 0..20 {
            if is_broken {
                choir.push(11, choir.voices[1].0, SOUND, true, Bytes::from_static(&[255]));
                choir.voices[1].0 = choir.voices[1].0.plus(SOUND);
            }
            choir.send(&mut rig, Duration::from_millis(100));
        }
        choir.send(&mut rig, 6 * SECOND);
        rig
    };
    let (plain, broken) = (run(false), run(true));
    assert_seamless(&broken);
    for name in ["wide", "narrow", "audio", "audio_deu"] {
        assert_eq!(of(&plain, name), of(&broken, name), "{name}");
    }
    assert_in_step(&broken, 1, 1, 6);
    let is_named = |event: &Event| match event {
        Event::Fault { fault: Fault::Codec { what }, .. } => what == "sound 1: a bad access unit",
        Event::Fault { fault, .. } => panic!("{fault}"),
        _ => false,
    };
    assert!(broken.count_events(is_named) > 0);
}

#[test]
fn every_url_of_every_language_leads_to_what_is_stored() {
    let mut rig = plain(4);
    let mut choir = Choir::attach(&mut rig, 4, 4);
    choir.send(&mut rig, 9 * SECOND);
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &AssetName::new("asset").unwrap(), "ch1").unwrap();
    rig.updates.iter().for_each(|update| origin.apply(update).unwrap());
    let answer = |rest: &str| origin.handle(&Request::get(&format!("/loc/ch1.ism/{rest}")), rig.now);
    let text = |rest: &str| {
        let Reply::Response(response) = answer(rest) else { panic!("{rest}") };
        assert_eq!(response.status, 200, "{rest}");
        String::from_utf8(response.body.to_bytes().to_vec()).unwrap()
    };
    let master = text("Manifest(format=m3u8-cmaf)");
    let uris = master.lines().filter_map(|line| line.split("URI=\"").nth(1)?.split('"').next());
    // Those of pictures are also listed for their key frames.
    let mut fragments = BTreeSet::new();
    for uri in uris.chain(master.lines().filter(|line| !line.starts_with('#'))) {
        let folder = uri.split_once('/').unwrap().0;
        let playlist = text(uri);
        for fragment in playlist.lines().filter(|line| line.starts_with("Fragments(")) {
            let Reply::Need(need) = answer(&format!("{folder}/{fragment}")) else { panic!("{fragment}") };
            let [name] = need.names() else { panic!("{fragment}") };
            assert!(rig.store.contains_key(name.as_str()), "{name}");
            fragments.insert(name.to_string());
        }
    }
    let stored: BTreeSet<String> = rig.store.keys().filter(|name| name.ends_with(".m4s")).cloned().collect();
    assert_eq!(fragments, stored);
}
