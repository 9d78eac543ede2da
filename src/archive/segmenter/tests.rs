use super::*;
use crate::{
    archive::{
        SegmentFault,
        rig::{ladder, pictures, sound},
    },
    media::{Body, Span},
    time::{MediaDuration, Timescale},
    wire::mp4::Fragment,
};

const T0: MediaTime = MediaTime::from_flicks(1_800_000_000 * 705_600_000);

fn seconds(n: i64) -> MediaTime {
    T0.plus(MediaDuration::from_secs(n))
}

/// Six seconds of two rungs and audio, fed in an order that `turn` chooses.
fn fed(mut turn: impl FnMut(usize) -> usize) -> Vec<SealedSegment> {
    let mut segmenter = Segmenter::new(ladder(), SegmenterLimits::default());
    let mut feeds = [pictures(0, T0, 0..181), pictures(1, T0, 0..181), sound(2, T0, -2..262)].map(VecDeque::from);
    let mut out = Vec::new();
    for n in 0..4 {
        segmenter.boundary(seconds(2 * n)).unwrap();
    }
    let mut step = 0;
    while feeds.iter().any(|feed| !feed.is_empty()) {
        let lane = turn(step) % 3;
        step += 1;
        if let Some(unit) = feeds[lane].pop_front() {
            segmenter.push(TrackId(lane as u32), unit).unwrap();
        }
        out.extend(std::iter::from_fn(|| segmenter.pull()));
    }
    segmenter.finish(seconds(6).plus(MediaDuration::from_ticks(3000, Timescale::MPEG)));
    out.extend(std::iter::from_fn(|| segmenter.pull()));
    out
}

#[test]
fn segments_do_not_depend_on_the_interleaving() {
    let by_turns = fed(|step| step);
    assert_eq!(by_turns, fed(|step| step / 100));
    assert_eq!(by_turns, fed(|step| step * step / 7));
    assert_eq!(by_turns.len(), 4);
    assert!(by_turns.iter().all(|sealed| sealed.faults.is_empty()), "{:?}", by_turns.last().unwrap().faults);
}

#[test]
fn fragments_are_contiguous_and_rungs_are_aligned() {
    let sealed = fed(|step| step);
    for (n, one) in sealed.iter().enumerate() {
        assert_eq!(one.segment.sequence, n as u64);
        assert_eq!(one.segment.spans[0].start, one.segment.spans[1].start);
        assert_eq!(one.segment.spans[0].start, (1_800_000_000 + 2 * n as u64) * 90_000);
        assert!(!one.segment.is_discontinuous);
        for (body, span) in one.fragments.iter().zip(one.segment.spans.iter()) {
            let read = Fragment::parse(&body.to_bytes()).unwrap();
            assert_eq!(read.decode_time, span.start);
            assert_eq!(read.samples.iter().map(|s| s.duration).sum::<u32>(), span.duration);
            assert_eq!(read.sequence, n as u32 + 1);
            assert_eq!(span.bytes as usize, body.len());
        }
    }
    for pair in sealed.windows(2) {
        for (a, b) in pair[0].segment.spans.iter().zip(pair[1].segment.spans.iter()) {
            assert_eq!(a.end(), b.start);
        }
    }
    // The first audio frame at or after the boundary; frame 260 starts after the end.
    assert_eq!(sealed[0].segment.spans[2].start, 1_800_000_000 * 44_100);
    let audio: u32 = sealed.iter().map(|one| one.segment.spans[2].duration).sum();
    assert_eq!(audio, 260 * 1024);
}

#[test]
fn reordered_pictures_keep_their_presentation_times() {
    let mut segmenter = Segmenter::new(vec![ladder().remove(0)], SegmenterLimits::default());
    let frame = MediaDuration::from_ticks(3000, Timescale::MPEG);
    segmenter.boundary(T0).unwrap();
    segmenter.boundary(seconds(2)).unwrap();
    // Decode order I P B P B …: delay of one picture.
    for n in 0..61 {
        let mut unit = pictures(0, T0, n..n + 1).remove(0);
        unit.dts = unit.pts.minus(frame);
        let swap = match (n % 60, n % 2) {
            (0, _) => 0,
            (59, _) => 0,
            (_, 1) => 1,
            _ => -1,
        };
        unit.pts = unit.pts.plus(frame.times(swap));
        segmenter.push(TrackId(0), unit).unwrap();
    }
    let sealed = segmenter.pull().unwrap();
    assert_eq!(sealed.faults, []);
    let read = Fragment::parse(&sealed.fragments[0].to_bytes()).unwrap();
    assert_eq!(read.decode_time, 1_800_000_000 * 90_000);
    let offsets: Vec<_> = read.samples.iter().take(4).map(|sample| sample.composition_offset).collect();
    assert_eq!(offsets, [0, 3000, -3000, 3000]);
    assert_eq!(read.samples.iter().map(|sample| sample.duration).sum::<u32>(), 180_000);
}

#[test]
fn a_rung_that_misses_its_idr_or_everything_is_reported_and_stored() {
    let mut segmenter = Segmenter::new(ladder(), SegmenterLimits::default());
    segmenter.boundary(T0).unwrap();
    segmenter.boundary(seconds(2)).unwrap();
    let mut late = pictures(0, T0, 1..61);
    late.drain(..).for_each(|unit| segmenter.push(TrackId(0), unit).unwrap());
    pictures(1, T0, 60..61).drain(..).for_each(|unit| segmenter.push(TrackId(1), unit).unwrap());
    sound(2, T0, 0..88).drain(..).for_each(|unit| segmenter.push(TrackId(2), unit).unwrap());
    let sealed = segmenter.pull().unwrap();
    let first = T0.plus(MediaDuration::from_ticks(3000, Timescale::MPEG));
    assert_eq!(
        sealed.faults,
        [
            SegmentFault::Misaligned { track: TrackId(0), start: T0, first, is_random_access: false },
            SegmentFault::Missing { track: TrackId(1), start: T0 },
        ]
    );
    let start = 1_800_000_000 * 90_000;
    assert_eq!(sealed.segment.spans[1], Span { start, duration: 180_000, bytes: 0 });
    assert_eq!((sealed.segment.spans[0].start, sealed.segment.spans[0].duration), (start, 180_000));
}

#[test]
fn a_restart_is_a_discontinuity_and_the_order_is_kept() {
    let mut segmenter = Segmenter::new(vec![ladder().remove(0)], SegmenterLimits::default());
    segmenter.boundary(T0).unwrap();
    pictures(0, T0, 0..30).drain(..).for_each(|unit| segmenter.push(TrackId(0), unit).unwrap());
    segmenter.finish(seconds(1));
    assert!(!segmenter.pull().unwrap().segment.is_discontinuous);
    assert!(matches!(segmenter.boundary(T0), Err(SegmenterError::BoundaryOrder { .. })));
    segmenter.boundary(seconds(10)).unwrap();
    segmenter.boundary(seconds(12)).unwrap();
    pictures(0, seconds(10), 0..61).drain(..).for_each(|unit| segmenter.push(TrackId(0), unit).unwrap());
    let again = segmenter.pull().unwrap().segment;
    assert!(again.is_discontinuous);
    assert_eq!((again.sequence, again.start), (1, seconds(10)));
    let late = pictures(0, T0, 0..1).remove(0);
    assert!(matches!(segmenter.push(TrackId(0), late), Err(SegmenterError::UnitOrder { .. })));
}

#[test]
fn every_ceiling_has_its_error() {
    let limits = SegmenterLimits { fragment_bytes: 100, fragment_units: 3, open_segments: 2 };
    let mut segmenter = Segmenter::new(ladder(), limits);
    let named = |result: Result<(), SegmenterError>| match result {
        Err(SegmenterError::Limit(limit)) => limit.what,
        other => panic!("{other:?}"),
    };
    let mut units = pictures(0, T0, 0..200);
    units.truncate(4);
    let big = AccessUnit { data: vec![0; 101].into(), ..units[0].clone() };
    assert_eq!(named(segmenter.push(TrackId(0), big)), "bytes in a fragment");
    let over = units.pop().unwrap();
    units.drain(..).for_each(|unit| segmenter.push(TrackId(0), unit).unwrap());
    assert_eq!(named(segmenter.push(TrackId(0), over.clone())), "access units in a fragment");
    segmenter.boundary(T0).unwrap();
    segmenter.boundary(over.pts).unwrap();
    assert_eq!(named(segmenter.boundary(seconds(4))), "open segments");
    segmenter.push(TrackId(0), over.clone()).unwrap();
    assert_eq!(segmenter.push(TrackId(9), over), Err(SegmenterError::UnknownTrack(TrackId(9))));
}

#[test]
fn what_has_no_place_in_a_segment_is_counted_i5() {
    let mut segmenter = Segmenter::new(ladder(), SegmenterLimits::default());
    segmenter.set_patience(0, &[], MediaDuration::ZERO);
    let push = |segmenter: &mut Segmenter, units: Vec<AccessUnit>| {
        let mut refused = 0;
        units.into_iter().for_each(|unit| refused += u64::from(segmenter.push(unit.track, unit).is_err()));
        refused
    };
    segmenter.boundary(T0).unwrap();
    // What encoders prime themselves with is not counted.
    assert_eq!(push(&mut segmenter, sound(2, T0, -2..88)), 0);
    let (mut pushed, mut sealed) = (0, Vec::new());
    // The second rung dies in its first GOP and comes back in the midst of its third.
    for (rung, range) in [(1, 0..30), (0, 0..125), (1, 150..241), (0, 125..241)] {
        for unit in pictures(rung, T0, range) {
            if unit.track == TrackId(0) && unit.is_random_access && unit.pts > T0 {
                segmenter.boundary(unit.pts).unwrap();
            }
            pushed += 1;
            assert_eq!(push(&mut segmenter, vec![unit]), 0);
            sealed.extend(std::iter::from_fn(|| segmenter.pull()));
        }
    }
    // Then what comes is parted, and something lies before what comes next.
    segmenter.pause(seconds(8).plus(MediaDuration::from_ticks(3000, Timescale::MPEG)));
    segmenter.boundary(seconds(10)).unwrap();
    pushed += 60;
    assert_eq!(push(&mut segmenter, pictures(0, T0, 270..330)), 0);
    segmenter.finish(seconds(11));
    let sealed = sealed.into_iter().chain(std::iter::from_fn(|| segmenter.pull()));
    let stored = |body: &Body| Fragment::parse(&body.to_bytes()).map_or(0, |fragment| fragment.samples.len() as u64);
    let stored: u64 = sealed.map(|one| one.fragments[..2].iter().map(stored).sum::<u64>()).sum();
    let mut left_out = [0; 3];
    while let Some((track, count)) = segmenter.pull_left_out() {
        left_out[track.0 as usize] += count;
    }
    assert_eq!(left_out[..2], [30, 60]);
    assert_eq!(stored + left_out[0] + left_out[1], pushed);
}
