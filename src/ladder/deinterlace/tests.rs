use super::*;
use crate::{media::Colour, time::MediaTime};

const SIZE: (usize, usize) = (96, 64);

/// A picture of `luma(x, y)` whose chroma is the same at half size.
fn picture(n: i64, scan: Scan, (width, height): (usize, usize), luma: impl Fn(usize, usize) -> u8) -> Frame {
    let mut frame = Frame::build(&FramePool::new(), (width, height), MediaTime::from_flicks(n), |y, u, v| {
        y.iter_mut().enumerate().for_each(|(at, p)| *p = luma(at % width, at / width));
        u.iter_mut().enumerate().for_each(|(at, p)| *p = luma(at % (width / 2), at / (width / 2)));
        v.iter_mut().enumerate().for_each(|(at, p)| *p = !luma(at % (width / 2), at / (width / 2)));
    });
    (frame.scan, frame.sample_aspect, frame.colour) = (scan, (16, 11), Colour::BT601_625);
    frame
}

/// Woven from two instants of a scene: `scene(t, x, y)` with t in fields.
fn woven(n: i64, scan: Scan, scene: impl Fn(usize, usize, usize) -> u8) -> Frame {
    let t = 2 * n as usize;
    let is_second = |y: usize| y % 2 == usize::from(scan == Scan::TopFirst);
    picture(n, scan, SIZE, |x, y| scene(t + usize::from(is_second(y)), x, y))
}

fn run(frames: impl IntoIterator<Item = Frame>) -> Vec<Frame> {
    let (mut deinterlacer, mut out) = (Deinterlacer::new(), Vec::new());
    frames.into_iter().for_each(|frame| deinterlacer.push(frame, &mut out));
    deinterlacer.flush(&mut out);
    out
}

fn same(a: &Frame, b: &Frame) -> bool {
    a.y().data == b.y().data && a.u().data == b.u().data && a.v().data == b.v().data
}

/// Detail of every line and column.
fn detail(x: usize, y: usize) -> u8 {
    ((x * 37 + y * 101) ^ (x * y)) as u8
}

#[test]
fn progressive_frames_pass_untouched_and_at_once() {
    let (mut deinterlacer, mut out) = (Deinterlacer::new(), Vec::new());
    let frame = picture(3, Scan::Progressive, SIZE, detail);
    deinterlacer.push(frame.clone(), &mut out);
    assert!(out.len() == 1 && out[0].is_same_picture(&frame));
    deinterlacer.flush(&mut out);
    assert_eq!(out.len(), 1);
}

#[test]
fn what_stands_still_is_woven_without_loss_in_either_field_order() {
    for scan in [Scan::TopFirst, Scan::BottomFirst] {
        let out = run((0..4).map(|n| woven(n, scan, |_, x, y| detail(x, y))));
        assert_eq!(out.len(), 4);
        for (n, frame) in out.iter().enumerate() {
            assert_eq!((frame.pts.flicks(), frame.scan), (n as i64, Scan::Progressive));
            assert_eq!((frame.sample_aspect, frame.colour), ((16, 11), Colour::BT601_625));
            assert!(same(frame, &picture(0, scan, SIZE, detail)), "{scan:?} {n}");
        }
    }
}

#[test]
fn the_first_fields_lines_stay_and_motion_leaves_no_comb() {
    let bar = |t: usize, x: usize, _: usize| if (x + 96 - 4 * t % 96) % 96 < 24 { 220 } else { 30 };
    for scan in [Scan::TopFirst, Scan::BottomFirst] {
        let frames: Vec<_> = (0..6).map(|n| woven(n, scan, bar)).collect();
        for (n, frame) in run(frames.iter().cloned()).iter().enumerate() {
            let right = picture(0, scan, SIZE, |x, y| bar(2 * n, x, y));
            for (y, (out, right)) in frame.y().data.chunks(96).zip(right.y().data.chunks(96)).enumerate() {
                let wrong = out.iter().zip(right).filter(|(a, b)| a.abs_diff(**b) > 8).count();
                assert!(wrong == 0, "{scan:?}, frame {n}, line {y}: {wrong} samples off");
            }
        }
    }
}

#[test]
fn the_lone_frame_of_a_run_is_guessed_from_its_first_field() {
    let scene = |t: usize, _: usize, y: usize| if t == 0 { (y * 2) as u8 } else { 200 };
    let out = run([woven(0, Scan::TopFirst, scene)]);
    assert_eq!(out.len(), 1);
    for (y, line) in out[0].y().data.chunks(96).enumerate().take(63) {
        assert!(line[40].abs_diff(y as u8 * 2) <= 1, "line {y}: {}", line[40]);
    }
}

#[test]
fn a_lone_frame_leaves_nothing_behind_for_the_next_run() {
    let frames = || (0..6).map(|n| woven(n, Scan::TopFirst, |t, x, y| detail(x, y) / 2 + (t * x * 7 % 41) as u8));
    let (mut deinterlacer, mut out) = (Deinterlacer::new(), Vec::new());
    deinterlacer.push(woven(0, Scan::TopFirst, |_, x, y| detail(x, y)), &mut out);
    deinterlacer.flush(&mut out);
    out.clear();
    frames().for_each(|frame| deinterlacer.push(frame, &mut out));
    deinterlacer.flush(&mut out);
    assert!(out.iter().zip(run(frames())).all(|(a, b)| same(a, &b)));
}

#[test]
fn sizes_and_scans_may_change_at_any_frame_and_order_is_kept() {
    let kinds = [Scan::TopFirst, Scan::Progressive, Scan::BottomFirst];
    let sizes = [(96, 64), (2, 2), (70, 6), (66, 4)];
    let frames: Vec<_> = (0..48)
        .map(|n| {
            let at = n as usize;
            picture(n, kinds[at * 7 / 3 % 3], sizes[at / 5 % 4], |x, y| detail(x + at, y))
        })
        .collect();
    let out = run(frames.iter().cloned());
    assert_eq!(out.len(), frames.len());
    for (out, frame) in out.iter().zip(&frames) {
        assert_eq!(
            (out.pts, out.width, out.height, out.scan),
            (frame.pts, frame.width, frame.height, Scan::Progressive)
        );
        if frame.scan == Scan::Progressive {
            assert!(out.is_same_picture(frame));
        }
    }
}

#[test]
fn a_progressive_frame_between_interlaced_ones_does_not_soften_what_stands_still() {
    let still = |n, scan| picture(n, scan, SIZE, detail);
    let scans = [Scan::TopFirst, Scan::Progressive, Scan::TopFirst, Scan::Progressive, Scan::BottomFirst];
    let out = run((0..).zip(scans).map(|(n, scan)| still(n, scan)));
    assert!(out.iter().all(|frame| same(frame, &still(0, Scan::Progressive))));
}

#[test]
fn the_steady_state_takes_its_pictures_from_the_pool() {
    let mut deinterlacer = Deinterlacer::new();
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..20 {
        let mut out = Vec::new();
        deinterlacer.push(woven(n, Scan::TopFirst, |_, x, y| detail(x, y)), &mut out);
        seen.extend(out.iter().map(|frame| frame.y().data.as_ptr() as usize));
    }
    assert!(seen.len() <= 2, "{} buffers", seen.len());
}
