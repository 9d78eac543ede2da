//! A channel with a program on air that watches a contribution on the wire from its first byte to its end.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use headend::{
    channel::ChannelConfig,
    ingest::{DatagramDemuxer, Demuxer, RtpConfig, TsConfig, TsDemuxer},
};

use crate::rig::{
    Rig,
    script::{Sent, Unit},
    small_config,
    toy_codecs::{Seen, ToyCodecs},
};

/// A channel on air, and what its toy decoders are given.
pub fn watched() -> (Rig, Arc<Mutex<Seen>>) {
    let (codecs, seen) = ToyCodecs::watched();
    let mut rig = Rig::new(small_config(), codecs);
    rig.start();
    rig.start_program("asset");
    (rig, seen)
}

/// Plays datagrams into a channel, closes the port and lets everything settle.
pub fn watch(sent: &[Sent]) -> (Rig, Seen) {
    watch_through(Box::new(DatagramDemuxer::new(RtpConfig::default())), sent)
}

/// A channel of this configuration that watches a transport stream to its end.
pub fn watch_with(config: ChannelConfig, ts: TsConfig, sent: &[Sent]) -> (Rig, Seen) {
    let (codecs, seen) = ToyCodecs::watched();
    let mut rig = Rig::new(config, codecs);
    rig.start();
    rig.start_program("asset");
    play(&mut rig, Box::new(TsDemuxer::new(ts)), sent);
    let seen = seen.lock().unwrap().clone();
    (rig, seen)
}

/// The same through any demuxer.
pub fn watch_through(demuxer: Box<dyn Demuxer>, sent: &[Sent]) -> (Rig, Seen) {
    let (mut rig, seen) = watched();
    play(&mut rig, demuxer, sent);
    let seen = seen.lock().unwrap().clone();
    (rig, seen)
}

fn play(rig: &mut Rig, demuxer: Box<dyn Demuxer>, sent: &[Sent]) {
    let id = rig.attach("wire", demuxer);
    let start = rig.now.monotonic;
    rig.play(id, start, sent);
    rig.close(id);
    rig.pass(Duration::from_secs(4));
}

/// Whether the decoder was given this access unit whole.
pub fn has_whole(seen: &Seen, unit: &Unit) -> bool {
    if unit.is_video {
        seen.video.iter().any(|other| !other.is_damaged && other.data.ends_with(&unit.data))
    } else {
        seen.audio.iter().any(|other| !other.is_damaged && other.data == unit.data)
    }
}

/// Every access unit that was passed as whole is one that was sent, byte for byte.
pub fn assert_honest(seen: &Seen, units: &[Unit]) {
    for given in seen.video.iter().filter(|given| !given.is_damaged) {
        assert!(
            units.iter().any(|unit| unit.is_video && given.data.ends_with(&unit.data)),
            "{:?} is no picture",
            given.pts
        );
    }
    for given in &seen.audio {
        assert!(units.iter().any(|unit| !unit.is_video && given.data == unit.data), "{:?} is no sound", given.pts);
    }
}
