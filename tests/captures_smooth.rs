//! Real fragmented files as Smooth Streaming and CMAF ingest sends them, with the packets that FFmpeg reads from them; and
//! files that broke other parsers.
//!
//! The material lies beside the project and is not part of it; without it every test says so and passes.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its fixtures from disk")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use headend::{
    error::{Fault, ParseError},
    ingest::{
        Demuxed, Demuxer,
        smooth::{Refusal, SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    media::{AccessUnit, Track, TrackFormat},
    time::{Now, Timescale, Utc},
};

#[path = "rig/smooth_post.rs"]
mod smooth_post;
use smooth_post::Told;

fn media(path: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder.join(path))
}

/// Everything that a POST of `bytes` comes to, cut as told, and the error that ended it.
fn post(bytes: &[u8], cut: usize) -> (Vec<Demuxed>, Option<ParseError>) {
    post_to(&SmoothStreams::new(), bytes, cut)
}

fn post_to(streams: &SmoothStreams, bytes: &[u8], cut: usize) -> (Vec<Demuxed>, Option<ParseError>) {
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut session = SmoothDemuxer::new(SmoothConfig::default(), streams.clone(), now);
    let (mut found, mut error) = (Vec::new(), None);
    for piece in bytes.chunks(cut.max(1)) {
        error = session.push(Bytes::copy_from_slice(piece), now).err();
        found.extend(std::iter::from_fn(|| session.pull()));
        if error.is_some() {
            break;
        }
    }
    session.finish();
    found.extend(std::iter::from_fn(|| session.pull()));
    (found, error)
}

fn units(found: &[Demuxed]) -> Vec<&AccessUnit> {
    found.iter().filter_map(|item| if let Demuxed::Unit(unit) = item { Some(unit) } else { None }).collect()
}

fn tracks(found: &[Demuxed]) -> Vec<&Track> {
    found.iter().filter_map(|item| if let Demuxed::Track(track) = item { Some(track) } else { None }).collect()
}

fn faults(found: &[Demuxed]) -> Vec<&Fault> {
    found.iter().filter_map(|item| if let Demuxed::Fault(fault) = item { Some(fault) } else { None }).collect()
}

/// Presentation time, size and checksum of one packet.
type Packet = (i64, usize, u32);

/// Ticks per second and packets of the one stream of a framecrc file.
fn answers(name: &str) -> (u32, Vec<Packet>) {
    let path = media(&format!("answers/packets/{name}.framecrc.txt")).unwrap();
    let text = fs::read_to_string(path).unwrap();
    let scale = text.lines().find_map(|line| line.strip_prefix("#tb 0: 1/")).unwrap().parse().unwrap();
    let packets = text.lines().filter(|line| line.starts_with("0,")).map(|line| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let crc = u32::from_str_radix(fields[5].trim_start_matches("0x"), 16).unwrap();
        (fields[2].parse().unwrap(), fields[4].parse().unwrap(), crc)
    });
    (scale, packets.collect())
}

/// Adler-32 that begins with 0, as framecrc has it.
fn adler(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((0u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

/// The files' bytes as one POST, and the name of the answer.
const FILES: [(&[&str], &str); 2] = [
    (&["mp4/mp4ff-bbb5s_aac.isma"], "mp4__mp4ff-bbb5s_aac.isma"),
    (&["mp4/androidx-sample_ac3_fragmented.mp4"], "mp4__androidx-sample_ac3_fragmented.mp4"),
];

#[test]
fn fragments_come_out_as_ffmpeg_reads_them_however_they_are_cut() {
    for (files, answer) in FILES {
        let Some(paths) = files.iter().map(|file| media(file)).collect::<Option<Vec<_>>>() else { return };
        let bytes: Vec<u8> = paths.iter().flat_map(|path| fs::read(path).unwrap()).collect();
        let (found, error) = post(&bytes, 1316);
        assert_eq!((faults(&found), error), (vec![], None), "{answer}");
        let (scale, packets) = answers(answer);
        let scale = Timescale::new(scale).unwrap();
        let read: Vec<Packet> =
            units(&found).iter().map(|unit| (unit.pts.ticks(scale), unit.data.len(), adler(&unit.data))).collect();
        assert_eq!(read.len(), packets.len(), "{answer}");
        for (read, packet) in read.iter().zip(&packets) {
            assert_eq!(read, packet, "{answer}");
        }
        for unit in units(&found) {
            assert!(unit.dts <= unit.pts, "{answer} {unit:?}");
        }
        for cut in [1, 7, 1000, 65_536] {
            assert_eq!(post(&bytes, cut).0, found, "{answer} in pieces of {cut}");
        }
    }
}

#[test]
fn ac_3_and_its_specific_box() {
    let Some(path) = media("mp4/androidx-sample_ac3_fragmented.mp4") else { return };
    let (found, error) = post(&fs::read(path).unwrap(), 1000);
    assert_eq!((faults(&found), error), (vec![], None));
    let TrackFormat::Ac3(audio, config) = &tracks(&found)[0].format else { panic!("{found:?}") };
    assert_eq!((audio.sample_rate, config.dac3.len(), audio.channels), (48_000, 3, 6));
}

#[test]
fn a_file_without_tfxd_is_no_ingest_and_each_of_its_fragments_is_told() {
    let Some(path) = media("smooth/azure-small.ismv") else { return };
    let (found, error) = post(&fs::read(path).unwrap(), 4096);
    assert_eq!((units(&found).len(), error), (0, None));
    let [track] = tracks(&found)[..] else { panic!("{found:?}") };
    let video = track.format.video().unwrap();
    assert_eq!((video.width, video.height, track.timescale.per_second()), (512, 288, 10_000_000));
    assert_eq!(faults(&found).iter().map(|fault| fault.code()).collect::<Vec<_>>(), ["PARSE_MISSING"]);
    // Fragments as players get them have no header boxes at all.
    for name in [
        "rx-300000-Fragments_video-0.mp4",
        "rx-300000-Fragments_video-740000000.mp4",
        "rx-750000-Fragments_video-0.mp4",
        "rx-Fragments_audio_und-0.mp4",
        "rx-Fragments_audio_und-20053333.mp4",
        "dashjs-mss_moof.mp4",
    ] {
        let (found, error) = post(&fs::read(media(&format!("smooth/{name}")).unwrap()).unwrap(), 4096);
        assert_eq!((units(&found).len(), Refusal::from(&error.unwrap()).status), (0, 412), "{name}");
    }
}

#[test]
fn cmaf_ingest_goes_by_tfdt_and_its_empty_samples_are_told() {
    // Decode time of segment 0 and length of each, as the catalogue's files say.
    for (folder, ext, scale, span) in
        [("audio-nor-128Kbps", "cmfa", 48_000, 184_320), ("video-500Kbps", "cmfv", 50_000, 192_000)]
    {
        let file = |name: &str| media(&format!("cmaf/livesim2-zero/{folder}/{name}.{ext}"));
        let Some(init) = file("init_org") else { return };
        let mut bytes = fs::read(init).unwrap();
        (0..6).for_each(|n| bytes.extend(fs::read(file(&n.to_string()).unwrap()).unwrap()));
        let first = fs::read(file("0").unwrap()).unwrap();
        let tfdt = first.windows(4).position(|kind| kind == b"tfdt").unwrap() + 8;
        let first = i64::from_be_bytes(first[tfdt..tfdt + 8].try_into().unwrap());
        let streams = SmoothStreams::new();
        let (found, error) = post_to(&streams, &bytes, 999);
        // The media was taken out of these files: every sample has no byte.
        assert_eq!((units(&found).len(), error), (0, None));
        let dropped = faults(&found).into_iter().map(|fault| match fault {
            Fault::Dropped { count, reason: "empty" } => *count,
            other => panic!("{other}"),
        });
        assert_eq!(dropped.sum::<u64>(), if ext == "cmfa" { 6 * 180 } else { 6 * 96 });
        let [track] = tracks(&found)[..] else { panic!("{found:?}") };
        let end = streams.newest(&track.name, track.bitrate).unwrap();
        assert_eq!(end.ticks(Timescale::new(scale).unwrap()), first + 6 * span, "{folder}");
    }
}

#[test]
fn a_cmaf_segment_gives_its_samples_at_its_tfdt() {
    let Some(init) = media("cmaf/livesim2-testpic_2s-A48-init.mp4") else { return };
    let segment = fs::read(media("cmaf/livesim2-testpic_2s-A48-1.m4s").unwrap()).unwrap();
    let (found, error) = post(&[fs::read(init).unwrap(), segment.clone()].concat(), 1000);
    assert_eq!((faults(&found), error), (vec![], None));
    let [track] = tracks(&found)[..] else { panic!("{found:?}") };
    let audio = track.format.audio().unwrap();
    assert_eq!((audio.sample_rate, audio.channels, track.timescale.per_second()), (48_000, 2, 48_000));
    // 94 samples of 1024 ticks from 0 on: what the file says of itself.
    let units = units(&found);
    let times: Vec<_> = units.iter().map(|unit| unit.pts.ticks(track.timescale)).collect();
    assert_eq!(times, (0..94).map(|n| n * 1024).collect::<Vec<_>>());
    let data: Vec<u8> = units.iter().flat_map(|unit| unit.data.to_vec()).collect();
    let mdat = segment.windows(4).position(|kind| kind == b"mdat").unwrap();
    assert_eq!(data, segment[mdat + 4..]);
}

#[test]
fn text_without_a_time_of_its_own_is_told_fragment_by_fragment() {
    let Some(path) = media("mp4/mp4ff-sample_short.ismt") else { return };
    let (found, error) = post(&fs::read(path).unwrap(), 100);
    assert_eq!((units(&found).len(), error), (0, None));
    let [track] = tracks(&found)[..] else { panic!("{found:?}") };
    let TrackFormat::Text(config) = &track.format else { panic!("{track:?}") };
    assert_eq!((&config.four_cc, track.timescale.per_second()), (b"wvtt", 1000));
    // Neither tfxd nor tfdt.
    assert_eq!(faults(&found).iter().map(|fault| fault.code()).collect::<Vec<_>>(), ["PARSE_MISSING"; 2]);
}

/// FFmpeg's packages of one source: the fragments' samples are the source's packets, 80 ms later in each track.
#[test]
fn fragments_with_tfxd_and_tfrf_are_their_source_packet_by_packet() {
    let Some(folder) = media("pkg-ffmpeg/smooth") else { return };
    let text = fs::read_to_string(media("answers/packets/pkg-ffmpeg__src.mp4.framecrc.txt").unwrap()).unwrap();
    let manifest = fs::read_to_string(folder.join("Manifest")).unwrap();
    for (stream, scale, count, kind, level, times) in [
        ("0,", 12_800, 300, "video", "QualityLevels_148630", ["800000", "40800000", "80800000"]),
        ("1,", 48_000, 564, "audio", "QualityLevels_64301", ["586667", "40053333", "80160000"]),
    ] {
        // Header boxes from what the client manifest says.
        let element = manifest.split(&format!("<StreamIndex Type=\"{kind}\"")).nth(1).unwrap();
        let value = |name: &str| element.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        let more = format!("FourCC=\"{}\" CodecPrivateData=\"{}\"", value("FourCC"), value("CodecPrivateData"));
        let bitrate = value("Bitrate").parse().unwrap();
        let header =
            smooth_post::header(&[Told { id: 1, element: kind, name: kind, bitrate, more: &more, entry: b"" }]);
        let read = |name: &str| fs::read(folder.join(level).join(name)).unwrap();
        let fragments = times.map(|time| read(&format!("Fragments_{kind}-{time}"))).concat();
        let (found, error) = post(&[&header[..], &fragments].concat(), 1316);
        assert_eq!((faults(&found), error), (vec![], None), "{kind}");
        let packets = text.lines().filter(|line| line.starts_with(stream)).map(|line| {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let crc = u32::from_str_radix(fields[5].trim_start_matches("0x"), 16).unwrap();
            (fields[2].parse::<i64>().unwrap(), fields[4].parse::<usize>().unwrap(), crc)
        });
        let packets: Vec<Packet> = packets.collect();
        let units = units(&found);
        assert_eq!((units.len(), packets.len()), (count, count), "{kind}");
        for (unit, (pts, len, crc)) in units.iter().zip(&packets) {
            assert_eq!((unit.data.len(), adler(&unit.data)), (*len, *crc), "{kind} at {pts}");
            let at = unit.pts.ticks(Timescale::new(10_000_000).unwrap());
            // Ticks of 10 MHz, rounded in each sample's length.
            assert!((at - 800_000 - pts * 10_000_000 / scale).abs() <= 2, "{kind} at {pts}: {at}");
        }
        // What a server keeps beside each fragment is its first box alone.
        let info = read(&format!("FragmentInfo_{kind}-{}", times[0]));
        let (found, _) = post(&[&header[..], &info, &fragments].concat(), 1316);
        assert_eq!(faults(&found).iter().map(|fault| fault.code()).collect::<Vec<_>>(), ["PARSE_MISSING"], "{kind}");
    }
}

/// The bar: every RTMP, FLV, Smooth and CMAF ingest file gives its stated answer.
#[test]
fn every_file_of_the_catalogue_is_read_by_some_test() {
    let Some(root) = media("") else { return };
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = String::new();
    for folder in ["tests", "src"] {
        for file in files(&project.join(folder)) {
            if file.extension().is_some_and(|extension| extension == "rs") {
                tests += &fs::read_to_string(file).unwrap();
            }
        }
    }
    let mut count = 0;
    for folder in ["rtmp", "flv", "smooth", "cmaf", "pkg-ffmpeg/smooth"] {
        for file in files(&root.join(folder)) {
            let name = file.file_name().unwrap().to_str().unwrap();
            // What players get: nobody sends a client manifest to an ingest.
            if ["xml", "ism", "ismc", "Manifest"].iter().any(|end| name.ends_with(end)) {
                continue;
            }
            // Those that come in numbers are named by their folder, captures of one session by what is before the first dot.
            let parent = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
            let stem = name.split('.').next().unwrap();
            let is_named = [name, stem, parent]
                .iter()
                .any(|word| !["rtmp", "flv", "smooth", "cmaf", "answers"].contains(word) && tests.contains(word));
            assert!(is_named, "no test names {}", file.display());
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn files_that_broke_other_parsers_are_values_or_typed_errors() {
    let Some(root) = media("malformed") else { return };
    let good = fs::read(media("mp4/mp4ff-bbb5s_aac.isma").unwrap()).unwrap();
    let header = &good[..732];
    let mut count = 0;
    for folder in ["mp4-box", "fmp4-parts", "fmp4-init", "mp4", "mp4-files", "bombs"] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            for bytes in [bytes.clone(), [header, &bytes].concat()] {
                let (whole, error) = post(&bytes, bytes.len());
                let (pieces, again) = post(&bytes, 77);
                assert_eq!(error.or_else(|| told(&whole)), again.or_else(|| told(&pieces)));
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count}");
    let bomb = |name: &str| fs::read(root.join("bombs").join(name)).unwrap();
    for name in ["mp4_trun_ffffffff_flags0.bin", "mp4_trun_10000001_flags201.bin"] {
        let (found, error) = post(&[header, &bomb(name), &good[732..33_512]].concat(), 500);
        assert_eq!((error, units(&found).len()), (None, 94), "{name}");
        assert_eq!(faults(&found)[0].code(), "LIMIT_EXCEEDED", "{name}");
    }
    assert_eq!(post(&bomb("mp4_nested_2000.bin"), 999).1.unwrap().code(), "LIMIT_EXCEEDED");
    assert_eq!(post(&bomb("mp4_box_size_0_1_7.bin"), 999).1.unwrap().code(), "PARSE_INVALID");
}

/// The error that ended a session while it was pulled from.
fn told(found: &[Demuxed]) -> Option<ParseError> {
    match found {
        [.., Demuxed::Fault(Fault::Unreadable(error)), Demuxed::End] => Some(error.clone()),
        _ => None,
    }
}
