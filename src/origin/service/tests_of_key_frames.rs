use std::sync::Arc;

use super::{
    tests::{BASE, NOW, asset, fragments, get, made, origin, segment, text},
    *,
};
use crate::{
    archive::rig::ladder,
    media::{Body, Presentation, Segment},
    origin::Condition,
    time::{MediaDuration, Utc},
    wire::mp4::Fragment,
};

const I_FRAMES: &str = "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf,type=keyframes)";

fn update(origin: &mut Origin, change: TimelineChange) {
    origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
}

/// What a media playlist says, as that of its I-frames should say it.
fn as_i_frames(playlist: &str) -> String {
    let kind = playlist.replace("#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-I-FRAMES-ONLY");
    let lines = kind.lines().map(|line| match line.rsplit_once(").") {
        Some((before, extension)) if line.starts_with("Fragments") => format!("{before},type=keyframes).{extension}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// What a cache is told of an answer.
fn told(response: &Response) -> [Option<String>; 3] {
    ["content-type", "etag", "cache-control"].map(|name| response.headers.get(name).map(str::to_owned))
}

#[test]
fn a_playlist_of_i_frames_is_that_of_the_segments_with_other_urls_a20_9() {
    let mut origin = origin();
    let mut gap = Segment { is_discontinuous: true, ..segment(10) };
    let mut spans = gap.spans.to_vec();
    spans[0].bytes = 0;
    gap.spans = spans.into();
    update(&mut origin, TimelineChange::Added(gap));
    for next in 11..13 {
        for format in ["m3u8-cmaf", "m3u8-aapl"] {
            let of =
                |kind: &str| get(&origin, &format!("QualityLevels(3500000)/Manifest(video,format={format}{kind})"));
            let (all, i_frames) = (of(""), of(",type=keyframes"));
            assert_eq!(text(&i_frames), as_i_frames(&text(&all)), "{format}");
            assert_eq!(text(&i_frames).contains("#EXT-X-GAP"), format == "m3u8-cmaf");
            assert_eq!(text(&i_frames).matches(",type=keyframes).").count(), 8);
            assert_eq!(told(&i_frames), told(&all));
        }
        // What was rendered is forgotten.
        update(&mut origin, TimelineChange::Added(segment(next)));
        update(&mut origin, TimelineChange::Trimmed { before: next - 7 });
    }
    update(&mut origin, TimelineChange::Trimmed { before: 11 });
    (13..15).for_each(|n| update(&mut origin, TimelineChange::Added(segment(n))));
    let playlist = text(&get(&origin, I_FRAMES));
    assert!(playlist.contains("#EXT-X-MEDIA-SEQUENCE:11\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{playlist}");
    for (rest, status) in [
        ("QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf,type=keyframes)", 404),
        ("QualityLevels(1)/Manifest(video,format=m3u8-cmaf,type=keyframes)", 404),
        ("QualityLevels(3500000)/Manifest(video,format=m3u8-aapl-v3,type=keyframes)", 415),
    ] {
        assert_eq!(get(&origin, rest).status, status, "{rest}");
    }
}

#[test]
fn a_key_frame_needs_the_fragment_and_is_made_of_it() {
    let origin = origin();
    let [pictures, sound] = fragments();
    let whole = Fragment::parse(&pictures.to_bytes()).unwrap();
    let (stored, ticks) = (Some(pictures), 2 * (BASE + 4) * 90_000);
    let of = |format: &str, stored: &Option<Body>| {
        made(
            &origin,
            &format!("QualityLevels(200000)/Fragments(video={ticks},format={format},type=keyframes)"),
            &[stored],
        )
    };
    for format in ["m3u8-cmaf", "mpd-time-cmaf", "mpd-time-csf"] {
        let (names, answer) = of(format, &stored);
        assert_eq!(names, [format!("asset-1/Video_340x192_200kbps/{ticks}.m4s")]);
        assert_eq!((answer.status, answer.headers.get("content-type")), (200, Some("video/mp4")));
        let one = Fragment::parse(&answer.body.to_bytes()).unwrap();
        assert_eq!((one.decode_time, one.samples.len(), one.samples[0].duration), (ticks, 1, 180_000));
        assert_eq!(one.samples[0].data, whole.samples[0].data);
    }
    let (_, answer) = of("m3u8-aapl", &stored);
    assert_eq!((answer.status, answer.headers.get("content-type")), (200, Some("video/mp2t")));
    assert_eq!(answer.headers.get("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!((answer.body.len() % 188, &answer.body.to_bytes()[..3]), (0, &b"\x47\x40\x00"[..]));
    // What begins without an IDR, what is not there, and what is no fragment.
    let late = of("m3u8-cmaf", &Some(without_idr(&sound))).1;
    assert_eq!((late.status, of("m3u8-cmaf", &None).1.status), (404, 404));
    assert_eq!(of("m3u8-aapl", &Some(Body::from(String::from("junk")))).1.status, 500);
}

/// The same with no sample that is a random access point: the flags that `tfhd` has for all.
fn without_idr(fragment: &Body) -> Body {
    let mut bytes = fragment.to_bytes().to_vec();
    let at = bytes.windows(4).position(|flags| flags == [2, 0, 0, 0]).unwrap();
    bytes[at..at + 4].copy_from_slice(&[1, 1, 0, 0]);
    Body::from(bytes::Bytes::from(bytes))
}

#[test]
fn only_pictures_that_are_there_have_key_frames() {
    let origin = origin();
    let of = |track: &str, ticks: u64, format: &str| {
        let path = format!("/loc/ch1.ism/{track}={ticks},format={format},type=keyframes)");
        origin.handle(&Request::get(&path), NOW)
    };
    let status = |reply: Reply| match reply {
        Reply::Response(response) => response.status,
        other => panic!("{other:?}"),
    };
    let video = "QualityLevels(200000)/Fragments(video";
    let ticks = 2 * (BASE + 4) * 90_000;
    assert_eq!(status(of("QualityLevels(64000)/Fragments(audio", 2 * (BASE + 4) * 44_100, "m3u8-cmaf")), 404);
    assert_eq!(status(of(video, ticks + 1, "m3u8-cmaf")), 404);
    assert_eq!(status(of(video, 2 * (BASE + 11) * 90_000, "m3u8-cmaf")), 412);
    assert!(matches!(of(video, 2 * (BASE + 10) * 90_000, "m3u8-aapl"), Reply::Wait(_)), "it is due next");
    // One that left the window lately.
    assert!(matches!(of(video, 2 * (BASE + 1) * 90_000, "m3u8-cmaf"), Reply::Need(_)));
}

#[test]
fn filters_go_for_i_frames_too_a22_2() {
    let mut origin = origin();
    let behind = Filter { backoff: Some(MediaDuration::from_secs(8)), ..Filter::default() };
    origin.set_filter(None, "behind", behind).unwrap();
    let sound = vec![vec![Condition::new("Type", "Equal", "audio").unwrap()]];
    origin.set_filter(None, "sound", Filter { tracks: sound, ..Filter::default() }).unwrap();
    let master = text(&get(&origin, "Manifest(format=m3u8-cmaf,filter=behind)"));
    let url = "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf,type=keyframes,filter=behind).m3u8";
    assert!(master.contains(&format!("URI=\"{url}\"")), "{master}");
    let all = get(&origin, "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf,filter=behind)");
    assert_eq!(text(&get(&origin, url)), as_i_frames(&text(&all)));
    assert_eq!(text(&all).matches("#EXTINF").count(), 3);
    assert_eq!(get(&origin, &url.replace("behind", "sound")).status, 404);
}

/// RFC 8216 clause 4.3.3.5. A rung that is withdrawn has no I-frames in the master.
#[test]
fn what_keeps_all_is_an_event_and_what_has_ended_is_on_demand() {
    let kind = |origin: &Origin, rest: &str| {
        let text = text(&get(origin, rest));
        text.lines().find_map(|line| line.strip_prefix("#EXT-X-PLAYLIST-TYPE:").map(str::to_owned))
    };
    let all = [
        I_FRAMES,
        "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf)",
        "QualityLevels(64000)/Manifest(audio,format=m3u8-aapl)",
        "QualityLevels(3500000)/Manifest(video,format=m3u8-aapl-v3)",
    ];
    for (window, rewind, expected) in
        [(None, None, Some("EVENT")), (None, Some(20), None), (Some(60), None, None), (Some(60), Some(20), None)]
    {
        let mut origin = Origin::new(OriginConfig::default());
        origin.publish("loc", &asset(), "ch1").unwrap();
        let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
        let [window, rewind] = [window, rewind].map(|window| window.map(MediaDuration::from_secs));
        let segment_duration = MediaDuration::from_secs(2);
        update(&mut origin, TimelineChange::Opened { presentation, window, rewind, segment_duration });
        (0..4).for_each(|n| update(&mut origin, TimelineChange::Added(segment(n))));
        origin
            .set_filter(None, "short", Filter { window: Some(MediaDuration::from_secs(60)), ..Filter::default() })
            .unwrap();
        all.iter().for_each(|rest| assert_eq!(kind(&origin, rest).as_deref(), expected, "{rest}"));
        assert_eq!(kind(&origin, &I_FRAMES.replace("keyframes", "keyframes,filter=short")), None);
        update(&mut origin, TimelineChange::Offered([false, true, true].into()));
        let master = text(&get(&origin, "Manifest(format=m3u8-cmaf)"));
        assert_eq!(master.matches("#EXT-X-I-FRAME-STREAM-INF").count(), 1, "{master}");
        update(&mut origin, TimelineChange::Ended);
        all.iter().for_each(|rest| assert_eq!(kind(&origin, rest).as_deref(), Some("VOD"), "{rest}"));
    }
}
