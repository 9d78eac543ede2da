use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::*;
use crate::{
    media::CueCarriage,
    splice::scte35::{BreakDuration, InsertTimes, SpliceCommand, SpliceInfoSection, SpliceInsert},
    wire::amf0::Writer,
};

fn secs(seconds: f64) -> MediaDuration {
    MediaDuration::from_millis((seconds * 1000.0) as i64)
}

fn at(seconds: f64) -> MediaTime {
    MediaTime::ZERO.plus(secs(seconds))
}

/// A message that comes at `now` with these members.
fn message(now: f64, texts: &[(&str, &str)], numbers: &[(&str, f64)]) -> CueSignal {
    let open = Writer::new().string("onAdCue").open();
    let open = texts.iter().fold(open, |writer, (name, text)| writer.name(name).string(text));
    let payload =
        numbers.iter().fold(open, |writer, (name, number)| writer.name(name).number(*number)).close().finish();
    let time = numbers.iter().find(|(name, _)| *name == "time").map(|(_, time)| at(*time));
    CueSignal { carriage: CueCarriage::OnAdCue, at: at(now), due: time, payload }
}

fn simple(now: f64, id: &str, numbers: &[(&str, f64)]) -> CueSignal {
    message(now, &[("cue", "SpliceOut"), ("id", id)], numbers)
}

/// A `splice_insert`, at once: its message says when.
fn section(event_id: u32, event: Option<(bool, Option<BreakDuration>)>) -> String {
    let event = event.map(|(is_out, duration)| InsertTimes {
        is_out,
        is_immediate: true,
        at: None,
        components: None,
        duration,
        unique_program_id: 1,
        avail_num: 0,
        avails_expected: 0,
    });
    let insert = SpliceInsert { event_id, event_id_compliance: true, event };
    STANDARD.encode(SpliceInfoSection::new(SpliceCommand::Insert(insert)).to_bytes().unwrap())
}

fn full(now: f64, cue: &str, id: &str, numbers: &[(&str, f64)]) -> CueSignal {
    message(now, &[("type", "scte35"), ("cue", cue), ("id", id)], numbers)
}

fn out(duration: Option<f64>) -> CueAction {
    CueAction::Out { duration: duration.map(secs), auto_return: duration.is_some(), shows_slate: true }
}

/// Id, time and action of what each message asks for; a break runs under `running`.
fn asked(cues: &mut OnAdCues, running: Option<u32>, signal: &CueSignal) -> Vec<(u32, Option<MediaTime>, CueAction)> {
    let cues = cues.read(signal, running, true).unwrap();
    assert!(cues.iter().all(|cue| cue.source == CueSource::Contribution));
    cues.iter().map(|cue| (cue.id, cue.at, cue.action)).collect()
}

#[test]
fn time_and_id_name_a_break_that_is_repeated_changed_and_cancelled_a14_11() {
    let mut cues = OnAdCues::default();
    let mut asked = |signal: CueSignal| asked(&mut cues, None, &signal);
    let first = (7, Some(at(20.0)), out(Some(30.0)));
    for now in [10.0, 12.0] {
        assert_eq!(asked(simple(now, "7", &[("time", 20.0), ("duration", 30.0)])), [first]);
    }
    let changed = (7, Some(at(20.0)), out(Some(15.0)));
    assert_eq!(asked(simple(13.0, "7", &[("time", 20.0), ("duration", 15.0)])), [changed]);
    let off = [("time", 20.0), ("duration", 0.0)];
    assert_eq!(asked(simple(14.0, "7", &off)), [(7, None, CueAction::Cancel)]);
    assert_eq!(asked(simple(15.0, "7", &off)), [], "it is cancelled already");
    assert_eq!(asked(simple(15.5, "7", &[("time", 20.0), ("duration", 15.0)])), [changed], "after all");
    // The same id at another time is another break, under a number of its own.
    assert_eq!(asked(simple(16.0, "7", &[("time", 90.0), ("duration", 30.0)])), [(8, Some(at(90.0)), out(Some(30.0)))]);
    assert_eq!(asked(simple(17.0, "8", &[("time", 200.0), ("duration", 5.0)])), [(9, Some(at(200.0)), out(Some(5.0)))]);
    // Nobody knows how long it is; again says nothing else.
    for now in [18.0, 19.0] {
        assert_eq!(asked(simple(now, "x", &[("time", 300.0)])), [(normalised_cue_id("x"), Some(at(300.0)), out(None))]);
    }
    let back = message(301.0, &[("cue", "SpliceIn"), ("id", "7")], &[("time", 310.0)]);
    assert_eq!(asked(back), [(8, Some(at(310.0)), CueAction::In)], "the newest of that id");
}

#[test]
fn who_joins_late_takes_the_rest_and_nothing_of_what_is_over() {
    let times = |elapsed| [("time", 100.0), ("duration", 30.0), ("elapsed", elapsed)];
    let mut cues = OnAdCues::default();
    let joined = [(5, Some(at(100.0)), out(Some(18.0)))];
    assert_eq!(asked(&mut cues, None, &simple(112.0, "5", &times(12.0))), joined);
    // The same again, later on: nothing new.
    assert_eq!(asked(&mut cues, Some(5), &simple(120.0, "5", &times(20.0))), joined);
    // On a clock that an encoder began anew.
    let moved = simple(8.0, "5", &[("time", 1.0), ("duration", 30.0), ("elapsed", 24.0)]);
    assert_eq!(asked(&mut cues, Some(5), &moved), [(5, Some(at(1.0)), out(Some(18.0)))]);
    // One that was known before it began is not shortened by what elapsed.
    let mut cues = OnAdCues::default();
    let whole = [(5, Some(at(100.0)), out(Some(30.0)))];
    assert_eq!(asked(&mut cues, None, &simple(95.0, "5", &times(0.0))), whole);
    assert_eq!(asked(&mut cues, Some(5), &simple(112.0, "5", &times(12.0))), whole);
    // It is over; it has not begun, whatever elapsed.
    let mut cues = OnAdCues::default();
    assert_eq!(asked(&mut cues, None, &simple(130.0, "6", &times(30.0))), []);
    assert_eq!(asked(&mut cues, None, &simple(99.0, "7", &times(12.0))), [(7, Some(at(100.0)), out(Some(30.0)))]);
}

#[test]
fn in_the_scte35_mode_the_section_says_what_and_the_message_says_when() {
    let mut cues = OnAdCues::default();
    let mut asked = |signal: CueSignal| asked(&mut cues, None, &signal);
    let thirty = Some(BreakDuration { auto_return: true, ticks: 30 * 90_000 });
    let begin = section(4711, Some((true, thirty)));
    let when = [("time", 20.0), ("duration", 0.0)];
    assert_eq!(asked(full(10.0, &begin, "text", &when)), [(4711, Some(at(20.0)), out(Some(30.0)))]);
    assert_eq!(asked(full(10.0, &section(4711, None), "text", &when)), [(4711, None, CueAction::Cancel)]);
    let back = section(4711, Some((false, None)));
    assert_eq!(asked(full(30.0, &back, "text", &[("time", 50.0)])), [(4711, Some(at(50.0)), CueAction::In)]);
    // What the section does not say the message may, and that ends nothing by itself.
    let open = section(1, Some((true, None)));
    let planned = CueAction::Out { duration: Some(secs(12.0)), auto_return: false, shows_slate: true };
    let said = [("time", 60.0), ("duration", 12.0)];
    assert_eq!(asked(full(55.0, &open, "a", &said)), [(1, Some(at(60.0)), planned)]);
    // Late by 10 s, of which its section does not know; and one that outlasts its time.
    let late = |elapsed| [("time", 70.0), ("duration", 30.0), ("elapsed", elapsed)];
    let begin = |id| section(id, Some((true, thirty)));
    assert_eq!(asked(full(80.0, &begin(2), "b", &late(10.0))), [(2, Some(at(70.0)), out(Some(20.0)))]);
    assert_eq!(asked(full(110.0, &begin(3), "c", &late(40.0))), [(3, Some(at(70.0)), out(None))]);
    let other = message(1.0, &[("type", "urn:example"), ("cue", "?"), ("id", "1")], &[("time", 1.0)]);
    assert_eq!(asked(other), []);
}

#[test]
fn broken_messages_and_sections_have_their_error_and_change_nothing() {
    let mut cues = OnAdCues::default();
    let mut code = |signal: &CueSignal| cues.read(signal, None, true).unwrap_err().code();
    assert_eq!(code(&simple(1.0, "7", &[("time", f64::NAN)])), "PARSE_MALFORMED");
    assert_eq!(code(&simple(1.0, "7", &[("duration", 3.0)])), "PARSE_MISSING");
    assert_eq!(code(&full(1.0, "/DAl", "7", &[("time", 2.0)])), "PARSE_TRUNCATED");
    assert_eq!(code(&CueSignal { payload: Bytes::new(), ..simple(1.0, "7", &[("time", 2.0)]) }), "PARSE_MISSING");
    assert!(cues.known.is_empty());
}

#[test]
fn what_is_remembered_has_an_end() {
    let mut cues = OnAdCues::default();
    for n in 0..500 {
        cues.read(&simple(0.0, "same", &[("time", f64::from(n)), ("duration", 1.0)]), None, true).unwrap();
    }
    assert_eq!(cues.known.len(), OnAdCues::MEMORY);
    let numbers: std::collections::BTreeSet<_> = cues.known.iter().map(|known| known.number).collect();
    assert_eq!(numbers.len(), OnAdCues::MEMORY);
}
