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
    avails.announce(cue, at(0)).unwrap();
    for n in 1..5 {
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
