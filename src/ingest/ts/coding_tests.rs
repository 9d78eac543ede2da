//! Codings over streams that are made here: pictures, fields, frames of sound. Programs and cues are in `program_tests.rs`.

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::{
    error::Fault,
    ingest::rig::{Feed, Mux, Random},
    media::{AccessUnit, CueSignal, Track, TrackFormat, TrackId},
    time::{MediaDuration, Timescale, Utc},
};

pub(super) const VIDEO: u16 = 0x100;

pub(super) fn run_with(bytes: &[u8], config: TsConfig) -> Vec<Demuxed> {
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

pub(super) fn run(bytes: &[u8]) -> Vec<Demuxed> {
    run_with(bytes, TsConfig::default())
}

pub(super) fn tracks(found: &[Demuxed]) -> Vec<&Track> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Track(track) => Some(track),
        _ => None,
    });
    all.collect()
}

pub(super) fn faults(found: &[Demuxed]) -> Vec<&Fault> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Fault(fault) => Some(fault),
        _ => None,
    });
    all.collect()
}

pub(super) fn cues(found: &[Demuxed]) -> Vec<&CueSignal> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Cue(cue) => Some(cue),
        _ => None,
    });
    all.collect()
}

pub(super) fn units(found: &[Demuxed], track: TrackId) -> Vec<&AccessUnit> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Unit(unit) if unit.track == track => Some(unit),
        _ => None,
    });
    all.collect()
}

/// PTS and DTS in ticks of 90 kHz.
pub(super) fn times(units: &[&AccessUnit]) -> Vec<(i64, i64)> {
    units.iter().map(|unit| (unit.pts.ticks(Timescale::MPEG), unit.dts.ticks(Timescale::MPEG))).collect()
}

pub(super) const fn language(code: &[u8; 3]) -> [u8; 6] {
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
fn row_34_the_sps_that_an_idr_names_counts() {
    // SPS 0 is 320 wide; SPS 1, which PPS 1 names, is the same and 352 wide.
    let sps = |id: (u32, u32), width: (u32, u32)| {
        pack(&[
            (0x67, 8),
            (66, 8),
            (0, 8),
            (30, 8),
            id,
            (1, 1),
            (0b011, 3),
            (0b010, 3),
            (0, 1),
            width,
            (9, 7),
            (1, 1),
            (1, 1),
            (0, 2),
            (1, 1),
        ])
    };
    let sets = |id: (u32, u32), width| {
        let pps = pack(&[(0x68, 8), id, id, (0, 2), (1, 1), (1, 1), (0, 3), (1, 1), (1, 1), (1, 1), (0, 3), (1, 1)]);
        [b"\0\0\0\x01", &sps(id, width)[..], b"\0\0\0\x01", &pps].concat()
    };
    let (old, new) = (sets((1, 1), (20, 9)), sets((0b010, 3), (22, 9)));
    let slice = |nal: u32, pps: (u32, u32)| {
        let mut slice = [&[0, 0, 1][..], &pack(&[(nal, 8), (1, 1), (0b0001000, 7), pps, (0b10101, 5)])].concat();
        slice.resize(90, 0x55);
        slice
    };
    let widths = |is_early: bool| {
        let mut mux = Mux::default();
        mux.map(&[], &[(0x1B, VIDEO, &[])]);
        for n in 0..30u64 {
            let nal = if n % 10 == 0 { 0x65 } else { 0x41 };
            let head = match n {
                0 => old.clone(),
                // Sets of another id may come long before the picture that names them.
                5 if is_early => new.clone(),
                10 if !is_early => new.clone(),
                _ => Vec::new(),
            };
            let pps = if (10..20).contains(&n) { (0b010, 3) } else { (1, 1) };
            let pts = 90_000 + n * 3600;
            mux.pes(VIDEO, 0xE0, Some((pts, pts)), &[AUD, &head, &slice(nal, pps)].concat(), false);
        }
        let found = run(&mux.bytes);
        assert_eq!(faults(&found), Vec::<&Fault>::new(), "{is_early}");
        assert_eq!(units(&found, tracks(&found)[0].id).len(), 30);
        let all = found.iter().scan(0, |units, item| {
            *units += usize::from(matches!(item, Demuxed::Unit(_)));
            Some((*units, item))
        });
        let told = all.filter_map(|(units, item)| match item {
            Demuxed::Track(track) => Some((units, track.format.video().unwrap().width)),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(widths(false), [(0, 320), (10, 352), (20, 320)]);
    assert_eq!(widths(true), [(0, 320), (10, 352), (20, 320)]);
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
    picture_of(reference, kind, structure, false)
}

fn picture_of(reference: u32, kind: u32, structure: u32, repeats_first_field: bool) -> Vec<u8> {
    let mut all = vec![0, 0, 1, 0];
    all.extend(pack(&[(reference, 10), (kind, 3), (0xFFFF, 16), (0, 3)]));
    all.extend([0, 0, 1, 0xB5]);
    all.extend(pack(&[(8, 4), (0xFFFF, 16), (0, 2), (structure, 2), (2 * u32::from(repeats_first_field), 8), (0, 8)]));
    all.extend(b"\0\0\x01\xB2GA94\x03\x41");
    for slice in 1..3 {
        all.extend([0, 0, 1, slice]);
        all.extend([0x55; 150]);
    }
    all
}

/// A group in decode order: I2 B0 B1 P5 B3 B4.
pub(super) fn group() -> Vec<Vec<u8>> {
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
fn mpeg_2_film_in_three_two_is_placed_by_its_fields_a12_6() {
    // 30000/1001 frames a second, of which every other picture shows for a field longer; one time stamp a group.
    let mut mux = Mux::default();
    mux.map(&[], &[(0x02, VIDEO, &[])]);
    let sequence = [&SEQUENCE[..7], &[0x24], &SEQUENCE[8..]].concat();
    let start = |order: i64| 900_000 + (order * 5 + 1) / 2 * 3003 / 2;
    for n in 0..4i64 {
        let pictures = [(2, 1), (0, 3), (1, 3), (5, 2), (3, 3), (4, 3)];
        let pictures = pictures.map(|(order, kind)| picture_of(order, kind, 3, order % 2 == 0));
        let data = [[&sequence[..], EXTENSION, GROUP].concat(), pictures.concat()].concat();
        let pts = start(n * 6 + 2);
        // It decodes when the last picture of the group before begins to show, which does so for two fields.
        mux.pes(VIDEO, 0xE0, Some((pts as u64, start(n * 6) as u64 - 3003)), &data, false);
    }
    let found = run(&mux.bytes);
    assert_eq!(faults(&found), Vec::<&Fault>::new());
    let units = units(&found, tracks(&found)[0].id);
    for (n, (pts, dts)) in times(&units).into_iter().enumerate().skip(6) {
        let order = n as i64 / 6 * 6 + [2, 0, 1, 5, 3, 4][n % 6];
        assert!((pts - start(order)).abs() <= 1, "{n}: {pts}, not {}", start(order));
        // A B picture shows when it decodes.
        assert!(n % 3 == 0 || (pts - dts).abs() <= 1, "{n}: {pts} {dts}");
        assert!(dts <= pts + 1 && pts - dts <= 4 * 3003 + 2, "{n}: {pts} {dts}");
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
pub(super) fn ac3_frame(fill: u8) -> Vec<u8> {
    let mut frame = vec![0x0B, 0x77, 1, 2, 8, 0x40, 0x20];
    frame.resize(256, fill);
    frame
}

/// Layer II, 48 kHz, 192 kbit/s, stereo.
pub(super) fn mp2_frame(fill: u8) -> Vec<u8> {
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

#[test]
fn any_bytes_at_all_are_survived_in_every_coding() {
    let mut mux = Mux::default();
    mux.map(&[], &[(0x02, VIDEO, &[]), (0x11, 0x101, &[]), (0x81, 0x102, &[]), (0x03, 0x103, &[])]);
    for n in 0..6u64 {
        let dts = 900_000 + n * 6 * 3600;
        mux.pes(VIDEO, 0xE0, Some((dts + 3 * 3600, dts)), &group().concat(), n % 2 == 0);
        for (pid, frame) in [(0x101, latm_frame as Frame), (0x102, ac3_frame), (0x103, mp2_frame)] {
            mux.pes(pid, 0xC0, Some((dts, dts)), &[frame(1), frame(2)].concat(), true);
        }
    }
    for seed in 0..60 {
        let (mut random, mut bytes) = (Random(seed), mux.bytes.clone());
        for _ in 0..60 {
            let at = random.below(bytes.len());
            bytes[at] = random.below(256) as u8;
        }
        // That the cut of the bytes changes nothing is looked at there.
        run(&bytes);
    }
}
