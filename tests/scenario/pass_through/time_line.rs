//! The time line of a ladder whose source stops, starts over or is slow with its IDRs (A16.4; FAULTS rows 37 and 40).

use bytes::Bytes;
use headend::{
    channel::{Encoding, PassThrough},
    ingest::Demuxed,
    media::AccessUnit,
    time::{MediaDuration, MediaTime},
};

use super::{Ladder, assert_aligned, assert_untouched, config, sound, video};
use crate::{manifests::assert_manifests, timeline::dropped};

#[test]
fn short_gops_are_gathered_and_a_long_one_extends_its_segment_with_one_warning_row_37() {
    let mut ladder = Ladder::smooth();
    ladder.lanes.iter_mut().for_each(|lane| lane.gop = 20);
    ladder.send(8);
    // 0.8 s, 1.6 s, 2.4 s: three GOPs.
    let segments = ladder.rig.segments();
    assert!(segments.len() >= 2 && segments.iter().all(|s| s.duration == MediaDuration::from_millis(2400)));
    assert_eq!(ladder.faults("MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE"), 0);
    // An IDR every 125 pictures: five seconds.
    ladder.lanes.iter_mut().filter(|lane| lane.track.format.is_video()).for_each(|lane| lane.gop = 125);
    ladder.send(26);
    ladder.stop();
    assert_eq!(ladder.faults("MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE"), 1);
    let segments = ladder.rig.segments();
    assert!(segments.iter().any(|segment| segment.duration == MediaDuration::from_secs(5)));
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
    lane.sent.push((at, data));
    ladder.feeds[0].push(Demuxed::Unit(unit));
    ladder.send(5);
    ladder.stop();
    assert_eq!(ladder.faults("INGEST_DTS_BUMPED"), 1);
    assert_untouched(&ladder);
}

#[test]
fn row_37_gops_of_30_seconds_from_the_start_on_are_told_as_that_and_stored_whole() {
    let mut ladder = Ladder::smooth();
    ladder.lanes.iter_mut().filter(|lane| lane.track.format.is_video()).for_each(|lane| lane.gop = 750);
    ladder.send(95);
    let segments = ladder.rig.segments();
    assert_eq!(segments.len(), 3);
    assert!(segments.iter().all(|segment| segment.duration == MediaDuration::from_secs(30)));
    assert_aligned(&segments, &ladder.rig);
    let seen = assert_manifests(&ladder.rig).remove(0);
    assert_eq!((seen.playlists[0].target, seen.longest), (30, 30.0));
    assert_eq!(assert_untouched(&ladder)["video"], 3 * 750);
    assert_eq!(ladder.faults("MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE"), 1);
}

#[test]
fn row_37_gops_that_outgrow_what_was_told_are_cut_there_and_what_is_left_of_them_is_counted() {
    let mut ladder = Ladder::smooth();
    ladder.send(8);
    // From second ten on an IDR every 30 seconds only.
    ladder.lanes.iter_mut().filter(|lane| lane.track.format.is_video()).for_each(|lane| lane.gop = 750);
    ladder.send(84);
    ladder.stop();
    let segments = ladder.rig.segments();
    let seen = assert_manifests(&ladder.rig).remove(0);
    assert_eq!((seen.playlists[0].target, seen.longest), (6, 6.0));
    assert_aligned(&segments, &ladder.rig);
    // Pictures 0 to 200, then those of the GOPs that began at 0 (of the old kind, at 150), 750, 1500 and 2250.
    let gaps = segments.iter().filter(|segment| segment.is_discontinuous).count();
    assert_eq!(gaps, 3, "{segments:?}");
    for segment in &segments {
        assert!(segment.spans.iter().all(|span| !span.is_missing()), "{segment:?}");
        assert!(segment.duration <= MediaDuration::from_millis(6250), "{segment:?}");
    }
    assert_eq!(ladder.faults("MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE"), 1, "one warning");
    // Conservation (I5), over all five rungs and the sound.
    let sent: usize = ladder.lanes.iter().map(|lane| lane.sent.len()).sum();
    let kept: usize = (0..6).map(|track| ladder.rig.stored("asset", track).len()).sum();
    let told = dropped(&ladder.rig, |_| true);
    assert_eq!(sent as u64, kept as u64 + told, "the program ended with the newest picture, and nothing is held");
}

#[test]
fn row_37_a_longest_segment_of_its_own_is_kept_and_gathered_gops_are_parted_before_it() {
    let mut config = config(2000);
    config.encoding =
        Encoding::None(PassThrough { longest_segment: MediaDuration::from_secs(3), ..PassThrough::default() });
    let lanes = vec![(0, video(180, 200_000, "v", 90_000), 3600), (0, sound(64_000, "a", 48_000), 1024)];
    let mut ladder = Ladder::with(config, 1, lanes);
    // From second six on an IDR every 1.8 seconds: two of those GOPs are more than a segment.
    ladder.send(6);
    ladder.lanes[0].gop = 45;
    ladder.send(14);
    ladder.stop();
    let segments = ladder.rig.segments();
    assert_aligned(&segments, &ladder.rig);
    assert!(segments.iter().all(|segment| segment.duration <= MediaDuration::from_millis(3250)), "{segments:?}");
    assert!(segments.iter().any(|segment| segment.duration < MediaDuration::from_millis(1900)), "{segments:?}");
    assert!(segments.iter().all(|segment| !segment.is_discontinuous));
    assert_untouched(&ladder);
    assert_eq!(assert_manifests(&ladder.rig)[0].playlists[0].target, 3);
}

#[test]
fn row_37_a_gop_that_was_passed_over_ends_no_segment_once_its_parts_are_out() {
    let mut config = config(2000);
    config.encoding =
        Encoding::None(PassThrough { longest_segment: MediaDuration::from_secs(3), ..PassThrough::default() });
    config.parts = Some(MediaDuration::from_millis(333));
    let lanes = vec![(0, video(180, 200_000, "v", 90_000), 3600), (0, sound(64_000, "a", 48_000), 1024)];
    let mut ladder = Ladder::with(config, 1, lanes);
    ladder.send(6);
    // An IDR a second behind the boundary, as of a change of scene, and none for five seconds behind that.
    ladder.lanes[0].gop = 25;
    ladder.send(2);
    ladder.lanes[0].gop = 1000;
    ladder.send(4);
    ladder.lanes[0].gop = 50;
    ladder.send(6);
    ladder.stop();
    let segments = ladder.rig.segments();
    assert_aligned(&segments, &ladder.rig);
    let longest = segments.iter().map(|segment| segment.duration).max().unwrap();
    assert!(longest > MediaDuration::from_secs(3) && longest <= MediaDuration::from_millis(3250), "{segments:?}");
    assert_eq!(segments.iter().filter(|segment| segment.is_discontinuous).count(), 1, "{segments:?}");
    assert_eq!(ladder.faults("OUTPUT_BROKEN"), 0, "{:?}", ladder.rig.events);
    assert_eq!(assert_manifests(&ladder.rig)[0].playlists[0].target, 3);
}
