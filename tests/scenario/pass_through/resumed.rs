//! A program that goes on in another run of the host (FAULTS row 60): the encoder's clock went on, or began anew, or the ladder is
//! another one.

use std::time::Duration;

use bytes::Bytes;
use headend::{
    archive::{AssetName, ObjectName, Recovered, Segment, TimelineChange},
    channel::{Event, ProgramConfig},
    time::{MediaDuration, MediaTime},
};

use super::{Ladder, assert_aligned, config};
use crate::rig::{Rig, toy_codecs::ToyCodecs};

/// Twenty seconds, and then the host is killed.
fn killed() -> Ladder {
    let mut ladder = Ladder::smooth();
    ladder.send(20);
    ladder
}

/// The next life of the host, three seconds later, with what it finds in its store.
fn next_life(before: &Ladder) -> Rig {
    let mut rig = Rig::new(config(2000), ToyCodecs::shared());
    rig.now = before.rig.now;
    rig.advance_to(before.rig.now.monotonic + Duration::from_secs(3));
    rig.store = before.rig.store.clone();
    let asset = AssetName::new("asset").unwrap();
    let page = rig.object(ObjectName::index_page(&asset, 0).as_str());
    let recovered = Recovered::open(&asset, &[(0, Bytes::from(page))]).unwrap();
    rig.updates = recovered.updates().collect();
    assert_eq!(rig.segments(), before.rig.segments());
    rig.start();
    rig.channel.resume_program(ProgramConfig::new(asset), &recovered).unwrap();
    rig
}

fn assert_gone_on(before: &[Segment], after: &Ladder) -> MediaTime {
    let segments = after.rig.segments();
    assert!(segments.len() >= before.len() + 5, "{} {}", before.len(), segments.len());
    assert_eq!(segments[..before.len()], *before);
    let marks = segments.iter().filter(|segment| segment.is_discontinuous).count();
    assert!(segments[before.len()].is_discontinuous && marks == 1, "one discontinuity");
    assert_aligned(&segments, &after.rig);
    segments[before.len()].start
}

#[test]
fn row_60_an_encoder_that_went_on_keeps_its_times() {
    let before = killed();
    let mut after = Ladder::on(next_life(&before), 6, Ladder::five_rungs(0));
    after.at = before.at + 3000;
    after.lanes.iter_mut().for_each(|lane| lane.skip_to(before.at + 3000));
    after.send(20);
    let start = assert_gone_on(&before.rig.segments(), &after);
    assert_eq!(
        start.since(MediaTime::ZERO),
        MediaDuration::from_secs(24),
        "the first IDR behind 23 s, by its own clock"
    );
}

#[test]
fn row_60_an_encoder_that_begins_anew_stands_where_the_host_sees_it() {
    let before = killed();
    let mut after = Ladder::on(next_life(&before), 6, Ladder::five_rungs(0));
    after.send(20);
    let start = assert_gone_on(&before.rig.segments(), &after);
    let millis = start.since(MediaTime::ZERO).flicks() / MediaDuration::from_millis(1).flicks();
    assert!((22_500..=23_500).contains(&millis), "{millis}");
}

#[test]
fn another_ladder_ends_the_asset_and_the_program() {
    let before = killed();
    let mut rungs = Ladder::five_rungs(0);
    rungs.remove(0);
    let mut after = Ladder::on(next_life(&before), 6, rungs);
    after.send(10);
    assert_eq!(after.faults("OUTPUT_BROKEN"), 1, "{:?}", after.rig.events);
    assert_eq!(after.rig.count_events(|event| matches!(event, Event::ProgramStopped { .. })), 1);
    assert_eq!(after.rig.updates.last().unwrap().change, TimelineChange::Ended);
    assert_eq!(after.rig.segments(), before.rig.segments());
    assert_eq!(after.rig.channel.running_programs().count(), 0);
}
