//! Streams to decode, and what FFmpeg decodes them to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bytes::Bytes;
use headend::{
    media::{AccessUnit, TrackId},
    time::{MediaDuration, MediaTime},
};

/// What ffmpeg writes to its output for these arguments; `None`, said aloud, where there is no ffmpeg or it cannot do that.
pub(crate) fn ffmpeg(arguments: &[&str]) -> Option<Vec<u8>> {
    let Ok(done) = Command::new("ffmpeg").args(["-v", "error", "-nostdin"]).args(arguments).arg("-").output() else {
        println!("skipped: no ffmpeg");
        return None;
    };
    if !done.status.success() {
        println!("skipped: ffmpeg {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        return None;
    }
    Some(done.stdout)
}

/// Puts `bytes` where ffmpeg finds them.
pub(crate) fn keep(name: &str, bytes: &[u8]) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("decoders");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A file beside the project.
pub(crate) fn media(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media").join(path);
    if !path.exists() {
        println!("skipped: no {}", path.display());
        return None;
    }
    Some(path)
}

pub(crate) fn unit(data: &[u8]) -> AccessUnit {
    let (pts, duration, data) = (MediaTime::ZERO, MediaDuration::ZERO, Bytes::copy_from_slice(data));
    AccessUnit { track: TrackId(0), pts, dts: pts, duration, is_random_access: true, is_damaged: false, data }
}

/// Cuts a stream into units by the length that the head of each states; a `skip` of it is left out.
pub(crate) fn cut(mut stream: &[u8], skip: usize, length: impl Fn(&[u8]) -> usize) -> Vec<AccessUnit> {
    let mut units = Vec::new();
    while stream.len() > 8 {
        let (data, rest) = stream.split_at(length(stream).clamp(skip + 1, stream.len()));
        units.push(unit(&data[skip..]));
        stream = rest;
    }
    units
}

/// A generator of numbers for mutations.
pub(crate) fn random(mut seed: u64) -> impl FnMut() -> usize {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    }
}

/// A copy of `data` with a few bytes changed, or cut short.
pub(crate) fn mutated(data: &[u8], random: &mut impl FnMut() -> usize) -> Bytes {
    let mut data = data.to_vec();
    for _ in 0..1 + random() % 4 {
        let range = if random().is_multiple_of(2) { data.len().min(32) } else { data.len() };
        let at = random() % range.max(1);
        if let Some(byte) = data.get_mut(at) {
            *byte = random() as u8;
        }
    }
    if random().is_multiple_of(8) {
        data.truncate(random() % data.len().max(1));
    }
    data.into()
}
