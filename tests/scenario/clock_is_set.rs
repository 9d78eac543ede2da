//! The host's wall clock is set while the codecs open, which takes a moment (FAULTS row 14).

use std::time::Duration;

use headend::{channel::ChannelState, time::Utc};

use crate::{
    rig::{Rig, small_config, toy_codecs::ToyCodecs},
    timeline::assert_seamless,
};

#[test]
fn sound_starts_with_the_pictures_all_the_same() {
    for hours in [-2, 1] {
        let mut rig = Rig::new(small_config(), ToyCodecs::shared());
        rig.channel.start(rig.now).unwrap();
        rig.now.utc = Utc::from_unix_nanos(rig.now.utc.unix_nanos() + hours * 3_600_000_000_000);
        rig.advance_to(rig.now.monotonic + Duration::from_secs(3));
        rig.drain();
        assert_eq!(rig.channel.state(), ChannelState::Running);
        rig.start_program("asset");
        rig.pass(Duration::from_secs(7));
        assert!(rig.segments().len() >= 3, "{hours} h: {:?}", rig.events);
        assert_seamless(&rig);
    }
}
