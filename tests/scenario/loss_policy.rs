//! A contribution is lost and the loss policy acts, each stage on its frame (A16.1; FAULTS rows 13 to 15, 41 to 43).

use std::time::Duration;

use headend::{
    archive::TimelineChange,
    channel::{ChannelConfig, Event},
    media::{Frame, FramePool, FrameRate},
    splice::{Loss, LossCause, LossPicture, LossPolicy, LossShows, LossStage, OnAir, SlateImage, Slates},
    time::{MediaDuration, MediaTime, Timescale, Utc},
};

use crate::{
    rig::{Rig, feed::Encoder, script::Random, small_config, toy_codecs::ToyCodecs},
    timeline::{assert_in_step, assert_same_output, assert_seamless, offsets, on_air, pictures, sounds},
};

/// Lumas that no picture of an encoder has.
pub const BLACK: u8 = 16;
pub const ERROR: u8 = 25;
pub const OWN: u8 = 40;

pub fn flat(luma: u8) -> SlateImage {
    SlateImage::from_frame(Frame::build(&FramePool::new(), (64, 36), MediaTime::ZERO, |y, u, v| {
        y.fill(luma);
        u.fill(128);
        v.fill(128);
    }))
}

pub fn config(loss_policy: LossPolicy) -> ChannelConfig {
    let slates = Slates { error_event: Some(flat(ERROR)), ..Slates::default() };
    ChannelConfig { loss_policy, slates, ..small_config() }
}

pub fn started(config: ChannelConfig) -> Rig {
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig
}

pub fn losses(rig: &Rig) -> Vec<(Option<Loss>, MediaTime)> {
    let loss = |event: &Event| if let Event::Loss { loss, at } = event { Some((*loss, *at)) } else { None };
    rig.events.iter().filter_map(|(_, event)| loss(event)).collect()
}

pub fn rates() -> [FrameRate; 4] {
    [FrameRate::FPS_25, FrameRate::FPS_29_97, FrameRate::FPS_30, FrameRate::new(60_000, 1001).unwrap()]
}

/// One to four stages in the first minutes, and what each shows.
fn stages(random: &mut Random) -> Vec<(LossStage, Option<u8>)> {
    let count = 1 + random.below(4);
    let mut draw = || {
        let most = 256 << random.below(10);
        random.below(most) as i64
    };
    let mut after: Vec<i64> = (0..count).map(|_| draw()).collect();
    after.sort_unstable();
    after.dedup();
    let mut stage = |after| {
        let (show, luma) = match random.below(4) {
            0 => (LossPicture::Hold, None),
            1 => (LossPicture::Black, Some(BLACK)),
            2 => (LossPicture::Slate, Some(ERROR)),
            _ => (LossPicture::Image(flat(OWN)), Some(OWN)),
        };
        (LossStage { after: MediaDuration::from_millis(after), show }, luma)
    };
    after.into_iter().map(&mut stage).collect()
}

/// 0.1 to 600 s, as many short ones as long ones; none so near to when it counts as lost (a second after the last picture has
/// played, which comes up to eight frames ahead) that this decides.
fn length(random: &mut Random) -> Duration {
    let millis = 100u64 << random.below(13);
    let millis = (millis + random.below(millis as usize) as u64).min(600_000);
    Duration::from_millis(if (900..1_500).contains(&millis) { 1_500 } else { millis })
}

/// What shows from `lost` on until the encoder's pictures are back, frame by frame; when that is.
fn assert_stages(
    rig: &Rig,
    lost: MediaTime,
    last: u8,
    stages: &[(LossStage, Option<u8>)],
    first: [u8; 2],
    what: &str,
) -> i64 {
    let lost = lost.ticks(Timescale::MPEG);
    let shown = pictures(rig);
    for (at, luma) in shown.iter().filter(|(at, _)| *at >= lost) {
        let since = MediaTime::from_ticks(*at, Timescale::MPEG).since(MediaTime::from_ticks(lost, Timescale::MPEG));
        let stage = stages.iter().rev().find(|(stage, _)| stage.after <= since);
        let expected = stage.and_then(|(_, luma)| *luma).unwrap_or(last);
        if *luma != expected {
            assert!(first.contains(luma), "{what}: {luma} at {since:?} after the loss, not {expected}");
            return *at;
        }
    }
    panic!("{what}: it never came back");
}

#[test]
fn fifty_seeded_losses_keep_their_stages_to_the_frame_row_15() {
    for seed in 0..50u64 {
        let mut random = Random(seed);
        let (rate, silent, stages) = (rates()[random.below(4)], length(&mut random), stages(&mut random));
        let what = format!("seed {seed}: {rate:?}, {silent:?}, {stages:?}");
        let policy = LossPolicy::same(stages.iter().map(|(stage, _)| stage.clone()).collect());
        let mut rig = started(config(policy));
        let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, rate, 48_000);
        encoder.gop = 24;
        encoder.send(&mut rig, Duration::from_millis(4000 + random.below(1000) as u64));
        // Of 60 pictures a second those that flash are even ones, and those that are shown count from an IDR picture.
        if encoder.video_at.since(MediaTime::ZERO).flicks() / encoder.frame.flicks() % 2 == 1 {
            encoder.send_frame(&mut rig);
            rig.pass(encoder.frame.to_std());
        }
        let lost = rig.channel.position().unwrap();
        let is_lost = silent > Duration::from_secs(1);
        rig.pass(silent);
        let frames = MediaDuration::from_std(silent).flicks() / encoder.frame.flicks() / 2 * 2;
        encoder.jump(encoder.frame.times(frames));
        if is_lost {
            encoder.restart();
        }
        // Of 60 pictures a second every other one is shown.
        let first = [0, 1].map(|n| encoder.mark_in(n));
        encoder.send(&mut rig, Duration::from_secs(6));
        assert_seamless(&rig);
        let last = pictures(&rig).iter().rev().find(|(at, _)| *at < lost.ticks(Timescale::MPEG)).unwrap().1;
        let back = assert_stages(&rig, lost, last, if is_lost { &stages } else { &[] }, first, &what);
        // It is lost for as long as it was silent, and for some frames: those that are seen before its rate is known, which
        // the output is ahead of the clock by afterwards.
        let gone = (back - lost.ticks(Timescale::MPEG)) as f64 / 90_000.0;
        assert!((-0.1..0.5).contains(&(gone - silent.as_secs_f64())), "{what}: {gone} s");
        // The events say so, too.
        let due = stages.iter().filter(|(stage, _)| is_lost && stage.after.as_secs_f64() < gone);
        let told = losses(&rig);
        assert_eq!(told.len(), due.clone().count() + usize::from(due.clone().count() > 0), "{what}: {told:?}");
        for (n, ((stage, _), (loss, at))) in due.zip(&told).enumerate() {
            assert!(loss.is_some_and(|loss| loss.stage == n && loss.cause == LossCause::NoBytes), "{what}: {told:?}");
            let late = at.since(lost.plus(stage.after));
            let out = rate.capped(FrameRate::FPS_30).frame_duration();
            assert!(late >= MediaDuration::ZERO && late < out, "{what}: stage {n} is {late:?} late");
        }
        assert!(told.last().is_none_or(|(loss, _)| loss.is_none()), "{what}: it is over");
        let offsets = offsets(&rig);
        let most = 1024.0 / 44_100.0 + if rate.den() == 1 { 0.0 } else { 1.0 / 29.0 };
        assert!(offsets.len() >= 6 && offsets.iter().all(|offset| offset.abs() <= most), "{what}: {offsets:?}");
    }
}

#[test]
fn a_policy_without_stages_holds_the_last_picture_for_good_a4_5() {
    let mut rig = started(config(LossPolicy::same(Vec::new())));
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(4));
    let last = pictures(&rig).len();
    rig.close(encoder.id());
    // Longer than the two hours that the old service allowed.
    rig.pass(Duration::from_secs(2 * 3600 + 600));
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live]);
    let shown = pictures(&rig);
    let held = shown.last().unwrap().1;
    assert!(shown[last + 60..].iter().all(|(_, luma)| *luma == held) && held >= 60, "{held}");
    // Not every manifest of those hours, as elsewhere: what they list.
    assert!(rig.segments().windows(2).all(|pair| pair[0].end() == pair[1].start && !pair[1].is_discontinuous));
}

#[test]
fn row_42_pictures_stop_and_sound_goes_on_untouched() {
    let policy = LossPolicy {
        no_bytes: vec![LossStage { after: MediaDuration::ZERO, show: LossPicture::Black }],
        ..LossPolicy::default()
    };
    let run = |has_pictures: bool| {
        let mut rig = started(config(policy.clone()));
        let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 44_100);
        encoder.send(&mut rig, Duration::from_secs(5));
        let lost = rig.channel.position().unwrap();
        encoder.has_pictures = has_pictures;
        encoder.send(&mut rig, Duration::from_secs(7));
        encoder.has_pictures = true;
        encoder.send(&mut rig, Duration::from_secs(6));
        rig.close(encoder.id());
        rig.pass(Duration::from_secs(4));
        assert_seamless(&rig);
        (rig, lost)
    };
    let (whole, _) = run(true);
    let (rig, lost) = run(false);
    let shows = |shows| Some(Loss { cause: LossCause::NoPictures, stage: 0, shows });
    assert_eq!(losses(&rig)[0], (shows(LossShows::Slate), lost.plus(MediaDuration::from_secs(1))));
    assert!(losses(&rig)[1].0.is_none());
    assert_eq!(on_air(&rig)[..4], [OnAir::Slate, OnAir::Live, OnAir::Slate, OnAir::Live]);
    let lost = lost.ticks(Timescale::MPEG);
    let slate = pictures(&rig).iter().filter(|(at, luma)| *at >= lost && *luma == ERROR).count();
    assert!((5 * 30..7 * 30).contains(&slate), "{slate} frames of the slate");
    // Sample for sample what is heard where the pictures never stop.
    let heard = |rig: &Rig| sounds(rig).into_iter().filter(|(_, loud, _)| *loud > 0).collect::<Vec<_>>();
    assert!(heard(&rig).len() >= 17);
    assert_eq!(heard(&rig), heard(&whole));
    assert_in_step(&rig, 10);
}

#[test]
fn sound_that_stops_after_the_pictures_is_another_cause() {
    let own = |luma| vec![LossStage { after: MediaDuration::from_secs(1), show: LossPicture::Image(flat(luma)) }];
    let policy = LossPolicy { no_bytes: own(OWN), no_pictures: own(OWN + 2), ..LossPolicy::default() };
    let mut rig = started(config(policy));
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 44_100);
    encoder.send(&mut rig, Duration::from_secs(4));
    encoder.has_pictures = false;
    encoder.send(&mut rig, Duration::from_secs(4));
    rig.pass(Duration::from_secs(4));
    let causes: Vec<_> = losses(&rig).iter().map(|(loss, _)| loss.unwrap().cause).collect();
    assert_eq!(causes, [LossCause::NoPictures, LossCause::NoBytes]);
    let shown = pictures(&rig);
    let count = |luma| shown.iter().filter(|(_, shown)| *shown == luma).count();
    assert!(count(OWN + 2) >= 60 && count(OWN) >= 30, "{} {}", count(OWN + 2), count(OWN));
    assert_seamless(&rig);
}

#[test]
fn row_41_sound_stops_and_pictures_go_on_without_waiting() {
    for millis in [50, 400, 3_000, 20_000] {
        let mut rig = started(config(LossPolicy::default()));
        let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
        encoder.send(&mut rig, Duration::from_secs(5));
        encoder.has_sound = false;
        encoder.send(&mut rig, Duration::from_millis(millis));
        // Neither the pictures nor the segments wait for it longer than half a second.
        let segments = rig.segments();
        let behind = rig.channel.position().unwrap().since(segments.last().unwrap().end());
        assert!(behind < MediaDuration::from_millis(2 * 2000 + 500), "{millis} ms: {behind:?}");
        encoder.has_sound = true;
        encoder.send(&mut rig, Duration::from_secs(9));
        assert_seamless(&rig);
        assert_in_step(&rig, 11);
        assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live], "{millis} ms");
        let shown = pictures(&rig);
        let first = shown.iter().position(|(_, luma)| *luma == 250).unwrap();
        assert!(shown[first..].windows(2).all(|pair| pair[0].1 != pair[1].1), "{millis} ms: every picture once");
    }
}

#[test]
fn row_43_jitter_of_the_sound_is_no_gap() {
    let mut rig = started(config(LossPolicy::default()));
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 44_100);
    encoder.jitter.0 = MediaDuration::from_millis(2);
    encoder.send(&mut rig, Duration::from_secs(600));
    assert_seamless(&rig);
    assert_in_step(&rig, 590);
    assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", rig.events);
    // A beep is 1024 samples whose start wanders with the first stamp alone: none is cut.
    let loud = sounds(&rig).iter().filter(|(_, loud, _)| *loud > 12_000).count();
    assert!(loud <= 2 * 601, "{loud} frames of a sound have a part of a beep");
}

#[test]
fn row_14_a_wall_clock_that_is_set_changes_nothing() {
    let run = |hours: i64| {
        let mut rig = started(config(LossPolicy::default()));
        let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
        for _ in 0..2 {
            encoder.send(&mut rig, Duration::from_secs(5));
            rig.now.utc = Utc::from_unix_nanos(rig.now.utc.unix_nanos() + hours * 3_600_000_000_000);
            encoder.send(&mut rig, Duration::from_secs(5));
            rig.pass(Duration::from_secs(5));
            encoder.restart();
        }
        assert_seamless(&rig);
        rig
    };
    let plain = run(0);
    [1, -1].into_iter().for_each(|hours| assert_same_output(&run(hours), &plain));
}

#[test]
fn row_13_an_encoder_whose_clock_drifts_stays_in_step() {
    for ppm in [-500i64, -50, 50, 500] {
        let mut rig = started(config(LossPolicy::default()));
        let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 44_100);
        let start = rig.now.monotonic;
        // Half an hour of its clock.
        for n in 1..=54_000u64 {
            encoder.send_frame(&mut rig);
            let due =
                start + Duration::from_nanos((n * 100_000_000 / 3).saturating_add_signed((n as i64 * 100 / 3) * ppm));
            rig.pass(due.saturating_sub(rig.now.monotonic));
        }
        assert_seamless(&rig);
        assert_in_step(&rig, 1_790);
        // Half an hour at 500 ppm is 0.9 s. What manifests say is at most half a second off (`manifests` looks at each), and a
        // picture, as the host's clock is now between two of them.
        let said = rig.updates.iter().rev().find_map(|update| match update.change {
            TimelineChange::Drifted(by) => Some(by.as_secs_f64()),
            _ => None,
        });
        let position = rig.channel.position().unwrap();
        let late = rig.now.utc.since(rig.presentation().utc_at(position)).as_secs_f64();
        assert!((said.unwrap_or(0.0) - late).abs() <= 0.55, "{ppm} ppm: {said:?} of {late}");
        assert_eq!(said.is_some(), late.abs() > 0.5, "{ppm} ppm: {said:?} of {late}");
        assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live], "{ppm} ppm");
        // The output follows the pictures: none is shown twice or left out.
        let shown = pictures(&rig);
        let first = shown.iter().position(|(_, luma)| *luma == 250).unwrap();
        assert!(shown[first..].windows(2).all(|pair| pair[0].1 != pair[1].1), "{ppm} ppm");
    }
}
