//! A channel whose preset has an H.264 rung and an AV1 rung: both are cut on the same grid, and manifests keep them apart.
#![cfg(all(feature = "av1", feature = "openh264", feature = "fdk-aac"))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "rig/mod.rs"]
mod rig;

use std::{sync::Arc, time::Duration};

use headend::{
    archive::AssetName,
    channel::{ChannelConfig, Standby},
    ladder::{BuiltinCodecs, Profile, Rung},
    origin::{Origin, OriginConfig, Reply, Request},
};
use rig::Rig;

#[test]
fn rungs_are_aligned_and_manifests_keep_the_codecs_apart() {
    let rung = |name: &str, bitrate, profile| Rung { name: name.into(), width: 128, height: 96, bitrate, profile };
    let mut config = ChannelConfig { standby: Standby::TestSource, ..ChannelConfig::new("one").unwrap() };
    config.preset.rungs = vec![rung("avc", 150_000, Profile::Main), rung("av1", 100_000, Profile::Av1Main)];
    let mut rig = Rig::new(config, Arc::new(BuiltinCodecs::new()));
    rig.start();
    rig.start_program("a");
    rig.pass(Duration::from_secs(7));

    let segments = rig.segments();
    assert!(segments.len() >= 3);
    for segment in &segments {
        assert!(segment.spans.iter().all(|span| !span.is_missing()));
        assert_eq!(
            (segment.spans[0].start, segment.spans[0].duration),
            (segment.spans[1].start, segment.spans[1].duration)
        );
    }
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("l", &AssetName::new("a").unwrap(), "n").unwrap();
    rig.updates.iter().for_each(|update| origin.apply(update).unwrap());
    let manifest = |path: &str| match origin.handle(&Request::get(&format!("/l/n.ism/{path}")), rig.now) {
        Reply::Response(response) => String::from_utf8(response.body.to_bytes().to_vec()).unwrap(),
        other => panic!("{other:?}"),
    };
    let master = manifest("Manifest(format=m3u8-cmaf).m3u8");
    assert!(master.contains("CODECS=\"av01.0.00M.08,mp4a.40.2\""), "{master}");
    let mpd = manifest("Manifest(format=mpd-time-cmaf)");
    assert!(mpd.contains("codecs=\"av01.0.00M.08\""), "{mpd}");
    assert_eq!(mpd.matches("contentType=\"video\"").count(), 2, "{mpd}");
}
