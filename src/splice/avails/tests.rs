use super::*;

fn at(millis: i64) -> MediaTime {
    MediaTime::ZERO.plus(MediaDuration::from_millis(millis))
}

fn secs(secs: i64) -> Option<MediaDuration> {
    Some(MediaDuration::from_secs(secs))
}

fn out(id: u32, at: Option<MediaTime>, duration: Option<MediaDuration>, auto_return: bool) -> Cue {
    let action = CueAction::Out { duration, auto_return, shows_slate: false };
    Cue { source: CueSource::Contribution, id, at, action, section: None }
}

fn back(id: u32, at: Option<MediaTime>) -> Cue {
    Cue { source: CueSource::Contribution, id, at, action: CueAction::In, section: None }
}

fn cancel(id: u32) -> Cue {
    Cue { source: CueSource::Contribution, id, at: None, action: CueAction::Cancel, section: None }
}

/// Frames of 40 ms from `from` to `to`; the splices that are made there.
fn run(avails: &mut Avails, from: i64, to: i64) -> Vec<Splice> {
    let mut made = Vec::new();
    for millis in (from..to).step_by(40) {
        while let Some(splice) = avails.take(at(millis)) {
            assert_eq!(splice.achieved, at(millis));
            made.push(splice);
        }
    }
    made
}

fn told(splices: &[Splice]) -> Vec<(u32, i64, i64, SpliceKind)> {
    let millis = |at: MediaTime| at.since(MediaTime::ZERO).flicks() / MediaDuration::from_millis(1).flicks();
    splices.iter().map(|splice| (splice.id, millis(splice.asked), millis(splice.achieved), splice.kind)).collect()
}

#[test]
fn a_break_begins_and_ends_at_the_first_frames_at_or_after_its_times_row_46() {
    let mut avails = Avails::default();
    avails.announce(out(7, Some(at(2000)), secs(3), true), at(0)).unwrap();
    let made = run(&mut avails, 0, 10_000);
    let end = SpliceKind::In(BreakEnd::Duration);
    assert_eq!(told(&made), [(7, 2000, 2000, SpliceKind::Out(secs(3))), (7, 5000, 5000, end)]);
    avails.announce(out(8, Some(at(11_010)), secs(3), true), at(10_000)).unwrap();
    let made = run(&mut avails, 10_000, 20_000);
    // Its length counts from where it really began.
    assert_eq!(told(&made), [(8, 11_010, 11_040, SpliceKind::Out(secs(3))), (8, 14_040, 14_040, end)]);
}

#[test]
fn what_is_late_happens_at_the_next_frame_and_at_once_is_the_next_frame_row_46() {
    let mut avails = Avails::default();
    avails.announce(out(1, Some(at(500)), secs(2), true), at(1000)).unwrap();
    let made = run(&mut avails, 1000, 5000);
    assert_eq!(told(&made)[0], (1, 500, 1000, SpliceKind::Out(secs(2))));
    assert_eq!(told(&made)[1].2, 3000);
    avails.announce(out(2, None, None, false), at(5000)).unwrap();
    avails.announce(back(2, None), at(5000)).unwrap();
    // Out and in with the same frame (row 49).
    let made = run(&mut avails, 5000, 6000);
    let end = SpliceKind::In(BreakEnd::Cue);
    assert_eq!(told(&made), [(2, 5000, 5000, SpliceKind::Out(None)), (2, 5000, 5000, end)]);
}

#[test]
fn repeats_change_nothing_updates_replace_and_cancels_remove_row_47() {
    let mut avails = Avails::default();
    let cue = out(7, Some(at(4000)), secs(3), true);
    avails.announce(cue.clone(), at(0)).unwrap();
    for n in 1..5 {
        // Its message may be written anew each time.
        let cue = Cue { section: Some(vec![n as u8].into()), ..cue.clone() };
        assert_eq!(avails.announce(cue, at(n * 100)), Err(CueRefusal::Repeated { id: 7 }));
    }
    avails.announce(out(7, Some(at(5000)), secs(2), true), at(1000)).unwrap();
    let made = run(&mut avails, 1000, 6000);
    assert_eq!(told(&made), [(7, 5000, 5000, SpliceKind::Out(secs(2)))]);
    // While it runs: the same again, and another duration.
    let repeated = Err(CueRefusal::Repeated { id: 7 });
    assert_eq!(avails.announce(out(7, Some(at(5000)), secs(2), true), at(6000)), repeated);
    avails.announce(out(7, Some(at(5000)), secs(4), true), at(6000)).unwrap();
    assert_eq!(told(&run(&mut avails, 6000, 12_000)), [(7, 9000, 9000, SpliceKind::In(BreakEnd::Duration))]);
    // And after it.
    assert_eq!(avails.announce(out(7, Some(at(5000)), secs(4), true), at(12_000)), repeated);
    avails.announce(out(8, Some(at(14_000)), secs(2), true), at(12_000)).unwrap();
    avails.announce(cancel(8), at(13_000)).unwrap();
    assert_eq!(avails.announce(cancel(8), at(13_000)), Err(CueRefusal::NoBreak { id: 8 }));
    assert!(run(&mut avails, 13_000, 20_000).is_empty());
    avails.announce(out(9, None, secs(5), true), at(20_000)).unwrap();
    run(&mut avails, 20_000, 21_000);
    avails.announce(cancel(9), at(21_000)).unwrap();
    assert_eq!(told(&run(&mut avails, 21_000, 22_000)), [(9, 21_000, 21_000, SpliceKind::In(BreakEnd::Cancelled))]);
}

#[test]
fn a_way_back_ends_a_break_before_its_time_whatever_its_id_and_needs_one() {
    let mut avails = Avails::default();
    assert_eq!(avails.announce(back(7, None), at(0)), Err(CueRefusal::NoBreak { id: 7 }));
    avails.announce(out(7, Some(at(1000)), secs(30), true), at(0)).unwrap();
    avails.announce(back(9, Some(at(4000))), at(0)).unwrap();
    assert_eq!(avails.announce(back(9, Some(at(4000))), at(0)), Err(CueRefusal::Repeated { id: 9 }));
    avails.announce(back(9, Some(at(3000))), at(0)).unwrap();
    let made = run(&mut avails, 0, 60_000);
    assert_eq!(told(&made)[1..], [(7, 3000, 3000, SpliceKind::In(BreakEnd::Cue))]);
    let of_operator = Cue { source: CueSource::Api, ..back(1, None) };
    avails.announce(out(8, None, secs(5), true), at(60_000)).unwrap();
    run(&mut avails, 60_000, 61_000);
    assert_eq!(avails.announce(of_operator, at(61_000)), Err(CueRefusal::NoBreak { id: 1 }));
}

#[test]
fn breaks_do_not_overlap_and_one_without_an_end_gives_way_or_is_closed_row_49() {
    let mut avails = Avails::default();
    avails.announce(out(1, Some(at(10_000)), secs(10), true), at(0)).unwrap();
    for (id, begins, lasts) in [(2, 10_000, 1), (3, 19_999, 5), (4, 5000, 6)] {
        let overlap = CueRefusal::Overlap { id, running: 1 };
        assert_eq!(avails.announce(out(id, Some(at(begins)), secs(lasts), true), at(0)), Err(overlap));
    }
    avails.announce(out(5, Some(at(20_000)), secs(5), false), at(0)).unwrap();
    avails.announce(out(6, Some(at(5000)), secs(5), true), at(0)).unwrap();
    let made = run(&mut avails, 0, 60_000);
    let begins: Vec<(u32, i64)> = told(&made).iter().map(|(id, _, achieved, _)| (*id, *achieved)).collect();
    // The one that waits for the way back ends ten seconds after its time.
    assert_eq!(begins, [(6, 5000), (6, 10_000), (1, 10_000), (1, 20_000), (5, 20_000), (5, 35_000)]);
    assert_eq!(made.last().unwrap().kind, SpliceKind::In(BreakEnd::Ceiling));
    // Of no known duration.
    avails.announce(out(7, None, None, false), at(60_000)).unwrap();
    avails.announce(out(8, Some(at(90_000)), None, false), at(60_000)).unwrap();
    let made = run(&mut avails, 60_000, 90_000 + 3_700_000);
    let superseded = SpliceKind::In(BreakEnd::Superseded);
    assert_eq!(told(&made)[1..3], [(7, 90_000, 90_000, superseded), (8, 90_000, 90_000, SpliceKind::Out(None))]);
    assert_eq!(told(&made)[3..], [(8, 3_690_000, 3_690_000, SpliceKind::In(BreakEnd::Ceiling))]);
}

#[test]
fn announcements_have_ceilings() {
    let mut avails = Avails::default();
    let day = 24 * 3_600_000;
    assert_eq!(avails.announce(out(1, Some(at(day + 1)), None, false), at(0)), Err(CueRefusal::TooFar { id: 1 }));
    for id in 0..64 {
        avails.announce(out(id, Some(at(i64::from(id) * 1000)), secs(1), true), at(0)).unwrap();
    }
    let next = out(64, Some(at(64_000)), secs(1), true);
    assert_eq!(avails.announce(next, at(0)), Err(CueRefusal::TooMany(64)));
    assert_eq!(run(&mut avails, 0, 70_000).len(), 128);
    assert!(avails.begun.len() <= Avails::MEMORY);
}

/// What the segment that starts at a time says of avails, by id.
fn says(avails: &mut Avails, millis: i64) -> Vec<(u32, CuePhase)> {
    while avails.take(at(millis)).is_some() {}
    avails.in_segment(at(millis)).iter().map(|cue| (cue.avail.id, cue.phase.clone())).collect()
}

#[test]
fn segments_are_told_of_a_break_from_fifteen_seconds_before_to_its_end() {
    let mut avails = Avails::default();
    let section = |n: u8| Some(bytes::Bytes::from(vec![n]));
    let cue = |n, cue: Cue| Cue { section: section(n), ..cue };
    avails.announce(cue(1, out(7, Some(at(20_000)), secs(10), true)), at(0)).unwrap();
    assert_eq!(says(&mut avails, 4_000), []);
    assert_eq!(says(&mut avails, 6_000), [(7, CuePhase::Ahead)]);
    assert_eq!(says(&mut avails, 20_000), [(7, CuePhase::Out)]);
    // Another duration: the same avail, under the same number.
    let first = avails.in_segment(at(22_000))[0].avail.clone();
    avails.announce(cue(2, out(7, Some(at(20_000)), secs(30), false)), at(22_000)).unwrap();
    let second = avails.in_segment(at(24_000))[0].avail.clone();
    assert_eq!((second.number(), second.start, second.duration), (first.number(), first.start, secs(30)));
    assert_eq!(second.section, section(2).unwrap());
    avails.announce(cue(3, back(8, Some(at(25_000)))), at(24_000)).unwrap();
    assert_eq!(says(&mut avails, 25_000), [(7, CuePhase::In(section(3)))]);
    assert_eq!(says(&mut avails, 26_000), []);
}

#[test]
fn a_break_of_the_operator_has_messages_of_its_own_and_one_that_ends_by_itself_has_none() {
    let mut avails = Avails::default();
    let of_operator = Cue { source: CueSource::Api, ..out(1, None, secs(2), true) };
    avails.announce(of_operator, at(0)).unwrap();
    assert_eq!(says(&mut avails, 0), [(1, CuePhase::Out)]);
    let [(1, CuePhase::In(Some(_)))] = &says(&mut avails, 2_000)[..] else { panic!("no message") };
    let of_feed = Cue { section: Some(vec![1].into()), ..out(2, None, secs(2), true) };
    avails.announce(of_feed, at(4_000)).unwrap();
    assert_eq!(says(&mut avails, 4_000), [(2, CuePhase::Out)]);
    assert_eq!(says(&mut avails, 6_000), [(2, CuePhase::In(None))]);
}

#[test]
fn messages_that_splice_nothing_are_told_once_and_so_are_cancellations() {
    let mut avails = Avails::default();
    let message = |id, millis| Cue {
        source: CueSource::Contribution,
        id,
        at: Some(at(millis)),
        action: CueAction::Tell,
        section: Some(vec![1].into()),
    };
    avails.announce(message(3, 30_000), at(0)).unwrap();
    assert_eq!(avails.announce(message(3, 30_000), at(500)), Err(CueRefusal::Repeated { id: 3 }));
    assert_eq!(says(&mut avails, 10_000), []);
    assert_eq!(says(&mut avails, 16_000), [(3, CuePhase::Told)]);
    assert_eq!(says(&mut avails, 18_000), []);
    assert_eq!(avails.announce(message(3, 30_000), at(18_500)), Err(CueRefusal::Repeated { id: 3 }));
    // Late is at once.
    avails.announce(message(4, 10_000), at(19_000)).unwrap();
    assert_eq!(says(&mut avails, 20_000), [(4, CuePhase::Told)]);
    let section = |cue| Cue { section: Some(vec![2].into()), ..cue };
    avails.announce(section(out(5, Some(at(30_000)), secs(5), true)), at(21_000)).unwrap();
    assert_eq!(says(&mut avails, 22_000), [(5, CuePhase::Ahead)]);
    avails.announce(section(cancel(5)), at(23_000)).unwrap();
    assert_eq!(says(&mut avails, 24_000), [(5, CuePhase::Told)]);
}

#[test]
fn a_feed_that_announces_and_cancels_all_the_time_fills_no_segment() {
    let mut avails = Avails::default();
    for n in 0..10_000 {
        let section = |cue| Cue { section: Some(vec![0].into()), ..cue };
        avails.announce(section(out(n, Some(at(30_000)), secs(5), true)), at(0)).unwrap();
        avails.announce(section(cancel(n)), at(0)).unwrap();
    }
    assert_eq!(says(&mut avails, 2_000).len(), Avails::MAX_PENDING);
    assert_eq!(says(&mut avails, 4_000), []);
}
