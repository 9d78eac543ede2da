//! Time stamps of a transport stream jump: one event, no gap, no burst (FAULTS rows 6 to 10).

use headend::{channel::Event, error::Fault, splice::OnAir, time::MediaDuration};

use crate::{
    rig::{
        Rig,
        line::datagrams,
        script::{Random, Script},
        ts_feed::TsFeed,
    },
    timeline::{assert_in_step, assert_seamless, dropped, offsets, on_air, pictures},
    watch::watch,
};

fn jumps(rig: &Rig) -> Vec<i64> {
    let by = |event: &Event| match event {
        Event::Fault { fault: Fault::TimeJump { by_millis }, count: 1, .. } => Some(*by_millis),
        _ => None,
    };
    rig.events.iter().filter_map(|(_, event)| by(event)).collect()
}

/// 200 pictures, a jump, 250 pictures; `is_restart` where the encoder begins with an IDR picture after it.
fn jump(by: impl Fn(&TsFeed) -> i64, is_restart: bool) -> (Rig, u64) {
    let mut feed = TsFeed::new(3600 * Script::SECOND);
    let mut packets = feed.pictures(200);
    feed.offset += by(&feed);
    if is_restart {
        feed.script.restart();
    }
    packets.extend(feed.pictures(250));
    let (rig, seen) = watch(&datagrams(&packets));
    assert_seamless(&rig);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
    // No giant segment and no burst of short ones: fifteen seconds of pictures and a second or two around them.
    let segments = rig.segments();
    assert!((8..=11).contains(&segments.len()), "{}", segments.len());
    assert!(segments.iter().all(|segment| segment.duration <= MediaDuration::from_secs(2)));
    // Conservation: a picture was decoded, or it was dropped and that was told.
    let waited = dropped(&rig, |reason| reason == "the decoder waits for an IDR");
    assert_eq!(seen.video.len() as u64 + waited, 450);
    let sounds = feed.script.units.len() as u64 - 450;
    assert_eq!(seen.audio.len() as u64 + dropped(&rig, |reason| reason.starts_with("sound")), sounds);
    assert_in_step(&rig, 10);
    // When pictures move again, all of them are there and in order.
    let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
    let shown: Vec<u8> = pictures(&rig).iter().map(|(_, luma)| *luma).collect();
    let tail = &marks[200 + waited as usize..];
    assert!(shown.windows(tail.len()).any(|window| window == tail), "{shown:?}");
    assert_eq!(jumps(&rig).len(), 1, "{:?}", rig.events);
    (rig, waited)
}

#[test]
fn row_6_ten_seconds_and_twenty_six_hours_ahead_are_one_jump_each() {
    let (rig, waited) = jump(|_| 10 * Script::SECOND, false);
    assert_eq!((jumps(&rig), waited), (vec![10_000], 10));
    // 26 h of 26.5: with 33 bits that is half an hour back, and nobody can tell.
    let (rig, waited) = jump(|_| 26 * 3600 * Script::SECOND, false);
    assert_eq!((jumps(&rig), waited), (vec![26 * 3_600_000 - 95_443_717], 10));
}

#[test]
fn row_7_ten_seconds_back_and_a_restart_at_zero_are_one_jump_each() {
    let (rig, waited) = jump(|_| -10 * Script::SECOND, false);
    assert_eq!((jumps(&rig), waited), (vec![-10_000], 10));
    // The restarted encoder begins with an IDR picture: nothing waits.
    let (rig, waited) = jump(|feed| -feed.offset - feed.script.now(), true);
    assert_eq!((jumps(&rig), waited), (vec![-3_606_666], 0));
}

#[test]
fn row_8_pictures_that_jump_three_seconds_before_their_sound_are_one_jump() {
    for by in [10, -10] {
        let mut feed = TsFeed::new(3600 * Script::SECOND);
        let mut packets = feed.pictures(200);
        feed.own_offsets[0] = by * Script::SECOND;
        packets.extend(feed.pictures(90));
        feed.own_offsets[1] = by * Script::SECOND;
        packets.extend(feed.pictures(200));
        let (rig, seen) = watch(&datagrams(&packets));
        assert_seamless(&rig);
        assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
        assert_eq!(jumps(&rig), [by * 1000]);
        // Six seconds before and six after: what sounds between them has no place, and nothing sounds out of step.
        assert_in_step(&rig, 11);
        let waited = dropped(&rig, |reason| reason == "the decoder waits for an IDR");
        assert_eq!(seen.video.len() as u64 + waited, 490);
        let sounds = feed.script.units.len() as u64 - 490;
        let misplaced = dropped(&rig, |reason| reason.starts_with("sound"));
        assert_eq!(seen.audio.len() as u64 + misplaced, sounds);
        assert!((3 * 48_000 / 1024 - 10..=3 * 48_000 / 1024 + 10).contains(&misplaced), "{misplaced}");
    }
}

#[test]
fn row_9_a_jump_of_a_frame_or_of_300_ms_is_a_gap_of_as_much() {
    for frames in [1, 9] {
        let mut feed = TsFeed::new(3600 * Script::SECOND);
        let mut packets = feed.pictures(200);
        feed.offset += frames * 3000;
        packets.extend(feed.pictures(250));
        let (rig, seen) = watch(&datagrams(&packets));
        assert_seamless(&rig);
        assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
        assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", rig.events);
        assert_eq!(seen.video.len(), 450);
        assert_in_step(&rig, 12);
        let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
        let shown: Vec<u8> = pictures(&rig).iter().map(|(_, luma)| *luma).collect();
        let place = |run: &[u8]| shown.windows(run.len()).position(|window| window == run).unwrap();
        let (before, after) = (place(&marks[50..200]), place(&marks[200..450]));
        assert_eq!((after - before) as i64, 150 + frames, "the last picture stays as long");
    }
}

#[test]
fn row_10_twenty_jumps_in_ten_seconds_are_an_event_a_second_and_a_bounded_playlist() {
    for (seed, is_restart) in [(1, false), (2, true), (3, false)] {
        let mut random = Random(seed);
        let mut feed = TsFeed::new(50_000 * Script::SECOND);
        let mut packets = feed.pictures(120);
        for n in 0..20 {
            let by = (2 + random.below(3600) as i64) * Script::SECOND;
            feed.offset += if n % 2 == 0 { by } else { -by };
            if is_restart {
                feed.script.restart();
            }
            packets.extend(feed.pictures(15));
        }
        packets.extend(feed.pictures(180));
        let (rig, _) = watch(&datagrams(&packets));
        assert_seamless(&rig);
        assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
        let told = |event: &Event| {
            if let Event::Fault { fault: Fault::TimeJump { .. }, count, .. } = event { Some(*count) } else { None }
        };
        let told: Vec<u64> = rig.events.iter().filter_map(|(_, event)| told(event)).collect();
        assert_eq!(told.iter().sum::<u64>(), 20, "none is left out");
        assert!(told.len() <= 12, "{told:?}");
        // 20 seconds of pictures, a second or two of slate on either side: no more segments than the clock has room for.
        let segments = rig.segments();
        assert!((10..=14).contains(&segments.len()), "{}", segments.len());
        // Within two segments of the last jump everything is as before.
        let end = segments.last().unwrap().end();
        let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
        let shown: Vec<u8> = pictures(&rig).iter().map(|(_, luma)| *luma).collect();
        let tail = &marks[marks.len() - 120..];
        assert!(shown.windows(tail.len()).any(|window| window == tail), "seed {seed}, until {end:?}");
        let offsets = offsets(&rig);
        let settled = &offsets[offsets.len() - 4..];
        assert!(settled.iter().all(|offset| offset.abs() <= 1024.0 / 44_100.0), "{offsets:?}");
    }
}
