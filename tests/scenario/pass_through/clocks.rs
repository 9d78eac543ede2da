//! A spare encoder that takes over, with the clock of the one before or with another (A5.6; FAULTS row 18).

use std::time::Duration;

use headend::{
    archive::TimelineChange,
    channel::{Event, Slot},
    time::MediaDuration,
};

use super::{Ladder, assert_aligned, config};
use crate::{
    failover::{accepted, attach},
    manifests::assert_manifests,
    rig::{Rig, rtmp_feed::RtmpFeed, script::Sent, toy_codecs::ToyCodecs},
};

#[test]
fn row_18_a_spare_whose_clock_is_set_otherwise_goes_on_as_late_as_it_came() {
    for seconds in [50, 3, -7, -50] {
        let mut ladder = Ladder::doubled();
        ladder.lanes[6..].iter_mut().for_each(|lane| lane.offset = seconds * 10_000_000);
        ladder.send(61);
        (0..6).for_each(|n| ladder.rig.close(ladder.ids[n]));
        ladder.send(20);
        assert_eq!(ladder.rig.count_events(|event| matches!(event, Event::Failover { .. })), 1);
        ladder.stop();
        let segments = ladder.rig.segments();
        assert_aligned(&segments, &ladder.rig);
        let span = segments.last().unwrap().end().since(segments[0].start);
        // The next IDR comes within two seconds.
        let off = span.minus(MediaDuration::from_secs(81));
        assert!(off.flicks().abs() <= MediaDuration::from_millis(250).flicks(), "{seconds}: {off:?}");
        assert_eq!(segments.iter().filter(|segment| segment.is_discontinuous).count(), 1, "{seconds}: {segments:?}");
        // Also the rungs that came before the reference rung have their first GOP.
        let spans = segments.iter().flat_map(|segment| segment.spans.iter());
        assert_eq!(spans.filter(|span| span.is_missing()).count(), 0, "{seconds}: {segments:?}");
    }
}

#[test]
fn row_18_a_spare_that_is_late_and_goes_on_where_the_other_stopped_leaves_no_gap() {
    let mut rig = Rig::new(config(2000), ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    let mut legs = [(Slot::Primary, 120, 0, 900), (Slot::Secondary, 360, 600, 500)].map(|(slot, count, late, size)| {
        let mut feed = RtmpFeed::new(1000);
        (feed.script.gop, feed.script.size) = (60, size);
        let demuxer = accepted(&mut feed, rig.now);
        let id = attach(&mut rig, slot, demuxer, "rtmp");
        rig.bytes(id, feed.headers());
        let late = |sent: Sent| Sent { at: sent.at + Duration::from_millis(late), ..sent };
        (id, feed.pictures(count).into_iter().map(late).collect::<Vec<_>>())
    });
    let start = rig.now.monotonic;
    let second = legs[1].1.split_off(0);
    let until = second.iter().position(|sent| sent.at >= Duration::from_secs(4)).unwrap();
    let mut both: Vec<_> = legs[0].1.iter().map(|sent| (legs[0].0, sent)).collect();
    both.extend(second[..until].iter().map(|sent| (legs[1].0, sent)));
    both.sort_by_key(|(_, sent)| sent.at);
    both.into_iter().for_each(|(id, sent)| rig.play(id, start, std::slice::from_ref(sent)));
    rig.close(legs[0].0);
    rig.play(legs[1].0, start, &second[until..]);
    let program = rig.channel.running_programs().next().unwrap().0;
    rig.channel.stop_program(program).unwrap();
    rig.pass(Duration::from_secs(3));
    assert_manifests(&rig);
    let segments = rig.segments();
    assert_eq!((segments.len(), rig.stored("asset", 0).len()), (6, 360));
    assert!(segments.iter().all(|segment| !segment.is_discontinuous), "{segments:?}");
    assert!(segments.windows(2).all(|pair| pair[0].end() == pair[1].start));
}

#[test]
fn row_13_manifests_follow_an_encoder_whose_clock_drifts() {
    for ppm in [-500i64, -50, 50, 500] {
        let mut ladder = Ladder::smooth();
        let start = ladder.rig.now.monotonic;
        let (mut known, mut drift, mut first) = (0, MediaDuration::ZERO, None);
        // Two hours, in which an hour's clock is 1.8 s off.
        for n in 1..=36_000i64 {
            ladder.burst(200);
            let due = start + Duration::from_nanos((n * 200_000_000 + n * 200 * ppm).unsigned_abs());
            for update in &ladder.rig.updates[known..] {
                match &update.change {
                    TimelineChange::Drifted(by) => drift = *by,
                    TimelineChange::Added(segment) => {
                        let first = *first.get_or_insert(segment.start);
                        let said = segment.end().since(first).plus(drift);
                        let off = MediaDuration::from_std(ladder.rig.now.monotonic - start).minus(said);
                        assert!(off.as_secs_f64().abs() <= 0.75, "{ppm} ppm after {n}: {off:?}");
                    }
                    _ => {}
                }
            }
            known = ladder.rig.updates.len();
            ladder.rig.pass(due.saturating_sub(ladder.rig.now.monotonic));
        }
        assert!((drift.as_secs_f64() - 7200.0 * ppm as f64 / 1e6).abs() <= 0.75, "{ppm} ppm: {drift:?}");
    }
}
