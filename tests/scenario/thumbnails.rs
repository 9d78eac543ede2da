//! Thumbnails of the contribution as it reaches the channel, whatever is on air (A11.3).

use std::{sync::Arc, time::Duration};

use headend::{
    channel::{AdBreak, ChannelConfig, Encoding, Event, IngestId, PassThrough},
    ingest::Demuxed,
    ladder::{BuiltinCodecs, Codecs, Profile, Thumbnail, Thumbnails, VideoEncoderConfig},
    media::{AccessUnit, Frame, FramePool, FrameRate, Track, TrackId},
    time::{MediaDuration, MediaTime, Timescale},
};
use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

use crate::rig::{
    Rig, Schedule,
    feed::{Encoder, Feed},
    rtmp_feed::RtmpFeed,
    script::Random,
    small_config,
    toy_codecs::ToyCodecs,
};

fn config() -> ChannelConfig {
    ChannelConfig { thumbnails: Some(Thumbnails::default()), ..small_config() }
}

fn on_air(config: ChannelConfig) -> Rig {
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig
}

fn thumbnails(rig: &Rig) -> Vec<(Option<IngestId>, Thumbnail)> {
    let told = rig.events.iter().filter_map(|(_, event)| match event {
        Event::Thumbnail { ingest, thumbnail } => Some((*ingest, thumbnail.clone())),
        _ => None,
    });
    told.collect()
}

/// Seconds after `origin` at which the pictures stand.
fn seconds(rig: &Rig, origin: MediaTime) -> Vec<f64> {
    thumbnails(rig).iter().map(|(_, made)| made.at.since(origin).as_secs_f64()).collect()
}

/// The pixels of a thumbnail, three bytes each.
fn pixels(made: &Thumbnail) -> Vec<u8> {
    JpegDecoder::new(ZCursor::new(&made.jpeg[..])).decode().unwrap()
}

#[test]
fn the_first_picture_and_then_one_at_each_interval_of_source_time() {
    let mut rig = on_air(config());
    let origin = MediaTime::from_ticks(7_777_777, Timescale::MPEG);
    let mut encoder = Encoder::attach(&mut rig, origin, FrameRate::FPS_25, 48_000);
    let mut marks = Vec::new();
    for n in 0..25 * 16 {
        if n % 125 == 0 {
            marks.push(encoder.mark_in(0));
        }
        encoder.send_frame(&mut rig);
        rig.pass(encoder.frame.to_std());
    }
    assert_eq!(seconds(&rig, origin), [0.0, 5.0, 10.0, 15.0]);
    for ((ingest, made), mark) in thumbnails(&rig).iter().zip(marks) {
        assert_eq!((*ingest, made.width, made.height), (Some(encoder.id()), 16, 16));
        // Grey in limited range.
        let wanted = ((f64::from(mark) - 16.0) * 255.0 / 219.0).min(255.0);
        assert!(pixels(made).iter().all(|byte| (f64::from(*byte) - wanted).abs() <= 2.0), "{mark}: {:?}", pixels(made));
    }
}

#[test]
fn a_slate_hides_the_contribution_and_its_thumbnails_go_on() {
    let mut rig = on_air(config());
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_25, 48_000);
    encoder.send(&mut rig, Duration::from_secs(4));
    rig.channel.show_slate(None, None).unwrap();
    encoder.send(&mut rig, Duration::from_secs(7));
    rig.channel.hide_slate().unwrap();
    let wanted = AdBreak { cue_id: 1, duration: Duration::from_secs(9), show_slate: Some(true) };
    rig.channel.start_ad_break(wanted).unwrap();
    encoder.send(&mut rig, Duration::from_secs(10));
    assert_eq!(seconds(&rig, MediaTime::ZERO), [0.0, 5.0, 10.0, 15.0, 20.0]);
}

#[test]
fn there_are_none_unless_they_are_asked_for_and_none_where_nothing_is_decoded() {
    let mut rig = on_air(small_config());
    Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_25, 48_000).send(&mut rig, Duration::from_secs(7));
    assert_eq!(thumbnails(&rig), []);
    let mut rig = on_air(ChannelConfig { encoding: Encoding::None(PassThrough::default()), ..config() });
    let mut feed = RtmpFeed::new(5_000);
    let id = rig.attach_rtmp(&mut feed.publisher);
    rig.bytes(id, feed.headers());
    let start = rig.now.monotonic;
    rig.play(id, start, &feed.pictures(300));
    assert!(rig.channel.position().is_some());
    assert_eq!(thumbnails(&rig), []);
}

#[test]
fn a_session_that_comes_after_another_has_one_at_once() {
    let mut rig = on_air(config());
    let mut first = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_25, 48_000);
    first.send(&mut rig, Duration::from_secs(6));
    rig.close(first.id());
    rig.pass(Duration::from_secs(2));
    let origin = MediaTime::ZERO.plus(MediaDuration::from_secs(6));
    let mut second = Encoder::attach(&mut rig, origin, FrameRate::FPS_25, 48_000);
    second.send(&mut rig, Duration::from_secs(6));
    assert_eq!(seconds(&rig, MediaTime::ZERO), [0.0, 5.0, 6.0, 11.0]);
    let from: Vec<_> = thumbnails(&rig).iter().map(|(ingest, _)| *ingest).collect();
    assert_eq!(from, [first.id(), first.id(), second.id(), second.id()].map(Some));
}

#[test]
fn they_are_the_same_however_the_bytes_are_cut_and_the_work_is_done() {
    let run = |schedule, seed: Option<u64>| {
        let mut rig = Rig::scheduled(config(), ToyCodecs::shared(), schedule);
        rig.start();
        let mut feed = RtmpFeed::new(5_000);
        let id = rig.attach_rtmp(&mut feed.publisher);
        rig.bytes(id, feed.headers());
        let start = rig.now.monotonic;
        let mut random = Random(seed.unwrap_or_default());
        for sent in feed.pictures(30 * 12) {
            rig.pass((start + sent.at).saturating_sub(rig.now.monotonic));
            let mut rest = sent.bytes;
            while !rest.is_empty() {
                let most = if seed.is_some() { 1 + random.below(400) } else { usize::MAX };
                let piece = rest.split_to(most.min(rest.len()));
                rig.bytes(id, piece);
            }
        }
        thumbnails(&rig)
    };
    let whole = run(Schedule::Inline, None);
    assert_eq!(whole.len(), 3);
    for seed in 0..4 {
        assert_eq!(run(Schedule::Shuffled(seed, 1 + seed as usize * 2), Some(seed)), whole, "seed {seed}");
    }
}

/// Red over blue, by real H.264.
#[test]
fn a_real_picture_is_seen_as_it_was_sent() {
    let (codecs, pool, rate) = (BuiltinCodecs::new(), FramePool::new(), FrameRate::FPS_25);
    let (width, height, profile) = (640, 360, Profile::Baseline);
    let encoder =
        VideoEncoderConfig { width, height, bitrate: 1_000_000, profile, frame_rate: rate, sample_aspect: (1, 1) };
    let mut encoder = codecs.h264_encoder(&encoder).unwrap();
    let mut rig = Rig::new(config(), Arc::new(BuiltinCodecs::new()));
    rig.start();
    let (feed, track) = (Feed::default(), TrackId(1));
    let id = rig.attach("feed", feed.demuxer());
    feed.push(Demuxed::Track(Track::new(track, Timescale::MPEG, encoder.format())));
    for n in 0..40 {
        let at = MediaTime::ZERO.plus(rate.frame_duration().times(n));
        let frame = Frame::build(&pool, (640, 360), at, |y, u, v| {
            for (plane, [red, blue]) in [(y, [63, 32]), (u, [102, 240]), (v, [240, 118])] {
                let half = plane.len() / 2;
                plane[..half].fill(red);
                plane[half..].fill(blue);
            }
        });
        let unit = encoder.encode(&frame, n == 0).unwrap().unwrap();
        feed.push(Demuxed::Unit(AccessUnit { track, duration: rate.frame_duration(), ..unit }));
        rig.bytes(id, vec![0]);
        rig.pass(rate.frame_duration().to_std());
    }
    let [(Some(ingest), made)] = &thumbnails(&rig)[..] else { panic!("{:?}", rig.events) };
    assert_eq!((*ingest, made.width, made.height), (id, 320, 180));
    let pixels = pixels(made);
    let at = |x: usize, y: usize| &pixels[(y * 320 + x) * 3..][..3];
    for x in [8, 160, 311] {
        for y in [8, 60] {
            for (pixel, wanted) in [(at(x, y), [255, 0, 0]), (at(x, 179 - y), [0, 0, 255])] {
                assert!(
                    pixel.iter().zip(wanted).all(|(byte, wanted)| byte.abs_diff(wanted) < 25),
                    "{pixel:?} {wanted:?}"
                );
            }
        }
    }
}
