//! Slates: which image when, in every rung, without a step in the sound or a frame more or less (A14.5, A14.7, A15).

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use headend::{
    channel::{AdBreak, ChannelConfig, Event, Input},
    error::Fault,
    ladder::{
        AudioDecoder, AudioEncoder, AudioEncoderConfig, BuiltinCodecs, Codecs, VideoDecoder, VideoEncoder,
        VideoEncoderConfig,
    },
    media::{AacConfig, AccessUnit, AudioTrack, FrameRate, Samples, TrackFormat},
    splice::{OnAir, SlateError, SlateImage, Slates},
    time::{MediaTime, Timescale},
};

use crate::{
    loss_policy::flat,
    real_pictures::look,
    rig::{Rig, feed::Encoder, small_config, toy_codecs::ToyCodecs},
    timeline::{assert_in_step, assert_seamless, on_air, pictures},
};

fn slates() -> Slates {
    let [default, pre_event, post_event, error_event, ad_break] = [20, 24, 28, 32, 36].map(|luma| Some(flat(luma)));
    Slates { default, pre_event, post_event, error_event, ad_break }
}

fn started(slates: Slates) -> Rig {
    let mut rig = Rig::new(ChannelConfig { slates, ..small_config() }, ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig
}

/// The lumas that were shown, each once in a row, without the encoder's own.
fn scenes(rig: &Rig) -> Vec<u8> {
    let mut lumas: Vec<u8> = pictures(rig).iter().map(|(_, luma)| *luma).filter(|luma| *luma < 60).collect();
    lumas.dedup();
    lumas
}

#[test]
fn every_scene_has_its_image_a14_7() {
    let mut rig = started(slates());
    rig.pass(Duration::from_secs(2));
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(3));
    rig.channel.show_slate(Some(Duration::from_secs(1)), None).unwrap();
    encoder.send(&mut rig, Duration::from_secs(2));
    rig.channel.show_slate(None, Some(flat(40))).unwrap();
    encoder.send(&mut rig, Duration::from_secs(1));
    rig.channel.hide_slate().unwrap();
    encoder.send(&mut rig, Duration::from_secs(1));
    let duration = Duration::from_secs(1);
    rig.channel.start_ad_break(AdBreak { cue_id: 1, duration, show_slate: None }).unwrap();
    encoder.send(&mut rig, Duration::from_secs(2));
    // It breaks off, and comes back, and then ends in order.
    rig.close(encoder.id());
    rig.pass(Duration::from_secs(3));
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(3));
    rig.channel.handle_input(Input::Finished(encoder.id()), rig.now).unwrap();
    rig.pass(Duration::from_secs(30));
    assert_eq!(scenes(&rig), [24, 20, 40, 36, 32, 28]);
    use OnAir::{BreakSlate, Live, OperatorSlate, Slate};
    assert_eq!(
        on_air(&rig),
        [Slate, Live, OperatorSlate, Live, OperatorSlate, Live, BreakSlate, Live, Slate, Live, Slate]
    );
    assert_seamless(&rig);
}

#[test]
fn the_post_event_image_stays_until_a_contribution_is_on_air_again() {
    let mut rig = started(slates());
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(3));
    // The error slate first: it had fallen silent before it said that it was done.
    rig.pass(Duration::from_secs(3));
    rig.channel.handle_input(Input::Finished(encoder.id()), rig.now).unwrap();
    rig.pass(Duration::from_secs(60));
    // One that comes and sends no picture is no event.
    let silent = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    rig.pass(Duration::from_secs(5));
    rig.close(silent.id());
    rig.pass(Duration::from_secs(5));
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(3));
    rig.close(encoder.id());
    rig.pass(Duration::from_secs(5));
    assert_eq!(scenes(&rig), [24, 32, 28, 32]);
    assert_seamless(&rig);
}

#[test]
fn row_53_a_slate_that_is_refused_leaves_the_built_in_one() {
    let jpeg = include_bytes!("../fixtures/slate_420.jpg");
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let mut too_big = jpeg.to_vec();
    too_big[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
    let refused = SlateImage::from_jpeg(&too_big.into()).map_err(|error| error.code());
    assert_eq!(refused, Err("SLATE_TOO_BIG"));
    assert!(matches!(SlateImage::from_jpeg(&Bytes::new()), Err(SlateError::NotJpeg(_))));
    let mut rig = started(Slates { default: refused.ok(), ..Slates::default() });
    rig.pass(Duration::from_secs(5));
    assert_eq!(on_air(&rig), [OnAir::Slate]);
    assert!(pictures(&rig).iter().all(|(_, luma)| *luma > 16 && *luma < 240), "the built-in one, not black");
    assert_seamless(&rig);
}

#[test]
fn entering_and_leaving_costs_no_frame_in_any_rung() {
    let mut rig = started(slates());
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(3));
    for n in 0..7u64 {
        rig.channel.show_slate(Some(Duration::from_millis(700 + 130 * n)), (n % 2 == 0).then(|| flat(40))).unwrap();
        encoder.send(&mut rig, Duration::from_secs(3));
    }
    assert_seamless(&rig);
    assert_in_step(&rig, 10);
    let segments = rig.segments();
    let (start, end) = (segments[0].start, segments.last().unwrap().end());
    let frames = end.since(start).flicks() / FrameRate::FPS_30.frame_duration().flicks();
    for track in 0..2 {
        let stored = rig.stored("asset", track);
        assert_eq!(stored.len() as i64, frames, "rung {track}");
        assert!(stored.windows(2).all(|pair| pair[1].dts - pair[0].dts == 3000), "rung {track}");
        // The program began with the frame after the channel's first.
        let odd = stored.iter().skip(2).filter(|sample| (sample.data[4] == 0x65) != sample.is_first);
        let odd: Vec<_> = odd.map(|sample| (sample.dts - stored[0].dts, sample.is_first, &sample.data)).collect();
        assert!(odd.is_empty(), "rung {track}: IDR pictures are the first of segments, and no others: {odd:?}");
    }
    assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 0);
    // Beneath the slate the pictures go on: what is seen afterwards is what came meanwhile.
    let shown = pictures(&rig);
    let back = shown.windows(2).filter(|pair| pair[0].1 < 60 && pair[1].1 >= 60).count();
    assert_eq!(back, 8, "{:?}", on_air(&rig));
}

#[test]
fn a_slate_image_is_in_every_rung_in_its_colours() {
    let jpeg = Bytes::from_static(include_bytes!("../fixtures/slate_444.jpg"));
    let mut config = ChannelConfig::new("one").unwrap();
    config.preset.rungs.retain(|rung| rung.bitrate <= 550_000);
    config.slates.default = Some(SlateImage::from_jpeg(&jpeg).unwrap());
    let mut rig = Rig::new(config, Arc::new(BuiltinCodecs::new()));
    rig.start();
    rig.start_program("asset");
    rig.pass(Duration::from_secs(5));
    for track in 0..3 {
        let shown = look(&rig, track);
        let frame = &shown[45].2;
        // The quarters: red, green, blue and white in BT.709, limited range; stretched to the edges of 16:9.
        let expected = [[63, 102, 240], [173, 42, 26], [32, 240, 118], [235, 128, 128]];
        for ((x, y), expected) in [(1, 1), (7, 1), (1, 7), (7, 7)].into_iter().zip(expected) {
            let (x, y) = (frame.width * x / 8, frame.height * y / 8);
            let half = y / 2 * (frame.width / 2) + x / 2;
            let seen = [frame.y().data[y * frame.width + x], frame.u().data[half], frame.v().data[half]];
            let off = seen.iter().zip(&expected).map(|(a, b): (&u8, &u8)| a.abs_diff(*b)).max();
            assert!(off <= Some(6), "rung {track}, {x}x{y}: {seen:?} for {expected:?}");
        }
        let corner = frame.y().data[0];
        assert!(corner.abs_diff(63) <= 6, "rung {track}: no bars: {corner}");
    }
}

/// Toy pictures; sound that is one constant loud level as it comes, and every sample of it as it goes out.
struct Listening(ToyCodecs, Arc<Mutex<Vec<i16>>>);
struct Level(AudioTrack);
struct Recorder(AudioEncoderConfig, Arc<Mutex<Vec<i16>>>);

impl Codecs for Listening {
    fn video_decoder(&self, format: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
        self.0.video_decoder(format)
    }

    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        self.0.h264_encoder(config)
    }

    fn audio_decoder(&self, format: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault> {
        Ok(Box::new(Level(*format.audio().unwrap())))
    }

    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault> {
        Ok(Box::new(Recorder(*config, self.1.clone())))
    }
}

impl AudioDecoder for Level {
    fn decode(&mut self, unit: &AccessUnit) -> Result<Samples, Fault> {
        let AudioTrack { sample_rate, channels } = self.0;
        Ok(Samples { pts: unit.pts, sample_rate, channels, data: vec![12_000; 1024 * usize::from(channels)] })
    }
}

impl AudioEncoder for Recorder {
    fn encode(&mut self, samples: &[i16], pts: MediaTime) -> Result<AccessUnit, Fault> {
        self.1.lock().unwrap().extend(samples.chunks(2).map(|instant| instant[0]));
        let duration = headend::time::MediaDuration::from_ticks(1024, Timescale::new(self.0.sample_rate).unwrap());
        let data = Bytes::from_static(&[0; 4]);
        let track = headend::media::TrackId(0);
        Ok(AccessUnit { track, pts, dts: pts, duration, is_random_access: true, is_damaged: false, data })
    }

    fn frame_len(&self) -> usize {
        1024
    }

    fn format(&self) -> (AudioTrack, AacConfig) {
        let track = AudioTrack { sample_rate: self.0.sample_rate, channels: self.0.channels };
        (track, AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) })
    }
}

#[test]
fn sound_fades_out_and_in_without_a_step_a15_10() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut rig = Rig::new(small_config(), Arc::new(Listening(ToyCodecs::default(), heard.clone())));
    rig.start();
    rig.start_program("asset");
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 44_100);
    encoder.send(&mut rig, Duration::from_secs(3));
    // The operator's slate, an ad break's, a loss, and the end.
    rig.channel.show_slate(Some(Duration::from_millis(1500)), None).unwrap();
    encoder.send(&mut rig, Duration::from_secs(3));
    let duration = Duration::from_millis(1234);
    rig.channel.start_ad_break(AdBreak { cue_id: 1, duration, show_slate: None }).unwrap();
    encoder.send(&mut rig, Duration::from_secs(3));
    rig.pass(Duration::from_secs(3));
    encoder.jump(encoder.frame.times(90));
    encoder.restart();
    encoder.send(&mut rig, Duration::from_secs(3));
    rig.close(encoder.id());
    rig.pass(Duration::from_secs(3));
    let heard = heard.lock().unwrap();
    let (loud, silent) = (12_000, 0);
    let mut levels: Vec<i16> = heard.iter().copied().filter(|level| *level == loud || *level == silent).collect();
    levels.dedup();
    assert_eq!(levels, [silent, loud].repeat(4).into_iter().chain([silent]).collect::<Vec<_>>());
    // 10 ms from silence to the whole level.
    let step = heard.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max();
    assert!(step <= Some(12_000 / 441 + 1), "{step:?}");
}

#[test]
fn row_41_sound_that_is_missing_for_a_moment_goes_out_and_in_without_a_step() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut rig = Rig::new(small_config(), Arc::new(Listening(ToyCodecs::default(), heard.clone())));
    rig.start();
    rig.start_program("asset");
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 44_100);
    encoder.send(&mut rig, Duration::from_secs(3));
    for millis in [40, 50, 70, 100, 150, 250, 400, 600, 2_000] {
        encoder.has_sound = false;
        encoder.send(&mut rig, Duration::from_millis(millis));
        encoder.has_sound = true;
        encoder.send(&mut rig, Duration::from_secs(2));
    }
    rig.pass(Duration::from_secs(3));
    let heard = heard.lock().unwrap();
    let mut levels: Vec<i16> = heard.iter().copied().filter(|level| *level == 12_000 || *level == 0).collect();
    levels.dedup();
    assert_eq!(levels.iter().filter(|level| **level == 0).count(), 11, "before, nine gaps and the end: {levels:?}");
    let step = heard.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max();
    assert!(step <= Some(12_000 / 441 + 1), "{step:?}");
}
