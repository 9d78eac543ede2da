//! Programs that end while others run on (A16.4, A17; I2; FAULTS row 62).

use std::time::Duration;

use headend::{
    archive::{TimelineChange, TimelineUpdate},
    channel::{IngestId, ProgramId},
    ingest::smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
};

use super::{
    Ladder,
    wire::{on_air, rtmp},
};
use crate::{
    rig::{Rig, script::Sent, smooth_feed::SmoothFeed},
    timeline::{count_faults, dropped},
};

/// What there is of one asset: what was told, and what was stored.
fn of(rig: &Rig, asset: &str) -> (Vec<TimelineUpdate>, Vec<(String, Vec<u8>)>) {
    let updates = rig.updates.iter().filter(|update| update.asset.as_str() == asset).cloned().collect();
    let is_its = |name: &&String| name.split('/').next() == Some(asset);
    let names = rig.store.keys().filter(is_its);
    (updates, names.map(|name| (name.clone(), rig.object(name))).collect())
}

fn is_ended(rig: &Rig, asset: &str) -> bool {
    let (updates, _) = of(rig, asset);
    updates.iter().any(|update| matches!(update.change, TimelineChange::Ended))
}

/// The other program is stopped in the one run and runs on in the other; what `asset` holds is the same, and ends.
fn assert_undisturbed(play: impl Fn(bool) -> Rig) {
    let [stopped, plain] = [true, false].map(&play);
    assert!(is_ended(&stopped, "other") && !is_ended(&plain, "other"));
    let segments = |rig: &Rig| {
        let (updates, _) = of(rig, "asset");
        updates.iter().filter(|update| matches!(update.change, TimelineChange::Added(_))).count()
    };
    assert!(segments(&plain) >= 4);
    assert_eq!(of(&stopped, "asset"), of(&plain, "asset"));
    assert_eq!((count_faults(&stopped, |_| 1), count_faults(&plain, |_| 1)), (0, 0), "{:?}", stopped.events);
}

#[test]
fn row_62_a_program_that_ends_between_two_fragments_of_a_gop_cuts_nothing_of_another() {
    assert_undisturbed(|stops| {
        let mut ladder = Ladder::smooth();
        ladder.lanes.iter_mut().for_each(|lane| lane.gop = 100);
        let other = ladder.rig.start_program("other");
        // Two seconds at once every two seconds.
        for n in 0..10 {
            ladder.burst(2000);
            if stops && n == 4 {
                ladder.rig.channel.stop_program(other).unwrap();
            }
            ladder.rig.pass(Duration::from_secs(2));
        }
        ladder.rig
    });
}

fn smooth(stops: bool) -> Rig {
    let (mut rig, mut feed) = (on_air(), SmoothFeed::new(0));
    feed.script.gop = 60;
    let sent = SmoothFeed::sent(&feed.gops(8));
    let session = SmoothDemuxer::new(SmoothConfig::default(), SmoothStreams::new(), rig.now);
    let id = rig.attach("smooth", Box::new(session));
    rig.bytes(id, feed.header());
    let other = rig.start_program("other");
    play(&mut rig, id, &sent, stops.then_some((other, 8)));
    rig
}

/// Plays what was sent; a program is stopped before the `n`-th piece.
fn play(rig: &mut Rig, id: IngestId, sent: &[Sent], stop: Option<(ProgramId, usize)>) {
    let start = rig.now.monotonic;
    let at = stop.map_or(0, |(_, at)| at);
    rig.play(id, start, &sent[..at]);
    if let Some((program, _)) = stop {
        rig.channel.stop_program(program).unwrap();
    }
    rig.play(id, start, &sent[at..]);
}

#[test]
fn row_62_a_program_that_ends_between_two_gops_makes_no_discontinuity_of_another() {
    assert_undisturbed(smooth);
}

#[test]
fn row_62_a_program_that_ends_while_its_contribution_stalls_takes_no_gop_of_another() {
    assert_undisturbed(|stops| {
        let mut rig = on_air();
        let (mut feed, id) = rtmp(&mut rig, 1000);
        let mut sent = feed.pictures(480);
        // For two seconds nothing comes, and then what was held up: with an IDR, and in the midst of a GOP.
        for (n, piece) in sent.iter_mut().enumerate() {
            let second = Duration::from_secs(1);
            let until =
                [240, 390].into_iter().find(|from| (*from..from + 60).contains(&n)).map(|from| from as u32 + 59);
            piece.at = until.map_or(piece.at, |last| second * last / 30);
        }
        let other = rig.start_program("other");
        play(&mut rig, id, &sent, stops.then_some((other, 240)));
        rig
    });
}

#[test]
fn a_program_that_ends_when_nothing_comes_any_more_waits_for_no_longer_than_the_longest_segment() {
    for is_shared in [false, true] {
        let mut ladder = Ladder::smooth();
        ladder.send(9);
        let program = ladder.rig.channel.running_programs().next().unwrap().0;
        is_shared.then(|| ladder.rig.start_program("other"));
        ladder.rig.channel.stop_program(program).unwrap();
        let left = usize::from(is_shared);
        ladder.rig.pass(Duration::from_millis(if is_shared { 5700 } else { 700 }));
        assert_eq!(ladder.rig.channel.running_programs().count(), 1 + left);
        ladder.rig.pass(Duration::from_millis(200));
        assert_eq!(ladder.rig.channel.running_programs().count(), left);
        assert!(is_ended(&ladder.rig, "asset"));
        assert_eq!(ladder.rig.stored("asset", 0).len(), 225);
    }
}

#[test]
fn a_program_that_follows_one_that_was_cut_misses_no_gop() {
    // The IDR comes to a whole millisecond before the picture before it is over.
    let mut rig = on_air();
    let (mut feed, id) = rtmp(&mut rig, 1000);
    let sent = feed.pictures(480);
    let start = rig.now.monotonic;
    rig.play(id, start, &sent[..240]);
    let first = rig.channel.running_programs().next().unwrap().0;
    rig.channel.stop_program(first).unwrap();
    rig.pass(Duration::from_secs(2));
    assert!(is_ended(&rig, "asset"));
    rig.start_program("other");
    rig.play(id, start, &sent[240..]);
    let (updates, _) = of(&rig, "other");
    let segments = updates.iter().filter_map(|update| match &update.change {
        TimelineChange::Added(segment) => Some(segment.start),
        _ => None,
    });
    let seconds: Vec<i64> = segments.map(|start| start.flicks() / headend::time::FLICKS_PER_SECOND).collect();
    assert_eq!(seconds, [9, 11, 13]);
    // All that is lost is the sound that belongs before the cut and came after it.
    assert!(dropped(&rig, |reason| reason == "no segment has a place for it") <= 2, "{:?}", rig.events);
    assert_eq!(count_faults(&rig, |fault| u64::from(fault.code() != "INGEST_DROPPED")), 0, "{:?}", rig.events);
}
