//! Ad breaks of a ladder that is passed through: its manifests tell of them (A14.10, A14.11).

use headend::{
    channel::{Event, SpliceReport},
    ingest::Demuxed,
    media::{CueCarriage, CueSignal},
    splice::{
        BreakEnd, SpliceKind,
        scte35::{BreakDuration, InsertTimes, SpliceCommand, SpliceInfoSection, SpliceInsert, SpliceTime},
    },
    time::{MediaDuration, MediaTime, Timescale},
};

use super::{Ladder, assert_aligned, assert_untouched};
use crate::ad_marks::assert_told;

fn millis(n: i64) -> MediaTime {
    MediaTime::ZERO.plus(MediaDuration::from_millis(n))
}

/// A sparse track announces a break of four seconds at this time.
fn announce(ladder: &mut Ladder, event_id: u32, due: i64) -> Vec<u8> {
    let event = InsertTimes {
        is_out: true,
        is_immediate: false,
        at: Some(SpliceTime::At(millis(due).ticks(Timescale::MPEG) as u64)),
        components: None,
        duration: Some(BreakDuration { auto_return: true, ticks: 4 * 90_000 }),
        unique_program_id: 1,
        avail_num: 0,
        avails_expected: 0,
    };
    let insert = SpliceInsert { event_id, event_id_compliance: true, event: Some(event) };
    let section = SpliceInfoSection::new(SpliceCommand::Insert(insert)).to_bytes().unwrap();
    let payload = [&[0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0][..], &section].concat().into();
    let cue = CueSignal { carriage: CueCarriage::SparseTrack, at: millis(ladder.at), due: Some(millis(due)), payload };
    (0..2).for_each(|_| ladder.feeds[0].push(Demuxed::Cue(cue.clone())));
    section.to_vec()
}

#[test]
fn what_a_contribution_says_of_its_breaks_stands_in_every_manifest_and_no_sample_is_touched() {
    // 10 000 ms is an IDR picture; 10 019 is nearest to it; 11 000 is inside of a GOP.
    for (due, begins) in [(10_000, 10_000), (10_019, 10_000), (11_000, 12_000)] {
        let mut ladder = Ladder::smooth();
        ladder.send(5);
        let section = announce(&mut ladder, 7, due);
        ladder.send(20);
        ladder.stop();
        let report = |event: &Event| if let Event::Splice(report) = event { Some(report.clone()) } else { None };
        let reports: Vec<SpliceReport> = ladder.rig.events.iter().filter_map(|(_, event)| report(event)).collect();
        let made: Vec<_> = reports.iter().map(|report| (report.splice.kind, report.splice.achieved)).collect();
        let four = MediaDuration::from_secs(4);
        let expected = [
            (SpliceKind::Out(Some(four)), millis(begins)),
            (SpliceKind::In(BreakEnd::Duration), millis(begins).plus(four)),
        ];
        assert_eq!(made, expected, "due at {due}");
        assert_told(&ladder.rig, &reports, Some(&section));
        assert_aligned(&ladder.rig.segments(), &ladder.rig);
        assert_untouched(&ladder);
    }
}

#[test]
fn a_cue_that_comes_before_the_tracks_are_settled_is_kept() {
    let mut ladder = Ladder::smooth();
    announce(&mut ladder, 9, 6_000);
    ladder.send(12);
    ladder.stop();
    let out = ladder
        .rig
        .count_events(|event| matches!(event, Event::Splice(report) if report.splice.achieved == millis(6_000)));
    assert_eq!(out, 1);
}
