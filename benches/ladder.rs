//! What the default ladder costs, part by part, beside one ffmpeg process that does the same job in the same run.
//!
//! `cargo bench --bench ladder` makes a moving clip with grain in `target/bench-media` (once, by ffmpeg), takes it through
//! decode, scaling, seven encoders and sound on one thread, and prints CPU-seconds per second of media. Then an ffmpeg
//! with libopenh264 (`HEADEND_FFMPEG`, else the first that has it) encodes the same table, each rung scaled from the source,
//! and both results are compared with the scaled source by SSIM. Without ffmpeg it says so and measures nothing.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench is a host: it owns files, and stops at trouble"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bytes::Bytes;
use headend::{
    ladder::{
        AudioEncoderConfig, BuiltinCodecs, Cascade, Codecs, Preset, Profile, Rung, SoundNormaliser, VideoEncoder,
        VideoEncoderConfig,
    },
    media::{
        AacConfig, AccessUnit, AudioTrack, Frame, FrameRate, H264Config, NalFraming, Samples, TrackFormat, TrackId,
    },
    time::{MediaDuration, MediaTime, Timescale},
};

fn main() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-media");
    let Some(ffmpeg) = ffmpeg() else { return println!("skipped: no ffmpeg in PATH to make the clip with") };
    make_clip(&ffmpeg.any, &dir);
    let preset = Preset::default_720p();
    let ours = run_ours(&dir, &preset);
    let process = process_seconds();
    let theirs = ffmpeg.openh264.as_deref().map(|ffmpeg| run_theirs(ffmpeg, &dir, &preset));
    print_rungs(&ffmpeg.any, &dir, &preset, &ours, theirs.is_some());
    print_parts(&ours, process, theirs);
}

/// CPU nanoseconds of each part, and what came out.
#[derive(Default)]
struct Cost {
    decode: u64,
    scale: u64,
    encode: Vec<u64>,
    sound: u64,
    frames: u64,
    bytes: Vec<usize>,
}

fn run_ours(dir: &Path, preset: &Preset) -> Cost {
    let codecs = BuiltinCodecs::new();
    let config = H264Config { framing: NalFraming::AnnexB, sps: Vec::new(), pps: Vec::new() };
    let mut decoder = codecs.h264_decoder(&config).unwrap();
    let sizes: Vec<_> = preset.rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect();
    let mut cascade = Cascade::new((1920, 1080), &sizes);
    let mut encoders: Vec<_> =
        preset.rungs.iter().map(|rung| codecs.h264_encoder(&encoder_config(rung)).unwrap()).collect();
    let mut streams: Vec<Vec<u8>> = encoders.iter().map(|encoder| parameter_sets(encoder.as_ref())).collect();
    let mut cost = Cost { encode: vec![0; sizes.len()], bytes: vec![0; sizes.len()], ..Cost::default() };
    let mut frames = Vec::new();
    // A few frames at a time, so that each part's clock runs for a while and frames are still in the cache.
    for units in video_units(dir).chunks(BATCH) {
        time(&mut cost.decode, || {
            for unit in units {
                decoder.decode(unit, &mut frames).unwrap();
            }
        });
        batch(&mut frames, &mut cascade, &mut encoders, &mut cost, &mut streams);
    }
    time(&mut cost.decode, || decoder.flush(&mut frames).unwrap());
    batch(&mut frames, &mut cascade, &mut encoders, &mut cost, &mut streams);
    run_sound(dir, preset, &mut cost);
    for (n, stream) in streams.iter().enumerate() {
        fs::write(dir.join(format!("ours{n}.h264")), stream).unwrap();
    }
    cost
}

/// Scales and encodes `frames`, and empties them.
fn batch(
    frames: &mut Vec<Frame>,
    cascade: &mut Cascade,
    encoders: &mut [Box<dyn VideoEncoder>],
    cost: &mut Cost,
    streams: &mut [Vec<u8>],
) {
    let mut rungs = Vec::new();
    time(&mut cost.scale, || frames.iter().for_each(|frame| cascade.scale(frame, &mut rungs)));
    for (n, encoder) in encoders.iter_mut().enumerate() {
        let mut units = Vec::new();
        time(&mut cost.encode[n], || {
            for (at, frame) in rungs.iter().skip(n).step_by(streams.len()).enumerate() {
                units.push(encoder.encode(frame, (cost.frames + at as u64).is_multiple_of(GOP)).unwrap());
            }
        });
        for unit in units {
            cost.bytes[n] += unit.data.len();
            to_annex_b(&unit.data, &mut streams[n]);
        }
    }
    cost.frames += frames.len() as u64;
    frames.clear();
}

fn run_sound(dir: &Path, preset: &Preset, cost: &mut Cost) {
    let codecs = BuiltinCodecs::new();
    let track = AudioTrack { sample_rate: 48_000, channels: 2 };
    let asc = Bytes::from_static(&[0x11, 0x90]);
    let mut decoder = codecs.aac_decoder(&track, &AacConfig { asc }).unwrap();
    let (sample_rate, bitrate) = (preset.audio_sample_rate, preset.audio_bitrate);
    let mut encoder = codecs.aac_encoder(&AudioEncoderConfig { sample_rate, channels: 2, bitrate }).unwrap();
    let rate = Timescale::new(sample_rate).unwrap();
    let mut normaliser = SoundNormaliser::new(rate);
    let adts = Bytes::from(fs::read(dir.join("clip.adts")).unwrap());
    time(&mut cost.sound, || {
        let (mut at, mut n) = (0, 0);
        let mut waiting: Vec<i16> = Vec::new();
        while let Some(header) = adts.get(at..at + 7) {
            let len = usize::from(header[3] & 3) << 11 | usize::from(header[4]) << 3 | usize::from(header[5]) >> 5;
            let pts = MediaTime::from_ticks(n * 1024, Timescale::new(48_000).unwrap());
            let samples: Samples = decoder.decode(&unit(pts, pts, adts.slice(at + 7..at + len))).unwrap();
            waiting.extend(normaliser.push(samples).data);
            while waiting.len() >= 2048 {
                encoder.encode(&waiting[..2048], pts).unwrap();
                waiting.drain(..2048);
            }
            (at, n) = (at + len, n + 1);
        }
    });
}

/// CPU-seconds of one ffmpeg process for the same ladder.
fn run_theirs(ffmpeg: &Path, dir: &Path, preset: &Preset) -> f64 {
    let mut command = Command::new(ffmpeg);
    command.args(["-y", "-hide_banner", "-benchmark", "-i"]).arg(dir.join("clip.mkv"));
    let heads: String = (0..preset.rungs.len()).map(|n| format!("[s{n}]")).collect();
    let scales: Vec<_> = preset
        .rungs
        .iter()
        .enumerate()
        .map(|(n, rung)| format!("[s{n}]scale={}:{}:flags=bicubic[v{n}]", rung.width, rung.height))
        .collect();
    let graph = format!("[0:v]split={}{heads};{}", preset.rungs.len(), scales.join(";"));
    command.args(["-filter_complex", &graph]);
    for (n, rung) in preset.rungs.iter().enumerate() {
        let profile = match rung.profile {
            Profile::Baseline => "constrained_baseline",
            Profile::Main => "main",
            Profile::High => "high",
        };
        let (map, rate) = (format!("[v{n}]"), rung.bitrate.to_string());
        command.args(["-map", &map, "-c:v", "libopenh264", "-profile:v", profile, "-rc_mode", "bitrate"]);
        command.args(["-b:v", &rate, "-g", "60", "-allow_skip_frames", "0", "-an"]);
        command.arg(dir.join(format!("theirs{n}.mp4")));
    }
    command.args(["-map", "0:a", "-c:a", "aac", "-b:a", "64k", "-ar", "44100", "-ac", "2", "-vn"]);
    let text = run(command.arg(dir.join("theirs.m4a")));
    let line = text.lines().find(|line| line.starts_with("bench: utime")).expect("ffmpeg prints its times");
    line.split_whitespace()
        .filter_map(|word| word.strip_prefix("utime=").or(word.strip_prefix("stime=")))
        .filter_map(|time| time.trim_end_matches('s').parse::<f64>().ok())
        .sum()
}

fn print_rungs(ffmpeg: &Path, dir: &Path, preset: &Preset, ours: &Cost, has_theirs: bool) {
    let seconds = ours.frames as f64 / 30.0;
    println!("\n{:<26} {:>9} {:>9} {:>12} {:>12}", "rung", "cpu/m", "kbit/s", "SSIM ours", "SSIM ffmpeg");
    for (n, rung) in preset.rungs.iter().enumerate() {
        let cpu = ours.encode[n] as f64 / 1e9 / seconds;
        let kbps = ours.bytes[n] as f64 * 8.0 / 1000.0 / seconds;
        let theirs = if has_theirs { ssim(ffmpeg, dir, rung, &format!("theirs{n}.mp4")) } else { "-".into() };
        let ours = ssim(ffmpeg, dir, rung, &format!("ours{n}.h264"));
        println!("{:<26} {cpu:>9.3} {kbps:>9.0} {ours:>12} {theirs:>12}", rung.name);
    }
}

fn print_parts(ours: &Cost, process: f64, theirs: Option<f64>) {
    let seconds = ours.frames as f64 / 30.0;
    let per = |nanos: u64| nanos as f64 / 1e9 / seconds;
    let encode = per(ours.encode.iter().sum());
    let whole = per(ours.decode) + per(ours.scale) + encode + per(ours.sound);
    println!("\n{:<26} {:>9}", "part", "cpu/m");
    for (part, cost) in
        [("decode", per(ours.decode)), ("scale", per(ours.scale)), ("encode", encode), ("sound", per(ours.sound))]
    {
        println!("{part:<26} {cost:>9.3}  {:>4.0} %", cost / whole * 100.0);
    }
    println!("{:<26} {whole:>9.3}", "whole ladder");
    // A check on the parts: reading, copying to files and start-up come on top of them here.
    println!("{:<26} {:>9.3}", "this process until here", process / seconds);
    match theirs {
        Some(theirs) => {
            let theirs = theirs / seconds;
            println!("{:<26} {theirs:>9.3}", "ffmpeg, libopenh264");
            println!("{:<26} {:>9.2}", "ratio", whole / theirs);
        }
        None => println!("skipped: no ffmpeg with libopenh264 to compare with (set HEADEND_FFMPEG)"),
    }
}

/// SSIM in dB, luma and chroma, of a file of `dir` against the clip scaled to the rung's size.
fn ssim(ffmpeg: &Path, dir: &Path, rung: &Rung, file: &str) -> String {
    // Both get the same colour tags: where they differ newer ffmpegs convert one of them before they compare.
    let tags = "setpts=N/30/TB,setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709";
    let (width, height) = (rung.width, rung.height);
    let graph = format!("[0:v]{tags}[a];[1:v]{tags},scale={width}:{height}:flags=bicubic[b];[a][b]ssim");
    let mut command = Command::new(ffmpeg);
    command.args(["-hide_banner", "-i"]).arg(dir.join(file)).arg("-i").arg(dir.join("clip.mkv"));
    let text = run(command.args(["-filter_complex", &graph, "-an", "-f", "null", "-"]));
    let all = text.lines().rev().find_map(|line| line.split(" All:").nth(1)).unwrap_or("?");
    all.split(['(', ')']).nth(1).unwrap_or("?").to_owned()
}

fn make_clip(ffmpeg: &Path, dir: &Path) {
    if dir.join("clip.adts").exists() {
        return;
    }
    fs::create_dir_all(dir).unwrap();
    // A fractal that grows over a moving test picture, with grain that changes from frame to frame.
    let graph = "mandelbrot=s=960x540:r=30:maxiter=300,scale=1920:1080,format=yuv420p[a];\
        testsrc2=s=2560x1440:r=30,format=yuv420p,crop=1920:1080:x='320+300*sin(n/37)':y='180+150*cos(n/29)'[b];\
        [a][b]blend=all_mode=average,noise=alls=12:allf=t[v];\
        sine=f=440:r=48000[l];anoisesrc=r=48000:a=0.1:seed=1[r];[l][r]join=inputs=2:channel_layout=stereo[s]";
    let mut command = Command::new(ffmpeg);
    command.args(["-y", "-hide_banner", "-filter_complex", graph, "-map", "[v]", "-map", "[s]", "-t", SECONDS]);
    command.args(["-c:v", "libx264", "-profile:v", "high", "-preset", "veryfast", "-g", "60", "-bf", "2"]);
    command.args(["-b:v", "8M", "-maxrate", "8M", "-bufsize", "8M", "-c:a", "aac", "-b:a", "128k"]);
    run(command.arg(dir.join("clip.mkv")));
    let copy = |args: &[&str], file: &str| {
        let mut command = Command::new(ffmpeg);
        command.args(["-y", "-hide_banner", "-i"]).arg(dir.join("clip.mkv")).args(args);
        run(command.arg(dir.join(file)));
    };
    copy(&["-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264"], "clip.h264");
    copy(&["-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-copyts", "-f", "framecrc"], "clip.framecrc");
    copy(&["-map", "0:a", "-c", "copy", "-f", "adts"], "clip.adts");
}

/// The clip's access units: cut by the sizes and with the times that ffmpeg's framecrc lists.
fn video_units(dir: &Path) -> Vec<AccessUnit> {
    let mut data = Bytes::from(fs::read(dir.join("clip.h264")).unwrap());
    let list = fs::read_to_string(dir.join("clip.framecrc")).unwrap();
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<i64> = line.split(',').filter_map(|field| field.trim().parse().ok()).collect();
            let time = |millis| MediaTime::from_ticks(millis, Timescale::MILLIS);
            unit(time(fields[2]), time(fields[1]), data.split_to(fields[4] as usize))
        })
        .collect()
}

fn unit(pts: MediaTime, dts: MediaTime, data: Bytes) -> AccessUnit {
    let (track, duration) = (TrackId(0), MediaDuration::ZERO);
    AccessUnit { track, pts, dts, duration, is_random_access: true, is_damaged: false, data }
}

fn encoder_config(rung: &Rung) -> VideoEncoderConfig {
    VideoEncoderConfig {
        width: rung.width,
        height: rung.height,
        bitrate: rung.bitrate,
        profile: rung.profile,
        frame_rate: FrameRate::FPS_30,
        sample_aspect: (1, 1),
    }
}

fn parameter_sets(encoder: &dyn VideoEncoder) -> Vec<u8> {
    let TrackFormat::H264(_, config) = encoder.format() else { return Vec::new() };
    config.sps.iter().chain(&config.pps).flat_map(|nal| [&[0, 0, 0, 1], &nal[..]].concat()).collect()
}

fn to_annex_b(mut unit: &[u8], out: &mut Vec<u8>) {
    while let Some((len, rest)) = unit.split_first_chunk::<4>() {
        let (nal, tail) = rest.split_at(u32::from_be_bytes(*len) as usize);
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(nal);
        unit = tail;
    }
}

struct Ffmpeg {
    any: PathBuf,
    openh264: Option<PathBuf>,
}

fn ffmpeg() -> Option<Ffmpeg> {
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
    Some(Ffmpeg { any: candidates.first()?.clone(), openh264: openh264.cloned() })
}

/// Runs to the end and gives what was written to stderr.
fn run(command: &mut Command) -> String {
    let out = command.output().expect("ffmpeg runs");
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{command:?}\n{text}");
    text
}

/// Adds the CPU time of this thread, in nanoseconds, that `work` takes.
fn time<T>(total: &mut u64, work: impl FnOnce() -> T) -> T {
    let before = cpu_nanos();
    let result = work();
    *total += cpu_nanos() - before;
    result
}

/// CPU nanoseconds of this process (which is one thread), as the kernel counts them.
fn cpu_nanos() -> u64 {
    // Giving up the core brings the kernel's count up to date.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/self/schedstat").expect("Linux says how long a process has run");
    text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
}

/// CPU-seconds of this process with all its threads; the kernel counts in hundredths.
fn process_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").expect("Linux says how long a process has run");
    let fields = text.rsplit(')').next().unwrap_or("").split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

const BATCH: usize = 8;
const GOP: u64 = 60;
const SECONDS: &str = "16";
