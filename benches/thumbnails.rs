//! What thumbnails cost: `cargo bench --bench thumbnails`.
//!
//! A channel whose decoder hands out ready-made 1920x1080 pictures and whose encoders do nothing, so that the decode lane's
//! work is its thumbnails and next to nothing else; the same without thumbnails is taken off. CPU time of the lane's thread.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench is a host, and stops at trouble"
)]

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use cpu_time::ThreadTime;
use headend::{
    channel::{Channel, ChannelConfig, Event, Input, Output},
    error::{Fault, ParseError},
    ingest::{Demuxed, Demuxer},
    ladder::{
        AudioDecoder, AudioEncoder, AudioEncoderConfig, Codecs, Lane, Thumbnails, VideoDecoder, VideoEncoder,
        VideoEncoderConfig,
    },
    media::{
        AacConfig, AccessUnit, AudioTrack, Colour, Frame, FramePool, FrameRate, H264Config, NalFraming, Track,
        TrackFormat, TrackId, VideoTrack,
    },
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

const SECONDS: i64 = 120;

fn main() {
    let picture = picture();
    let none = run(&picture, None).0;
    println!("decode lane without thumbnails: {:.5} cpu/m", none / SECONDS as f64);
    for (width, quality) in [(160, 75), (320, 75), (320, 90), (640, 75), (1280, 75)] {
        let interval = MediaDuration::from_secs(1);
        let (cost, count, bytes) = run(&picture, Some(Thumbnails { interval, width, quality }));
        let each = (cost - none).max(0.0) / count as f64;
        println!(
            "{width:>4} wide, quality {quality}: {:.2} ms each, {} bytes; one in 5 s is {:.5} cpu/m",
            each * 1000.0,
            bytes / count,
            each / 5.0
        );
    }
}

/// CPU-seconds of the decode lane, thumbnails, and their bytes.
fn run(picture: &Frame, thumbnails: Option<Thumbnails>) -> (f64, usize, usize) {
    let config = ChannelConfig { thumbnails, ..ChannelConfig::new("bench").unwrap() };
    let mut channel = Channel::new(config, Arc::new(Ready(picture.clone()))).unwrap();
    let mut now = Now::new(Duration::from_secs(1), Utc::from_unix_secs(1_795_176_000));
    let (mut cost, mut count, mut bytes) = (0.0, 0, 0);
    let mut drain = |channel: &mut Channel, now: Now| {
        while let Some(output) = channel.poll_output() {
            match output {
                Output::Work(work) => {
                    let (is_decode, before) = (work.lane() == Lane::Decode, ThreadTime::now());
                    let done = work.run();
                    cost += if is_decode { before.elapsed().as_secs_f64() } else { 0.0 };
                    channel.handle_input(Input::Done(done), now).unwrap();
                }
                Output::Event(Event::Thumbnail { thumbnail, .. }) => {
                    (count, bytes) = (count + 1, bytes + thumbnail.jpeg.len());
                }
                _ => {}
            }
        }
    };
    channel.start(now).unwrap();
    drain(&mut channel, now);
    let id = channel.attach("bench", Box::new(Feed::default()), now).unwrap();
    let step = FrameRate::FPS_30.frame_duration().to_std();
    for _ in 0..SECONDS * 30 {
        channel.handle_input(Input::Bytes(id, Bytes::from_static(&[0])), now).unwrap();
        drain(&mut channel, now);
        now = Now::new(now.monotonic + step, now.utc.plus(MediaDuration::from_std(step)));
    }
    (cost, count, bytes)
}

/// Soft shapes under grain: JPEG works hardest on it.
fn picture() -> Frame {
    let mut seed = 7_u64;
    let mut grain = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 59) as i32 - 16
    };
    let mut frame = Frame::build(&FramePool::new(), (1920, 1080), MediaTime::ZERO, |y, u, v| {
        let mut fill = |plane: &mut [u8], width: usize| {
            for (n, sample) in plane.iter_mut().enumerate() {
                let (x, y) = ((n % width) as f64, (n / width) as f64);
                let soft = 120.0 + 60.0 * (x / 90.0).sin() * (y / 70.0).cos();
                *sample = (soft as i32 + grain()).clamp(16, 235) as u8;
            }
        };
        fill(y, 1920);
        fill(u, 960);
        fill(v, 960);
    });
    frame.colour = Colour::BT709;
    frame
}

/// A picture at each push, every one an IDR picture.
#[derive(Default)]
struct Feed(VecDeque<Demuxed>, i64);

impl Demuxer for Feed {
    fn push(&mut self, _: Bytes, _: Now) -> Result<(), ParseError> {
        let track = TrackId(0);
        if self.1 == 0 {
            let video = VideoTrack { frame_rate: Some(FrameRate::FPS_30), ..VideoTrack::new(1920, 1080) };
            let config = H264Config { framing: NalFraming::AnnexB, sps: vec![], pps: vec![] };
            self.0.push_back(Demuxed::Track(Track::new(track, Timescale::MPEG, TrackFormat::H264(video, config))));
        }
        let duration = FrameRate::FPS_30.frame_duration();
        let pts = MediaTime::ZERO.plus(duration.times(self.1));
        let data = Bytes::from_static(&[0]);
        let unit = AccessUnit { track, pts, dts: pts, duration, is_random_access: true, is_damaged: false, data };
        self.0.push_back(Demuxed::Unit(unit));
        self.1 += 1;
        Ok(())
    }

    fn pull(&mut self) -> Option<Demuxed> {
        self.0.pop_front()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    fn handle_timeout(&mut self, _: Now) {}

    fn finish(&mut self) {}
}

/// Hands out the same picture for every access unit.
struct Ready(Frame);

impl Codecs for Ready {
    fn video_decoder(&self, _: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
        Ok(Box::new(Self(self.0.clone())))
    }

    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        Ok(Box::new(Nothing(config.clone())))
    }

    fn audio_decoder(&self, _: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault> {
        Err(Fault::Codec { what: "no sound here".into() })
    }

    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault> {
        Ok(Box::new(Silence(*config)))
    }
}

impl VideoDecoder for Ready {
    fn decode(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) -> Result<(), Fault> {
        out.push(self.0.at(unit.pts));
        Ok(())
    }

    fn flush(&mut self, _: &mut Vec<Frame>) -> Result<(), Fault> {
        Ok(())
    }
}

struct Nothing(VideoEncoderConfig);

impl VideoEncoder for Nothing {
    fn encode(&mut self, frame: &Frame, force_idr: bool) -> Result<Option<AccessUnit>, Fault> {
        let (pts, data) = (frame.pts, Bytes::from_static(&[0, 0, 0, 1, 0x65]));
        let (duration, is_random_access) = (MediaDuration::ZERO, force_idr);
        let track = TrackId(0);
        Ok(Some(AccessUnit { track, pts, dts: pts, duration, is_random_access, is_damaged: false, data }))
    }

    fn set_frame_rate(&mut self, _: FrameRate) {}

    fn format(&self) -> TrackFormat {
        let config = H264Config { framing: NalFraming::Length(4), sps: vec![], pps: vec![] };
        TrackFormat::H264(VideoTrack::new(self.0.width, self.0.height), config)
    }
}

struct Silence(AudioEncoderConfig);

impl AudioEncoder for Silence {
    fn encode(&mut self, _: &[i16], pts: MediaTime) -> Result<AccessUnit, Fault> {
        let duration = MediaDuration::from_ticks(1024, Timescale::new(self.0.sample_rate).unwrap());
        let (track, data) = (TrackId(0), Bytes::from_static(&[0]));
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
