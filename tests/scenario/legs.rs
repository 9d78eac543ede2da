//! Two legs of RTP (SMPTE ST 2022-7) that are apart, lose packets and die: nothing is lost while one of them has each packet
//! (FAULTS row 24).

use std::time::Duration;

use headend::{channel::Event, error::Fault};

use crate::{
    rig::{
        Rig,
        line::{RtpSender, later, over_rtp},
        script::{Random, Sent},
        ts_feed::TsFeed,
    },
    timeline::{assert_in_step, assert_same_output, assert_seamless, count_faults},
    watch::watch,
};

fn sent() -> Vec<Sent> {
    over_rtp(&TsFeed::new(900_000).pictures(330), &mut RtpSender::default())
}

/// Both legs as they arrive on one port.
fn merged(legs: [Vec<Sent>; 2]) -> Vec<Sent> {
    let mut all = legs.concat();
    all.sort_by_key(|piece| piece.at);
    all
}

fn lost(rig: &Rig) -> u64 {
    count_faults(rig, |fault| match fault {
        Fault::Loss { lost, .. } => *lost,
        Fault::Late { late } => *late,
        _ => 0,
    })
}

#[test]
fn row_24_legs_up_to_450_ms_apart_that_lose_what_the_other_has_make_the_whole_feed() {
    let (clean, _) = watch(&sent());
    assert_seamless(&clean);
    assert_in_step(&clean, 9);
    for (seed, millis) in [0, 20, 200, 450].into_iter().enumerate() {
        for late in 0..2 {
            let skew = |leg: usize| Duration::from_millis(if leg == late { millis } else { 0 });
            let mut random = Random(seed as u64 + 10);
            let mut legs = [Vec::new(), Vec::new()];
            for (n, piece) in sent().into_iter().enumerate() {
                // One in five is lost on one leg, in runs of up to three.
                let loser = if random.below(5) == 0 && n > 60 { random.below(2) } else { 2 };
                (0..2).filter(|leg| *leg != loser).for_each(|leg| legs[leg].push(piece.clone()));
            }
            let [first, second] = legs;
            let (rig, _) = watch(&merged([later(first, skew(0)), later(second, skew(1))]));
            assert_eq!(lost(&rig), 0, "{millis} ms on leg {late}: {:?}", rig.events);
            assert_same_output(&clean, &rig);
        }
    }
}

#[test]
fn row_24_a_leg_that_dies_and_comes_back_is_not_seen() {
    let (clean, _) = watch(&sent());
    for millis in [0, 20, 200, 450] {
        for late in 0..2 {
            for dies in 0..2 {
                let mut legs = [0, 1].map(|leg: usize| {
                    let skew = if leg == late { millis } else { 0 };
                    later(sent(), Duration::from_millis(skew))
                });
                let hole = Duration::from_millis(4123)..Duration::from_millis(7456);
                legs[dies].retain(|piece| !hole.contains(&piece.at));
                let (rig, _) = watch(&merged(legs));
                assert_eq!(lost(&rig), 0, "{millis} ms, late {late}, dies {dies}: {:?}", rig.events);
                let changes = rig.count_events(|event| matches!(event, Event::OnAir { .. }));
                assert_eq!(changes, 3, "{:?}", rig.events);
                assert_same_output(&clean, &rig);
            }
        }
    }
}
