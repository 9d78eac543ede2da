use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::{
    archive::rig::ladder,
    media::{CuePhase, Pack, Presentation, SegmentCue, Span},
    package::dash::{Flavour, Mpd},
    time::Utc,
};

fn millis(millis: i64) -> MediaTime {
    MediaTime::ZERO.plus(MediaDuration::from_millis(millis))
}

/// Segments with these lengths in milliseconds, the first of which has number 100 and starts at second 50.
fn segments(lengths: &[i64]) -> Vec<Segment> {
    let mut start = millis(50_000);
    let mut all = Vec::new();
    for (sequence, length) in (100..).zip(lengths) {
        let duration = MediaDuration::from_millis(*length);
        let span = Span { start: 0, duration: 1, bytes: 1 };
        let spans = Arc::from([span; 3]);
        all.push(Segment {
            sequence,
            start,
            duration,
            is_discontinuous: false,
            spans,
            cues: Arc::default(),
            pack: Pack::default(),
        });
        start = start.plus(duration);
    }
    all
}

fn mpd() -> Mpd {
    let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
    Mpd::new(presentation, Some(MediaDuration::from_secs(60)), MediaDuration::from_secs(2), None)
}

fn followed(segments: &[Segment]) -> Mpd {
    let mut mpd = mpd();
    segments.iter().for_each(|segment| mpd.append(segment));
    mpd
}

fn rendered(mpd: &Mpd, segments: &[Segment], is_ended: bool) -> String {
    let ends = (segments.first().unwrap(), segments.last().unwrap());
    String::from_utf8(mpd.render(Flavour::Number, ends, is_ended).to_bytes().to_vec()).unwrap()
}

/// Of each period: start, duration where it says one, first and last number, duration and timescale of its segments, offset.
fn periods(text: &str) -> Vec<String> {
    let read = dash_mpd::parse(text).unwrap();
    let of = |period: &dash_mpd::Period| {
        let template = |n: usize| period.adaptations[n].SegmentTemplate.clone().unwrap();
        assert_eq!(template(0).startNumber, template(1).startNumber);
        let template = template(0);
        format!(
            "{} {:?} {}-{:?} {}/{} {}",
            period.start.unwrap().as_secs_f64(),
            period.duration.map(|span| span.as_secs_f64()),
            template.startNumber.unwrap(),
            template.endNumber,
            template.duration.unwrap(),
            template.timescale.unwrap(),
            template.presentationTimeOffset.unwrap()
        )
    };
    read.periods.iter().map(of).collect()
}

#[test]
fn a_period_goes_on_while_segments_last_equally_long() {
    let all = segments(&[2000; 5]);
    let text = rendered(&followed(&all), &all, false);
    assert_eq!(periods(&text), ["0 None 100-None 180000/90000 4500000"]);
    assert!(text.contains("Fragments(video=$Number$,format=mpd-number-cmaf)"), "{text}");
    assert!(!text.contains("SegmentTimeline") && !text.contains("availabilityTimeOffset"), "{text}");
    let ended = rendered(&followed(&all), &all, true);
    assert_eq!(periods(&ended), ["0 None 100-Some(104) 180000/90000 4500000"]);
}

#[test]
fn a_short_segment_is_the_last_of_its_period_and_a_longer_one_the_first() {
    let all = segments(&[2000, 2000, 700, 1300, 2000, 2000]);
    let expected = [
        "0 None 100-Some(102) 180000/90000 4500000",
        // Of one segment, which is the last and may be shorter than it says.
        "4.7 None 103-Some(103) 180000/90000 4923000",
        "6 None 104-None 180000/90000 5040000",
    ];
    assert_eq!(periods(&rendered(&followed(&all), &all, false)), expected);
    // What is listed is the same when it is learnt segment by segment.
    assert_eq!(periods(&rendered(&followed(&all[..3]), &all[..3], false)), ["0 None 100-None 180000/90000 4500000"]);
    // While it may go on, the next one is looked for where this one ends.
    assert_eq!(periods(&rendered(&followed(&all[..4]), &all[..4], false))[1], "4.7 None 103-None 117000/90000 4923000");
}

#[test]
fn a_gap_and_a_discontinuity_begin_a_period() {
    let mut all = segments(&[2000; 6]);
    all[2].is_discontinuous = true;
    all[4..].iter_mut().for_each(|segment| segment.start = segment.start.plus(MediaDuration::from_secs(10)));
    let expected = [
        "0 None 100-Some(101) 180000/90000 4500000",
        // The time until the next one is nobody's.
        "4 Some(4.0) 102-Some(103) 180000/90000 4860000",
        "18 None 104-None 180000/90000 6120000",
    ];
    assert_eq!(periods(&rendered(&followed(&all), &all, false)), expected);
}

#[test]
fn frame_rates_whose_segments_are_no_whole_seconds_are_exact_for_months() {
    // 60 frames at 30000/1001, and 15 at 60000/1001, whose ticks are no whole ones at 90 kHz.
    for (frames, per_second, expected) in [(60, 30_000, "180180/90000"), (15, 60_000, "23023/92000")] {
        let duration = MediaDuration::from_flicks(FLICKS_PER_SECOND / per_second * 1001 * frames);
        let anchor = Anchor { start: MediaTime::ZERO.plus(duration.times(3)), number: 3, duration };
        let clock = anchor.clock();
        assert_eq!(format!("{}/{}", duration.ticks(clock), clock.per_second()), expected);
        let months = MediaTime::ZERO.plus(duration.times(10_000_000));
        let [mut segment] = <[Segment; 1]>::try_from(segments(&[1])).unwrap();
        (segment.sequence, segment.start, segment.duration) = (10_000_000, months, duration);
        assert_eq!((anchor.place(10_000_000), anchor.takes(&segment)), (months, true));
    }
}

#[test]
fn whole_milliseconds_are_no_reason_for_a_period() {
    // 2001.4 ms each, as the time stamps of RTMP have it.
    let all = segments(&[2001, 2001, 2002, 2001, 2001, 2002, 2001]);
    assert_eq!(periods(&rendered(&followed(&all), &all, false)).len(), 1);
    // A player that does not know endNumber counts what fits into the presentation.
    let text = rendered(&followed(&all), &all, true);
    let read = dash_mpd::parse(&text).unwrap();
    let template = read.periods[0].adaptations[0].SegmentTemplate.clone().unwrap();
    let each = template.duration.unwrap() / template.timescale.unwrap() as f64;
    let lasts = read.mediaPresentationDuration.unwrap().as_secs_f64();
    assert_eq!((lasts / each).ceil() as usize, all.len(), "{text}");
    assert_eq!(template.endNumber, Some(106));
}

#[test]
fn periods_keep_their_start_while_their_segments_leave_and_go_with_the_last() {
    let all = segments(&[2000, 2000, 500, 2000, 2000]);
    let mut mpd = followed(&all);
    mpd.remove(&all[0]);
    let shown = |mpd: &Mpd, from: usize| periods(&rendered(mpd, &all[from..], false));
    assert_eq!(shown(&mpd, 1)[0], "0 None 100-Some(102) 180000/90000 4500000");
    assert_eq!(mpd.anchor(102).map(|anchor| anchor.number), Some(100));
    mpd.remove(&all[1]);
    mpd.remove(&all[2]);
    assert_eq!(shown(&mpd, 3), ["4.5 None 103-None 180000/90000 4905000"]);
    assert_eq!((mpd.anchor(102), mpd.anchor(104).map(|anchor| anchor.number)), (None, Some(103)));
    assert_eq!(mpd.anchor(105), None);
    mpd.remove(&all[3]);
    // On demand, it begins with what is there.
    assert_eq!(periods(&rendered(&mpd, &all[4..], true)), ["6.5 None 104-Some(104) 180000/90000 5085000"]);
}

#[test]
fn parts_say_when_a_segment_begins_to_be_there_and_how_far_behind_to_play() {
    let all = segments(&[2000; 2]);
    let mut mpd = followed(&all);
    let before = rendered(&mpd, &all, false);
    mpd.parts(Some(MediaDuration::from_millis(500)));
    mpd.drift(MediaDuration::from_millis(250));
    let text = rendered(&mpd, &all, false);
    let read = dash_mpd::parse(&text).unwrap();
    let set = &read.periods[0].adaptations[1];
    let template = set.SegmentTemplate.as_ref().unwrap();
    assert_eq!((template.availabilityTimeOffset, template.availabilityTimeComplete), (Some(1.5), Some(false)));
    let latency = &read.ServiceDescription[0].Latency[0];
    assert_eq!((latency.target, latency.referenceId.as_deref()), (Some(2000.0), Some("0")));
    let reference = &set.ProducerReferenceTime[0];
    assert_eq!(reference.presentationTime, template.presentationTimeOffset);
    // The wall clock of the period's start is that of the presentation's beginning and the period's start.
    assert!(text.contains("wallClockTime=\"1970-01-01T00:00:50.250Z\""), "{text}");
    assert!(text.contains("availabilityStartTime=\"1970-01-01T00:00:50.250"), "{text}");
    // Shaka Player adds it to the latency that the description names.
    assert_eq!(read.suggestedPresentationDelay, None);
    // On demand, everything is there.
    assert!(!rendered(&mpd, &all, true).contains("availabilityTime"));
    mpd.parts(None);
    mpd.drift(MediaDuration::ZERO);
    assert_eq!(rendered(&mpd, &all, false), before);
}

/// Shaka Player plays as much later as the least offset that it ever saw is less than the others.
#[test]
fn a_short_segment_that_is_a_period_says_no_less_of_when_its_parts_are_there() {
    let all = segments(&[1200, 2000, 2000, 700, 1300, 2000]);
    let mut mpd = followed(&all);
    mpd.parts(Some(MediaDuration::from_millis(500)));
    let text = rendered(&mpd, &all, false);
    assert_eq!(periods(&text).len(), 4, "{text}");
    assert_eq!(text.matches("availabilityTimeOffset=\"1.500000000\"").count(), 8, "{text}");
    // Also while it is the newest, and may go on: players read that MPD, too.
    let mut mpd = followed(&all[..5]);
    mpd.parts(Some(MediaDuration::from_millis(500)));
    let newest = rendered(&mpd, &all[..5], false);
    assert!(periods(&newest)[2].contains(" 117000/90000 "), "{newest}");
    assert_eq!(newest.matches("availabilityTimeOffset=\"1.500000000\"").count(), 6, "{newest}");
}

#[test]
fn a_break_that_runs_is_told_of_in_each_period_and_ends_in_each() {
    let asked = millis(51_000);
    let avail = Arc::new(Avail { id: 7, asked, start: asked, duration: None, section: Bytes::from_static(b"\xFC") });
    let mut all = segments(&[1000, 1000, 500, 1000, 1000, 1000]);
    for (n, phase) in [(1, CuePhase::Out), (2, CuePhase::Within), (3, CuePhase::Within), (4, CuePhase::In(None))] {
        all[n].cues = Arc::from([SegmentCue { avail: Arc::clone(&avail), phase }]);
    }
    let running = rendered(&followed(&all[..4]), &all[..4], false);
    assert_eq!(running.matches("<Event presentationTime=\"4590000\" id").count(), 2, "{running}");
    let over = rendered(&followed(&all), &all, false);
    assert_eq!(over.matches("<Event presentationTime=\"4590000\" duration=\"225000\"").count(), 2, "{over}");
}

/// FFmpeg takes what lies before the beginning for a number far ahead, and asks for one segment for ever.
#[test]
fn a_young_presentation_does_not_go_back_before_its_beginning() {
    let depth = |count: usize| {
        let all = segments(&vec![2000; count]);
        dash_mpd::parse(&rendered(&followed(&all), &all, false)).unwrap().timeShiftBufferDepth.unwrap().as_secs()
    };
    assert_eq!([1, 2, 3, 30, 31, 40].map(depth), [2, 2, 4, 58, 60, 60]);
}
