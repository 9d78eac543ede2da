use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    archive::rig::ladder,
    media::{Body, Pack, Presentation, Segment, Span},
    time::{MediaDuration, MediaTime, Utc},
};

pub(super) const NOW: Now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
pub(super) const BASE: u64 = 900_000_000;

pub(super) fn asset() -> AssetName {
    AssetName::new("asset-1").unwrap()
}

pub(super) fn segment(sequence: u64) -> Segment {
    let span = |scale: u64| Span { start: 2 * (BASE + sequence) * scale, duration: 2 * scale as u32, bytes: 5000 };
    Segment {
        sequence,
        start: MediaTime::ZERO.plus(MediaDuration::from_secs(2 * (BASE + sequence) as i64)),
        duration: MediaDuration::from_secs(2),
        is_discontinuous: false,
        spans: [span(90_000), span(90_000), span(44_100)].into(),
        cues: Arc::default(),
        pack: Pack::default(),
    }
}

/// Segments 3 to 9 in a window of 14 s, published at /loc/ch1.ism.
pub(super) fn origin() -> Origin {
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &asset(), "ch1").unwrap();
    let update = |change| TimelineUpdate { asset: asset(), change };
    let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
    let (window, segment_duration) = (Some(MediaDuration::from_secs(14)), MediaDuration::from_secs(2));
    origin.apply(&update(TimelineChange::Opened { presentation, window, rewind: None, segment_duration })).unwrap();
    (0..10).for_each(|n| origin.apply(&update(TimelineChange::Added(segment(n)))).unwrap());
    origin.apply(&update(TimelineChange::Trimmed { before: 3 })).unwrap();
    origin
}

pub(super) fn get(origin: &Origin, rest: &str) -> Response {
    let path = format!("/loc/ch1.ism/{rest}");
    match origin.handle(&Request::get(&path), NOW) {
        Reply::Response(response) => response,
        other => panic!("{other:?}"),
    }
}

pub(super) fn text(response: &Response) -> String {
    String::from_utf8(response.body.to_bytes().to_vec()).unwrap()
}

#[test]
fn manifests_are_answered_from_what_was_rendered_last() {
    let mut origin = origin();
    let rest = "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf)";
    let first = get(&origin, rest);
    assert_eq!(first.status, 200);
    assert_eq!(first.headers.get("content-type"), Some("application/vnd.apple.mpegurl"));
    assert_eq!(first.headers.get("cache-control"), Some("max-age=1"));
    assert_eq!(first.headers.get("access-control-allow-origin"), Some("*"));
    assert_eq!(first.headers.get("content-length"), Some(first.body.len().to_string().as_str()));
    assert!(text(&first).contains("#EXT-X-MEDIA-SEQUENCE:3\n"));
    let path = format!("/loc/ch1.ism/{rest}");
    let again = Request { if_none_match: first.headers.get("etag"), ..Request::get(&path) };
    let Reply::Response(unchanged) = origin.handle(&again, NOW) else { panic!() };
    assert_eq!((unchanged.status, unchanged.body.len(), unchanged.headers.get("content-type")), (304, 0, None));
    origin.apply(&TimelineUpdate { asset: asset(), change: TimelineChange::Added(segment(10)) }).unwrap();
    let Reply::Response(changed) = origin.handle(&again, NOW) else { panic!() };
    assert_eq!(changed.status, 200);
    let head = Request { method: Method::Head, ..Request::get(&path) };
    let Reply::Response(head) = origin.handle(&head, NOW) else { panic!() };
    assert_eq!((head.headers.clone(), head.body.len()), (changed.headers, 0));
}

#[test]
fn fragments_are_read_by_the_host_and_may_be_cut() {
    let origin = origin();
    let ticks = 2 * (BASE + 4) * 90_000;
    let path = format!("/loc/ch1.ism/QualityLevels(200000)/Fragments(video={ticks},format=m3u8-cmaf)");
    let fulfilled = |range| {
        let Reply::Need(need) = origin.handle(&Request { range, ..Request::get(&path) }, NOW) else { panic!() };
        assert_eq!(need.names()[0].as_str(), format!("asset-1/Video_340x192_200kbps/{ticks}.m4s"));
        need.fulfil([Some(Body::from(String::from("0123456789")))])
    };
    let whole = fulfilled(None);
    assert_eq!((whole.status, text(&whole).as_str()), (200, "0123456789"));
    assert_eq!(whole.headers.get("cache-control"), Some("public, max-age=31536000, immutable"));
    let part = fulfilled(Some("bytes=2-4"));
    assert_eq!((part.status, text(&part).as_str()), (206, "234"));
    assert_eq!(part.headers.get("content-range"), Some("bytes 2-4/10"));
    let none = fulfilled(Some("bytes=10-"));
    assert_eq!((none.status, none.headers.get("content-range")), (416, Some("bytes */10")));
    let Reply::Need(need) = origin.handle(&Request::get(&path), NOW) else { panic!() };
    assert_eq!(need.fulfil([None]).status, 404);
}

#[test]
fn times_outside_the_window_are_never_half_answered() {
    let origin = origin();
    let status = |n: i64, shift: i64| {
        let ticks = 2 * (BASE as i64 + n) * 90_000 + shift;
        let path = format!("/loc/ch1.ism/QualityLevels(200000)/Fragments(video={ticks},format=m3u8-cmaf)");
        match origin.handle(&Request::get(&path), NOW) {
            Reply::Need(_) => 200,
            Reply::Response(response) => response.status,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([status(3, 0), status(9, 0), status(3, 1), status(9, 1)], [200, 200, 404, 404]);
    assert_eq!([status(10, 1), status(11, 7), status(16, 0), status(17, 0)], [412, 412, 412, 404]);
    // What left the window lately may still be in store; what left it long ago is not asked for.
    assert_eq!([status(2, 0), status(-5, 0), status(-6, 0)], [200, 200, 404]);
}

/// FFmpeg and Shaka Player ask for the fragment behind the last one that their manifest lists, and skip what is refused.
#[test]
fn the_fragment_that_is_due_next_is_waited_for() {
    let mut origin = origin();
    let path =
        format!("/loc/ch1.ism/QualityLevels(200000)/Fragments(video={},format=m3u8-cmaf)", 2 * (BASE + 10) * 90_000);
    let now = Now::new(Duration::from_secs(7), Utc::UNIX_EPOCH);
    let Reply::Wait(wait) = origin.handle(&Request::get(&path), now) else { panic!() };
    assert_eq!(wait.until, Duration::from_secs(7 + 2 * 2));
    assert_eq!((wait.otherwise.status, text(&wait.otherwise).contains("MPE_FRAGMENT_NOT_READY")), (412, true));
    let head = Request { method: Method::Head, ..Request::get(&path) };
    let Reply::Wait(wait) = origin.handle(&head, now) else { panic!() };
    assert_eq!((wait.otherwise.status, wait.otherwise.body.len()), (412, 0));
    let update = |change| TimelineUpdate { asset: asset(), change };
    origin.apply(&update(TimelineChange::Added(segment(10)))).unwrap();
    assert!(matches!(origin.handle(&Request::get(&path), now), Reply::Need(_)));
    // Nothing is due behind the end.
    let last =
        format!("/loc/ch1.ism/QualityLevels(200000)/Fragments(video={},format=m3u8-cmaf)", 2 * (BASE + 11) * 90_000);
    assert!(matches!(origin.handle(&Request::get(&last), now), Reply::Wait(_)));
    origin.apply(&update(TimelineChange::Ended)).unwrap();
    let Reply::Response(response) = origin.handle(&Request::get(&last), now) else { panic!() };
    assert_eq!(response.status, 404);
}

#[test]
fn refusals_carry_their_codes() {
    let origin = origin();
    let refusal = |rest: &str| {
        let response = get(&origin, rest);
        (response.status, text(&response))
    };
    let of = |error: OriginError| (error.status(), format!("{error}\n"));
    assert_eq!(
        refusal("Manifest(format=m3u8-aapl-v2)"),
        (415, "MPE_OUTPUT_FORMAT_NOT_SUPPORTED (0x8089020D)\n".into())
    );
    let other_track = "QualityLevels(1)/Manifest(video,format=m3u8-cmaf)";
    assert_eq!(refusal(other_track), of(OriginError::TrackNotFound));
    assert_eq!(refusal("Manifest(format"), of(OriginError::BadUrlSyntax));
    for path in ["/", "/loc", "/nobody/ch1.ism/Manifest(format=m3u8-cmaf)", "/loc/CH1.ism/Manifest(format=m3u8-cmaf)"] {
        let Reply::Response(response) = origin.handle(&Request::get(path), NOW) else { panic!() };
        assert_eq!(response.status, 404, "{path}");
    }
    let post = Request { method: Method::Other, ..Request::get("/loc/ch1.ism/Manifest") };
    let Reply::Response(response) = origin.handle(&post, NOW) else { panic!() };
    assert_eq!((response.status, response.headers.get("allow")), (405, Some("GET, HEAD, OPTIONS")));
    let preflight = Request { method: Method::Options, ..Request::get("/anything") };
    let Reply::Response(response) = origin.handle(&preflight, NOW) else { panic!() };
    assert_eq!((response.status, response.headers.get("access-control-allow-headers")), (204, Some("*")));
}

#[test]
fn an_asset_without_segments_has_no_manifest() {
    let mut origin = Origin::new(OriginConfig { max_assets: 1, max_locators: 1 });
    let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
    let change = TimelineChange::Opened {
        presentation,
        window: None,
        rewind: None,
        segment_duration: MediaDuration::from_secs(2),
    };
    origin.apply(&TimelineUpdate { asset: asset(), change: change.clone() }).unwrap();
    origin.publish("loc", &asset(), "ch1").unwrap();
    for rest in ["Manifest(format=m3u8-cmaf)", "Manifest(format=mpd-time-cmaf)"] {
        let path = format!("/loc/ch1.ism/{rest}");
        let Reply::Wait(wait) = origin.handle(&Request::get(&path), NOW) else { panic!("{rest}") };
        assert_eq!((wait.until, wait.otherwise.status), (Duration::from_secs(8), 404), "{rest}");
    }
    let ended = TimelineUpdate { asset: asset(), change: TimelineChange::Ended };
    let again = TimelineUpdate { asset: asset(), change: change.clone() };
    assert_eq!(origin.apply(&again), Err(ApplyError::Open(asset())));
    let other = AssetName::new("other").unwrap();
    let full = origin.apply(&TimelineUpdate { asset: other.clone(), change });
    assert!(matches!(full, Err(ApplyError::Limit(_))));
    assert!(matches!(origin.publish("two", &other, "x"), Err(PublishError::Limit(_))));
    assert!(matches!(origin.publish("..", &other, "x"), Err(PublishError::Name(_))));
    assert_eq!(origin.publish("loc", &other, "x"), Err(PublishError::Taken("loc".into())));
    origin.apply(&ended).unwrap();
    assert_eq!(get(&origin, "Manifest(format=m3u8-cmaf)").status, 404);
    assert!(origin.unpublish("loc") && !origin.unpublish("loc"));
}

/// What a request needs, and the answer with these objects in the store.
pub(super) fn made(origin: &Origin, rest: &str, objects: &[&Option<Body>]) -> (Vec<String>, Response) {
    let path = format!("/loc/ch1.ism/{rest}");
    let Reply::Need(need) = origin.handle(&Request::get(&path), NOW) else { panic!("{rest}") };
    (need.names().iter().map(ToString::to_string).collect(), need.fulfil(objects.iter().map(|one| (*one).clone())))
}

/// A fragment of 2 s of the rung of 200 kbit/s, and of the sound.
pub(super) fn fragments() -> [Body; 2] {
    use crate::archive::{Segmenter, SegmenterLimits, rig};
    let start = MediaTime::ZERO.plus(MediaDuration::from_secs(2 * (BASE + 4) as i64));
    let mut segmenter = Segmenter::new(ladder().split_off(1), SegmenterLimits::default());
    segmenter.boundary(start).unwrap();
    let nal = |unit: crate::media::AccessUnit| crate::media::AccessUnit {
        data: [&(unit.data.len() as u32).to_be_bytes()[..], &unit.data].concat().into(),
        ..unit
    };
    let pictures = rig::pictures(1, start, 0..60).into_iter().map(nal);
    pictures.chain(rig::sound(2, start, 0..87)).for_each(|unit| segmenter.push(unit.track, unit).unwrap());
    segmenter.finish(start.plus(MediaDuration::from_secs(2)));
    segmenter.pull().unwrap().fragments.try_into().unwrap()
}

#[test]
fn a_segment_of_pictures_and_sound_needs_both_and_is_made_of_both() {
    let origin = origin();
    let [pictures, sound] = fragments().map(Some);
    let ticks = 2 * (BASE + 4) * 90_000;
    let rest = format!("QualityLevels(200000,audiotrack=audio)/Fragments(video={ticks},format=m3u8-aapl).ts");
    let (names, whole) = made(&origin, &rest, &[&pictures, &sound]);
    assert_eq!(
        names,
        [
            format!("asset-1/Video_340x192_200kbps/{ticks}.m4s"),
            format!("asset-1/audio/{}.m4s", 2 * (BASE + 4) * 44_100)
        ]
    );
    assert_eq!((whole.status, whole.headers.get("content-type")), (200, Some("video/mp2t")));
    assert_eq!((whole.body.len() % 188, whole.headers.get("accept-ranges")), (0, Some("bytes")));
    assert_eq!(whole.headers.get("cache-control"), Some("public, max-age=31536000, immutable"));
    // Half of it would stay in caches.
    assert_eq!(made(&origin, &rest, &[&pictures, &None]).1.status, 404);
    assert_eq!(made(&origin, &rest, &[&pictures]).1.status, 404);
    let junk = Some(Body::from(String::from("junk")));
    let (_, refused) = made(&origin, &rest, &[&pictures, &junk]);
    assert_eq!((refused.status, text(&refused).as_str()), (500, "STORED_OBJECT_UNREADABLE (0x00000000)\n"));

    let path = format!("/loc/ch1.ism/{rest}");
    let of = |request: Request<'_>| {
        let Reply::Need(need) = origin.handle(&request, NOW) else { panic!() };
        need.fulfil([pictures.clone(), sound.clone()])
    };
    let part = of(Request { range: Some("bytes=188-375"), ..Request::get(&path) });
    assert_eq!((part.status, part.body.to_bytes()), (206, whole.body.slice(188..376).to_bytes()));
    let head = of(Request { method: Method::Head, ..Request::get(&path) });
    assert_eq!((head.body.len(), head.headers), (0, whole.headers.clone()));

    let alone = format!("QualityLevels(200000)/Fragments(video={ticks},format=m3u8-aapl-v3)");
    let (names, alone) = made(&origin, &alone, &[&pictures]);
    assert_eq!((names.len(), alone.status), (1, 200));
    assert!(alone.body.len() < whole.body.len());
    let rest = format!("QualityLevels(64000)/Fragments(audio={},format=m3u8-aapl).aac", 2 * (BASE + 4) * 44_100);
    let (_, packed) = made(&origin, &rest, &[&sound]);
    assert_eq!((packed.status, packed.headers.get("content-type")), (200, Some("audio/aac")));
    assert!(packed.body.to_bytes().starts_with(b"ID3"));
}

#[test]
fn what_older_versions_do_not_have_is_refused_and_what_is_due_is_waited_for() {
    let mut origin = origin();
    let refusal = |rest: &str| {
        let response = get(&origin, rest);
        (response.status, text(&response))
    };
    let of = |error: OriginError| (error.status(), format!("{error}\n"));
    for unknown in [
        "Manifest(format=m3u8-aapl-v3,audiotrack=nothing)",
        "Manifest(format=m3u8-aapl-v3,audiotrack=video)",
        "QualityLevels(200000,audiotrack=nothing)/Manifest(video,format=m3u8-aapl-v3)",
        "QualityLevels(200000,audiotrack=nothing)/Fragments(video=0,format=m3u8-aapl)",
    ] {
        assert_eq!(refusal(unknown), of(OriginError::TrackNotFound), "{unknown}");
    }
    let sound_in_sound = "QualityLevels(64000,audiotrack=audio)/Manifest(audio,format=m3u8-aapl-v3)";
    assert_eq!(refusal(sound_in_sound), of(OriginError::BadUrlSyntax));
    let next = 2 * (BASE + 10) * 90_000;
    let path =
        format!("/loc/ch1.ism/QualityLevels(200000,audiotrack=audio)/Fragments(video={next},format=m3u8-aapl).ts");
    assert!(matches!(origin.handle(&Request::get(&path), NOW), Reply::Wait(_)));
    // A segment without its pictures is listed, as every variant must have it, and is not there; without its sound it is.
    let mut gap = segment(10);
    let mut spans = gap.spans.to_vec();
    (spans[0].bytes, spans[2].bytes) = (0, 0);
    gap.spans = spans.into();
    origin.apply(&TimelineUpdate { asset: asset(), change: TimelineChange::Added(gap) }).unwrap();
    let playlist = text(&get(&origin, "QualityLevels(3500000)/Manifest(video,format=m3u8-aapl)"));
    assert!(playlist.contains(&format!("Fragments(video={next},format=m3u8-aapl).ts")) && !playlist.contains("GAP"));
    let missing = format!("QualityLevels(3500000,audiotrack=audio)/Fragments(video={next},format=m3u8-aapl)");
    assert_eq!(get(&origin, &missing).status, 404);
    let Reply::Need(need) = origin.handle(&Request::get(&path), NOW) else { panic!() };
    assert_eq!(need.names().len(), 1);
}

#[test]
fn a_presentation_that_transport_streams_cannot_hold_says_so() {
    let mut origin = Origin::new(OriginConfig::default());
    let mut tracks = ladder().split_off(1);
    tracks.pop();
    let crate::media::TrackFormat::H264(video, _) = tracks[0].format else { panic!() };
    tracks[0].format = crate::media::TrackFormat::Mpeg2(video);
    let presentation = Arc::new(Presentation::new(tracks, Utc::UNIX_EPOCH));
    let change = TimelineChange::Opened {
        presentation,
        window: None,
        rewind: None,
        segment_duration: MediaDuration::from_secs(2),
    };
    origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
    origin.publish("loc", &asset(), "ch1").unwrap();
    for rest in [
        "Manifest(format=m3u8-aapl)",
        "Manifest(format=m3u8-aapl-v3)",
        "QualityLevels(200000)/Manifest(video,format=m3u8-aapl)",
        "QualityLevels(200000)/Fragments(video=0,format=m3u8-aapl)",
    ] {
        assert_eq!(get(&origin, rest).status, 415, "{rest}");
    }
}

#[test]
fn live_manifests_show_the_rewind_window_and_those_on_demand_the_archive_a17_14() {
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &asset(), "ch1").unwrap();
    let mut apply = |change| origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
    let (window, rewind) = (Some(MediaDuration::from_secs(3600)), Some(MediaDuration::from_secs(60)));
    let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
    let segment_duration = MediaDuration::from_secs(2);
    apply(TimelineChange::Opened { presentation, window, rewind, segment_duration });
    (0..40).for_each(|n| apply(TimelineChange::Added(Segment { is_discontinuous: n == 2, ..segment(n) })));
    let playlist = "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf)";
    let live = text(&get(&origin, playlist));
    assert_eq!(live.matches("#EXTINF").count(), 30);
    assert!(live.contains("#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{live}");
    let mpd = text(&get(&origin, "Manifest(format=mpd-time-cmaf)"));
    assert!(mpd.contains("timeShiftBufferDepth=\"PT1M\"") && mpd.contains(" r=\"29\"/>"), "{mpd}");
    assert!(text(&get(&origin, "Manifest")).contains("DVRWindowLength=\"600000000\""));
    // What is kept beyond it can be had.
    let old = format!("/loc/ch1.ism/QualityLevels(200000)/Fragments(video={},format=m3u8-cmaf)", 2 * BASE * 90_000);
    assert!(matches!(origin.handle(&Request::get(&old), NOW), Reply::Need(_)));
    origin.apply(&TimelineUpdate { asset: asset(), change: TimelineChange::Ended }).unwrap();
    let whole = text(&get(&origin, playlist));
    assert_eq!((whole.matches("#EXTINF").count(), whole.contains("#EXT-X-MEDIA-SEQUENCE:0\n")), (40, true), "{whole}");
    assert!(whole.ends_with("#EXT-X-ENDLIST\n") && !whole.contains("DISCONTINUITY-SEQUENCE"));
    let mpd = text(&get(&origin, "Manifest(format=mpd-time-cmaf)"));
    assert!(mpd.contains("mediaPresentationDuration=\"PT1M20S\"") && mpd.contains(" r=\"39\"/>"), "{mpd}");
    assert!(text(&get(&origin, "Manifest")).contains("Duration=\"800000000\""));
}
