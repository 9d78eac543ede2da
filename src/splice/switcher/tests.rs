use super::*;
use crate::{
    splice::{Loss, LossCause},
    time::{Timescale, Utc},
};

const FRAME: i64 = 3000;

fn now(millis: u64) -> Now {
    Now::new(Duration::from_millis(millis), Utc::UNIX_EPOCH)
}

fn ticks(ticks: i64) -> MediaTime {
    MediaTime::from_ticks(ticks, Timescale::MPEG)
}

fn slates() -> SlateSet {
    crate::splice::Slates::default().or_built_in(SlateImage::black())
}

fn switcher() -> Switcher {
    let config = SwitcherConfig {
        gop: MediaDuration::from_secs(2),
        max_frame_rate: FrameRate::FPS_30,
        idle_frame_rate: FrameRate::FPS_30,
        loss_after: MediaDuration::from_secs(1),
        loss_policy: LossPolicy::default(),
        slates: slates(),
        test_source: Some(MediaDuration::from_secs(10)),
    };
    Switcher::new(config, MediaTime::ZERO, now(0))
}

/// Feeds `count` pictures of `step` ticks from source time `from`, arriving as they show; returns the slots made.
fn feed(s: &mut Switcher, from: i64, step: i64, count: i64, at_millis: u64) -> Vec<Slot> {
    s.attach(true);
    let mut slots = Vec::new();
    for n in 0..count {
        let pts = ticks(from + n * step);
        let arrival = at_millis + (n * step / 90) as u64;
        s.handle_timeout(now(arrival));
        s.push(pts, pts, n % 60 == 0, None, now(arrival));
        while let Some(slot) = s.pull() {
            slots.push(slot);
        }
    }
    slots
}

fn contiguous(slots: &[Slot], step: i64) {
    for pair in slots.windows(2) {
        assert_eq!(pair[1].pts.since(pair[0].pts).ticks(Timescale::MPEG), step, "{pair:?}");
    }
}

#[test]
fn without_a_feed_the_standby_source_runs_on_the_hosts_clock() {
    let mut s = switcher();
    s.handle_timeout(now(1000));
    let slots: Vec<Slot> = std::iter::from_fn(|| s.pull()).collect();
    assert_eq!(slots.len(), 31);
    assert!(slots.iter().all(|slot| slot.picture == Picture::Test));
    assert!(slots[0].starts_segment && !slots[1].starts_segment);
    contiguous(&slots, FRAME);
    assert_eq!(s.poll_timeout().as_millis(), 1033);
}

#[test]
fn a_feed_comes_on_air_at_its_idr_and_segments_stay_on_the_grid() {
    let mut s = switcher();
    let slots = feed(&mut s, 900_000, FRAME, 200, 500);
    contiguous(&slots, FRAME);
    let first = slots.iter().position(|slot| slot.picture == Picture::Live(ticks(900_000))).expect("on air");
    assert!(
        slots[first..]
            .iter()
            .enumerate()
            .all(|(n, slot)| slot.picture == Picture::Live(ticks(900_000 + n as i64 * FRAME)))
    );
    for slot in &slots {
        assert_eq!(slot.starts_segment, slot.pts.ticks(Timescale::MPEG) % 180_000 == 0);
    }
}

#[test]
fn sixty_fps_show_every_second_picture_a12_6() {
    let mut s = switcher();
    let slots = feed(&mut s, 0, 1500, 240, 0);
    contiguous(&slots, FRAME);
    let live: Vec<_> = slots
        .iter()
        .filter_map(|slot| match slot.picture {
            Picture::Live(at) => Some(at.ticks(Timescale::MPEG)),
            _ => None,
        })
        .collect();
    assert!(live.len() > 100 && live.windows(2).all(|w| w[1] - w[0] == 3000), "{live:?}");
}

#[test]
fn every_broadcast_rate_stays_or_is_halved_a12_6_a12_7() {
    let rate = |num, den| FrameRate::new(num, den).unwrap();
    for (source, out) in [
        (rate(60, 1), FrameRate::FPS_30),
        (rate(60_000, 1001), FrameRate::FPS_29_97),
        (rate(50, 1), FrameRate::FPS_25),
        (FrameRate::FPS_30, FrameRate::FPS_30),
        (FrameRate::FPS_29_97, FrameRate::FPS_29_97),
        (FrameRate::FPS_25, FrameRate::FPS_25),
        (rate(24, 1), rate(24, 1)),
        (rate(24_000, 1001), rate(24_000, 1001)),
    ] {
        for stated in [None, Some(source)] {
            let mut s = switcher();
            s.attach(true);
            let mut slots = Vec::new();
            for n in 0..300 {
                let pts = MediaTime::ZERO.plus(source.frame_duration().times(n));
                let arrival = now((pts.flicks() / 705_600) as u64);
                s.handle_timeout(arrival);
                s.push(pts, pts, n % 50 == 0, stated, arrival);
                slots.extend(std::iter::from_fn(|| s.pull()));
            }
            assert_eq!(s.cadence().rate(), out, "{source:?}");
            let live = slots.iter().filter_map(|slot| match slot.picture {
                Picture::Live(at) => Some((slot.pts, at)),
                _ => None,
            });
            let live: Vec<_> = live.collect();
            assert!(live.len() > 100, "{source:?}: {}", live.len());
            for pair in live.windows(2) {
                // As many pictures of the source as fit, each on its own place of the grid, none twice and none left out.
                let step = (pair[1].0.since(pair[0].0), pair[1].1.since(pair[0].1));
                assert_eq!(step, (out.frame_duration(), out.frame_duration()), "{source:?}");
            }
        }
    }
}

#[test]
fn another_frame_rate_takes_a_grid_of_its_own_from_the_switch_on() {
    let mut s = switcher();
    let slots = feed(&mut s, 0, 3003, 200, 100);
    let first = slots.iter().position(|slot| matches!(slot.picture, Picture::Live(_))).expect("on air");
    assert!(slots[first].starts_segment);
    contiguous(&slots[first..], 3003);
    assert_eq!(s.cadence().rate(), FrameRate::FPS_29_97);
}

#[test]
fn loss_holds_then_shows_the_slate_and_the_first_idr_returns_a16_1() {
    let mut s = switcher();
    let mut slots = feed(&mut s, 0, FRAME, 120, 0);
    s.attach(false);
    s.handle_timeout(now(4900));
    assert!(s.pull().is_none(), "not lost yet");
    s.handle_timeout(now(5500));
    slots.extend(std::iter::from_fn(|| s.pull()));
    contiguous(&slots, FRAME);
    let held = slots.iter().filter(|slot| slot.picture == Picture::Hold).count();
    assert_eq!(held, 30);
    let last = slots.last().unwrap();
    assert!(matches!(last.picture, Picture::Still(_)));
    let loss = Loss { cause: LossCause::NoBytes, stage: 0, shows: crate::splice::LossShows::Slate };
    assert_eq!(last.loss, Some(loss));
    let back = feed(&mut s, 50_000, FRAME, 60, 6100);
    slots.extend(back.clone());
    contiguous(&slots, FRAME);
    assert!(back.iter().any(|slot| slot.picture == Picture::Live(ticks(50_000))));
    assert_eq!(s.on_air(), OnAir::Live);
}

#[test]
fn a_jump_is_taken_up_without_a_gap_and_reported_once_faults_6_7() {
    for by in [900_000, -900_000, 26 * 3600 * 90_000] {
        let mut s = switcher();
        feed(&mut s, 2_000_000, FRAME, 120, 0);
        let mut jumps = 0;
        let mut slots = Vec::new();
        for n in 120..240 {
            let pts = ticks(2_000_000 + by + n * FRAME);
            jumps += i32::from(matches!(s.push(pts, pts, false, None, now((n * FRAME / 90) as u64)), Taken::Jumped(_)));
            slots.extend(std::iter::from_fn(|| s.pull()));
        }
        assert_eq!((jumps, slots.len()), (1, 120));
        contiguous(&slots, FRAME);
    }
}

#[test]
fn a_gap_below_the_threshold_is_held_through_fault_9() {
    let mut s = switcher();
    feed(&mut s, 0, FRAME, 60, 0);
    let at = ticks(69 * FRAME);
    assert_eq!(s.push(at, at, false, None, now(2300)), Taken::Decode);
    let slots: Vec<Slot> = std::iter::from_fn(|| s.pull()).collect();
    assert_eq!(slots.len(), 10);
    assert!(slots[..9].iter().all(|slot| slot.picture == Picture::Hold));
}

#[test]
fn b_pictures_show_in_order() {
    let mut s = switcher();
    let mut slots = Vec::new();
    // Decode order I P B B ..., as x264 writes it: two pictures of delay.
    let order = [0i64, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 15, 13, 14];
    for (n, show) in order.into_iter().enumerate() {
        let (dts, pts) = (ticks(n as i64 * FRAME), ticks((show + 2) * FRAME));
        s.push(pts, dts, n == 0, None, now(n as u64 * 33));
        slots.extend(std::iter::from_fn(|| s.pull()));
    }
    let live: Vec<i64> = slots
        .iter()
        .filter_map(|slot| match slot.picture {
            Picture::Live(at) => Some(at.ticks(Timescale::MPEG) / FRAME - 2),
            _ => None,
        })
        .collect();
    assert_eq!(live, (0..16).collect::<Vec<_>>());
}

#[test]
fn film_in_three_two_shows_every_picture_at_29_97_a12_6() {
    let mut s = switcher();
    s.attach(true);
    let mut slots = Vec::new();
    for n in 0..100i64 {
        // Two and three fields by turns, in whole ticks.
        let pts = ticks(n * 5 / 2 * 3003 / 2);
        s.push(pts, pts, n % 12 == 0, Some(FrameRate::FPS_29_97), now(n as u64 * 42));
        slots.extend(std::iter::from_fn(|| s.pull()));
    }
    assert_eq!(s.cadence().rate(), FrameRate::FPS_29_97);
    let live = slots.iter().filter(|slot| matches!(slot.picture, Picture::Live(_))).count();
    let holds = slots.iter().filter(|slot| slot.picture == Picture::Hold).count();
    assert!((95..=100).contains(&live), "{live}");
    // Four pictures in five frames.
    assert!((live / 4).abs_diff(holds) <= 1, "{live} {holds}");
}

#[test]
fn the_operator_slate_covers_the_feed_for_its_time_a15_1() {
    let mut s = switcher();
    feed(&mut s, 0, FRAME, 60, 0);
    s.show_slate(Some(s.position().plus(MediaDuration::from_secs(1))), None);
    assert_eq!(s.on_air(), OnAir::OperatorSlate);
    let slots = {
        let mut slots = Vec::new();
        for n in 60..120 {
            let pts = ticks(n * FRAME);
            s.push(pts, pts, false, None, now((n * FRAME / 90) as u64));
            slots.extend(std::iter::from_fn(|| s.pull()));
        }
        slots
    };
    assert_eq!(slots.iter().filter(|slot| matches!(slot.picture, Picture::Still(_))).count(), 30);
    assert_eq!(slots[30].picture, Picture::Live(ticks(90 * FRAME)));
    assert!(!s.hide_slate());
}

/// Whole fragments come at once, and never to the millisecond: one that is late is no loss.
#[test]
fn a_fragment_that_comes_a_little_late_finds_the_feed_on_air() {
    let mut s = switcher();
    s.attach(true);
    let mut slots = Vec::new();
    for (n, late) in [0u64, 60, 900, 20, 400].into_iter().enumerate() {
        let at = now(500 + n as u64 * 2000 + late);
        s.handle_timeout(at);
        for k in 0..60 {
            let pts = ticks((n as i64 * 60 + k) * FRAME);
            assert_eq!(s.push(pts, pts, k == 0, None, at), Taken::Decode, "{n}, {k}");
        }
        slots.extend(std::iter::from_fn(|| s.pull()));
    }
    contiguous(&slots, FRAME);
    let live: Vec<_> =
        slots.iter().skip_while(|slot| slot.picture == Picture::Test).map(|slot| slot.picture.clone()).collect();
    assert!(live.len() >= 299, "{}", live.len());
    assert!(live.iter().enumerate().all(|(n, picture)| *picture == Picture::Live(ticks(n as i64 * FRAME))));
}

/// An encoder that starts anew while the output stands still: it goes on where the clock is, not late for good.
#[test]
fn a_jump_after_a_stand_still_goes_on_by_the_clock() {
    let mut s = switcher();
    s.attach(true);
    let mut slots = Vec::new();
    for (n, at) in [500, 2500, 5200].into_iter().enumerate() {
        let at = now(at);
        s.handle_timeout(at);
        // The third begins at 0 again.
        for k in 0..60 {
            let pts = ticks(((n as i64 % 2) * 60 + k) * FRAME);
            s.push(pts, pts, k == 0, None, at);
        }
        slots.extend(std::iter::from_fn(|| s.pull()));
    }
    contiguous(&slots, FRAME);
    let holds = slots.iter().filter(|slot| slot.picture == Picture::Hold).count();
    assert!((20..=22).contains(&holds), "{holds}");
    assert!(s.lead(now(5200)) > MediaDuration::from_millis(1960));
}
