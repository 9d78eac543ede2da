//! Codings, programs and cues over streams that are made here.

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::{
    error::Fault,
    ingest::rig::{Feed, Mux},
    media::{AccessUnit, CueCarriage, CueSignal, Track, TrackFormat, TrackId},
    time::{MediaDuration, Timescale, Utc},
};

const VIDEO: u16 = 0x100;
const CUES: u16 = 0x1F0;

fn run_with(bytes: &[u8], config: TsConfig) -> Vec<Demuxed> {
    let run = |cut: usize| {
        let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
        let (mut demuxer, mut found) = (TsDemuxer::new(config), Vec::new());
        for piece in bytes.chunks(cut) {
            demuxer.push(Bytes::copy_from_slice(piece), now).unwrap();
            found.extend(std::iter::from_fn(|| demuxer.pull()));
        }
        demuxer.finish();
        found.extend(std::iter::from_fn(|| demuxer.pull()));
        assert_eq!(demuxer.mux.out.held, 0);
        found
    };
    let found = run(1316);
    assert!(run(77) == found, "the cut of the bytes changes nothing");
    found
}

fn run(bytes: &[u8]) -> Vec<Demuxed> {
    run_with(bytes, TsConfig::default())
}

fn tracks(found: &[Demuxed]) -> Vec<&Track> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Track(track) => Some(track),
        _ => None,
    });
    all.collect()
}

fn faults(found: &[Demuxed]) -> Vec<&Fault> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Fault(fault) => Some(fault),
        _ => None,
    });
    all.collect()
}

fn cues(found: &[Demuxed]) -> Vec<&CueSignal> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Cue(cue) => Some(cue),
        _ => None,
    });
    all.collect()
}

fn units(found: &[Demuxed], track: TrackId) -> Vec<&AccessUnit> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Unit(unit) if unit.track == track => Some(unit),
        _ => None,
    });
    all.collect()
}

/// PTS and DTS in ticks of 90 kHz.
fn times(units: &[&AccessUnit]) -> Vec<(i64, i64)> {
    units.iter().map(|unit| (unit.pts.ticks(Timescale::MPEG), unit.dts.ticks(Timescale::MPEG))).collect()
}

const fn language(code: &[u8; 3]) -> [u8; 6] {
    [0x0A, 4, code[0], code[1], code[2], 0]
}

fn pack(fields: &[(u32, u32)]) -> Vec<u8> {
    let bits: Vec<u8> =
        fields.iter().flat_map(|(value, count)| (0..*count).rev().map(move |bit| (value >> bit & 1) as u8)).collect();
    bits.chunks(8).map(|byte| (0..8).fold(0, |all, at| all << 1 | byte.get(at).copied().unwrap_or(0))).collect()
}

/// 320x288, Main profile, field pictures allowed, frame_num of four bits.
fn interlaced_sps() -> Vec<u8> {
    let fields = [
        (0x67, 8),
        (77, 8),
        (0, 8),
        (30, 8),
        (1, 1),
        (1, 1),
        (0b011, 3),
        (0b010, 3),
        (0, 1),
        (20, 9),
        (9, 7),
        (0, 1),
        (1, 1),
        (1, 1),
        (0, 1),
        (0, 1),
        (1, 1),
    ];
    pack(&fields)
}

/// A slice of a field with this frame_num, 90 bytes.
fn field(nal: u8, frame_num: u32, is_bottom: bool) -> Vec<u8> {
    let mut slice = vec![0, 0, 1];
    slice.extend(pack(&[
        (nal.into(), 8),
        (1, 1),
        (0b0001000, 7),
        (1, 1),
        (frame_num, 4),
        (1, 1),
        (is_bottom.into(), 1),
        (1, 1),
    ]));
    slice.resize(90, 0x55);
    slice
}

const AUD: &[u8] = &[0, 0, 0, 1, 9, 0xF0];

#[test]
fn two_fields_of_a_frame_are_one_access_unit() {
    let sets = [b"\0\0\0\x01", &interlaced_sps()[..], b"\0\0\0\x01\x68\xEB\xE3\xCB\x22\xC0"].concat();
    for is_bounded in [false, true] {
        for is_split in [false, true] {
            let mut mux = Mux::default();
            mux.map(&[], &[(0x1B, VIDEO, &[])]);
            let mut whole = Vec::new();
            for n in 0..30u32 {
                let (nal, head) = if n % 10 == 0 { (0x65, &sets[..]) } else { (0x41, &[][..]) };
                let top = [AUD, head, &field(nal, n % 10, false)].concat();
                let bottom = [AUD, &field(0x41, n % 10, true)].concat();
                let pts = 90_000 + u64::from(n) * 3600;
                if is_split {
                    mux.pes(VIDEO, 0xE0, Some((pts, pts)), &top, is_bounded);
                    mux.pes(VIDEO, 0xE0, Some((pts + 1800, pts + 1800)), &bottom, is_bounded);
                } else {
                    mux.pes(VIDEO, 0xE0, Some((pts, pts)), &[&top[..], &bottom].concat(), is_bounded);
                }
                whole.push([top, bottom].concat());
            }
            let found = run(&mux.bytes);
            let track = tracks(&found)[0];
            assert!(track.format.video().unwrap().is_interlaced);
            let units = units(&found, track.id);
            assert_eq!(units.len(), 30, "{is_bounded} {is_split} {:?}", faults(&found));
            assert!(units.iter().zip(&whole).all(|(unit, whole)| unit.data == *whole));
            let expected: Vec<_> = (0..30).map(|n| (90_000 + n * 3600, 90_000 + n * 3600)).collect();
            assert_eq!(times(&units), expected);
        }
    }
}

#[test]
fn fields_without_their_other_one_stay_alone() {
    let sets = [b"\0\0\0\x01", &interlaced_sps()[..], b"\0\0\0\x01\x68\xEB\xE3\xCB\x22\xC0"].concat();
    let mut mux = Mux::default();
    mux.map(&[], &[(0x1B, VIDEO, &[])]);
    // Top 0, then top 1 and bottom 1, then bottom 2, bottom 3.
    let all = [(0x65, 0, false), (0x41, 1, false), (0x41, 1, true), (0x41, 2, true), (0x41, 3, true)];
    for (at, (nal, number, is_bottom)) in all.into_iter().enumerate() {
        let pts = 90_000 + at as u64 * 1800;
        let head = if nal == 0x65 { &sets[..] } else { &[] };
        mux.pes(VIDEO, 0xE0, Some((pts, pts)), &[AUD, head, &field(nal, number, is_bottom)].concat(), true);
    }
    let found = run(&mux.bytes);
    let units = units(&found, tracks(&found)[0].id);
    let starts: Vec<_> = times(&units).into_iter().map(|(pts, _)| pts).collect();
    assert_eq!(starts, [90_000, 91_800, 95_400, 97_200]);
}

#[test]
fn captions_stay_inside_the_access_unit() {
    let sei = b"\0\0\x01\x06\x04\x0E\xB5\x00\x31GA94\x03\x41\xFF\xFC\x94\x2C\xFF\x80";
    let mut mux = Mux::default();
    let mut unit = Feed::default().picture(0);
    unit.splice(6..6, sei.iter().copied());
    mux.map(&[], &[(0x1B, VIDEO, &[])]);
    mux.pes(VIDEO, 0xE0, Some((90_000, 90_000)), &unit, false);
    let found = run(&mux.bytes);
    assert_eq!(units(&found, tracks(&found)[0].id)[0].data, unit);
}

const SEQUENCE: &[u8] = &[0, 0, 1, 0xB3, 0x2D, 0x02, 0x40, 0x23, 0x0B, 0xB8, 0x23, 0x80];
const EXTENSION: &[u8] = &[0, 0, 1, 0xB5, 0x14, 0x82, 0x00, 0x01, 0x00, 0x00];
const GROUP: &[u8] = &[0, 0, 1, 0xB8, 0x00, 0x08, 0x00, 0x40];

/// A picture of MPEG-2 with user data and two slices; `structure` is 1 and 2 for fields, 3 for a frame.
fn picture(reference: u32, kind: u32, structure: u32) -> Vec<u8> {
    let mut all = vec![0, 0, 1, 0];
    all.extend(pack(&[(reference, 10), (kind, 3), (0xFFFF, 16), (0, 3)]));
    all.extend([0, 0, 1, 0xB5]);
    all.extend(pack(&[(8, 4), (0xFFFF, 16), (0, 2), (structure, 2), (0, 8), (0, 8)]));
    all.extend(b"\0\0\x01\xB2GA94\x03\x41");
    for slice in 1..3 {
        all.extend([0, 0, 1, slice]);
        all.extend([0x55; 150]);
    }
    all
}

/// A group in decode order: I2 B0 B1 P5 B3 B4.
fn group() -> Vec<Vec<u8>> {
    let pictures = [(2, 1), (0, 3), (1, 3), (5, 2), (3, 3), (4, 3)];
    pictures
        .into_iter()
        .enumerate()
        .map(|(at, (reference, kind))| {
            let head = if at == 0 { [SEQUENCE, EXTENSION, GROUP].concat() } else { Vec::new() };
            [head, picture(reference, kind, 3)].concat()
        })
        .collect()
}

#[test]
fn mpeg_2_pictures_with_one_time_stamp_a_group() {
    let mut mux = Mux::default();
    mux.map(&[], &[(0x02, VIDEO, &[])]);
    for n in 0..3u64 {
        let dts = 900_000 + n * 6 * 3600;
        mux.pes(VIDEO, 0xE0, Some((dts + 3 * 3600, dts)), &group().concat(), false);
    }
    let found = run(&mux.bytes);
    assert_eq!(faults(&found), Vec::<&Fault>::new());
    let track = tracks(&found)[0];
    let TrackFormat::Mpeg2(video) = &track.format else { panic!("{track:?}") };
    assert_eq!((video.width, video.height, video.is_interlaced), (720, 576, true));
    let units = units(&found, track.id);
    assert_eq!(units.len(), 18);
    assert!(units.iter().zip(group().iter().cycle()).all(|(unit, picture)| unit.data == *picture));
    for (n, (pts, dts)) in times(&units).into_iter().enumerate() {
        let shown = 900_000 + 3600 * (n as i64 / 6 * 6 + [3, 1, 2, 6, 4, 5][n % 6]);
        assert_eq!((pts, dts), (shown, 900_000 + n as i64 * 3600), "{n}");
        assert_eq!(units[n].is_random_access, n % 6 == 0);
    }
}

#[test]
fn mpeg_2_fields_are_one_access_unit_and_a_start_in_mid_group_waits() {
    let mut mux = Mux::default();
    mux.map(&[], &[(0x02, VIDEO, &[])]);
    mux.pes(VIDEO, 0xE0, Some((80_000, 80_000)), &[picture(7, 2, 3), picture(8, 3, 3)].concat(), false);
    let head = [SEQUENCE, EXTENSION, GROUP].concat();
    let frames = [
        [&head[..], &picture(0, 1, 1), &picture(0, 2, 2)].concat(),
        [picture(1, 2, 2), picture(1, 2, 1)].concat(),
        picture(2, 2, 3),
    ];
    for (n, frame) in frames.iter().enumerate() {
        let pts = 90_000 + n as u64 * 3600;
        mux.pes(VIDEO, 0xE0, Some((pts, pts)), frame, false);
    }
    let found = run(&mux.bytes);
    let units = units(&found, tracks(&found)[0].id);
    assert_eq!(units.iter().map(|unit| unit.data.clone()).collect::<Vec<_>>(), frames);
    assert_eq!(times(&units), [(90_000, 90_000), (93_600, 93_600), (97_200, 97_200)]);
    assert_eq!(faults(&found), [&Fault::Dropped { count: 2, reason: "before the first I picture" }]);
}

#[test]
fn row_28_a_packet_lost_inside_an_mpeg_2_picture_flags_it() {
    let mut mux = Mux::default();
    mux.map(&[], &[(0x02, VIDEO, &[])]);
    for n in 0..3u64 {
        let dts = 900_000 + n * 6 * 3600;
        mux.pes(VIDEO, 0xE0, Some((dts + 3 * 3600, dts)), &group().concat(), false);
    }
    let clean = run(&mux.bytes);
    for at in 3..14 {
        let mut lossy = mux.bytes.clone();
        lossy.drain(at * 188..(at + 1) * 188);
        let found = run(&lossy);
        for item in &found {
            assert!(!matches!(item, Demuxed::Unit(unit) if !unit.is_damaged) || clean.contains(item), "{at} {item:?}");
        }
    }
}

#[test]
fn a_new_sequence_is_the_track_again_row_34() {
    let mut mux = Mux::default();
    mux.map(&[], &[(0x02, VIDEO, &[])]);
    let narrow = [&[0, 0, 1, 0xB3, 0x16][..], &SEQUENCE[5..]].concat();
    mux.pes(VIDEO, 0xE0, Some((90_000, 86_400)), &group().concat(), false);
    // Announced at a P picture, it waits for the I picture.
    mux.pes(VIDEO, 0xE0, Some((111_600, 108_000)), &[&narrow[..], EXTENSION, &picture(9, 2, 3)].concat(), false);
    mux.pes(VIDEO, 0xE0, Some((115_200, 111_600)), &[&narrow[..], EXTENSION, GROUP, &picture(0, 1, 3)].concat(), false);
    let found = run(&mux.bytes);
    let widths: Vec<u32> = tracks(&found).iter().map(|track| track.format.video().unwrap().width).collect();
    assert_eq!(widths, [720, 352]);
    assert_eq!(units(&found, tracks(&found)[0].id).len(), 7);
    assert!(faults(&found).contains(&&Fault::Dropped { count: 1, reason: "before the I picture of a new sequence" }));
}

/// 48 kHz, 64 kbit/s, mono: 128 + 64 words, 256 bytes.
fn ac3_frame(fill: u8) -> Vec<u8> {
    let mut frame = vec![0x0B, 0x77, 1, 2, 8, 0x40, 0x20];
    frame.resize(256, fill);
    frame
}

/// Layer II, 48 kHz, 192 kbit/s, stereo.
fn mp2_frame(fill: u8) -> Vec<u8> {
    let mut frame = vec![0xFF, 0xFD, 0xA4, 0x00];
    frame.resize(576, fill);
    frame
}

/// AAC-LC, 48 kHz, stereo, 200 bytes.
fn latm_frame(fill: u8) -> Vec<u8> {
    let mut fields = vec![(0, 2), (1, 1), (0, 13), (0x1190, 16), (0, 3), (0xFF, 8), (0, 2), (200, 8)];
    fields.resize(208, (fill.into(), 8));
    let element = pack(&fields);
    [&[0x56, 0xE0, element.len() as u8][..], &element].concat()
}

/// Makes a frame that is filled with a byte.
type Frame = fn(u8) -> Vec<u8>;

/// Frames in PES packets of odd sizes, each PES packet with the time of the first frame that begins in it.
fn spread(frames: &[Vec<u8>], pid: u16, mux: &mut Mux, samples: u64) {
    let bytes = frames.concat();
    let (mut at, mut sizes) = (0, [700, 64, 1500, 333].into_iter().cycle());
    while at < bytes.len() {
        let end = (at + sizes.next().unwrap()).min(bytes.len());
        let starts = frames.iter().scan(0, |from, frame| Some(std::mem::replace(from, *from + frame.len())));
        let first = starts.enumerate().find(|(_, from)| (at..end).contains(from));
        let pts = first.map(|(n, _)| 900_000 + n as u64 * samples * 90_000 / 48_000);
        mux.pes(pid, 0xC0, pts.map(|pts| (pts, pts)), &bytes[at..end], true);
        at = end;
    }
}

#[test]
fn frames_over_pes_packets_and_several_in_one_in_every_coding_section_3() {
    let codings: [(u8, &[u8], Frame, u64, &str); 5] = [
        (0x11, &[], latm_frame, 1024, "AAC"),
        (0x81, &[], ac3_frame, 1536, "AC-3"),
        (0x06, &[0x6A, 1, 0], ac3_frame, 1536, "AC-3"),
        (0x03, &[], mp2_frame, 1152, "MPEG audio"),
        (0x04, &[], mp2_frame, 1152, "MPEG audio"),
    ];
    for (kind, info, frame, samples, name) in codings {
        let mut mux = Mux::default();
        mux.map(&[], &[(kind, 0x101, info)]);
        let frames: Vec<_> = (0..40).map(frame).collect();
        spread(&frames, 0x101, &mut mux, samples);
        let found = run(&mux.bytes);
        assert_eq!(faults(&found), Vec::<&Fault>::new(), "{name}");
        let track = tracks(&found)[0];
        assert_eq!((track.format.codec_name(), track.format.audio().unwrap().sample_rate), (name, 48_000));
        let units = units(&found, track.id);
        assert_eq!(units.len(), 40, "{name}");
        let step = MediaDuration::from_ticks(samples as i64, Timescale::new(48_000).unwrap());
        assert!(units.windows(2).all(|pair| pair[1].pts.since(pair[0].pts) == step && pair[0].duration == step));
        if kind == 0x11 {
            assert!(units.iter().zip(0u8..).all(|(unit, fill)| unit.data == [fill; 200][..]));
        } else {
            assert!(units.iter().zip(&frames).all(|(unit, frame)| unit.data == *frame));
        }
    }
}

#[test]
fn sound_resyncs_behind_junk_in_every_coding_section_3() {
    let codings: [(u8, Frame); 3] = [(0x11, latm_frame), (0x81, ac3_frame), (0x03, mp2_frame)];
    for (kind, frame) in codings {
        let mut mux = Mux::default();
        mux.map(&[], &[(kind, 0x101, &[])]);
        // False sync, reserved codes, a frame length of 0.
        let junk = [0x56, 0xE0, 0, 0x0B, 0x77, 0, 0, 0x3F, 0, 0xFF, 0xFD, 0xFC, 0, 0x0B, 0x77];
        let data = [&frame(1)[..], &junk, &frame(2), &frame(3), &frame(4)].concat();
        mux.pes(0x101, 0xC0, Some((90_000, 90_000)), &data, true);
        let found = run(&mux.bytes);
        let count = units(&found, tracks(&found)[0].id).len();
        // The last one has no frame behind it only where sync was not found before it.
        assert_eq!(count, 4, "{kind:#x} {:?}", faults(&found));
        assert!(faults(&found).iter().any(|fault| matches!(fault, Fault::Resync { .. })));
    }
}

#[test]
fn what_a_stream_carries_and_nobody_reads_is_told_once_by_name() {
    let cases: [(u8, &[u8], &str); 3] = [
        (0x81, &[0x0B, 0x77, 0, 0, 0x1C, 0x80, 0, 0], "ac3 at byte 5: bsid 16 is not supported"),
        (0x03, &[0xFF, 0xFF, 0xA4, 0, 0, 0, 0, 0], "mpa at byte 0: MPEG audio layer 1 is not supported"),
        (0x03, &[0xFF, 0xFD, 0x04, 0, 0, 0, 0, 0], "mpa at byte 0: free format, bitrate_index 0 is not supported"),
    ];
    for (kind, head, text) in cases {
        let mut mux = Mux::default();
        mux.map(&[], &[(kind, 0x101, &language(b"ger"))]);
        for n in 0..5 {
            let data = [head, &[0x11; 400]].concat();
            mux.pes(0x101, 0xC0, Some((90_000 + n * 2880, 90_000 + n * 2880)), &data, true);
        }
        let found = run(&mux.bytes);
        let tracks = tracks(&found);
        assert_eq!(tracks.len(), 1);
        assert_eq!((tracks[0].format.codec_name(), tracks[0].language.as_str()), (text, "ger"));
        assert_eq!(faults(&found).iter().filter(|fault| fault.code() == "PARSE_UNSUPPORTED").count(), 1);
    }
}

/// Three streams of sound in three codings and languages.
const SOUND: [(u8, u16, [u8; 6]); 3] =
    [(0x81, 0x201, language(b"eng")), (0x0F, 0x202, language(b"fra")), (0x03, 0x203, language(b"deu"))];

fn sound(mux: &mut Mux, pid: u16, pts: u64) {
    let frame = match pid & 0xF {
        1 => ac3_frame(1),
        2 => Feed::sound(0x4C),
        _ => mp2_frame(1),
    };
    mux.pes(pid, 0xC0, Some((pts % (1 << 33), pts % (1 << 33))), &frame, true);
}

fn map(mux: &mut Mux, sound: &[(u8, u16, [u8; 6])]) {
    let mut streams: Vec<(u8, u16, &[u8])> = vec![(0x1B, VIDEO, &[])];
    streams.extend(sound.iter().map(|(kind, pid, info)| (*kind, *pid, &info[..])));
    mux.map(&[], &streams);
}

#[test]
fn languages_and_places_of_several_streams_a6_11() {
    let mut mux = Mux::default();
    map(&mut mux, &SOUND);
    SOUND.iter().for_each(|(_, pid, _)| sound(&mut mux, *pid, 90_000));
    let found = run(&mux.bytes);
    let told: Vec<_> = tracks(&found)
        .iter()
        .map(|track| (track.format.codec_name().to_string(), track.index, track.language.as_str().to_string()))
        .collect();
    let expected = [("AC-3", 0, "eng"), ("AAC", 1, "fra"), ("MPEG audio", 2, "deu")];
    assert_eq!(told, expected.map(|(codec, index, code)| (codec.to_string(), index, code.to_string())));
}

#[test]
fn more_than_eight_streams_of_sound_are_named_and_told_once_a6_2() {
    let mut mux = Mux::default();
    let streams: Vec<(u8, u16, &[u8])> = (0..10).map(|n| (0x0F, 0x200 + n, &[][..])).collect();
    for round in 0..3 {
        mux.map(&[], &streams);
        for (_, pid, _) in &streams {
            let pts = 90_000 + round * 1920;
            mux.pes(*pid, 0xC0, Some((pts, pts)), &Feed::sound(0x4C), true);
        }
    }
    let found = run(&mux.bytes);
    let read: Vec<u32> =
        tracks(&found).iter().filter(|track| track.format.is_audio()).map(|track| track.index).collect();
    let told: Vec<u32> =
        tracks(&found).iter().filter(|track| !track.format.is_audio()).map(|track| track.index).collect();
    assert_eq!((read, told), ((0..8).collect(), vec![8, 9]));
    assert_eq!(faults(&found).iter().filter(|fault| fault.code() == "LIMIT_EXCEEDED").count(), 1);
}

#[test]
fn rows_1_and_3_several_streams_that_wrap_at_different_times_stay_together() {
    let run_from = |first: u64| {
        let mut mux = Mux::default();
        map(&mut mux, &SOUND);
        for n in 0..100 {
            // Each stream is a second further on than the one before.
            for (at, (_, pid, _)) in SOUND.iter().enumerate() {
                sound(&mut mux, *pid, first + n * 2880 + at as u64 * 90_000);
            }
        }
        let found = run(&mux.bytes);
        assert_eq!(faults(&found), Vec::<&Fault>::new());
        let all = found.iter().filter_map(|item| match item {
            Demuxed::Unit(unit) => Some((unit.track, unit.pts)),
            _ => None,
        });
        all.collect::<Vec<_>>()
    };
    let (plain, wrapped) = (run_from(900_000), run_from((1 << 33) - 200_000));
    assert_eq!(plain.len(), 300);
    let shift = wrapped[0].1.since(plain[0].1);
    assert!(plain.iter().zip(&wrapped).all(|(a, b)| a.0 == b.0 && b.1.since(a.1) == shift));
}

#[test]
fn row_31_a_late_track_joins_and_the_others_go_on() {
    let mut mux = Mux::default();
    for n in 0..20u64 {
        map(&mut mux, if n < 8 { &SOUND[1..2] } else { &SOUND });
        SOUND.iter().for_each(|(_, pid, _)| sound(&mut mux, *pid, 90_000 + n * 1920));
    }
    let found = run(&mux.bytes);
    let count = |codec: &str| {
        let id = tracks(&found).iter().find(|track| track.format.codec_name() == codec).unwrap().id;
        units(&found, id).len()
    };
    assert_eq!([count("AAC"), count("AC-3"), count("MPEG audio")], [20, 12, 12]);
    // The French one is the second now: it is told again, and is the same track.
    let aac: Vec<_> = tracks(&found).into_iter().filter(|track| track.format.codec_name() == "AAC").collect();
    assert_eq!(aac.iter().map(|track| track.index).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(aac[0].id, aac[1].id);
}

#[test]
fn rows_30_and_45_streams_that_move_or_come_back_keep_their_tracks() {
    let english = (0x0F, 0x202, language(b"eng"));
    let french = (0x0F, 0x212, language(b"fra"));
    let layouts = [
        vec![english, french],
        // Both move, and change their order: the language tells them apart.
        vec![(0x0F, 0x222, language(b"fra")), (0x0F, 0x232, language(b"eng"))],
        vec![(0x0F, 0x232, language(b"eng"))],
        vec![(0x0F, 0x222, language(b"fra")), (0x0F, 0x232, language(b"eng"))],
    ];
    let mut mux = Mux::default();
    for (n, layout) in layouts.iter().enumerate() {
        map(&mut mux, layout);
        layout.iter().for_each(|(_, pid, _)| sound(&mut mux, *pid, 90_000 + n as u64 * 1920));
    }
    let found = run(&mux.bytes);
    let mut ids: Vec<(String, TrackId)> =
        tracks(&found).iter().map(|track| (track.language.as_str().to_string(), track.id)).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2, "{ids:?}");
    let counts: Vec<_> = ids.iter().map(|(code, id)| (code.as_str(), units(&found, *id).len())).collect();
    assert_eq!(counts, [("eng", 4), ("fra", 3)]);
}

#[test]
fn row_32_a_map_that_is_gone_for_five_seconds_changes_nothing() {
    let run_with_gap = |is_gap: bool| {
        let mut mux = Mux::default();
        for n in 0..300u64 {
            if n == 0 || !is_gap || !(10..272).contains(&n) {
                map(&mut mux, &SOUND[1..2]);
            }
            sound(&mut mux, 0x202, 90_000 + n * 1920);
        }
        run(&mux.bytes)
    };
    assert!(run_with_gap(true) == run_with_gap(false));
}

#[test]
fn row_33_a_program_that_vanishes_from_several_goes_to_loss_and_comes_back() {
    let pat = |programs: &[u8]| {
        let len = 9 + programs.len() * 4;
        let mut section = vec![0, 0xB0, len as u8, 0, 1, 0xC1, 0, 0];
        programs.iter().for_each(|number| section.extend([0, *number, 0xF0, *number]));
        section
    };
    let pmt =
        |number: u8, pid: u8| vec![2, 0xB0, 18, 0, number, 0xC1, 0, 0, 0xFF, 0xFF, 0xF0, 0, 0x0F, 0xE2, pid, 0xF0, 0];
    let mut mux = Mux::default();
    for n in 0..30u64 {
        let is_there = !(10..20).contains(&n);
        mux.section(0, &pat(if is_there { &[1, 2] } else { &[2] }));
        if is_there {
            mux.section(0x1001, &pmt(1, 2));
            sound(&mut mux, 0x202, 90_000 + n * 1920);
        }
        mux.section(0x1002, &pmt(2, 0x12));
        sound(&mut mux, 0x212, 5_000_000 + n * 1920);
    }
    let found = run(&mux.bytes);
    assert_eq!(tracks(&found).len(), 1, "the other program never comes in its place");
    assert_eq!(units(&found, tracks(&found)[0].id).len(), 20);
}

#[test]
fn an_encoder_that_renumbers_its_only_program_is_followed() {
    let mut mux = Mux::default();
    map(&mut mux, &SOUND[1..2]);
    sound(&mut mux, 0x202, 90_000);
    mux.section(0, &[0, 0xB0, 13, 0, 1, 0xC3, 0, 0, 0, 7, 0xF0, 7]);
    let pmt = [2, 0xB0, 18, 0, 7, 0xC1, 0, 0, 0xFF, 0xFF, 0xF0, 0, 0x0F, 0xE2, 0x12, 0xF0, 0];
    mux.section(0x1007, &pmt);
    sound(&mut mux, 0x212, 91_920);
    let found = run(&mux.bytes);
    assert_eq!(units(&found, tracks(&found)[0].id).len(), 2);
}

#[test]
fn rows_8_and_9_jumps_of_one_stream_are_its_own() {
    for jump in [0, 27_000, 10 * 90_000, -5 * 90_000] {
        let mut mux = Mux::default();
        map(&mut mux, &SOUND[1..2]);
        let feed = Feed::default();
        for n in 0..20u32 {
            let dts = 9_000_000u64 + u64::from(n) * 3600;
            let moved = if n < 10 { dts } else { dts.strict_add_signed(jump) };
            mux.pes(VIDEO, 0xE0, Some((moved, moved)), &feed.picture(n), false);
            sound(&mut mux, 0x202, dts);
        }
        let found = run(&mux.bytes);
        let id = |is_video: bool| tracks(&found).iter().find(|track| track.format.is_video() == is_video).unwrap().id;
        let shown: Vec<i64> = times(&units(&found, id(true))).iter().map(|(pts, _)| *pts).collect();
        let expected: Vec<i64> = (0..20).map(|n| 9_000_000 + n * 3600 + if n < 10 { 0 } else { jump }).collect();
        assert_eq!(shown, expected);
        let heard: Vec<i64> = times(&units(&found, id(false))).iter().map(|(pts, _)| *pts).collect();
        assert_eq!(heard, (0..20).map(|n| 9_000_000 + n * 3600).collect::<Vec<_>>());
    }
}

#[test]
fn rows_11_and_12_the_program_clock_moves_nothing() {
    let bytes = Feed::default().bytes();
    let clean = run(&bytes);
    // A packet with nothing but a clock that jumps, with discontinuity_indicator, before every tenth one.
    let mut jumpy = Vec::new();
    for (n, packet) in bytes.chunks(188).enumerate() {
        if n % 10 == 0 && n > 10 {
            let mut clock = vec![0x47, 0x01, 0x00, 0x20, 183, 0x90, (n * 7) as u8, n as u8, 0, 0, 0x7E, 0];
            clock.resize(188, 0xFF);
            jumpy.extend(clock);
        }
        jumpy.extend(packet);
    }
    assert!(run(&jumpy) == clean);
}

/// A splice_info_section with a splice_null command, whole.
fn cue() -> Vec<u8> {
    let mut section = vec![0xFC, 0x30, 0x11, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xF0, 0, 0, 0, 0];
    section.extend(crate::wire::ts::crc32(&section).to_be_bytes());
    section
}

/// A cue before the first picture, one behind the third, a broken one.
fn cue_feed(info: &[u8], kind: u8) -> Vec<Demuxed> {
    let mut mux = Mux::default();
    mux.map(info, &[(0x1B, VIDEO, &[]), (kind, CUES, &[])]);
    let body = cue();
    let body = &body[..body.len() - 4];
    mux.section(CUES, body);
    for n in 0..5u32 {
        let dts = 900_000 + u64::from(n) * 3600;
        mux.pes(VIDEO, 0xE0, Some((dts + 7200, dts)), &Feed::default().picture(n), false);
        if n == 2 {
            mux.section(CUES, body);
        }
    }
    mux.section(CUES, body);
    let at = mux.bytes.len() - 188 + 4 + 10;
    mux.bytes[at] ^= 1;
    run(&mux.bytes)
}

#[test]
fn cues_are_carried_whole_and_broken_ones_told_d3() {
    let found = cue_feed(b"\x05\x04CUEI", 0x86);
    let cues = cues(&found);
    assert_eq!(cues.len(), 2);
    assert!(
        cues.iter().all(|found| found.payload == cue() && found.carriage == CueCarriage::TransportStream { pid: CUES })
    );
    assert_eq!(cues.iter().map(|cue| cue.at.ticks(Timescale::MPEG)).collect::<Vec<_>>(), [0, 907_200]);
    assert_eq!(faults(&found).iter().map(|fault| fault.code()).collect::<Vec<_>>(), ["PARSE_CHECKSUM"]);
    assert_eq!(tracks(&found).len(), 1, "cues are no track");
}

#[test]
fn sections_that_prove_to_be_cues_are_taken_without_registration() {
    for kind in [0x05, 0x86] {
        let found = cue_feed(&[], kind);
        assert_eq!(cues(&found).len(), 2);
        assert_eq!(faults(&found).len(), 1, "the PID has shown what it carries");
        assert_eq!(tracks(&found).len(), 2, "it is named, too");
    }
}

#[test]
fn dts_hd_on_the_stream_type_of_cues_is_passed_over_silently() {
    let mut mux = Mux::default();
    mux.map(b"\x05\x04HDMV", &[(0x1B, VIDEO, &[]), (0x86, CUES, &[])]);
    for n in 0..10u32 {
        mux.pes(VIDEO, 0xE0, Some((90_000, 90_000)), &Feed::default().picture(n), false);
        mux.pes(CUES, 0xFD, Some((90_000, 90_000)), &[0xFC; 900], true);
    }
    let found = run(&mux.bytes);
    assert_eq!((cues(&found).len(), faults(&found).len()), (0, 0));
}

#[test]
fn the_second_video_stream_is_taken_where_it_is_asked_for_a6_10() {
    let mut mux = Mux::default();
    mux.map(&[], &[(0x1B, VIDEO, &[]), (0x02, 0x102, &[])]);
    mux.pes(VIDEO, 0xE0, Some((90_000, 90_000)), &Feed::default().picture(0), false);
    mux.pes(0x102, 0xE0, Some((90_000, 90_000)), &group().concat(), false);
    for (video_index, codec) in [(0, "H.264"), (1, "MPEG-2 video")] {
        let found = run_with(&mux.bytes, TsConfig { video_index, ..TsConfig::default() });
        let taken: Vec<_> = tracks(&found).into_iter().filter(|track| track.format.is_video()).collect();
        assert_eq!(taken.iter().map(|track| track.format.codec_name()).collect::<Vec<_>>(), [codec]);
        assert_eq!(taken[0].index as usize, video_index);
    }
}
