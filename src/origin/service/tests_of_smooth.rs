use std::sync::Arc;

use super::{
    tests::{BASE, NOW, asset, fragments, get, made, origin, segment, text},
    *,
};
use crate::{
    archive::rig::ladder,
    media::Presentation,
    time::{MediaDuration, Utc},
};

fn fragment(n: u64) -> String {
    format!("QualityLevels(200000)/Fragments(video={})", 2 * (BASE + n) * 90_000)
}

fn apply(origin: &mut Origin, change: TimelineChange) {
    origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
}

fn waits(origin: &Origin, rest: &str) -> bool {
    matches!(origin.handle(&Request::get(&format!("/loc/ch1.ism/{rest}")), NOW), Reply::Wait(_))
}

#[test]
fn the_client_manifest_in_both_versions_a20_1_a20_2() {
    let mut origin = origin();
    let newer = get(&origin, "Manifest");
    assert_eq!((newer.status, newer.headers.get("content-type")), (200, Some("application/vnd.ms-sstr+xml")));
    // 3 to 7 of 3 to 9: two are told of by the fragments before them.
    let first = 2 * (BASE + 3) * 90_000;
    assert!(
        text(&newer).contains(&format!("<c t=\"{first}\" d=\"180000\" r=\"5\"/></StreamIndex>")),
        "{}",
        text(&newer)
    );
    let older = text(&get(&origin, "Manifest(format=fmp4-v20)"));
    assert!(older.contains("MinorVersion=\"0\"") && !older.contains(" r=\""), "{older}");
    apply(&mut origin, TimelineChange::Added(segment(10)));
    assert!(text(&get(&origin, "Manifest")).contains(" r=\"6\"/>"));
    apply(&mut origin, TimelineChange::Ended);
    let ended = text(&get(&origin, "Manifest"));
    assert!(ended.contains(" r=\"8\"/>") && ended.contains("Duration=\"160000000\""), "{ended}");
}

#[test]
fn a_fragment_tells_of_the_two_behind_it_and_is_not_ready_before_they_are_a27_5() {
    let mut origin = origin();
    let [pictures, _] = fragments().map(Some);
    let (names, answer) = made(&origin, &fragment(4), &[&pictures]);
    assert_eq!(names, [format!("asset-1/Video_340x192_200kbps/{}.m4s", 2 * (BASE + 4) * 90_000)]);
    assert_eq!((answer.status, answer.headers.get("content-type")), (200, Some("video/mp4")));
    let bytes = answer.body.to_bytes();
    let tells_of = |n: u64| {
        let time = (2 * (BASE + n) * 90_000).to_be_bytes();
        bytes.windows(8).any(|eight| eight == time)
    };
    assert_eq!([4, 5, 6, 7].map(tells_of), [true, true, true, false]);
    // 9 is the newest: 8 waits for 10.
    assert!(matches!(origin.handle(&Request::get(&format!("/loc/ch1.ism/{}", fragment(7))), NOW), Reply::Need(_)));
    assert!(waits(&origin, &fragment(8)) && waits(&origin, &fragment(9)) && waits(&origin, &fragment(10)));
    apply(&mut origin, TimelineChange::Added(segment(10)));
    assert!(!waits(&origin, &fragment(8)) && waits(&origin, &fragment(9)));
    apply(&mut origin, TimelineChange::Ended);
    assert!(!waits(&origin, &fragment(9)) && !waits(&origin, &fragment(10)));
    assert_eq!(get(&origin, &fragment(11)).status, 404);
    // What left the window lately is found, with what is behind it.
    let late = format!("/loc/ch1.ism/{}", fragment(2));
    assert!(matches!(origin.handle(&Request::get(&late), NOW), Reply::Need(_)));
}

#[test]
fn smooth_streaming_needs_pictures_and_sound_a20_14() {
    let mut origin = Origin::new(OriginConfig::default());
    let mut tracks = ladder();
    tracks.retain(|track| track.format.is_video());
    let presentation = Arc::new(Presentation::new(tracks, Utc::UNIX_EPOCH));
    let segment_duration = MediaDuration::from_secs(2);
    apply(&mut origin, TimelineChange::Opened { presentation, window: None, rewind: None, segment_duration });
    origin.publish("loc", &asset(), "ch1").unwrap();
    assert_eq!(get(&origin, "Manifest").status, 415);
}
