//! Parameter sets that change, are missing or come late (FAULTS rows 34 and 36).

use bytes::Bytes;
use headend::{channel::Event, media::TrackFormat, splice::OnAir};

use crate::{
    rig::{
        Rig,
        line::datagrams,
        script::Script,
        ts_feed::{PPS, SPS_720, TsFeed, sets},
    },
    timeline::{assert_in_step, assert_seamless, dropped, on_air, pictures},
    watch::watch,
};

/// Widths of the video tracks that were told, in order.
fn widths(rig: &Rig) -> Vec<u32> {
    let width = |event: &Event| match event {
        Event::Track { track, .. } => match &track.format {
            TrackFormat::H264(video, _) => Some(video.width),
            _ => None,
        },
        _ => None,
    };
    rig.events.iter().filter_map(|(_, event)| width(event)).collect()
}

fn assert_steady(rig: &Rig) {
    assert_seamless(rig);
    assert_in_step(rig, 8);
    assert_eq!(on_air(rig), [OnAir::Slate, OnAir::Live, OnAir::Slate], "{:?}", rig.events);
}

#[test]
fn row_34_another_size_and_frame_rate_at_an_idr_is_a_new_decoder_and_no_gap() {
    let mut feed = TsFeed::new(900_000);
    feed.script.gop = 50;
    let mut packets = feed.pictures(180);
    feed.sps = Bytes::from_static(SPS_720);
    // 30 to 25 frames per second, in the middle of what was a GOP.
    feed.script.frame = 3600;
    feed.script.restart();
    packets.extend(feed.pictures(150));
    let (rig, seen) = watch(&datagrams(&packets));
    assert_steady(&rig);
    assert_eq!(widths(&rig).len(), 2, "{:?}", widths(&rig));
    assert_eq!(widths(&rig)[1], 1280);
    assert_eq!(seen.video_tracks.len(), 2);
    assert_eq!(seen.video.len(), 330);
    assert_eq!(dropped(&rig, |_| true), 0);
    // The channel's own grid stays; every picture of the slower source is shown.
    let shown: Vec<u8> = pictures(&rig).iter().map(|(_, luma)| *luma).collect();
    for unit in feed.script.pictures().skip(180) {
        assert!(shown.contains(&unit.mark));
    }
}

#[test]
fn row_34_another_sps_before_a_picture_that_is_no_idr_waits_for_the_idr() {
    let mut feed = TsFeed::new(900_000);
    let mut packets = feed.pictures(195);
    packets.extend(feed.picture(|data| {
        let at = data.windows(4).position(|window| window == [0, 0, 1, 0x41]).unwrap();
        data.splice(at..at, sets(SPS_720, PPS));
    }));
    feed.sps = Bytes::from_static(SPS_720);
    packets.extend(feed.pictures(150));
    let (rig, seen) = watch(&datagrams(&packets));
    assert_steady(&rig);
    assert_eq!(widths(&rig).len(), 2);
    assert_eq!(seen.video_tracks.len(), 2);
    // Pictures 195 to 209; 210 is the IDR.
    assert_eq!(dropped(&rig, |reason| reason == "before the IDR of new parameter sets"), 15);
    assert_eq!(seen.video.len(), 346 - 15);
    assert!(seen.video.iter().all(|unit| !unit.is_damaged));
}

#[test]
fn row_36_a_start_in_mid_gop_waits_for_the_idr_and_counts() {
    let mut feed = TsFeed::new(900_000);
    feed.script.leave_out(7 * 3000);
    feed.script.skip_idr();
    let (rig, seen) = watch(&datagrams(&feed.pictures(300)));
    assert_steady(&rig);
    assert_eq!(dropped(&rig, |reason| reason == "before the first IDR"), 23);
    assert_eq!(seen.video.len(), 300 - 23);
    assert!(seen.video[0].is_random_access);
}

#[test]
fn row_36_missing_parameter_sets_are_waited_for_and_what_waits_is_counted() {
    let mut feed = TsFeed::new(900_000);
    feed.has_sets = false;
    let mut packets = feed.pictures(75);
    feed.has_sets = true;
    packets.extend(feed.pictures(300));
    let (rig, seen) = watch(&datagrams(&packets));
    assert_steady(&rig);
    // Pictures 0 to 89: those at 0, 30 and 60 are IDR pictures that nobody can decode.
    assert_eq!(dropped(&rig, |reason| reason == "before the first IDR"), 90);
    assert_eq!(seen.video.len(), 375 - 90);
}

#[test]
fn row_36_parameter_sets_at_the_end_of_the_picture_before_are_the_idr_s_own() {
    let mut feed = TsFeed::new(900_000);
    feed.has_sets = false;
    let mut packets = feed.pictures(29);
    let (sps, pps) = (feed.sps.clone(), feed.pps.clone());
    packets.extend(feed.picture(|data| data.extend(sets(&sps, &pps))));
    packets.extend(feed.pictures(300));
    let (rig, seen) = watch(&datagrams(&packets));
    assert_steady(&rig);
    assert_eq!(dropped(&rig, |reason| reason == "before the first IDR"), 30);
    assert_eq!(seen.video.len(), 300);
    assert_eq!(feed.script.now(), 330 * Script::SECOND / 30);
}
