//! The ladder's colour conversion beside ffmpeg's zscale, on flat bars and on a picture full of detail.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test is a host: it runs ffmpeg and reads its pictures"
)]

use std::process::Command;

use headend::{
    ladder::Cascade,
    media::{Colour, Frame, FramePool},
    time::MediaTime,
};

const SIZE: (usize, usize) = (320, 240);
const LUMA: usize = SIZE.0 * SIZE.1;

#[test]
fn samples_are_within_three_of_zscales() {
    let full_601 = Colour { is_full_range: true, ..Colour::BT601_525 };
    let full_709 = Colour { is_full_range: true, ..Colour::BT709 };
    let bt2020 = Colour { primaries: 9, transfer: 14, matrix: 9, is_full_range: false };
    for (name, input, colour) in [
        ("BT.601", "min=170m:rin=limited", Colour::BT601_525),
        ("BT.601 full range", "min=170m:rin=full", full_601),
        ("BT.709 full range", "min=709:rin=full", full_709),
        ("BT.2020", "min=2020_ncl:rin=limited", bt2020),
    ] {
        for picture in ["smptebars", "mandelbrot", "testsrc2"] {
            let source = make(picture, "null");
            let theirs = make(picture, &format!("zscale={input}:m=709:r=limited:dither=none"));
            let (Some(source), Some(theirs)) = (source, theirs) else {
                return println!("skipped: no ffmpeg with zscale to compare with");
            };
            let mut frame = Frame::build(&FramePool::new(), SIZE, MediaTime::ZERO, |y, u, v| {
                y.copy_from_slice(&source[..LUMA]);
                u.copy_from_slice(&source[LUMA..LUMA * 5 / 4]);
                v.copy_from_slice(&source[LUMA * 5 / 4..]);
            });
            frame.colour = colour;
            let mut out = Vec::new();
            Cascade::new(SIZE, &[SIZE]).scale(&frame, &mut out);
            let ours = [out[0].y().data, out[0].u().data, out[0].v().data].concat();
            // zscale interpolates chroma for luma and back, so beside an edge between two colours both are right.
            let calm: Vec<bool> = (0..LUMA / 4).map(|at| is_calm(&frame, at)).collect();
            let of_luma = |at: usize| at / SIZE.0 / 2 * (SIZE.0 / 2) + at % SIZE.0 / 2;
            let is_counted = |at: usize| calm[if at < LUMA { of_luma(at) } else { (at - LUMA) % (LUMA / 4) }];
            let off = ours.iter().zip(&theirs).enumerate().filter(|(at, _)| is_counted(*at));
            let off: Vec<u8> = off.map(|(_, (a, b))| a.abs_diff(*b)).collect();
            let (most, share) = (off.iter().max().copied().unwrap_or(0), off.len() as f64 / ours.len() as f64);
            println!("{name:<18} {picture:<11} {:>5.1} % compared, at most {most} off", share * 100.0);
            assert!(most <= 3 && share > 0.05, "{name}, {picture}: {most} off, {share} compared");
            assert_ne!(ours, source, "something was converted");
        }
    }
}

/// Whether the chroma about sample `at` of it is nearly flat.
fn is_calm(frame: &Frame, at: usize) -> bool {
    let (width, height) = (SIZE.0 / 2, SIZE.1 / 2);
    let (x, y) = (at % width, at / width);
    [frame.u().data, frame.v().data].iter().all(|plane| {
        let rows = (y.saturating_sub(2)..(y + 3).min(height)).map(|y| y * width);
        let around = rows.flat_map(|row| &plane[row + x.saturating_sub(2)..row + (x + 3).min(width)]);
        let (least, most) = around.fold((255, 0), |(least, most), s| (*s.min(&least), *s.max(&most)));
        most - least <= 3
    })
}

/// One picture of a lavfi source as raw 4:2:0 through `filter`.
fn make(source: &str, filter: &str) -> Option<Vec<u8>> {
    let graph = format!("{source}=s={}x{},format=yuv420p,{filter},format=yuv420p", SIZE.0, SIZE.1);
    let args = ["-v", "fatal", "-nostdin", "-f", "lavfi", "-i", &graph, "-frames:v", "1", "-f", "rawvideo", "-"];
    let out = Command::new("ffmpeg").args(args).output().ok()?;
    (out.status.success() && out.stdout.len() == LUMA * 3 / 2).then_some(out.stdout)
}
