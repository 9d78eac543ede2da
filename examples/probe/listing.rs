//! Prints what a demuxer found.

use std::collections::BTreeMap;

use bytes::Bytes;
use headend::{
    codec::h264::{nal_ranges, nal_type},
    ingest::{Demuxed, Demuxer},
    media::{AccessUnit, NalFraming, Track, TrackFormat, TrackId},
};

/// The tracks found so far, and what was counted of each.
#[derive(Default)]
pub(crate) struct Listing {
    tracks: BTreeMap<TrackId, (Track, u64)>,
    faults: u64,
    /// The peer said that it is done.
    pub(crate) is_ended: bool,
}

impl Listing {
    /// Prints everything that `demuxer` has; the replies that its peer is to get.
    pub(crate) fn drain(&mut self, demuxer: &mut (impl Demuxer + ?Sized)) -> Vec<Bytes> {
        let mut replies = Vec::new();
        while let Some(item) = demuxer.pull() {
            match item {
                Demuxed::Track(track) => self.track(track),
                Demuxed::Unit(unit) => self.unit(&unit),
                Demuxed::Cue(cue) => println!("cue {}, {} bytes", cue.carriage, cue.payload.len()),
                Demuxed::Reply(bytes) => replies.push(bytes),
                Demuxed::Fault(fault) => {
                    self.faults += 1;
                    println!("fault {}: {fault}", fault.code());
                }
                Demuxed::End => self.is_ended = true,
                _ => {}
            }
        }
        replies
    }

    /// Prints the last lines.
    pub(crate) fn summary(&self) {
        for (id, (track, units)) in &self.tracks {
            println!("total {}, {units} units of {}", id.0, track.format.codec_name());
        }
        println!("total {} faults", self.faults);
    }

    fn track(&mut self, track: Track) {
        let kind = if track.format.is_video() { "video" } else { "audio" };
        let (id, scale, language) = (track.id.0, track.timescale.per_second(), track.language.as_str());
        let size = match (track.format.video(), track.format.audio()) {
            (Some(video), _) => format!("{}x{}", video.width, video.height),
            (_, Some(audio)) => format!("{} Hz {} channels", audio.sample_rate, audio.channels),
            _ => String::from("not read"),
        };
        println!("track {id}, {kind} {}, {}, {size}, {language}, 1/{scale}", track.index, track.format.codec_name());
        let units = self.tracks.get(&track.id).map_or(0, |(_, units)| *units);
        self.tracks.insert(track.id, (track, units));
    }

    fn unit(&mut self, unit: &AccessUnit) {
        let Some((track, units)) = self.tracks.get_mut(&unit.track) else { return };
        *units += 1;
        let (dts, pts) = (unit.dts.ticks(track.timescale), unit.pts.ticks(track.timescale));
        let (size, sum) = coded(&track.format, &unit.data);
        let start = if unit.is_random_access { "K" } else { "_" };
        let damage = if unit.is_damaged { "D" } else { "_" };
        println!("unit {}, {dts}, {pts}, {size}, 0x{sum:08x}, {start}{damage}", unit.track.0);
    }
}

/// Size and checksum of the coded data alone.
fn coded(format: &TrackFormat, data: &Bytes) -> (usize, u32) {
    let mut sum = Adler::default();
    match format {
        TrackFormat::H264(_, config) => slices(&mut sum, data, config.framing, |nal| matches!(nal_type(nal), 1..=5)),
        TrackFormat::Hevc(..) => {
            let kind = |nal: &[u8]| nal.first().map_or(63, |byte| byte >> 1 & 0x3F);
            slices(&mut sum, data, NalFraming::Length(4), |nal| kind(nal) < 32);
        }
        _ => sum.update(data),
    }
    (sum.len, sum.value())
}

fn slices(sum: &mut Adler, data: &[u8], framing: NalFraming, is_slice: impl Fn(&[u8]) -> bool) {
    for nal in nal_ranges(data, framing).filter_map(|range| data.get(range)).filter(|nal| is_slice(nal)) {
        // ISO/IEC 14496-10 annex B: the first start code of an access unit has one zero more.
        let start_code = [0, 0, 0, 1];
        sum.update(start_code.get(usize::from(sum.len > 0)..).unwrap_or_default());
        sum.update(nal);
    }
}

/// Adler-32 that starts from zero, as ffmpeg's `framecrc` muxer prints it.
#[derive(Default)]
struct Adler {
    a: u32,
    b: u32,
    len: usize,
}

impl Adler {
    const MODULUS: u32 = 65_521;

    fn update(&mut self, bytes: &[u8]) {
        self.len += bytes.len();
        for byte in bytes {
            self.a = (self.a + u32::from(*byte)) % Self::MODULUS;
            self.b = (self.b + self.a) % Self::MODULUS;
        }
    }

    const fn value(&self) -> u32 {
        self.b << 16 | self.a
    }
}
