use bytes::Bytes;

use super::*;
#[cfg(feature = "rusty-h264")]
use crate::ladder::rusty_h264_decoder::RustyH264Decoder;
use crate::{
    ladder::{
        Profile, VideoEncoder,
        openh264_encoder::{
            OpenH264Encoder,
            tests::{config, moving_picture},
        },
    },
    media::{FramePool, FrameRate, NalFraming, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime},
};

type New = fn(&H264Config, u64) -> Result<Box<dyn VideoDecoder>, Fault>;

/// All that decode plain H.264.
const BACKENDS: &[New] = &[
    |config, ceiling| Ok(Box::new(OpenH264Decoder::new(config, ceiling)?)),
    #[cfg(feature = "rusty-h264")]
    |config, ceiling| Ok(Box::new(RustyH264Decoder::new(config, ceiling)?)),
];
const START_CODE: [u8; 4] = [0, 0, 0, 1];
const HD: u64 = 1920 * 1088;
const ANNEX_B: H264Config = H264Config { framing: NalFraming::AnnexB, sps: Vec::new(), pps: Vec::new() };

fn unit(pts: i64, dts: i64, data: Bytes) -> AccessUnit {
    let frame = FrameRate::FPS_30.frame_duration();
    let time = |n| MediaTime::ZERO.plus(frame.times(n));
    let (track, duration) = (TrackId(0), MediaDuration::ZERO);
    AccessUnit { track, pts: time(pts), dts: time(dts), duration, is_random_access: false, is_damaged: false, data }
}

/// Access units of the fixture that x264 made, with B pictures.
fn b_pictures() -> Vec<AccessUnit> {
    let mut data = Bytes::from_static(include_bytes!("../../../tests/fixtures/x264_bframes.h264"));
    include_str!("../../../tests/fixtures/x264_bframes.txt")
        .lines()
        .map(|line| {
            let fields: Vec<i64> = line.split(' ').map(|field| field.parse().unwrap()).collect();
            unit(fields[1], fields[0], data.split_to(fields[2] as usize))
        })
        .collect()
}

fn mean(frame: &Frame) -> i64 {
    frame.y().data.iter().map(|p| i64::from(*p)).sum::<i64>() / frame.y().data.len() as i64
}

fn psnr(a: &Frame, b: &Frame) -> f64 {
    let squares: u64 = a.y().data.iter().zip(b.y().data).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    10.0 * (255.0 * 255.0 * a.y().data.len() as f64 / squares.max(1) as f64).log10()
}

#[test]
fn pictures_come_in_presentation_order_each_with_its_own_time() {
    for new in BACKENDS {
        let units = b_pictures();
        assert!(
            units.iter().any(|unit| unit.pts.since(unit.dts).flicks() > FrameRate::FPS_30.frame_duration().flicks())
        );
        let first = units.iter().map(|unit| unit.pts).min().unwrap();
        let mut decoder = new(&ANNEX_B, HD).unwrap();
        // Twice, as a flush leaves the decoder as new.
        for _ in 0..2 {
            let mut frames = Vec::new();
            for unit in &units {
                decoder.decode(unit, &mut frames).unwrap();
            }
            assert!(frames.len() + 4 >= units.len(), "holds back no more than the reorder depth: {}", frames.len());
            decoder.flush(&mut frames).unwrap();
            assert_eq!(frames.len(), units.len());
            for (n, frame) in frames.iter().enumerate() {
                assert_eq!(frame.pts, first.plus(FrameRate::FPS_30.frame_duration().times(n as i64)));
                assert!((mean(frame) - (40 + 5 * n as i64)).abs() <= 4, "{n}: {}", mean(frame));
                assert_eq!((frame.width, frame.height), (176, 144));
            }
        }
    }
}

#[test]
fn a_lost_or_garbled_unit_is_an_error_and_the_next_idr_is_clean() {
    for new in BACKENDS {
        let mut units = b_pictures();
        let garbled: Vec<u8> = units[5].data.iter().enumerate().map(|(i, b)| b ^ (((i * 37) & 0x5f) as u8)).collect();
        units[5].data = garbled.into();
        units[7].data = units[7].data.slice(..3);
        units.remove(9);
        let mut decoder = new(&ANNEX_B, HD).unwrap();
        let mut frames = Vec::new();
        let results: Vec<bool> = units.iter().map(|unit| decoder.decode(unit, &mut frames).is_ok()).collect();
        decoder.flush(&mut frames).unwrap();
        assert!(results.contains(&false));
        assert!(frames.windows(2).all(|pair| pair[0].pts < pair[1].pts));
        let first = units.iter().map(|unit| unit.pts).min().unwrap();
        let second_gop = first.plus(FrameRate::FPS_30.frame_duration().times(18));
        let clean: Vec<_> = frames.iter().filter(|frame| frame.pts >= second_gop).collect();
        assert_eq!(clean.len(), 18);
        for (n, frame) in clean.iter().enumerate() {
            assert!((mean(frame) - (40 + 5 * (n as i64 + 18))).abs() <= 4);
        }
    }
}

#[test]
fn what_the_encoder_made_comes_back() {
    for new in BACKENDS {
        let pool = FramePool::new();
        for (profile, size) in
            [(Profile::Baseline, (340, 192)), (Profile::Main, (960, 540)), (Profile::High, (1280, 720))]
        {
            let mut encoder = OpenH264Encoder::new(&config(size.0, size.1, 3_000_000, profile)).unwrap();
            let TrackFormat::H264(_, format) = encoder.format() else { panic!("not H.264") };
            let mut decoder = new(&format, HD).unwrap();
            let sent: Vec<Frame> =
                (0..8).map(|n| moving_picture(&pool, (size.0 as usize, size.1 as usize), n)).collect();
            let mut frames = Vec::new();
            for (n, frame) in sent.iter().enumerate() {
                decoder.decode(&encoder.encode(frame, n == 0).unwrap().unwrap(), &mut frames).unwrap();
            }
            decoder.flush(&mut frames).unwrap();
            assert_eq!(frames.len(), sent.len());
            for (sent, frame) in sent.iter().zip(&frames) {
                assert_eq!((frame.pts, frame.width, frame.height), (sent.pts, sent.width, sent.height));
                assert!(psnr(sent, frame) > 30.0, "{profile} {:.1} dB", psnr(sent, frame));
            }
        }
    }
}

#[test]
fn pictures_over_the_ceiling_are_refused_before_they_are_decoded() {
    for new in BACKENDS {
        let encoder = OpenH264Encoder::new(&config(1280, 720, 3_000_000, Profile::High)).unwrap();
        let TrackFormat::H264(_, mut format) = encoder.format() else { panic!("not H.264") };
        let refused = new(&format, 1280 * 700).err().unwrap();
        assert!(refused.to_string().contains("1280x720"), "{refused}");
        // The same in band: every unit is refused until a parameter set that fits comes along.
        let sps = std::mem::take(&mut format.sps);
        format.pps.clear();
        let mut decoder = new(&format, 1280 * 700).unwrap();
        let mut data = (sps[0].len() as u32).to_be_bytes().to_vec();
        data.extend_from_slice(&sps[0]);
        assert!(decoder.decode(&unit(0, 0, data.into()), &mut Vec::new()).is_err());
    }
}

#[test]
fn hostile_bytes_give_values_and_errors_only() {
    for new in BACKENDS {
        let units = b_pictures();
        let mut seed = 1u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 8
        };
        let length = H264Config { framing: NalFraming::Length(4), ..ANNEX_B };
        for config in [ANNEX_B, length] {
            let mut decoder = new(&config, HD).unwrap();
            let mut frames = Vec::new();
            for round in 0..20 {
                for unit in &units {
                    let mut data = unit.data.to_vec();
                    for _ in 0..1 + round % 4 {
                        let at = random() as usize % data.len();
                        data[at] = random() as u8;
                    }
                    data.truncate(1 + random() as usize % (data.len() * 2));
                    let _ = decoder.decode(&AccessUnit { data: data.into(), ..unit.clone() }, &mut frames);
                    frames.clear();
                }
            }
            let _ = decoder.decode(&unit(0, 0, Bytes::new()), &mut frames);
            decoder.flush(&mut frames).unwrap();
        }
        assert!(new(&H264Config { framing: NalFraming::Length(3), ..ANNEX_B }, HD).is_err());
    }
}

#[test]
fn what_only_another_backend_decodes_is_named() {
    for new in BACKENDS {
        // Sequence parameter sets of x264 for 1280x720: High 4:2:2 of 10 bits, interlaced High, High 4:2:2 of 8 bits.
        let cases: [(&[u8], &str); 3] = [
            (
                &[
                    0x67, 0x7a, 0x00, 0x1f, 0xb6, 0xcd, 0x94, 0x05, 0x00, 0x5b, 0xb0, 0x11, 0x00, 0x00, 0x03, 0x00,
                    0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x18, 0x31, 0x96,
                ],
                "10 bits",
            ),
            (
                &[
                    0x67, 0x64, 0x00, 0x20, 0xac, 0xd9, 0x40, 0x50, 0x0b, 0xbf, 0x2e, 0x02, 0x20, 0x00, 0x00, 0x03,
                    0x00, 0x20, 0x00, 0x00, 0x06, 0x43, 0xe2, 0xc5, 0xb2, 0xc0,
                ],
                "Interlaced",
            ),
            (
                &[
                    0x67, 0x7a, 0x00, 0x1f, 0xbc, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
                    0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x83, 0x19, 0x60,
                ],
                "YUV422",
            ),
        ];
        for (sps, property) in cases {
            let config = H264Config { sps: vec![Bytes::copy_from_slice(sps)], ..ANNEX_B };
            let refused = new(&config, HD).err().unwrap().to_string();
            assert!(refused.contains(property) && refused.contains("ffmpeg"), "{refused}");
            // In band it is the unit that is refused, and a parameter set that is taken mends it.
            let mut decoder = new(&ANNEX_B, HD).unwrap();
            let data = [&START_CODE[..], sps, &START_CODE, &[0x65, 0x88]].concat();
            let refused = decoder.decode(&unit(0, 0, data.into()), &mut Vec::new()).unwrap_err().to_string();
            assert!(refused.contains(property), "{refused}");
            decoder.decode(&b_pictures()[0], &mut Vec::new()).unwrap();
        }
    }
}
