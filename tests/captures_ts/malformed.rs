//! Files that broke other tools, bombs, and captures without a program: named faults, nothing broken passed as whole.

use std::{fs, path::PathBuf};

use headend::{
    codec::{ac3::Ac3Header, adts::AdtsHeader, asc::AudioSpecificConfig, latm, mpa::MpaHeader},
    error::Fault,
    ingest::{Demuxed, TsConfig},
    media::TrackFormat,
};

use super::{demux_ts, faults, media, tracks, units};

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let Some(path) = media(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// The tables of one program with streams of these types, then `packets`.
pub(crate) fn with_tables(streams: &[(u8, u16)], packets: &[u8]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
        })
    };
    let packet = |pid: u16, section: &[u8]| {
        let mut packet = vec![0x47, 0x40 | (pid >> 8) as u8, pid as u8, 0x10, 0];
        packet.extend(section);
        packet.extend(crc(section).to_be_bytes());
        packet.resize(188, 0xFF);
        packet
    };
    let pat = packet(0, &[0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xFF, 0xE0]);
    let entries: Vec<u8> =
        streams.iter().flat_map(|(kind, pid)| [*kind, 0xE0 | (pid >> 8) as u8, *pid as u8, 0xF0, 0]).collect();
    let len = (9 + 6 + entries.len() + 4) as u8;
    let head = [2, 0xB0, len, 0, 1, 0xC1, 0, 0, 0xFF, 0xFF, 0xF0, 6, 5, 4, b'C', b'U', b'E', b'I'];
    [&pat[..], &packet(0x1FE0, &[&head[..], &entries].concat()), packets].concat()
}

pub(crate) fn run(bytes: &[u8]) -> Vec<Demuxed> {
    demux_ts(bytes, TsConfig::default())
}

#[test]
fn bombs_are_refused_by_name() {
    let Some(folder) = media("malformed/bombs") else { return };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let codes = |name: &str| faults(&run(&read(name))).iter().map(|fault| fault.code()).collect::<Vec<_>>();
    assert!(codes("ts_pmt_program_info_length_fff.ts").contains(&"PARSE_INVALID"));
    assert_eq!(codes("ts_afc_length_184.ts"), ["INGEST_IGNORED"]);
    assert!(codes("ts_pat_flood.ts").len() < 10, "{:?}", codes("ts_pat_flood.ts"));
    assert_eq!(AdtsHeader::parse(&read("adts_frame_length_0.adts")).unwrap_err().code(), "PARSE_INVALID");
}

#[test]
fn files_that_broke_other_demuxers_are_survived() {
    for folder in ["malformed/mpegts", "malformed/mpegts-descriptor", "malformed/rtp-mpegts"] {
        for (name, bytes) in files(folder) {
            let found = run(&bytes);
            let carried: usize = units(&found, None).iter().map(|unit| unit.data.len()).sum();
            assert!(carried <= bytes.len(), "{name}");
            assert!(faults(&found).iter().all(|fault| !fault.code().is_empty()));
        }
    }
}

#[test]
fn files_that_broke_other_frame_parsers_are_values_or_typed_errors() {
    for folder in ["adts", "latm", "ac3-bsi", "ac3-syncinfo", "eac3", "mpa"] {
        for (name, bytes) in files(&format!("malformed/{folder}")) {
            if let Ok(header) = AdtsHeader::parse(&bytes) {
                assert!(header.frame_len > header.header_len, "{name}");
            }
            if let Ok(header) = Ac3Header::parse(&bytes) {
                assert!((128..=3840).contains(&header.frame_len), "{name}");
            }
            if let Ok(header) = MpaHeader::parse(&bytes) {
                assert!((24..=2881).contains(&header.frame_len), "{name}");
            }
            // Theirs have no AudioSyncStream header.
            let framed = [&[0x56, 0xE0 | (bytes.len() >> 8) as u8, bytes.len() as u8][..], &bytes].concat();
            let mut reader = latm::LatmReader::default();
            for frame in [&bytes, &framed] {
                if let Ok(Some((sound, data))) = reader.open(frame) {
                    assert!(data.len() <= frame.len() && sound.frame_samples().1 > 0, "{name}");
                    assert!(AudioSpecificConfig::parse(&sound.aac_config().asc).is_ok(), "{name}");
                }
            }
        }
    }
}

#[test]
fn junk_between_packets_costs_no_access_unit() {
    let Some(path) = media("ts/androidx-sample_with_junk") else { return };
    let found = run(&fs::read(path).unwrap());
    // The same stream without the junk.
    let clean = run(&fs::read(media("ts/androidx-sample_h262_mpeg_audio.ts").unwrap()).unwrap());
    assert_eq!(tracks(&found), tracks(&clean));
    assert!(faults(&found).iter().filter(|fault| matches!(fault, Fault::Resync { .. })).count() > 10);
    let video = |found: &[Demuxed]| {
        let id = tracks(found).iter().find(|track| track.format.is_video()).unwrap().id;
        units(found, Some(id)).into_iter().map(|unit| (unit.pts, unit.dts, unit.data.clone())).collect::<Vec<_>>()
    };
    assert!(video(&found) == video(&clean));
    let sound = |found: &[Demuxed]| {
        let id = tracks(found).iter().find(|track| track.format.is_audio()).unwrap().id;
        units(found, Some(id)).into_iter().map(|unit| (unit.pts, unit.data.clone())).collect::<Vec<_>>()
    };
    assert_eq!(sound(&found).len(), 4);
    assert!(sound(&found) == sound(&clean));
    for item in &found {
        // What may have been touched is flagged.
        assert!(!matches!(item, Demuxed::Unit(unit) if !unit.is_damaged) || clean.contains(item));
    }
}

#[test]
fn counters_are_read_as_tsduck_reads_them() {
    let Some(path) = media("ts/tsduck-test-024.ts") else { return };
    let found = run(&with_tables(&[(0x1B, 0xD2)], &fs::read(path).unwrap()));
    let lost = |lost, pid| Fault::Loss { lost, stream: Some(pid) };
    assert_eq!(faults(&found), [&lost(3, 0xD2), &lost(7, 0xD2)]);

    let found = run(&with_tables(&[(0x0F, 0x7B)], &fs::read(media("ts/tsduck-test-041.ts").unwrap()).unwrap()));
    assert!(faults(&found).contains(&&lost(10, 0x7B)));
    let scrambled = faults(&found).into_iter().map(|fault| match fault {
        Fault::Ignored { what: "scrambled", count } => *count,
        _ => 0,
    });
    // Sixteen packets, three of which are repeated.
    assert_eq!(scrambled.sum::<u64>(), 13);
    assert!(units(&found, None).is_empty());

    // Packets that repeat and some that only have the counter of the one before, of which TSDuck says that 15 are missing.
    let path = "ts/answers/tsduck-049/test-049.in.ts";
    let found = run(&with_tables(&[(0x1B, 0x64)], &fs::read(media(path).unwrap()).unwrap()));
    assert_eq!(faults(&found), [&lost(15, 0x64); 2]);
}

#[test]
fn every_counted_file_has_the_counts_of_its_answer() {
    let Some(path) = media("answers/ts_pids.json") else { return };
    let answers: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for (name, answer) in answers.as_object().unwrap() {
        let bytes = fs::read(media(name).unwrap()).unwrap();
        let found = run(&bytes);
        let resyncs = faults(&found).iter().filter(|fault| matches!(fault, Fault::Resync { .. })).count();
        if found.iter().any(|item| matches!(item, Demuxed::Track(_))) {
            let losses = faults(&found).iter().filter(|fault| matches!(fault, Fault::Loss { .. })).count();
            let is_read = |pid: &&serde_json::Value| pid["cc_lost"] != 0;
            let answered = answer["pids"].as_object().unwrap().values().filter(is_read).count();
            assert_eq!(losses, answered, "{name}");
            // Sound resyncs, too, inside of packets.
            assert!(resyncs as u64 >= answer["sync_losses"].as_u64().unwrap(), "{name}: {resyncs}");
        }
        for what in ["tei", "scrambled"] {
            let told = match what {
                "tei" => "error-flagged",
                other => other,
            };
            let all = answer["pids"].as_object().unwrap().values().map(|pid| pid[what].as_u64().unwrap()).sum::<u64>();
            let is_told = |fault: &&&Fault| matches!(fault, Fault::Ignored { what, .. } if *what == told);
            assert!(all > 0 || !faults(&found).iter().any(|fault| is_told(&fault)), "{name} {what}");
        }
    }
}

#[test]
fn large_sections_corrupt_packets_and_no_transport_stream_at_all() {
    for name in ["tsduck-test-120.ts", "tsduck-test-142.ts", "muxjs-test-stuffed-pes.ts", "vhs-encrypted.ts"] {
        let Some(path) = media(&format!("ts/{name}")) else { return };
        let found = run(&fs::read(path).unwrap());
        assert!(tracks(&found).is_empty() && units(&found, None).is_empty(), "{name}");
    }
    let sections = fs::read(media("ts/tsduck-test-120.ts").unwrap()).unwrap();
    // Its PID taken for cues, of which it has none: the 28 sections that TSDuck calls invalid are no cues either, and none of
    // them is told, as their tables are none of ours.
    let found = run(&with_tables(&[(0x86, 0x14), (0x1B, 0x100)], &sections));
    assert!(units(&found, None).is_empty() && !found.iter().any(|item| matches!(item, Demuxed::Cue(_))));
    assert_eq!(faults(&found), Vec::<&Fault>::new());
    // A program stream, and one that is encrypted as a whole: bytes passed over, told as such.
    for name in ["ts/androidx-sample_ac3.ps", "ts/vhs-encrypted.ts"] {
        let found = run(&fs::read(media(name).unwrap()).unwrap());
        assert!(matches!(faults(&found)[..], [Fault::Resync { skipped: 2000.. }]), "{name} {:?}", faults(&found));
    }
}

#[test]
fn streams_that_are_not_read_are_named() {
    let names = |name: &str| {
        let Some(path) = media(&format!("ts/{name}")) else { return Vec::new() };
        let found = run(&fs::read(path).unwrap());
        let texts = tracks(&found).into_iter().filter_map(|track| match &track.format {
            TrackFormat::Unknown(text) => Some(format!("{} {} {text}", track.index, track.language.as_str())),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    };
    if media("ts").is_none() {
        return;
    }
    assert_eq!(names("g_1080i25_h264_mbaff_ac3_aac_mp2.ts"), [""; 0]);
    assert_eq!(names("tsduck-test-139.ts"), ["0 eng stream_type 0x86 on PID 4352 (SCTE-35 or DTS-HD)"]);
    // Nothing in these can be read, so that no program is taken.
    assert_eq!(names("androidx-sample_h265.ts"), ["0 und stream_type 0x24 on PID 256 (HEVC)"]);
    let ait = ["(E-AC-3)", "(private sections)", "(unknown)"];
    assert!(names("androidx-sample_ait.ts").iter().zip(ait).all(|(name, end)| name.ends_with(end)));
    assert_eq!(names("androidx-sample_dts_hd_across_pes.ts"), ["0 eng stream_type 0x82 on PID 256 (DTS)"]);
}
