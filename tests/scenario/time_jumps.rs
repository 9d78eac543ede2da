//! Time stamps that wrap, jump and restart (FAULTS rows 1, 2, 6, 7).

use std::time::Duration;

use headend::{
    channel::Event,
    error::Fault,
    media::FrameRate,
    splice::OnAir,
    time::{MediaDuration, MediaTime},
};

use crate::{
    rig::{Rig, feed::Encoder, small_config, toy_codecs::ToyCodecs},
    timeline::{assert_seamless, pictures},
};

fn jumps(rig: &Rig) -> usize {
    rig.count_events(|event| matches!(event, Event::Fault { fault: Fault::TimeJump { .. }, .. }))
}

#[test]
fn a_jump_of_the_feed_is_one_event_and_no_gap() {
    for by in [10, -10, 26 * 3600, -26 * 3600] {
        let mut rig = Rig::new(small_config(), ToyCodecs::shared());
        rig.start();
        rig.start_program("asset");
        let start = MediaTime::ZERO.plus(MediaDuration::from_secs(100_000));
        let mut encoder = Encoder::attach(&mut rig, start, FrameRate::FPS_30, 48_000);
        encoder.send(&mut rig, Duration::from_secs(7));
        encoder.jump(MediaDuration::from_secs(by));
        encoder.send(&mut rig, Duration::from_secs(9));
        assert_eq!(jumps(&rig), 1, "{by}: {:?}", rig.events);
        assert_eq!(rig.count_events(|event| matches!(event, Event::OnAir { source: OnAir::Slate, .. })), 1);
        assert_seamless(&rig);
        // From the IDR after the jump on, pictures move again.
        let shown = pictures(&rig);
        let tail = &shown[shown.len() - 60..];
        assert!(tail.windows(2).all(|pair| pair[0].1 != pair[1].1), "{by}: {tail:?}");
    }
}

#[test]
fn a_feed_of_another_frame_rate_gets_its_own_grid_and_no_gap() {
    for rate in [FrameRate::FPS_25, FrameRate::FPS_29_97, FrameRate::new(24_000, 1001).unwrap()] {
        let mut rig = Rig::new(small_config(), ToyCodecs::shared());
        rig.start();
        rig.start_program("asset");
        rig.pass(Duration::from_millis(3210));
        let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, rate, 48_000);
        encoder.gop = 48;
        encoder.send(&mut rig, Duration::from_secs(12));
        assert_seamless(&rig);
        let last = rig.segments().last().unwrap().clone();
        let frames = last.duration.flicks() / rate.frame_duration().flicks();
        assert_eq!(last.duration.flicks() % rate.frame_duration().flicks(), 0, "{rate:?}: whole frames");
        assert!((48..=60).contains(&frames));
    }
}

#[test]
fn a_feed_that_changes_its_rate_gets_another_grid_without_a_gap_fault_34() {
    let mut rig = Rig::new(small_config(), ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(5));
    encoder.change_rate(FrameRate::FPS_25);
    encoder.gop = 50;
    encoder.send(&mut rig, Duration::from_secs(9));
    assert_seamless(&rig);
    assert_eq!(
        rig.count_events(|event| matches!(event, Event::OnAir { source: OnAir::Slate, .. })),
        1,
        "only at the start"
    );
    let last = rig.segments().last().unwrap().clone();
    assert_eq!(last.duration, FrameRate::FPS_25.frame_duration().times(50));
    let shown = pictures(&rig);
    let tail = &shown[shown.len() - 50..];
    assert!(tail.windows(2).all(|pair| pair[0].1 != pair[1].1), "every picture once: {tail:?}");
}
