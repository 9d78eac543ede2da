//! A file that is pushed at full speed does not run away from the clock.

use std::time::Duration;

use headend::{
    channel::{Channel, Event},
    media::FrameRate,
    splice::OnAir,
    time::{MediaDuration, MediaTime},
};

use crate::{
    rig::{Rig, feed::Encoder, small_config, toy_codecs::ToyCodecs},
    timeline::assert_seamless,
};

#[test]
fn the_host_is_told_to_stop_reading_and_the_wait_is_no_loss() {
    let mut rig = Rig::new(small_config(), ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    let (begin, from) = (rig.now.monotonic, rig.channel.position().unwrap());
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    // A minute of pictures, as fast as the channel takes them.
    for _ in 0..1800 {
        while !rig.channel.wants_input() {
            let deadline = rig.channel.poll_timeout().unwrap();
            rig.pass(deadline - rig.now.monotonic);
        }
        encoder.send_frame(&mut rig);
        let played = MediaDuration::from_std(rig.now.monotonic - begin);
        let lead = rig.channel.position().unwrap().since(from).minus(played);
        assert!(lead < Channel::MAX_LEAD.plus(MediaDuration::from_millis(500)), "{lead:?}");
    }
    assert!(rig.now.monotonic - begin > Duration::from_secs(57));
    let slates = rig.count_events(|event| matches!(event, Event::OnAir { source: OnAir::Slate, .. }));
    assert_eq!(slates, 0, "{:?}", rig.events);
    assert_seamless(&rig);
}
