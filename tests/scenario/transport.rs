//! Transport packets out of sync, of other lengths and with holes between them (FAULTS rows 27 and 28).

use std::collections::BTreeSet;

use bytes::Bytes;
use headend::{
    channel::Event,
    error::Fault,
    ingest::{TsConfig, TsDemuxer},
    splice::OnAir,
};

use crate::{
    rig::{
        Rig,
        line::{datagrams, lose},
        script::{Random, Sent},
        toy_codecs::Seen,
        ts_feed::{TsFeed, VIDEO, pid},
    },
    timeline::{assert_in_step, assert_same, assert_seamless, count_faults, on_air},
    watch::{assert_honest, has_whole, watch, watch_through},
};

fn watch_ts(sent: &[Sent]) -> (Rig, Seen) {
    watch_through(Box::new(TsDemuxer::new(TsConfig::default())), sent)
}

/// All but the `touched` units came through whole, and the channel never noticed.
fn assert_only(touched: &BTreeSet<usize>, feed: &TsFeed, (rig, seen): &(Rig, Seen)) {
    assert_seamless(rig);
    assert_in_step(rig, 8);
    assert_eq!(on_air(rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
    assert_honest(seen, &feed.script.units);
    let missing = feed.script.units.iter().enumerate().skip(60);
    let missing: Vec<usize> =
        missing.filter(|(n, unit)| !touched.contains(n) && !has_whole(seen, unit)).map(|(n, _)| n).collect();
    assert_eq!(missing, Vec::<usize>::new());
}

#[test]
fn row_27_bytes_between_packets_cost_the_access_units_that_they_touch_at_most() {
    for seed in 0..4 {
        let mut feed = TsFeed::new(900_000);
        let mut packets = feed.pictures(300);
        let (mut random, mut touched, mut skipped) = (Random(seed), BTreeSet::new(), 0);
        for place in (800..packets.len() - 20).step_by(97).rev() {
            // Junk that is all sync bytes is the hardest to see through.
            let length = 1 + random.below(187);
            let byte = if random.below(2) == 0 { 0x47 } else { 0x11 };
            let junk = Bytes::from(vec![byte; length]);
            skipped += length as u64;
            touched.extend(packets[place - 1..=place].iter().flat_map(|packet| packet.units.clone()));
            let at = packets[place].at;
            packets.insert(place, Sent { at, bytes: junk, units: vec![] });
        }
        let run = watch(&datagrams(&packets));
        assert_only(&touched, &feed, &run);
        let told = count_faults(&run.0, |fault| if let Fault::Resync { skipped } = fault { *skipped } else { 0 });
        assert_eq!(told, skipped, "seed {seed}");
    }
}

#[test]
fn row_27_packets_of_192_and_204_bytes_give_the_same_output() {
    let packets = TsFeed::new(900_000).pictures(300);
    let (plain, _) = watch_ts(&packets);
    assert_seamless(&plain);
    for (before, after) in [(4, 0), (0, 16)] {
        let longer = |packet: &Sent| {
            let bytes = [&vec![0xAA; before], &packet.bytes[..], &vec![0x55; after]].concat();
            Sent { bytes: bytes.into(), ..packet.clone() }
        };
        let longer: Vec<Sent> = packets.iter().map(longer).collect();
        assert_same(&plain, &watch_ts(&longer).0);
    }
}

#[test]
fn row_28_a_hole_in_a_picture_flags_that_one_and_a_lost_start_drops_it() {
    for is_start_lost in [false, true] {
        let mut feed = TsFeed::new(900_000);
        let packets = feed.pictures(300);
        let (victim, _) = feed.script.units.iter().enumerate().filter(|(_, unit)| unit.is_video).nth(155).unwrap();
        let mut seen_of_it = 0;
        let (kept, lost) = lose(&packets, |_, packet| {
            let is_ours = packet.units.contains(&victim);
            seen_of_it += u64::from(is_ours);
            is_ours && seen_of_it == if is_start_lost { 1 } else { 3 }
        });
        assert_eq!((lost.len(), pid(&lost[0].bytes)), (1, VIDEO));
        let (rig, seen) = watch(&datagrams(&kept));
        let damaged = seen.video.iter().filter(|unit| unit.is_damaged).count();
        assert_eq!((damaged, seen.video.len()), if is_start_lost { (0, 299) } else { (1, 300) });
        let told = rig.count_events(|event| {
            matches!(event, Event::Fault { fault: Fault::Loss { lost: 1, stream: Some(0x100) }, count: 1, .. })
        });
        assert_eq!(told, 1, "{:?}", rig.events);
        assert_only(&BTreeSet::from([victim]), &feed, &(rig, seen));
    }
}
