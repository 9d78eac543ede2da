//! What the default ladder costs beside one ffmpeg process that does the same job in the same run.
//!
//! `cargo bench --bench ladder` makes two moving clips in `target/bench-media` (once, by ffmpeg). For each, three processes
//! go from the TS file to fragmented MP4: the library's stages by hand, a whole channel on virtual time, and an ffmpeg with
//! libopenh264 (`HEADEND_FFMPEG`, else the first that has it) for the same table, each rung scaled from the source. Then
//! every rung of both sides is compared with the scaled source by SSIM. Figures are CPU-seconds per second of media.
//! Without ffmpeg it says so and measures nothing.

mod kit;

use std::path::Path;

use headend::ladder::Preset;
use kit::{Split, clip, peer, run_alone};

fn main() {
    if kit::is_alone() {
        return;
    }
    let Some(ffmpeg) = peer::Ffmpeg::find() else { return println!("skipped: no ffmpeg in PATH to make clips with") };
    for (name, dir) in clip::all(&ffmpeg.any) {
        println!("\nclip {name}: 1920x1080, 30 fps, 8 Mbit/s, {} s", clip::SECONDS);
        let parts = run_alone("parts", &dir.join("clip.ts"));
        let theirs = ffmpeg.openh264.as_deref().map(|ffmpeg| peer::run_theirs(ffmpeg, &dir, &Preset::default_720p()));
        let channel = run_alone("channel", &dir.join("clip.ts"));
        print_rungs(&ffmpeg, &dir, &parts, theirs.is_some());
        print_parts(&parts, &channel, theirs);
    }
}

fn print_rungs(ffmpeg: &peer::Ffmpeg, dir: &Path, parts: &Split, has_theirs: bool) {
    println!("{:<26} {:>7} {:>8} {:>7} {:>11} {:>7}", "rung", "cpu/m", "kbit/s", "SSIM", "SSIM ffmpeg", "kbit/s");
    for (n, rung) in Preset::default_720p().rungs.iter().enumerate() {
        let cpu = parts[&format!("encode{n}")] / clip::SECONDS;
        let kbps = parts[&format!("bytes{n}")] * 8.0 / 1000.0 / clip::SECONDS;
        let ours = ffmpeg.ssim(dir, rung, &format!("ours/{}.mp4", rung.name));
        let theirs = if has_theirs {
            let file = format!("theirs{n}.mp4");
            let bytes = std::fs::metadata(dir.join(&file)).map_or(0, |file| file.len()) as f64;
            format!("{:>11.3} {:>7.0}", ffmpeg.ssim(dir, rung, &file), bytes * 8.0 / 1000.0 / clip::SECONDS)
        } else {
            String::from("-")
        };
        println!("{:<26} {cpu:>7.3} {kbps:>8.0} {ours:>7.3} {theirs}", rung.name);
    }
}

fn print_parts(parts: &Split, channel: &Split, theirs: Option<f64>) {
    let encode: f64 = parts.iter().filter(|(part, _)| part.starts_with("encode")).map(|(_, seconds)| seconds).sum();
    let whole = parts["process"];
    println!("{:<26} {:>7}", "part", "cpu/m");
    for part in ["demux", "decode", "scale", "sound", "mux"] {
        println!("{part:<26} {:>7.3} {:>4.0} %", parts[part] / clip::SECONDS, parts[part] / whole * 100.0);
    }
    println!("{:<26} {:>7.3} {:>4.0} %", "encode", encode / clip::SECONDS, encode / whole * 100.0);
    let against =
        |seconds: f64| theirs.map_or(String::new(), |theirs| format!(", {:.2} of ffmpeg's", seconds / theirs));
    println!("{:<26} {:>7.3}{}", "stages, whole process", whole / clip::SECONDS, against(whole));
    // A channel's segments also hold the slate before the feed and what is made up at its end.
    let (made, process) = (channel["media"], channel["process"]);
    println!(
        "{:<26} {:>7.3}{} ({made:.0} s stored)",
        "channel, whole process",
        process / clip::SECONDS,
        against(process)
    );
    match theirs {
        Some(theirs) => println!("{:<26} {:>7.3}", "ffmpeg, libopenh264", theirs / clip::SECONDS),
        None => println!("skipped: no ffmpeg with libopenh264 to compare with (set HEADEND_FFMPEG)"),
    }
}
