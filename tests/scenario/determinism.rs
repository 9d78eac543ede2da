//! The same input gives the same bytes, however it was cut and whichever thread ran what.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use headend::{
    channel::{ChannelConfig, Standby},
    ladder::BuiltinCodecs,
    media::FrameRate,
    time::MediaTime,
};

use crate::rig::{Rig, Schedule, feed::Encoder, small_config, toy_codecs::ToyCodecs};

fn objects(rig: &Rig) -> BTreeMap<String, Vec<u8>> {
    rig.store.iter().map(|(name, body)| (name.clone(), body.parts().concat())).collect()
}

fn fed(schedule: Schedule) -> Rig {
    let mut rig = Rig::scheduled(small_config(), ToyCodecs::shared(), schedule);
    rig.start();
    rig.start_program("asset");
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(9));
    rig.pass(Duration::from_secs(4));
    rig
}

#[test]
fn the_order_in_which_work_comes_back_changes_nothing() {
    let reference = fed(Schedule::Inline);
    for seed in 0..20 {
        let shuffled = fed(Schedule::Shuffled(seed, 1 + seed as usize % 9));
        assert_eq!(objects(&reference), objects(&shuffled), "seed {seed}");
        assert_eq!(reference.updates, shuffled.updates, "seed {seed}");
    }
}

#[test]
fn the_real_codecs_give_the_same_bytes_on_one_thread_and_on_two() {
    let run = |schedule| {
        let mut config = ChannelConfig::new("one").unwrap();
        config.standby = Standby::TestSource;
        config.preset.rungs.drain(1..4);
        let mut rig = Rig::scheduled(config, Arc::new(BuiltinCodecs::new()), schedule);
        rig.start();
        rig.start_program("asset");
        rig.pass(Duration::from_secs(5));
        rig
    };
    let (one, two) = (run(Schedule::Inline), run(Schedule::Threads(2)));
    assert!(one.segments().len() >= 2);
    assert_eq!(objects(&one), objects(&two));
    assert_eq!(one.updates, two.updates);
}
