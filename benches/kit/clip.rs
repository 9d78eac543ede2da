//! The moving clips that the ladder is measured on: 1920x1080 at 30 fps, H.264 High 8 Mbit/s, AAC 48 kHz, in MPEG-TS.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Seconds of each clip.
pub const SECONDS: f64 = 16.0;

/// Name and picture of each clip.
const CLIPS: [(&str, &str); 2] = [
    // A fractal that grows over a moving test picture, with grain that changes from frame to frame.
    (
        "grain",
        "mandelbrot=s=960x540:r=30:maxiter=300,scale=1920:1080,format=yuv420p[a];\
         testsrc2=s=2560x1440:r=30,format=yuv420p,crop=1920:1080:x='320+300*sin(n/37)':y='180+150*cos(n/29)'[b];\
         [a][b]blend=all_mode=average,noise=alls=12:allf=t[v]",
    ),
    // No straight edges and no text: a soft zoom seen by an unsteady camera, growth that drifts over it, a little grain.
    (
        "drift",
        "mandelbrot=s=960x540:r=30:maxiter=400:start_scale=2:end_scale=0.05:end_pts=600,scale=2112:1188:flags=bicubic,\
         format=yuv420p,crop=1920:1080:x='96+90*sin(n/41)':y='54+50*cos(n/53)'[a];\
         life=s=240x136:r=30:mold=24:ratio=0.14:seed=7:death_color=0x203040:life_color=0xE0D0A0:mold_color=0x506070,\
         scale=1920:1088:flags=bicubic,crop=1920:1080,gblur=sigma=6,format=yuv420p[b];\
         [a][b]blend=all_mode=normal:all_opacity=0.65,noise=alls=5:allf=t[v]",
    ),
];

/// Makes what is not there yet in `target/bench-media`, and gives each clip's folder, which holds `clip.ts`.
pub fn all(ffmpeg: &Path) -> Vec<(&'static str, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-media");
    let folder = |(name, picture): (&'static str, &str)| {
        let dir = root.join(name);
        if !dir.join("clip.ts").exists() {
            fs::create_dir_all(&dir).unwrap();
            make(ffmpeg, picture, &dir);
        }
        (name, dir)
    };
    CLIPS.into_iter().map(folder).collect()
}

fn make(ffmpeg: &Path, picture: &str, dir: &Path) {
    let sound = "sine=f=440:r=48000[l];anoisesrc=r=48000:a=0.1:seed=1[r];[l][r]join=inputs=2:channel_layout=stereo[s]";
    let mut command = Command::new(ffmpeg);
    command.args([
        "-y",
        "-hide_banner",
        "-filter_complex",
        &format!("{picture};{sound}"),
        "-map",
        "[v]",
        "-map",
        "[s]",
    ]);
    command.args([
        "-t",
        &SECONDS.to_string(),
        "-c:v",
        "libx264",
        "-profile:v",
        "high",
        "-preset",
        "veryfast",
        "-g",
        "60",
    ]);
    command.args(["-bf", "2", "-b:v", "8M", "-maxrate", "8M", "-bufsize", "8M", "-c:a", "aac", "-b:a", "128k"]);
    // Only a whole clip gets the name that says so.
    run(command.args(["-f", "mpegts"]).arg(dir.join("clip.part")));
    fs::rename(dir.join("clip.part"), dir.join("clip.ts")).unwrap();
}

/// Runs to the end and gives what was written to stderr.
pub fn run(command: &mut Command) -> String {
    let out = command.output().expect("ffmpeg runs");
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{command:?}\n{text}");
    text
}
