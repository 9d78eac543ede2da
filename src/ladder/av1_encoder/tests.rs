use super::*;
use crate::media::{FramePool, TrackSpec};

const SIZE: (usize, usize) = (128, 96);
const GOP: usize = 30;

fn config() -> VideoEncoderConfig {
    let (profile, frame_rate) = (Profile::Av1Main, FrameRate::FPS_30);
    VideoEncoderConfig { width: 128, height: 96, bitrate: 100_000, profile, frame_rate, sample_aspect: (1, 1) }
}

/// A bright square that moves over a slope.
fn picture(pool: &FramePool, n: usize) -> Frame {
    let pts = MediaTime::from_flicks(n as i64 * FrameRate::FPS_30.frame_duration().flicks());
    Frame::build(pool, SIZE, pts, |y, u, v| {
        for (row, line) in y.chunks_exact_mut(SIZE.0).enumerate() {
            for (x, p) in line.iter_mut().enumerate() {
                let is_square = (x + SIZE.0 - n % SIZE.0) % SIZE.0 < 16 && row.abs_diff(48) < 16;
                *p = if is_square { 220 } else { 40 + x as u8 / 2 + row as u8 / 2 };
            }
        }
        u.fill(120);
        v.fill(140);
    })
}

/// `count` pictures with a key frame every [`GOP`] and at 47, as far as the encoder gives them out.
fn encode(encoder: &mut Rav1eEncoder, count: usize) -> Vec<AccessUnit> {
    let pool = FramePool::new();
    let frames = (0..count).map(|n| (picture(&pool, n), n % GOP == 0 || n == 47));
    frames.filter_map(|(frame, is_key)| encoder.encode(&frame, is_key).unwrap()).collect()
}

#[test]
fn key_frames_are_where_they_were_asked_for_and_carry_the_sequence_header() {
    let mut encoder = Rav1eEncoder::new(&config()).unwrap();
    let units = encode(&mut encoder, 70);
    assert!(units.len() >= 66, "looks ahead by {}", 70 - units.len());
    let TrackFormat::Av1(_, set_up) = encoder.format() else { panic!("not AV1") };
    for (n, unit) in units.iter().enumerate() {
        assert_eq!(unit.is_random_access, n % GOP == 0 || n == 47, "{n}");
        assert_eq!(unit.pts, MediaTime::from_flicks(n as i64 * FrameRate::FPS_30.frame_duration().flicks()));
        assert!(!unit.data.starts_with(&TEMPORAL_DELIMITER));
        let header = unit.is_random_access.then(|| &set_up.av1c[4..]);
        assert_eq!(sequence_header(&unit.data), header, "{n}");
    }
}

#[test]
fn the_record_says_profile_level_and_depth() {
    let encoder = Rav1eEncoder::new(&config()).unwrap();
    let spec = TrackSpec::video(TrackId(0), "v", 100_000, encoder.format(), FrameRate::FPS_30);
    assert_eq!(spec.codecs().as_deref(), Some("av01.0.00M.08"));
    assert_eq!(&encoder.av1c[..4], [0x81, 0x00, 0x0C, 0x00]);
    let sizes =
        [(340, 192, 350_000, 0), (704, 396, 1_350_000, 4), (1280, 720, 3_500_000, 8), (1920, 1080, 6_000_000, 9)];
    for (width, height, bitrate, idx) in sizes {
        assert_eq!(level(&VideoEncoderConfig { width, height, bitrate, ..config() }), idx, "{width}x{height}");
    }
}

#[test]
fn a_new_frame_rate_takes_hold_at_a_key_frame_and_loses_nothing() {
    let (mut encoder, pool) = (Rav1eEncoder::new(&config()).unwrap(), FramePool::new());
    let mut units = Vec::new();
    for n in 0..50 {
        if n == 20 {
            encoder.set_frame_rate(FrameRate::new(25, 1).unwrap());
        }
        units.extend(encoder.encode(&picture(&pool, n), n == 0 || n == 20).unwrap());
    }
    let keys: Vec<_> = (0..units.len()).filter(|n| units[*n].is_random_access).collect();
    assert_eq!(keys, [0, 20]);
    assert!(units.is_sorted_by(|a, b| a.pts < b.pts) && units.len() >= 46);
    assert_eq!(units[20].pts, picture(&pool, 20).pts);
}

#[test]
fn bytes_depend_on_the_input_only_and_other_sizes_are_refused() {
    let data = || encode(&mut Rav1eEncoder::new(&config()).unwrap(), 20).into_iter().map(|unit| unit.data);
    assert!(data().eq(data()));
    let small = Frame::build(&FramePool::new(), (64, 64), MediaTime::ZERO, |_, _, _| {});
    assert!(Rav1eEncoder::new(&config()).unwrap().encode(&small, true).is_err());
    let h264 = VideoEncoderConfig { profile: Profile::Main, ..config() };
    assert!(Rav1eEncoder::new(&h264).is_err());
}
