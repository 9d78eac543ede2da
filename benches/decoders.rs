//! CPU-seconds of each H.264 decoder of this build for each clip of the ladder's bench, in turns.
//!
//! `cargo bench --features ffmpeg --bench decoders` has OpenH264 and libavcodec, with `rusty-h264` beside it rusty_h264 in the
//! place of OpenH264: libavcodec is what two runs are compared by. Without ffmpeg in PATH it says so and measures nothing.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench is a host: it reads its clips, and stops at trouble"
)]

mod kit;

use std::{fs, path::Path};

use bytes::Bytes;
use cpu_time::ProcessTime;
use headend::{
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    ladder::{BuiltinCodecs, Codecs},
    media::{AccessUnit, TrackFormat},
    time::{Now, Utc},
};
use kit::{clip, peer};

const ROUNDS: usize = 5;

fn main() {
    let Some(ffmpeg) = peer::Ffmpeg::find() else { return println!("skipped: no ffmpeg in PATH to make clips with") };
    let plain = if cfg!(feature = "rusty-h264") { "rusty_h264" } else { "OpenH264" };
    let mut decoders = vec![(plain, BuiltinCodecs::new())];
    if cfg!(feature = "ffmpeg") {
        decoders.push(("libavcodec", BuiltinCodecs::new().with_ffmpeg_for_all()));
    }
    for (name, dir) in clip::all(&ffmpeg.any) {
        let (format, units) = pictures(&dir.join("clip.ts"));
        let mut times = vec![Vec::new(); decoders.len()];
        for _ in 0..ROUNDS {
            for ((_, codecs), times) in decoders.iter().zip(&mut times) {
                times.push(decode(codecs, &format, &units));
            }
        }
        for ((decoder, _), mut times) in decoders.iter().zip(times) {
            times.sort_by(f64::total_cmp);
            let (best, median) = (times[0], times[ROUNDS / 2]);
            let media = median / clip::SECONDS;
            println!(
                "{name:<6} {decoder:<11} {} pictures: {best:.2} s at best, {median:.2} s median, {media:.3} cpu/m",
                units.len()
            );
        }
    }
}

/// CPU-seconds from the first access unit to the last picture.
fn decode(codecs: &BuiltinCodecs, format: &TrackFormat, units: &[AccessUnit]) -> f64 {
    let mut decoder = codecs.video_decoder(format).unwrap();
    let (mut frames, mut count) = (Vec::new(), 0);
    let start = ProcessTime::now();
    for unit in units {
        decoder.decode(unit, &mut frames).unwrap();
        count += frames.drain(..).count();
    }
    decoder.flush(&mut frames).unwrap();
    let spent = start.elapsed().as_secs_f64();
    assert_eq!(count + frames.len(), units.len());
    spent
}

/// The pictures of a clip.
fn pictures(clip: &Path) -> (TrackFormat, Vec<AccessUnit>) {
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    let now = Now::new(std::time::Duration::ZERO, Utc::UNIX_EPOCH);
    let (ts, mut found) = (Bytes::from(fs::read(clip).unwrap()), Vec::new());
    for at in (0..ts.len()).step_by(PIECE) {
        demuxer.push(ts.slice(at..ts.len().min(at + PIECE)), now).unwrap();
        found.extend(std::iter::from_fn(|| demuxer.pull()));
    }
    demuxer.finish();
    found.extend(std::iter::from_fn(|| demuxer.pull()));
    let track = found.iter().find_map(|item| match item {
        Demuxed::Track(track) if track.format.is_video() => Some(track.clone()),
        _ => None,
    });
    let track = track.expect("a clip has pictures");
    let of_track = |item| match item {
        Demuxed::Unit(unit) if unit.track == track.id => Some(unit),
        _ => None,
    };
    let units = found.into_iter().filter_map(of_track).collect();
    (track.format, units)
}

const PIECE: usize = 188 * 7 * 16;
