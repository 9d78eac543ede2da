//! Each limit by its requirement, at its bound and over it.

use bytes::Bytes;

use super::*;
use crate::{
    media::{AacConfig, AudioTrack, H264Config, NalFraming, TextConfig},
    time::{MediaTime, Timescale},
};

fn video(id: u32, width: u32, height: u32) -> Track {
    let config = H264Config { framing: NalFraming::AnnexB, sps: Vec::new(), pps: Vec::new() };
    let format = TrackFormat::H264(VideoTrack::new(width, height), config);
    Track { index: id, ..Track::new(TrackId(id), Timescale::MPEG, format) }
}

fn with_rate(num: u32, den: u32, is_interlaced: bool) -> Track {
    let mut track = video(0, 1920, 1080);
    if let TrackFormat::H264(video, _) = &mut track.format {
        (video.frame_rate, video.is_interlaced) = (FrameRate::new(num, den), is_interlaced);
    }
    track
}

fn audio(id: u32) -> Track {
    let format = AudioTrack { sample_rate: 48_000, channels: 2 };
    let format = TrackFormat::Aac(format, AacConfig { asc: Bytes::new() });
    Track { index: id - 100, ..Track::new(TrackId(id), Timescale::MPEG, format) }
}

fn unit(track: u32, millis: i64, bytes: usize) -> AccessUnit {
    let at = MediaTime::from_ticks(millis, Timescale::MILLIS);
    AccessUnit {
        track: TrackId(track),
        pts: at,
        dts: at,
        duration: MediaDuration::from_millis(0),
        is_random_access: true,
        is_damaged: false,
        data: Bytes::from(vec![0; bytes]),
    }
}

/// The first refusal of units of each of `tracks`, `every` ms, for `secs` seconds, with its time.
fn feed(meter: &mut LimitMeter, tracks: &[(u32, usize)], every: i64, secs: i64) -> Option<(i64, IngestRefusal)> {
    let times = (0..secs * 1000).step_by(every as usize);
    let mut all = times.flat_map(|at| tracks.iter().map(move |(id, bytes)| (at, unit(*id, at, *bytes))));
    all.find_map(|(at, unit)| meter.unit(&unit).map(|refusal| (at, refusal)))
}

fn meter(limits: IngestLimits, tracks: &[Track]) -> LimitMeter {
    let mut meter = LimitMeter::new(limits);
    assert_eq!(tracks.iter().find_map(|track| meter.track(track)), None);
    meter
}

#[test]
fn video_stays_under_fifteen_megabits_on_average_a6_3_a7_1() {
    let run = |bytes| feed(&mut meter(IngestLimits::default(), &[video(0, 1920, 1080)]), &[(0, bytes)], 40, 30);
    // 25 pictures a second of 75 000 bytes are 15 Mbit/s.
    assert_eq!(run(74_999), None);
    let what = Measured::Video(0);
    let refusal = IngestRefusal::Bitrate { what, asked: 15_000_000, bound: 15_000_000 };
    assert_eq!(run(75_000), Some((10_000, refusal.clone())));
    assert_eq!(refusal.code(), "MPE_INGEST_BITRATE_AGGREGATED_EXCEEDED");
    // A burst that the window evens out is none.
    let mut meter = meter(IngestLimits::default(), &[video(0, 1920, 1080)]);
    assert_eq!(meter.unit(&unit(0, 0, 10_000_000)), None);
    assert_eq!(feed(&mut meter, &[(0, 20_000)], 40, 30), None);
    assert_eq!(meter.bitrate(TrackId(0)), Some(4_000_000));
}

#[test]
fn audio_tracks_together_stay_under_a_megabit_a6_4_a7_1() {
    let tracks: Vec<Track> = (100..105).map(audio).collect();
    let run = |bytes| {
        let ids: Vec<_> = (100..105).map(|id| (id, bytes)).collect();
        feed(&mut meter(IngestLimits::default(), &tracks), &ids, 20, 30)
    };
    // Five tracks of 50 frames of 500 bytes a second are 1 Mbit/s.
    assert_eq!(run(499), None);
    let what = Measured::Audio;
    assert_eq!(run(500), Some((10_000, IngestRefusal::Bitrate { what, asked: 1_000_000, bound: 1_000_000 })));
}

#[test]
fn pictures_are_at_most_1920x1088_or_4096x2160_a5_3_a27_1() {
    let run = |limits, width, height| LimitMeter::new(limits).track(&video(0, width, height));
    assert_eq!(run(IngestLimits::encoding(), 1920, 1088), None);
    for asked in [(1922, 1080), (1920, 1090)] {
        let refusal = run(IngestLimits::encoding(), asked.0, asked.1);
        assert_eq!(refusal, Some(IngestRefusal::Resolution { asked, bound: (1920, 1088) }));
    }
    assert_eq!(run(IngestLimits::pass_through(), 4096, 2160), None);
    let bound = (4096, 2160);
    assert_eq!(
        run(IngestLimits::pass_through(), 4098, 2160),
        Some(IngestRefusal::Resolution { asked: (4098, 2160), bound })
    );
    assert_eq!(run(IngestLimits::unlimited(), 8192, 8192), None);
}

#[test]
fn frames_and_fields_are_at_most_sixty_a_second_a5_3() {
    let stated =
        |num, den, is_interlaced| LimitMeter::new(IngestLimits::default()).track(&with_rate(num, den, is_interlaced));
    for (num, den, is_interlaced) in [(60, 1, false), (60_000, 1001, false), (30, 1, true), (25, 1, true)] {
        assert_eq!(stated(num, den, is_interlaced), None, "{num}/{den}");
    }
    let refusal = |unit, asked| Some(IngestRefusal::FrameRate { unit, asked, bound: 60 });
    assert_eq!(stated(120, 1, false), refusal("frames", 120));
    assert_eq!(stated(50, 1, true), refusal("fields", 100));
    // What is sent counts, whatever is stated: 60 and 62.5 pictures a second.
    let run = |times: &dyn Fn(i64) -> i64| {
        let mut meter = meter(IngestLimits::default(), &[video(0, 1280, 720)]);
        (0..1200).find_map(|n| meter.unit(&unit(0, times(n), 100)))
    };
    assert_eq!(run(&|n| (n * 1000 + 30) / 60 + n % 3), None);
    assert_eq!(run(&|n| n * 16), refusal("frames", 63));
    let mut open = meter(IngestLimits::pass_through(), &[with_rate(120, 1, false)]);
    assert_eq!(feed(&mut open, &[(0, 100)], 8, 30), None);
}

#[test]
fn layers_and_audio_tracks_are_counted_a6_2_a7_1_a9_1() {
    fn first(limits: IngestLimits, tracks: impl IntoIterator<Item = Track>) -> Option<IngestRefusal> {
        let mut meter = LimitMeter::new(limits);
        tracks.into_iter().find_map(|track| meter.track(&track))
    }
    let refusal = |kind, asked, bound| Some(IngestRefusal::Qualities { kind, asked, bound });
    let layers = |count: u32| (0..count).map(|id| video(id, 640, 360));
    let sounds = |count: u32| (100..100 + count).map(audio);
    let (encoding, pass) = (IngestLimits::encoding(), IngestLimits::pass_through());
    assert_eq!(first(encoding, layers(1).chain(sounds(8))), None);
    assert_eq!(first(encoding, layers(2)), refusal("video", 2, 1));
    assert_eq!(first(encoding, sounds(9)), refusal("audio", 9, 8));
    assert_eq!(first(pass, layers(10).chain(sounds(5))), None);
    assert_eq!(first(pass, layers(11)), refusal("video", 11, 10));
    assert_eq!(first(pass, sounds(6)), refusal("audio", 6, 5));
    // A track that comes again, changed or under another id in its place, is not another one.
    let moved = Track { id: TrackId(77), ..video(0, 320, 180) };
    assert_eq!(first(encoding, [video(0, 640, 360), video(0, 1280, 720), moved]), None);
    assert_eq!(first(IngestLimits::unlimited(), layers(64)), None);
    assert_eq!(first(IngestLimits::unlimited(), layers(65)), refusal("video", 65, 64));
}

#[test]
fn the_sum_of_all_tracks_is_bounded_for_pass_through_a9_1_a9_2() {
    let tracks = [video(0, 1920, 1080), video(1, 1280, 720), video(2, 640, 360), audio(100)];
    let run = |limits, megabits: [usize; 4]| {
        let ids: Vec<_> = [0, 1, 2, 100].into_iter().zip(megabits.map(|rate| rate * 1_000_000 / 8 / 25)).collect();
        feed(&mut meter(limits, &tracks), &ids, 40, 15).map(|(_, refusal)| refusal)
    };
    let over = |what, asked: u64, bound: u64| {
        Some(IngestRefusal::Bitrate { what, asked: asked * 1_000_000, bound: bound * 1_000_000 })
    };
    assert_eq!(run(IngestLimits::pass_through(), [9, 9, 5, 1]), None);
    assert_eq!(run(IngestLimits::pass_through(), [9, 9, 6, 1]), over(Measured::All, 25, 25));
    assert_eq!(run(IngestLimits::pass_through(), [10, 2, 1, 1]), over(Measured::Video(0), 10, 10));
    assert_eq!(run(IngestLimits::pass_through_basic(), [0, 4, 0, 0]), over(Measured::Video(1), 4, 4));
    assert_eq!(run(IngestLimits::pass_through_basic(), [3, 1, 1, 1]), over(Measured::All, 6, 5));
    assert_eq!(run(IngestLimits::pass_through_standard(), [19, 19, 19, 2]), None);
    assert_eq!(run(IngestLimits::pass_through_standard(), [19, 19, 19, 3]), over(Measured::All, 60, 60));
    assert_eq!(run(IngestLimits::unlimited(), [99, 99, 99, 9]), None);
}

#[test]
fn the_window_is_configurable_and_a_jump_begins_it_anew() {
    let limits = IngestLimits { window: MediaDuration::from_secs(2), ..IngestLimits::default() };
    let mut short = meter(limits, &[video(0, 1920, 1080)]);
    assert_eq!(feed(&mut short, &[(0, 100_000)], 40, 30).map(|(at, _)| at), Some(2000));
    let mut flapping = meter(IngestLimits::default(), &[video(0, 1920, 1080)]);
    let at = |n: i64| n * 40 + if n / 200 % 2 == 0 { 0 } else { 95_443_000 };
    assert_eq!((0..2000).find_map(|n| flapping.unit(&unit(0, at(n), 100_000))), None);
}

#[test]
fn units_of_a_track_that_was_never_described_are_refused_a27_1() {
    let text = TrackFormat::Text(TextConfig { four_cc: *b"TTML", subtype: String::new() });
    let text = Track::new(TrackId(5), Timescale::MPEG, text);
    let mut meter = meter(IngestLimits::pass_through(), &[text]);
    assert_eq!(meter.unit(&unit(5, 0, 100)), None);
    let refusal = meter.unit(&unit(6, 0, 100));
    assert_eq!(refusal, Some(IngestRefusal::NoDescription(6)));
}

#[test]
fn an_encoder_that_begins_again_is_not_measured_twice() {
    // 8 Mbit/s for 9 s, and the same nine seconds again: 16 Mbit/s only for who adds them up.
    let tracks = [video(0, 1920, 1080), audio(100)];
    let mut meter = meter(IngestLimits { total_bitrate: Some(9_000_000), ..IngestLimits::encoding() }, &tracks);
    for _ in 0..5 {
        assert_eq!(feed(&mut meter, &[(0, 40_000), (100, 400)], 40, 9), None);
    }
    assert_eq!(feed(&mut meter, &[(0, 40_000), (100, 400)], 40, 21), None);
    assert_eq!(meter.bitrate(TrackId(0)), Some(8_000_000));
    assert_eq!((meter.audio_bitrate(), meter.total_bitrate()), (Some(80_000), Some(8_080_000)));
}

#[test]
fn what_several_sessions_have_together_is_bounded_as_what_one_has_a6_4_a9_1() {
    let pass = IngestLimits::pass_through();
    assert_eq!((pass.check_counts(10, 5), pass.check_rates(9_000_000, 24_999_999)), (None, None));
    let codes = [pass.check_counts(11, 5), pass.check_counts(1, 6), pass.check_rates(0, 25_000_000)];
    let codes = codes.map(|refusal| refusal.unwrap().to_string());
    assert_eq!(codes[0], "11 video tracks; at most 10 are allowed");
    assert_eq!(codes[1], "6 audio tracks; at most 5 are allowed");
    assert_eq!(codes[2], "all tracks: 25000000 bit/s on average; it must be less than 25000000");
    let audio = IngestLimits::encoding().check_rates(1_000_000, 0).unwrap();
    assert_eq!(audio.to_string(), "all audio tracks: 1000000 bit/s on average; it must be less than 1000000");
}
