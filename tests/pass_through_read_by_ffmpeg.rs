//! A ladder of real H.264 and AAC over RTMP through a pass-through channel, and ffmpeg decodes what is stored: the same
//! pictures as of the contribution. An extra: without ffmpeg it prints that it was skipped.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads and writes files")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use headend::{
    channel::{ChannelConfig, Encoding, Event, PassThrough, Session},
    ingest::{
        Demuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    time::MediaDuration,
};

#[path = "rig/mod.rs"]
mod rig;

use rig::{Rig, rtmp_publisher::Publisher, toy_codecs::ToyCodecs};

const RUNGS: [(&str, &str); 3] = [("640x360", "800k"), ("320x180", "300k"), ("160x90", "100k")];

#[test]
fn a_stored_ladder_decodes_without_a_word_to_the_pictures_that_came() {
    let Some(flvs) = RUNGS.into_iter().map(|(size, rate)| encoded(size, rate)).collect::<Option<Vec<_>>>() else {
        println!("skipped: ffmpeg with libx264 and aac is absent");
        return;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pass_through_read_by_ffmpeg");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let rig = pass_through(&flvs);
    let tracks = rig.presentation().tracks.clone();
    assert_eq!(tracks.len(), 4);
    for (n, track) in tracks.iter().enumerate() {
        let stored = folder.join(format!("{}.mp4", track.name));
        fs::write(&stored, rig.track_file("asset", n)).unwrap();
        let source = folder.join(format!("{n}.flv"));
        // The rungs come in the order of their bitrates; the sound of all is the first one's.
        fs::write(&source, &flvs[n % 3]).unwrap();
        let kind = if track.format.is_video() { "0:v" } else { "0:a" };
        let (came, is) = (decoded(&source, kind), decoded(&stored, kind));
        if kind == "0:v" {
            assert!(is == came && is.len() > 150, "{}: {} of {}", track.name, is.len(), came.len());
        } else {
            // Sound from before the first picture is left out. Frames are compared as they are coded: noise substitution makes
            // a decoder's output depend on where it began.
            let (came, is) = (checksums(&source, &["-map", kind, "-c", "copy"]), checksums(&stored, &["-c", "copy"]));
            assert!(is.len() > 280 && came.ends_with(&is), "{} of {}", is.len(), came.len());
        }
    }
}

/// Six seconds at 25 fps with B pictures and an IDR every two seconds, and a tone.
fn encoded(size: &str, rate: &str) -> Option<Vec<u8>> {
    let picture = format!("testsrc2=s={size}:r=25:d=6.1");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", "sine=r=48000:d=6.1"]);
    command.args([
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-bf",
        "2",
        "-g",
        "50",
        "-sc_threshold",
        "0",
        "-b:v",
        rate,
    ]);
    command.args([
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        "-b:a",
        "64k",
        "-flvflags",
        "no_duration_filesize",
        "-f",
        "flv",
        "-",
    ]);
    Some(command.output().ok()?.stdout).filter(|bytes| bytes.len() > 13)
}

/// A checksum of each decoded frame.
fn decoded(file: &Path, map: &str) -> Vec<String> {
    checksums(file, &["-map", map, "-fps_mode", "passthrough"])
}

/// A checksum of each frame; ffmpeg has nothing to say.
fn checksums(file: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "warning", "-i"]).arg(file).args(arguments).args(["-f", "framemd5", "-"]);
    let out = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{file:?}");
    let text = String::from_utf8(out.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

/// Plays the files side by side, each over a connection of its own.
fn pass_through(flvs: &[Vec<u8>]) -> Rig {
    let mut config = ChannelConfig::new("relay").unwrap();
    config.encoding = Encoding::None(PassThrough::default());
    config.gop = MediaDuration::from_secs(2);
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    let mut publisher = Publisher::new("live", "key");
    let start = publisher.start();
    let mut sent = Vec::new();
    for (n, flv) in flvs.iter().enumerate() {
        let mut session = RtmpSession::new(RtmpConfig::default(), rig.now);
        session.push(start.clone().into(), rig.now).unwrap();
        while session.pull().is_some() {}
        session.accept().unwrap();
        let of = Session { name: format!("rung{n}"), ..Session::new("rtmp") };
        let id = rig.channel.attach_as(of, Box::new(session), rig.now).unwrap();
        let mut rest = &flv[13..];
        while let Some((head, body)) = rest.split_at_checked(11) {
            let len = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
            let ms = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
            let prefix: &[u8] = if head[0] == 18 { b"\x02\0\x0D@setDataFrame" } else { b"" };
            let csid = if head[0] == 9 { 6 } else { 4 };
            sent.push((ms, id, publisher.message(csid, head[0], ms, 1, &[prefix, &body[..len]].concat())));
            rest = &body[len + 4..];
        }
    }
    sent.sort_by_key(|(ms, ..)| *ms);
    let began = rig.now.monotonic;
    for (ms, id, bytes) in sent {
        rig.pass((began + Duration::from_millis(ms.into())).saturating_sub(rig.now.monotonic));
        rig.bytes(id, bytes);
    }
    let ids: Vec<_> = rig.channel.running_programs().map(|(id, _)| id).collect();
    for id in ids {
        rig.channel.stop_program(id).unwrap();
    }
    rig.pass(Duration::from_secs(3));
    let faults = rig.count_events(|event| matches!(event, Event::Fault { .. }));
    assert_eq!(faults, 0, "{:?}", rig.events);
    rig
}
