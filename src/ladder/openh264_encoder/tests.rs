use h264_reader::{
    Context,
    nal::{pps::PicParameterSet, sps::SeqParameterSet},
    rbsp::{BitReader, decode_nal},
};

use super::*;
use crate::{
    media::{FramePool, FrameRate},
    time::MediaTime,
};

/// A picture of soft moving waves with some texture and a little grain; every call of the same `n` gives the same bytes.
pub(in crate::ladder) fn moving_picture(pool: &FramePool, (width, height): (usize, usize), n: usize) -> Frame {
    let pts = MediaTime::from_flicks(n as i64 * FrameRate::FPS_30.frame_duration().flicks());
    let texture = |x: usize, y: usize| {
        let hash = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
        (hash.wrapping_mul(0xC2B2_AE3D) >> 28) as usize
    };
    Frame::build(pool, (width, height), pts, |y, u, v| {
        for (row, line) in y.chunks_exact_mut(width).enumerate() {
            for (x, p) in line.iter_mut().enumerate() {
                let (sx, sy) = (x + 3 * n, row + n);
                let wave = ((sx / 4) % 64).abs_diff(32) * 3 + ((sy / 4) % 64).abs_diff(32) * 2;
                *p = (40 + wave + texture(sx / 2, sy / 2) + texture(x + 31 * n, row + 17 * n * n) / 3) as u8;
            }
        }
        for (row, (lu, lv)) in u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2)).enumerate() {
            for (x, (pu, pv)) in lu.iter_mut().zip(lv).enumerate() {
                *pu = (96 + ((x + n) / 8 % 64)) as u8;
                *pv = (96 + ((row + n) / 8 % 64)) as u8;
            }
        }
    })
}

pub(in crate::ladder) fn config(width: u32, height: u32, bitrate: u32, profile: Profile) -> VideoEncoderConfig {
    VideoEncoderConfig { width, height, bitrate, profile, frame_rate: FrameRate::FPS_30, sample_aspect: (1, 1) }
}

fn parsed(encoder: &OpenH264Encoder) -> (SeqParameterSet, PicParameterSet) {
    let TrackFormat::H264(_, sets) = encoder.format() else { panic!("not H.264") };
    assert_eq!((sets.framing, sets.sps.len(), sets.pps.len()), (NalFraming::Length(4), 1, 1));
    let sps = SeqParameterSet::from_bits(BitReader::new(&*decode_nal(&sets.sps[0]).unwrap())).unwrap();
    let mut context = Context::default();
    context.put_seq_param_set(sps.clone());
    let pps = PicParameterSet::from_bits(&context, BitReader::new(&*decode_nal(&sets.pps[0]).unwrap())).unwrap();
    (sps, pps)
}

#[test]
fn parameter_sets_are_the_rungs_own_a12_2() {
    for rung in super::super::Preset::default_720p().rungs {
        let encoder = OpenH264Encoder::new(&config(rung.width, rung.height, rung.bitrate, rung.profile)).unwrap();
        let (sps, pps) = parsed(&encoder);
        let idc = match rung.profile {
            Profile::Baseline => 66,
            Profile::Main => 77,
            Profile::High => 100,
            Profile::Av1Main => unreachable!("no rung of this preset"),
        };
        assert_eq!(sps.profile().profile_idc(), idc, "{}", rung.name);
        assert_eq!(pps.entropy_coding_mode_flag, idc != 66, "{}", rung.name);
        assert_eq!(sps.pixel_dimensions().unwrap(), (rung.width, rung.height));
        let vui = sps.vui_parameters.unwrap();
        assert_eq!(vui.aspect_ratio_info.unwrap().get(), Some((1, 1)));
        assert_eq!(vui.video_signal_type.unwrap().colour_description.unwrap().matrix_coefficients, 1);
    }
}

#[test]
fn a_sample_aspect_that_is_not_square_is_signalled() {
    let mut config = config(340, 192, 350_000, Profile::Baseline);
    config.sample_aspect = (256, 255);
    let (sps, _) = parsed(&OpenH264Encoder::new(&config).unwrap());
    assert_eq!(sps.vui_parameters.unwrap().aspect_ratio_info.unwrap().get(), Some((256, 255)));
}

#[test]
fn idr_pictures_come_when_asked_and_at_no_other_time() {
    let pool = FramePool::new();
    for profile in [Profile::Baseline, Profile::Main, Profile::High] {
        let mut encoder = OpenH264Encoder::new(&config(340, 192, 350_000, profile)).unwrap();
        let before = encoder.format();
        let mut bytes = 0;
        for n in 0..300 {
            // A cut to another scene must not bring an IDR picture of its own.
            let scene = if (130..170).contains(&n) { n + 7000 } else { n };
            let mut frame = moving_picture(&pool, (340, 192), scene);
            frame.pts = MediaTime::from_flicks(n as i64);
            let unit = encoder.encode(&frame, n % 60 == 0 || n == 77).unwrap().unwrap();
            assert_eq!(unit.is_random_access, n % 60 == 0 || n == 77, "{profile} {n}");
            assert_eq!((unit.pts, unit.dts), (frame.pts, frame.pts));
            let kinds: Vec<u8> = nals(&unit.data).iter().map(|nal| nal_type(nal)).collect();
            assert_eq!(kinds, [if unit.is_random_access { NAL_IDR } else { 1 }], "one slice and nothing else");
            bytes += unit.data.len();
        }
        assert_eq!(encoder.format(), before);
        let rate = bytes * 8 / 10;
        assert!((315_000..=385_000).contains(&rate), "{profile}: {rate} bit/s");
    }
}

#[test]
fn the_same_pictures_give_the_same_bytes_and_parameter_sets_do_not_disturb() {
    let pool = FramePool::new();
    let run = |ask_format: bool| -> Vec<Bytes> {
        let mut encoder = OpenH264Encoder::new(&config(384, 216, 550_000, Profile::Main)).unwrap();
        (0..20)
            .map(|n| {
                if ask_format {
                    let _ = encoder.format();
                }
                encoder.encode(&moving_picture(&pool, (384, 216), n), n % 10 == 0).unwrap().unwrap().data
            })
            .collect()
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn a_picture_of_another_size_is_refused_and_the_next_one_taken() {
    let pool = FramePool::new();
    let mut encoder = OpenH264Encoder::new(&config(340, 192, 350_000, Profile::Baseline)).unwrap();
    assert!(encoder.encode(&moving_picture(&pool, (384, 216), 0), true).is_err());
    assert!(encoder.encode(&moving_picture(&pool, (340, 192), 1), true).unwrap().unwrap().is_random_access);
}

fn nals(mut data: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    while let Some((len, rest)) = data.split_first_chunk::<4>() {
        let (nal, tail) = rest.split_at(u32::from_be_bytes(*len) as usize);
        out.push(nal);
        data = tail;
    }
    out
}
