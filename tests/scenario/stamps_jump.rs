//! Time stamps of a transport stream jump: one event, no gap, no burst (FAULTS rows 6 and 7).

use headend::{channel::Event, error::Fault, splice::OnAir, time::MediaDuration};

use crate::{
    rig::{Rig, line::datagrams, script::Script, ts_feed::TsFeed},
    timeline::{assert_in_step, assert_seamless, dropped, on_air, pictures},
    watch::watch,
};

fn jumps(rig: &Rig) -> Vec<i64> {
    let by = |event: &Event| match event {
        Event::Fault { fault: Fault::TimeJump { by_millis }, count: 1, .. } => Some(*by_millis),
        _ => None,
    };
    rig.events.iter().filter_map(|(_, event)| by(event)).collect()
}

/// 200 pictures, a jump, 250 pictures; `is_restart` where the encoder begins with an IDR picture after it.
fn jump(by: impl Fn(&TsFeed) -> i64, is_restart: bool) -> (Rig, u64) {
    let mut feed = TsFeed::new(3600 * Script::SECOND);
    let mut packets = feed.pictures(200);
    feed.offset += by(&feed);
    if is_restart {
        feed.script.restart();
    }
    packets.extend(feed.pictures(250));
    let (rig, seen) = watch(&datagrams(&packets));
    assert_seamless(&rig);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
    // No giant segment and no burst of short ones: fifteen seconds of pictures and a second or two around them.
    let segments = rig.segments();
    assert!((8..=11).contains(&segments.len()), "{}", segments.len());
    assert!(segments.iter().all(|segment| segment.duration <= MediaDuration::from_secs(2)));
    // Conservation: a picture was decoded, or it was dropped and that was told.
    let waited = dropped(&rig, |reason| reason == "the decoder waits for an IDR");
    assert_eq!(seen.video.len() as u64 + waited, 450);
    let sounds = feed.script.units.len() as u64 - 450;
    assert_eq!(seen.audio.len() as u64 + dropped(&rig, |reason| reason.starts_with("sound")), sounds);
    assert_in_step(&rig, 10);
    // When pictures move again, all of them are there and in order.
    let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
    let shown: Vec<u8> = pictures(&rig).iter().map(|(_, luma)| *luma).collect();
    let tail = &marks[200 + waited as usize..];
    assert!(shown.windows(tail.len()).any(|window| window == tail), "{shown:?}");
    assert_eq!(jumps(&rig).len(), 1, "{:?}", rig.events);
    (rig, waited)
}

#[test]
fn row_6_ten_seconds_and_twenty_six_hours_ahead_are_one_jump_each() {
    let (rig, waited) = jump(|_| 10 * Script::SECOND, false);
    assert_eq!((jumps(&rig), waited), (vec![10_000], 10));
    // 26 h of 26.5: with 33 bits that is half an hour back, and nobody can tell.
    let (rig, waited) = jump(|_| 26 * 3600 * Script::SECOND, false);
    assert_eq!((jumps(&rig), waited), (vec![26 * 3_600_000 - 95_443_717], 10));
}

#[test]
fn row_7_ten_seconds_back_and_a_restart_at_zero_are_one_jump_each() {
    let (rig, waited) = jump(|_| -10 * Script::SECOND, false);
    assert_eq!((jumps(&rig), waited), (vec![-10_000], 10));
    // The restarted encoder begins with an IDR picture: nothing waits.
    let (rig, waited) = jump(|feed| -feed.offset - feed.script.now(), true);
    assert_eq!((jumps(&rig), waited), (vec![-3_606_666], 0));
}
