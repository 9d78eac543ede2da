//! The answers beside the captures: what FFmpeg found in a file, and every packet of it.

use std::{collections::BTreeMap, fs};

use headend::media::{Chroma, Track, TrackFormat};
use serde_json::Value;

use super::media;

/// What FFmpeg says of one stream of a program.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) codec: String,
    facts: Value,
    pub(crate) packets: Vec<Packet>,
}

/// One line of a framecrc file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) dts: i64,
    pub(crate) pts: i64,
    pub(crate) size: usize,
    pub(crate) crc: u32,
}

/// The streams of one program of a file that headend reads, in the order of its map: pictures, sound.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) number: u16,
    pub(crate) video: Vec<Stream>,
    pub(crate) sound: Vec<Stream>,
    /// Codecs of the others.
    pub(crate) others: Vec<String>,
}

/// What is known of `name`, such as `ts/g_pts_wrap.ts`; `None` where FFmpeg found no program in it.
pub(crate) fn programs(name: &str) -> Option<Vec<Program>> {
    let text = fs::read_to_string(media("answers/probe.json")?).unwrap();
    let probe: Value = serde_json::from_str(&text).unwrap();
    let file = &probe[name];
    let packets = media(&format!("answers/packets/{}.framecrc.txt", name.replace('/', "__"))).unwrap();
    let mut packets = fs::read_to_string(packets).map_or(BTreeMap::new(), |text| self::packets(&text));
    let programs = file["programs"].as_array().filter(|programs| !programs.is_empty())?;
    let all = programs.iter().map(|program| {
        let number = u16::try_from(program["program_num"].as_u64().unwrap()).unwrap();
        let mut found = Program { number, ..Program::default() };
        for id in program["streams"].as_array().unwrap() {
            let facts = file["streams"].as_array().unwrap().iter().find(|stream| stream["id"] == *id).unwrap();
            let index = facts["index"].as_u64().unwrap() as usize;
            let codec = facts["codec_name"].as_str().unwrap_or("none").to_string();
            let stream = Stream { packets: packets.remove(&index).unwrap_or_default(), facts: facts.clone(), codec };
            match stream.codec.as_str() {
                "h264" | "mpeg2video" => found.video.push(stream),
                // FFmpeg takes what it does not know for MP3, where nothing of it could be read.
                "mp3" if facts["codec_tag_string"] == "[130][0][0][0]" => found.others.push(stream.codec),
                "aac" | "aac_latm" | "ac3" | "mp2" | "mp3" => found.sound.push(stream),
                // LATM of which nothing came.
                "none" if facts["codec_tag_string"] == "[17][0][0][0]" => found.sound.push(stream),
                _ => found.others.push(stream.codec),
            }
        }
        found
    });
    Some(all.collect())
}

/// The packets of each stream of a framecrc file.
pub(crate) fn packets(text: &str) -> BTreeMap<usize, Vec<Packet>> {
    let mut streams: BTreeMap<usize, Vec<Packet>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if let [index, dts, pts, _, size, crc, ..] = fields[..] {
            let crc = u32::from_str_radix(crc.trim_start_matches("0x"), 16).unwrap();
            let (dts, pts, size) = (dts.parse().unwrap(), pts.parse().unwrap(), size.parse().unwrap());
            streams.entry(index.parse().unwrap()).or_default().push(Packet { dts, pts, size, crc });
        }
    }
    streams
}

impl Stream {
    /// What a track says that FFmpeg says otherwise, field by field.
    pub(crate) fn differences(&self, track: &Track) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, ours: String| {
            let theirs = match &self.facts[what] {
                Value::String(text) => text.clone(),
                Value::Null => return,
                other => other.to_string(),
            };
            if ours != theirs {
                found.push(format!("{what}: {ours}, FFmpeg says {theirs}"));
            }
        };
        let codec = match &track.format {
            TrackFormat::H264(..) => "h264",
            TrackFormat::Mpeg2(_) => "mpeg2video",
            TrackFormat::Ac3(..) => "ac3",
            TrackFormat::Aac(..) if self.codec == "aac_latm" => "aac_latm",
            TrackFormat::Aac(..) => "aac",
            TrackFormat::Mpa(_, config) if config.layer == 2 => "mp2",
            TrackFormat::Mpa(..) => "mp3",
            other => panic!("{other:?}"),
        };
        compare("codec_name", codec.to_string());
        compare("language", track.language.as_str().to_string());
        if let Some(video) = track.format.video() {
            compare("width", video.width.to_string());
            compare("height", video.height.to_string());
            if let Some(rate) = video.frame_rate {
                compare("r_frame_rate", format!("{}/{}", rate.num(), rate.den()));
            }
            let format = match (video.chroma, video.bit_depth) {
                (Chroma::Yuv420, 8) => "yuv420p",
                (Chroma::Yuv422, 8) => "yuv422p",
                (Chroma::Yuv422, 10) => "yuv422p10le",
                other => panic!("{other:?}"),
            };
            compare("pix_fmt", format.to_string());
            let is_interlaced = self.facts["field_order"].as_str().is_some_and(|order| order != "progressive");
            if is_interlaced != video.is_interlaced {
                compare("field_order", format!("interlaced: {}", video.is_interlaced));
            }
        }
        if let Some(audio) = track.format.audio() {
            compare("sample_rate", audio.sample_rate.to_string());
            compare("channels", audio.channels.to_string());
        }
        found
    }
}

/// Adler-32 that begins with 0, as framecrc has it.
pub(crate) fn adler(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((0u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

/// `a - b` of two 33-bit times, the short way round.
pub(crate) fn apart(a: i64, b: i64) -> i64 {
    let range = 1i64 << 33;
    (a - b + range / 2).rem_euclid(range) - range / 2
}
