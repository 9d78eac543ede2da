//! Real H.264 and AAC over RTMP and over RTP: every picture in every rung, in order, at its time, and looking like itself.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    channel::{ChannelConfig, Event},
    ingest::{DatagramDemuxer, RtpConfig},
    ladder::{AudioEncoderConfig, BuiltinCodecs, Codecs, Profile, Rung, VideoEncoderConfig},
    media::{AccessUnit, Frame, FramePool, FrameRate, H264Config, NalFraming, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    rig::{
        Rig,
        line::{RtpSender, over_rtp},
        rtmp_feed::RtmpFeed,
        script::Coded,
        ts_feed::TsFeed,
    },
    timeline::{assert_seamless, samples},
};

const SIZE: (usize, usize) = (192, 108);
const COUNT: usize = 210;
const GOP: usize = 30;
const BEEP: i64 = 48_000;

fn config() -> ChannelConfig {
    let rung =
        |name: &str, width, height, bitrate| Rung { name: name.into(), width, height, bitrate, profile: Profile::Main };
    let mut config = ChannelConfig::new("one").unwrap();
    config.preset.rungs = vec![rung("wide", 160, 90, 400_000), rung("narrow", 64, 36, 150_000)];
    config
}

/// Luma of picture `n`: white each second, else one of fifty greys.
fn mark(n: usize) -> u8 {
    if n.is_multiple_of(GOP) { 235 } else { 40 + (n * 7 % 50) as u8 * 3 }
}

/// What an encoder makes of the marks and of a beep with every white picture.
struct Made {
    coded: Coded,
    sets: H264Config,
    asc: Bytes,
}

fn make() -> Made {
    let (codecs, pool, rate) = (BuiltinCodecs::new(), FramePool::new(), FrameRate::FPS_30);
    let (width, height) = (SIZE.0 as u32, SIZE.1 as u32);
    let profile = Profile::Baseline;
    let config =
        VideoEncoderConfig { width, height, bitrate: 1_000_000, profile, frame_rate: rate, sample_aspect: (1, 1) };
    let mut video = codecs.h264_encoder(&config).unwrap();
    let picture = |n: usize| {
        let at = MediaTime::ZERO.plus(rate.frame_duration().times(n as i64));
        let frame = Frame::build(&pool, SIZE, at, |y, u, v| {
            y.fill(mark(n));
            u.fill(128);
            v.fill(128);
        });
        let unit = video.encode(&frame, n.is_multiple_of(GOP)).unwrap().unwrap();
        slice(&unit)
    };
    let pictures = (0..COUNT).map(picture).collect();
    let TrackFormat::H264(_, sets) = video.format() else { panic!("no H.264") };
    let mut audio =
        codecs.aac_encoder(&AudioEncoderConfig { sample_rate: 48_000, channels: 2, bitrate: 96_000 }).unwrap();
    let scale = Timescale::new(48_000).unwrap();
    let (mut sounds, mut phase) = (Vec::new(), None);
    for frame in 0..COUNT as i64 * 1600 / 1024 + 10 {
        // Frames are sent as if the first stood at 0; where the encoder's delay puts it elsewhere, the beeps move with it.
        let by = phase.unwrap_or(0);
        let beep = |n: i64| if n.rem_euclid(BEEP) < 2880 && n / 24 % 2 == 0 { 9000 } else { 0 };
        let samples: Vec<i16> = (0..1024).flat_map(|n| [beep(frame * 1024 + n - by); 2]).collect();
        let unit = audio.encode(&samples, MediaTime::from_ticks(frame * 1024, scale)).unwrap();
        let place = unit.pts.ticks(scale);
        phase.get_or_insert(place.rem_euclid(1024));
        if place >= 0 {
            sounds.push((place, unit.data));
        }
    }
    assert!(sounds[0].0 < 1024);
    let sounds = sounds.into_iter().map(|(_, data)| data).collect();
    let asc = audio.format().1.asc;
    Made { coded: Coded { pictures, sounds }, sets, asc }
}

/// The one slice of an access unit in length framing.
fn slice(unit: &AccessUnit) -> Bytes {
    let (mut at, mut slices) = (0, Vec::new());
    while let Some(length) = unit.data.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let nal = unit.data.slice(at + 4..at + 4 + length);
        if matches!(nal[0] & 0x1F, 1 | 5) {
            slices.push(nal);
        }
        at += 4 + length;
    }
    assert_eq!(slices.len(), 1, "one slice for each picture");
    slices.remove(0)
}

fn on_air() -> Rig {
    let mut rig = Rig::new(config(), Arc::new(BuiltinCodecs::new()));
    rig.start();
    rig.start_program("asset");
    rig
}

/// Mean luma and PSNR against a flat picture of every picture of a rung, in order.
pub fn look(rig: &Rig, track: usize) -> Vec<(i64, f64, Frame)> {
    let spec = rig.presentation().tracks[track].clone();
    let TrackFormat::H264(video, sets) = &spec.format else { panic!("no H.264") };
    let mut decoder = BuiltinCodecs::new()
        .video_decoder(&TrackFormat::H264(*video, H264Config { framing: NalFraming::Length(4), ..sets.clone() }))
        .unwrap();
    let mut frames = Vec::new();
    for sample in samples(rig, track) {
        let pts = MediaTime::from_ticks(sample.start, Timescale::MPEG);
        let data = Bytes::from(sample.data);
        let duration = MediaDuration::ZERO;
        let is_random_access = sample.is_first;
        let unit = AccessUnit { track: TrackId(0), pts, dts: pts, duration, is_random_access, is_damaged: false, data };
        decoder.decode(&unit, &mut frames).unwrap();
    }
    decoder.flush(&mut frames).unwrap();
    let mean = |frame: &Frame| {
        let luma = frame.y().data;
        luma.iter().map(|value| f64::from(*value)).sum::<f64>() / luma.len() as f64
    };
    frames.into_iter().map(|frame| (frame.pts.ticks(Timescale::MPEG), mean(&frame), frame)).collect()
}

/// PSNR of a picture's luma against a flat one.
fn psnr(frame: &Frame, luma: u8) -> f64 {
    let values = frame.y().data;
    let errors = values.iter().map(|value| (f64::from(*value) - f64::from(luma)).powi(2));
    10.0 * (255.0 * 255.0 / (errors.sum::<f64>() / values.len() as f64).max(0.01)).log10()
}

fn assert_pictures(rig: &Rig) {
    assert_seamless(rig);
    assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", rig.events);
    let mut first_shown = Vec::new();
    for track in 0..2 {
        let shown = look(rig, track);
        assert!(shown.windows(2).all(|pair| pair[1].0 - pair[0].0 == 3000), "a constant rate");
        // The first white picture is the first of the contribution: from there on each follows the other.
        let first = shown.iter().position(|(_, luma, _)| (luma - 235.0).abs() < 6.0).unwrap();
        first_shown.push(shown[first].0);
        let live = &shown[first..first + COUNT];
        let worst = live.iter().enumerate().map(|(n, (_, _, frame))| psnr(frame, mark(n))).fold(f64::MAX, f64::min);
        let means: Vec<(u8, i64)> = live.iter().enumerate().map(|(n, (_, luma, _))| (mark(n), *luma as i64)).collect();
        assert!(worst > 30.0, "rung {track}: {worst:.1} dB; {means:?}");
    }
    assert_eq!(first_shown[0], first_shown[1], "every rung shows it at the same time");
    let beeps = beeps(rig);
    assert!(beeps.len() >= 5, "{beeps:?}");
    // A decoder needs a frame to come up to its sound: the first beep has none before it.
    for (n, beep) in beeps.iter().enumerate().skip(1) {
        let nearest = (0..COUNT / GOP).map(|second| beep - (first_shown[0] as f64 / 90_000.0 + second as f64));
        let offset = nearest.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
        assert!(offset.abs() <= 1024.0 / 44_100.0, "beep {n} is {offset} s off");
    }
}

/// When the sound becomes loud, in seconds.
fn beeps(rig: &Rig) -> Vec<f64> {
    let track = rig.presentation().tracks.len() - 1;
    let format = rig.presentation().tracks[track].format.clone();
    let mut decoder = BuiltinCodecs::new().audio_decoder(&format).unwrap();
    let (mut found, mut quiet) = (Vec::new(), 0);
    for sample in samples(rig, track) {
        let pts = MediaTime::from_ticks(sample.start, Timescale::new(44_100).unwrap());
        let data = Bytes::from(sample.data);
        let duration = MediaDuration::ZERO;
        let unit =
            AccessUnit { track: TrackId(0), pts, dts: pts, duration, is_random_access: true, is_damaged: false, data };
        for (n, instant) in decoder.decode(&unit).unwrap().data.chunks(2).enumerate() {
            let is_loud = instant[0].unsigned_abs() > 3000;
            if is_loud && quiet > 10_000 {
                found.push((sample.start + n as i64) as f64 / 44_100.0);
            }
            quiet = if is_loud { 0 } else { quiet + 1 };
        }
    }
    found
}

#[test]
fn over_rtp_every_picture_comes_out_in_every_rung() {
    let Made { coded, sets, .. } = make();
    let mut feed = TsFeed::new(900_000);
    (feed.script.coded, feed.script.gop) = (coded, GOP as u64);
    (feed.sps, feed.pps) = (sets.sps[0].clone(), sets.pps[0].clone());
    let mut rig = on_air();
    let id = rig.attach("rtp", Box::new(DatagramDemuxer::new(RtpConfig::default())));
    let start = rig.now.monotonic;
    rig.play(id, start, &over_rtp(&feed.pictures(COUNT), &mut RtpSender::default()));
    rig.close(id);
    rig.pass(Duration::from_secs(4));
    assert_pictures(&rig);
}

#[test]
fn over_rtmp_every_picture_comes_out_in_every_rung() {
    let Made { coded, sets, asc } = make();
    let mut feed = RtmpFeed::new(5_000);
    (feed.script.coded, feed.script.gop) = (coded, GOP as u64);
    (feed.sps, feed.pps, feed.asc) = (sets.sps[0].clone(), sets.pps[0].clone(), asc);
    let mut rig = on_air();
    let id = rig.attach_rtmp(&mut feed.publisher);
    rig.bytes(id, feed.headers());
    let start = rig.now.monotonic;
    rig.play(id, start, &feed.pictures(COUNT));
    rig.close(id);
    rig.pass(Duration::from_secs(4));
    assert_pictures(&rig);
}
