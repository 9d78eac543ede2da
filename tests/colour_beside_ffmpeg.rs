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
fn nearly_every_sample_is_within_three_of_zscales() {
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
            let far = ours.iter().zip(&theirs).filter(|(a, b)| a.abs_diff(**b) > 3).count();
            let mean =
                ours.iter().zip(&theirs).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / ours.len() as f64;
            let share = far as f64 / ours.len() as f64;
            println!("{name:<18} {picture:<11} {:.3} % of samples are over 3 off, mean {mean:.3}", share * 100.0);
            // zscale interpolates chroma for luma, so edges between saturated colours differ.
            assert!(share < 0.02 && mean < 0.5, "{name}, {picture}: {far} samples, mean {mean}");
            assert_ne!(ours, source, "something was converted");
        }
    }
}

/// One picture of a lavfi source as raw 4:2:0 through `filter`.
fn make(source: &str, filter: &str) -> Option<Vec<u8>> {
    let graph = format!("{source}=s={}x{},format=yuv420p,{filter},format=yuv420p", SIZE.0, SIZE.1);
    let args = ["-v", "fatal", "-nostdin", "-f", "lavfi", "-i", &graph, "-frames:v", "1", "-f", "rawvideo", "-"];
    let out = Command::new("ffmpeg").args(args).output().ok()?;
    (out.status.success() && out.stdout.len() == LUMA * 3 / 2).then_some(out.stdout)
}
