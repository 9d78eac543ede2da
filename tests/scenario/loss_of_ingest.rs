//! The contribution stops and comes back; players see no stall and no jump (A16.1, FAULTS rows 15 and 21).

use std::time::Duration;

use headend::{
    channel::Event,
    media::FrameRate,
    splice::OnAir,
    time::{MediaTime, Timescale},
};

use crate::{
    rig::{Rig, feed::Encoder, small_config, toy_codecs::ToyCodecs},
    timeline::{assert_seamless, pictures},
};

fn rig() -> Rig {
    let mut rig = Rig::new(small_config(), ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig
}

fn on_air(rig: &Rig) -> Vec<OnAir> {
    let source = |event: &Event| if let Event::OnAir { source, .. } = event { Some(*source) } else { None };
    rig.events.iter().filter_map(|(_, event)| source(event)).collect()
}

#[test]
fn the_slate_takes_over_on_time_and_the_next_idr_returns() {
    for silent_millis in [100, 900, 5_000, 60_000, 3_600_000] {
        let mut rig = rig();
        let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
        encoder.send(&mut rig, Duration::from_secs(10));
        let silent = Duration::from_millis(silent_millis);
        rig.pass(silent);
        let skipped = headend::time::MediaDuration::from_std(silent);
        encoder.jump(headend::time::MediaDuration::from_flicks(
            skipped.flicks() / encoder.frame.flicks() * encoder.frame.flicks(),
        ));
        encoder.send(&mut rig, Duration::from_secs(10));
        assert_seamless(&rig);
        let is_lost = silent_millis > 1000;
        let expected: &[OnAir] = if is_lost {
            &[OnAir::Slate, OnAir::Live, OnAir::Slate, OnAir::Live]
        } else {
            &[OnAir::Slate, OnAir::Live]
        };
        assert_eq!(on_air(&rig), expected, "{silent_millis} ms");
        if is_lost {
            let shown = pictures(&rig);
            assert!(shown.windows(2).all(|pair| pair[1].0 - pair[0].0 == 3000));
            // The last picture, number 299, stays for loss_after, one second, to the frame; then the slate stands still.
            let last = 60 + 99;
            let from = shown.windows(2).position(|pair| pair[0].1 == last && pair[1].1 == last).unwrap();
            let stays = shown[from..].iter().take_while(|(_, luma)| *luma == last).count();
            assert_eq!(stays, 1 + 30, "{silent_millis} ms");
            let slate = &shown[from + stays..from + stays + 60];
            assert!(
                slate.iter().all(|(_, luma)| *luma == slate[0].1 && *luma != last),
                "{silent_millis} ms: {slate:?}"
            );
        }
    }
}

#[test]
fn a_dropped_connection_never_ends_the_channel() {
    let mut rig = rig();
    let mut at = MediaTime::ZERO;
    for round in 0..5 {
        let mut encoder = Encoder::attach(&mut rig, at, FrameRate::FPS_30, 44_100);
        encoder.send(&mut rig, Duration::from_secs(4));
        rig.close(encoder.id());
        rig.pass(Duration::from_secs(5));
        // A restarted encoder counts from anywhere.
        at = MediaTime::from_ticks(round * 777_777, Timescale::MPEG);
    }
    assert_seamless(&rig);
    assert_eq!(on_air(&rig).iter().filter(|source| **source == OnAir::Live).count(), 5);
    assert_eq!(rig.count_events(|event| matches!(event, Event::Detached { .. })), 5);
}

#[test]
fn a_silent_session_gives_way_to_a_new_one_and_a_sending_one_does_not() {
    let mut rig = rig();
    let mut first = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    first.send(&mut rig, Duration::from_secs(2));
    let refused = rig.channel.attach("feed", crate::rig::feed::Feed::default().demuxer(), rig.now).unwrap_err();
    assert_eq!(refused.code(), "MPE_INGEST_ENCODER_CONNECTION_DENIED");
    rig.pass(Duration::from_secs(2));
    let mut second = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    second.send(&mut rig, Duration::from_secs(3));
    assert_eq!(*on_air(&rig).last().unwrap(), OnAir::Live);
    assert_seamless(&rig);
}

#[test]
fn pictures_before_the_first_idr_are_dropped_and_counted_fault_36() {
    let mut rig = rig();
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.gop = u64::MAX;
    for _ in 0..17 {
        // Not a multiple of any GOP length: no IDR picture among them.
        encoder.skip_idr();
        encoder.send_frame(&mut rig);
        rig.pass(Duration::from_millis(33));
    }
    assert_eq!(rig.channel.contribution().unwrap().1.dropped, 17);
    encoder.gop = 1;
    encoder.send(&mut rig, Duration::from_secs(2));
    assert_eq!(rig.channel.contribution().unwrap().1.dropped, 17);
    assert_eq!(rig.channel.on_air(), Some(OnAir::Live));
}

#[test]
fn the_standby_source_stays_until_the_first_idr() {
    let mut config = small_config();
    config.standby = headend::channel::Standby::TestSource;
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig.pass(Duration::from_secs(1));
    for _ in 0..2 {
        let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
        encoder.skip_idr();
        encoder.send(&mut rig, Duration::from_secs(5));
        rig.close(encoder.id());
        rig.pass(Duration::from_secs(20));
    }
    use OnAir::{Live, Slate, Test};
    assert_eq!(on_air(&rig), [Test, Live, Slate, Test, Live, Slate, Test]);
    assert_seamless(&rig);
}

#[test]
fn a_track_that_no_decoder_takes_never_goes_on_air() {
    let codecs = ToyCodecs { refuse_video: true, ..ToyCodecs::default() };
    let mut rig = Rig::new(small_config(), std::sync::Arc::new(codecs));
    rig.start();
    rig.start_program("asset");
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(5));
    assert_eq!(on_air(&rig), [OnAir::Slate]);
    let is_refusal =
        |event: &Event| matches!(event, Event::Fault { fault, .. } if fault.code() == "MPE_INGEST_CODEC_NOT_SUPPORTED");
    assert_eq!(rig.count_events(is_refusal), 1);
    assert_seamless(&rig);
}
