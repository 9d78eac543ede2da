//! Pictures (A6.5, A6.6): the same as FFmpeg's, in its order, each at its time, made 8-bit 4:2:0.

use std::process::Command;

#[cfg(feature = "ffmpeg")]
use headend::{
    ladder::VideoDecoder,
    media::{Chroma, Colour, Scan},
};
use headend::{
    ladder::{BuiltinCodecs, Codecs},
    media::{AccessUnit, Frame, H264Config, NalFraming, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::clip::{ffmpeg, media};
#[cfg(feature = "ffmpeg")]
use crate::clip::{keep, mutated, random};

/// A video stream as FFmpeg's demuxer cuts it.
struct Clip {
    format: TrackFormat,
    pixels: String,
    units: Vec<AccessUnit>,
    /// Whether the file says when each picture is shown.
    is_timed: bool,
}

fn clip(path: &str) -> Option<Clip> {
    let entries = "stream=codec_name,width,height,pix_fmt,field_order";
    let arguments = ["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "csv=p=0", path];
    let said = Command::new("ffprobe").args(arguments).output().ok()?;
    let said = String::from_utf8(said.stdout).unwrap();
    let fields: Vec<&str> = said.lines().next()?.split(',').collect();
    let [codec, width, height, pixels, ..] = fields[..] else { return None };
    let mut track = VideoTrack::new(width.parse().ok()?, height.parse().ok()?);
    track.is_interlaced = matches!(fields.get(4), Some(&("tt" | "bb" | "tb" | "bt")));
    let config = H264Config { framing: NalFraming::AnnexB, sps: Vec::new(), pps: Vec::new() };
    let format = match codec {
        "h264" => TrackFormat::H264(track, config),
        "mpeg2video" => TrackFormat::Mpeg2(track),
        _ => return None,
    };
    let copy = ["-i", path, "-map", "0:v:0", "-c", "copy", "-copyts", "-f"];
    let (list, bytes) = (ffmpeg(&[&copy[..], &["framecrc"]].concat())?, ffmpeg(&[&copy[..], &["data"]].concat())?);
    let (mut units, mut at, mut is_timed) = (Vec::new(), 0, true);
    let mut scale = Timescale::MPEG;
    for line in String::from_utf8(list).unwrap().lines() {
        if let Some((_, ticks)) = line.strip_prefix("#tb 0: ").and_then(|base| base.split_once('/')) {
            scale = Timescale::new(ticks.parse().unwrap()).unwrap();
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let (false, [_, dts, pts, _, size, ..]) = (line.starts_with('#'), &fields[..]) else { continue };
        let size: usize = size.parse().unwrap();
        // What has no time is written as the least number there is.
        is_timed &= pts.parse::<i64>().is_ok_and(|pts| pts > i64::MIN);
        let time = |text: &str| MediaTime::from_ticks(text.parse().unwrap_or(0), scale);
        units.push(AccessUnit {
            track: TrackId(0),
            pts: time(pts),
            dts: time(dts),
            duration: MediaDuration::ZERO,
            is_random_access: !line.contains("F=0x0"),
            is_damaged: false,
            data: bytes[at..at + size].to_vec().into(),
        });
        at += size;
    }
    if !is_timed {
        // Nothing says when a picture is shown, nor whether the first is shown when it is decoded.
        for (place, unit) in units.iter_mut().enumerate() {
            unit.pts = MediaTime::from_ticks(place as i64, scale);
            (unit.dts, unit.is_random_access) = (unit.pts, false);
        }
    }
    Some(Clip { format, pixels: pixels.to_owned(), units, is_timed })
}

fn decode(codecs: &BuiltinCodecs, clip: &Clip) -> (Vec<Frame>, usize) {
    let mut decoder = codecs.video_decoder(&clip.format).unwrap();
    let (mut frames, mut refused) = (Vec::new(), 0);
    for unit in &clip.units {
        refused += usize::from(decoder.decode(unit, &mut frames).is_err());
    }
    refused += usize::from(decoder.flush(&mut frames).is_err());
    (frames, refused)
}

fn i420(frame: &Frame) -> Vec<u8> {
    [frame.y().data, frame.u().data, frame.v().data].concat()
}

fn theirs(path: &str, size: usize, more: &[&str]) -> Option<Vec<Vec<u8>>> {
    let raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-fps_mode", "passthrough"];
    let all = ffmpeg(&[&["-threads", "1", "-i", path, "-map", "0:v:0"], more, &raw[..]].concat())?;
    Some(all.chunks(size).map(<[u8]>::to_vec).collect())
}

/// Every file of ../shared/media that has H.264 or MPEG-2 video.
fn captures() -> Vec<String> {
    let mut all = Vec::new();
    for folder in ["ts", "h264"] {
        let Some(folder) = media(folder) else { continue };
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                all.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    all.sort();
    all
}

#[cfg(feature = "ffmpeg")]
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Compares 8-bit 4:2:0 pictures with FFmpeg's, byte for byte.
fn is_same(path: &str, clip: &Clip, frames: &[Frame]) -> Option<bool> {
    let first = frames.first()?;
    let mut theirs = theirs(path, first.width * first.height * 3 / 2, &[])?;
    let mut ours: Vec<Vec<u8>> = frames.iter().map(i420).collect();
    if !clip.is_timed {
        ours.sort();
        theirs.sort();
    }
    Some(ours == theirs)
}

/// Whether a plain decoder takes it: `false` where FFmpeg and it make different things of a broken stream.
fn is_plain(path: &str, clip: &Clip) -> bool {
    const BROKEN: [&str; 2] = ["openh264-BA_MW_D_IDR_LOST.264", "openh264-Error_I_P.264"];
    // Parameter sets of other chroma formats midway; a cropping that changes, which FFmpeg scales to the first one.
    const CHANGING: [&str; 2] = ["240p-vp-sps-pps.h264", "openh264-CVFC1_Sony_C.jsv"];
    let is_track_plain = matches!(&clip.format, TrackFormat::H264(track, _) if !track.is_interlaced);
    clip.pixels == "yuv420p" && is_track_plain && !BROKEN.iter().chain(&CHANGING).any(|end| path.ends_with(end))
}

#[test]
fn the_default_decoder_gives_every_picture_of_every_plain_capture() {
    let (mut count, mut exact) = (0, 0);
    for path in captures() {
        let Some(clip) = clip(&path).filter(|clip| is_plain(&path, clip)) else { continue };
        let (frames, refused) = decode(&BuiltinCodecs::new(), &clip);
        assert_eq!(refused, 0, "{path}");
        assert!(!clip.is_timed || frames.windows(2).all(|pair| pair[0].pts < pair[1].pts), "{path}");
        count += 1;
        if is_same(&path, &clip, &frames) == Some(true) {
            exact += 1;
            continue;
        }
        // OpenH264 is some levels off in a few samples of some pictures.
        if cfg!(feature = "rusty-h264") {
            panic!("{path} is not the same to the byte");
        }
        // Without times the order of the pictures is not known here, and only their number can be compared.
        let distance = apart(&path, &frames).map_or(0.0, |(apart, _)| apart);
        assert!(!clip.is_timed || distance < 0.01, "{path}: {distance}");
    }
    println!("{count} captures, every byte the same in {exact}");
}

#[cfg(feature = "ffmpeg")]
#[test]
fn libavcodec_gives_every_picture_of_every_capture_in_its_turn() {
    let codecs = BuiltinCodecs::new().with_ffmpeg_for_all();
    let mut count = 0;
    for path in captures() {
        let Some(clip) = clip(&path) else { continue };
        let (frames, refused) = decode(&codecs, &clip);
        let is_ascending = frames.windows(2).all(|pair| pair[0].pts < pair[1].pts);
        assert!(is_ascending || !clip.is_timed, "{path}");
        if name(&path) == "openh264-BA_MW_D_IDR_LOST.264" || name(&path) == "openh264-Error_I_P.264" {
            continue;
        }
        // Junk has its own units, which are refused or give nothing.
        assert!(refused == 0 || path.ends_with("with_junk"), "{path}: {refused} refused");
        if clip.pixels == "yuv420p" {
            assert_eq!(is_same(&path, &clip, &frames), Some(true), "{path}");
        } else {
            is_near(&path, &frames);
        }
        count += 1;
    }
    println!("{count} captures");
}

/// How far the samples are from FFmpeg's on average, and to which side.
fn apart(path: &str, frames: &[Frame]) -> Option<(f64, f64)> {
    let Some(first) = frames.first() else { panic!("{path}: no picture") };
    let theirs = theirs(path, first.width * first.height * 3 / 2, &[])?;
    assert_eq!(frames.len(), theirs.len(), "{path}");
    let (mut apart, mut lean, mut count) = (0u64, 0i64, 0u64);
    for (frame, theirs) in frames.iter().zip(&theirs) {
        for (a, b) in i420(frame).iter().zip(theirs) {
            apart += u64::from(a.abs_diff(*b));
            lean += i64::from(*a) - i64::from(*b);
            count += 1;
        }
    }
    Some((apart as f64 / count as f64, lean as f64 / count as f64))
}

/// Other formats, whose way to 8-bit 4:2:0 is each program's own: near FFmpeg's, and leaning to no side.
#[cfg(feature = "ffmpeg")]
fn is_near(path: &str, frames: &[Frame]) {
    let Some((apart, lean)) = apart(path, frames) else { return };
    println!("{}: {apart:.3} apart, leaning by {lean:.3}", name(path));
    assert!(apart < 1.0 && lean.abs() < 0.2, "{path}: {apart:.3}, {lean:.3}");
}

/// A clip that ffmpeg makes of its moving test picture.
#[cfg(feature = "ffmpeg")]
fn made(file: &str, size: &str, encoder: &[&str]) -> Option<(String, Clip)> {
    let source = format!("testsrc2=s={size}:r=25:d=2");
    let stream = ffmpeg(&[&["-f", "lavfi", "-i", &source], encoder, &["-f", "mpegts"]].concat())?;
    let path = keep(file, &stream);
    let clip = clip(&path)?;
    Some((path, clip))
}

#[cfg(feature = "ffmpeg")]
#[test]
fn every_kind_of_broadcast_video_comes_out_right() {
    let x264 = |more: &'static [&'static str]| [&["-c:v", "libx264", "-preset", "veryfast"], more].concat();
    let mpeg2 = |more: &'static [&'static str]| [&["-c:v", "mpeg2video", "-b:v", "4M", "-g", "12"], more].concat();
    let cases: [(&str, &str, Vec<&str>, Chroma, Scan); 7] = [
        ("m2-main.ts", "720x576", mpeg2(&["-bf", "2"]), Chroma::Yuv420, Scan::Progressive),
        (
            "m2-main-tff.ts",
            "720x576",
            mpeg2(&["-bf", "2", "-flags", "+ildct+ilme", "-top", "1"]),
            Chroma::Yuv420,
            Scan::TopFirst,
        ),
        (
            "m2-422-bff.ts",
            "720x576",
            mpeg2(&["-pix_fmt", "yuv422p", "-flags", "+ildct+ilme", "-top", "0"]),
            Chroma::Yuv422,
            Scan::BottomFirst,
        ),
        ("high10.ts", "640x360", x264(&["-pix_fmt", "yuv420p10le"]), Chroma::Yuv420, Scan::Progressive),
        ("high422.ts", "640x360", x264(&["-pix_fmt", "yuv422p"]), Chroma::Yuv422, Scan::Progressive),
        ("high422-10.ts", "640x360", x264(&["-pix_fmt", "yuv422p10le"]), Chroma::Yuv422, Scan::Progressive),
        (
            "mbaff.ts",
            "720x576",
            x264(&["-flags", "+ildct+ilme", "-top", "1", "-bf", "3"]),
            Chroma::Yuv420,
            Scan::TopFirst,
        ),
    ];
    for (file, size, encoder, chroma, scan) in cases {
        let Some((path, clip)) = made(file, size, &encoder) else { return };
        let (frames, refused) = decode(&BuiltinCodecs::new().with_ffmpeg_for_all(), &clip);
        assert_eq!((refused, frames.len()), (0, clip.units.len()), "{file}");
        let mut times: Vec<MediaTime> = clip.units.iter().map(|unit| unit.pts).collect();
        times.sort();
        assert!(frames.iter().map(|frame| frame.pts).eq(times), "{file}");
        assert!(frames.iter().all(|frame| frame.scan == scan), "{file}: {:?}", frames[0].scan);
        let usual = Colour::UNKNOWN.or_usual_for(frames[0].height as u32);
        assert!(frames.iter().all(|frame| frame.colour == usual), "{file}: {:?}", frames[0].colour);
        if chroma == Chroma::Yuv420 && !file.contains("10") {
            assert_eq!(is_same(&path, &clip, &frames), Some(true), "{file}");
        } else {
            is_near(&path, &frames);
        }
    }
}

#[cfg(feature = "ffmpeg")]
#[test]
fn libavcodec_survives_hostile_bytes_and_says_the_same_again() {
    let codecs = BuiltinCodecs::new();
    let made = [
        made("hostile-m2.ts", "352x288", &["-c:v", "mpeg2video", "-bf", "2", "-flags", "+ildct+ilme"]),
        made("hostile-264.ts", "352x288", &["-c:v", "libx264", "-pix_fmt", "yuv422p10le"]),
    ];
    for clip in made.into_iter().flatten().map(|(_, clip)| clip) {
        let run = || {
            let mut decoder: Box<dyn VideoDecoder> = match &clip.format {
                TrackFormat::H264(track, config) => {
                    let track = VideoTrack { bit_depth: 10, chroma: Chroma::Yuv422, ..*track };
                    codecs.video_decoder(&TrackFormat::H264(track, config.clone())).unwrap()
                }
                format => codecs.video_decoder(format).unwrap(),
            };
            let (mut random, mut frames, mut refused) = (random(3), Vec::new(), 0);
            for round in 0..6 {
                for unit in &clip.units {
                    let data = if round == 5 { unit.data.clone() } else { mutated(&unit.data, &mut random) };
                    refused += usize::from(decoder.decode(&AccessUnit { data, ..unit.clone() }, &mut frames).is_err());
                }
                refused += usize::from(decoder.flush(&mut frames).is_err());
            }
            assert!(
                decoder.decode(&AccessUnit { data: Vec::new().into(), ..clip.units[0].clone() }, &mut frames).is_err()
            );
            (refused, frames.iter().map(i420).collect::<Vec<_>>())
        };
        let (refused, frames) = run();
        println!("{}: {refused} refused, {} pictures", clip.format.codec_name(), frames.len());
        assert!(refused > 10 && frames.len() >= clip.units.len());
        assert!(run() == (refused, frames), "not deterministic");
    }
}

#[cfg(feature = "ffmpeg")]
#[test]
fn pictures_over_the_ceiling_are_refused() {
    let Some((_, mut clip)) = made("large.ts", "640x360", &["-c:v", "mpeg2video"]) else { return };
    let codecs = BuiltinCodecs::new().with_largest_picture(320 * 240);
    let refused = codecs.video_decoder(&clip.format).err().unwrap().to_string();
    assert!(refused.contains("640x360"), "{refused}");
    // The same where the track says less than the pictures have.
    clip.format = TrackFormat::Mpeg2(VideoTrack::new(320, 240));
    let (frames, refused) = decode(&codecs, &clip);
    assert!(frames.is_empty() && refused > 0);
}
