//! Publishers that come while another one is there, or is thought to be there (FAULTS rows 16 and 17).

use std::time::Duration;

use headend::{
    channel::{DetachReason, Event, IngestId, Takeover},
    error::Fault,
    ingest::IngestRefusal,
    splice::OnAir,
};

use crate::{
    rig::{Rig, rtmp_feed::RtmpFeed, small_config, toy_codecs::ToyCodecs},
    timeline::{assert_same_output, assert_seamless, on_air},
};

fn rig(takeover: Takeover) -> Rig {
    let mut config = small_config();
    config.takeover = takeover;
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig
}

fn publish(rig: &mut Rig, feed: &mut RtmpFeed, pictures: usize) -> IngestId {
    let id = rig.attach_rtmp(&mut feed.publisher);
    rig.bytes(id, feed.headers());
    let start = rig.now.monotonic;
    rig.play(id, start, &feed.pictures(pictures));
    id
}

fn detached(rig: &Rig) -> Vec<(IngestId, DetachReason)> {
    let of = |event: &Event| match event {
        Event::Detached { ingest, reason } => Some((*ingest, reason.clone())),
        _ => None,
    };
    rig.events.iter().filter_map(|(_, event)| of(event)).collect()
}

#[test]
fn row_16_the_publisher_of_a_half_open_connection_comes_back_as_the_policy_says() {
    let silence = Duration::from_secs(3);
    for (takeover, wait) in [
        (Takeover::Always, Duration::ZERO),
        (Takeover::WhenSilent(silence), silence),
        // Until the idle limit of its own session ends it.
        (Takeover::Refuse, Duration::from_secs(30)),
    ] {
        let mut rig = rig(takeover);
        let old = publish(&mut rig, &mut RtmpFeed::new(0), 120);
        // No FIN: the connection stays. Up to the last moment the old one has its place.
        if let Some(almost) = wait.checked_sub(Duration::from_millis(100)) {
            let refused = rig.channel.check_attach(rig.now).unwrap_err();
            assert_eq!(refused.code(), "MPE_INGEST_ENCODER_CONNECTION_DENIED", "{takeover:?}");
            rig.pass(almost);
            assert!(rig.channel.check_attach(rig.now).is_err(), "{takeover:?}");
            rig.pass(Duration::from_millis(200));
        }
        let new = publish(&mut rig, &mut RtmpFeed::new(777_777), 120);
        rig.close(new);
        rig.pass(Duration::from_secs(4));
        let idle = DetachReason::Limit(IngestRefusal::Idle { after_millis: 30_000 });
        let gone = if takeover == Takeover::Refuse { idle } else { DetachReason::Replaced };
        assert_eq!(detached(&rig), [(old, gone), (new, DetachReason::Closed)], "{takeover:?}");
        assert_eq!(rig.closed, [old, new], "the host is told which connections to close");
        let idle = |event: &Event| matches!(event, Event::Fault { fault: Fault::IdleTimeout { .. }, .. });
        assert_eq!(rig.count_events(idle), usize::from(takeover == Takeover::Refuse), "{takeover:?}");
        assert_seamless(&rig);
        assert_eq!(
            on_air(&rig).iter().filter(|source| **source == OnAir::Live).count(),
            1 + usize::from(!wait.is_zero())
        );
    }
}

#[test]
fn row_16_a_publisher_that_sends_is_not_pushed_out_by_one_that_waits_for_silence() {
    let mut rig = rig(Takeover::WhenSilent(Duration::from_secs(1)));
    let mut feed = RtmpFeed::new(0);
    let start = rig.now.monotonic;
    let id = publish(&mut rig, &mut feed, 60);
    for _ in 0..10 {
        assert!(rig.channel.check_attach(rig.now).is_err());
        rig.play(id, start, &feed.pictures(6));
    }
    assert_eq!(detached(&rig), []);
}

#[test]
fn row_17_a_storm_of_reconnects_on_one_channel_leaves_another_as_it_is() {
    let run = |has_storm: bool| {
        let (mut calm, mut stormy) = (rig(Takeover::Always), rig(Takeover::Always));
        let mut feed = RtmpFeed::new(0);
        let id = calm.attach_rtmp(&mut feed.publisher);
        calm.bytes(id, feed.headers());
        for piece in feed.pictures(300) {
            calm.bytes(id, piece.bytes);
            calm.pass(Duration::from_millis(33));
            if has_storm {
                // Twice as many in a second as in the storm of the row.
                let mut other = RtmpFeed::new(1);
                let id = stormy.attach_rtmp(&mut other.publisher);
                stormy.bytes(id, other.headers());
                other.pictures(1).into_iter().for_each(|piece| stormy.bytes(id, piece.bytes));
                stormy.pass(Duration::from_millis(33));
            }
        }
        (calm, stormy)
    };
    let ((with, stormy), (without, _)) = (run(true), run(false));
    assert_same_output(&without, &with);
    assert_eq!(detached(&stormy).len(), 299);
    // The channel in the storm goes on: sessions that never come to a second picture are as good as none.
    assert!(stormy.segments().len() >= 3, "{}", stormy.segments().len());
    assert_seamless(&stormy);
}

#[test]
fn row_16_an_encoder_that_comes_back_with_another_stated_bitrate_is_on_air_again() {
    let mut rig = rig(Takeover::Always);
    for (kbps, offset) in [(2500.0, 0), (3000.0, 0), (3000.0, 77_000), (2000.0, 0)] {
        let mut feed = RtmpFeed::new(offset);
        let id = rig.attach_rtmp(&mut feed.publisher);
        rig.bytes(id, feed.publisher.metadata(&[("videodatarate", kbps), ("audiodatarate", kbps / 20.0)]));
        rig.bytes(id, feed.headers());
        let start = rig.now.monotonic;
        rig.play(id, start, &feed.pictures(150));
        rig.close(id);
        rig.pass(Duration::from_secs(3));
    }
    assert_seamless(&rig);
    let again = [OnAir::Live, OnAir::Slate].repeat(4);
    assert_eq!(on_air(&rig), [&[OnAir::Slate], &again[..]].concat());
    assert!(crate::timeline::offsets(&rig).len() >= 14, "each with its sound");
}
