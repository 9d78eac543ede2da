//! The window of a timeline against a plain `Vec`, and every manifest against what the `Vec` says.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    archive::{
        AssetName, Bitrates, Pack, Packing, Presentation, Segment, Span, Timeline, TimelineChange, TimelineUpdate,
        TrackSpec,
    },
    media::{AacConfig, AudioTrack, Language, TrackFormat, TrackId},
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};
use proptest::prelude::{Strategy, prop_oneof, proptest};

const SCALE: Timescale = match Timescale::new(48_000) {
    Some(scale) => scale,
    None => panic!("48 000 is not zero"),
};

#[derive(Clone, Debug)]
enum Step {
    /// Add a segment of this many ticks and bytes, this many ticks after the last one's end.
    Add { ticks: u32, bytes: u32, gap: u32 },
    /// Keep at most this many seconds.
    Window(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap = prop_oneof![9 => 0u32..1, 1 => 1u32..500_000];
    let ticks = prop_oneof![5 => 96_000u32..96_001, 1 => 1u32..144_000];
    let add = (ticks, 0u32..2_000_000, gap).prop_map(|(ticks, bytes, gap)| Step::Add { ticks, bytes, gap });
    proptest::collection::vec(prop_oneof![4 => add, 1 => (0i64..60).prop_map(Step::Window)], 1..120)
}

fn presentation() -> Arc<Presentation> {
    let track = AudioTrack { sample_rate: 48_000, channels: 2 };
    let format = TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) });
    let spec = TrackSpec::audio(TrackId(0), "audio", 64_000, format, Language::UND);
    let packing = Packing::new(None, MediaDuration::from_secs(2));
    Arc::new(Presentation { packing, ..Presentation::new(vec![spec], Utc::UNIX_EPOCH) })
}

fn rate(bytes: u64, ticks: u64) -> u64 {
    (bytes * 8 * 48_000).div_ceil(ticks.max(1))
}

/// What the meters should say, by walking the whole window: `all` are the segments that ever were, of which the window has the last.
fn measured(all: &[Segment], model: &[Segment]) -> Bitrates {
    let spans = || model.iter().map(|segment| segment.spans[0]).filter(|span| span.bytes > 0);
    let mean = rate(spans().map(|s| u64::from(s.bytes)).sum(), spans().map(|s| u64::from(s.duration)).sum());
    let peak = (all.len() - model.len()..all.len()).filter_map(|newest| fullest(&all[..=newest])).max();
    Bitrates { peak: peak.unwrap_or(mean).max(mean), mean }
}

/// The fullest run of half a target duration to one and a half that ends with the last of these (RFC 8216 clause 4.1).
fn fullest(all: &[Segment]) -> Option<u64> {
    let behind = all.iter().rev().map(|segment| segment.spans[0]).take_while(|span| span.bytes > 0);
    let sum = behind.scan((0u64, 0u64), |sum, span| {
        *sum = (sum.0 + u64::from(span.bytes), sum.1 + u64::from(span.duration));
        Some(*sum)
    });
    let runs = sum.enumerate().take_while(|(before, (_, ticks))| *before == 0 || *ticks <= 144_000);
    runs.filter(|(_, (_, ticks))| *ticks >= 48_000).map(|(_, (bytes, ticks))| rate(bytes, ticks)).max()
}

fn get(origin: &Origin, rest: &str) -> Option<String> {
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let Reply::Response(response) = origin.handle(&Request::get(&format!("/l/n.ism/{rest}")), now) else { return None };
    (response.status == 200).then(|| String::from_utf8(response.body.to_bytes().to_vec()).unwrap())
}

/// Times and durations that an HLS media playlist lists.
fn hls(text: &str) -> Vec<u64> {
    let starts = text.lines().filter_map(|line| line.strip_prefix("Fragments(audio="));
    starts.map(|rest| rest.split(',').next().unwrap().parse().unwrap()).collect()
}

/// The first segment of each pack and the one behind its last, by their places in the list: three at most, six seconds to the nearest,
/// and none over a gap.
fn packs(all: &[Segment]) -> Vec<(usize, usize)> {
    let mut packs: Vec<(usize, usize)> = Vec::new();
    for (n, segment) in all.iter().enumerate() {
        let lasts = |first: usize| segment.end().since(all[first].start) < MediaDuration::from_millis(6450);
        match packs.last_mut() {
            Some((first, end)) if n - *first < 3 && !segment.is_discontinuous && lasts(*first) => *end = n + 1,
            _ => packs.push((n, n + 1)),
        }
    }
    packs
}

/// Times and durations that an MPD lists.
fn dash(text: &str) -> Vec<(u64, u32)> {
    let read = dash_mpd::parse(text).unwrap();
    let template = read.periods[0].adaptations[0].SegmentTemplate.clone().unwrap();
    let mut at = 0;
    let mut found = Vec::new();
    for run in template.SegmentTimeline.unwrap().segments {
        at = run.t.unwrap_or(at);
        for _ in 0..=run.r.unwrap_or(0) {
            found.push((at, run.d as u32));
            at += run.d;
        }
    }
    found
}

/// Numbers and times at which an MPD by numbers puts its segments, those of the newest period up to `newest`.
fn numbers(text: &str, newest: u64) -> Vec<(u64, f64)> {
    let read = dash_mpd::parse(text).unwrap();
    let mut found = Vec::new();
    for period in &read.periods {
        let template = period.adaptations[0].SegmentTemplate.clone().unwrap();
        let scale = template.timescale.unwrap() as f64;
        let (first, each) = (template.startNumber.unwrap(), template.duration.unwrap() / scale);
        let from = template.presentationTimeOffset.unwrap() as f64 / scale;
        let places = (first..=template.endNumber.unwrap_or(newest)).zip(0..);
        found.extend(places.map(|(number, n)| (number, from + f64::from(n) * each)));
    }
    found
}

const TRANSPORT: &str = "QualityLevels(64000)/Manifest(audio,format=m3u8-aapl)";

/// The packs that are whole and of which the window has all: only the newest may not be.
fn check_packs(origin: &Origin, all: &[Segment], model: &[Segment]) {
    let packs = packs(all);
    let is_whole = |(first, end): &(usize, usize)| end - first == 3 || *end < all.len();
    let has_left = all.len() - model.len();
    let mut listed = (0u64..).zip(&packs).filter(|(_, pack)| pack.0 >= has_left && is_whole(pack)).peekable();
    let Some((number, _)) = listed.peek().copied() else {
        assert_eq!(get(origin, TRANSPORT), None);
        return;
    };
    let playlist = get(origin, TRANSPORT).unwrap();
    assert!(playlist.contains(&format!("#EXT-X-MEDIA-SEQUENCE:{number}\n")));
    assert_eq!(hls(&playlist), listed.map(|(_, (first, _))| all[*first].spans[0].start).collect::<Vec<_>>());
    let gone = all[..packs[number as usize].0].iter().filter(|segment| segment.is_discontinuous).count();
    assert_eq!(playlist.contains("-DISCONTINUITY-SEQUENCE"), gone > 0);
    assert!(gone == 0 || playlist.contains(&format!("-DISCONTINUITY-SEQUENCE:{gone}\n")));
}

fn run(steps: Vec<Step>) {
    let presentation = presentation();
    let segment_duration = MediaDuration::from_secs(2);
    let asset = AssetName::new("a").unwrap();
    let update = |change| TimelineUpdate { asset: asset.clone(), change };
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("l", &asset, "n").unwrap();
    let opened = TimelineChange::Opened {
        presentation: Arc::clone(&presentation),
        window: None,
        rewind: None,
        segment_duration,
    };
    origin.apply(&update(opened)).unwrap();
    let mut timeline = Timeline::new(presentation, segment_duration);
    let (mut model, mut all): (Vec<Segment>, Vec<Segment>) = (Vec::new(), Vec::new());
    let (mut end, mut sequence) = (79_380_000_000_000u64, 0);
    for step in steps {
        match step {
            Step::Add { ticks, bytes, gap } => {
                let start = end + u64::from(gap);
                let segment = Segment {
                    sequence,
                    start: MediaTime::from_ticks(start as i64, SCALE),
                    duration: MediaDuration::from_ticks(ticks.into(), SCALE),
                    is_discontinuous: gap > 0,
                    spans: [Span { start, duration: ticks, bytes }].into(),
                    cues: Arc::default(),
                    pack: Pack::default(),
                };
                (end, sequence) = (start + u64::from(ticks), sequence + 1);
                timeline.append(segment.clone()).unwrap();
                origin.apply(&update(TimelineChange::Added(segment.clone()))).unwrap();
                all.push(segment);
                let packs = packs(&all);
                let (number, (first, _)) = (packs.len() as u64 - 1, packs[packs.len() - 1]);
                let (start, newest) = (all[first].start, all.len() - 1);
                all[newest].pack = Pack { number, place: (newest - first) as u8, start };
                model.push(all[newest].clone());
                // Kept up from here on, or made anew at the end.
                if sequence % 7 == 5 {
                    get(&origin, TRANSPORT);
                }
            }
            Step::Window(seconds) => {
                let Some(before) = timeline.window_start(MediaDuration::from_secs(seconds)) else { continue };
                let edge = model.last().unwrap().end().minus(MediaDuration::from_secs(seconds));
                let last = model.last().unwrap().sequence;
                model.retain(|segment| segment.end() > edge || segment.sequence == last);
                while timeline.trim(before).is_some() {}
                origin.apply(&update(TimelineChange::Trimmed { before })).unwrap();
            }
        }
        assert!(timeline.segments().eq(model.iter()));
        assert_eq!(timeline.bitrates(0), measured(&all, &model));
        for segment in &model {
            assert_eq!(timeline.find(0, segment.spans[0].start), Some(segment));
            assert_eq!(timeline.find(0, segment.spans[0].start + 1), None);
        }
    }
    let spans: Vec<_> = model.iter().map(|segment| (segment.spans[0].start, segment.spans[0].duration)).collect();
    if spans.is_empty() {
        assert_eq!(get(&origin, "Manifest(format=mpd-time-cmaf)"), None);
        return;
    }
    let playlist = get(&origin, "QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf)").unwrap();
    assert_eq!(hls(&playlist), spans.iter().map(|(start, _)| *start).collect::<Vec<_>>());
    assert!(playlist.contains(&format!("#EXT-X-MEDIA-SEQUENCE:{}\n", model[0].sequence)));
    check_packs(&origin, &all, &model);
    assert_eq!(dash(&get(&origin, "Manifest(format=mpd-time-cmaf)").unwrap()), spans);
    let newest = model.last().unwrap().sequence;
    let listed = numbers(&get(&origin, "Manifest(format=mpd-number-cmaf)").unwrap(), newest);
    // The first period may have begun with segments that are gone.
    let listed: Vec<_> = listed.into_iter().skip_while(|(number, _)| *number < model[0].sequence).collect();
    assert_eq!(listed.len(), model.len());
    for (segment, (number, place)) in model.iter().zip(listed) {
        let (start, lasts) =
            (segment.spans[0].start as f64 / 48_000.0, f64::from(segment.spans[0].duration) / 48_000.0);
        assert_eq!(number, segment.sequence);
        assert!((start - place).abs() <= 3.0 / 20.0 + 1e-6, "{number} of {lasts} s is at {start} and not {place}");
    }
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_timeline_and_its_manifests_are_like_a_plain_list(steps in steps()) {
        run(steps);
    }
}
