use std::sync::Arc;

use super::{
    tests::{BASE, NOW, asset, get, origin, segment, text},
    *,
};
use crate::{
    archive::rig::ladder,
    media::{Presentation, Segment},
    origin::Condition,
    time::{MediaDuration, MediaTime, Utc},
};

const PLAYLIST: &str = "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf";

fn at(n: i64) -> Option<MediaTime> {
    Some(MediaTime::ZERO.plus(MediaDuration::from_secs(2 * (BASE as i64 + n))))
}

/// Segments 0 to 99 of a program that goes on, published at /loc/ch1.ism.
fn long() -> Origin {
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &asset(), "ch1").unwrap();
    let presentation = Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH));
    let segment_duration = MediaDuration::from_secs(2);
    apply(&mut origin, TimelineChange::Opened { presentation, window: None, rewind: None, segment_duration });
    for n in 0..100 {
        apply(&mut origin, TimelineChange::Added(Segment { is_discontinuous: n == 5, ..segment(n) }));
    }
    origin
}

fn apply(origin: &mut Origin, change: TimelineChange) {
    origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
}

fn set(origin: &mut Origin, name: &str, filter: Filter) {
    origin.set_filter(None, name, filter).unwrap();
}

/// Numbers of the first and the last segment of a media playlist, and whether it has ended.
fn listed(playlist: &str) -> (u64, u64, bool) {
    let number = |line: &str| line.split_once("video=")?.1.split_once(',')?.0.parse::<u64>().ok();
    let numbers: Vec<u64> = playlist.lines().filter(|line| !line.starts_with('#')).filter_map(number).collect();
    let n = |ticks: &u64| ticks / 180_000 - BASE;
    (n(&numbers[0]), n(&numbers[numbers.len() - 1]), playlist.contains("#EXT-X-ENDLIST"))
}

fn playlist(origin: &Origin, names: &str) -> (u64, u64, bool) {
    let answer = get(origin, &format!("{PLAYLIST},filter={names})"));
    assert_eq!(answer.status, 200, "{names}: {}", text(&answer));
    listed(&text(&answer))
}

fn refused(origin: &Origin, rest: &str) -> (u16, String) {
    let answer = get(origin, rest);
    (answer.status, text(&answer))
}

#[test]
fn ranges_windows_and_back_offs_of_a_running_program_a22_5() {
    let mut origin = long();
    let secs = |secs| Some(MediaDuration::from_secs(secs));
    set(&mut origin, "later", Filter { start: at(40), ..Filter::default() });
    set(&mut origin, "minute", Filter { window: secs(60), ..Filter::default() });
    set(&mut origin, "behind", Filter { backoff: secs(20), ..Filter::default() });
    set(&mut origin, "until", Filter { end: at(50), ..Filter::default() });
    set(&mut origin, "clip", Filter { start: at(40), end: at(50), force_end: true, ..Filter::default() });
    assert_eq!(playlist(&origin, "later"), (40, 99, false));
    assert_eq!(playlist(&origin, "minute"), (70, 99, false));
    assert_eq!(playlist(&origin, "behind"), (0, 89, false));
    assert_eq!(playlist(&origin, "minute;behind"), (70, 89, false), "effects add up");
    assert_eq!(playlist(&origin, "until"), (0, 99, false), "an end waits for that of the program");
    assert_eq!(playlist(&origin, "clip"), (40, 49, true));
    // A fragment that straddles an edge is listed (A22.4).
    let within = |n: i64| at(n).map(|at| at.plus(MediaDuration::from_millis(700)));
    set(&mut origin, "odd", Filter { start: within(40), end: within(50), force_end: true, ..Filter::default() });
    assert_eq!(playlist(&origin, "odd"), (40, 50, true));
    let text = text(&get(&origin, &format!("{PLAYLIST},filter=later)")));
    assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:40\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{text}");
    apply(&mut origin, TimelineChange::Ended);
    assert_eq!(playlist(&origin, "minute;behind"), (0, 99, true), "of live presentations only");
    assert_eq!(playlist(&origin, "until"), (0, 49, true));
}

#[test]
fn every_protocol_is_filtered_and_playlists_are_told_a22_2() {
    let mut origin = long();
    set(&mut origin, "clip", Filter { start: at(40), end: at(50), force_end: true, ..Filter::default() });
    let video = || vec![vec![Condition::new("Type", "Equal", "video").unwrap()]];
    set(&mut origin, "pictures", Filter { tracks: video(), ..Filter::default() });
    set(&mut origin, "low", Filter { first_quality: Some(300_000), ..Filter::default() });
    let master = text(&get(&origin, "Manifest(filter=clip;low,format=m3u8-cmaf)"));
    let urls: Vec<&str> = master.lines().filter(|line| !line.starts_with('#')).collect();
    let url = |rate| format!("QualityLevels({rate})/Manifest(video,format=m3u8-cmaf,filter=clip;low).m3u8");
    assert_eq!(urls, [url(200_000), url(3_500_000)], "the first quality is the first");
    assert!(master.contains("URI=\"QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf,filter=clip;low).m3u8\""));
    assert_eq!(get(&origin, urls[0]).status, 200);
    let mpd = text(&get(&origin, "Manifest(format=mpd-time-cmaf,filter=clip)"));
    assert!(mpd.contains("type=\"static\"") && mpd.contains("mediaPresentationDuration=\"PT20S\""), "{mpd}");
    assert!(mpd.contains("start=\"PT0S\"") && mpd.contains(" r=\"9\"/>"), "{mpd}");
    let smooth = text(&get(&origin, "Manifest(filter=clip)"));
    assert!(smooth.contains("Duration=\"200000000\"") && smooth.contains(" r=\"10\"/>"), "{smooth}");
    let mpd = text(&get(&origin, "Manifest(format=mpd-time-cmaf,filter=pictures)"));
    // Two rungs, and their key frames.
    assert!(!mpd.contains("audio") && mpd.matches("<Representation").count() == 4, "{mpd}");
    assert_eq!(get(&origin, "QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf,filter=pictures)").status, 404);
    // What was rendered is forgotten with the next segment.
    set(&mut origin, "behind", Filter { backoff: Some(MediaDuration::from_secs(20)), ..Filter::default() });
    assert_eq!(playlist(&origin, "behind").1, 89);
    apply(&mut origin, TimelineChange::Added(segment(100)));
    assert_eq!(playlist(&origin, "behind").1, 90);
    set(&mut origin, "behind", Filter { backoff: Some(MediaDuration::from_secs(40)), ..Filter::default() });
    assert_eq!(playlist(&origin, "behind").1, 80);
}

#[test]
fn the_filter_of_an_asset_goes_before_that_of_the_account_a22_1() {
    let mut origin = long();
    set(&mut origin, "cut", Filter { start: at(10), ..Filter::default() });
    origin.set_filter(Some(&asset()), "cut", Filter { start: at(20), ..Filter::default() }).unwrap();
    assert_eq!(playlist(&origin, "cut").0, 20);
    assert!(origin.remove_filter(Some(&asset()), "cut") && !origin.remove_filter(Some(&asset()), "cut"));
    assert_eq!(playlist(&origin, "cut").0, 10);
    assert!(origin.remove_filter(None, "cut"));
    assert_eq!(get(&origin, &format!("{PLAYLIST},filter=cut)")).status, 404);
    let nobody = AssetName::new("nobody").unwrap();
    assert_eq!(origin.set_filter(Some(&nobody), "x", Filter::default()), Err(FilterError::NoAsset(nobody)));
}

#[test]
fn what_filters_ask_of_an_asset_and_do_not_get_has_the_codes_of_a27() {
    let mut origin = long();
    let secs = |secs| Some(MediaDuration::from_secs(secs));
    let of = |error: OriginError| (error.status(), format!("{error}\n"));
    let none = Filter::default;
    let texts = vec![vec![Condition::new("Type", "Equal", "text").unwrap()]];
    set(&mut origin, "texts", Filter { tracks: texts, ..none() });
    set(&mut origin, "first", Filter { first_quality: Some(1), ..none() });
    set(&mut origin, "second", Filter { first_quality: Some(2), ..none() });
    set(&mut origin, "short", Filter { backoff: secs(5), ..none() });
    set(&mut origin, "ahead", Filter { start: at(90), end: at(101), force_end: true, ..none() });
    set(&mut origin, "minute", Filter { window: secs(60), ..none() });
    set(&mut origin, "long", Filter { backoff: secs(61), ..none() });
    for n in 0..11 {
        set(&mut origin, &format!("f{n}"), none());
    }
    let names = |count: usize| (0..count).map(|n| format!("f{n}")).collect::<Vec<_>>().join(";");
    let master = |names: &str| format!("Manifest(format=m3u8-cmaf,filter={names})");
    assert_eq!(refused(&origin, &master("texts")), of(OriginError::FilterRemovedAllStreams));
    assert_eq!(refused(&origin, &master("first;second")), of(OriginError::FilterFirstQualities));
    assert_eq!(refused(&origin, &master("short")), of(OriginError::HlsSegmentTooLarge));
    assert_eq!(get(&origin, "Manifest(format=mpd-time-cmaf,filter=short)").status, 200, "a rule of HLS");
    assert_eq!(refused(&origin, &master("ahead")), of(OriginError::FilterForceEndLeftWindow));
    assert_eq!(refused(&origin, &master("minute;long")), of(OriginError::FilterBackoffOverWindow));
    assert_eq!(refused(&origin, &master("nobody")), of(OriginError::FilterNotFound));
    assert_eq!(get(&origin, &master(&names(10))).status, 200);
    assert_eq!(refused(&origin, &master(&names(11))), of(OriginError::FilterCountOverLimit));
    for bad in ["", ";", "a;", "a b"] {
        assert_eq!(get(&origin, &master(bad)).status, 400, "{bad:?}");
    }
    let fragment = "QualityLevels(200000)/Fragments(video=0,format=m3u8-cmaf,filter=f1)";
    assert_eq!(get(&origin, fragment).status, 400, "media is not filtered");
    // Seven segments of two seconds are all that this one shows.
    let mut short = super::tests::origin();
    set(&mut short, "long", Filter { backoff: secs(15), ..none() });
    assert_eq!(refused(&short, &master("long")), of(OriginError::FilterBackoffOverDvrWindow));
}

/// FAULTS row 58.
#[test]
fn start_over_and_catch_up_are_whole_or_not_at_all() {
    let origin = origin();
    let answer = |format: &str, query: &str| {
        let path = format!("/loc/ch1.ism/{format}");
        match origin.handle(&Request { query: Some(query), ..Request::get(&path) }, NOW) {
            Reply::Response(response) => response,
            other => panic!("{other:?}"),
        }
    };
    // Segments 3 to 9 are there.
    let second = |n: u64| 2 * (BASE + n);
    let media = format!("{PLAYLIST})");
    let of = |start: u64, end: u64| answer(&media, &format!("start={}&end={}", second(start), second(end)));
    assert_eq!(listed(&text(&of(4, 7))), (4, 6, true));
    assert_eq!(listed(&text(&of(3, 10))), (3, 9, true));
    assert_eq!(listed(&text(&of(4, 12))), (4, 9, false), "it goes on until then");
    assert_eq!(listed(&text(&answer(&media, &format!("start={}", second(5))))), (5, 9, false), "start-over");
    assert_eq!([of(2, 7).status, of(10, 12).status, of(1, 3).status, of(7, 4).status], [404, 404, 404, 400]);
    let micro = answer(&media, &format!("start={}.0&end={}.000001", second(4), second(4)));
    assert_eq!(listed(&text(&micro)), (4, 4, true), "the fragment that it lies in");
    let query = format!("start={}&end={}", second(4), second(7));
    let master = text(&answer("Manifest(format=m3u8-cmaf)", &query));
    let url = master.lines().find(|line| line.starts_with("QualityLevels")).unwrap();
    let (rest, query) = url.split_once('?').unwrap();
    assert_eq!(listed(&text(&answer(rest, query))), (4, 6, true));
    let mpd = text(&answer("Manifest(format=mpd-time-cmaf)", query));
    assert!(mpd.contains("type=\"static\"") && mpd.contains("mediaPresentationDuration=\"PT6S\""), "{mpd}");
}
