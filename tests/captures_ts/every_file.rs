//! Every transport stream of the material: tracks, languages and every access unit, beside what FFmpeg found.

use std::fs;

use headend::{
    codec::h264,
    ingest::{Demuxed, TsConfig},
    media::{NalFraming, Track, TrackFormat},
    time::Timescale,
};

use super::{
    answers::{Packet, Program, Stream, adler, apart, programs},
    demux_ts, media, tracks, units,
};

fn stream_fits(found: &[Demuxed], stream: &Stream, is_video: bool, index: u32, problems: &mut Vec<String>) {
    let at = format!("{} {index}", stream.codec);
    let is_it = |format: &TrackFormat| if is_video { format.is_video() } else { format.is_audio() };
    let track = tracks(found).into_iter().rfind(|track| is_it(&track.format) && track.index == index);
    let Some(track) = track else {
        if !stream.packets.is_empty() {
            problems.push(format!("{at}: no track"));
        }
        return;
    };
    problems.extend(stream.differences(track).into_iter().map(|text| format!("{at}: {text}")));
    let units = units(found, Some(track.id));
    if !units.is_sorted_by(|a, b| a.dts < b.dts) {
        problems.push(format!("{at}: not in decode order"));
    }
    // FFmpeg unwraps as we do; only where the first one stands is its own choice.
    let mut shift = None;
    // Side by side by their presentation time: an access unit that one has and the other has not shifts nothing.
    let mut packets: Vec<Option<&Packet>> = stream.packets.iter().map(Some).collect();
    for (n, unit) in units.iter().enumerate() {
        let (pts, dts) = (unit.pts.ticks(Timescale::MPEG), unit.dts.ticks(Timescale::MPEG));
        let is_it = |packet: &Option<&Packet>| packet.is_some_and(|packet| apart(pts, packet.pts).abs() <= 1);
        let Some(packet) = packets.iter_mut().find(|packet| is_it(packet)).and_then(Option::take) else {
            problems.push(format!("{at}: unit {n} at {pts} of {} bytes is not FFmpeg's", unit.data.len()));
            continue;
        };
        if (pts - packet.pts - *shift.get_or_insert(pts - packet.pts)).abs() > 1 {
            problems.push(format!("{at}: unit {n} at {pts} is not unwrapped, {packet:?}"));
        }
        if apart(dts, packet.dts).abs() > 1 {
            problems.push(format!("{at}: unit {n} at {pts} has DTS {dts}, {packet:?}"));
        }
        if !has_its_bytes(stream, track, &unit.data, packet) {
            problems.push(format!("{at}: unit {n} at {pts} has {} bytes, {packet:?}", unit.data.len()));
        }
        if stream.codec == "h264" && unit.is_random_access != h264::contains_idr(&unit.data, NalFraming::AnnexB) {
            problems.push(format!("{at}: unit {n} random access {}", unit.is_random_access));
        }
        if unit.is_damaged {
            problems.push(format!("{at}: unit {n} damaged"));
        }
    }
    problems.extend(packets.into_iter().flatten().map(|packet| format!("{at}: not found: {packet:?}")));
}

fn has_its_bytes(stream: &Stream, track: &Track, data: &[u8], packet: &Packet) -> bool {
    match stream.codec.as_str() {
        // Without its ADTS header, which here never has a checksum.
        "aac" => {
            data.len() + 7 == packet.size && adts_headers(track, data.len()).any(|sum| then(sum, data) == packet.crc)
        }
        // FFmpeg passes the whole AudioSyncStream frame on: its header, the set-up, the length. `latm.rs` has them to the byte.
        "aac_latm" => data.len() < packet.size && data.len() + 24 > packet.size,
        _ => (data.len(), adler(data)) == (packet.size, packet.crc),
    }
}

/// The checksums of the ADTS headers that a frame of so many bytes may have had: of MPEG-2 or MPEG-4, of any buffer fullness.
fn adts_headers(track: &Track, len: usize) -> impl Iterator<Item = u32> {
    let TrackFormat::Aac(_, config) = &track.format else { panic!("{track:?}") };
    let asc = u16::from_be_bytes([config.asc[0], config.asc[1]]);
    let (object, rate, channels) = (asc >> 11, asc >> 7 & 15, asc >> 3 & 15);
    let len = len as u16 + 7;
    let header = move |id: u8, fullness: u16| {
        let kind = ((object - 1) << 6 | rate << 2 | channels >> 2) as u8;
        let buffer = [(len << 5 | fullness >> 6) as u8, (fullness << 2) as u8];
        [0xFF, id, kind, (channels << 6 | len >> 11) as u8, (len >> 3) as u8, buffer[0], buffer[1]]
    };
    [0xF1, 0xF9].into_iter().flat_map(move |id| (0..0x800).rev().map(move |fullness| adler(&header(id, fullness))))
}

/// The checksum of what has this one and of `data` behind it.
fn then(sum: u32, data: &[u8]) -> u32 {
    let (a, b) = (u64::from(sum & 0xFFFF), u64::from(sum >> 16));
    let behind = adler(data);
    let (c, d) = (u64::from(behind & 0xFFFF), u64::from(behind >> 16));
    let both = (b + data.len() as u64 * a + d) % 65_521;
    ((both << 16) | ((a + c) % 65_521)) as u32
}

/// The sound of a program, with its first picture; another picture of it alone.
fn program_fits(name: &str, found: &[Demuxed], program: &Program, video_index: usize) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    if let Some(stream) = program.video.get(video_index) {
        stream_fits(found, stream, true, video_index as u32, &mut problems);
    }
    for (index, stream) in program.sound.iter().enumerate().filter(|_| video_index == 0) {
        stream_fits(found, stream, false, index as u32, &mut problems);
    }
    problems.into_iter().map(|problem| (name.to_string(), problem)).collect()
}

/// What differs from FFmpeg, and why: the file, how the line about it begins behind the file's name, the reason.
const EXPLAINED: &[(&str, &str, &str)] = &[
    (
        "rtp/g_rtp_ts_clean_seqwrap.expected.ts",
        "mp2 1: not found: Packet { dts: 397978",
        "488 bytes of a frame that the end cuts",
    ),
    ("ts/androidx-sample_ac3.ts", "ac3 0: unit 0 at 0 has", "FFmpeg passes 73 bytes of a cut frame on before it"),
    ("ts/androidx-sample_ac3.ts", "ac3 0: unit 1 at 2880 has", "FFmpeg gives two frames the second PES packet's PTS"),
    ("ts/androidx-sample_ac3.ts", "ac3 0: not found: Packet { dts: 2880", "the other one of these"),
    ("ts/androidx-sample_ac3.ts", "ac3 0: not found: Packet { dts: 23040", "993 bytes of a frame that the end cuts"),
    (
        "ts/androidx-sample_latm.ts",
        "aac_latm 0: channels: 1",
        "mono HE-AAC; FFmpeg's decoder makes stereo of it in case PS comes",
    ),
    ("ts/muxjs-test-middle-pat-pmt.ts", "h264 0: no track", "its IDR is before the map, to which FFmpeg seeks back"),
    ("ts/tsduck-test-025.ts", "mp2 0: not found: Packet { dts: 17286", "before the map"),
    ("ts/tsduck-test-025.ts", "mp2 0: not found: Packet { dts: 1728952424", "354 bytes of a frame that the end cuts"),
    (
        "ts/vhs-id3.ts",
        "h264 0: unit 0 at 900000 has DTS",
        "no DTS is sent: FFmpeg makes one up from its reorder buffer",
    ),
];

/// The sound of `ts/muxjs-test-middle-pat-pmt.ts` that comes before the map, by its DTS: FFmpeg seeks back to it.
const BEFORE_MAP: [i64; 24] = [
    5_387_160_282,
    5_387_162_372,
    5_387_164_462,
    5_387_166_552,
    5_387_168_641,
    5_387_170_731,
    5_387_172_821,
    5_387_174_911,
    5_387_177_001,
    5_387_179_090,
    5_387_181_180,
    5_387_183_270,
    5_387_185_361,
    5_387_187_451,
    5_387_189_540,
    5_387_191_630,
    5_387_193_720,
    5_387_195_810,
    5_387_197_900,
    5_387_199_989,
    5_387_202_079,
    5_387_204_169,
    5_387_206_259,
    5_387_208_349,
];

/// Files in which there is no program: `malformed.rs` has what they must give.
const WITHOUT_PROGRAM: &[&str] = &[
    "ts/androidx-sample_with_junk",
    "ts/muxjs-test-stuffed-pes.ts",
    "ts/tsduck-test-024.ts",
    "ts/tsduck-test-041.ts",
    "ts/tsduck-test-049.ts",
    "ts/tsduck-test-091.ts",
    "ts/tsduck-test-120.ts",
    "ts/tsduck-test-142.ts",
    "ts/vhs-encrypted.ts",
];

#[test]
fn every_file_gives_its_answer() {
    let (mut problems, mut without) = (Vec::new(), Vec::new());
    let before =
        |dts| ("ts/muxjs-test-middle-pat-pmt.ts", format!("aac 0: not found: Packet {{ dts: {dts},"), "before the map");
    let explained = EXPLAINED.iter().map(|(name, head, why)| (*name, head.to_string(), *why));
    let explained: Vec<_> = explained.chain(BEFORE_MAP.iter().map(before)).collect();
    let mut unused: Vec<_> = explained.iter().collect();
    for folder in ["captions", "ts", "pkg-ffmpeg/hls_ts_aes", "rtp"] {
        let Some(path) = media(folder) else { return };
        let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(".ts") || name.ends_with("_junk")).collect();
        // These are encrypted as a whole.
        names.retain(|name| !name.starts_with("seg"));
        names.sort();
        for name in names {
            let name = format!("{folder}/{name}");
            let bytes = fs::read(media(&name).unwrap()).unwrap();
            let Some(programs) = programs(&name) else {
                without.push(name);
                continue;
            };
            let indexes = |program: &Program| 0..program.video.len().max(1);
            for (program, video_index) in programs.iter().flat_map(|it| indexes(it).map(move |index| (it, index))) {
                let found = demux_ts(&bytes, TsConfig { program: Some(program.number), video_index });
                let unknown =
                    tracks(&found).into_iter().filter(|track| matches!(track.format, TrackFormat::Unknown(_)));
                let told = unknown.count() + program.others.iter().filter(|codec| *codec == "scte_35").count();
                assert!(told >= program.others.len(), "{name}: {:?} of {:?}", told, program.others);
                for (head, problem) in program_fits(&name, &found, program, video_index) {
                    let is_it = |known: &&(&str, String, &str)| known.0 == head && problem.starts_with(&known.1);
                    unused.retain(|known| !is_it(known));
                    if !explained.iter().any(|known| is_it(&known)) {
                        problems.push(format!("{head} {problem}"));
                    }
                }
            }
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    assert_eq!(unused, Vec::<&(&str, String, &str)>::new(), "explained, but not so");
    assert_eq!(without, WITHOUT_PROGRAM);
}
