use super::*;
use crate::media::FramePool;

const FRAME: i64 = 40;

fn flat(luma: u8) -> Frame {
    Frame::build(&FramePool::new(), (64, 36), MediaTime::ZERO, |y, u, v| {
        y.fill(luma);
        u.fill(128);
        v.fill(128);
    })
}

fn time(frame: i64) -> MediaTime {
    MediaTime::ZERO.plus(MediaDuration::from_millis(frame * FRAME))
}

/// Each after so many frames, with a picture or without.
fn stages(frames: &[(i64, bool)]) -> Vec<WatchStage> {
    let stage = |(frame, shows): &(i64, bool)| WatchStage {
        after: MediaDuration::from_millis(frame * FRAME),
        picture: shows.then(|| flat(90)),
    };
    frames.iter().map(stage).collect()
}

fn watch(black: &[(i64, bool)], frozen: &[(i64, bool)], silence: &[(i64, bool)]) -> PictureWatch {
    PictureWatch::new(WatchStages { black: stages(black), frozen: stages(frozen), silence: stages(silence) })
}

/// Moving pictures, none of them black; the frame numbers at which another stage acts.
fn moving(frame: i64) -> Option<u8> {
    Some(100 + (frame % 50) as u8)
}

fn run(
    watch: &mut PictureWatch,
    frames: std::ops::Range<i64>,
    luma: impl Fn(i64) -> Option<u8>,
    quiet: Option<i64>,
) -> Vec<(i64, Option<(Watched, usize)>)> {
    let (mut changes, mut before) = (Vec::new(), watch.acts());
    for n in frames {
        luma(n).into_iter().for_each(|luma| watch.see(&flat(luma), time(n)));
        watch.decide(time(n), quiet.filter(|quiet| *quiet <= n).map(time));
        if watch.acts() != before {
            before = watch.acts();
            changes.push((n, before.map(|acting| (acting.cause, acting.stage))));
        }
    }
    changes
}

#[test]
fn stages_act_on_their_frame_and_end_with_the_first_good_picture() {
    let mut watch = watch(&[(5, true), (20, false)], &[], &[]);
    let luma = |n| if (10..40).contains(&n) { Some(16 + (n % 3) as u8) } else { moving(n) };
    let changes = run(&mut watch, 0..60, luma, None);
    assert_eq!(changes, [(15, Some((Watched::Black, 0))), (30, Some((Watched::Black, 1))), (40, None)]);
}

#[test]
fn a_freeze_counts_from_its_first_picture() {
    let mut watch = watch(&[], &[(0, false), (10, true)], &[]);
    let luma = |n| if (20..50).contains(&n) { Some(200) } else { moving(n) };
    let changes = run(&mut watch, 0..60, luma, None);
    assert_eq!(changes, [(21, Some((Watched::Frozen, 0))), (30, Some((Watched::Frozen, 1))), (50, None)]);
}

#[test]
fn a_missing_picture_ends_nothing_and_delays_nothing() {
    let mut watch = watch(&[(5, true)], &[(8, true)], &[]);
    let luma = |n| match n {
        12..16 | 18 | 30 => None,
        10..40 => Some(16),
        _ => moving(n),
    };
    let changes = run(&mut watch, 0..41, luma, None);
    assert_eq!(changes, [(15, Some((Watched::Black, 0))), (40, None)]);
    assert!(watch.picture().is_none());
}

#[test]
fn what_shows_goes_before_what_is_told_and_black_before_frozen_before_silence() {
    let all = |shows: [bool; 3]| {
        let mut watch = watch(&[(15, shows[0])], &[(10, shows[1])], &[(20, shows[2])]);
        run(&mut watch, 0..40, |_| Some(16), Some(0))
    };
    let act = |n, cause| (n, Some((cause, 0)));
    use Watched::{Black, Frozen, Silence};
    assert_eq!(all([true; 3]), [act(10, Frozen), act(15, Black)]);
    assert_eq!(all([false; 3]), [act(10, Frozen), act(15, Black)]);
    assert_eq!(all([false, true, true]), [act(10, Frozen)]);
    assert_eq!(all([false, false, true]), [act(10, Frozen), act(15, Black), act(20, Silence)]);
}

#[test]
fn a_contribution_that_went_is_watched_anew_and_what_acts_stays_until_something_takes_its_place() {
    let black = |_| Some(16);
    let mut watch = watch(&[(5, true)], &[], &[(5, true)]);
    assert_eq!(run(&mut watch, 0..10, black, None), [(5, Some((Watched::Black, 0)))]);
    watch.pause();
    assert_eq!(run(&mut watch, 10..20, |_| None, Some(0)), [], "the still stays");
    assert!(watch.picture().is_some());
    assert_eq!(run(&mut watch, 20..30, black, None), [(20, None), (25, Some((Watched::Black, 0)))]);
    watch.stop();
    assert!(watch.acts().is_none());
    // Sound that was silent before does not count either.
    assert_eq!(run(&mut watch, 40..50, moving, Some(0)), [(45, Some((Watched::Silence, 0)))]);
}
