//! The deinterlacer beside ffmpeg's yadif and bwdif: on moving interlaced clips of either field order its PSNR against the
//! progressive original is not below yadif's, in luma and in chroma.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test is a host: it runs ffmpeg and reads its clips"
)]

use std::{fs, ops::Range, path::Path, process::Command};

use headend::{
    ladder::Deinterlacer,
    media::{Frame, FramePool, Scan},
    time::MediaTime,
};

const SIZE: (usize, usize) = (720, 576);
const LUMA: usize = SIZE.0 * SIZE.1;
const BYTES: usize = LUMA * 3 / 2;
/// Pictures of the progressive original; half as many frames.
const PICTURES: usize = 32;

const STILL: &str = "format=yuv420p,trim=end_frame=1,loop=loop=-1:size=1:start=0,setpts=N/50/TB";
const FRACTAL: &str = "rate=50:start_scale=0.4:end_scale=0.3";

/// Name and lavfi graph of each clip, 720x576 at 50 pictures a second. Pans run over a texture of twice the size, so
/// that they move by half pixels.
fn clips() -> Vec<(&'static str, String)> {
    let small = "scale=720:576:flags=bicubic";
    let wide = format!("mandelbrot=s=2880x1152:{FRACTAL},{STILL},crop=1440:1152");
    let object = |under: &str| format!("{under}[u];testsrc2=s=240x180:rate=50[o];[u][o]overlay=x='20+7*n':y='40+3*n'");
    let text = "drawtext=text='The quick brown fox jumps over the lazy dog':fontsize=96:fontcolor=white";
    vec![
        ("fast pan", format!("{wide}:x='13*n':y=0,{small}")),
        ("slow pan", format!("{wide}:x='3*n':y=0,{small}")),
        ("tilt", format!("mandelbrot=s=1440x2304:{FRACTAL},{STILL},crop=1440:1152:x=0:y='3*n',{small}")),
        ("noisy pan", format!("{wide}:x='5*n':y=0,{small},noise=alls=6:allf=t")),
        ("static detail", format!("testsrc2=s=720x576:rate=50,{STILL}")),
        ("noisy static", format!("mandelbrot=s=720x576:{FRACTAL},{STILL},noise=alls=6:allf=t")),
        ("object over detail", object(&format!("mandelbrot=s=720x576:{FRACTAL},{STILL}"))),
        ("test pattern", "testsrc2=s=720x576:rate=50".into()),
        ("zoom", "mandelbrot=s=720x576:rate=50".into()),
        ("crawling text", format!("testsrc2=s=1440x1152:rate=50,{STILL},{text}:x=1200-11*n:y=700,{small}")),
    ]
}

#[test]
fn psnr_is_not_below_yadifs_on_any_clip() {
    let dir = std::env::temp_dir().join(format!("headend-deinterlace-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    println!("{:<29} {:>7} {:>7} {:>7}", "PSNR, dB", "yadif", "bwdif", "ours");
    let mut compared = 0;
    for (name, graph) in clips() {
        for scan in [Scan::TopFirst, Scan::BottomFirst] {
            let Some([original, woven, yadif, bwdif]) = make(&dir, &graph, scan) else {
                println!("skipped: this ffmpeg makes no clip `{name}`");
                continue;
            };
            let ours = deinterlace(&woven, scan);
            for (plane, range) in [("luma", 0..LUMA), ("chroma", LUMA..BYTES)] {
                let all = [&yadif, &bwdif, &ours].map(|frames| psnr(&original, frames, range.clone()));
                let [yadif, bwdif, ours] = all;
                let field = if scan == Scan::TopFirst { "tff" } else { "bff" };
                println!("{name:<18} {field} {plane:<6} {yadif:>7.2} {bwdif:>7.2} {ours:>7.2}");
                assert!(
                    ours >= yadif,
                    "{name}, {field}, {plane}: {ours:.2} dB, yadif {yadif:.2} dB, bwdif {bwdif:.2} dB"
                );
            }
            compared += 1;
        }
    }
    let _ = fs::remove_dir_all(&dir);
    if compared == 0 {
        println!("skipped: no ffmpeg to compare with");
    }
}

/// The original, the same interlaced, and what yadif and bwdif make of that, as raw 4:2:0.
fn make(dir: &Path, graph: &str, scan: Scan) -> Option<[Vec<u8>; 4]> {
    let name = |n: usize| dir.join(format!("{n}.yuv"));
    let mut command = Command::new("ffmpeg");
    let (interleave, parity) =
        if scan == Scan::TopFirst { ("interleave_top", "tff") } else { ("interleave_bottom", "bff") };
    let pair = format!("tinterlace={interleave},setfield={parity},split=3[i][a][b]");
    let both = format!("[a]yadif=mode=0:parity={parity}[y];[b]bwdif=mode=0:parity={parity}[w]");
    let filters = format!("{graph},format=yuv420p,trim=end_frame={PICTURES},split[p][q];[q]{pair};{both}");
    command.args(["-v", "fatal", "-nostdin", "-y", "-filter_complex", &filters]);
    for (n, pad) in ["[p]", "[i]", "[y]", "[w]"].into_iter().enumerate() {
        command.args(["-map", pad, "-fps_mode", "passthrough", "-f", "rawvideo"]).arg(name(n));
    }
    let is_made = command.status().ok()?.success();
    let files: Vec<_> = (0..4).filter_map(|n| fs::read(name(n)).ok()).collect();
    (is_made && files[0].len() == PICTURES * BYTES && files[1..].iter().all(|file| file.len() == PICTURES / 2 * BYTES))
        .then(|| files.try_into().ok())?
}

fn deinterlace(woven: &[u8], scan: Scan) -> Vec<u8> {
    let (mut deinterlacer, mut out, pool) = (Deinterlacer::new(), Vec::new(), FramePool::new());
    for (n, bytes) in woven.chunks_exact(BYTES).enumerate() {
        let mut frame = Frame::build(&pool, SIZE, MediaTime::from_flicks(n as i64), |y, u, v| {
            y.copy_from_slice(&bytes[..LUMA]);
            u.copy_from_slice(&bytes[LUMA..LUMA * 5 / 4]);
            v.copy_from_slice(&bytes[LUMA * 5 / 4..]);
        });
        frame.scan = scan;
        deinterlacer.push(frame, &mut out);
    }
    deinterlacer.flush(&mut out);
    out.iter().flat_map(|frame| [frame.y().data, frame.u().data, frame.v().data].concat()).collect()
}

/// PSNR of these samples of frames against the original at the instants of their first fields, without the first and last
/// frame, which have one neighbour only; 99 where they are equal.
fn psnr(original: &[u8], frames: &[u8], range: Range<usize>) -> f64 {
    let (mut sum, mut count) = (0u64, 0u64);
    let pairs = original.chunks_exact(2 * BYTES).zip(frames.chunks_exact(BYTES));
    for (original, frame) in pairs.skip(1).take(PICTURES / 2 - 2) {
        let pairs = original[range.clone()].iter().zip(&frame[range.clone()]);
        let squares = pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2));
        sum += squares.sum::<u64>();
        count += range.len() as u64;
    }
    if sum == 0 { 99.0 } else { 10.0 * (65_025.0 * count as f64 / sum as f64).log10() }
}
