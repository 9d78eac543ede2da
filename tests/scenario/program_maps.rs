//! Whole multiplexes of two languages: packets that cannot be read, maps that change, come late, vanish or are broken,
//! programs that vanish, languages that go and come back (FAULTS rows 29 to 33, 44 and 45).

use headend::{channel::Event, error::Fault, ingest::TsConfig, splice::OnAir, time::MediaDuration};

use crate::{
    languages::{self, LEVELS},
    rig::{
        Rig,
        line::datagrams,
        script::{Random, Sent},
        small_config,
        toy_codecs::Seen,
        ts_feed::{Sound, TsFeed, VIDEO, pid},
    },
    timeline::{
        assert_in_step, assert_same, assert_same_output, assert_seamless, count_faults, dropped, objects, on_air,
    },
    watch::{assert_honest, watch, watch_with},
};

const ENGLISH: u16 = 0x101;
const FRENCH: u16 = 0x102;

/// A feed of two languages.
fn feed() -> TsFeed {
    let mut feed = TsFeed::new(900_000);
    let sound = |(pid, language, level): (u16, &[u8; 3], u8)| Sound {
        language: Some(*language),
        level: Some(level),
        ..Sound::new(pid)
    };
    feed.sounds = [(ENGLISH, b"eng", LEVELS[0]), (FRENCH, b"fra", LEVELS[1])].map(sound).to_vec();
    feed
}

/// Watched by a channel of two languages.
fn watch_two(packets: &[Sent]) -> (Rig, Seen) {
    let (rig, seen) = watch_with(languages::config(2), TsConfig::default(), &datagrams(packets));
    assert_seamless(&rig);
    (rig, seen)
}

/// 420 pictures, which `change` may touch before each.
fn run(change: impl Fn(usize, &mut TsFeed)) -> (Rig, Seen) {
    let mut feed = feed();
    let mut packets = Vec::new();
    for n in 0..420 {
        change(n, &mut feed);
        packets.extend(feed.pictures(1));
    }
    watch_two(&packets)
}

fn undisturbed() -> Rig {
    let (rig, seen) = run(|_, _| {});
    (0..2).for_each(|n| languages::assert_in_step(&rig, n, n, 12));
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
    assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", rig.events);
    assert_eq!(seen.video.len(), 420);
    rig
}

fn ignored(rig: &Rig, reason: &str) -> u64 {
    count_faults(rig, |fault| match fault {
        Fault::Ignored { what, count } if *what == reason => *count,
        _ => 0,
    })
}

#[test]
fn row_29_flagged_and_scrambled_packets_are_counted_exactly_and_never_decoded() {
    for seed in 0..3 {
        let mut feed = TsFeed::new(900_000);
        let mut packets = feed.pictures(300);
        let (mut random, mut counts) = (Random(seed), [0, 0]);
        for packet in packets.iter_mut().skip(800) {
            let kind = random.below(60);
            if kind < 2 && !packet.units.is_empty() {
                let mut bytes = packet.bytes.to_vec();
                bytes[[1, 3][kind]] |= [0x80, 0x80][kind];
                // What it carries must never be seen.
                bytes[100..].fill(0xEE);
                packet.bytes = bytes.into();
                counts[kind] += 1;
            }
        }
        let (rig, seen) = watch(&datagrams(&packets));
        assert_seamless(&rig);
        assert_in_step(&rig, 6);
        assert!(counts[0] > 10 && counts[1] > 10, "{counts:?}");
        assert_eq!([ignored(&rig, "error-flagged"), ignored(&rig, "scrambled")], counts, "seed {seed}");
        assert_honest(&seen, &feed.script.units);
        assert!(seen.video.iter().all(|unit| !unit.data.windows(16).any(|bytes| bytes == [0xEE; 16])));
    }
}

#[test]
fn row_29_a_stream_that_is_scrambled_for_three_seconds_is_a_loss_of_as_much() {
    let mut feed = TsFeed::new(900_000);
    let mut packets = feed.pictures(150);
    let mut dark = feed.pictures(90);
    let mut count = 0;
    for packet in dark.iter_mut().filter(|packet| pid(&packet.bytes) == VIDEO) {
        let mut bytes = packet.bytes.to_vec();
        bytes[3] |= 0xC0;
        packet.bytes = bytes.into();
        count += 1;
    }
    packets.extend(dark);
    packets.extend(feed.pictures(180));
    let (rig, seen) = watch(&datagrams(&packets));
    assert_seamless(&rig);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate, OnAir::Live, OnAir::Slate]);
    assert_eq!(ignored(&rig, "scrambled"), count);
    assert_eq!(seen.video.len(), 150 + 180);
    assert_honest(&seen, &feed.script.units);
    assert_in_step(&rig, 9);
}

#[test]
fn row_30_streams_and_maps_that_move_under_the_same_version_change_not_one_byte() {
    let plain = undisturbed();
    let moves_streams = |n: usize, feed: &mut TsFeed| {
        if n == 210 {
            feed.video_pid = 0x200;
            feed.clock.pid = 0x200;
            (feed.sounds[0].pid, feed.sounds[1].pid) = (0x202, 0x201);
            feed.tells = true;
        }
    };
    assert_same_output(&plain, &run(moves_streams).0);
    let moves_map = |n: usize, feed: &mut TsFeed| {
        if n == 210 {
            feed.map_pid = 0x1234;
            feed.pat = Some(vec![(1, 0x1234)]);
            feed.tells = true;
        }
    };
    assert_same_output(&plain, &run(moves_map).0);
    let both = |n: usize, feed: &mut TsFeed| {
        moves_map(n, feed);
        moves_streams(n, feed);
    };
    let (rig, _) = run(both);
    assert_same_output(&plain, &rig);
    assert_eq!(count_faults(&rig, |_| 1), 0, "{:?}", rig.events);
}

#[test]
fn row_31_languages_that_stand_in_a_later_map_join_in_step() {
    let plain = undisturbed();
    // Which languages the first map has; the whole one comes half a second later, between two IDR pictures.
    for first in [[false, false], [true, false]] {
        let late = |n: usize, feed: &mut TsFeed| {
            for (sound, is_first) in feed.sounds.iter_mut().zip(first) {
                sound.is_mapped = is_first || n >= 15;
            }
            feed.tells = n == 15;
        };
        let (rig, seen) = run(late);
        (0..2).for_each(|n| languages::assert_in_step(&rig, n, n, 11));
        assert_eq!(seen.video.len(), 420);
        assert_eq!(count_faults(&rig, |_| 1), 0, "{first:?}: {:?}", rig.events);
        assert_eq!(on_air(&rig), on_air(&plain));
        assert_eq!(rig.presentation(), plain.presentation());
        // Nothing but the first second of what came late is other than it would have been.
        for name in ["wide", "narrow"] {
            assert_eq!(languages::of(&rig, name), languages::of(&plain, name), "{first:?}");
        }
    }
}

#[test]
fn row_31_a_map_that_begins_with_the_second_language_ends_with_both_in_their_places() {
    let (rig, _) = run(|n, feed| {
        feed.sounds[0].is_mapped = n >= 15;
        feed.tells = n == 15;
    });
    // Until the map was whole the second language was the first.
    for output in 0..2 {
        let beeps = languages::beeps(&rig, output);
        let settled = &beeps[beeps.len().saturating_sub(11)..];
        assert!(settled.len() >= 11 && settled.iter().all(|(_, voice)| *voice == output), "{output}: {beeps:?}");
    }
}

/// The packets of the whole feed with those of its map changed between seconds five and ten.
fn with_maps(change: impl Fn(&mut Vec<u8>) -> bool) -> (Rig, Seen) {
    let mut packets = feed().pictures(420);
    let mut counter = None;
    packets.retain_mut(|packet| {
        let is_hit = pid(&packet.bytes) == 0x1000 && (5.0..10.0).contains(&packet.at.as_secs_f64());
        let mut bytes = packet.bytes.to_vec();
        let stays = !is_hit || change(&mut bytes);
        if stays && pid(&packet.bytes) == 0x1000 {
            // Whoever takes packets out counts on without them.
            let next: u8 = counter.map_or(bytes[3] & 15, |counter: u8| (counter + 1) & 15);
            bytes[3] = bytes[3] & 0xF0 | next;
            counter = Some(next);
        }
        packet.bytes = bytes.into();
        stays
    });
    watch_two(&packets)
}

#[test]
fn row_32_a_map_that_vanishes_for_five_seconds_or_is_broken_leaves_the_last_good_one() {
    let plain = undisturbed();
    assert_same(&plain, &with_maps(|_| false).0);
    let (broken, _) = with_maps(|bytes| {
        // A PID in the map, but not its checksum.
        bytes[18] ^= 1;
        true
    });
    assert_same_output(&plain, &broken);
    let is_told = |event: &Event| matches!(event, Event::Fault { fault, .. } if fault.code() == "PARSE_CHECKSUM");
    // One for each second in which one came.
    assert_eq!(broken.count_events(is_told), 5, "{:?}", broken.events);
}

/// A multiplex of two programs, of which the `gone`-th is missing from the sixth to the tenth second; `is_listed` says
/// whether the PAT goes on to tell of it.
fn two_programs(gone: Option<u16>, is_listed: bool, taken: Option<u16>) -> Rig {
    let programs = |without: Option<u16>| {
        let all = [(1, 0x1000), (2, 0x1002)];
        Some(all.into_iter().filter(|(number, _)| Some(*number) != without).collect::<Vec<_>>())
    };
    let (mut one, mut two) = (TsFeed::new(900_000), TsFeed::beside(5_000_000, 2));
    one.pat = programs(None);
    let mut packets = Vec::new();
    for n in 0..480 {
        let is_gone = (180..300).contains(&n);
        if n == 180 || n == 300 {
            one.pat = programs(gone.filter(|_| is_gone && !is_listed));
            one.tells = true;
        }
        let [mut first, second] = [one.pictures(1), two.pictures(1)];
        if gone == Some(1) && is_gone {
            first.retain(|packet| pid(&packet.bytes) == 0);
        }
        packets.extend(first);
        if gone != Some(2) || !is_gone {
            packets.extend(second);
        }
    }
    let ts = TsConfig { program: taken, ..TsConfig::default() };
    let (rig, _) = watch_with(small_config(), ts, &datagrams(&packets));
    assert_seamless(&rig);
    rig
}

#[test]
fn row_33_a_program_that_vanishes_from_several_is_the_loss_of_its_channel_alone() {
    let comes_back = [OnAir::Slate, OnAir::Live, OnAir::Slate, OnAir::Live, OnAir::Slate];
    for (gone, other) in [(1, 2), (2, 1)] {
        let undisturbed = two_programs(None, true, Some(other));
        assert_in_step(&undisturbed, 13);
        for is_listed in [true, false] {
            assert_same(&undisturbed, &two_programs(Some(gone), is_listed, Some(other)));
            let lost = two_programs(Some(gone), is_listed, Some(gone));
            assert_eq!(on_air(&lost), comes_back, "{gone}, {is_listed}: {:?}", lost.events);
            assert_in_step(&lost, 8);
        }
    }
    // Who asked for none in particular stays with the one that it took, and waits for it.
    for is_listed in [true, false] {
        let lost = two_programs(Some(1), is_listed, None);
        assert_eq!(on_air(&lost), comes_back);
        assert_same_output(&two_programs(Some(1), is_listed, Some(1)), &lost);
    }
}

#[test]
fn row_44_half_a_second_of_one_language_said_twice_is_trimmed_once() {
    let plain = undisturbed();
    let mut feed = feed();
    let mut packets = feed.pictures(200);
    let sounds: Vec<usize> = (0..feed.script.units.len()).filter(|n| !feed.script.units[*n].is_video).collect();
    let again = &sounds[sounds.len() - 500 * 48 / 1024..];
    feed.sounds[0].is_sent = false;
    packets.extend(feed.sound_again(again.iter().copied()));
    feed.sounds[0].is_sent = true;
    packets.extend(feed.pictures(220));
    let (rig, _) = watch_two(&packets);
    (0..2).for_each(|n| languages::assert_in_step(&rig, n, n, 12));
    assert_eq!(objects(&rig), objects(&plain));
    assert_eq!(dropped(&rig, |reason| reason == "sound that was repeated"), again.len() as u64);
    assert_eq!(dropped(&rig, |_| true), again.len() as u64);
}

#[test]
fn row_45_a_language_that_leaves_the_multiplex_and_comes_back_keeps_its_place() {
    let plain = undisturbed();
    for gone in [0, 1] {
        for leaves_map in [false, true] {
            let (rig, _) = run(|n, feed| {
                let is_gone = (150..300).contains(&n);
                feed.sounds[gone].is_sent = !is_gone;
                feed.sounds[gone].is_mapped = !(is_gone && leaves_map);
                feed.tells = leaves_map && (n == 150 || n == 300);
            });
            let (stays, goes) = (1 - gone, gone);
            languages::assert_in_step(&rig, stays, stays, 12);
            languages::assert_in_step(&rig, goes, goes, 7);
            let starts: Vec<f64> = languages::beeps(&rig, goes).iter().map(|(at, _)| *at).collect();
            let silence = starts.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
            assert!((5.9..6.1).contains(&silence), "{silence}");
            let other = ["audio", "audio_fra"][stays];
            for name in ["wide", "narrow", other] {
                assert_eq!(languages::of(&rig, name), languages::of(&plain, name), "{gone}, {leaves_map}: {name}");
            }
            assert_eq!(rig.presentation(), plain.presentation());
            assert_eq!(rig.segments().len(), plain.segments().len());
            assert_eq!(count_faults(&rig, |_| 1), 0, "{:?}", rig.events);
            let longest = rig.segments().iter().map(|segment| segment.duration).max();
            assert_eq!(longest, Some(MediaDuration::from_secs(2)));
        }
    }
}
