use std::collections::VecDeque;

use super::*;
use crate::{
    archive::{
        Part, SealedPart, SealedSegment,
        rig::{ladder, pictures, sound},
    },
    media::Body,
    wire::mp4::Fragment,
};

const T0: MediaTime = MediaTime::from_flicks(1_800_000_000 * 705_600_000);
const LENGTH: MediaDuration = MediaDuration::from_millis(333);

fn seconds(n: i64) -> MediaTime {
    T0.plus(MediaDuration::from_secs(n))
}

/// Four seconds of two rungs and sound in parts, fed in an order that `turn` chooses and asked for parts where `asks`.
fn fed(mut turn: impl FnMut(usize) -> usize, asks: bool) -> (Vec<SealedPart>, Vec<SealedSegment>) {
    let mut segmenter = Segmenter::new(ladder(), SegmenterLimits::default());
    segmenter.cut_parts(LENGTH, MediaDuration::from_ticks(3000, crate::time::Timescale::MPEG));
    let mut feeds = [pictures(0, T0, 0..121), pictures(1, T0, 0..121), sound(2, T0, -2..175)].map(VecDeque::from);
    let (mut parts, mut segments) = (Vec::new(), Vec::new());
    (0..3).for_each(|n| segmenter.boundary(seconds(2 * n)).unwrap());
    let mut step = 0;
    while feeds.iter().any(|feed| !feed.is_empty()) {
        let lane = turn(step) % 3;
        step += 1;
        if let Some(unit) = feeds[lane].pop_front() {
            segmenter.push(TrackId(lane as u32), unit).unwrap();
        }
        loop {
            if asks {
                parts.extend(std::iter::from_fn(|| segmenter.pull_part()));
            }
            let Some(sealed) = segmenter.pull() else { break };
            segments.push(sealed);
        }
    }
    (parts, segments)
}

/// Every part in order, as an origin hears of them.
fn all(parts: &[SealedPart], segments: &[SealedSegment]) -> Vec<Part> {
    let mut all: Vec<Part> = parts.iter().map(|sealed| sealed.part.clone()).collect();
    all.extend(segments.iter().flat_map(|sealed| sealed.parts.clone()));
    all.sort_by_key(|part| (part.sequence, part.index));
    all
}

#[test]
fn parts_are_chunks_of_the_fragments_on_one_grid() {
    let (parts, segments) = fed(|step| step, true);
    assert_eq!((parts.len(), segments.len()), (10, 2));
    for sealed in &segments {
        let own: Vec<&SealedPart> = parts.iter().filter(|part| part.part.sequence == sealed.segment.sequence).collect();
        assert_eq!((own.len(), sealed.parts.len()), (5, 1), "the last one comes with the segment");
        for (track, fragment) in sealed.fragments.iter().enumerate() {
            let whole = fragment.to_bytes();
            let grown: Vec<u8> = own.iter().flat_map(|part| part.chunks[track].to_bytes()).collect();
            assert!(whole.starts_with(&grown) && grown.len() < whole.len());
            let spans: Vec<_> =
                all(&parts, &segments).into_iter().filter(|part| part.sequence == sealed.segment.sequence).collect();
            let ends: Vec<u32> = spans.iter().map(|part| part.spans[track].end()).collect();
            assert_eq!(*ends.last().unwrap(), sealed.segment.spans[track].bytes);
            assert!(spans.windows(2).all(|pair| pair[0].spans[track].end() == pair[1].spans[track].at));
            let lasts: u32 = spans.iter().map(|part| part.spans[track].duration).sum();
            assert_eq!(lasts, sealed.segment.spans[track].duration);
            assert!(spans.iter().all(|part| part.spans[track].fragment == sealed.segment.spans[track].start));
            let read = Fragment::parse(&whole).unwrap();
            assert_eq!(read.samples.iter().map(|sample| sample.duration).sum::<u32>(), lasts);
        }
    }
    let of = |track: usize| all(&parts, &segments).iter().map(|part| part.spans[track].duration).collect::<Vec<_>>();
    assert_eq!(of(0), [30_000; 12], "ten pictures each");
    assert!(of(2).iter().all(|ticks| [14, 15].contains(&(ticks / 1024))), "{:?}", of(2));
    let independent: Vec<bool> = all(&parts, &segments).iter().map(|part| part.spans[0].is_independent).collect();
    assert_eq!(independent.iter().filter(|is_it| **is_it).count(), 2);
}

#[test]
fn the_bytes_do_not_depend_on_who_asks_when() {
    let (parts, segments) = fed(|step| step, true);
    for (turn, asks) in [(7usize, true), (100, true), (1, false), (100, false)] {
        let (other_parts, other) = fed(|step| step / turn, asks);
        let bodies = |segments: &[SealedSegment]| -> Vec<(Segment, Vec<Body>)> {
            segments.iter().map(|sealed| (sealed.segment.clone(), sealed.fragments.clone())).collect()
        };
        assert_eq!(bodies(&other), bodies(&segments));
        assert_eq!(all(&other_parts, &other), all(&parts, &segments), "{turn} {asks}");
    }
}

#[test]
fn a_boundary_cuts_a_part_short_and_none_is_taken_back() {
    let mut segmenter = Segmenter::new(vec![ladder().remove(0)], SegmenterLimits::default());
    segmenter.cut_parts(LENGTH, MediaDuration::from_ticks(3000, crate::time::Timescale::MPEG));
    segmenter.boundary(T0).unwrap();
    for unit in pictures(0, T0, 0..25) {
        segmenter.push(TrackId(0), unit).unwrap();
    }
    let given = std::iter::from_fn(|| segmenter.pull_part()).count();
    assert_eq!(given, 2, "pictures 0 to 19");
    let at = |picture: i64| T0.plus(MediaDuration::from_ticks(picture * 3000, crate::time::Timescale::MPEG));
    assert!(matches!(segmenter.boundary(at(15)), Err(SegmenterError::BoundaryOrder { .. })));
    segmenter.boundary(at(24)).unwrap();
    assert!(segmenter.pull_part().is_none());
    let sealed = segmenter.pull().unwrap();
    assert_eq!(sealed.segment.duration, MediaDuration::from_millis(800));
    let [last] = sealed.parts.as_slice() else { panic!("{:?}", sealed.parts) };
    assert_eq!((last.index, last.spans[0].duration), (2, 4 * 3000));
    // What went out stands, also where everything ends before it.
    segmenter.finish(at(24));
    assert!(segmenter.pull().is_none_or(|sealed| sealed.segment.start == at(24)));
}
