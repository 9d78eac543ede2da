//! Film in 3:2 through a channel (A12.6): coded as film, and with its fields repeated before coding. Both come out at 29.97
//! pictures a second, one of four film pictures shown twice, none lost and none mixed with another.

use std::{process::Command, sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    error::Fault,
    ingest::Demuxed,
    ladder::{
        AudioDecoder, AudioEncoder, AudioEncoderConfig, BuiltinCodecs, Codecs, VideoDecoder, VideoEncoder,
        VideoEncoderConfig,
    },
    media::{AccessUnit, FrameRate, Track, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    rig::{Rig, feed::Feed, small_config, toy_codecs::ToyCodecs},
    timeline::samples,
};

/// Pictures of film, ten seconds.
const FILM: usize = 240;
const VIDEO: TrackId = TrackId(1);

/// The real decoder, and encoders whose pictures tell the luma in the middle.
struct Real(BuiltinCodecs, ToyCodecs);

impl Codecs for Real {
    fn video_decoder(&self, format: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
        self.0.video_decoder(format)
    }

    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        self.1.h264_encoder(config)
    }

    fn audio_decoder(&self, format: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault> {
        self.1.audio_decoder(format)
    }

    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault> {
        self.1.aac_encoder(config)
    }
}

/// Luma of film picture `n`: of twelve greys one after the other, neighbours far apart.
fn grey(n: usize) -> u8 {
    40 + 15 * (n * 5 % 12) as u8
}

/// MPEG-2 video that ffmpeg makes of film, picture by picture; `None`, said aloud, where it cannot.
fn film(filters: &str, encoder: &[&str]) -> Option<Vec<Bytes>> {
    let source = format!("color=gray:s=96x96:r=24000/1001,geq=lum='40+15*mod(N*5,12)':cb=128:cr=128{filters}");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-f", "lavfi", "-i", &source, "-frames:v"]);
    command.arg(if filters.is_empty() { FILM } else { FILM * 5 / 4 }.to_string());
    command.args(["-c:v", "mpeg2video", "-q:v", "2", "-g", "12"]).args(encoder).args(["-f", "mpeg2video", "-"]);
    let made = command.output().ok().filter(|made| made.status.success());
    let Some(made) = made else {
        println!("skipped: no ffmpeg that makes MPEG-2 video of film");
        return None;
    };
    Some(pictures(&made.stdout))
}

/// Cuts a stream into pictures, each with the headers before it.
fn pictures(stream: &[u8]) -> Vec<Bytes> {
    let starts = stream.windows(4).enumerate().filter(|(_, window)| window[..3] == [0, 0, 1]);
    let (mut found, mut from, mut has_picture) = (Vec::new(), 0, false);
    for (at, window) in starts {
        let begins = matches!(window[3], 0xB3 | 0xB8 | 0);
        if begins && has_picture {
            found.push(Bytes::copy_from_slice(&stream[from..at]));
            (from, has_picture) = (at, false);
        }
        has_picture |= window[3] == 0;
    }
    found.push(Bytes::copy_from_slice(&stream[from..]));
    found
}

/// Makes progressive 23.976 to film in 3:2, as a film encoder writes it: a sequence of 29.97 interlaced frames, and pictures
/// that say which field is first and whether it is repeated (ISO/IEC 13818-2 clauses 6.2.2 and 6.2.3.1).
fn pull_down(n: usize, picture: &Bytes) -> Bytes {
    let mut data = picture.to_vec();
    let starts: Vec<usize> = (0..data.len() - 4).filter(|at| data[*at..*at + 3] == [0, 0, 1]).collect();
    for at in starts {
        match (data[at + 3], data[at + 4] >> 4) {
            (0xB3, _) => data[at + 7] = data[at + 7] & 0xF0 | 4,
            (0xB5, 1) => data[at + 5] &= !0x08,
            (0xB5, 8) => {
                let (is_top_first, is_repeated) = (matches!(n % 4, 0 | 3), n.is_multiple_of(2));
                let field = &mut data[at + 7];
                *field = *field & !0x82 | u8::from(is_top_first) << 7 | u8::from(is_repeated) << 1;
            }
            _ => {}
        }
    }
    data.into()
}

/// Runs the pictures through a channel, each at its tick of 90 kHz; the greys of what comes out, from the first of film on.
fn watch(pictures: &[(i64, Bytes)]) -> Vec<u8> {
    let codecs = Real(BuiltinCodecs::new(), ToyCodecs::default());
    let mut rig = Rig::new(small_config(), Arc::new(codecs));
    rig.start();
    rig.start_program("asset");
    let feed = Feed::default();
    let id = rig.attach("rtp", feed.demuxer());
    let video = VideoTrack { frame_rate: Some(FrameRate::FPS_29_97), is_interlaced: true, ..VideoTrack::new(96, 96) };
    feed.push(Demuxed::Track(Track::new(VIDEO, Timescale::MPEG, TrackFormat::Mpeg2(video))));
    let start = rig.now.monotonic;
    for (at, data) in pictures {
        let pts = MediaTime::from_ticks(*at, Timescale::MPEG);
        let is_random_access = data.starts_with(&[0, 0, 1, 0xB3]);
        let (track, duration, data) = (VIDEO, MediaDuration::ZERO, data.clone());
        feed.push(Demuxed::Unit(AccessUnit {
            track,
            pts,
            dts: pts,
            duration,
            is_random_access,
            is_damaged: false,
            data,
        }));
        let due = start + Duration::from_nanos((*at - pictures[0].0) as u64 * 100_000 / 9);
        rig.pass(due.saturating_sub(rig.now.monotonic));
        rig.bytes(id, vec![0]);
    }
    rig.close(id);
    rig.pass(Duration::from_secs(4));
    let shown = samples(&rig, 0);
    let greys: Vec<u8> = shown.iter().map(|sample| *sample.data.last().unwrap()).collect();
    let is_film = |grey: &u8, n: usize| grey.abs_diff(self::grey(n)) <= 3;
    let first = greys.windows(3).position(|three| is_film(&three[0], 0) && (0..2).any(|n| is_film(&three[2], n + 1)));
    let first = first.expect("film is on air");
    let live = &shown[first..first + FILM * 5 / 4 - 20];
    assert!(live.windows(2).all(|pair| pair[1].start - pair[0].start == 3003), "29.97 pictures a second");
    greys[first..first + live.len()].to_vec()
}

/// Each picture of film shows for one frame or two, one of any four for two, in order.
fn assert_cadence(greys: &[u8]) {
    let mut runs: Vec<usize> = Vec::new();
    for grey in greys {
        let now = runs.len();
        let is = |n: usize| grey.abs_diff(self::grey(n)) <= 3;
        match runs.last_mut() {
            Some(run) if is(now - 1) => *run += 1,
            _ => {
                assert!(is(now), "film picture {now} is {grey} after {runs:?}");
                runs.push(1);
            }
        }
    }
    // The last may be cut.
    let whole = &runs[1..runs.len() - 1];
    assert!(whole.len() > FILM / 2, "{} pictures", whole.len());
    assert!(whole.windows(4).all(|four| four.iter().sum::<usize>() == 5), "{whole:?}");
    assert!(whole.iter().all(|run| matches!(run, 1 | 2)), "{whole:?}");
}

#[test]
fn film_that_is_coded_as_film_shows_each_picture_once_and_every_fourth_twice_a12_6() {
    let Some(pictures) = film("", &[]) else { return };
    assert_eq!(pictures.len(), FILM);
    // Three fields and two by turns, of 1501.5 ticks each.
    let at = |n: usize| (n / 2 * 5 + n % 2 * 3) as i64 * 3003 / 2;
    let pictures: Vec<_> = pictures.iter().enumerate().map(|(n, data)| (at(n), pull_down(n, data))).collect();
    assert_cadence(&watch(&pictures));
}

#[test]
fn film_whose_fields_were_repeated_before_coding_keeps_that_cadence_and_no_comb_a12_6() {
    let Some(pictures) =
        film(",telecine=first_field=top:pattern=23,setfield=tff", &["-flags", "+ildct+ilme", "-top", "1"])
    else {
        return;
    };
    assert_eq!(pictures.len(), FILM * 5 / 4);
    let pictures: Vec<_> = pictures.into_iter().enumerate().map(|(n, data)| (n as i64 * 3003, data)).collect();
    assert_cadence(&watch(&pictures));
}
