//! The time line of a ladder whose source stops, starts over or is slow with its IDRs (A16.4; FAULTS rows 37 and 40).

use bytes::Bytes;
use headend::{
    ingest::Demuxed,
    media::AccessUnit,
    time::{MediaDuration, MediaTime},
};

use super::{Ladder, assert_aligned, assert_untouched};

#[test]
fn short_gops_are_gathered_and_a_long_one_extends_its_segment_with_one_warning_row_37() {
    let mut ladder = Ladder::smooth();
    ladder.lanes.iter_mut().for_each(|lane| lane.gop = 20);
    ladder.send(8);
    // 0.8 s, 1.6 s, 2.4 s: three GOPs.
    let segments = ladder.rig.segments();
    assert!(segments.len() >= 2 && segments.iter().all(|s| s.duration == MediaDuration::from_millis(2400)));
    assert_eq!(ladder.faults("MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE"), 0);
    // From picture 200 on an IDR every 200 pictures: eight seconds.
    ladder.lanes.iter_mut().filter(|lane| lane.track.format.is_video()).for_each(|lane| lane.gop = 200);
    ladder.send(26);
    ladder.stop();
    assert_eq!(ladder.faults("MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE"), 1);
    let segments = ladder.rig.segments();
    assert!(segments.iter().any(|segment| segment.duration == MediaDuration::from_secs(8)));
    assert_aligned(&segments, &ladder.rig);
    assert_untouched(&ladder);
}

#[test]
fn a_loss_stops_the_time_line_and_a_return_is_a_discontinuity_a16_4() {
    let mut ladder = Ladder::smooth();
    ladder.send(9);
    ladder.leave_out(7);
    let before = ladder.rig.segments().len();
    assert_eq!(before, 4);
    ladder.send(9);
    ladder.stop();
    let segments = ladder.rig.segments();
    assert_aligned(&segments, &ladder.rig);
    let cuts: Vec<bool> = segments.iter().map(|segment| segment.is_discontinuous).collect();
    assert_eq!(cuts.iter().filter(|cut| **cut).count(), 1, "{segments:?}");
    assert_eq!(ladder.faults("OUTPUT_BROKEN"), 0);
    assert_untouched(&ladder);
}

#[test]
fn a_source_that_starts_from_zero_again_goes_on_behind_what_is_stored() {
    let mut ladder = Ladder::smooth();
    ladder.send(9);
    // Every clock back by nine seconds less a second.
    for lane in &mut ladder.lanes {
        let units = lane.gop.max(1);
        lane.next = (lane.next + units - 1) / units * units;
        lane.offset = -8 * 10_000_000;
    }
    ladder.send(9);
    ladder.stop();
    let segments = ladder.rig.segments();
    assert_aligned(&segments, &ladder.rig);
    assert_eq!(ladder.faults("INGEST_TIME_JUMP"), 1, "{:?}", ladder.rig.events);
    assert!(segments.last().unwrap().end() >= MediaTime::ZERO.plus(MediaDuration::from_secs(16)), "{segments:?}");
}

#[test]
fn a_decode_time_that_stands_still_is_moved_on_by_a_tick_row_40() {
    let mut ladder = Ladder::smooth();
    ladder.send(5);
    let lane = &mut ladder.lanes[0];
    let at = MediaTime::from_ticks((lane.next - 1) * lane.step, lane.track.timescale);
    let data = Bytes::from_static(b"again but different");
    let unit = AccessUnit {
        track: lane.track.id,
        pts: at,
        dts: at,
        duration: MediaDuration::ZERO,
        is_random_access: false,
        is_damaged: false,
        data: data.clone(),
    };
    lane.sent.push(data);
    ladder.feeds[0].push(Demuxed::Unit(unit));
    ladder.send(5);
    ladder.stop();
    assert_eq!(ladder.faults("INGEST_DTS_BUMPED"), 1);
    assert_untouched(&ladder);
}
