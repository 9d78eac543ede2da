//! What packaging costs, in CPU-seconds: CMAF mux, segments of HLS version 3 and 4 out of stored fragments, manifests that did not
//! change, manifests that did, and the same rendered whole by `m3u8-rs` and `dash-mpd`. Run with `cargo bench --no-default-features --bench packaging`.

use std::{hint::black_box, sync::Arc, time::Duration};

use bytes::Bytes;
use cpu_time::ProcessTime;
use headend::{
    archive::{
        AssetName, Body, Pack, Presentation, Segment, Segmenter, SegmenterLimits, Span, TimelineChange, TimelineUpdate,
        TrackSpec,
    },
    media::{
        AacConfig, AccessUnit, AudioTrack, FrameRate, H264Config, Language, NalFraming, TrackFormat, TrackId,
        VideoTrack,
    },
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

const NOW: Now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
const PLAYLIST: &str = "/loc/ch1.ism/QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf)";
const AUDIO_PLAYLIST: &str = "/loc/ch1.ism/QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf)";
const MPD: &str = "/loc/ch1.ism/Manifest(format=mpd-time-cmaf)";

fn main() {
    mux();
    transmux();
    for segments in [150, 1_800, 45_000] {
        manifests(segments);
    }
}

/// CPU time of one of `n` calls.
fn each(n: u32, mut call: impl FnMut(u32)) -> Duration {
    let start = ProcessTime::now();
    (0..n).for_each(&mut call);
    start.elapsed() / n
}

/// 60 s of a 3.5 Mbit/s rung: access units in, fragments out.
fn mux() {
    let units: Vec<AccessUnit> = (0..1801).map(|n| picture(n, Bytes::from(vec![0; 14_583]))).collect();
    let bytes: usize = units.iter().map(|unit| unit.data.len()).sum();
    let time = each(200, |_| {
        let mut segmenter = Segmenter::new(vec![rung()], SegmenterLimits::default());
        for unit in &units {
            if unit.is_random_access {
                segmenter.boundary(unit.pts).expect("boundaries in order");
            }
            segmenter.push(TrackId(0), unit.clone()).expect("access units in order");
            while let Some(sealed) = segmenter.pull() {
                black_box(sealed);
            }
        }
    });
    let mb_per_s = bytes as f64 / 1e6 / time.as_secs_f64();
    println!("cmaf mux: {mb_per_s:.0} MB/s, {:.0} ns per access unit", time.as_secs_f64() * 1e9 / 1801.0);
}

/// A segment of 2 s at 3.5 Mbit/s and its sound, made for a request: bytes that go out, by CPU time.
fn transmux() {
    let origin = origin(1);
    let start = 1_800_000_000i64;
    let at = |ticks, scale| MediaTime::from_ticks(ticks, scale);
    let sound_scale = Timescale::new(44_100).expect("not zero");
    let tracks = vec![rung(), sound()];
    let mut segmenter = Segmenter::new(tracks, SegmenterLimits::default());
    segmenter.boundary(at(start * 90_000, Timescale::MPEG)).expect("the first boundary");
    for n in 0..60 {
        // One slice, as most encoders make them.
        let mut data = vec![0x41u8; 14_583];
        data[..4].copy_from_slice(&14_579u32.to_be_bytes());
        segmenter.push(TrackId(0), picture(n, data.into())).expect("access units in order");
    }
    for n in 0..86 {
        let pts = at(start * 44_100 + n * 1024, sound_scale);
        let unit =
            AccessUnit { track: TrackId(7), pts, dts: pts, is_random_access: true, ..picture(0, vec![1; 186].into()) };
        segmenter.push(TrackId(7), unit).expect("access units in order");
    }
    segmenter.finish(at(start * 90_000 + 180_000, Timescale::MPEG));
    let held = segmenter.pull().expect("a segment").fragments;
    let in_one: Vec<Body> = held.iter().map(|body| Body::from(body.to_bytes())).collect();
    let (video, audio) = (start * 90_000, (start as u64 * 44_100).div_ceil(1024) * 1024);
    let rung = format!("/loc/ch1.ism/QualityLevels(3500000)/Fragments(video={video},format=m3u8-aapl).ts");
    let both = rung.replace("(3500000)", "(3500000,audiotrack=audio)");
    let packed = format!("/loc/ch1.ism/QualityLevels(64000)/Fragments(audio={audio},format=m3u8-aapl).aac");
    for (name, path, objects) in [
        ("pictures, out of memory", &rung, &held[..1]),
        ("pictures, out of a file", &rung, &in_one[..1]),
        ("pictures and sound", &both, &in_one[..]),
        ("packed audio", &packed, &in_one[1..]),
    ] {
        let mut bytes = 0;
        let time = each(2000, |_| {
            let Reply::Need(need) = origin.handle(&Request::get(path), NOW) else { return };
            bytes = black_box(need.fulfil(objects.iter().cloned().map(Some))).body.len();
        });
        let mb_per_s = bytes as f64 / 1e6 / time.as_secs_f64();
        println!("transmux, {name}: {mb_per_s:.0} MB/s, {bytes} bytes in {} us", time.as_micros());
    }
}

fn manifests(segments: u64) {
    let mut origin = origin(segments);
    let first = ProcessTime::now();
    drop(black_box(origin.handle(&Request::get(PLAYLIST), NOW)));
    println!("{segments} segments, media playlist: {} us for the first answer of all", first.elapsed().as_micros());
    for (name, path) in [("media playlist", PLAYLIST), ("audio playlist", AUDIO_PLAYLIST), ("mpd", MPD)] {
        let unchanged = each(200_000, |_| drop(black_box(origin.handle(&Request::get(path), NOW))));
        println!("{segments} segments, {name}: unchanged {:.2} M answers/s", 1e-6 / unchanged.as_secs_f64());
    }
    let asset = asset();
    let mut next = segments;
    let mut grow = |origin: &mut Origin, path: Option<&str>| {
        let time = each(20_000, |_| {
            let added = TimelineChange::Added(segment(next));
            origin.apply(&TimelineUpdate { asset: asset.clone(), change: added }).expect("segments in order");
            next += 1;
            let trimmed = TimelineChange::Trimmed { before: next - segments };
            origin.apply(&TimelineUpdate { asset: asset.clone(), change: trimmed }).expect("the window moves");
            path.into_iter().for_each(|path| drop(black_box(origin.handle(&Request::get(path), NOW))));
        });
        time.as_nanos()
    };
    let bare = grow(&mut origin, None);
    println!(
        "{segments} segments: {bare} ns per new segment of 8 renditions, three manifests played, nothing rendered"
    );
    for path in every_manifest() {
        assert!(matches!(origin.handle(&Request::get(&path), NOW), Reply::Response(_)), "{path}");
    }
    let all = grow(&mut origin, None);
    println!("{segments} segments: {all} ns per new segment, every manifest of every format played, nothing rendered");
    for (name, path) in [("media playlist", PLAYLIST), ("audio playlist", AUDIO_PLAYLIST), ("mpd", MPD)] {
        println!("{segments} segments: {} ns per new segment with its {name}", grow(&mut origin, Some(path)));
    }
    let (playlist, mpd) = (text(&origin, PLAYLIST), text(&origin, MPD));
    let (_, parsed) = m3u8_rs::parse_media_playlist(&playlist).expect("a playlist");
    let whole = each(20, |_| {
        let mut out = Vec::new();
        parsed.write_to(&mut out).expect("memory takes everything");
        black_box(out);
    });
    println!("{segments} segments: {} us whole by m3u8-rs ({} bytes)", whole.as_micros(), playlist.len());
    let parsed = dash_mpd::parse(std::str::from_utf8(&mpd).expect("text")).expect("an MPD");
    let whole = each(20, |_| drop(black_box(parsed.to_string())));
    println!("{segments} segments: {} us whole by dash-mpd ({} bytes)", whole.as_micros(), mpd.len());
}

/// HLS in three versions, MPEG-DASH, Smooth Streaming and HDS, of every rendition.
fn every_manifest() -> Vec<String> {
    let mut all: Vec<String> =
        ["mpd-time-cmaf", "mpd-number-cmaf", "fmp4-v20", "f4m-f4f", "m3u8-cmaf", "m3u8-aapl", "m3u8-aapl-v3"]
            .map(|format| format!("/loc/ch1.ism/Manifest(format={format})"))
            .into();
    let renditions = (0..7).map(|n| (3_500_000 + n, "video")).chain([(64_000, "audio")]);
    for (bitrate, track) in renditions {
        let of = |format: &str| format!("/loc/ch1.ism/QualityLevels({bitrate})/Manifest({track},format={format})");
        all.extend(["m3u8-cmaf", "m3u8-aapl", "f4m-f4f"].map(of));
    }
    all
}

fn text(origin: &Origin, path: &str) -> Bytes {
    let Reply::Response(response) = origin.handle(&Request::get(path), NOW) else { return Bytes::new() };
    response.body.to_bytes()
}

/// A channel of seven rungs and audio whose window holds this many segments of 2 s.
fn origin(segments: u64) -> Origin {
    let mut tracks: Vec<TrackSpec> = (0..7).map(|n| TrackSpec { bitrate: 3_500_000 + n, ..rung() }).collect();
    tracks.push(sound());
    let presentation = Arc::new(Presentation::new(tracks, Utc::UNIX_EPOCH));
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &asset(), "ch1").expect("a free locator");
    let window = i64::try_from(segments).ok().map(|n| MediaDuration::from_secs(2 * n));
    let segment_duration = MediaDuration::from_secs(2);
    let opened = TimelineChange::Opened { presentation, window, rewind: None, segment_duration };
    origin.apply(&TimelineUpdate { asset: asset(), change: opened }).expect("a new asset");
    for n in 0..segments {
        let added = TimelineChange::Added(segment(n));
        origin.apply(&TimelineUpdate { asset: asset(), change: added }).expect("segments in order");
    }
    origin
}

fn asset() -> AssetName {
    AssetName::new("bench").expect("letters are a name")
}

fn segment(n: u64) -> Segment {
    let second = 1_800_000_000 + 2 * n;
    // The first AAC frame that starts in the segment, as in life: durations alternate.
    let frame = |second: u64| (second * 44_100).div_ceil(1024) * 1024;
    let bytes = 800_000 + u32::try_from(n * 7919 % 100_000).unwrap_or(0);
    let video = Span { start: second * 90_000, duration: 180_000, bytes };
    let (start, end) = (frame(second), frame(second + 2));
    let audio = Span { start, duration: u32::try_from(end - start).unwrap_or(0), bytes: 16_000 };
    let start = MediaTime::ZERO.plus(MediaDuration::from_secs(second as i64));
    let spans = [video, video, video, video, video, video, video, audio];
    let duration = MediaDuration::from_secs(2);
    Segment {
        sequence: n,
        start,
        duration,
        is_discontinuous: false,
        spans: spans.into(),
        cues: Arc::default(),
        pack: Pack::default(),
    }
}

fn sound() -> TrackSpec {
    let audio = AudioTrack { sample_rate: 44_100, channels: 2 };
    let format = TrackFormat::Aac(audio, AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) });
    TrackSpec::audio(TrackId(7), "audio", 64_000, format, Language::UND)
}

fn rung() -> TrackSpec {
    let rate = FrameRate::FPS_30;
    let video = VideoTrack { frame_rate: Some(rate), ..VideoTrack::new(1280, 720) };
    let sps = Bytes::from_static(&[0x67, 0x64, 0x00, 0x1F, 0xAC, 0xB4, 0x02, 0x80, 0x2D, 0xC8]);
    let pps = Bytes::from_static(&[0x68, 0xEE, 0x3C, 0xB0]);
    let config = H264Config { framing: NalFraming::Length(4), sps: vec![sps], pps: vec![pps] };
    TrackSpec::video(TrackId(0), "rung", 3_500_000, TrackFormat::H264(video, config), rate)
}

fn picture(n: i64, data: Bytes) -> AccessUnit {
    let pts = MediaTime::from_ticks(162_000_000_000_000 + n * 3000, Timescale::MPEG);
    let is_random_access = n % 60 == 0;
    AccessUnit {
        track: TrackId(0),
        pts,
        dts: pts,
        duration: MediaDuration::ZERO,
        is_random_access,
        is_damaged: false,
        data,
    }
}
