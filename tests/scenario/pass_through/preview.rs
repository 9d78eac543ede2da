//! The preview of a ladder that is passed through (A11.1).

use headend::{channel::ChannelState, time::MediaDuration};

use super::{Ladder, config};
use crate::{
    preview::{assert_gapless, is_ended, preview, segments},
    rig::{Rig, toy_codecs::ToyCodecs},
};

#[test]
fn a_ladder_is_previewed_without_a_program_once_its_tracks_are_known() {
    let mut config = config(2000);
    config.preview_window = Some(MediaDuration::from_secs(60));
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    assert!(rig.channel.preview().is_none(), "nothing came yet");
    let mut ladder = Ladder::on(rig, 6, Ladder::five_rungs(0));
    ladder.send(12);
    let asset = preview(&ladder.rig);
    let before = segments(&ladder.rig, &asset).len();
    assert!(before >= 4);
    ladder.rig.start_program("asset");
    ladder.send(6);
    ladder.stop();
    ladder.send(6);
    let found = segments(&ladder.rig, &asset);
    assert!(found.len() >= before + 5, "{found:?}");
    let spanned = found.last().unwrap().end().since(found[0].start);
    assert!(found.iter().all(|segment| segment.spans.len() == 6));
    // Three seconds of the clock passed in which nothing was sent: the source's own time has no gap.
    assert_gapless(&found);
    assert!(spanned >= MediaDuration::from_secs(20), "{spanned:?}");
    ladder.rig.channel.stop(ladder.rig.now).unwrap();
    ladder.rig.drain();
    assert_eq!(ladder.rig.channel.state(), ChannelState::Stopped);
    assert!(is_ended(&ladder.rig, &asset) && ladder.rig.channel.preview().is_none());
}
