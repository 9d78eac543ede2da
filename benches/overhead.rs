//! Where a channel's CPU goes: every lane's work by itself, and all that is not video coding beside it.
//!
//! `cargo bench --bench overhead` drives a whole channel on virtual time with the clips of the bench `ladder`, times each
//! work around `Work::run` and calls the rest of the thread's time the wheel (demultiplexing, switching, segmenting,
//! archiving). The last line is what is neither video decode nor video encode, as a share of all.

mod kit;

use kit::{clip, peer, run_alone};

fn main() {
    if kit::is_alone() {
        return;
    }
    let Some(ffmpeg) = peer::Ffmpeg::find() else { return println!("skipped: no ffmpeg in PATH to make clips with") };
    for (name, dir) in clip::all(&ffmpeg.any) {
        let split = run_alone("channel", &dir.join("clip.ts"));
        let part = |part: &str| split.get(part).copied().unwrap_or(0.0);
        let rungs: f64 = split.iter().filter(|(part, _)| part.starts_with("rung")).map(|(_, seconds)| seconds).sum();
        // Construction of the codecs happens once, however long the channel runs.
        let whole = part("thread") - part("open");
        let wheel = whole - rungs - ["decode", "picture", "sound", "store"].map(part).iter().sum::<f64>();
        println!("\nclip {name}, whole channel{:>13} {:>7}", "cpu/m", "share");
        let line = |name: &str, cost: f64| {
            println!("{name:<30} {:>8.4} {:>5.1} %", cost / clip::SECONDS, cost / whole * 100.0)
        };
        line("decode lane", part("decode"));
        (0..7).for_each(|n| line(&format!("rung lane {n}"), part(&format!("rung{n}"))));
        line("picture lane (scaler)", part("picture"));
        line("sound lane", part("sound"));
        line("storing", part("store"));
        line("wheel", wheel);
        line("all but video coding", whole - part("decode") - rungs);
    }
}
