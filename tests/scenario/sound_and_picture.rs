//! Sound stays beside the picture, at the start and after ten hours (FAULTS I7).

use std::time::Duration;

use headend::{
    media::FrameRate,
    time::{FLICKS_PER_SECOND, MediaTime},
};

use crate::{
    rig::{Rig, feed::Encoder, small_config, toy_codecs::ToyCodecs},
    timeline::{assert_seamless, offsets},
};

fn watch(sample_rate: u32, rate: FrameRate, hours: u64) -> Vec<f64> {
    let mut rig = Rig::new(small_config(), ToyCodecs::shared());
    rig.start();
    let mut encoder = Encoder::attach(&mut rig, MediaTime::from_flicks(FLICKS_PER_SECOND * 50), rate, sample_rate);
    encoder.gop = 50;
    encoder.send(&mut rig, Duration::from_secs(hours * 3600));
    // The channel has no program so far: nothing of those hours was kept.
    rig.start_program("asset");
    encoder.send(&mut rig, Duration::from_secs(20));
    assert_seamless(&rig);
    offsets(&rig)
}

#[test]
fn beeps_start_with_their_flashes() {
    for (sample_rate, rate) in
        [(48_000, FrameRate::FPS_30), (44_100, FrameRate::FPS_25), (48_000, FrameRate::FPS_29_97)]
    {
        let offsets = watch(sample_rate, rate, 0);
        assert!(offsets.len() >= 12, "{offsets:?}");
        // The flash is the picture that holds the second's start: up to a frame late. One audio frame is 23 ms.
        assert!(offsets.iter().all(|offset| offset.abs() < 1024.0 / 44_100.0 + 0.045), "{offsets:?}");
    }
}

#[test]
fn after_ten_hours_they_still_do() {
    // Sound that must be resampled costs most of the time that this takes: an hour of it shows as much.
    for (sample_rate, hours) in [(44_100, 10), (48_000, 1)] {
        let offsets = watch(sample_rate, FrameRate::FPS_30, hours);
        assert!(offsets.len() >= 12, "{offsets:?}");
        assert!(offsets.iter().all(|offset| offset.abs() < 1024.0 / 44_100.0), "{offsets:?}");
    }
}
