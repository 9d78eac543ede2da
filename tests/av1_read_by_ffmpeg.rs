//! An AV1 rung from encoder to fragments, and ffmpeg reads them back. An extra: without an ffprobe that decodes AV1 it prints
//! that it was skipped.
#![cfg(feature = "av1")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic and owns its files")]

use std::{fs, path::Path, process::Command, sync::Arc};

use headend::{
    archive::{Asset, AssetConfig, AssetName, AssetOutput, Presentation, Segmenter, SegmenterLimits, TrackSpec},
    ladder::{BuiltinCodecs, Codecs, Profile, VideoEncoder, VideoEncoderConfig},
    media::{AccessUnit, Frame, FramePool, FrameRate, TrackId},
    time::{MediaDuration, MediaTime, Utc},
};

const SIZE: (usize, usize) = (340, 192);
const GOP: usize = 30;
const PICTURES: usize = 90;

#[test]
fn ffmpeg_decodes_every_picture_and_finds_the_key_frames() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("av1.mp4");
    let (frame_rate, sample_aspect) = (FrameRate::FPS_30, (256, 255));
    let (width, height, bitrate, profile) = (SIZE.0 as u32, SIZE.1 as u32, 200_000, Profile::Av1Main);
    let config = VideoEncoderConfig { width, height, bitrate, profile, frame_rate, sample_aspect };
    let mut encoder = BuiltinCodecs::new().av1_encoder(&config).unwrap();
    // A few more than are looked at: the encoder holds its last ones back.
    let pool = FramePool::new();
    let units: Vec<_> = (0..PICTURES + 8)
        .filter_map(|n| encoder.encode(&picture(&pool, n), n % GOP == 0 || n == 47).unwrap())
        .take(PICTURES)
        .collect();
    let kbps = units.iter().map(|unit| unit.data.len()).sum::<usize>() * 8 / 1000 * 30 / PICTURES;
    println!("{kbps} kbit/s of {}", bitrate / 1000);
    fs::write(&path, file(encoder.as_ref(), units)).unwrap();

    let show = ["-show_entries", "frame=key_frame,width,height", "-of", "csv=p=0"];
    let out = Command::new("ffprobe").args(["-v", "error", "-select_streams", "v"]).args(show).arg(&path).output();
    let Ok(out) = out else { return println!("skipped: no ffprobe") };
    if String::from_utf8_lossy(&out.stderr).contains("Decoder not found") {
        return println!("skipped: no AV1 decoder in ffmpeg");
    }
    assert_eq!(String::from_utf8_lossy(&out.stderr), "");
    let lines: Vec<String> = String::from_utf8(out.stdout).unwrap().lines().map(String::from).collect();
    assert_eq!(lines.len(), PICTURES);
    for (n, line) in lines.iter().enumerate() {
        let is_key = n % GOP == 0 || n == 47;
        assert!(line.starts_with(&format!("{},340,192", u8::from(is_key))), "{n}: {line}");
    }
}

/// A bright square that moves over a slope.
fn picture(pool: &FramePool, n: usize) -> Frame {
    let pts = MediaTime::from_flicks(n as i64 * FrameRate::FPS_30.frame_duration().flicks());
    Frame::build(pool, SIZE, pts, |y, u, v| {
        for (row, line) in y.chunks_exact_mut(SIZE.0).enumerate() {
            for (x, p) in line.iter_mut().enumerate() {
                let is_square = (x + SIZE.0 - n % SIZE.0) % SIZE.0 < 16 && row.abs_diff(48) < 16;
                *p = if is_square { 220 } else { (40 + x / 4 + row / 4) as u8 };
            }
        }
        u.fill(120);
        v.fill(140);
    })
}

/// The file that a player puts together from init segment and fragments.
fn file(encoder: &dyn VideoEncoder, units: Vec<AccessUnit>) -> Vec<u8> {
    let spec = TrackSpec::video(TrackId(0), "Video_340x192_200kbps", 200_000, encoder.format(), FrameRate::FPS_30);
    assert_eq!(spec.codecs().as_deref(), Some("av01.0.00M.08"));
    let mut segmenter = Segmenter::new(vec![spec.clone()], SegmenterLimits::default());
    let presentation = Arc::new(Presentation::new(vec![spec], Utc::UNIX_EPOCH));
    let config = AssetConfig { window: None, rewind: None, segment_duration: MediaDuration::from_secs(1) };
    let mut asset = Asset::open(AssetName::new("a").unwrap(), presentation, config);
    let at = |n| MediaTime::ZERO.plus(MediaDuration::from_secs(n));
    (0..3).for_each(|n| segmenter.boundary(at(n)).unwrap());
    units.into_iter().for_each(|unit| segmenter.push(TrackId(0), unit).unwrap());
    segmenter.finish(at(3));
    while let Some(sealed) = segmenter.pull() {
        assert_eq!(sealed.faults, []);
        asset.push(&sealed).unwrap();
    }
    let stored = std::iter::from_fn(|| asset.pull()).filter_map(|output| match output {
        AssetOutput::Store(object) => Some(object.body.to_bytes()),
        _ => None,
    });
    stored.collect::<Vec<_>>().concat()
}
