//! CPU time of what stands between decoder and cascade, per frame: deinterlacing, and the cascade as it is, with
//! another colour, and with bars.

use std::hint::black_box;

use cpu_time::ThreadTime;
use headend::{
    ladder::{Cascade, Deinterlacer, Preset},
    media::{Colour, Frame, FramePool, Scan},
    time::MediaTime,
};

const ROUNDS: usize = 3;
const FRAMES: usize = 100;

fn main() {
    for (name, step, grain) in [("still", 0, 0), ("grain", 0, 5), ("pan and grain", 9, 5)] {
        let frames = frames((1920, 1080), step, grain);
        measure(&format!("deinterlace 1920x1080, {name}"), || {
            let (mut deinterlacer, mut out) = (Deinterlacer::new(), Vec::new());
            for n in 0..FRAMES {
                let mut frame = frames[n % frames.len()].clone();
                frame.scan = Scan::TopFirst;
                deinterlacer.push(frame, &mut out);
                black_box(out.drain(..)).for_each(drop);
            }
        });
    }
    let sizes: Vec<_> =
        Preset::default_720p().rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect();
    let full = Colour { is_full_range: true, ..Colour::BT601_625 };
    for (name, size, colour) in [
        ("1920x1080", (1920, 1080), Colour::BT709),
        ("1920x1080 BT.601 full range", (1920, 1080), full),
        ("1280x720", (1280, 720), Colour::BT709),
        ("1280x720 BT.601 full range", (1280, 720), full),
        ("1440x1080, with bars", (1440, 1080), Colour::BT709),
        ("720x576 BT.601, with bars", (720, 576), Colour::BT601_625),
    ] {
        let mut frames = frames(size, 9, 5);
        frames.iter_mut().for_each(|frame| frame.colour = colour);
        let mut cascade = Cascade::new(size, &sizes);
        let mut out = Vec::new();
        measure(&format!("seven rungs from {name}"), || {
            for n in 0..FRAMES {
                cascade.scale(&frames[n % frames.len()], &mut out);
                black_box(out.drain(..)).for_each(drop);
            }
        });
    }
}

fn measure(name: &str, mut run: impl FnMut()) {
    let best = (0..ROUNDS).map(|_| {
        let start = ThreadTime::now();
        run();
        start.elapsed().as_secs_f64()
    });
    println!("{name:<46} {:>7.3} ms a frame", best.fold(f64::MAX, f64::min) * 1e3 / FRAMES as f64);
}

/// Six different pictures of soft shapes that move by `step` samples, under grain.
fn frames((width, height): (usize, usize), step: usize, grain: u32) -> Vec<Frame> {
    let pool = FramePool::new();
    let mut noise = 1u32;
    let mut luma = |x: usize, y: usize, n: usize| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let shape = (((x + n * step) / 3 % 256) ^ (y / 5 % 256)) as u32 / 2 + 60;
        (shape + if grain == 0 { 0 } else { (noise >> 20) % grain }) as u8
    };
    (0..6)
        .map(|n| {
            Frame::build(&pool, (width, height), MediaTime::from_flicks(n as i64), |y, u, v| {
                y.iter_mut().enumerate().for_each(|(at, p)| *p = luma(at % width, at / width, n));
                u.iter_mut().enumerate().for_each(|(at, p)| *p = luma(at % (width / 2), at / (width / 2), n));
                v.iter_mut().enumerate().for_each(|(at, p)| *p = luma(at % (width / 2), at / (width / 2), n));
            })
        })
        .collect()
}
