use bytes::Bytes;

use super::{OpenH264Encoder, tests::config};
#[cfg(feature = "rusty-h264")]
use crate::ladder::rusty_h264_decoder::RustyH264Decoder;
use crate::{
    codec::h264::Repeats,
    error::Fault,
    ladder::{
        Profile, VideoDecoder, VideoEncoder, openh264_decoder::OpenH264Decoder, openh264_encoder::tests::moving_picture,
    },
    media::{Frame, FramePool, H264Config, TrackFormat},
    time::MediaTime,
};

type New = fn(&H264Config, u64) -> Result<Box<dyn VideoDecoder>, Fault>;

const DECODERS: &[New] = &[
    |config, ceiling| Ok(Box::new(OpenH264Decoder::new(config, ceiling)?)),
    #[cfg(feature = "rusty-h264")]
    |config, ceiling| Ok(Box::new(RustyH264Decoder::new(config, ceiling)?)),
];

/// What an encoder makes of these pictures, the ones that are to be IDR pictures by number.
fn encoded(profile: Profile, size: (u32, u32), pictures: &[Frame], idrs: &[usize]) -> (Vec<Bytes>, H264Config) {
    let mut encoder = OpenH264Encoder::new(&config(size.0, size.1, 600_000, profile)).unwrap();
    let units = pictures.iter().enumerate().map(|(n, picture)| {
        let unit = encoder.encode(picture, idrs.contains(&n)).unwrap().unwrap();
        assert_eq!((unit.pts, unit.is_random_access), (picture.pts, idrs.contains(&n)));
        unit.data
    });
    let units = units.collect();
    let TrackFormat::H264(_, sets) = encoder.format() else { panic!("not H.264") };
    (units, sets)
}

fn decoded(new: New, sets: &H264Config, pictures: &[Frame], units: &[Bytes]) -> Vec<Frame> {
    let mut decoder = new(sets, 1920 * 1088).unwrap();
    let mut out = Vec::new();
    for (picture, data) in pictures.iter().zip(units) {
        let unit = crate::media::AccessUnit {
            track: crate::media::TrackId(0),
            pts: picture.pts,
            dts: picture.pts,
            duration: crate::time::MediaDuration::ZERO,
            is_random_access: false,
            is_damaged: false,
            data: data.clone(),
        };
        decoder.decode(&unit, &mut out).unwrap();
    }
    decoder.flush(&mut out).unwrap();
    out
}

fn psnr(a: &Frame, b: &Frame) -> f64 {
    let squares: u64 = a.y().data.iter().zip(b.y().data).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    10.0 * (255.0 * 255.0 * a.y().data.len() as f64 / squares.max(1) as f64).log10()
}

/// Pictures by what they show: each number is a scene, and a number that comes again is the very same picture.
fn pictures(size: (u32, u32), shows: impl Iterator<Item = usize>) -> Vec<Frame> {
    let (pool, mut known) = (FramePool::new(), std::collections::BTreeMap::new());
    let size = (size.0 as usize, size.1 as usize);
    let frames = shows.enumerate().map(|(n, show)| {
        let picture: &Frame = known.entry(show).or_insert_with(|| moving_picture(&pool, size, show));
        picture.at(MediaTime::from_flicks(n as i64 * 23_520_000))
    });
    frames.collect()
}

/// A15: a slate that does not change costs next to nothing, and every decoder sees what it should.
#[test]
fn a_still_is_repeated_to_the_bit_and_moving_pictures_follow_it() {
    // Moves, stands in the middle of a GOP, moves on without an IDR, stands over an IDR, moves.
    let shows = |n: usize| match n {
        12..50 => 1000,
        70..130 => 2000,
        n => n,
    };
    for (profile, size) in [
        (Profile::Baseline, (340, 192)),
        (Profile::Main, (384, 216)),
        (Profile::High, (640, 360)),
        (Profile::Main, (16, 16)),
    ] {
        let pictures = pictures(size, (0..150).map(shows));
        let (units, sets) = encoded(profile, size, &pictures, &[0, 60, 100]);
        let is_repeat = |n: &usize| matches!(n, 20..50 | 78..100 | 108..130);
        for (n, unit) in units.iter().enumerate() {
            // A slice without anything in it.
            assert!(!is_repeat(&n) || unit.len() <= 48, "{profile} {n}: {} bytes", unit.len());
            // It is made from the one before, and is none that the encoder makes of a still by itself.
            if let Some(before) = n.checked_sub(1).map(|before| &units[before]) {
                let mut repeats = Repeats::new(&sets.sps[0], &sets.pps[0]).unwrap();
                let _ = repeats.follow(&before[4..]);
                assert_eq!(repeats.repeat().unwrap() == unit[4..], is_repeat(&n), "{profile} {n}");
            }
        }
        for new in DECODERS {
            let shown = decoded(*new, &sets, &pictures, &units);
            assert_eq!(
                shown.iter().map(|frame| frame.pts).collect::<Vec<_>>(),
                pictures.iter().map(|p| p.pts).collect::<Vec<_>>()
            );
            for (n, pair) in shown.windows(2).enumerate() {
                let same = [pair[0].y(), pair[0].u(), pair[0].v()]
                    .iter()
                    .zip([pair[1].y(), pair[1].u(), pair[1].v()])
                    .all(|(a, b)| a.data == b.data);
                assert!(!is_repeat(&(n + 1)) || same, "{profile} {n}");
            }
            for (n, (shown, meant)) in shown.iter().zip(&pictures).enumerate() {
                assert!(psnr(shown, meant) > 22.0, "{profile} {n}: {}", psnr(shown, meant));
            }
        }
    }
}

/// The pictures behind a still are those that the encoder would have made without its repeats, to the bit of what shows.
#[test]
fn repeats_do_not_disturb_the_encoder() {
    let size = (384, 216);
    let with = pictures(size, (0..80).map(|n| if (5..45).contains(&n) { 1000 } else { n }));
    let without: Vec<Frame> =
        with.iter().enumerate().filter(|(n, _)| !(13..45).contains(n)).map(|(_, p)| p.clone()).collect();
    for profile in [Profile::Baseline, Profile::Main, Profile::High] {
        let (units, sets) = encoded(profile, size, &with, &[0]);
        let (fewer, _) = encoded(profile, size, &without, &[0]);
        let behind = |pictures: &[Frame], units: &[Bytes]| {
            decoded(DECODERS[0], &sets, pictures, units).split_off(pictures.len() - 35)
        };
        for (a, b) in behind(&with, &units).iter().zip(behind(&without, &fewer)) {
            assert!(a.y().data == b.y().data && a.u().data == b.u().data && a.v().data == b.v().data, "{profile}");
        }
    }
}

#[test]
fn a_still_is_as_good_as_the_encoder_would_make_it() {
    let size = (640, 360);
    let still = pictures(size, std::iter::repeat_n(7, 60));
    // The same to look at, and another buffer each time.
    let copies: Vec<Frame> =
        still.iter().map(|picture| moving_picture(&FramePool::new(), (640, 360), 7).at(picture.pts)).collect();
    for profile in [Profile::Baseline, Profile::Main, Profile::High] {
        let mean = |pictures: &[Frame]| {
            let (units, sets) = encoded(profile, size, pictures, &[0]);
            let shown = decoded(DECODERS[0], &sets, pictures, &units);
            let each: Vec<f64> = shown.iter().zip(pictures).map(|(a, b)| psnr(a, b)).collect();
            each.iter().sum::<f64>() / each.len() as f64
        };
        let (repeated, every) = (mean(&still), mean(&copies));
        assert!(repeated > every - 0.1, "{profile}: {repeated:.2} dB and {every:.2} dB");
    }
}
