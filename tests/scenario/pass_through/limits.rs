//! What a pass-through channel refuses (A2.15, A4.2).

use std::time::Duration;

use bytes::Bytes;
use headend::{
    channel::{ChannelState, Encoding, PassThrough, Session},
    ingest::Demuxed,
    media::{AccessUnit, TrackId},
    time::{MediaDuration, MediaTime, Timescale},
};

use super::{Ladder, config, video};
use crate::rig::{Rig, feed::Feed, toy_codecs::ToyCodecs};

#[test]
fn slates_are_refused_and_nobody_shuts_it_off_a2_15_a4_2() {
    let mut rig = Rig::new(config(2000), ToyCodecs::shared());
    rig.start();
    assert_eq!(rig.channel.show_slate(None, None).unwrap_err().code(), "CHANNEL_PASS_THROUGH");
    assert_eq!(rig.channel.hide_slate().unwrap_err().code(), "CHANNEL_PASS_THROUGH");
    rig.pass(Duration::from_secs(13 * 3600));
    assert_eq!(rig.channel.state(), ChannelState::Running);
    // A program waits for its feed; it may also be stopped before one came.
    let id = rig.start_program("early");
    assert!(rig.store.is_empty() && rig.updates.is_empty());
    rig.channel.stop_program(id).unwrap();
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.channel.running_programs().count(), 0);
}

#[test]
fn sessions_and_what_waits_have_ceilings() {
    let mut rig = Rig::new(config(2000), ToyCodecs::shared());
    rig.start();
    let named = |n: usize| Session { name: n.to_string(), ..Session::new("smooth") };
    for n in 0..Session::MAX_PER_SLOT {
        rig.channel.attach_as(named(n), Feed::default().demuxer(), rig.now).unwrap();
    }
    let refused = rig.channel.attach_as(named(99), Feed::default().demuxer(), rig.now).unwrap_err();
    assert_eq!(refused.code(), "MPE_CAPACITY_LIMIT_REACHED");
    let mut config = config(2000);
    config.encoding = Encoding::None(PassThrough { settle_bytes: 8_000, ..PassThrough::default() });
    let mut ladder = Ladder::with(config, 1, vec![(0, video(180, 200_000, "v", 90_000), 3600)]);
    ladder.send(4);
    assert_eq!(ladder.faults("LIMIT_EXCEEDED"), 1);
    assert!(ladder.rig.channel.presentation().is_some(), "what came is settled");
}

#[test]
fn a_gop_over_the_ceiling_of_a_fragment_ends_there_and_has_no_holes() {
    let mut ladder = Ladder::with(config(2000), 1, vec![(0, video(180, 200_000, "v", 90_000), 3600)]);
    let [small, big] = [8, 3 << 20].map(|size| Bytes::from(vec![7; size]));
    for n in 0..240 {
        let at = MediaTime::from_ticks(n * 3600, Timescale::MPEG);
        let unit = AccessUnit {
            track: TrackId(1),
            pts: at,
            dts: at,
            duration: MediaDuration::ZERO,
            is_random_access: n % 50 == 0,
            is_damaged: false,
            // The eleventh big one is over the 32 MiB; what is small would fit.
            data: if (110..130).contains(&n) { big.clone() } else { small.clone() },
        };
        ladder.feeds[0].push(Demuxed::Unit(unit));
        ladder.rig.bytes(ladder.ids[0], vec![0]);
        ladder.rig.pass(Duration::from_millis(40));
    }
    ladder.stop();
    let stored = ladder.rig.stored("asset", 0);
    let pictures: Vec<i64> = stored.iter().map(|sample| sample.pts / 3600).collect();
    assert_eq!(pictures, (0..120).chain(150..240).collect::<Vec<_>>());
    assert_eq!(ladder.faults("LIMIT_EXCEEDED"), 1);
}
