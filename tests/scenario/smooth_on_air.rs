//! Smooth Streaming fragments that come twice, out of order, not at all or with another init, through an encoding channel
//! (FAULTS row 66).

use std::time::Duration;

use bytes::Bytes;
use headend::{
    channel::Event,
    ingest::{
        Demuxer,
        smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    splice::OnAir,
};

use crate::{
    rig::{
        Rig,
        script::Sent,
        smooth_feed::{Gop, SmoothFeed},
        toy_codecs::Seen,
        ts_feed::SPS_720,
    },
    timeline::{assert_in_step, assert_same_output, assert_seamless, on_air},
    watch::watched,
};

/// POSTs one after the other, each with its header boxes.
fn watch(posts: &[(Vec<u8>, Vec<Sent>)]) -> (Rig, Seen) {
    let (mut rig, seen) = watched();
    let (streams, start) = (SmoothStreams::new(), rig.now.monotonic);
    for (header, sent) in posts {
        let mut session = SmoothDemuxer::new(SmoothConfig::default(), streams.clone(), rig.now);
        session.push(header.clone().into(), rig.now).unwrap();
        let id = rig.attach("smooth", Box::new(session));
        rig.play(id, start, sent);
        rig.close(id);
    }
    rig.pass(Duration::from_secs(4));
    assert_seamless(&rig);
    let seen = seen.lock().unwrap().clone();
    (rig, seen)
}

fn marks(seen: &Seen) -> Vec<u8> {
    seen.video.iter().map(|unit| *unit.data.last().unwrap()).collect()
}

fn told(rig: &Rig, code: &str) -> usize {
    rig.count_events(|event| matches!(event, Event::Fault { fault, .. } if fault.code() == code))
}

fn twelve() -> (SmoothFeed, Vec<Gop>) {
    let mut feed = SmoothFeed::new(0);
    let gops = feed.gops(12);
    (feed, gops)
}

#[test]
fn cmaf_fragments_with_a_tfdt_alone_are_on_air_like_those_with_a_tfxd_a8_2() {
    let run = |is_cmaf| {
        // Up from 2^32 ticks of 10 MHz.
        let mut feed = SmoothFeed::new(4_300_000_000);
        feed.is_cmaf = is_cmaf;
        let gops = feed.gops(12);
        let (rig, seen) = watch(&[(feed.header(), SmoothFeed::sent(&gops))]);
        assert_in_step(&rig, 9);
        assert_eq!(seen.video.len(), 12 * 30);
        rig
    };
    assert_same_output(&run(false), &run(true));
}

#[test]
fn row_7_an_encoder_that_is_restarted_at_once_is_shown_from_its_first_picture_on() {
    // Before the loss, just then, and after it.
    for pause in [100, 500, 1000, 1400, 2200] {
        let (feed, gops) = twelve();
        let mut again = SmoothFeed::new(0);
        again.script.size = 700;
        let mut later = again.gops(12);
        for gop in &mut later {
            gop.at += Duration::from_millis(12_000 + pause);
        }
        let posts = [(feed.header(), SmoothFeed::sent(&gops)), (again.header(), SmoothFeed::sent(&later))];
        let (rig, seen) = watch(&posts);
        let sent: Vec<u8> = feed.script.pictures().chain(again.script.pictures()).map(|unit| unit.mark).collect();
        assert_eq!(marks(&seen), sent, "after {pause} ms");
        assert_in_step(&rig, 18);
        assert_eq!(told(&rig, "FragmentDrop_OverlapTimestamp"), 0, "{:?}", rig.events);
    }
}

#[test]
fn row_66_duplicates_change_no_byte_and_a_fragment_out_of_order_costs_no_picture() {
    let (feed, gops) = twelve();
    let sent = SmoothFeed::sent(&gops);
    let (plain, seen) = watch(&[(feed.header(), sent.clone())]);
    assert_in_step(&plain, 9);
    let twice: Vec<Sent> = sent.iter().flat_map(|piece| [piece.clone(), piece.clone()]).collect();
    let (repeated, _) = watch(&[(feed.header(), twice)]);
    assert_same_output(&plain, &repeated);
    assert!(told(&repeated, "FragmentDrop_OverlapTimestamp") > 0, "{:?}", repeated.events);
    let mut mixed = gops.clone();
    let at = mixed[6].at;
    mixed.swap(5, 6);
    mixed[5].at = at;
    mixed[6].at = at;
    let (rig, mixed) = watch(&[(feed.header(), SmoothFeed::sent(&mixed))]);
    assert_eq!(marks(&mixed), marks(&seen));
    assert_in_step(&rig, 9);
}

#[test]
fn row_66_a_missing_fragment_is_told_and_the_next_whole_one_goes_on() {
    let (feed, mut gops) = twelve();
    gops.remove(5);
    let (rig, seen) = watch(&[(feed.header(), SmoothFeed::sent(&gops))]);
    assert_eq!(seen.video.len(), 11 * 30);
    assert!(told(&rig, "MPE_INGEST_DISCONTINUITY") > 0, "{:?}", rig.events);
    assert_in_step(&rig, 8);
    assert_eq!(on_air(&rig).last(), Some(&OnAir::Slate));
}

#[test]
fn row_66_a_restart_with_another_init_is_another_decoder_and_never_mixed() {
    let (mut feed, gops) = twelve();
    let first = feed.header();
    feed.sps = Bytes::from_static(SPS_720);
    let sent = SmoothFeed::sent(&gops);
    let (rig, seen) = watch(&[(first, sent[..12].to_vec()), (feed.header(), sent[12..].to_vec())]);
    assert_eq!((seen.video.len(), seen.video_tracks.len()), (12 * 30, 2));
    assert_in_step(&rig, 9);
    assert_eq!(on_air(&rig)[..2], [OnAir::Slate, OnAir::Live]);
}
