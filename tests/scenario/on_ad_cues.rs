//! Ad breaks by RTMP `onAdCue`, in both of its modes, at the very pictures that they name (A14.1, A14.11, SPECS d4).

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use headend::{
    channel::{AdMarkers, Event},
    error::Fault,
    splice::{
        BreakEnd, SpliceKind, normalised_cue_id,
        scte35::{SpliceCommand, SpliceInfoSection, SpliceInsert},
    },
    time::MediaDuration,
};

use crate::{
    ad_breaks::{assert_exact, insert, on_air, picture_at, reports},
    rig::{Rig, rtmp_feed::RtmpFeed},
    timeline::{assert_in_step, assert_seamless},
};

/// A publication of `count` pictures at 30 fps in which messages come before pictures.
struct Story {
    feed: RtmpFeed,
    count: usize,
    messages: Vec<Said>,
}

/// A message before a picture.
struct Said {
    before: usize,
    texts: Vec<(String, String)>,
    numbers: Vec<(String, f64)>,
}

/// A number of pictures of 30 fps.
fn pictures(count: i64) -> MediaDuration {
    MediaDuration::from_millis(1000 * count / 30)
}

impl Story {
    fn new(offset: u32, count: usize) -> Self {
        Self { feed: RtmpFeed::new(offset), count, messages: Vec::new() }
    }

    /// `time` of picture `n`, in seconds; the time stamps have whole milliseconds.
    fn time(&self, n: usize) -> f64 {
        (f64::from(self.feed.offset) + n as f64 * 1000.0 / 30.0) / 1000.0
    }

    fn say(&mut self, before: usize, texts: &[(&str, &str)], numbers: &[(&str, f64)]) {
        let texts = texts.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        let numbers = numbers.iter().map(|(name, number)| ((*name).into(), *number)).collect();
        self.messages.push(Said { before, texts, numbers });
    }

    /// The simple mode, for the picture `at`.
    fn out(&mut self, before: usize, (id, at): (&str, usize), numbers: &[(&str, f64)]) {
        let numbers = [&[("time", self.time(at))][..], numbers].concat();
        self.say(before, &[("cue", "SpliceOut"), ("id", id)], &numbers);
    }

    /// The SCTE-35 mode, for the picture `at`.
    fn full(&mut self, before: usize, section: &SpliceInfoSection, at: usize, numbers: &[(&str, f64)]) {
        let base64 = STANDARD.encode(section.to_bytes().unwrap());
        let numbers = [&[("time", self.time(at)), ("duration", 0.0)][..], numbers].concat();
        self.say(before, &[("type", "urn:scte:scte35:2013:bin"), ("cue", &base64), ("id", "x")], &numbers);
    }

    /// Plays it on a channel that lets breaks be seen.
    fn play(mut self, ad_markers: AdMarkers) -> Played {
        let mut rig = on_air(ad_markers, false);
        let id = rig.attach_rtmp(&mut self.feed.publisher);
        rig.bytes(id, self.feed.headers());
        let start = rig.now.monotonic;
        for n in 0..self.count {
            let sent = self.feed.pictures(1);
            rig.pass((start + sent[0].at).saturating_sub(rig.now.monotonic));
            for said in self.messages.iter().filter(|said| said.before == n) {
                let texts: Vec<_> = said.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
                let numbers: Vec<_> = said.numbers.iter().map(|(name, number)| (name.as_str(), *number)).collect();
                let ms = self.feed.millis(n as i64 * 3000);
                rig.bytes(id, self.feed.publisher.ad_cue(ms, &texts, &numbers));
            }
            rig.play(id, start, &sent);
        }
        rig.close(id);
        rig.pass(Duration::from_secs(3));
        assert_seamless(&rig);
        let marks = self.feed.script.pictures().map(|picture| picture.mark).collect();
        Played { rig, marks }
    }
}

/// What came of a story.
struct Played {
    rig: Rig,
    /// The mark of each picture.
    marks: Vec<u8>,
}

impl Played {
    /// Id and kind of each splice, and the picture at which it was made.
    fn splices(&self) -> Vec<(u32, SpliceKind, usize)> {
        let reports = reports(&self.rig);
        let made = reports.iter().map(|report| {
            assert_exact(&self.rig, report);
            let mark = picture_at(&self.rig, report.splice.achieved);
            // Marks come again after a hundred pictures; which one it is the first splice and the distances tell.
            let base = reports[0].splice.achieved;
            let after = report.splice.achieved.since(base).flicks() as f64 / pictures(30).flicks() as f64 * 30.0;
            let first = self.marks.iter().position(|mark| *mark == picture_at(&self.rig, base)).unwrap();
            let n = first + after.round() as usize;
            assert_eq!(mark, self.marks[n], "{report:?}");
            (report.splice.id, report.splice.kind, n)
        });
        made.collect()
    }

    fn faults(&self) -> Vec<&'static str> {
        let code = |event: &Event| match event {
            Event::Fault { fault: fault @ (Fault::CueRefused { .. } | Fault::Unreadable(_)), .. } => Some(fault.code()),
            _ => None,
        };
        self.rig.events.iter().filter_map(|(_, event)| code(event)).collect()
    }

    fn told(&self) -> usize {
        self.rig.count_events(|event| matches!(event, Event::Cue { .. }))
    }
}

fn out_of(count: i64) -> SpliceKind {
    SpliceKind::Out(Some(pictures(count)))
}

const BACK: SpliceKind = SpliceKind::In(BreakEnd::Duration);

#[test]
fn a_break_begins_and_ends_at_the_pictures_that_are_named_also_where_time_stamps_wrap() {
    for offset in [0, 5_000, u32::MAX - 4_000] {
        for at in [77, 78, 79, 95] {
            let mut story = Story::new(offset, 270);
            for before in [40, 50, 60] {
                story.out(before, ("break-7", at), &[("duration", 3.0)]);
            }
            let played = story.play(AdMarkers::Scte35);
            let id = normalised_cue_id("break-7");
            assert_eq!(played.splices(), [(id, out_of(90), at), (id, BACK, at + 90)], "{offset}");
            let asked: Vec<_> = reports(&played.rig).iter().map(|report| report.splice).collect();
            assert!(asked.iter().all(|splice| splice.asked == splice.achieved), "{asked:?}");
            assert_eq!((played.faults(), played.told()), (vec![], 3));
            assert_in_step(&played.rig, 7);
        }
    }
}

#[test]
fn the_last_message_of_a_time_and_an_id_counts_a14_11() {
    // Before it begins, and while it runs; the same id at another time is another break.
    let mut story = Story::new(1_000, 400);
    story.out(40, ("7", 80), &[("duration", 3.0)]);
    story.out(60, ("7", 80), &[("duration", 2.0)]);
    story.out(100, ("7", 80), &[("duration", 4.0)]);
    story.out(150, ("7", 260), &[("duration", 2.0)]);
    let played = story.play(AdMarkers::Scte35);
    let wanted = [(7, out_of(60), 80), (7, BACK, 200), (8, out_of(60), 260), (8, BACK, 320)];
    assert_eq!((played.splices(), played.faults()), (wanted.to_vec(), vec![]));
}

#[test]
fn a_duration_of_zero_cancels_before_and_in_the_break() {
    let mut story = Story::new(1_000, 400);
    story.out(40, ("7", 80), &[("duration", 3.0)]);
    for before in [60, 65, 70] {
        story.out(before, ("7", 80), &[("duration", 0.0)]);
    }
    story.out(100, ("9", 160), &[("duration", 8.0)]);
    story.out(220, ("9", 160), &[("duration", 0.0)]);
    let played = story.play(AdMarkers::Scte35);
    assert_eq!(played.splices(), [(9, out_of(240), 160), (9, SpliceKind::In(BreakEnd::Cancelled), 220)]);
    assert_eq!(played.faults(), Vec::<&str>::new());
}

#[test]
fn a_late_message_is_acted_on_at_once_and_takes_the_rest_of_what_has_elapsed() {
    let late = |numbers: &[(&str, f64)]| {
        let mut story = Story::new(1_000, 400);
        for before in [95, 125] {
            let passed = (before - 80) as f64 / 30.0;
            let mut numbers = numbers.to_vec();
            numbers.iter_mut().filter(|(name, _)| *name == "elapsed").for_each(|(_, elapsed)| *elapsed = passed);
            story.out(before, ("7", 80), &numbers);
        }
        story.play(AdMarkers::Scte35)
    };
    let played = late(&[("duration", 3.0)]);
    assert_eq!(played.splices(), [(7, out_of(90), 95), (7, BACK, 185)]);
    let first = &reports(&played.rig)[0].splice;
    assert_eq!(first.achieved.since(first.asked), pictures(15), "it says by how much");
    let played = late(&[("duration", 3.0), ("elapsed", 0.0)]);
    let [(7, SpliceKind::Out(Some(rest)), 95), (7, BACK, 170)] = played.splices()[..] else {
        panic!("{:?}", played.splices())
    };
    assert_eq!(rest, MediaDuration::from_millis(2_500));
    assert_eq!(played.faults(), Vec::<&str>::new());
}

#[test]
fn a_section_says_what_and_its_message_says_when() {
    let mut story = Story::new(1_000, 500);
    let secs = |secs| Some(MediaDuration::from_secs(secs));
    for before in [40, 50] {
        story.full(before, &insert(4711, None, secs(3), true), 80, &[]);
    }
    // One that a section ends, also before its time; one that is cancelled.
    story.full(190, &insert(4712, None, secs(10), true), 220, &[]);
    story.full(240, &insert(4712, None, None, false), 280, &[]);
    story.full(300, &insert(4713, None, secs(3), true), 350, &[]);
    let cancel = SpliceInsert { event_id: 4713, event_id_compliance: true, event: None };
    story.full(320, &SpliceInfoSection::new(SpliceCommand::Insert(cancel)), 350, &[]);
    let played = story.play(AdMarkers::Scte35);
    let wanted = [
        (4711, out_of(90), 80),
        (4711, BACK, 170),
        (4712, out_of(300), 220),
        (4712, SpliceKind::In(BreakEnd::Cue), 280),
    ];
    assert_eq!((played.splices(), played.faults()), (wanted.to_vec(), vec![]));
}

#[test]
fn the_way_back_may_be_told_and_a_break_may_have_no_known_end() {
    let mut story = Story::new(1_000, 300);
    story.out(40, ("open", 80), &[]);
    let time = story.time(171);
    story.say(120, &[("cue", "SpliceIn"), ("id", "open")], &[("time", time)]);
    let played = story.play(AdMarkers::Scte35);
    let id = normalised_cue_id("open");
    assert_eq!(played.splices(), [(id, SpliceKind::Out(None), 80), (id, SpliceKind::In(BreakEnd::Cue), 171)]);
}

#[test]
fn broken_ones_are_told_with_their_fault_and_nothing_else_changes() {
    let mut story = Story::new(1_000, 300);
    story.out(40, ("7", 80), &[("duration", f64::NAN)]);
    story.out(41, ("7", 80), &[("duration", -3.0)]);
    story.say(42, &[("cue", "SpliceOut"), ("id", "7")], &[("time", f64::INFINITY)]);
    story.say(43, &[("cue", "SpliceOut")], &[("time", 3.0)]);
    story.say(44, &[("type", "scte35"), ("cue", "/DAl"), ("id", "7")], &[("time", 3.0)]);
    story.say(45, &[("type", "urn:example:other"), ("cue", "?"), ("id", "7")], &[("time", 3.0)]);
    let played = story.play(AdMarkers::Scte35);
    assert_eq!((played.splices(), played.told()), (vec![], 6));
    let faults = played.faults();
    assert!(
        ["PARSE_MALFORMED", "PARSE_MISSING", "PARSE_TRUNCATED"].iter().all(|code| faults.contains(code)),
        "{faults:?}"
    );
}

#[test]
fn where_cues_come_by_calls_they_are_told_and_not_acted_on_a14_1() {
    let mut story = Story::new(1_000, 200);
    story.out(40, ("7", 80), &[("duration", 3.0)]);
    let played = story.play(AdMarkers::Api);
    assert_eq!((played.splices(), played.told()), (vec![], 1));
}
