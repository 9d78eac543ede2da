//! Segments of HLS with transport streams, each made of several fragments (A1.12, A20.15).

use std::{collections::BTreeMap, num::NonZeroU8, sync::Arc};

use super::{
    tests::{BASE, NOW, asset, get, segment, text},
    *,
};
use crate::{
    archive::{Loss, rig::ladder},
    media::{Avail, CuePhase, Packing, Presentation, Segment, SegmentCue},
    time::{MediaDuration, MediaTime, Utc},
};

const PLAYLIST: &str = "QualityLevels(3500000)/Manifest(video,format=m3u8-aapl)";
const SOUND: &str = "QualityLevels(64000)/Manifest(audio,format=m3u8-aapl)";

fn apply(origin: &mut Origin, change: TimelineChange) {
    origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
}

fn secs(secs: i64) -> MediaDuration {
    MediaDuration::from_secs(secs)
}

/// Up to three segments of 2 s to a pack, in a window of so many seconds, of which manifests show `rewind`.
fn origin(window: i64, rewind: Option<i64>) -> Origin {
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &asset(), "ch1").unwrap();
    let packing = Packing::new(NonZeroU8::new(3), secs(2));
    let presentation = Arc::new(Presentation { packing, ..Presentation::new(ladder(), Utc::UNIX_EPOCH) });
    let (window, rewind) = (Some(secs(window)), rewind.map(secs));
    apply(&mut origin, TimelineChange::Opened { presentation, window, rewind, segment_duration: secs(2) });
    origin
}

/// Packs begin with 0, 3, 6, 7 (time jumps), 10, 12 (a break begins), 15, 16 (it ends), 19 and so on.
fn of(sequence: u64) -> Segment {
    let plain = segment(sequence);
    let avail =
        Arc::new(Avail { id: 1, asked: plain.start, start: plain.start, duration: None, section: bytes::Bytes::new() });
    let cue = |phase| SegmentCue { avail: Arc::clone(&avail), phase };
    let cues = match sequence {
        12 => [cue(CuePhase::Out)].into(),
        13..16 => [cue(CuePhase::Within)].into(),
        16 => [cue(CuePhase::In(None))].into(),
        _ => Arc::default(),
    };
    Segment { is_discontinuous: sequence == 7, cues, ..plain }
}

const FIRSTS: [u64; 9] = [0, 3, 6, 7, 10, 12, 15, 16, 19];

/// Its media sequence number, and of each segment the number of its first fragment and how many seconds it lasts.
fn listed(playlist: &str) -> (u64, Vec<(u64, u64)>) {
    let number = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:")).unwrap();
    let lengths = playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:"));
    let starts = playlist.lines().filter_map(|line| line.strip_prefix("Fragments(video="));
    let whole = |text: &str, end: char| text.split(end).next().unwrap().parse::<u64>().unwrap();
    let sequence = |line| whole(line, ',') / 180_000 - BASE;
    (number.parse().unwrap(), starts.map(sequence).zip(lengths.map(|line| whole(line, '.'))).collect())
}

#[test]
fn a_playlist_lists_packs_as_they_get_whole_and_drops_them_as_they_leave() {
    let mut origin = origin(20, None);
    let add = |origin: &mut Origin, n: u64| apply(origin, TimelineChange::Added(of(n)));
    (0..2).for_each(|n| add(&mut origin, n));
    let waits = origin.handle(&Request::get(&format!("/loc/ch1.ism/{PLAYLIST}")), NOW);
    assert!(matches!(waits, Reply::Wait(_)), "{waits:?}");
    let master = origin.handle(&Request::get("/loc/ch1.ism/Manifest(format=m3u8-aapl)"), NOW);
    assert!(matches!(master, Reply::Wait(_)), "what it lists is not there: {master:?}");
    add(&mut origin, 2);
    let first = text(&get(&origin, PLAYLIST));
    assert_eq!(listed(&first), (0, vec![(0, 6)]));
    assert!(first.contains("#EXT-X-TARGETDURATION:6\n"), "{first}");
    (3..6).for_each(|n| add(&mut origin, n));
    assert_eq!(listed(&text(&get(&origin, PLAYLIST))), (0, vec![(0, 6), (3, 6)]));
    // Number 6 is alone, as becomes known with number 7.
    add(&mut origin, 6);
    assert_eq!(listed(&text(&get(&origin, PLAYLIST))), (0, vec![(0, 6), (3, 6)]));
    add(&mut origin, 7);
    assert_eq!(listed(&text(&get(&origin, PLAYLIST))), (0, vec![(0, 6), (3, 6), (6, 2)]));
    (8..10).for_each(|n| add(&mut origin, n));
    let jump = text(&get(&origin, PLAYLIST));
    assert_eq!(listed(&jump), (0, vec![(0, 6), (3, 6), (6, 2), (7, 6)]));
    let at = jump.find("#EXT-X-DISCONTINUITY\n").unwrap();
    assert!(
        jump.find("Fragments(video=324000001260000").is_none_or(|seven| at < seven) && jump[at..].contains("EXTINF:6.")
    );
    // With its first fragment it leaves.
    apply(&mut origin, TimelineChange::Trimmed { before: 1 });
    assert_eq!(listed(&text(&get(&origin, PLAYLIST))), (1, vec![(3, 6), (6, 2), (7, 6)]));
    apply(&mut origin, TimelineChange::Trimmed { before: 3 });
    assert_eq!(listed(&text(&get(&origin, PLAYLIST))), (1, vec![(3, 6), (6, 2), (7, 6)]));
    // The others have each segment by itself.
    let cmaf = text(&get(&origin, "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf)"));
    assert_eq!(listed(&cmaf), (3, (3..10).map(|n| (n, 2)).collect()));
    // What is not whole is so when nothing follows.
    add(&mut origin, 10);
    apply(&mut origin, TimelineChange::Ended);
    let ended = text(&get(&origin, PLAYLIST));
    assert_eq!(listed(&ended), (1, vec![(3, 6), (6, 2), (7, 6), (10, 2)]));
    assert!(ended.ends_with("#EXT-X-ENDLIST\n"));
}

/// RFC 8216 clauses 6.2.1 and 6.3.4: what a number stands for never changes; and it is all the same whoever asked, and when.
#[test]
fn numbers_keep_their_segments_whatever_was_asked_before() {
    for rewind in [None, Some(13), Some(18)] {
        let (mut watched, mut quiet) = (origin(20, rewind), origin(20, rewind));
        let mut known: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for n in 0..30u64 {
            for origin in [&mut watched, &mut quiet] {
                apply(origin, TimelineChange::Added(of(n)));
                if n >= 10 {
                    apply(origin, TimelineChange::Trimmed { before: n - 9 });
                }
                if n == 20 {
                    apply(
                        origin,
                        TimelineChange::Lost(
                            [(17, 0), (18, 1)].map(|(sequence, track)| Loss { sequence, track }).into(),
                        ),
                    );
                }
            }
            let Reply::Response(reply) = watched.handle(&Request::get(&format!("/loc/ch1.ism/{PLAYLIST}")), NOW) else {
                assert!(n < 2, "{n}");
                continue;
            };
            let (number, segments) = listed(&text(&reply));
            assert!(!segments.is_empty(), "{rewind:?}: {n}");
            for (number, segment) in (number..).zip(segments) {
                assert_eq!(*known.entry(number).or_insert(segment), segment, "{rewind:?}: {n}");
                assert_eq!(FIRSTS.get(number as usize).copied().unwrap_or(segment.0), segment.0);
            }
            assert!(!text(&get(&watched, SOUND)).is_empty());
        }
        for rest in [PLAYLIST, SOUND, "QualityLevels(3500000,audiotrack=audio)/Manifest(video,format=m3u8-aapl-v3)"] {
            assert_eq!(text(&get(&watched, rest)), text(&get(&quiet, rest)), "{rewind:?}: {rest}");
        }
        for origin in [&mut watched, &mut quiet] {
            apply(origin, TimelineChange::Ended);
        }
        assert_eq!(text(&get(&watched, PLAYLIST)), text(&get(&quiet, PLAYLIST)), "{rewind:?}");
    }
}

/// The objects that a request for a segment needs, in their folder; or the status of its refusal.
fn names(origin: &Origin, rest: &str) -> Result<Vec<String>, u16> {
    match origin.handle(&Request::get(&format!("/loc/ch1.ism/{rest}")), NOW) {
        Reply::Need(need) => Ok(need.names().iter().map(|name| name.as_str()["asset-1/".len()..].to_owned()).collect()),
        Reply::Response(refusal) => Err(refusal.status),
        Reply::Wait(_) => Err(0),
        other => panic!("{other:?}"),
    }
}

fn of_pictures(sequence: u64) -> String {
    format!("QualityLevels(3500000)/Fragments(video={},format=m3u8-aapl)", (BASE + sequence) * 180_000)
}

fn stored(track: &str, scale: u64, sequences: &[u64]) -> Vec<String> {
    sequences.iter().map(|n| format!("{track}/{}.m4s", 2 * (BASE + n) * scale)).collect()
}

#[test]
fn a_segment_is_made_of_the_fragments_of_its_pack() {
    let mut origin = origin(20, None);
    (0..11).for_each(|n| apply(&mut origin, TimelineChange::Added(of(n))));
    let pictures = |sequences: &[u64]| Ok(stored("Video_1280x720_3500kbps", 90_000, sequences));
    assert_eq!(names(&origin, &of_pictures(3)), pictures(&[3, 4, 5]));
    assert_eq!(names(&origin, &of_pictures(6)), pictures(&[6]));
    // Nobody was told of one that begins there.
    assert_eq!(names(&origin, &of_pictures(4)), Err(404));
    // It is not whole yet, and the one behind it not begun.
    assert_eq!([names(&origin, &of_pictures(10)), names(&origin, &of_pictures(11))], [Err(0), Err(0)]);
    // With its sound, and the sound by itself.
    let both = of_pictures(3).replacen(')', ",audiotrack=audio)", 1);
    let sound = stored("Audio_64kbps", 44_100, &[3, 4, 5]);
    let audio = names(&origin, &both).unwrap();
    assert_eq!(audio.len(), 6, "{audio:?}");
    assert_eq!(audio[..3], pictures(&[3, 4, 5]).unwrap());
    let tail =
        |names: &[String]| names.iter().map(|name| name.split('/').next_back().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(tail(&audio[3..]), tail(&sound));
    let alone = |n: u64| format!("QualityLevels(64000)/Fragments(audio={},format=m3u8-aapl)", (BASE + n) * 88_200);
    assert_eq!(tail(&names(&origin, &alone(3)).unwrap()), tail(&sound));
    // One that has just left is still there for those who know it, and so is one that leaves.
    apply(&mut origin, TimelineChange::Trimmed { before: 4 });
    assert_eq!(names(&origin, &of_pictures(0)), pictures(&[0, 1, 2]));
    assert_eq!(names(&origin, &of_pictures(3)), pictures(&[3, 4, 5]));
    // What the store has lost is left out; packed audio has one time stamp and ends there.
    let lost = [(4, 0), (4, 2), (7, 0), (7, 2), (8, 2), (9, 2)].map(|(sequence, track)| Loss { sequence, track });
    apply(&mut origin, TimelineChange::Lost(lost.into()));
    assert_eq!(names(&origin, &of_pictures(3)), pictures(&[3, 5]));
    assert_eq!(names(&origin, &of_pictures(7)), pictures(&[8, 9]));
    assert_eq!(tail(&names(&origin, &alone(3)).unwrap()), tail(&stored("", 44_100, &[3])));
    assert_eq!(names(&origin, &alone(7)), Err(404), "all of it");
    let silent = of_pictures(7).replacen(')', ",audiotrack=audio)", 1);
    assert_eq!(names(&origin, &silent), pictures(&[8, 9]), "pictures are better than nothing");
    // The last one is whole when nothing follows.
    apply(&mut origin, TimelineChange::Ended);
    assert_eq!(names(&origin, &of_pictures(10)), pictures(&[10]));
}

#[test]
fn who_starts_within_a_pack_gets_all_of_it_a22_4() {
    let mut origin = origin(60, None);
    (0..14).for_each(|n| apply(&mut origin, TimelineChange::Added(of(n))));
    let at = |n: u64| 2 * (BASE + n);
    let clip = |query: String| {
        let path = format!("/loc/ch1.ism/{PLAYLIST}");
        match origin.handle(&Request { query: Some(&query), ..Request::get(&path) }, NOW) {
            Reply::Response(response) if response.status == 200 => listed(&text(&response)),
            other => panic!("{query}: {other:?}"),
        }
    };
    assert_eq!(clip(format!("start={}", at(5))), (1, vec![(3, 6), (6, 2), (7, 6), (10, 4)]));
    assert_eq!(clip(format!("start={}&end={}", at(4), at(8) + 1)), (1, vec![(3, 6), (6, 2), (7, 6)]));
    // Who stays behind is not shown what is nearer.
    let backoff = |secs| Filter { backoff: Some(MediaDuration::from_secs(secs)), ..Filter::default() };
    for (name, secs) in [("near", 20), ("far", 25), ("short", 18)] {
        origin.set_filter(None, name, backoff(secs)).unwrap();
    }
    let behind =
        |name: &str| listed(&text(&get(&origin, &PLAYLIST.replace("format", &format!("filter={name},format")))));
    assert_eq!(behind("near"), (0, vec![(0, 6)]));
    let nothing =
        origin.handle(&Request::get(&format!("/loc/ch1.ism/{}", PLAYLIST.replace("format", "filter=far,format"))), NOW);
    assert!(matches!(nothing, Reply::Wait(_)), "not one that is nearer: {nothing:?}");
    // Three segments of HLS are 18 s here, and 6 s in fragmented MP4 (A22.6).
    let short =
        |format: &str| names(&origin, &format!("QualityLevels(3500000)/Manifest(video,filter=short,format={format})"));
    assert_eq!([short("m3u8-aapl"), short("m3u8-cmaf")], [Err(415), Err(200)]);
}

#[test]
fn a_clip_ends_when_its_last_pack_is_whole() {
    let mut origin = origin(60, None);
    (0..14).for_each(|n| apply(&mut origin, TimelineChange::Added(of(n))));
    let query = format!("start={}&end={}", 2 * (BASE + 4), 2 * (BASE + 13) + 1);
    let clip = |origin: &Origin| {
        let path = format!("/loc/ch1.ism/{PLAYLIST}");
        match origin.handle(&Request { query: Some(&query), ..Request::get(&path) }, NOW) {
            Reply::Response(response) => (response.headers.get("etag").unwrap().to_owned(), text(&response)),
            other => panic!("{other:?}"),
        }
    };
    // Players load one that has ended once.
    let (tag, early) = clip(&origin);
    assert!(!early.contains("ENDLIST") && !early.contains("PLAYLIST-TYPE:VOD"), "{early}");
    assert_eq!(listed(&early), (1, vec![(3, 6), (6, 2), (7, 6), (10, 4)]));
    apply(&mut origin, TimelineChange::Added(of(14)));
    let (final_tag, whole) = clip(&origin);
    assert!(whole.ends_with("#EXT-X-ENDLIST\n") && final_tag != tag, "{whole}");
    assert_eq!(listed(&whole), (1, vec![(3, 6), (6, 2), (7, 6), (10, 4), (12, 6)]));
    apply(&mut origin, TimelineChange::Added(of(15)));
    assert_eq!(clip(&origin), (final_tag, whole), "and never changes");
}

#[test]
fn what_is_partial_is_not_kept_in_caches() {
    let mut origin = origin(60, None);
    (0..6).for_each(|n| apply(&mut origin, TimelineChange::Added(of(n))));
    apply(&mut origin, TimelineChange::Lost([Loss { sequence: 4, track: 0 }].into()));
    let cached = |rest: &str| {
        let Reply::Need(need) = origin.handle(&Request::get(&format!("/loc/ch1.ism/{rest}")), NOW) else { panic!() };
        let (track, units) =
            (crate::archive::rig::rung(0, 1280, 720, 3500), crate::archive::rig::pictures(0, T0, 0..60));
        let mut segmenter = crate::archive::Segmenter::new(vec![track], crate::archive::SegmenterLimits::default());
        segmenter.boundary(T0).unwrap();
        units.into_iter().for_each(|unit| segmenter.push(crate::media::TrackId(0), unit).unwrap());
        segmenter.finish(T0.plus(secs(2)));
        let stored = segmenter.pull().unwrap().fragments.remove(0);
        let made = need.clone().fulfil(need.names().iter().map(|_| Some(stored.clone())));
        (made.status, made.headers.get("cache-control").unwrap().to_owned())
    };
    assert_eq!(cached(&of_pictures(0)), (200, "public, max-age=31536000, immutable".into()));
    assert_eq!(cached(&of_pictures(3)), (200, "max-age=2".into()));
}

const T0: MediaTime = MediaTime::ZERO;
