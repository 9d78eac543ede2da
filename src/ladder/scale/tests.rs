use super::*;
use crate::{ladder::Preset, time::MediaTime};

fn sizes() -> Vec<(usize, usize)> {
    Preset::default_720p().rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect()
}

fn picture(size: (usize, usize), luma: impl Fn(usize, usize) -> u8) -> Frame {
    let mut frame = Frame::build(&FramePool::new(), size, MediaTime::from_flicks(7), |y, u, v| {
        for (n, p) in y.iter_mut().enumerate() {
            *p = luma(n % size.0, n / size.0);
        }
        u.fill(90);
        v.fill(200);
    });
    frame.colour = Colour::BT709;
    frame
}

#[test]
fn every_rung_gets_its_size_and_equal_rungs_share_one_picture() {
    let mut cascade = Cascade::new((1920, 1080), &sizes());
    for source in [(1920, 1080), (1280, 720), (640, 360), (1920, 1080)] {
        let mut out = Vec::new();
        cascade.scale(&picture(source, |_, _| 77), &mut out);
        let made: Vec<_> = out.iter().map(|frame| (frame.width, frame.height)).collect();
        assert_eq!(made, sizes());
        assert!(out[5].is_same_picture(&out[6]));
        for frame in &out {
            assert_eq!(frame.pts, MediaTime::from_flicks(7));
            assert!(frame.y().data.iter().all(|p| *p == 77), "flat stays flat");
            assert!(frame.u().data.iter().all(|p| *p == 90) && frame.v().data.iter().all(|p| *p == 200));
        }
        assert_eq!((out[0].sample_aspect, out[6].sample_aspect), ((1, 1), (256, 255)));
    }
}

#[test]
fn a_source_of_the_top_rungs_size_is_the_top_rung() {
    let source = picture((1280, 720), |x, _| x as u8);
    let mut out = Vec::new();
    Cascade::new((1920, 1080), &sizes()).scale(&source, &mut out);
    assert!(out[0].is_same_picture(&source));
}

#[test]
fn a_repeated_picture_is_not_scaled_again_but_has_its_own_time() {
    let (mut cascade, mut out) = (Cascade::new((1920, 1080), &sizes()), Vec::new());
    let mut source = picture((1920, 1080), |x, y| (x ^ y) as u8);
    cascade.scale(&source, &mut out);
    source.pts = MediaTime::from_flicks(8);
    cascade.scale(&source, &mut out);
    assert!(out[3].is_same_picture(&out[10]));
    assert_eq!((out[3].pts.flicks(), out[10].pts.flicks()), (7, 8));
}

#[test]
fn a_ramp_keeps_its_place_and_its_ends() {
    let source = picture((1920, 1080), |x, y| (x / 15 + y / 10) as u8);
    let mut out = Vec::new();
    Cascade::new((1920, 1080), &sizes()).scale(&source, &mut out);
    for frame in &out {
        for (row, line) in frame.y().data.chunks(frame.width).enumerate() {
            for (x, p) in line.iter().enumerate() {
                let (sx, sy) = ((x * 2 + 1) * 960 / frame.width, (row * 2 + 1) * 540 / frame.height);
                let right = sx as f64 / 15.0 + sy as f64 / 10.0 - 0.5;
                assert!((f64::from(*p) - right).abs() < 2.0, "{frame:?} {x},{row}: {p} {right}");
            }
        }
    }
}

#[test]
fn edges_do_not_wrap_or_leak() {
    for (from, to) in [((64, 64), (34, 34)), ((34, 34), (64, 64)), ((500, 20), (34, 180)), ((2, 2), (34, 34))] {
        let source = picture(from, |x, _| if x * 2 < from.0 { 0 } else { 255 });
        let mut out = Vec::new();
        // The smallest rung is the one that nothing is scaled up to.
        Cascade::with_stretch(from, &[to, (2, 2)], StretchMode::Stretch).scale(&source, &mut out);
        for line in out[0].y().data.chunks(to.0) {
            assert_eq!((line[0], line[to.0 - 1]), (0, 255), "{from:?} {to:?}");
        }
    }
}

#[test]
fn a_feed_of_another_shape_keeps_it_in_every_rung_between_sharp_black_bars_a12_13() {
    let flat = |size| picture(size, |_, _| 200);
    let mut cascade = Cascade::new((1920, 1080), &sizes());
    for source in [(1440, 1080), (640, 480), (960, 720)] {
        let mut out = Vec::new();
        cascade.scale(&flat(source), &mut out);
        assert!(out[5].is_same_picture(&out[6]));
        for (frame, (width, height)) in out.iter().zip(sizes()) {
            assert_eq!((frame.width, frame.height, frame.sample_aspect), (width, height, (1, 1)));
            let inner = (height * 4 / 3).next_multiple_of(2);
            let left = (width - inner) / 4 * 2;
            let line: Vec<u8> = (0..width).map(|x| if (left..left + inner).contains(&x) { 200 } else { 16 }).collect();
            assert!(frame.y().data.chunks(width).all(|row| row == line), "{frame:?} from {source:?}");
        }
    }
    let mut wide = Vec::new();
    cascade.scale(&flat((1920, 804)), &mut wide);
    assert!(wide[0].y().data.chunks(1280).take(92).all(|row| row == [16; 1280]));
    assert!(wide[0].y().data.chunks(1280).skip(92).take(536).all(|row| row == [200; 1280]));
}

#[test]
fn a_feed_below_the_smallest_rung_stands_in_its_middle_a12_9() {
    let source = picture((320, 180), |x, y| (50 + x / 2 + y % 7) as u8);
    let mut out = Vec::new();
    Cascade::new((1920, 1080), &sizes()).scale(&source, &mut out);
    assert!(out[5].is_same_picture(&out[6]));
    for (row, line) in out[6].y().data.chunks(340).enumerate() {
        match row.checked_sub(6).and_then(|row| source.y().data.chunks(320).nth(row)) {
            Some(inner) => {
                assert!(line[10..330] == *inner && line[..10] == [16; 10] && line[330..] == [16; 10], "{row}")
            }
            None => assert_eq!(line, [16; 340], "{row}"),
        }
    }
    // A rung above it, which is not listed, is filled.
    assert!(out[4].y().data.iter().all(|luma| *luma > 40));
}

#[test]
fn stretch_fills_every_rung() {
    let mut out = Vec::new();
    let mut cascade = Cascade::with_stretch((1920, 1080), &sizes(), StretchMode::Stretch);
    cascade.scale(&picture((720, 576), |_, _| 200), &mut out);
    assert!(out.iter().all(|frame| frame.sample_aspect == (1, 1) && frame.y().data.iter().all(|luma| *luma == 200)));
}

#[test]
fn a_sample_aspect_that_comes_late_is_a_new_plan() {
    let (mut cascade, mut out) = (Cascade::new((1440, 1080), &sizes()), Vec::new());
    let mut frame = picture((1440, 1080), |_, _| 200);
    cascade.scale(&frame, &mut out);
    frame.sample_aspect = (4, 3);
    cascade.scale(&frame, &mut out);
    assert_eq!((out[0].y().data[0], out[7].y().data[0]), (16, 200));
}

#[test]
fn every_rung_is_bt709_whatever_the_source_is_and_each_picture_is_converted_once() {
    let full = Colour { is_full_range: true, ..Colour::BT601_625 };
    // Down from the source, up from it, the source as a rung, and with bars: wherever the conversion stands, it is done
    // once.
    for source in [(1920, 1080), (640, 360), (1280, 720), (960, 540), (1440, 1080), (960, 720)] {
        for (colour, wanted) in [
            (Colour::BT709, [200, 90, 200]),
            (full, [178, 101, 190]),
            (Colour { matrix: 2, ..full }, if source.1 < 720 { [178, 101, 190] } else { [188, 95, 191] }),
        ] {
            let mut frame = picture(source, |_, _| 200);
            frame.colour = colour;
            let mut out = Vec::new();
            Cascade::new((1920, 1080), &sizes()).scale(&frame, &mut out);
            for frame in &out {
                let middle = |plane: crate::media::Plane<'_>| plane.data[plane.data.len() / 2 + plane.stride / 2];
                let made = [middle(frame.y()), middle(frame.u()), middle(frame.v())];
                let is_near = made.iter().zip(wanted).all(|(made, wanted)| made.abs_diff(wanted) <= 1);
                assert!(is_near, "{frame:?} from {source:?} {colour:?}: {made:?}");
                assert_eq!(frame.colour, Colour::BT709);
            }
        }
    }
}
