use std::sync::Arc;

use super::{
    tests::{BASE, NOW, asset, fragments, get, made, origin, segment, text},
    *,
};
use crate::{
    archive::rig::ladder,
    media::{Avail, CuePhase, Presentation, Segment, SegmentCue},
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
fn a_break_is_an_entry_of_the_sparse_track_whatever_the_manifest_is_made_of_a9_3() {
    let mut origin = origin();
    let (out, id) = (segment(10).start, 7);
    let avail = Arc::new(Avail { id, asked: out, start: out, duration: None, section: "out".into() });
    let in_break = |n, phase| {
        let cue = SegmentCue { avail: Arc::clone(&avail), phase };
        TimelineChange::Added(Segment { cues: [cue].into(), ..segment(n) })
    };
    let entry =
        |from: u64, to: u64| format!("<c t=\"{}\" d=\"{}\">", 2 * (BASE + from) * 90_000, (to - from) * 180_000);
    let track = |text: &str| text.split("<StreamIndex Type=\"text\"").nth(1).map(str::to_owned).unwrap();
    assert!(track(&text(&get(&origin, "Manifest"))).contains(" Chunks=\"0\" "), "there before the first break");
    apply(&mut origin, in_break(10, CuePhase::Out));
    (11..14).for_each(|n| apply(&mut origin, in_break(n, CuePhase::Within)));
    let kept = text(&get(&origin, "Manifest"));
    // 10 and 11 are listed, and their message beside them.
    assert!(track(&kept).contains(&format!("{}<f i=\"0\">b3V0</f></c></StreamIndex>", entry(10, 12))), "{kept}");
    assert!(text(&get(&origin, "Manifest(format=fmp4-v20)")).ends_with(&track(&kept)), "{kept}");
    // The same when it is made of the timeline, as for a filter.
    origin.set_filter(None, "all", Filter::default()).unwrap();
    assert_eq!(track(&text(&get(&origin, "Manifest(filter=all)"))), track(&kept));
    let (start, end) = (Some(segment(11).start), Some(segment(13).start));
    origin.set_filter(None, "clip", Filter { start, end, force_end: true, ..Filter::default() }).unwrap();
    let clip = track(&text(&get(&origin, "Manifest(filter=clip)")));
    assert!(clip.contains(&entry(11, 11)) && clip.contains(" Chunks=\"1\" "), "{clip}");
    // It is nowhere but in the manifest.
    let refusal = get(&origin, &format!("QualityLevels(0)/Fragments(scte35={})", 2 * (BASE + 10) * 90_000));
    assert_eq!(refusal, Response::error(OriginError::TrackNotFound));
    apply(&mut origin, in_break(14, CuePhase::In(None)));
    apply(&mut origin, TimelineChange::Ended);
    let ended = track(&text(&get(&origin, "Manifest")));
    assert!(ended.contains(&entry(10, 10)) && ended.contains(" Chunks=\"1\" "), "{ended}");
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
