//! Decoded pictures that wait for their turn.
//!
//! A codec library gives pictures out in decode order or in one that it guesses. Here each waits until the decode clock
//! reaches its `pts`: exact for every well-formed stream (Rec. ITU-T H.264 clause C.4.5.3 has the same result by counting).

use crate::{media::Frame, time::MediaTime};

/// Pictures out of a library whose turn has not come.
pub(super) struct PresentationOrder {
    /// The earliest last.
    frames: Vec<Frame>,
}

impl PresentationOrder {
    pub(super) const fn new() -> Self {
        Self { frames: Vec::new() }
    }

    /// Puts a picture to its place among those held.
    pub(super) fn insert(&mut self, frame: Frame) {
        let place = self.frames.partition_point(|held| held.pts > frame.pts);
        self.frames.insert(place, frame);
    }

    /// Gives out what is due when the decode clock stands at `dts`: no later unit can be shown before its own `dts`.
    pub(super) fn release(&mut self, dts: MediaTime, out: &mut Vec<Frame>) {
        while self.frames.last().is_some_and(|frame| frame.pts <= dts || self.frames.len() > MOST_HELD) {
            out.extend(self.frames.pop());
        }
    }

    /// Gives out all there is.
    pub(super) fn release_all(&mut self, out: &mut Vec<Frame>) {
        out.extend(std::iter::from_fn(|| self.frames.pop()));
    }
}

/// Most pictures held for their turn (Table A-1 allows 16 in the decoded picture buffer).
pub(super) const MOST_HELD: usize = 17;
