//! One rung that goes its own way: off the grid, dead, changed (A26.1; FAULTS row 35).

use headend::{
    channel::{ChannelConfig, Event, TrackHeartbeat},
    error::Fault,
    ingest::Demuxed,
    time::{MediaDuration, MediaTime, Timescale},
};

use super::{Ladder, assert_aligned, assert_untouched, config, video};
use crate::rig::fragment::read;

#[test]
fn a_rung_off_the_grid_is_stored_told_once_and_counted_a26_1() {
    let mut ladder = Ladder::smooth();
    // Its IDRs are every three seconds.
    ladder.lanes[1].gop = 75;
    ladder.send(22);
    let is_told = |event: &Event| matches!(event, Event::Fault { fault: Fault::Output { .. }, .. });
    assert_eq!(ladder.rig.count_events(is_told), 1, "{:?}", ladder.rig.events);
    let beats: Vec<&TrackHeartbeat> = ladder
        .rig
        .events
        .iter()
        .filter_map(|(_, event)| if let Event::Heartbeat { tracks, .. } = event { Some(tracks) } else { None })
        .flatten()
        .filter(|track| track.kind == "video")
        .collect();
    assert_eq!(beats.len(), 5);
    let unaligned: Vec<u32> = beats.iter().map(|beat| beat.unaligned_key_frames).collect();
    assert_eq!(unaligned.iter().filter(|count| **count > 0).count(), 1, "{unaligned:?}");
    assert!(beats.iter().all(|beat| beat.unaligned_presentation_time == 0 && beat.nonincreasing == 0));
    ladder.stop();
    assert_untouched(&ladder);
    assert_aligned(&ladder.rig.segments(), &ladder.rig);
}

#[test]
fn what_is_passed_through_is_stored_in_the_ticks_that_are_asked_for_a21_7() {
    let mut native = Ladder::smooth();
    let config = ChannelConfig { timescale: Timescale::new(90_000), ..config(2000) };
    let mut asked = Ladder::with(config, 6, Ladder::five_rungs(0));
    for ladder in [&mut native, &mut asked] {
        ladder.send(12);
        ladder.stop();
    }
    assert!(asked.rig.presentation().tracks.iter().all(|track| track.timescale == Timescale::MPEG));
    let cuts = |ladder: &Ladder| ladder.rig.segments().iter().map(|one| (one.start, one.duration)).collect::<Vec<_>>();
    assert_eq!(cuts(&native), cuts(&asked));
    assert_untouched(&asked);
    assert_aligned(&asked.rig.segments(), &asked.rig);
}

#[test]
fn a_rung_that_dies_is_missing_and_comes_back_at_a_boundary() {
    for (dead, kbps) in [(1, 400), (3, 2500)] {
        let mut ladder = Ladder::smooth();
        ladder.send(9);
        ladder.lanes[dead].is_dead = true;
        ladder.send(10);
        assert!(ladder.rig.segments().len() >= 5, "the others go on");
        ladder.lanes[dead].is_dead = false;
        ladder.send(9);
        ladder.stop();
        let segments = ladder.rig.segments();
        let place = ladder.place(kbps * 1000);
        let missing: Vec<bool> = segments.iter().map(|segment| segment.spans[place].is_missing()).collect();
        let changes = missing.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!((changes, missing[0], *missing.last().unwrap()), (2, false, false), "{kbps}: {missing:?}");
        assert!(missing.iter().filter(|missing| **missing).count() >= 4, "{missing:?}");
        for segment in &segments {
            let others = segment.spans.iter().enumerate().filter(|(n, _)| *n != place);
            assert!(others.into_iter().all(|(_, span)| !span.is_missing()), "{segment:?}");
        }
        assert!(segments.windows(2).all(|pair| pair[0].end() == pair[1].start), "no gap for the others");
        assert_eq!(segments.first().unwrap().start, MediaTime::ZERO);
    }
}

#[test]
fn a_track_that_changes_is_left_out_and_the_others_go_on_row_35() {
    let mut ladder = Ladder::smooth();
    ladder.send(7);
    let other = video(99, 300_000, "video", 10_000_000);
    ladder.feeds[4].push(Demuxed::Track(other));
    ladder.send(9);
    ladder.stop();
    let segments = ladder.rig.segments();
    let place = ladder.place(300_000);
    assert!(segments.last().unwrap().spans[place].is_missing());
    assert!(segments.len() >= 6);
    assert_eq!(ladder.faults("INGEST_TRACK_LEFT_OUT"), 1);
}

#[test]
fn a_rung_whose_idrs_never_stand_on_the_grid_comes_back_when_it_was_dead() {
    let mut ladder = Ladder::smooth();
    // 120 ms behind the others, IDRs and all.
    ladder.lanes[1].offset = 1_200_000;
    ladder.send(9);
    ladder.lanes[1].is_dead = true;
    ladder.send(10);
    ladder.lanes[1].is_dead = false;
    ladder.send(13);
    ladder.stop();
    let segments = ladder.rig.segments();
    let place = ladder.place(400_000);
    let missing: Vec<bool> = segments.iter().map(|segment| segment.spans[place].is_missing()).collect();
    assert!(missing.contains(&true) && !missing.last().unwrap(), "{missing:?}");
    assert_eq!(missing.windows(2).filter(|pair| pair[0] != pair[1]).count(), 2, "{missing:?}");
    // Within two segments of its return, and with an IDR.
    let back = missing.iter().rposition(|missing| *missing).unwrap() + 1;
    assert!(segments[back].start <= MediaTime::ZERO.plus(MediaDuration::from_secs(24)), "{:?}", segments[back].start);
    let name = &ladder.rig.presentation().tracks[place].name;
    let first = &read(&ladder.rig.object(&format!("asset/{name}/{}.m4s", segments[back].spans[place].start)))[0];
    assert!(first.is_sync, "{first:?}");
    assert_aligned(&segments, &ladder.rig);
}
