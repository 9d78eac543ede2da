//! Parts at the live edge: what playlists say of them, and what waits for them (FAULTS row 56).

use std::{sync::Arc, time::Duration};

use super::{
    tests::{BASE, NOW, asset, get, segment, text},
    *,
};
use crate::{
    archive::rig::ladder,
    media::{Body, Part, PartSpan, Presentation},
    origin::{Need, Wait},
    time::{MediaDuration, MediaTime, Utc},
};

const VIDEO: &str = "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf).m3u8";
const SOUND: &str = "QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf).m3u8";

/// A quarter of the segment with this sequence number.
fn part(sequence: u64, index: u32) -> Part {
    let start = BASE + sequence;
    let span = |scale: u64| PartSpan {
        fragment: 2 * start * scale,
        duration: scale as u32 / 2,
        at: index * 1250,
        bytes: 1250,
        is_independent: index == 0 || scale == 44_100,
    };
    Part {
        sequence,
        index,
        is_last: index == 3,
        start: MediaTime::ZERO.plus(MediaDuration::from_secs(2 * start as i64)),
        is_discontinuous: false,
        length: MediaDuration::from_millis(500),
        cues: Default::default(),
        spans: [span(90_000), span(90_000), span(44_100)].into(),
    }
}

fn apply(origin: &mut Origin, change: TimelineChange) {
    origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
}

/// Segments 3 to 11, and two parts of the next.
fn edge() -> Origin {
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &asset(), "ch1").unwrap();
    let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
    let (window, segment_duration) = (Some(MediaDuration::from_secs(18)), MediaDuration::from_secs(2));
    apply(&mut origin, TimelineChange::Opened { presentation, window, rewind: None, segment_duration });
    for sequence in 0..12 {
        (0..4).for_each(|index| apply(&mut origin, TimelineChange::Parted(part(sequence, index))));
        apply(&mut origin, TimelineChange::Added(segment(sequence)));
    }
    apply(&mut origin, TimelineChange::Trimmed { before: 3 });
    (0..2).for_each(|index| apply(&mut origin, TimelineChange::Parted(part(12, index))));
    origin
}

fn ask<'a>(origin: &Origin, path: &'a str, query: &'a str) -> Reply {
    origin.handle(&Request { query: Some(query), ..Request::get(path) }, NOW)
}

fn reload(origin: &Origin, query: &str) -> Reply {
    ask(origin, &format!("/loc/ch1.ism/{VIDEO}"), query)
}

fn status(reply: &Reply) -> u16 {
    match reply {
        Reply::Response(response) => response.status,
        Reply::Need(_) => 200,
        Reply::Wait(_) | Reply::Growing(_) => 0,
    }
}

#[test]
fn a_playlist_shows_the_parts_of_its_live_edge() {
    let origin = edge();
    let playlist = text(&get(&origin, VIDEO));
    let head = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n\
        #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,PART-HOLD-BACK=1.530000\n\
        #EXT-X-PART-INF:PART-TARGET=0.510000\n#EXT-X-MEDIA-SEQUENCE:3\n";
    assert!(playlist.starts_with(head), "{playlist}");
    let ticks = |sequence: u64| 2 * (BASE + sequence) * 90_000;
    let line = |sequence, index, more: &str| {
        format!(
            "#EXT-X-PART:DURATION=0.500000,URI=\"Fragments(video={},part={index},format=m3u8-cmaf).m4s\"{more}\n",
            ticks(sequence)
        )
    };
    let tail = [
        line(11, 3, ""),
        format!("#EXTINF:2.000000,\nFragments(video={},format=m3u8-cmaf).m4s\n", ticks(11)),
        line(12, 0, ",INDEPENDENT=YES"),
        line(12, 1, ""),
        format!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"Fragments(video={},part=2,format=m3u8-cmaf).m4s\"\n", ticks(12)),
        "#EXT-X-RENDITION-REPORT:URI=\"../QualityLevels(200000)/Manifest(video,format=m3u8-cmaf).m3u8\",LAST-MSN=12,LAST-PART=1\n".into(),
        "#EXT-X-RENDITION-REPORT:URI=\"../QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf).m3u8\",LAST-MSN=12,LAST-PART=1\n".into(),
    ];
    assert!(playlist.ends_with(&tail.concat()), "{playlist}");
    // Those of three target durations: of segments 10 and 11, and of the one that is open.
    assert_eq!(playlist.matches("#EXT-X-PART:").count(), 2 * 4 + 2);
    assert_eq!(playlist.matches("#EXTINF").count(), 9);
    let sound = text(&get(&origin, SOUND));
    assert!(sound.contains("#EXT-X-PART-INF:PART-TARGET=0.510839\n"), "{sound}");
    // Versions before 7 know no parts.
    let old = text(&get(&origin, "QualityLevels(3500000)/Manifest(video,format=m3u8-aapl).m3u8"));
    assert!(!old.contains("PART") && old.matches("#EXTINF").count() == 9, "{old}");
}

#[test]
fn an_update_leaves_out_what_is_known() {
    let origin = edge();
    let Reply::Response(update) = reload(&origin, "_HLS_skip=YES") else { panic!("it is there") };
    let update = text(&update);
    // Segments 3 to 5 end more than twelve seconds before the newest does.
    assert!(update.contains("#EXT-X-VERSION:9\n") && update.contains("#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"), "{update}");
    let whole = text(&get(&origin, VIDEO));
    let shown = update.split_once("08:00:12.000Z\n").unwrap().1;
    assert!(whole.ends_with(shown) && shown.matches("#EXTINF").count() == 6, "{update}");
}

#[test]
fn a_playlist_is_waited_for_and_not_for_ever() {
    let mut origin = edge();
    for there in
        ["_HLS_msn=11", "_HLS_msn=11&_HLS_part=3", "_HLS_msn=12&_HLS_part=1", "_HLS_msn=3", "_HLS_msn=11&_HLS_part=4"]
    {
        assert_eq!(status(&reload(&origin, there)), 200, "{there}");
    }
    for early in ["_HLS_msn=12", "_HLS_msn=12&_HLS_part=2", "_HLS_msn=13", "_HLS_msn=13&_HLS_part=0"] {
        let Reply::Wait(Wait { until, otherwise }) = reload(&origin, early) else { panic!("{early}") };
        assert_eq!((until, otherwise.status), (Duration::from_secs(6), 503), "{early}");
    }
    for far in [
        "_HLS_msn=14",
        "_HLS_msn=12&_HLS_part=10",
        "_HLS_msn=13&_HLS_part=8",
        "_HLS_msn=18446744073709551615",
        "_HLS_part=1",
    ] {
        assert_eq!(status(&reload(&origin, far)), 400, "{far}");
    }
    apply(&mut origin, TimelineChange::Parted(part(12, 2)));
    assert_eq!(status(&reload(&origin, "_HLS_msn=12&_HLS_part=2")), 200);
    // Whoever waits when everything ends gets what there is, and nothing is shown in parts; what they would be at most stands.
    apply(&mut origin, TimelineChange::Ended);
    let Reply::Response(ended) = reload(&origin, "_HLS_msn=12&_HLS_part=3") else { panic!("it has ended") };
    let ended = text(&ended);
    assert!(ended.ends_with("#EXT-X-ENDLIST\n") && ended.contains("#EXT-X-PART-INF:PART-TARGET=0.510000\n"), "{ended}");
    assert!(!ended.contains("#EXT-X-PART:") && !ended.contains("#EXT-X-PRELOAD-HINT"), "{ended}");
}

#[test]
fn parts_are_cut_from_what_their_fragment_has_grown_to() {
    let mut origin = edge();
    let path = |sequence: u64, index: usize| {
        let ticks = 2 * (BASE + sequence) * 90_000;
        format!("/loc/ch1.ism/QualityLevels(3500000)/Fragments(video={ticks},part={index},format=m3u8-cmaf).m4s")
    };
    let handle = |origin: &Origin, path: &str| origin.handle(&Request::get(path), NOW);
    let bytes = |need: Need, grown: usize| {
        let body: Vec<u8> = (0..grown).map(|at| (at / 1250) as u8).collect();
        need.fulfil([Some(Body::from(bytes::Bytes::from(body)))])
    };
    let Reply::Need(need) = handle(&origin, &path(12, 1)) else { panic!("it is there") };
    let answer = bytes(need, 2500);
    assert_eq!((answer.status, answer.body.to_bytes().to_vec()), (200, vec![1; 1250]));
    let Reply::Need(need) = handle(&origin, &path(12, 1)) else { panic!("it is there") };
    assert_eq!(bytes(need, 2000).status, 500, "half a part is none");
    // One that is hinted at is waited for, and any other is not.
    assert!(matches!(handle(&origin, &path(12, 2)), Reply::Wait(_)));
    assert_eq!([path(12, 3), path(13, 0), path(11, 4)].map(|path| status(&handle(&origin, &path))), [404; 3]);
    (2..4).for_each(|index| apply(&mut origin, TimelineChange::Parted(part(12, index))));
    apply(&mut origin, TimelineChange::Added(segment(12)));
    assert!(matches!(handle(&origin, &path(12, 3)), Reply::Need(_)));
    assert!(matches!(handle(&origin, &path(13, 0)), Reply::Wait(_)), "the first one of the next segment");
    assert_eq!([path(13, 1), path(12, 4)].map(|path| status(&handle(&origin, &path))), [404; 2]);
}

#[test]
fn a_segment_by_number_is_sent_while_it_grows() {
    let mut origin = edge();
    let handle = |origin: &Origin, number: u64| {
        let path = format!("/loc/ch1.ism/QualityLevels(3500000)/Fragments(video={number},format=mpd-number-cmaf)");
        origin.handle(&Request::get(&path), NOW)
    };
    let Reply::Growing(mut growing) = handle(&origin, 12) else { panic!("two parts of it are there") };
    assert_eq!((growing.response.status, growing.response.headers.get("content-length")), (200, None));
    assert_eq!(growing.response.headers.get("cache-control"), Some("max-age=1"));
    let more = |origin: &Origin, growing: &mut Growing| match origin.grow(growing) {
        Grown::More(name, range) => {
            assert!(name.as_str().ends_with(&format!("/{}.m4s", 2 * (BASE + 12) * 90_000)), "{name}");
            range
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(more(&origin, &mut growing), 0..2500);
    assert_eq!(origin.grow(&mut growing), Grown::Later);
    apply(&mut origin, TimelineChange::Parted(part(12, 2)));
    assert_eq!(more(&origin, &mut growing), 2500..3750);
    apply(&mut origin, TimelineChange::Parted(part(12, 3)));
    assert_eq!(origin.grow(&mut growing), Grown::Later, "the last one comes with the segment");
    let mut late = growing.clone();
    apply(&mut origin, TimelineChange::Added(segment(12)));
    assert_eq!(more(&origin, &mut growing), 3750..5000);
    assert_eq!(origin.grow(&mut growing), Grown::Whole);
    // The next one is waited for, also before the one ahead of it is whole.
    assert!(matches!(handle(&origin, 13), Reply::Wait(_)));
    apply(&mut origin, TimelineChange::Parted(part(13, 0)));
    assert!(matches!((handle(&origin, 13), handle(&origin, 15)), (Reply::Growing(_), Reply::Wait(_))));
    assert_eq!(status(&handle(&origin, 16)), 412);
    let Reply::Growing(mut cut_off) = handle(&origin, 13) else { panic!("one part of it is there") };
    assert!(matches!(origin.grow(&mut cut_off), Grown::More(..)));
    apply(&mut origin, TimelineChange::Ended);
    assert_eq!(origin.grow(&mut cut_off), Grown::Lost, "it will never be whole");
    assert!(matches!(origin.grow(&mut late), Grown::More(..)), "what is whole can still be had");
    origin.forget(&asset());
    assert_eq!(origin.grow(&mut late), Grown::Lost);
}

/// The same part, of whose sound nothing is there.
fn silent(part: Part) -> Part {
    let nothing = PartSpan { bytes: 0, duration: 0, is_independent: false, ..part.spans[2] };
    // Where nothing is there the boundary stands for the fragment.
    let nothing = PartSpan { fragment: part.spans[2].fragment - 7, ..nothing };
    Part { spans: [part.spans[0], part.spans[1], nothing].into(), ..part }
}

#[test]
fn sound_that_begins_late_is_found_by_its_own_name_and_a_gap_keeps_the_count() {
    let mut origin = edge();
    apply(&mut origin, TimelineChange::Parted(part(12, 2)));
    apply(&mut origin, TimelineChange::Parted(part(12, 3)));
    apply(&mut origin, TimelineChange::Added(segment(12)));
    apply(&mut origin, TimelineChange::Parted(silent(part(13, 0))));
    apply(&mut origin, TimelineChange::Parted(part(13, 1)));
    let ticks = part(13, 1).spans[2].fragment;
    let uri = |index: u32| format!("Fragments(audio={ticks},part={index},format=m3u8-cmaf).m4s");
    let sound = text(&get(&origin, SOUND));
    let gap = format!("#EXT-X-PART:DURATION=0.500000,URI=\"{}\",GAP=YES\n", uri(0));
    assert!(sound.contains(&gap) && sound.contains(&format!("URI=\"{}\",INDEPENDENT=YES\n", uri(1))), "{sound}");
    let handle =
        |index| origin.handle(&Request::get(&format!("/loc/ch1.ism/QualityLevels(64000)/{}", uri(index))), NOW);
    assert!(matches!((handle(1), handle(2)), (Reply::Need(_), Reply::Wait(_))));
    assert_eq!(status(&handle(0)), 404);
}

#[test]
fn what_comes_back_with_its_whole_fragment_is_not_shown_in_parts() {
    let mut origin = edge();
    // The first parts of segment 12 are there; sound has the rest of its fragment in the last one alone.
    (0..3).for_each(|index| apply(&mut origin, TimelineChange::Parted(silent(part(12, index)))));
    let whole = PartSpan { at: 0, bytes: 5000, duration: 88_200, ..part(12, 3).spans[2] };
    let last = part(12, 3);
    let last = Part { spans: [last.spans[0], last.spans[1], whole].into(), ..last };
    apply(&mut origin, TimelineChange::Parted(last));
    apply(&mut origin, TimelineChange::Added(segment(12)));
    let sound = text(&get(&origin, SOUND));
    assert!(!sound.contains(&format!("audio={},part=0", segment(12).spans[2].start)), "{sound}");
    let pictures = text(&get(&origin, VIDEO));
    assert!(pictures.contains(&format!("video={},part=3", segment(12).spans[0].start)), "{pictures}");
}
