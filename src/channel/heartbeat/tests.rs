//! Heartbeats at chosen instants: each counter, the bitrate rule, names and drift (A26.1, A26.3).

use bytes::Bytes;

use super::*;
use crate::{
    media::{TrackId, VideoTrack},
    time::Timescale,
};

fn tally(bitrate: u32) -> TrackTally {
    let format = TrackFormat::Mpeg2(VideoTrack::new(16, 16));
    let track = Track { bitrate, ..Track::new(TrackId(1), Timescale::MPEG, format) };
    TrackTally::new(&track, Duration::ZERO)
}

fn unit(millis: i64, bytes: usize) -> AccessUnit {
    let at = MediaTime::ZERO.plus(MediaDuration::from_millis(millis));
    AccessUnit {
        track: TrackId(1),
        pts: at,
        dts: at,
        duration: MediaDuration::from_millis(40),
        is_random_access: true,
        is_damaged: false,
        data: Bytes::from(vec![0; bytes]),
    }
}

#[test]
fn a_steady_track_is_healthy_and_each_slip_is_counted_once_a26_3() {
    let mut tally = tally(100_000);
    for n in 0..500 {
        let _ = tally.count(&unit(n * 40, 500), Duration::from_millis(n as u64 * 40));
    }
    let beat = tally.beat(Duration::from_secs(20));
    assert_eq!((beat.name.as_str(), beat.incoming_bitrate, beat.healthy), ("video_100000", 100_000, true));
    for millis in [20_000, 20_010, 20_010, 22_000] {
        let _ = tally.count(&unit(millis, 500), Duration::from_secs(21));
    }
    let beat = tally.beat(Duration::from_secs(40));
    assert_eq!((beat.overlap, beat.nonincreasing, beat.discontinuity), (1, 1, 1));
    assert!(beat.unexpected_bitrate && !beat.healthy);
    assert!(tally.beat(Duration::from_secs(60)).unexpected_bitrate, "nothing came");
}

#[test]
fn drift_is_told_per_minute() {
    let mut tally = tally(0);
    for n in 0..101 {
        let _ = tally.count(&unit(n * 200, 1), Duration::from_millis(n as u64 * 198));
    }
    // 200 ms in 19.8 s.
    assert_eq!(tally.beat(Duration::from_secs(20)).drift_millis_per_minute, 606);
}

#[test]
fn fragments_that_come_whole_and_in_time_do_not_drift_a26_3() {
    for (trickle, slower, expected) in [(0, 0, 0), (8, 0, 0), (0, 20, -594)] {
        let mut tally = tally(0);
        let mut drifts = Vec::new();
        // Two seconds of pictures every two seconds, whole or within 400 ms; a heartbeat in the midst of one.
        for n in 1..=31u64 {
            for picture in 0..50 {
                if n % 10 == 1 && n > 1 && picture == 25 {
                    drifts.push(tally.beat(Duration::from_millis(n * 2000 + 300)).drift_millis_per_minute);
                }
                let at = Duration::from_millis(n * (2000 + slower) + picture * trickle);
                let _ = tally.count(&unit((n as i64 - 1) * 2000 + picture as i64 * 40, 1), at);
            }
        }
        assert_eq!(drifts, [expected; 3], "{trickle} {slower}");
    }
}

#[test]
fn the_bitrate_is_unexpected_from_double_and_from_half_on_and_at_nothing_a26_3() {
    // 20 s of one access unit a second, so that 100 000 bit/s are 12 500 bytes each.
    let beat = |declared, bytes: usize| {
        let mut tally = tally(declared);
        for n in 0..20 {
            let _ = tally
                .count(&AccessUnit { duration: MediaDuration::from_secs(1), ..unit(n * 1000, bytes) }, Duration::ZERO);
        }
        let beat = tally.beat(Duration::from_secs(20));
        assert_eq!(beat.healthy, !beat.unexpected_bitrate);
        (beat.incoming_bitrate, beat.unexpected_bitrate)
    };
    assert_eq!(beat(100_000, 12_500), (100_000, false));
    assert_eq!((beat(100_000, 24_999), beat(100_000, 25_000)), ((199_992, false), (200_000, true)));
    assert_eq!((beat(100_000, 6_251), beat(100_000, 6_250)), ((50_008, false), (50_000, true)));
    assert_eq!((beat(100_001, 6_250), beat(99_999, 6_250)), ((50_000, true), (50_000, false)));
    assert_eq!((beat(100_000, 0), beat(0, 0), beat(0, 1)), ((0, true), (0, true), (8, false)));
}

#[test]
fn each_counter_alone_makes_a_track_unhealthy_a26_3() {
    let slips: [fn(&mut TrackTally); 5] = [
        |tally| drop(tally.count(&unit(10, 1), Duration::ZERO)),
        |tally| drop(tally.count(&unit(2000, 1), Duration::ZERO)),
        |tally| drop(tally.count(&unit(0, 1), Duration::ZERO)),
        |tally| tally.unaligned_key_frames += 1,
        |tally| tally.unaligned_presentation_time += 1,
    ];
    for (n, slip) in slips.into_iter().enumerate() {
        let mut tally = tally(0);
        let _ = tally.count(&unit(0, 1000), Duration::ZERO);
        slip(&mut tally);
        let beat = tally.beat(Duration::from_secs(20));
        let counts = [
            beat.overlap,
            beat.discontinuity,
            beat.nonincreasing,
            beat.unaligned_key_frames,
            beat.unaligned_presentation_time,
        ];
        assert_eq!((counts.iter().sum::<u32>(), counts.get(n), beat.healthy), (1, Some(&1), false), "{beat:?}");
        let _ = tally.count(&unit(2040, 1000), Duration::from_secs(30));
        assert!(n != 1 || tally.beat(Duration::from_secs(40)).healthy, "each count is of its own 20 s");
    }
}

#[test]
fn a_step_to_another_clock_is_told_once_a_second_and_is_no_drift_a26_4() {
    let mut tally = tally(800);
    let mut told = Vec::new();
    for n in 0..500i64 {
        // From the tenth second on, the clock is set to and fro every picture, for a second.
        let jump = if (250..275).contains(&n) && n % 2 == 0 { 3_600_000 } else { 0 };
        told.extend(tally.count(&unit(n * 40 + jump, 4), Duration::from_millis(n as u64 * 40)));
    }
    let millis = |at: MediaTime| at.flicks() / MediaDuration::from_millis(1).flicks();
    let steps: Vec<_> = told.iter().map(|told| (millis(told.previous), millis(told.next))).collect();
    assert_eq!(steps, [(9960, 3_610_000), (3_610_960, 11_000)]);
    assert_eq!(told[0].gap, MediaDuration::from_millis(3_600_000));
    assert_eq!((told[0].kind, told[0].name.as_str(), told[0].bitrate), ("video", "video_800", 800));
    let beat = tally.beat(Duration::from_secs(20));
    assert_eq!((beat.discontinuity, beat.nonincreasing, beat.drift_millis_per_minute), (13, 13, 0));
    assert_eq!(beat.custom_attributes, "codec=MPEG-2 video;language=und");
}

#[test]
fn a_name_follows_the_bitrate_that_is_stated_later_a26_3() {
    let mut tally = tally(0);
    let format = TrackFormat::Mpeg2(VideoTrack::new(16, 16));
    let track = Track { bitrate: 2_500_000, ..Track::new(TrackId(1), Timescale::MPEG, format) };
    tally.restate(&track);
    assert_eq!(tally.beat(Duration::from_secs(20)).name, "video_2500000");
    tally.restate(&Track { name: "main".into(), ..track });
    assert_eq!(tally.beat(Duration::from_secs(40)).name, "main");
}

#[test]
fn the_ingest_drift_is_of_what_comes_too_slowly_a26_3() {
    let drift = |millis| {
        let mut tally = tally(0);
        (0..101).for_each(|n| drop(tally.count(&unit(n * 200, 1), Duration::from_millis(n as u64 * millis))));
        tally.beat(Duration::from_secs(25)).ingest_drift()
    };
    // 20 s in 20.8 s.
    assert_eq!((drift(200), drift(198), drift(208)), (0.0, 0.0, 2.307));
}
