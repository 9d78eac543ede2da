//! Fragments that the store has lost: manifests and answers from then on (FAULTS row 59).

use std::sync::Arc;

use super::{
    tests::{BASE, NOW, asset, get, segment, text},
    *,
};
use crate::{
    archive::{Loss, rig::ladder},
    media::{Part, PartSpan, Presentation, Segment, Span},
    time::{MediaDuration, Utc},
};

const VIDEO: &str = "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf)";
const OTHER: &str = "QualityLevels(200000)/Manifest(video,format=m3u8-cmaf)";
/// Every manifest, those that are not kept up among them.
const MANIFESTS: [&str; 17] = [
    VIDEO,
    OTHER,
    "QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf)",
    "QualityLevels(3500000)/Manifest(video,format=m3u8-aapl)",
    "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf,type=keyframes)",
    "QualityLevels(3500000,audiotrack=audio)/Manifest(video,format=m3u8-aapl-v3)",
    "Manifest(format=m3u8-cmaf)",
    "Manifest(format=m3u8-aapl)",
    "Manifest(format=m3u8-aapl-v3)",
    "Manifest(format=mpd-time-cmaf)",
    "Manifest(format=mpd-time-csf)",
    "Manifest(format=mpd-number-cmaf)",
    "Manifest",
    "Manifest(format=fmp4-v20)",
    "Manifest(format=f4m-f4f)",
    "QualityLevels(3500000)/Manifest(video,format=f4m-f4f).abst",
    "QualityLevels(64000)/Manifest(audio,format=f4m-f4f).abst",
];

const LOST: [(u64, usize); 4] = [(6, 0), (7, 0), (7, 1), (8, 2)];

fn apply(origin: &mut Origin, change: TimelineChange) {
    origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
}

fn losses(lost: &[(u64, usize)]) -> TimelineChange {
    TimelineChange::Lost(lost.iter().map(|(sequence, track)| Loss { sequence: *sequence, track: *track }).collect())
}

/// Some are behind a gap in time.
fn plain(sequence: u64) -> Segment {
    Segment { is_discontinuous: matches!(sequence, 1 | 5 | 7), ..segment(sequence) }
}

/// The segment, as it is where it never had what is lost.
fn without(sequence: u64) -> Segment {
    let plain = plain(sequence);
    let spans = plain.spans.iter().enumerate();
    let span = |(track, span): (usize, &Span)| Span {
        bytes: if LOST.contains(&(sequence, track)) { 0 } else { span.bytes },
        ..*span
    };
    Segment { spans: spans.map(span).collect(), ..plain }
}

/// Ten segments, of which a window of 14 s keeps the newest, and manifests show `rewind` of it.
fn origin(rewind: Option<i64>, of: impl Fn(u64) -> Segment) -> Origin {
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &asset(), "ch1").unwrap();
    let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
    let (window, segment_duration) = (Some(MediaDuration::from_secs(14)), MediaDuration::from_secs(2));
    let rewind = rewind.map(MediaDuration::from_secs);
    apply(&mut origin, TimelineChange::Opened { presentation, window, rewind, segment_duration });
    (0..10).for_each(|n| apply(&mut origin, TimelineChange::Added(of(n))));
    apply(&mut origin, TimelineChange::Trimmed { before: 3 });
    origin
}

fn assert_same(lost: &Origin, never: &Origin) {
    for rest in MANIFESTS {
        let [lost, never] = [lost, never].map(|origin| get(origin, rest));
        assert_eq!((lost.status, never.status), (200, 200), "{rest}");
        assert_eq!(lost.body.to_bytes(), never.body.to_bytes(), "{rest}");
    }
}

#[test]
fn manifests_are_as_if_it_had_never_been_there_row_59() {
    for rewind in [None, Some(10)] {
        let (mut lost, mut never) = (origin(rewind, plain), origin(rewind, without));
        let tag = |origin: &Origin| get(origin, VIDEO).headers.get("etag").unwrap().to_owned();
        let before = (tag(&lost), text(&get(&lost, VIDEO)));
        apply(&mut lost, losses(&LOST));
        assert_ne!(tag(&lost), before.0, "who has the old one is not told that nothing changed");
        let playlist = text(&get(&lost, VIDEO));
        assert_eq!(playlist.matches("#EXT-X-GAP\n").count(), 2);
        assert_eq!(playlist.replace("#EXT-X-GAP\n", ""), before.1, "and nothing else is different");
        assert_eq!(text(&get(&lost, OTHER)).matches("#EXT-X-GAP\n").count(), 1);
        assert_same(&lost, &never);
        // It goes on: segments join and leave, what is missing among them, until all that is lost has left.
        for n in 10..18 {
            for origin in [&mut lost, &mut never] {
                apply(origin, TimelineChange::Added(segment(n)));
                apply(origin, TimelineChange::Trimmed { before: n - 6 });
            }
            assert_same(&lost, &never);
        }
        assert!(!text(&get(&lost, VIDEO)).contains("GAP"));
        // Also on demand.
        apply(&mut lost, losses(&[(15, 0)]));
        apply(&mut lost, TimelineChange::Ended);
        let ended = text(&get(&lost, VIDEO));
        apply(&mut lost, losses(&[(14, 0)]));
        let both = text(&get(&lost, VIDEO));
        assert_eq!((ended.matches("GAP").count(), both.matches("GAP").count()), (1, 2));
        assert!(both.ends_with("#EXT-X-ENDLIST\n") && both.matches("#EXTINF").count() == 7, "{both}");
    }
}

#[test]
fn what_is_lost_is_not_there_for_whoever_asks_row_59() {
    let mut origin = origin(None, segment);
    let status = |origin: &Origin, rest: &str| match origin.handle(&Request::get(&format!("/loc/ch1.ism/{rest}")), NOW)
    {
        Reply::Need(_) => 200,
        Reply::Response(response) => response.status,
        other => panic!("{other:?}"),
    };
    let ticks = |n: u64| 2 * (BASE + n) * 90_000;
    let all = |n: u64| {
        [
            format!("QualityLevels(3500000)/Fragments(video={},format=m3u8-cmaf)", ticks(n)),
            format!("QualityLevels(3500000)/Fragments(video={n},format=mpd-number-cmaf)"),
            format!("QualityLevels(3500000)/Fragments(video={},format=m3u8-aapl)", ticks(n)),
            format!("QualityLevels(3500000)/Fragments(video={})", ticks(n)),
            format!("QualityLevels(3500000)/Fragments(video,format=f4m-f4f)Seg1-Frag{}", n + 1),
        ]
    };
    apply(&mut origin, losses(&[(6, 0)]));
    assert_eq!(all(6).map(|rest| status(&origin, &rest)), [404; 5]);
    assert_eq!(all(5).map(|rest| status(&origin, &rest)), [200; 5]);
    let other = format!("QualityLevels(200000)/Fragments(video={},format=m3u8-cmaf)", ticks(6));
    assert_eq!(status(&origin, &other), 200, "the other rung has it");
    // What has left the window is not listed, and no manifest changes.
    let tag = get(&origin, VIDEO).headers.get("etag").unwrap().to_owned();
    apply(&mut origin, losses(&[(2, 0), (77, 0), (6, 0)]));
    assert_eq!(get(&origin, VIDEO).headers.get("etag"), Some(&tag[..]));
    assert_eq!(status(&origin, &all(2)[4]), 404);
}

#[test]
fn its_parts_are_gaps_too_row_59() {
    let mut origin = origin(None, segment);
    let part = |index: u32| {
        let plain = segment(10);
        let span = |span: &Span| PartSpan {
            fragment: span.start,
            duration: span.duration / 2,
            at: index * 2500,
            bytes: 2500,
            is_independent: index == 0,
        };
        Part {
            sequence: 10,
            index,
            is_last: index == 1,
            start: plain.start,
            is_discontinuous: false,
            length: MediaDuration::from_secs(1),
            cues: Arc::default(),
            spans: plain.spans.iter().map(span).collect(),
        }
    };
    (0..2).for_each(|index| apply(&mut origin, TimelineChange::Parted(part(index))));
    apply(&mut origin, TimelineChange::Added(segment(10)));
    let before = text(&get(&origin, VIDEO));
    assert!(before.matches("#EXT-X-PART:").count() == 2 && !before.contains("GAP"), "{before}");
    apply(&mut origin, losses(&[(10, 0)]));
    let after = text(&get(&origin, VIDEO));
    assert_eq!(after.matches("#EXT-X-GAP\n").count(), 1, "{after}");
    assert!(!after.lines().any(|line| line.starts_with("#EXT-X-PART:") && !line.contains("GAP=YES")), "{after}");
    let rest = format!("QualityLevels(3500000)/Fragments(video={},part=0,format=m3u8-cmaf)", 2 * (BASE + 10) * 90_000);
    assert_eq!(get(&origin, &rest).status, 404);
    assert!(!text(&get(&origin, OTHER)).contains("GAP"));
}
