use std::sync::Arc;

use super::tests::{EDM, NULL, RCL, Run, first, packet, second, text};
use crate::{
    media::{CaptionService, FrameRate, Pack, Segment},
    time::{MediaDuration, MediaTime},
};

#[test]
fn services_are_seen_once_and_belong_to_the_segment_of_their_first_frame_a13_2() {
    let mut run = Run::new(FrameRate::FPS_30, FrameRate::FPS_30);
    let segment = |n: i64| {
        let second = |n| MediaTime::ZERO.plus(MediaDuration::from_secs(n));
        let (start, duration) = (second(n), MediaDuration::from_secs(1));
        Segment {
            sequence: n as u64,
            start,
            duration,
            is_discontinuous: false,
            spans: Arc::from([]),
            cues: Arc::default(),
            pack: Pack::default(),
        }
    };
    run.picture(&[second(NULL), first(NULL)]);
    while run.shown < 30 {
        run.picture(&[first(text(1))]);
    }
    // Text services and erasures are no captions.
    [[0x94, 0x2A], EDM].iter().for_each(|bytes| run.picture(&[first(*bytes)]));
    let extended = packet(0, 7, &[0x0C, 0x41]);
    run.picture(&[&[second([0x9D, 0x25])][..], &packet(0, 2, b"a")].concat());
    while run.shown < 60 {
        run.picture(&[]);
    }
    let mut odd = extended;
    // The extended number stands before the block, whose size does not count it.
    odd[0].bytes[1] = 7 << 5 | 1;
    run.picture(&[&[first(RCL)][..], &odd].concat());
    run.frame();
    let seen: Vec<Vec<CaptionService>> = (0..4).map(|n| run.track.services_in(&segment(n)).to_vec()).collect();
    use CaptionService::{Cea608, Cea708};
    assert_eq!(seen[0], []);
    assert_eq!(seen[1], [Cea608(4), Cea708(2)]);
    assert_eq!(seen[2], [Cea608(1), Cea608(4), Cea708(2), Cea708(12)]);
    assert_eq!(seen[3], seen[2]);
}
