//! Codecs that change on air: the channel goes on, or says by which code it does not (FAULTS row 35).

use std::{sync::Arc, time::Duration};

use headend::{
    channel::Event,
    error::Fault,
    ladder::{
        AudioDecoder, AudioEncoder, AudioEncoderConfig, BuiltinCodecs, Codecs, VideoDecoder, VideoEncoder,
        VideoEncoderConfig,
    },
    media::TrackFormat,
    splice::OnAir,
};

use crate::{
    rig::{Rig, hevc, line::datagrams, rtmp_feed::RtmpFeed, small_config, toy_codecs::ToyCodecs, ts_feed::TsFeed},
    timeline::{assert_in_step, assert_seamless, count_faults, dropped, on_air},
    watch::watch,
};

/// Toys that take no more pictures than the decoders of the library do.
#[derive(Default)]
pub struct OnlyAvc(ToyCodecs);

impl Codecs for OnlyAvc {
    fn video_decoder(&self, format: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
        match format {
            TrackFormat::H264(..) => self.0.video_decoder(format),
            other => BuiltinCodecs::new().video_decoder(other),
        }
    }

    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        self.0.h264_encoder(config)
    }

    fn audio_decoder(&self, format: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault> {
        self.0.audio_decoder(format)
    }

    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault> {
        self.0.aac_encoder(config)
    }
}

#[test]
fn row_35_sound_of_other_channels_is_another_decoder_and_stays_in_step() {
    let mut feed = TsFeed::new(900_000);
    let mut packets = feed.pictures(200);
    // Mono, then stereo again.
    for channels in [0x40, 0x80] {
        feed.adts[1] = channels;
        packets.extend(feed.pictures(100));
    }
    let (rig, seen) = watch(&datagrams(&packets));
    assert_seamless(&rig);
    assert_in_step(&rig, 14);
    let of = |event: &Event| match event {
        Event::Track { track, .. } => track.format.audio().map(|audio| audio.channels),
        _ => None,
    };
    let channels: Vec<u8> = rig.events.iter().filter_map(|(_, event)| of(event)).collect();
    assert_eq!(channels, [2, 1, 2], "{:?}", rig.events);
    assert_eq!(seen.audio.len() + seen.video.len(), feed.script.units.len(), "all of it was decoded");
    assert_eq!(count_faults(&rig, |_| 1), 0, "{:?}", rig.events);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
}

#[test]
fn row_35_sound_of_another_rate_goes_on_at_its_place() {
    let mut rig = crate::watch::watched().0;
    let mut feed = RtmpFeed::new(0);
    let id = rig.attach_rtmp(&mut feed.publisher);
    rig.bytes(id, feed.headers());
    let start = rig.now.monotonic;
    rig.play(id, start, &feed.pictures(180));
    // The same set-up with another rate: frames of 24 kHz last twice as long, so that every second one is left out.
    feed.asc = bytes::Bytes::from_static(&[0x13, 0x10]);
    rig.bytes(id, feed.publisher.audio_config(&feed.asc));
    for _ in 0..180 {
        let units = feed.script.step();
        let at = feed.script.sent_at();
        rig.pass((start + at).saturating_sub(rig.now.monotonic));
        for unit in &feed.script.units[units.clone()] {
            let ms = feed.millis(unit.at);
            if unit.is_video {
                let data = crate::rig::rtmp_publisher::with_length(&unit.data);
                rig.bytes(id, feed.publisher.video(ms, 0, unit.is_idr, &data));
            } else if unit.at / 1920 % 2 == 0 {
                // A beep that begins in the frame that is left out begins in this one.
                let mut data = unit.data.to_vec();
                let rest = (unit.at * 48 / 90).rem_euclid(48_000);
                data[0] = if (1024..=48_000 - 1024).contains(&rest) { 0 } else { 200 };
                rig.bytes(id, feed.publisher.audio(ms, &data));
            }
        }
    }
    rig.close(id);
    rig.pass(Duration::from_secs(4));
    assert_seamless(&rig);
    let offsets = crate::timeline::offsets(&rig);
    // A frame of 24 kHz is 43 ms, and a beep begins with one.
    assert!(offsets.len() >= 10 && offsets.iter().all(|offset| offset.abs() < 0.047), "{offsets:?}");
    assert_eq!(count_faults(&rig, |_| 1), 0, "{:?}", rig.events);
}

#[test]
fn row_35_hevc_over_rtmp_is_refused_by_its_code_and_avc_comes_back() {
    // Its 3840x2160 would be refused at the door.
    let mut config = small_config();
    config.input.limits = Some(headend::ingest::IngestLimits::unlimited());
    let mut rig = Rig::new(config, Arc::new(OnlyAvc::default()));
    rig.start();
    rig.start_program("asset");
    let mut feed = RtmpFeed::new(0);
    let id = rig.attach_rtmp(&mut feed.publisher);
    rig.bytes(id, feed.headers());
    let start = rig.now.monotonic;
    rig.play(id, start, &feed.pictures(180));
    rig.bytes(id, hevc::config(&feed.publisher, 6000));
    for n in 0..120u32 {
        rig.bytes(id, hevc::picture(&feed.publisher, 6000 + n * 100 / 3, n % 30 == 0));
        rig.pass(Duration::from_micros(33_333));
        feed.script.step();
    }
    rig.bytes(id, feed.headers());
    feed.script.restart();
    rig.play(id, start, &feed.pictures(180));
    rig.close(id);
    rig.pass(Duration::from_secs(4));
    assert_seamless(&rig);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate, OnAir::Live, OnAir::Slate], "{:?}", rig.events);
    let refused =
        |event: &Event| matches!(event, Event::Fault { fault, .. } if fault.code() == "MPE_INGEST_CODEC_NOT_SUPPORTED");
    assert_eq!(rig.count_events(refused), 1, "one event for one change");
    assert_in_step(&rig, 8);
}

#[test]
fn row_35_hevc_in_a_transport_stream_is_named_and_a_loss_until_avc_comes_back() {
    let mut feed = TsFeed::new(900_000);
    let mut packets = feed.pictures(180);
    for kind in [0x24, 0x1B] {
        feed.video_type = kind;
        feed.tells = true;
        packets.extend(feed.pictures(120));
    }
    let (rig, seen) = watch(&datagrams(&packets));
    assert_seamless(&rig);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate, OnAir::Live, OnAir::Slate], "{:?}", rig.events);
    let named = |event: &Event| matches!(event, Event::Track { track, .. } if matches!(&track.format, TrackFormat::Unknown(what) if what.contains("HEVC")));
    assert_eq!(rig.count_events(named), 1);
    assert_eq!(seen.video.len() as u64 + dropped(&rig, |_| true), 300, "{:?}", rig.events);
    assert_in_step(&rig, 8);
}
