//! Decoded pictures that wait for their turn, and the times by which it comes.
//!
//! A codec library gives pictures out in an order that it guesses. Here each carries the `pts` of its access unit through the
//! library, as a tag, and waits until the decode clock reaches it: exact for every well-formed stream (Rec. ITU-T H.264
//! clause C.4.5.3 has the same result by counting).

use crate::{media::Frame, time::MediaTime};

/// Pictures out of a library whose turn has not come.
pub(super) struct PresentationOrder {
    /// Times of the access units in the library: a picture carries the low bits of its place here.
    times: [MediaTime; TIMES],
    fed: u64,
    /// The earliest last.
    frames: Vec<Frame>,
}

impl PresentationOrder {
    pub(super) const fn new() -> Self {
        Self { times: [MediaTime::ZERO; TIMES], fed: 0, frames: Vec::new() }
    }

    /// Notes the time of an access unit; the tag under which its picture comes back.
    pub(super) fn note(&mut self, pts: MediaTime) -> u64 {
        let tag = self.fed % TIMES as u64;
        if let Some(time) = self.times.get_mut(tag as usize) {
            *time = pts;
        }
        self.fed += 1;
        tag
    }

    /// The time of the access unit that was noted under `tag`.
    pub(super) fn time(&self, tag: u64) -> MediaTime {
        self.times.get(tag as usize % TIMES).copied().unwrap_or_default()
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

/// Access units whose times are remembered: more than the 16 pictures that a decoder may hold back, with room to spare.
const TIMES: usize = 64;
/// Most pictures held for their turn (Table A-1 allows 16 in the decoded picture buffer).
pub(super) const MOST_HELD: usize = 17;
