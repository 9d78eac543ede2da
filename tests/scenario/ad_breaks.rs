//! Ad breaks, exact to the frame: by the operator's call and by SCTE-35 of the contribution (A14; FAULTS rows 46 to 49).

use std::time::Duration;

use headend::{
    channel::{AdBreak, AdMarkers, ChannelConfig, CommandError, Event, Session, Slot, SpliceReport},
    error::Fault,
    ingest::Demuxed,
    media::{CueCarriage, CueSignal, FrameRate},
    splice::{
        BreakEnd, CueRefusal, CueSource, OnAir, SpliceKind,
        scte35::{BreakDuration, InsertTimes, SpliceCommand, SpliceInfoSection, SpliceInsert, SpliceTime},
    },
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    ad_marks::{assert_told, marked_segments},
    rig::{
        Rig,
        feed::{Encoder, Feed},
        script::Random,
        small_config,
        toy_codecs::ToyCodecs,
    },
    timeline::{assert_in_step, assert_seamless, pictures},
};

pub fn on_air(ad_markers: AdMarkers, hides: bool) -> Rig {
    let config = ChannelConfig { ad_markers, insert_slate_on_ad_marker: hides, ..small_config() };
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig
}

/// `splice_insert` for the picture at `due`.
pub fn insert(id: u32, due: Option<MediaTime>, duration: Option<MediaDuration>, is_out: bool) -> SpliceInfoSection {
    let ticks = |at: MediaTime| at.ticks(Timescale::MPEG).rem_euclid(1 << 33) as u64;
    let event = InsertTimes {
        is_out,
        is_immediate: due.is_none(),
        at: due.map(|due| SpliceTime::At(ticks(due))),
        components: None,
        duration: duration
            .map(|duration| BreakDuration { auto_return: true, ticks: duration.ticks(Timescale::MPEG) as u64 }),
        unique_program_id: 1,
        avail_num: 0,
        avails_expected: 0,
    };
    let insert = SpliceInsert { event_id: id, event_id_compliance: true, event: Some(event) };
    SpliceInfoSection::new(SpliceCommand::Insert(insert))
}

fn signal(encoder: &Encoder, section: &SpliceInfoSection, due: Option<MediaTime>) -> CueSignal {
    let payload = section.to_bytes().unwrap();
    CueSignal { carriage: CueCarriage::TransportStream { pid: 500 }, at: encoder.video_at, due, payload }
}

pub fn reports(rig: &Rig) -> Vec<SpliceReport> {
    let report = |event: &Event| if let Event::Splice(report) = event { Some(report.clone()) } else { None };
    rig.events.iter().filter_map(|(_, event)| report(event)).collect()
}

/// Every rung begins a segment at the splice; the sound's begins with the access unit that holds it.
pub fn assert_exact(rig: &Rig, report: &SpliceReport) {
    let at = report.splice.achieved;
    assert!(rig.segments().iter().any(|segment| segment.start == at), "{report:?}");
    let [rungs @ .., sound] = &report.renditions[..] else { panic!("{report:?}") };
    assert!(rungs.len() == 2 && rungs.iter().all(|start| *start == at), "{report:?}");
    let off = at.since(*sound).flicks().abs();
    assert!(off <= MediaDuration::from_ticks(1024, Timescale::new(44_100).unwrap()).flicks(), "{report:?}");
}

/// When each source went on air after the start.
fn sources(rig: &Rig) -> Vec<(OnAir, MediaTime)> {
    let source = |event: &Event| if let Event::OnAir { source, at } = event { Some((*source, *at)) } else { None };
    rig.events.iter().filter_map(|(_, event)| source(event)).skip_while(|(source, _)| *source != OnAir::Live).collect()
}

fn rates() -> [FrameRate; 4] {
    [FrameRate::FPS_25, FrameRate::FPS_29_97, FrameRate::FPS_30, fast()]
}

fn fast() -> FrameRate {
    FrameRate::new(60_000, 1001).unwrap()
}

/// The luma of the coded picture at a time.
pub fn picture_at(rig: &Rig, at: MediaTime) -> u8 {
    let ticks = at.ticks(Timescale::MPEG);
    pictures(rig).iter().find(|(other, _)| (other - ticks).abs() <= 1).unwrap_or_else(|| panic!("{at:?}")).1
}

#[test]
fn a_hundred_random_cues_of_the_contribution_splice_at_their_pictures_row_46() {
    for seed in 0..100 {
        let mut random = Random(seed);
        let rate = rates()[seed as usize % 4];
        let hides = random.below(2) == 0;
        let mut rig = on_air(AdMarkers::Scte35, hides);
        let origin = MediaTime::from_ticks(900_000 + random.below(1 << 20) as i64, Timescale::MPEG);
        let mut encoder = Encoder::attach(&mut rig, origin, rate, 48_000);
        let halves = 1 + u64::from(rate == fast());
        // The picture that is meant is one that shows: every other one of 59.94 does.
        let sent = (150 + random.below(90) as u64) / 2 * 2;
        (0..sent).for_each(|_| {
            encoder.send_frame(&mut rig);
            rig.pass(encoder.frame.to_std());
        });
        let ahead = (3 + random.below(150) as u64) * halves;
        let length = encoder.frame.times((20 + random.below(100) as i64) * halves as i64);
        let due = encoder.video_at.plus(encoder.frame.times(ahead as i64));
        let mark = encoder.mark_in(ahead);
        let section = insert(seed as u32 + 1, Some(due), Some(length), true);
        let cue = signal(&encoder, &section, Some(due));
        (0..3).for_each(|_| encoder.cue(&mut rig, cue.clone()));
        encoder.send(&mut rig, Duration::from_secs(12));
        assert_seamless(&rig);
        let what = format!("seed {seed} at {rate:?}, {ahead} ahead for {length:?}");
        let [out, back] = &reports(&rig)[..] else { panic!("{what}: {:?}", reports(&rig)) };
        assert_eq!(out.splice.asked, out.splice.achieved, "{what}");
        assert_eq!((out.splice.source, out.splice.id), (CueSource::Contribution, seed as u32 + 1));
        assert_eq!(back.splice.achieved, out.splice.achieved.plus(length), "{what}");
        assert_eq!(back.splice.kind, SpliceKind::In(BreakEnd::Duration), "{what}");
        assert_exact(&rig, out);
        assert_exact(&rig, back);
        assert_told(&rig, &reports(&rig), Some(&section.to_bytes().unwrap()));
        if hides {
            let break_slate = (OnAir::BreakSlate, out.splice.achieved);
            assert_eq!(sources(&rig)[1..], [break_slate, (OnAir::Live, back.splice.achieved)], "{what}");
        } else {
            assert_eq!(picture_at(&rig, out.splice.achieved), mark, "{what}");
            assert_eq!(sources(&rig).len(), 1, "{what}");
            assert_in_step(&rig, 8);
        }
    }
}

#[test]
fn a_hundred_random_calls_splice_at_the_next_frame_and_back_after_their_time_a14_2() {
    for seed in 0..100 {
        let mut random = Random(1000 + seed);
        let rate = rates()[seed as usize % 4];
        let mut rig = on_air(AdMarkers::Api, true);
        let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, rate, 48_000);
        encoder.send(&mut rig, Duration::from_micros(3_000_000 + random.below(2_000_000) as u64));
        let wanted = AdBreak {
            cue_id: 1 + seed as u32,
            duration: Duration::from_micros(500_000 + random.below(4_000_000) as u64),
            show_slate: [None, Some(true), Some(false)][random.below(3)],
        };
        rig.channel.start_ad_break(wanted).unwrap();
        assert_eq!(rig.channel.start_ad_break(wanted), Err(CueRefusal::Repeated { id: wanted.cue_id }.into()));
        let next = rig.channel.position().unwrap();
        let is_early = random.below(3) == 0;
        let mut ended = None;
        if is_early {
            encoder.send(&mut rig, Duration::from_millis(200 + random.below(200) as u64));
            rig.channel.end_ad_break(wanted.cue_id).unwrap();
            ended = rig.channel.position();
        }
        encoder.send(&mut rig, Duration::from_secs(8));
        assert_seamless(&rig);
        let [out, back] = &reports(&rig)[..] else { panic!("{:?}", reports(&rig)) };
        assert_eq!((out.splice.asked, out.splice.achieved), (next, next), "seed {seed}");
        assert_exact(&rig, out);
        assert_exact(&rig, back);
        assert_told(&rig, &reports(&rig), None);
        let (kind, due) = match ended {
            Some(ended) => (BreakEnd::Cue, ended),
            None => (BreakEnd::Duration, next.plus(MediaDuration::from_std(wanted.duration))),
        };
        assert_eq!((back.splice.kind, back.splice.asked), (SpliceKind::In(kind), due), "seed {seed}");
        // The first frame at or after it; 59.94 is halved.
        let late = back.splice.achieved.since(due);
        assert!(late >= MediaDuration::ZERO && late < MediaDuration::from_millis(41), "seed {seed}: {late:?}");
        let hides = wanted.show_slate != Some(false);
        assert_eq!(sources(&rig).len(), if hides { 3 } else { 1 }, "seed {seed}: {:?}", sources(&rig));
    }
}

#[test]
fn calls_that_make_no_sense_are_refused_and_change_nothing_a14_2_to_a14_6() {
    let mut rig = on_air(AdMarkers::Api, true);
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(4));
    let secs = Duration::from_secs;
    let wanted = |cue_id, seconds| AdBreak { cue_id, duration: secs(seconds), show_slate: None };
    let no_break = |id| CommandError::Cue(CueRefusal::NoBreak { id });
    for (call, error) in [
        (wanted(0, 5), CommandError::CueId(0)),
        (wanted(1 << 31, 5), CommandError::CueId(1 << 31)),
        (wanted(3, 0), CommandError::BreakDuration(Duration::ZERO)),
    ] {
        assert_eq!(rig.channel.start_ad_break(call), Err(error));
    }
    assert_eq!(rig.channel.end_ad_break(3), Err(no_break(3)));
    rig.channel.start_ad_break(wanted(3, 30)).unwrap();
    encoder.send(&mut rig, secs(1));
    assert_eq!(rig.channel.ad_break().map(|cue| cue.id), Some(3));
    let overlap = CueRefusal::Overlap { id: 4, running: 3 };
    assert_eq!(rig.channel.start_ad_break(wanted(4, 5)), Err(overlap.into()));
    assert_eq!(rig.channel.end_ad_break(4), Err(no_break(4)));
    // A duration of zero under the id of the break that runs cancels it.
    rig.channel.start_ad_break(wanted(3, 0)).unwrap();
    encoder.send(&mut rig, secs(4));
    let kinds: Vec<SpliceKind> = reports(&rig).iter().map(|report| report.splice.kind).collect();
    let thirty = SpliceKind::Out(Some(MediaDuration::from_secs(30)));
    assert_eq!(kinds, [thirty, SpliceKind::In(BreakEnd::Cancelled)]);
    assert_eq!(rig.channel.ad_break(), None);
    assert_seamless(&rig);
    // Where cues come from the contribution, calls do not.
    let mut rig = on_air(AdMarkers::Scte35, true);
    assert_eq!(rig.channel.start_ad_break(wanted(1, 5)), Err(CommandError::AdMarkers));
    assert_eq!(rig.channel.end_ad_break(1), Err(CommandError::AdMarkers));
}

#[test]
fn a_cue_before_a_loss_a_jump_or_in_the_past_still_splices_and_returns_row_48() {
    for what in ["loss", "jump", "past", "at once"] {
        let mut rig = on_air(AdMarkers::Scte35, true);
        let mut encoder =
            Encoder::attach(&mut rig, MediaTime::from_ticks(90_000, Timescale::MPEG), FrameRate::FPS_25, 48_000);
        encoder.send(&mut rig, Duration::from_secs(4));
        let ahead = if what == "past" { -50 } else { 50 };
        let due = encoder.video_at.plus(encoder.frame.times(ahead));
        let asked = if what == "at once" { None } else { Some(due) };
        let section = insert(9, asked, Some(MediaDuration::from_secs(4)), true);
        let cue = signal(&encoder, &section, asked.or(Some(encoder.video_at)));
        encoder.cue(&mut rig, cue);
        let before = rig.channel.position().unwrap();
        match what {
            "loss" => {
                rig.pass(Duration::from_secs(5));
                encoder.jump(MediaDuration::from_secs(5));
            }
            "jump" => encoder.jump(MediaDuration::from_secs(-3000)),
            _ => {}
        }
        encoder.send(&mut rig, Duration::from_secs(10));
        assert_seamless(&rig);
        let [out, back] = &reports(&rig)[..] else { panic!("{what}: {:?}", reports(&rig)) };
        let expected = if matches!(what, "past" | "at once") { before } else { before.plus(encoder.frame.times(50)) };
        assert_eq!(out.splice.achieved, expected, "{what}");
        assert_eq!(out.splice.achieved.since(out.splice.asked).flicks() > 0, what == "past");
        assert_eq!(back.splice.achieved, expected.plus(MediaDuration::from_secs(4)), "{what}");
        assert_exact(&rig, out);
        assert_exact(&rig, back);
    }
}

#[test]
fn while_a_reset_makes_the_ladder_anew_a_call_is_refused() {
    let mut rig = Rig::new(small_config(), ToyCodecs::shared());
    rig.start();
    rig.channel.reset(rig.now).unwrap();
    let wanted = AdBreak { cue_id: 1, duration: Duration::from_secs(5), show_slate: None };
    let refused = CommandError::Cue(CueRefusal::NotOnAir { id: 1 });
    assert_eq!(rig.channel.start_ad_break(wanted), Err(refused.clone()));
    assert_eq!(rig.channel.start_ad_break(AdBreak { duration: Duration::ZERO, ..wanted }), Err(refused));
}

/// A sparse track comes in a POST of its own (SPECS d4); what the other slot brings is not acted on.
#[test]
fn a_sparse_track_beside_the_pictures_splices_them() {
    for (slot, count) in [(Slot::Primary, 2), (Slot::Secondary, 0)] {
        let mut rig = on_air(AdMarkers::Scte35, true);
        let session = |name: &str, slot| Session { name: name.into(), slot, ..Session::new("smooth") };
        let video = session("Streams(video)", Slot::Primary);
        let mut encoder = Encoder::attach_as(&mut rig, video, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
        encoder.send(&mut rig, Duration::from_secs(4));
        let due = encoder.video_at.plus(encoder.frame.times(45));
        let section = insert(7, Some(due), Some(MediaDuration::from_secs(2)), true).to_bytes().unwrap();
        let payload = [&[0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0][..], &section].concat().into();
        let cue = CueSignal { carriage: CueCarriage::SparseTrack, at: due, due: Some(due), payload };
        let cues = Feed::default();
        cues.push(Demuxed::Cue(cue));
        let id = rig.channel.attach_as(session("Streams(cues)", slot), cues.demuxer(), rig.now).unwrap();
        let before = rig.channel.position().unwrap();
        rig.bytes(id, vec![0]);
        encoder.send(&mut rig, Duration::from_secs(8));
        assert_seamless(&rig);
        let made = reports(&rig);
        assert_eq!(made.len(), count, "{slot:?}");
        if let Some(out) = made.first() {
            assert_eq!(out.splice.achieved, before.plus(encoder.frame.times(45)));
            assert_exact(&rig, out);
        }
    }
}

#[test]
fn what_a_contribution_asks_for_in_vain_is_told_and_unreadable_cues_too() {
    let mut rig = on_air(AdMarkers::Scte35, true);
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(4));
    let back = signal(&encoder, &insert(5, None, None, false), None);
    encoder.cue(&mut rig, back);
    let broken = CueSignal { payload: vec![0xFC, 0x30].into(), ..signal(&encoder, &insert(1, None, None, true), None) };
    encoder.cue(&mut rig, broken);
    encoder.send(&mut rig, Duration::from_secs(4));
    let codes: Vec<&str> = rig
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Fault { fault: fault @ (Fault::CueRefused { .. } | Fault::Unreadable(_)), .. } => Some(fault.code()),
            _ => None,
        })
        .collect();
    assert_eq!(codes, ["CUE_NO_BREAK", "PARSE_TRUNCATED"]);
    assert!(reports(&rig).is_empty());
    assert_eq!(marked_segments(&rig), 0);
}
