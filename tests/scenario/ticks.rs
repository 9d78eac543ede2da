//! The ticks in which stored media and every URL count (A21.7).

use std::time::Duration;

use headend::{
    archive::AssetName,
    channel::{ChannelConfig, Standby},
    media::FrameRate,
    time::{MediaTime, Timescale},
};

use crate::{
    manifests::{Viewer, assert_manifests},
    rig::{Rig, small_config, toy_codecs::ToyCodecs},
};

/// Half a minute of the test source at 29.97 pictures a second.
fn run(timescale: Option<Timescale>) -> Rig {
    let mut config = ChannelConfig { timescale, standby: Standby::TestSource, ..small_config() };
    config.preset.max_frame_rate = FrameRate::FPS_29_97;
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig.pass(Duration::from_secs(31));
    rig
}

#[test]
fn every_protocol_counts_in_ten_million_ticks_where_that_is_asked_for_a21_7() {
    let azure = Timescale::new(10_000_000).unwrap();
    let (native, asked) = (run(None), run(Some(azure)));
    assert_manifests(&asked);
    let presentation = asked.channel.presentation().unwrap();
    assert!(presentation.tracks.iter().all(|track| track.timescale == azure));
    let (before, after) = (native.segments(), asked.segments());
    assert!(before.len() >= 13 && before.len() == after.len(), "{} {}", before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.start, before.duration), (after.start, after.duration), "the same cuts");
        for ((track, before), after) in
            native.channel.presentation().unwrap().tracks.iter().zip(before.spans.iter()).zip(after.spans.iter())
        {
            let at = |ticks: u64, scale| MediaTime::from_ticks(ticks as i64, scale);
            let off = at(before.start, track.timescale).since(at(after.start, azure)).flicks().abs();
            assert!(off <= 36, "{}: half a tick is 35 flicks, and it is off by {off}", track.name);
        }
    }
    for pair in after.windows(2) {
        for (one, next) in pair[0].spans.iter().zip(pair[1].spans.iter()) {
            assert_eq!(one.end(), next.start, "nothing is lost by rounding");
        }
    }
    let mut viewer = Viewer::new(&AssetName::new("asset").unwrap(), asked.now);
    asked.updates.iter().for_each(|update| viewer.apply(update));
    let smooth = viewer.text("Manifest");
    // The scale of the whole is that of each stream.
    assert_eq!(smooth.matches("TimeScale=\"10000000\"").count(), smooth.matches("TimeScale=").count());
    let first = format!("<c t=\"{}\"", after[0].spans[0].start);
    assert!(smooth.contains(&first), "{smooth}");
    let playlist = viewer.text("QualityLevels(2000)/Manifest(video,format=m3u8-cmaf)");
    assert!(playlist.contains(&format!("Fragments(video={},", after[0].spans[0].start)), "{playlist}");
    let mpd = viewer.text("Manifest(format=mpd-time-cmaf)");
    assert!(mpd.contains(&format!("<S t=\"{}\"", after[0].spans[0].start)), "{mpd}");
}
