//! A transport stream falls silent and comes back (FAULTS row 15), or loses two seconds at once (row 21).

use std::time::Duration;

use headend::{channel::Event, error::Fault, splice::OnAir, time::Timescale};

use crate::{
    rig::{
        Rig,
        line::{RtpSender, datagrams, lose, over_rtp},
        ts_feed::TsFeed,
    },
    timeline::{assert_in_step, assert_seamless, count_faults, dropped, on_air, pictures},
    watch::watch,
};

const OUT_AND_BACK: [OnAir; 5] = [OnAir::Slate, OnAir::Live, OnAir::Slate, OnAir::Live, OnAir::Slate];
const FRAME: i64 = 3000;

fn changes(rig: &Rig) -> Vec<i64> {
    let at = |event: &Event| if let Event::OnAir { at, .. } = event { Some(at.ticks(Timescale::MPEG)) } else { None };
    rig.events.iter().filter_map(|(_, event)| at(event)).collect()
}

/// The slate comes one second after the last picture, to the frame, and the first picture after it is the IDR's.
fn assert_out_and_back(rig: &Rig, feed: &TsFeed, last: usize, idr: usize) {
    assert_eq!(on_air(rig), OUT_AND_BACK, "{:?}", rig.events);
    let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
    let shown = pictures(rig);
    let (slate, live) = (changes(rig)[2], changes(rig)[3]);
    let until_slate: Vec<u8> = shown.iter().filter(|(at, _)| *at < slate).map(|(_, luma)| *luma).collect();
    let held = until_slate.iter().rev().take_while(|luma| **luma == marks[last]).count() as i64;
    assert!((30..=31).contains(&held), "{held} frames show the last picture");
    let back = shown.iter().position(|(at, _)| *at == live).unwrap();
    let after: Vec<u8> = shown[back..].iter().map(|(_, luma)| *luma).collect();
    assert!(after.starts_with(&marks[idr..idr + 60]), "pictures go on from the IDR");
    assert!(shown.windows(2).all(|pair| pair[1].0 - pair[0].0 == FRAME), "a constant rate throughout");
}

#[test]
fn row_15_a_silence_is_filled_and_ends_with_the_first_idr() {
    for millis in [100, 900, 1_500, 5_000, 600_000] {
        let mut feed = TsFeed::new(900_000);
        let mut packets = feed.pictures(221);
        feed.script.leave_out(millis * 90);
        packets.extend(feed.pictures(300));
        let (rig, seen) = watch(&datagrams(&packets));
        assert_seamless(&rig);
        assert_in_step(&rig, 12);
        assert_eq!(count_faults(&rig, |fault| u64::from(matches!(fault, Fault::TimeJump { .. }))), 0, "{millis}");
        let idr = feed.script.pictures().skip(221).position(|unit| unit.is_idr).unwrap();
        if millis < 1000 {
            assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate], "{millis}");
            assert_eq!(seen.video.len(), 521, "{millis}");
        } else {
            assert_out_and_back(&rig, &feed, 220, 221 + idr);
            assert_eq!(dropped(&rig, |reason| reason == "before the first IDR"), idr as u64, "{millis}");
            assert_eq!(seen.video.len() + idr, 521, "{millis}");
        }
    }
}

#[test]
fn row_21_a_burst_of_two_seconds_is_counted_whole_and_filled() {
    let mut feed = TsFeed::new(900_000);
    feed.script.gop = 25;
    let sent = over_rtp(&feed.pictures(500), &mut RtpSender::default());
    let (from, to) = (Duration::from_millis(5_010), Duration::from_millis(7_010));
    let (kept, lost) = lose(&sent, |_, piece| (from..to).contains(&piece.at));
    let (rig, seen) = watch(&kept);
    assert_seamless(&rig);
    assert_in_step(&rig, 10);
    let told = count_faults(&rig, |fault| if let Fault::Loss { lost, stream: None } = fault { *lost } else { 0 });
    assert_eq!(told, lost.len() as u64);
    let pictures: Vec<_> = feed.script.pictures().collect();
    let first_lost = (5.010 * 30.0_f64).ceil() as usize;
    let back = (7.010 * 30.0_f64).ceil() as usize;
    let idr = back + pictures[back..].iter().position(|unit| unit.is_idr).unwrap();
    assert_out_and_back(&rig, &feed, first_lost - 1, idr);
    // Whole ones before and after came through; those between the burst and the IDR were dropped and counted.
    assert_eq!(
        seen.video.len() as u64 + dropped(&rig, |reason| reason == "before the first IDR"),
        500 - (back - first_lost) as u64
    );
}
