use super::*;
use crate::{
    archive::rig::ladder,
    media::{Pack, Span},
    time::{MediaTime, Utc},
};

fn sealed(sequence: u64) -> SealedSegment {
    let start = MediaTime::ZERO.plus(MediaDuration::from_secs(2 * sequence as i64));
    let span = |scale: u64| Span { start: 2 * sequence * scale, duration: 2 * scale as u32, bytes: 3 };
    let spans = vec![span(90_000), span(90_000), Span { bytes: 0, ..span(44_100) }];
    let segment = Segment {
        sequence,
        start,
        duration: MediaDuration::from_secs(2),
        is_discontinuous: false,
        spans: spans.into(),
        cues: Arc::default(),
        pack: Pack::default(),
    };
    let body = Body::from(String::from("abc"));
    SealedSegment { segment, fragments: vec![body.clone(), body, Body::new()], parts: vec![], faults: vec![] }
}

fn asset(window: i64) -> Asset {
    let presentation = Presentation::new(ladder(), Utc::UNIX_EPOCH);
    let config = AssetConfig {
        window: Some(MediaDuration::from_secs(window)),
        rewind: None,
        segment_duration: MediaDuration::from_secs(2),
    };
    Asset::open(AssetName::new("a").unwrap(), presentation.into(), config)
}

#[test]
fn objects_come_before_the_update_that_lists_them_and_leave_after_the_one_that_drops_them() {
    let mut asset = asset(4);
    let mut stored = std::collections::BTreeSet::new();
    let mut listed = std::collections::VecDeque::new();
    for sequence in 0..20 {
        asset.push(&sealed(sequence)).unwrap();
        while let Some(output) = asset.pull() {
            match output {
                AssetOutput::Store(object) => assert!(stored.insert(object.name.as_str().to_owned())),
                AssetOutput::Append(_) | AssetOutput::Grow(_) => {}
                AssetOutput::Discard(name) => assert!(stored.remove(name.as_str())),
                AssetOutput::Update(update) => match update.change {
                    TimelineChange::Added(segment) => listed.push_back(segment.sequence),
                    TimelineChange::Trimmed { before } => listed.retain(|sequence| *sequence >= before),
                    _ => {}
                },
            }
            for sequence in &listed {
                assert!(stored.contains(&format!("a/Video_1280x720_3500kbps/{}.m4s", sequence * 180_000)));
            }
        }
    }
    assert_eq!(listed, [18, 19]);
    // Init segments of three tracks; two rungs with the window, and as much again with one segment lingering.
    assert_eq!(stored.len(), 3 + 2 * 5);
}

#[test]
fn what_does_not_follow_is_refused_and_changes_nothing() {
    let mut asset = asset(4);
    asset.push(&sealed(0)).unwrap();
    while asset.pull().is_some() {}
    assert_eq!(asset.push(&sealed(2)), Err(TimelineError::Sequence { sequence: 2, last: 0 }));
    asset.end();
    assert_eq!(asset.push(&sealed(1)), Err(TimelineError::Ended));
    assert!(matches!(asset.pull(), Some(AssetOutput::Append(_))));
    let change = TimelineChange::Ended;
    assert_eq!(asset.pull(), Some(AssetOutput::Update(TimelineUpdate { asset: asset.name().clone(), change })));
    assert_eq!(asset.pull(), None);
}
