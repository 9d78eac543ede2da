//! What a still slate costs beside live pictures, in whole channels on virtual time with the default ladder.
//!
//! `cargo bench --bench slate` takes the moving clips of the ladder's bench (made once, by ffmpeg) through a channel; then the built-in
//! slate for as long, with nothing coming in; then the slate over the clip, which goes on being decoded beneath it. Each is a process of
//! its own; figures are CPU-seconds per second of media that was stored. Without ffmpeg it says so and measures nothing.

mod kit;

use kit::{Split, clip, peer, run_alone};

fn main() {
    if kit::is_alone() {
        return;
    }
    let Some(ffmpeg) = peer::Ffmpeg::find() else { return println!("skipped: no ffmpeg in PATH to make clips with") };
    println!(
        "{:<22} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "cpu/m", "decode", "picture", "rungs", "rest", "all", "of live"
    );
    for (name, dir) in clip::all(&ffmpeg.any) {
        let clip = dir.join("clip.ts");
        let live = print(&format!("{name}, live"), &run_alone("channel", &clip), None);
        print("still slate", &run_alone("slate", &clip), Some(live));
        print("slate over the clip", &run_alone("hidden", &clip), Some(live));
    }
}

/// One line; what the whole process costs for each second of media. Making the codecs is once, and left out.
fn print(name: &str, split: &Split, live: Option<f64>) -> f64 {
    let media = split["media"];
    let part = |part: &str| split.get(part).copied().unwrap_or(0.0) / media;
    let rungs: f64 = split.keys().filter(|name| name.starts_with("rung")).map(|name| part(name)).sum();
    let all = part("process") - part("open");
    let (decode, picture) = (part("decode"), part("picture"));
    let rest = all - decode - picture - rungs;
    let share = live.map_or(String::new(), |live| format!("{:>6.1} %", all / live * 100.0));
    println!("{name:<22} {decode:>7.3} {picture:>8.3} {rungs:>8.3} {rest:>8.3} {all:>8.3} {share:>8}");
    all
}
