//! Real H.264 and AAC that is black, frozen and silent for a while: what is told, and what ffmpeg's filters say of the same
//! clip (A16.1). The second is an extra: without ffmpeg it prints that it was skipped.

use std::{fs, path::PathBuf, process::Command, sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    channel::ChannelConfig,
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    ladder::{AudioEncoderConfig, BuiltinCodecs, Codecs, Profile, Rung, VideoEncoderConfig},
    media::{AccessUnit, AudioTrack, Frame, FramePool, FrameRate, Track, TrackFormat, TrackId, VideoTrack},
    splice::{LossCause, LossPicture, LossPolicy, LossStage, Slates},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

use crate::{
    loss_policy::{flat, losses},
    real_pictures::look,
    rig::{Rig, feed::Feed},
    timeline::{assert_seamless, on_air},
};

const RATE: FrameRate = FrameRate::FPS_25;
/// Luma of the slate.
const SLATE: u8 = 210;

/// When a cause began and ended, by its first stage after `after`, in seconds of source time.
fn told(rig: &Rig, cause: LossCause, after: f64, source: f64) -> (f64, f64) {
    let losses = losses(rig);
    let first = losses.iter().position(|(loss, _)| loss.is_some_and(|loss| loss.cause == cause)).unwrap();
    let seconds = |at: MediaTime| at.since(MediaTime::ZERO).as_secs_f64() - source;
    (seconds(losses[first].1) - after, seconds(losses[first + 1].1))
}

/// A channel that takes these access units, each at its decode time; what is to be taken off its times for source time.
fn fed(tracks: Vec<Track>, mut units: Vec<AccessUnit>, policy: LossPolicy) -> (Rig, f64) {
    let rung =
        |name: &str, width, height, bitrate| Rung { name: name.into(), width, height, bitrate, profile: Profile::Main };
    let mut config = ChannelConfig::new("one").unwrap();
    config.preset.rungs = vec![rung("wide", 160, 90, 300_000)];
    config.loss_policy = policy;
    config.slates = Slates { error_event: Some(flat(SLATE)), ..Slates::default() };
    let mut rig = Rig::new(config, Arc::new(BuiltinCodecs::new()));
    rig.start();
    rig.start_program("asset");
    let feed = Feed::default();
    let id = rig.attach("feed", feed.demuxer());
    tracks.into_iter().for_each(|track| feed.push(Demuxed::Track(track)));
    units.sort_by_key(|unit| unit.dts);
    let (first, begin) = (units[0].dts, rig.now.monotonic);
    let picture = units.iter().filter(|unit| unit.track == TrackId(0)).map(|unit| unit.pts).min().unwrap();
    for unit in units {
        rig.pass((begin + unit.dts.since(first).to_std()).saturating_sub(rig.now.monotonic));
        feed.push(Demuxed::Unit(unit));
        rig.bytes(id, Bytes::from_static(&[0; 100]));
    }
    rig.pass(Duration::from_millis(900));
    assert_seamless(&rig);
    assert_eq!(on_air(&rig).len(), 2, "the slate, then the contribution");
    let live = rig.events.iter().find_map(|(_, event)| match event {
        headend::channel::Event::OnAir { source: headend::splice::OnAir::Live, at } => Some(*at),
        _ => None,
    });
    (rig, live.unwrap().since(picture).as_secs_f64())
}

fn stage(secs: i64, show: LossPicture) -> Vec<LossStage> {
    vec![LossStage { after: MediaDuration::from_secs(secs), show }]
}

/// Fifty seconds: black from 6 to 13, frozen from 18 to 26 s, silent from 30 to 42 s.
fn encoded() -> (Vec<Track>, Vec<AccessUnit>) {
    let (codecs, pool, size) = (BuiltinCodecs::new(), FramePool::new(), (192, 108));
    let config = VideoEncoderConfig {
        width: 192,
        height: 108,
        bitrate: 500_000,
        profile: Profile::Baseline,
        frame_rate: RATE,
        sample_aspect: (1, 1),
    };
    let mut encoder = codecs.h264_encoder(&config).unwrap();
    let mut units = Vec::new();
    for n in 0..50 * 25i64 {
        let at = MediaTime::ZERO.plus(RATE.frame_duration().times(n));
        let shown = if (18 * 25..26 * 25).contains(&n) { 18 * 25 } else { n };
        let is_black = (6 * 25..13 * 25).contains(&n);
        let frame = Frame::build(&pool, size, at, |y, u, v| {
            // Bars that move four samples with each picture.
            y.iter_mut().enumerate().for_each(|(n, y)| {
                let bar = (n % size.0 + shown as usize * 4) / 24 % 4;
                *y = if is_black { 16 } else { 60 + bar as u8 * 45 };
            });
            u.fill(128);
            v.fill(128);
        });
        let unit = encoder.encode(&frame, n % 50 == 0).unwrap().unwrap();
        units.push(AccessUnit { track: TrackId(0), ..unit });
    }
    let TrackFormat::H264(_, sets) = encoder.format() else { panic!("no H.264") };
    let video = VideoTrack { frame_rate: Some(RATE), ..VideoTrack::new(192, 108) };
    let mut audio =
        codecs.aac_encoder(&AudioEncoderConfig { sample_rate: 48_000, channels: 2, bitrate: 96_000 }).unwrap();
    let scale = Timescale::new(48_000).unwrap();
    for frame in 0..50 * 48_000 / 1024i64 {
        let sample = |n: i64| match n / 48_000 {
            30..42 => 0,
            _ if n / 24 % 2 == 0 => 6000,
            _ => -6000,
        };
        let samples: Vec<i16> = (0..1024).flat_map(|n| [sample(frame * 1024 + n); 2]).collect();
        let unit = audio.encode(&samples, MediaTime::from_ticks(frame * 1024, scale)).unwrap();
        units.push(AccessUnit { track: TrackId(1), ..unit });
    }
    let (track, asc): (AudioTrack, _) = audio.format();
    let tracks = [TrackFormat::H264(video, sets), TrackFormat::Aac(track, asc)];
    let track = |(n, format)| Track::new(TrackId(n), Timescale::MPEG, format);
    ((0..).zip(tracks).map(track).collect(), units.into_iter().filter(|unit| unit.pts >= MediaTime::ZERO).collect())
}

#[test]
fn real_pictures_and_sound_are_seen_through_and_covered_a16_1() {
    let (tracks, units) = encoded();
    let policy = LossPolicy {
        black: stage(2, LossPicture::Slate),
        frozen: stage(3, LossPicture::Slate),
        silence: stage(6, LossPicture::Slate),
        ..LossPolicy::default()
    };
    let (rig, source) = fed(tracks, units, policy);
    let causes: Vec<_> = losses(&rig).into_iter().map(|(loss, _)| loss.map(|loss| loss.cause)).collect();
    use LossCause::{Black, Frozen, Silence};
    assert_eq!(causes, [Some(Black), None, Some(Frozen), None, Some(Silence), None]);
    let near = |(one, other): (f64, f64), expected: (f64, f64), what: &str| {
        let off = (one - expected.0, other - expected.1);
        assert!(off.0.abs() <= 0.041 && off.1.abs() <= 0.041, "{what}: {one} to {other}, not {expected:?}");
    };
    near(told(&rig, Black, 2.0, source), (6.0, 13.0), "black");
    near(told(&rig, Frozen, 3.0, source), (18.0, 26.0), "frozen");
    // An AAC decoder fades into what follows: it hears the tone a frame early, and a frame late.
    let (since, back) = told(&rig, Silence, 6.0, source);
    assert!((30.0..30.08).contains(&since) && (42.9..43.08).contains(&back), "silent: {since} to {back}");
    let slates = look(&rig, 0).iter().filter(|(_, luma, _)| (luma - f64::from(SLATE)).abs() < 4.0).count();
    let expected = ((13.0 - 8.0) + (26.0 - 21.0) + (43.0 - 36.0)) * 25.0;
    // The channel stood by with the same slate.
    let before = look(&rig, 0).iter().take_while(|(_, luma, _)| (luma - f64::from(SLATE)).abs() < 4.0).count();
    assert!(
        ((slates - before) as f64 - expected).abs() <= 4.0,
        "{slates} slates, {before} before, {expected} expected"
    );
}

/// Pictures that are black from 8 to 14 and frozen from 20 to 28 s, sound that is silent from 30 to 40 s.
const CLIP: &str = "-v error -y -filter_complex \
    testsrc2=s=320x180:r=25:d=20,drawbox=c=black:t=fill:enable='between(t,8,13.99)',tpad=stop_mode=clone:stop_duration=8[a];\
    testsrc2=s=320x180:r=25:d=20[b];[a][b]concat,format=yuv420p[v];\
    sine=r=48000:d=48,volume=0:enable='between(t,30,40)',aformat=channel_layouts=stereo[s] \
    -map [v] -map [s] -c:v libx264 -profile:v main -bf 0 -g 50 -preset veryfast -c:a aac -b:a 96k -f mpegts";

/// Numbers that follow a word in ffmpeg's log.
fn numbers(log: &str, word: &str) -> Vec<f64> {
    let number = |(at, _): (usize, &str)| {
        let rest = log[at + word.len()..].trim_start();
        rest.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').next()?.parse().ok()
    };
    log.match_indices(word).filter_map(number).collect()
}

#[test]
fn what_is_told_is_what_ffmpeg_detects() {
    let clip = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("watched_pictures.ts");
    let run = |arguments: &[&str]| Command::new("ffmpeg").args(arguments).output().ok();
    let made = run(&CLIP.split_whitespace().chain([clip.to_str().unwrap()]).collect::<Vec<_>>());
    if !made.is_some_and(|made| made.status.success()) {
        return println!("skipped: ffmpeg with libx264 and aac is absent");
    }
    let detect = "-hide_banner -copyts -i CLIP -vf blackdetect=d=1,freezedetect=d=1 -af silencedetect=d=1 -f null -";
    let path = clip.to_str().unwrap();
    let detected = run(&detect.split(' ').map(|part| if part == "CLIP" { path } else { part }).collect::<Vec<_>>());
    let log = String::from_utf8_lossy(&detected.unwrap().stderr).into_owned();
    let pair = |start: &str, end: &str, least: f64| {
        let find = |word| numbers(&log, word).into_iter().find(|at| *at > least);
        let (Some(start), Some(end)) = (find(start), find(end)) else { panic!("{start}: {log}") };
        (start, end)
    };
    let black = pair("black_start:", "black_end:", 0.0);
    let frozen = pair("freeze_start:", "freeze_end:", 16.0);
    let silent = pair("silence_start:", "silence_end:", 20.0);

    let mut demuxer = TsDemuxer::new(TsConfig::default());
    let (mut tracks, mut units) = (Vec::new(), Vec::new());
    for piece in fs::read(&clip).unwrap().chunks(1316) {
        demuxer.push(Bytes::copy_from_slice(piece), Now::new(Duration::ZERO, Utc::UNIX_EPOCH)).unwrap();
    }
    demuxer.finish();
    while let Some(item) = demuxer.pull() {
        match item {
            Demuxed::Track(track) => tracks.push(track),
            Demuxed::Unit(unit) => units.push(unit),
            _ => {}
        }
    }
    // The pictures are track 0 and come first on their clock.
    let is_video = |track: &Track| track.format.is_video();
    let video = tracks.iter().rev().find(|track| is_video(track)).unwrap().id;
    let renamed = |id: TrackId| if id == video { TrackId(0) } else { TrackId(1) };
    tracks.iter_mut().for_each(|track| track.id = renamed(track.id));
    units.iter_mut().for_each(|unit| unit.track = renamed(unit.track));
    let policy = LossPolicy {
        black: stage(2, LossPicture::Hold),
        frozen: stage(3, LossPicture::Hold),
        silence: stage(6, LossPicture::Hold),
        ..LossPolicy::default()
    };
    let (rig, source) = fed(tracks, units, policy);
    let frame = RATE.frame_duration().as_secs_f64() + 0.001;
    for (cause, after, late, (start, end)) in [
        (LossCause::Black, 2.0, 0.0, black),
        (LossCause::Frozen, 3.0, 0.0, frozen),
        (LossCause::Silence, 6.0, 1.0, silent),
    ] {
        let (since, until) = told(&rig, cause, after, source);
        let off = (since - start, until - late - end);
        println!("{cause}: {since:.3} to {:.3} s, ffmpeg {start:.3} to {end:.3} s", until - late);
        assert!(off.0.abs() <= frame && off.1.abs() <= frame, "{cause}: {off:?} s off; {log}");
    }
}
