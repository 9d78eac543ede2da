//! Programs, tracks and cues over streams that are made here: what comes late, moves, vanishes and comes back.

use super::{
    coding_tests::{VIDEO, ac3_frame, cues, faults, group, language, mp2_frame, run, run_with, times, tracks, units},
    *,
};
use crate::{
    error::Fault,
    ingest::rig::{Feed, Mux},
    media::{CueCarriage, TrackId},
    time::Timescale,
};

const CUES: u16 = 0x1F0;

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

#[test]
fn a_stream_that_is_not_read_gives_its_track_to_another_once_it_is_gone() {
    let mut mux = Mux::default();
    for n in 0..300u16 {
        // One that stays, one that is another each time, one that comes back every other time.
        let (other, back) = (0x300 + n, 0x600 + n % 2);
        mux.map(&[], &[(0x1B, VIDEO, &[]), (0x24, 0x200, &[]), (0x15, other, &[]), (0x15, back, &[])]);
    }
    let found = run(&mux.bytes);
    let mut ids: Vec<TrackId> = tracks(&found).iter().map(|track| track.id).collect();
    let text = |pid: u16| format!("stream_type 0x15 on PID {pid} (timed metadata)");
    let named = |text: &str| tracks(&found).iter().filter(|track| track.format.codec_name() == text).count();
    assert!((0..300).all(|n| named(&text(0x300 + n)) == 1), "each is named");
    assert_eq!(tracks(&found).iter().filter(|track| track.format.codec_name().contains("HEVC")).count(), 1);
    ids.sort();
    ids.dedup();
    assert!(ids.len() <= 5, "{ids:?}");
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
        let at = 90_000 + u64::from(n) * 3600;
        mux.pes(VIDEO, 0xE0, Some((at, at)), &Feed::default().picture(n), false);
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

/// A time_signal for this time with this adjustment, without its checksum.
fn time_signal(pts: u64, adjustment: u64) -> Vec<u8> {
    let five = |head: u8, value: u64| {
        let [_, _, _, high, rest @ ..] = value.to_be_bytes();
        [&[head | high & 1], &rest[..]].concat()
    };
    [&[0xFC, 0x30, 22, 0][..], &five(0, adjustment), &[0, 0xFF, 0xF0, 5, 6], &five(0xFE, pts), &[0, 0]].concat()
}

#[test]
fn row_5_a_cue_says_when_it_is_due_by_the_time_line_of_the_pictures() {
    const RANGE: u64 = 1 << 33;
    let insert_at_once =
        [&[0xFC, 0x30, 27, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xF0, 10, 5][..], &[0, 0, 0, 1, 0x7F, 0xDF], &[0; 4], &[0; 2]]
            .concat();
    let mut encrypted = time_signal(RANGE - 900, 0);
    encrypted[4] |= 0x80;
    let cut_short = [&[0xFC, 0x30, 18, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xF0, 5, 6][..], &[0xFE, 0, 0]].concat();
    let first = RANGE - 90_000;
    let ahead = |ticks: i64| Some(first as i64 + ticks);
    let cases = [
        (time_signal(RANGE - 900, 0), ahead(89_100)),
        (time_signal(10, 0), ahead(90_010)),
        (time_signal(RANGE - 5, 15), ahead(90_010)),
        // In the past, and before the wrap behind it.
        (time_signal(RANGE - 180_000, 0), ahead(-90_000)),
        (insert_at_once, ahead(0)),
        (encrypted, None),
        (cut_short, None),
    ];
    for wraps in [0, 1] {
        for (section, due) in &cases {
            let mut mux = Mux::default();
            mux.map(b"\x05\x04CUEI", &[(0x1B, VIDEO, &[]), (0x86, CUES, &[])]);
            // The wrap is before the cue, or after it.
            let shift = wraps * 180_000;
            for n in 0..=wraps {
                let dts = (first + n * shift) % RANGE;
                mux.pes(VIDEO, 0xE0, Some((dts, dts)), &Feed::default().picture(n as u32), false);
            }
            mux.section(CUES, section);
            let found = run(&mux.bytes);
            let [cue] = cues(&found)[..] else { panic!("{found:?}") };
            let at_once = *due == ahead(0);
            let expected = due.map(|due| due + if at_once { shift as i64 } else { 0 });
            assert_eq!(cue.due.map(|due| due.ticks(Timescale::MPEG)), expected, "{wraps} {section:x?}");
            assert_eq!(cue.payload.len(), section.len() + 4);
            assert_eq!(&cue.payload[..section.len()], section);
        }
    }
}
