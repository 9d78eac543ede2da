use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

use super::*;
use crate::media::FramePool;

/// A picture of `size` whose pixels are `rgb(x, y)`, both from 0 to 1, in a colour.
fn picture(size: (usize, usize), colour: Colour, rgb: fn(f64, f64) -> [f64; 3]) -> Frame {
    let (red, blue) = if colour.matrix == 1 { (0.2126, 0.0722) } else { (0.299, 0.114) };
    let code = |x: usize, y: usize, (width, height): (usize, usize)| {
        let [r, g, b] = rgb((x as f64 + 0.5) / width as f64, (y as f64 + 0.5) / height as f64);
        let luma = red * r + (1.0 - red - blue) * g + blue * b;
        let (u, v) = ((b - luma) / 2.0 / (1.0 - blue), (r - luma) / 2.0 / (1.0 - red));
        let coded = if colour.is_full_range {
            [255.0 * luma, 128.0 + 255.0 * u, 128.0 + 255.0 * v]
        } else {
            [16.0 + 219.0 * luma, 128.0 + 224.0 * u, 128.0 + 224.0 * v]
        };
        coded.map(|sample| sample.round() as u8)
    };
    let half = (size.0 / 2, size.1 / 2);
    let mut frame = Frame::build(&FramePool::new(), size, MediaTime::ZERO, |y, u, v| {
        (0..size.0 * size.1).for_each(|n| y[n] = code(n % size.0, n / size.0, size)[0]);
        for n in 0..half.0 * half.1 {
            [_, u[n], v[n]] = code(n % half.0, n / half.0, half);
        }
    });
    frame.colour = colour;
    frame
}

/// Four fields of strong colours, in each a ramp.
fn fields(x: f64, y: f64) -> [f64; 3] {
    let ramp = 0.4 + 0.5 * (x * 2.0).fract();
    match (x < 0.5, y < 0.5) {
        (true, true) => [ramp, 0.1, 0.1],
        (false, true) => [0.1, ramp, 0.1],
        (true, false) => [0.1, 0.2, ramp],
        (false, false) => [ramp; 3],
    }
}

fn thumbnail(frame: &Frame, config: Thumbnails) -> Thumbnail {
    Thumbnailer::new(config).see(frame).unwrap().unwrap()
}

/// Mean error of the decoded file against the picture, in levels of 255.
fn error_of(made: &Thumbnail, rgb: fn(f64, f64) -> [f64; 3]) -> f64 {
    let mut decoder = JpegDecoder::new(ZCursor::new(&made.jpeg[..]));
    let pixels = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    assert_eq!((width, height), (made.width as usize, made.height as usize));
    assert_eq!(pixels.len(), width * height * 3);
    let errors = pixels.chunks_exact(3).enumerate().flat_map(|(n, pixel)| {
        let at = |n: usize, of: usize| (n as f64 + 0.5) / of as f64;
        let wanted = rgb(at(n % width, width), at(n / width, height)).map(|sample| sample * 255.0);
        std::array::from_fn::<f64, 3, _>(|c| (f64::from(pixel[c]) - wanted[c]).abs())
    });
    errors.sum::<f64>() / pixels.len() as f64
}

#[test]
fn a_thumbnail_looks_like_its_picture_in_every_colour_a11_3() {
    for colour in [Colour::BT709, Colour::BT601_625, Colour { is_full_range: true, ..Colour::BT601_525 }] {
        for size in [(1920, 1080), (1280, 720), (642, 362), (160, 90)] {
            let made = thumbnail(&picture(size, colour, fields), Thumbnails::default());
            let error = error_of(&made, fields);
            assert!(error < 3.0, "{colour:?} {size:?}: {error:.2}");
        }
    }
    // The same numbers in another colour are another picture.
    let mut frame = picture((640, 360), Colour::BT709, fields);
    let right = error_of(&thumbnail(&frame, Thumbnails::default()), fields);
    frame.colour = Colour::BT601_625;
    let wrong = error_of(&thumbnail(&frame, Thumbnails::default()), fields);
    assert!(wrong > 2.0 * right, "{right:.2} {wrong:.2}");
}

#[test]
fn what_is_not_stated_is_as_usual_for_the_height_of_the_picture_and_not_of_the_thumbnail() {
    for (height, colour) in [(1080, Colour::BT709), (576, Colour::BT601_625)] {
        let stated = picture((height * 16 / 9, height), colour, fields);
        let mut silent = stated.clone();
        silent.colour = Colour::UNKNOWN;
        assert_eq!(thumbnail(&silent, Thumbnails::default()), thumbnail(&stated, Thumbnails::default()));
    }
}

#[test]
fn quality_and_width_are_as_asked_for() {
    let frame = picture((1280, 720), Colour::BT709, fields);
    let of = |width, quality| thumbnail(&frame, Thumbnails { width, quality, ..Thumbnails::default() });
    assert_eq!((of(64, 75).height, of(1280, 75).height), (36, 720));
    let (poor, usual, good) = (of(320, 10), of(320, 75), of(320, 100));
    assert!(poor.jpeg.len() < usual.jpeg.len() && usual.jpeg.len() < good.jpeg.len());
    assert!(error_of(&good, fields) < error_of(&poor, fields));
    assert!(usual.jpeg.len() < 40_000, "{}", usual.jpeg.len());
}

#[test]
fn the_height_follows_the_display_aspect_and_nothing_is_enlarged() {
    for (size, aspect, wanted) in [
        ((1920, 1080), (1, 1), (320, 180)),
        ((1440, 1080), (4, 3), (320, 180)),
        ((720, 576), (64, 45), (320, 180)),
        ((720, 576), (16, 15), (320, 240)),
        ((704, 480), (10, 11), (320, 240)),
        ((1920, 804), (0, 0), (320, 134)),
        ((1080, 1920), (1, 1), (320, 569)),
        ((500, 2000), (1, 1), (160, 640)),
        ((176, 144), (12, 11), (192, 144)),
        ((16, 16), (1, 1), (16, 16)),
    ] {
        assert_eq!(size_of(size, aspect, 320), wanted, "{size:?} {aspect:?}");
    }
    for size in [(2, 2), (4096, 2), (2, 2304), (0, 0)] {
        for aspect in [(0, 0), (1, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
            let (width, height) = size_of(size, aspect, 64);
            assert!((1..=64).contains(&width) && (1..=128).contains(&height), "{size:?} {aspect:?}");
        }
    }
}

#[test]
fn one_is_due_at_each_interval_and_stamps_that_go_to_and_fro_do_not_make_one_of_every_picture() {
    let taken = |millis: &[i64]| -> Vec<i64> {
        let mut thumbnailer = Thumbnailer::new(Thumbnails::default());
        let at = |millis: i64| MediaTime::ZERO.plus(MediaDuration::from_millis(millis));
        millis.iter().copied().filter(|millis| thumbnailer.is_due(at(*millis))).collect()
    };
    // 25 fps from an odd time on.
    let steady: Vec<i64> = (0..400).map(|n| 1234 + n * 40).collect();
    assert_eq!(taken(&steady), [1234, 6234, 11_234, 16_234]);
    // The grid stays where pictures are late for it.
    assert_eq!(taken(&[0, 4990, 5030, 9990, 10_020]), [0, 5030, 10_020]);
    assert_eq!(taken(&[0, 60_000, 64_000, 65_000]), [0, 60_000, 65_000]);
    // A clock that is set back, a little or far.
    assert_eq!(taken(&[100_000, 97_000, 101_000, 105_000]), [100_000, 105_000]);
    assert_eq!(taken(&[100_000, 1000, 5000, 6000]), [100_000, 6000]);
    let ends = [i64::MIN, i64::MAX].map(MediaTime::from_flicks);
    let mut thumbnailer = Thumbnailer::new(Thumbnails::default());
    assert!((0..1000).filter(|n| thumbnailer.is_due(ends[n % 2])).count() <= 501);
    thumbnailer.restart();
    assert!(thumbnailer.is_due(ends[0]), "another track");
}
