use std::{sync::Arc, time::Duration};

use super::{
    tests::{BASE, NOW, asset, get, origin, segment, text},
    *,
};
use crate::{
    archive::rig::ladder,
    media::{Presentation, Segment},
    origin::Filter,
    time::{MediaDuration, MediaTime, Utc},
};

const NUMBERS: &str = "Manifest(format=mpd-number-cmaf)";

fn apply(origin: &mut Origin, change: TimelineChange) {
    origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
}

/// The first period of an MPD: its id, when it starts, the number that it starts with, and the offset of its media.
fn first(mpd: &str) -> (String, f64, u64, u64) {
    let read = dash_mpd::parse(mpd).unwrap();
    let period = &read.periods[0];
    let template = period.adaptations[0].SegmentTemplate.as_ref().unwrap();
    let start = period.start.unwrap().as_secs_f64();
    (period.id.clone().unwrap(), start, template.startNumber.unwrap(), template.presentationTimeOffset.unwrap())
}

#[test]
fn a_live_mpd_says_where_to_ask_for_the_time_and_that_is_answered() {
    let mut origin = origin();
    for format in ["mpd-time-cmaf", "mpd-time-csf", "mpd-number-cmaf"] {
        let mpd = text(&get(&origin, &format!("Manifest(format={format})")));
        let timing = &dash_mpd::parse(&mpd).unwrap().UTCTiming[0];
        assert_eq!(timing.schemeIdUri, "urn:mpeg:dash:utc:http-iso:2014");
        assert_eq!(timing.value.as_deref(), Some("time"), "relative to the MPD");
    }
    let now = Now::new(Duration::ZERO, Utc::from_unix_nanos(1_800_000_000_250_999_999));
    let asked = |path: &str, method| {
        let request = Request { method, if_none_match: Some("*"), ..Request::get(path) };
        let Reply::Response(response) = origin.handle(&request, now) else { panic!() };
        response
    };
    // The case of words, as A20.7 has it.
    for path in ["/loc/ch1.ism/time", "/loc/ch1.ism/Time"] {
        let answer = asked(path, Method::Get);
        assert_eq!((answer.status, text(&answer).as_str()), (200, "2027-01-15T08:00:00.250Z"));
        assert_eq!(answer.headers.get("cache-control"), Some("no-store"));
        assert_eq!(answer.headers.get("access-control-allow-origin"), Some("*"));
    }
    let head = asked("/loc/ch1.ism/time", Method::Head);
    assert_eq!((head.status, head.body.len(), head.headers.get("content-length")), (200, 0, Some("24")));
    assert_eq!(asked("/nobody/ch1.ism/time", Method::Get).status, 404);
    assert_eq!(asked("/loc/ch1.ism/time(x)", Method::Get).status, 404);
    apply(&mut origin, TimelineChange::Ended);
    assert!(!text(&get(&origin, NUMBERS)).contains("UTCTiming"), "what is over needs no clock");
}

#[test]
fn segments_by_number_are_the_stored_ones_and_the_next_is_waited_for() {
    let mut origin = origin();
    let answer = |origin: &Origin, rendition: &str, number: u64| {
        let path = format!("/loc/ch1.ism/QualityLevels({rendition}={number},format=mpd-number-cmaf)");
        match origin.handle(&Request::get(&path), NOW) {
            Reply::Need(need) => need.names()[0].to_string(),
            Reply::Response(response) => response.status.to_string(),
            Reply::Wait(wait) => format!("wait, else {}", wait.otherwise.status),
            Reply::Growing(growing) => panic!("{growing:?}"),
        }
    };
    let video = |origin: &Origin, number| answer(origin, "200000)/Fragments(video", number);
    let object = |n: u64| format!("asset-1/Video_340x192_200kbps/{}.m4s", 2 * (BASE + n) * 90_000);
    assert_eq!([3, 9].map(|n| video(&origin, n)), [3, 9].map(object));
    let sound = format!("asset-1/audio/{}.m4s", 2 * (BASE + 4) * 44_100);
    assert_eq!(answer(&origin, "64000)/Fragments(audio", 4), sound);
    assert_eq!([10, 11, 39, 40].map(|n| video(&origin, n)), ["wait, else 412", "412", "412", "404"]);
    // What left the window lately may still be in store.
    assert_eq!([video(&origin, 2), video(&origin, 9999)], [object(2), "404".into()]);
    assert_eq!(answer(&origin, "1)/Fragments(video", 4), "404");
    let init = "/loc/ch1.ism/QualityLevels(200000)/Fragments(video=i,format=mpd-number-cmaf)";
    assert!(matches!(origin.handle(&Request::get(init), NOW), Reply::Need(_)));
    apply(&mut origin, TimelineChange::Ended);
    assert_eq!(video(&origin, 10), "404");
}

/// Segments 0 to 19 and a live window of 20 s, over which an archive of an hour stands.
fn with_archive() -> Origin {
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &asset(), "ch1").unwrap();
    let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
    let secs = |secs| Some(MediaDuration::from_secs(secs));
    let (window, rewind, segment_duration) = (secs(3600), secs(80), MediaDuration::from_secs(2));
    apply(&mut origin, TimelineChange::Opened { presentation, window, rewind, segment_duration });
    (0..60).for_each(|n| apply(&mut origin, TimelineChange::Added(segment(n))));
    origin
}

#[test]
fn a_period_of_numbers_stays_the_same_for_viewers_with_a_filter_while_the_window_moves_a22_5() {
    let mut origin = with_archive();
    let filter = Filter { window: Some(MediaDuration::from_secs(60)), ..Filter::default() };
    origin.set_filter(None, "minute", filter).unwrap();
    let filtered = "Manifest(format=mpd-number-cmaf,filter=minute)";
    let start_over = |n: u64| format!("/loc/ch1.ism/{NUMBERS}?start={}", 2 * (BASE + n));
    let from = |origin: &Origin, n| {
        let (path, query) =
            start_over(n).split_once('?').map(|(path, query)| (path.to_owned(), query.to_owned())).unwrap();
        let request = Request { query: Some(&query), ..Request::get(&path) };
        let Reply::Response(response) = origin.handle(&request, NOW) else { panic!() };
        first(&text(&response))
    };
    let before = first(&text(&get(&origin, filtered)));
    assert_eq!((before.1, before.2, before.3), (0.0, 0, 2 * BASE * 90_000));
    assert_eq!(first(&text(&get(&origin, NUMBERS))), before);
    let over = from(&origin, 35);
    assert_eq!((over.1, over.2, over.3), (0.0, 35, 2 * (BASE + 35) * 90_000));
    (60..75).for_each(|n| apply(&mut origin, TimelineChange::Added(segment(n))));
    assert_eq!(first(&text(&get(&origin, filtered))), before);
    assert_eq!(from(&origin, 35), over);
    // Its oldest segments leave the archive.
    apply(&mut origin, TimelineChange::Trimmed { before: 30 });
    assert_eq!(first(&text(&get(&origin, filtered))), before);
}

#[test]
fn what_is_held_back_is_made_later_for_players_that_go_by_the_clock_a22_5() {
    let mut origin = with_archive();
    let filter = Filter { backoff: Some(MediaDuration::from_secs(20)), ..Filter::default() };
    origin.set_filter(None, "behind", filter).unwrap();
    let begins = |rest: &str| dash_mpd::parse(&text(&get(&origin, rest))).unwrap().availabilityStartTime.unwrap();
    let (now, later) = (begins(NUMBERS), begins("Manifest(format=mpd-number-cmaf,filter=behind)"));
    assert_eq!((later - now).num_seconds(), 20);
    let by_time = ["Manifest(format=mpd-time-cmaf)", "Manifest(format=mpd-time-cmaf,filter=behind)"].map(begins);
    assert_eq!(by_time, [now, now], "their timelines say what is there");
}

#[test]
fn a_clip_by_numbers_is_whole_a22_5() {
    let mut origin = with_archive();
    let at = |n: u64| Some(MediaTime::ZERO.plus(MediaDuration::from_secs(2 * (BASE + n) as i64)));
    let filter = Filter { start: at(40), end: at(50), force_end: true, ..Filter::default() };
    origin.set_filter(None, "clip", filter).unwrap();
    let mpd = text(&get(&origin, "Manifest(format=mpd-number-cmaf,filter=clip)"));
    let found = first(&mpd);
    assert_eq!((found.1, found.2), (0.0, 40));
    assert!(mpd.contains("type=\"static\"") && mpd.contains("endNumber=\"49\""), "{mpd}");
}

#[test]
fn a_discontinuity_begins_a_period_of_numbers_and_no_other() {
    let mut origin = origin();
    apply(&mut origin, TimelineChange::Added(Segment { is_discontinuous: true, ..segment(10) }));
    let periods = |rest: &str| dash_mpd::parse(&text(&get(&origin, rest))).unwrap().periods.len();
    assert_eq!((periods(NUMBERS), periods("Manifest(format=mpd-time-cmaf)")), (2, 1));
}

#[test]
fn patches_are_there_for_who_asks_and_nobody_is_refused() {
    let mut origin = origin();
    let mpd = "Manifest(format=mpd-time-cmaf,patch=true)";
    let held = text(&get(&origin, mpd));
    assert!(held.contains(">Patch(format=mpd-time-cmaf,from=3-9)</PatchLocation>"), "{held}");
    assert!(!text(&get(&origin, "Manifest(format=mpd-time-cmaf)")).contains("PatchLocation"));
    let ask = |origin: &Origin, from: &str| {
        let path = format!("/loc/ch1.ism/Patch(format=mpd-time-cmaf,from={from})");
        origin.handle(&Request::get(&path), NOW)
    };
    let patch = |origin: &Origin, from: &str| match ask(origin, from) {
        Reply::Response(response) => {
            assert_eq!(
                (response.status, response.headers.get("content-type")),
                (200, Some("application/dash-patch+xml"))
            );
            text(&response)
        }
        other => panic!("{other:?}"),
    };
    let fits = |patch: &str| !patch.contains("originalPublishTime=\"1970-");
    // Nothing has joined yet: the next segment is waited for, and then the client asks for all of it.
    let Reply::Wait(wait) = ask(&origin, "3-9") else { panic!() };
    assert_eq!((wait.until, wait.otherwise.status), (Duration::from_secs(4), 200));
    assert!(!fits(&text(&wait.otherwise)));
    apply(&mut origin, TimelineChange::Added(segment(10)));
    let first = patch(&origin, "3-9");
    assert!(fits(&first) && first.contains("/SegmentTimeline/S[1]\"><S t=") && first.contains("from=3-10"), "{first}");
    // The oldest leaves.
    apply(&mut origin, TimelineChange::Trimmed { before: 4 });
    assert!(patch(&origin, "3-9").contains("from=4-10"));
    for stranger in ["5-9", "4-9", "0-99", "18446744073709551615-18446744073709551615"] {
        assert!(!fits(&patch(&origin, stranger)), "{stranger}");
    }
    for bad in ["3", "3-", "-9", "03-9", "a-b", "3-9-1"] {
        let Reply::Response(refused) = ask(&origin, bad) else { panic!() };
        assert_eq!(refused.status, 400, "{bad}");
    }
    // Of a part of it there are none.
    origin.set_filter(None, "all", Filter::default()).unwrap();
    for rest in ["Manifest(format=mpd-time-cmaf,patch=true,filter=all)", "Manifest(format=mpd-time-csf,patch=true)"] {
        assert_eq!(get(&origin, rest).status, 400, "{rest}");
    }
    let path = format!("/loc/ch1.ism/{mpd}");
    let query = format!("start={}", 2 * (BASE + 5));
    let cut = Request { query: Some(&query), ..Request::get(&path) };
    let Reply::Response(cut) = origin.handle(&cut, NOW) else { panic!() };
    assert!(cut.status == 200 && !text(&cut).contains("PatchLocation"));
    apply(&mut origin, TimelineChange::Ended);
    assert!(!fits(&patch(&origin, "4-10")), "what is over is told of by the whole MPD");
    assert!(!text(&get(&origin, mpd)).contains("PatchLocation"));
}
