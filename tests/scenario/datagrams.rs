//! Datagrams in another order, twice, from another source, with counters that wrap (FAULTS rows 22, 23, 25 and 26).

use std::time::Duration;

use headend::{channel::Event, error::Fault};

use crate::{
    rig::{
        Rig,
        line::{RtpSender, datagrams, over_rtp},
        script::{Random, Sent},
        ts_feed::TsFeed,
    },
    timeline::{assert_in_step, assert_same, assert_same_output, assert_seamless, count_faults},
    watch::{has_whole, watch},
};

fn packets() -> Vec<Sent> {
    TsFeed::new(900_000).pictures(330)
}

fn sent() -> Vec<Sent> {
    over_rtp(&packets(), &mut RtpSender::default())
}

fn undisturbed() -> Rig {
    let (rig, _) = watch(&sent());
    assert_seamless(&rig);
    assert_in_step(&rig, 9);
    assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", rig.events);
    rig
}

/// Puts the bytes of `order[n]` in the n-th place, whose time stays.
fn permuted(sent: &[Sent], order: &[usize]) -> Vec<Sent> {
    sent.iter().zip(order).map(|(place, from)| Sent { at: place.at, ..sent[*from].clone() }).collect()
}

#[test]
fn row_22_reordering_within_the_window_changes_not_one_byte() {
    let (clean, sent) = (undisturbed(), sent());
    for seed in 0..3 {
        let (mut random, mut order) = (Random(seed), (0..sent.len()).collect::<Vec<_>>());
        // From the moment on at which the feed is on air for sure; ten datagrams are 300 ms.
        for ten in order[60..].chunks_exact_mut(10) {
            (0..10).for_each(|at| ten.swap(at, at + random.below(10 - at)));
        }
        let (mixed, _) = watch(&permuted(&sent, &order));
        assert_same(&clean, &mixed);
    }
}

#[test]
fn row_22_a_datagram_beyond_the_window_is_late_and_counted_once() {
    let sent = sent();
    let mut late = sent.clone();
    let mut straggler = late.remove(301);
    straggler.at += Duration::from_millis(900);
    let place = late.iter().position(|piece| piece.at > straggler.at).unwrap();
    late.insert(place, straggler.clone());
    let (rig, seen) = watch(&late);
    assert_seamless(&rig);
    assert_in_step(&rig, 8);
    assert_eq!(count_faults(&rig, |fault| if let Fault::Late { late } = fault { *late } else { 0 }), 1);
    let lost = count_faults(&rig, |fault| if let Fault::Loss { lost, stream: None } = fault { *lost } else { 0 });
    assert_eq!(lost, 1);
    let mut feed = TsFeed::new(900_000);
    feed.pictures(330);
    let touched = |n: usize| straggler.units.contains(&n);
    assert!(feed.script.units.iter().enumerate().skip(60).all(|(n, unit)| touched(n) || has_whole(&seen, unit)));
}

#[test]
fn row_23_duplicates_of_datagrams_and_of_packets_change_not_one_byte() {
    let (clean, sent) = (undisturbed(), sent());
    let at_once: Vec<Sent> = sent.iter().flat_map(|piece| [piece.clone(), piece.clone()]).collect();
    assert_same(&clean, &watch(&at_once).0);
    let mut afterwards = sent.clone();
    for (index, piece) in sent.iter().enumerate().skip(60).step_by(7).rev() {
        let place = (index + 13).min(sent.len() - 1);
        afterwards.insert(place, Sent { at: sent[place].at, ..piece.clone() });
    }
    assert_same(&clean, &watch(&afterwards).0);
    // ISO/IEC 13818-1 clause 2.4.3.3: a packet may be sent twice in a row with the same counter.
    let twice: Vec<Sent> = packets().into_iter().flat_map(|packet| [packet.clone(), packet]).collect();
    let (plain, _) = watch(&datagrams(&packets()));
    assert_same(&plain, &watch(&datagrams(&twice)).0);
}

#[test]
fn row_25_a_new_source_and_a_sequence_reset_are_one_event_and_lose_nothing() {
    let clean = undisturbed();
    let packets = packets();
    let cut = packets.iter().position(|packet| packet.at > Duration::from_secs(5)).unwrap();
    let (before, after) = packets.split_at(cut);
    let old = RtpSender::default();
    let new = [
        RtpSender { ssrc: 8, ..old },
        RtpSender { sequence: 40_000, time: 3_000_000_000, ..old },
        RtpSender { sequence: 0, time: 0, ssrc: 9 },
    ];
    for mut new in new {
        let mut old = old;
        let mut sent = over_rtp(before, &mut old);
        sent.extend(over_rtp(after, &mut new));
        let (rig, _) = watch(&sent);
        assert_seamless(&rig);
        assert_eq!(
            rig.count_events(|event| matches!(event, Event::Fault { fault: Fault::SourceChanged, count: 1, .. })),
            1
        );
        assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 1, "{:?}", rig.events);
        assert_same_output(&clean, &rig);
    }
}

#[test]
fn row_26_wraps_of_the_rtp_time_stamp_and_sequence_change_not_one_byte() {
    let clean = undisturbed();
    for (sequence, time) in [(65_300, 5_000_000), (1000, u32::MAX - 5 * 90_000), (65_535, u32::MAX)] {
        let mut sender = RtpSender { sequence, time, ..RtpSender::default() };
        assert_same(&clean, &watch(&over_rtp(&packets(), &mut sender)).0);
    }
}
