//! ffmpeg with libopenh264, as people use it for the same ladder, and the judge of both.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use headend::ladder::{Preset, Profile, Rung};

use super::clip::run;

/// The ffmpegs of this machine.
pub struct Ffmpeg {
    /// The first that runs.
    pub any: PathBuf,
    /// The first that has libopenh264.
    pub openh264: Option<PathBuf>,
}

impl Ffmpeg {
    /// `HEADEND_FFMPEG`, else what is in PATH; `None` where there is none.
    pub fn find() -> Option<Self> {
        let encoders = |path: &Path| {
            let out = Command::new(path).args(["-hide_banner", "-encoders"]).output().ok()?;
            Some(String::from_utf8_lossy(&out.stdout).into_owned())
        };
        let candidates: Vec<PathBuf> = std::env::var_os("HEADEND_FFMPEG")
            .map(PathBuf::from)
            .into_iter()
            .chain(["ffmpeg".into(), "ffmpeg9".into()])
            .filter(|path: &PathBuf| encoders(path).is_some())
            .collect();
        let openh264 = candidates.iter().find(|path| encoders(path).is_some_and(|text| text.contains("libopenh264")));
        Some(Self { any: candidates.first()?.clone(), openh264: openh264.cloned() })
    }

    /// SSIM in dB, luma and chroma, of a file of `dir` against the clip scaled to the rung's size.
    pub fn ssim(&self, dir: &Path, rung: &Rung, file: &str) -> f64 {
        // Both get the same colour tags: where they differ newer ffmpegs convert one of them before they compare.
        let tags = "setpts=N/30/TB,setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709";
        let (width, height) = (rung.width, rung.height);
        let graph = format!("[0:v]{tags}[a];[1:v]{tags},scale={width}:{height}:flags=bicubic[b];[a][b]ssim");
        let mut command = Command::new(&self.any);
        command.args(["-hide_banner", "-i"]).arg(dir.join(file)).arg("-i").arg(dir.join("clip.ts"));
        let text = run(command.args(["-filter_complex", &graph, "-an", "-f", "null", "-"]));
        let all = text.lines().rev().find_map(|line| line.split(" All:").nth(1)).unwrap();
        all.split(['(', ')']).nth(1).unwrap().parse().unwrap()
    }
}

/// Encodes the table in one process, each rung scaled from the source, to one fragmented MP4 per rung; CPU-seconds.
pub fn run_theirs(ffmpeg: &Path, dir: &Path, preset: &Preset) -> f64 {
    let mut command = Command::new(ffmpeg);
    command.args(["-y", "-hide_banner", "-benchmark", "-i"]).arg(dir.join("clip.ts"));
    let heads: String = (0..preset.rungs.len()).map(|n| format!("[s{n}]")).collect();
    let scales: Vec<_> = preset
        .rungs
        .iter()
        .enumerate()
        .map(|(n, rung)| format!("[s{n}]scale={}:{}:flags=bicubic[v{n}]", rung.width, rung.height))
        .collect();
    let graph = format!("[0:v]split={}{heads};{}", preset.rungs.len(), scales.join(";"));
    command.args(["-filter_complex", &graph]);
    let fragments = ["-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof"];
    for (n, rung) in preset.rungs.iter().enumerate() {
        let profile = match rung.profile {
            Profile::Baseline => "constrained_baseline",
            Profile::Main => "main",
            Profile::High => "high",
            Profile::Av1Main => unreachable!("not of this preset"),
        };
        let (map, rate) = (format!("[v{n}]"), rung.bitrate.to_string());
        command.args(["-map", &map, "-c:v", "libopenh264", "-profile:v", profile, "-rc_mode", "bitrate"]);
        command.args(["-b:v", &rate, "-g", "60", "-allow_skip_frames", "0", "-an"]).args(fragments);
        command.arg(dir.join(format!("theirs{n}.mp4")));
    }
    command.args(["-map", "0:a", "-c:a", "aac", "-b:a", "64k", "-ar", "44100", "-ac", "2", "-vn"]).args(fragments);
    let text = run(command.arg(dir.join("theirs-audio.mp4")));
    let line = text.lines().find(|line| line.starts_with("bench: utime")).expect("ffmpeg prints its times");
    line.split_whitespace()
        .filter_map(|word| word.strip_prefix("utime=").or(word.strip_prefix("stime=")))
        .filter_map(|time| time.trim_end_matches('s').parse::<f64>().ok())
        .sum()
}
