//! A whole ladder, in whatever order its sessions are served and whichever of its encoders dies (A5.7, A26.3).

use headend::{channel::Event, time::MediaDuration};

use super::{Ladder, assert_aligned, assert_untouched};
use crate::timeline::objects;

#[test]
fn five_rungs_of_smooth_go_through_bit_for_bit_and_aligned() {
    let mut ladder = Ladder::smooth();
    ladder.send(12);
    ladder.stop();
    let presentation = ladder.rig.presentation();
    let listed: Vec<(&str, u32, u32)> =
        presentation.tracks.iter().map(|t| (t.name.as_str(), t.bitrate, t.timescale.per_second())).collect();
    let ticks = 10_000_000;
    let expected = [
        ("video", 2_500_000, ticks),
        ("video_2", 800_000, ticks),
        ("video_3", 400_000, ticks),
        ("video_4", 300_000, ticks),
        ("video_5", 200_000, ticks),
        ("audio_eng", 96_000, ticks),
    ];
    assert_eq!(listed, expected);
    let segments = ladder.rig.segments();
    assert_eq!(segments.len(), 6);
    assert!(segments.iter().all(|segment| segment.duration == MediaDuration::from_secs(2)));
    assert_aligned(&segments, &ladder.rig);
    let counts = assert_untouched(&ladder);
    assert_eq!(counts["video"], 300);
    assert_eq!(ladder.rig.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", ladder.rig.events);
    assert_eq!(ladder.rig.works(), 0);
}

#[test]
fn three_rungs_of_rtmp_bring_one_sound_and_names_of_kind_and_bitrate_a26_3() {
    let mut ladder = Ladder::rtmp();
    ladder.send(10);
    ladder.stop();
    let presentation = ladder.rig.presentation();
    let names: Vec<(&str, u32)> =
        presentation.tracks.iter().map(|t| (t.name.as_str(), t.timescale.per_second())).collect();
    let expected =
        [("video_1600000", 90_000), ("video_800000", 90_000), ("video_400000", 90_000), ("audio_128000", 48_000)];
    assert_eq!(names, expected);
    assert_aligned(&ladder.rig.segments(), &ladder.rig);
    assert_eq!(assert_untouched(&ladder)["video_400000"], 250);
    // The wall clock of the first access unit.
    assert_eq!(presentation.epoch.unix_nanos(), crate::rig::NOON * 1_000_000_000);
}

#[test]
fn the_order_of_the_sessions_changes_nothing_i2() {
    let run = |order: Vec<usize>| {
        let mut ladder = Ladder::smooth();
        ladder.order = order;
        ladder.send(9);
        ladder.stop();
        ladder.rig
    };
    let reference = run(vec![0, 1, 2, 3, 4, 5]);
    for order in [vec![5, 4, 3, 2, 1, 0], vec![3, 0, 5, 1, 4, 2]] {
        let other = run(order);
        assert_eq!(reference.updates, other.updates);
        assert_eq!(objects(&reference), objects(&other));
    }
}

#[test]
fn an_encoder_that_dies_takes_nothing_of_the_ladder_with_it_a5_7() {
    let run = |dies: Option<i64>, whole: bool| {
        let mut ladder = Ladder::doubled();
        ladder.send(dies.unwrap_or(5));
        if dies.is_some() {
            // The whole encoder, or one rung of it.
            let sessions = if whole { 0..6 } else { 3..4 };
            sessions.for_each(|n| ladder.rig.close(ladder.ids[n]));
        }
        ladder.send(12 - dies.unwrap_or(5));
        let failovers = ladder.rig.count_events(|event| matches!(event, Event::Failover { .. }));
        ladder.stop();
        (ladder.rig, failovers)
    };
    let (reference, none) = run(None, true);
    assert_eq!((none, reference.segments().len()), (0, 6));
    for (dies, whole) in [(1, true), (5, true), (6, true), (5, false), (8, false)] {
        let (rig, failovers) = run(Some(dies), whole);
        assert_eq!(failovers, usize::from(whole));
        assert_eq!(objects(&reference), objects(&rig), "{dies} s, {whole}");
        assert_eq!(reference.updates, rig.updates);
    }
}
