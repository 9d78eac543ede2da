//! Requests: whatever is asked for, nothing stays behind (FAULTS row 55) and no URL costs much.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use headend::{
    archive::{AssetName, Loss, Pack, Presentation, Segment, Span, TimelineChange, TimelineUpdate, TrackSpec},
    media::{AacConfig, AudioTrack, Language, TrackFormat, TrackId},
    origin::{Admission, Caller, Endpoint, EndpointConfig, Method, Origin, OriginConfig, PublishError, Reply, Request},
    time::{MediaDuration, MediaTime, Now, Utc},
};

use crate::{BOMB, below, counting::measure, now, rig::script::Random};

/// An origin with one asset of `segments` segments at `/l/n.ism`.
pub(crate) fn origin(segments: u64) -> Origin {
    let track = AudioTrack { sample_rate: 48_000, channels: 2 };
    let format = TrackFormat::Aac(track, AacConfig { asc: bytes::Bytes::from_static(&[0x11, 0x90]) });
    let spec = TrackSpec::audio(TrackId(0), "audio", 64_000, format, Language::UND);
    let presentation = Arc::new(Presentation::new(vec![spec], Utc::UNIX_EPOCH));
    let asset = AssetName::new("a").unwrap();
    let mut origin = Origin::new(OriginConfig::default());
    let segment_duration = MediaDuration::from_secs(2);
    let opened = TimelineChange::Opened { presentation, window: None, rewind: None, segment_duration };
    let segment = |sequence: u64| Segment {
        sequence,
        start: MediaTime::ZERO.plus(segment_duration.times(sequence as i64)),
        duration: segment_duration,
        is_discontinuous: false,
        spans: [Span { start: sequence * 96_000, duration: 96_000, bytes: 16_000 }].into(),
        cues: Arc::default(),
        pack: Pack::default(),
    };
    let added = (0..segments).map(|sequence| TimelineChange::Added(segment(sequence)));
    for change in [opened].into_iter().chain(added) {
        origin.apply(&TimelineUpdate { asset: asset.clone(), change }).unwrap();
    }
    origin.publish("l", &asset, "n").unwrap();
    origin
}

fn status(origin: &Origin, path: &str) -> u16 {
    match origin.handle(&Request::get(path), now()) {
        Reply::Response(response) => response.status,
        _ => 0,
    }
}

#[test]
fn a_million_polls_of_unknown_channels_leave_nothing_row_55() {
    let origin = origin(3);
    let mut path = String::from("/00000000/n.ism/manifest(format=m3u8-cmaf)");
    let ((), usage) = measure(|| {
        for n in 0..1_000_000u32 {
            path.clear();
            std::fmt::Write::write_fmt(&mut path, format_args!("/{n:08x}/n.ism/manifest(format=m3u8-cmaf)")).unwrap();
            assert_eq!(status(&origin, &path), 404);
        }
    });
    println!("1 000 000 polls: {usage:?}, {} allocations each", usage.count / 1_000_000);
    assert_eq!(usage.kept, 0);
    assert!(usage.peak < 4096, "{usage:?}");
}

/// Words of the URLs, of which nonsense is made that is nearly right.
const WORDS: [&str; 24] = [
    "/",
    "/",
    "l",
    "n.ism",
    "/l/n.ism/",
    "Manifest",
    "QualityLevels",
    "Fragments",
    "(",
    ")",
    "64000",
    "audio",
    "=",
    "=i",
    ",",
    "format=",
    "m3u8-cmaf",
    "mpd-time-cmaf",
    "f4m-f4f",
    "Seg1-Frag",
    "96000",
    "%2e",
    "type=keyframes",
    ",part=",
];

/// What the `n`-th request asks for: a channel, an asset or a locator that is not there, something that a track has not, or nonsense.
fn absent(n: u32, random: &mut Random, path: &mut String) {
    path.clear();
    let written = match n % 6 {
        0 => write!(path, "/{n:08x}/n.ism/manifest(format=m3u8-cmaf)"),
        1 => write!(path, "/l/{n:08x}.ism/manifest(format=mpd-time-cmaf)"),
        2 => write!(path, "/l/n.ism/QualityLevels({n})/Manifest(audio,format=m3u8-cmaf)"),
        3 => write!(path, "/l/n.ism/QualityLevels(64000)/Fragments(audio={},format=mpd-time-cmaf)", n | 1),
        4 => write!(path, "/l/n.ism/manifest(format=m3u8-cmaf,filter=f{n})"),
        _ => (0..1 + random.below(12)).try_for_each(|_| path.write_str(WORDS[random.below(WORDS.len())])),
    };
    written.unwrap();
}

#[test]
fn a_million_requests_for_what_is_not_there_leave_nothing_in_origin_and_endpoint_row_55() {
    let (origin, mut random, mut path) = (origin(3), Random(55), String::with_capacity(4096));
    let mut endpoint = Endpoint::new(EndpointConfig::new("ep1")).unwrap();
    endpoint.start().unwrap();
    assert!(endpoint.finish());
    let caller = Caller { address: [203, 0, 113, 7].into(), auth_data: None, auth_sign: None };
    let mut answered = 0;
    let mut ask = |from: u32, to: u32, endpoint: &mut Endpoint| {
        for n in from..to {
            absent(n, &mut random, &mut path);
            // A thousand a second.
            let now = Now::new(Duration::from_millis(n.into()), Utc::UNIX_EPOCH);
            let (name, value) = path.split_at(path.len() / 2);
            let query = (n % 5 == 0 && path.is_ascii()).then_some(if n % 2 == 0 { name } else { value });
            let request = Request { query, ..Request::get(&path) };
            let Admission::Origin = endpoint.admit(&request, &caller, now) else { panic!("{path}") };
            // What is nearly right is right now and then.
            if let Reply::Response(response) = origin.handle(&request, now) {
                assert!(n % 6 == 5 || matches!(response.status, 400 | 404 | 412), "{} {path}", response.status);
                drop(endpoint.send(response, Method::Get, now));
                answered += 1;
            }
        }
    };
    // As many as make each counter, and every second that the endpoint looks back on.
    ask(0, 200_000, &mut endpoint);
    let ((), usage) = measure(|| ask(200_000, 1_200_000, &mut endpoint));
    let rows = endpoint.traffic().rows().count();
    println!("1 000 000 requests: {usage:?}, {rows} counters");
    assert!(usage.kept <= 0 && usage.peak < 16 << 10, "{usage:?}");
    // A counter is a status with a code, and not one of either is the request's.
    assert!(rows < 12 && answered > 1_100_000 && endpoint.traffic().requests() == answered, "{rows}, {answered}");
}

#[test]
fn odd_requests_cost_little_and_leave_nothing() {
    let origin = origin(3);
    let paths = [
        "/".repeat(100_000),
        "/%2e%2e".repeat(50_000),
        "/l/n.ism/".to_owned() + &"%41".repeat(300),
        "/l/n.ism/".to_owned() + &"(".repeat(100_000),
        "/l/n.ism/manifest(".to_owned() + &"a=b,".repeat(50_000) + ")",
        "/l/n.ism/manifest(format=m3u8-cmaf".to_owned() + &",a=b".repeat(200) + ")",
        "/l/n.ism/QualityLevels(99999999999999999999)/Manifest(audio,format=m3u8-cmaf)".to_owned(),
        "/l/n.ism/QualityLevels(64000)/Fragments(audio=18446744073709551615,format=mpd-time-cmaf)".to_owned(),
        "/l/../n.ism/manifest(format=m3u8-cmaf)".to_owned(),
        String::new(),
        "\0".repeat(1000),
    ];
    for path in &paths {
        let name = path.get(..40.min(path.len())).unwrap_or_default();
        let request =
            |method| Request { method, query: Some(path), if_none_match: Some(path), range: Some(path), path };
        below(name, BOMB / 64, || {
            for method in [Method::Get, Method::Head, Method::Options, Method::Other] {
                drop(origin.handle(&request(method), now()));
            }
        });
        assert!(matches!(status(&origin, path), 400 | 404 | 412), "{name}");
    }
    let request = |range| Request { range: Some(range), ..Request::get("/l/n.ism/manifest(format=m3u8-cmaf)") };
    for range in ["bytes=0-18446744073709551615", "bytes=-0", "bytes=5-2", "bytes=0-0,1-1", "lines=1-2", "bytes=-"] {
        below(range, BOMB / 64, || drop(origin.handle(&request(range), now())));
    }
}

#[test]
fn what_the_store_loses_costs_a_window_once_and_leaves_nothing_row_59() {
    // A window of 25 hours.
    let mut origin = origin(45_000);
    let asset = AssetName::new("a").unwrap();
    let mut lose = |sequences: &mut dyn Iterator<Item = u64>| {
        let losses = sequences.map(|sequence| Loss { sequence, track: 0 }).collect();
        let update = TimelineUpdate { asset: asset.clone(), change: TimelineChange::Lost(losses) };
        let ((), usage) = measure(|| origin.apply(&update).unwrap());
        println!("{usage:?}");
        usage
    };
    // A hundred at once are as one.
    let first = lose(&mut std::iter::once(20_000));
    let hundred = lose(&mut (21_000..21_100));
    assert!(first.peak < 1 << 20 && hundred.peak < 1 << 20, "{first:?}, {hundred:?}");
    assert!(first.kept < 1 << 20 && hundred.kept < 1 << 16, "{first:?}, {hundred:?}");
    // What is not there costs nothing, and the same again neither.
    let none = lose(&mut (21_000..21_100).chain([90_000, u64::MAX]));
    assert!(none.peak < 1 << 16 && none.kept == 0, "{none:?}");
}

#[test]
fn assets_and_locators_have_a_ceiling() {
    let mut origin = Origin::new(OriginConfig { max_assets: 2, max_locators: 100 });
    let assets: Vec<AssetName> = (0..2_000).map(|n| AssetName::new(&format!("a{n}")).unwrap()).collect();
    below("10 000 locators", BOMB, || {
        for n in 0..10_000 {
            let published = origin.publish(&format!("l{n}"), &assets[n / 5], "n");
            assert_eq!(published.is_ok(), n < 100, "{n}");
            assert!(n < 100 || matches!(published, Err(PublishError::Limit(_))));
        }
    });
    for bad in ["", "..", "a/b", "a\0", &"x".repeat(100_000)] {
        assert!(matches!(origin.publish(bad, &assets[1999], "n"), Err(PublishError::Name(_))));
    }
}
