//! A channel with nothing attached plays the test source; with the real codecs.

use std::time::Duration;

use headend::{
    channel::{ChannelConfig, Event, Standby},
    ladder::{BuiltinCodecs, Preset},
    splice::OnAir,
    time::Timescale,
};

use crate::rig::Rig;

fn config() -> ChannelConfig {
    let mut config = ChannelConfig::new("one").unwrap();
    config.standby = Standby::TestSource;
    config.preset = Preset::default_720p();
    config
}

#[test]
fn every_rung_has_its_idr_at_the_same_time_and_nothing_is_missing() {
    let mut rig = Rig::new(config(), std::sync::Arc::new(BuiltinCodecs::new()));
    rig.start();
    rig.start_program("asset");
    rig.pass(Duration::from_secs(7));
    let segments = rig.segments();
    assert_eq!(segments.len(), 3, "{:?}", rig.events);
    assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", rig.events);
    assert_eq!(rig.count_events(|event| matches!(event, Event::OnAir { source: OnAir::Test, .. })), 1);
    for pair in segments.windows(2) {
        assert_eq!(pair[0].end(), pair[1].start);
        for (before, after) in pair[0].spans.iter().zip(pair[1].spans.iter()) {
            assert_eq!(before.end(), after.start, "tfdt is contiguous");
        }
    }
    for segment in &segments {
        assert_eq!(segment.start.ticks(Timescale::MPEG) % 180_000, 0, "on the grid");
        let video = &segment.spans[..7];
        assert!(video.iter().all(|span| span.start == video[0].start && span.duration == 180_000), "{video:?}");
    }
    if let Ok(dir) = std::env::var("RIG_DUMP") {
        for track in 0..8 {
            std::fs::write(format!("{dir}/track{track}.mp4"), rig.track_file("asset", track)).unwrap();
        }
    }
}
