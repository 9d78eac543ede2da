//! A contribution goes on coming and is black, frozen or silent: the loss policy acts, each stage on its frame (A16.1).

use std::time::Duration;

use headend::{
    channel::Session,
    media::FrameRate,
    splice::{Loss, LossCause, LossPicture, LossPolicy, LossShows, LossStage, OnAir},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    loss_policy::{BLACK, ERROR, OWN, config, flat, losses, rates, started},
    rig::{Rig, Schedule, feed::Encoder, script::Random, toy_codecs::ToyCodecs},
    timeline::{assert_in_step, assert_same_output, assert_seamless, offsets, on_air, pictures, sounds},
};

const SECS: fn(i64) -> MediaDuration = MediaDuration::from_secs;
/// A black picture that is none of the library's.
const DARK: u8 = 20;

/// Nothing is done about what is not said here.
fn only(change: impl FnOnce(&mut LossPolicy)) -> LossPolicy {
    let none = Vec::new;
    let mut policy = LossPolicy { black: none(), frozen: none(), silence: none(), ..LossPolicy::default() };
    change(&mut policy);
    policy
}

fn stage(after: MediaDuration, luma: Option<u8>) -> LossStage {
    let show = match luma {
        None => LossPicture::Hold,
        Some(BLACK) => LossPicture::Black,
        Some(ERROR) => LossPicture::Slate,
        Some(luma) => LossPicture::Image(flat(luma)),
    };
    LossStage { after, show }
}

fn attach(rig: &mut Rig, rate: FrameRate) -> Encoder {
    let mut encoder = Encoder::attach(rig, MediaTime::ZERO, rate, 44_100);
    encoder.gop = 24;
    encoder
}

/// Where the sound stopped, and the frame of sound in which it came back.
fn silence(rig: &Rig, from: MediaTime) -> (MediaTime, MediaTime) {
    let scale = Timescale::new(44_100).unwrap();
    let time = |samples| MediaTime::from_ticks(samples, scale);
    let sounds = sounds(rig);
    let starts = sounds.windows(2).filter(|pair| pair[0].1 <= 1000 && pair[1].1 > 1000).map(|pair| pair[1]);
    let starts: Vec<(i64, u16, u16)> = starts.collect();
    let last = starts.iter().rev().find(|(at, ..)| time(*at) < from).unwrap();
    let next = starts.iter().find(|(at, ..)| time(*at) >= from.plus(SECS(1))).unwrap();
    // A beep is 1024 samples.
    (time(last.0 + i64::from(last.2) + 1024), time(next.0))
}

/// Every frame shows what the stage says that acts, and the events say it.
fn assert_stages(
    rig: &Rig,
    cause: LossCause,
    stages: &[(MediaDuration, Option<u8>)],
    (since, until): (MediaTime, MediaTime),
    what: &str,
) {
    let (mut expected, mut acted) = (Vec::new(), None);
    for (at, luma) in pictures(rig) {
        // Times of 1001 are rounded on their way into a file.
        let at = MediaTime::from_ticks(at, Timescale::MPEG);
        if at < since.minus(SECS(2)) {
            continue;
        }
        let slack = MediaDuration::from_ticks(1, Timescale::MPEG);
        let lasts = at.plus(slack).since(since);
        let is_over = at.plus(slack) >= until;
        let acts = stages.iter().rposition(|(after, _)| *after <= lasts).filter(|_| !is_over);
        if acts != acted {
            acted = acts;
            let shows = |luma| match luma {
                None => LossShows::Hold,
                Some(BLACK) => LossShows::Black,
                Some(ERROR) => LossShows::Slate,
                Some(_) => LossShows::Image,
            };
            let loss = |stage: usize| Loss { cause, stage, shows: shows(stages[stage].1) };
            expected.push((acts.map(loss), at.ticks(Timescale::MPEG)));
        }
        match acts.and_then(|stage| stages[stage].1) {
            Some(still) => assert_eq!(luma, still, "{what}: at {at:?}, {lasts:?} after it began"),
            None => assert!(![BLACK, ERROR, OWN].contains(&luma), "{what}: {luma} at {at:?}, {lasts:?} after it began"),
        }
    }
    let told: Vec<_> =
        losses(rig).into_iter().filter(|(loss, _)| loss.is_none_or(|loss| loss.cause == cause)).collect();
    let told: Vec<_> = told.into_iter().map(|(loss, at)| (loss, at.ticks(Timescale::MPEG))).collect();
    assert_eq!(told, expected, "{what}");
    let acting = expected.iter().filter(|(loss, _)| loss.is_some()).count();
    let due = stages.iter().filter(|(after, _)| since.plus(*after) < until).count();
    assert!(acting >= due.saturating_sub(1) && acting <= due, "{what}: {acting} of {due} stages acted");
}

#[test]
fn sixty_seeded_stretches_keep_their_stages_to_the_frame_a16_1() {
    for seed in 0..60u64 {
        let mut random = Random(seed);
        let cause = [LossCause::Black, LossCause::Frozen, LossCause::Silence][seed as usize % 3];
        let rate = rates()[random.below(4)];
        let least = if cause == LossCause::Silence { 5_000 } else { 0 };
        let mut draw = |least: usize, most: usize| {
            let most = most << random.below(8);
            (least + random.below(most)) as i64
        };
        let mut after: Vec<i64> = (0..=seed / 3 % 4).map(|_| draw(least, 256)).collect();
        // Of 60 pictures a second every other one is shown.
        let frames = draw(20, 20) / 2 * 2;
        after.sort_unstable();
        after.dedup();
        let mut luma = || [None, Some(BLACK), Some(ERROR), Some(OWN)][random.below(4)];
        let stages: Vec<_> = after.into_iter().map(|after| (MediaDuration::from_millis(after), luma())).collect();
        let what = format!("seed {seed}: {cause}, {rate:?}, {frames} frames, {stages:?}");
        let list = stages.iter().map(|(after, luma)| stage(*after, *luma)).collect();
        let mut rig = started(config(only(|policy| match cause {
            LossCause::Black => policy.black = list,
            LossCause::Frozen => policy.frozen = list,
            _ => policy.silence = list,
        })));
        let mut encoder = attach(&mut rig, rate);
        encoder.send(&mut rig, Duration::from_millis(4000 + random.below(1000) as u64));
        if encoder.video_at.since(MediaTime::ZERO).flicks() / encoder.frame.flicks() % 2 == 1 {
            encoder.send_frame(&mut rig);
            rig.pass(encoder.frame.to_std());
        }
        let from = rig.channel.position().unwrap();
        match cause {
            LossCause::Black => encoder.luma = Some(DARK),
            LossCause::Frozen => encoder.luma = Some(200),
            _ => encoder.is_silent = true,
        }
        for _ in 0..frames {
            encoder.send_frame(&mut rig);
            rig.pass(encoder.frame.to_std());
        }
        let until = rig.channel.position().unwrap();
        (encoder.luma, encoder.is_silent) = (None, false);
        encoder.send(&mut rig, Duration::from_secs(12));
        assert_seamless(&rig);
        // It was on air all the time, and heard.
        assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live], "{what}");
        let span = if cause == LossCause::Silence {
            let (since, back) = silence(&rig, from);
            (since, back.plus(LossPolicy::SILENCE_LAG))
        } else {
            (from, until)
        };
        assert_stages(&rig, cause, &stages, span, &what);
        let offsets = offsets(&rig);
        let most = 1024.0 / 44_100.0 + if rate.den() == 1 { 0.0 } else { 1.0 / 29.0 };
        assert!(offsets.len() >= 5 && offsets.iter().all(|offset| offset.abs() <= most), "{what}: {offsets:?}");
    }
}

/// Ten seconds of black, frozen and silent pictures in between good ones, and what was told of them.
fn ran(policy: LossPolicy, schedule: Schedule, spoil: impl Fn(&mut Encoder)) -> Rig {
    let mut rig = Rig::scheduled(config(policy), ToyCodecs::shared(), schedule);
    rig.start();
    rig.start_program("asset");
    let mut encoder = attach(&mut rig, FrameRate::FPS_25);
    encoder.send(&mut rig, Duration::from_secs(5));
    spoil(&mut encoder);
    encoder.send(&mut rig, Duration::from_secs(20));
    (encoder.luma, encoder.is_silent, encoder.has_sound) = (None, false, true);
    encoder.send(&mut rig, Duration::from_secs(10));
    rig
}

fn causes(rig: &Rig) -> Vec<Option<(LossCause, LossShows)>> {
    losses(rig).iter().map(|(loss, _)| loss.map(|loss| (loss.cause, loss.shows))).collect()
}

#[test]
fn by_default_each_is_told_after_ten_seconds_and_nothing_is_covered() {
    let told = |cause| [Some((cause, LossShows::Hold)), None];
    let plain = ran(LossPolicy::default(), Schedule::Inline, |_| {});
    assert!(causes(&plain).is_empty());
    let count = |rig: &Rig, mark| pictures(rig).iter().filter(|(_, luma)| *luma == mark).count();
    let black = ran(LossPolicy::default(), Schedule::Inline, |encoder| encoder.luma = Some(DARK));
    let frozen = ran(LossPolicy::default(), Schedule::Inline, |encoder| encoder.luma = Some(199));
    let silent = ran(LossPolicy::default(), Schedule::Inline, |encoder| encoder.is_silent = true);
    for (rig, cause) in [(&black, LossCause::Black), (&frozen, LossCause::Frozen), (&silent, LossCause::Silence)] {
        assert_eq!(causes(rig), told(cause));
        let (began, ended) = (losses(rig)[0].1, losses(rig)[1].1);
        let lasts = ended.since(began).as_secs_f64();
        // The last beep is up to a second before, the next one up to a second after; pictures are one second behind.
        let most = if cause == LossCause::Silence { 13.0 } else { 10.0 };
        assert!((10.0..=most).contains(&lasts), "{cause}: {lasts} s");
        assert!(rig.channel.loss().is_none());
        assert_seamless(rig);
    }
    assert!(count(&black, DARK) == 500 && count(&frozen, 199) == 500, "every picture as it comes");
    // Sound that does not come at all is silent, too.
    let missing = ran(LossPolicy::default(), Schedule::Inline, |encoder| encoder.has_sound = false);
    assert_eq!(causes(&missing), told(LossCause::Silence));
    assert_in_step(&missing, 10);
}

#[test]
fn what_shows_goes_before_what_is_told_and_black_before_frozen_before_silence() {
    let list = |secs, luma| vec![stage(SECS(secs), luma)];
    let spoil = |encoder: &mut Encoder| (encoder.luma, encoder.is_silent) = (Some(DARK), true);
    let run = |black, frozen, silence| {
        let rig = ran(LossPolicy { black, frozen, silence, ..LossPolicy::default() }, Schedule::Inline, spoil);
        assert_seamless(&rig);
        let mut causes = causes(&rig);
        causes.retain(Option::is_some);
        causes.into_iter().flatten().map(|(cause, _)| cause).collect::<Vec<_>>()
    };
    use LossCause::{Black, Frozen, Silence};
    assert_eq!(run(list(8, Some(OWN)), list(3, Some(ERROR)), list(6, Some(BLACK))), [Frozen, Black, Silence]);
    assert_eq!(run(list(3, None), list(8, None), list(6, None)), [Black, Silence]);
    // Nobody who asks for a slate is kept from it by an alarm.
    assert_eq!(run(list(3, None), list(6, None), list(12, Some(ERROR))), [Black, Silence]);
}

#[test]
fn the_operators_slate_is_on_top_and_the_stage_acts_beneath() {
    let policy = only(|policy| policy.black = vec![stage(SECS(4), Some(OWN))]);
    let mut rig = started(config(policy));
    let mut encoder = attach(&mut rig, FrameRate::FPS_25);
    encoder.send(&mut rig, Duration::from_secs(4));
    let from = rig.channel.position().unwrap();
    encoder.luma = Some(DARK);
    encoder.send(&mut rig, Duration::from_secs(2));
    rig.channel.show_slate(None, Some(flat(OWN + 2))).unwrap();
    encoder.send(&mut rig, Duration::from_secs(4));
    rig.channel.hide_slate().unwrap();
    encoder.send(&mut rig, Duration::from_secs(2));
    encoder.luma = None;
    encoder.send(&mut rig, Duration::from_secs(6));
    assert_seamless(&rig);
    let loss = Loss { cause: LossCause::Black, stage: 0, shows: LossShows::Image };
    assert_eq!(losses(&rig), [(Some(loss), from.plus(SECS(4))), (None, from.plus(SECS(8)))]);
    let second = |n: i64| {
        let (from, to) = (from.plus(SECS(n)).ticks(Timescale::MPEG), from.plus(SECS(n + 1)).ticks(Timescale::MPEG));
        let mut lumas: Vec<u8> =
            pictures(&rig).iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, luma)| *luma).collect();
        lumas.dedup();
        lumas
    };
    assert_eq!(
        [0, 2, 3, 4, 5, 6, 7].map(second),
        [DARK, OWN + 2, OWN + 2, OWN + 2, OWN + 2, OWN, OWN].map(|luma| [luma])
    );
    assert!(second(8).len() > 20, "each of its own pictures");
}

#[test]
fn a_contribution_without_sound_of_its_own_is_not_silent() {
    let mut rig = started(config(LossPolicy::default()));
    let session = Session::new("feed");
    let mut encoder = Encoder::attach_mute(&mut rig, session, MediaTime::ZERO, FrameRate::FPS_25, 44_100);
    encoder.has_sound = false;
    encoder.send(&mut rig, Duration::from_secs(30));
    assert!(losses(&rig).is_empty());
    // One with sound takes its place, and one without that one's.
    rig.close(encoder.id());
    let mut encoder = attach(&mut rig, FrameRate::FPS_25);
    encoder.is_silent = true;
    encoder.send(&mut rig, Duration::from_secs(14));
    assert_eq!(rig.channel.loss().map(|loss| loss.cause), Some(LossCause::Silence));
    rig.close(encoder.id());
    let session = Session::new("feed");
    let mut encoder = Encoder::attach_mute(&mut rig, session, MediaTime::ZERO, FrameRate::FPS_25, 44_100);
    encoder.has_sound = false;
    encoder.send(&mut rig, Duration::from_secs(30));
    assert_eq!(rig.channel.loss(), None);
    assert_eq!(causes(&rig).iter().flatten().count(), 1, "{:?}", causes(&rig));
}

#[test]
fn a_black_contribution_that_is_lost_keeps_its_still_until_the_loss_has_a_stage() {
    let policy = only(|policy| policy.black = vec![stage(SECS(3), Some(OWN))]);
    let mut rig = started(config(policy));
    let mut encoder = attach(&mut rig, FrameRate::FPS_25);
    encoder.send(&mut rig, Duration::from_secs(4));
    encoder.luma = Some(DARK);
    encoder.send(&mut rig, Duration::from_secs(5));
    rig.pass(Duration::from_secs(4));
    // It comes back as black as it was, and is watched anew.
    encoder.jump(SECS(4));
    encoder.restart();
    encoder.send(&mut rig, Duration::from_secs(6));
    assert_seamless(&rig);
    let shown = pictures(&rig);
    let first = shown.iter().position(|(_, luma)| *luma == DARK).unwrap();
    let mut scenes: Vec<(u8, usize)> = Vec::new();
    for (_, luma) in &shown[first..] {
        match scenes.last_mut() {
            Some((last, count)) if last == luma => *count += 1,
            _ => scenes.push((*luma, 1)),
        }
    }
    let lumas: Vec<u8> = scenes.iter().map(|(luma, _)| *luma).collect();
    assert_eq!(lumas, [DARK, OWN, ERROR, DARK, OWN], "{scenes:?}");
    assert_eq!((scenes[0].1, scenes[1].1, scenes[3].1), (75, 75, 75), "{scenes:?}");
    let causes: Vec<_> = causes(&rig).into_iter().map(|loss| loss.map(|(cause, _)| cause)).collect();
    use LossCause::{Black, NoBytes};
    assert_eq!(causes, [Some(Black), Some(NoBytes), None, Some(Black)]);
}

#[test]
fn the_order_in_which_work_comes_back_changes_nothing() {
    let stages = || vec![stage(SECS(6), Some(OWN)), stage(SECS(11), Some(ERROR))];
    let policy = LossPolicy { black: stages(), frozen: stages(), silence: stages(), ..LossPolicy::default() };
    for (n, spoil) in [
        (|encoder: &mut Encoder| encoder.luma = Some(DARK)) as fn(&mut Encoder),
        |encoder| encoder.luma = Some(199),
        |encoder| encoder.is_silent = true,
        |encoder| encoder.has_sound = false,
    ]
    .into_iter()
    .enumerate()
    {
        let plain = ran(policy.clone(), Schedule::Inline, spoil);
        assert_eq!(losses(&plain).len(), 3, "{n}: {:?}", losses(&plain));
        for seed in 0..6 {
            let other = ran(policy.clone(), Schedule::Shuffled(seed, 1 + seed as usize), spoil);
            assert_same_output(&plain, &other);
            assert_eq!(losses(&plain), losses(&other), "{n}: seed {seed}");
        }
        assert_same_output(&plain, &ran(policy.clone(), Schedule::Threads(2), spoil));
    }
}

#[test]
fn fragments_of_six_seconds_whose_pictures_come_first_wait_for_nothing() {
    let run = |schedule| {
        let policy = only(|policy| policy.silence = vec![stage(SECS(8), Some(OWN))]);
        let mut rig = Rig::scheduled(config(policy), ToyCodecs::shared(), schedule);
        rig.start();
        rig.start_program("asset");
        let mut encoder = attach(&mut rig, FrameRate::FPS_25);
        let mut send = |rig: &mut Rig, is_silent, has_sound| {
            (encoder.is_silent, encoder.has_sound) = (is_silent, has_sound);
            encoder.send_fragment(rig, 150);
            // Every frame that was made is stored but for the open segment.
            let behind = rig.channel.position().unwrap().since(rig.segments().last().unwrap().end());
            assert!(behind <= SECS(9), "{behind:?}");
        };
        for (is_silent, has_sound) in
            [(false, true), (false, true), (true, true), (true, true), (true, true), (false, true)]
        {
            send(&mut rig, is_silent, has_sound);
        }
        for has_sound in [true, false, false, false, true, true] {
            send(&mut rig, false, has_sound);
        }
        rig
    };
    let plain = run(Schedule::Inline);
    let told = losses(&plain);
    assert_eq!(causes(&plain).len(), 4, "{told:?}");
    let shown = pictures(&plain).iter().filter(|(_, luma)| *luma == OWN).count() as f64 / 25.0;
    let covered = told[1].1.since(told[0].1).plus(told[3].1.since(told[2].1)).as_secs_f64();
    assert!((shown - covered).abs() < 0.01 && shown > 20.0, "{shown} s, {told:?}");
    let (since, _) = silence(&plain, told[0].1.minus(SECS(7)));
    let late = told[0].1.since(since.plus(SECS(8)));
    // All of a fragment is judged by the sound of the one before.
    assert!(late >= MediaDuration::ZERO && late < SECS(6), "{late:?} late");
    assert_seamless(&plain);
    for seed in 0..4 {
        let other = run(Schedule::Shuffled(seed, 3));
        assert_same_output(&plain, &other);
        assert_eq!(losses(&other), told);
    }
}
