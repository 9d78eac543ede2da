//! Decoded pictures that wait for their turn.
//!
//! A codec library gives pictures out in decode order or in one that it guesses. Here each waits until the decode clock
//! reaches its `pts`: exact for every well-formed stream (Rec. ITU-T H.264 clause C.4.5.3 has the same result by counting).
//! Where pictures show before they decode, as encoders with negative composition times have them (FAULTS row 39), the clock
//! is behind by the most that was seen of that.

use crate::{
    media::{AccessUnit, Frame},
    time::MediaDuration,
};

/// Pictures out of a library whose turn has not come.
pub(super) struct PresentationOrder {
    /// The earliest last.
    frames: Vec<Frame>,
    /// How long before their decode times pictures show at most.
    early: MediaDuration,
}

impl PresentationOrder {
    pub(super) const fn new() -> Self {
        Self { frames: Vec::new(), early: MediaDuration::ZERO }
    }

    /// Puts a picture to its place among those held.
    pub(super) fn insert(&mut self, frame: Frame) {
        let place = self.frames.partition_point(|held| held.pts > frame.pts);
        self.frames.insert(place, frame);
    }

    /// Gives out what is due when `unit` was the last one decoded: no later one is shown before its own decode time.
    pub(super) fn release(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) {
        self.early = self.early.max(unit.dts.since(unit.pts)).min(MOST_EARLY);
        let dts = unit.dts.minus(self.early);
        while self.frames.last().is_some_and(|frame| frame.pts <= dts || self.frames.len() > MOST_HELD) {
            out.extend(self.frames.pop());
        }
    }

    /// Gives out all there is.
    pub(super) fn release_all(&mut self, out: &mut Vec<Frame>) {
        self.early = MediaDuration::ZERO;
        out.extend(std::iter::from_fn(|| self.frames.pop()));
    }
}

/// Most pictures held for their turn (Table A-1 allows 16 in the decoded picture buffer).
pub(super) const MOST_HELD: usize = 17;
/// No picture of a stream that is what it says shows longer than this before it decodes.
const MOST_EARLY: MediaDuration = MediaDuration::from_secs(1);

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        media::{FramePool, TrackId},
        time::MediaTime,
    };

    #[test]
    fn pictures_that_show_before_they_decode_come_in_order_row_39() {
        let (mut order, mut out, pool) = (PresentationOrder::new(), Vec::new(), FramePool::new());
        // A pyramid, its first picture at composition time 0, as FLV has it: 1 decodes at 4.
        for (n, shown) in (0..10).flat_map(|group| [0, 7, 4, 2, 1, 3, 6, 5].map(|n| group * 8 + n)).enumerate() {
            let (pts, dts) = (MediaTime::from_flicks(shown), MediaTime::from_flicks(n as i64));
            let (track, duration, data) = (TrackId(0), MediaDuration::ZERO, Bytes::new());
            let (is_random_access, is_damaged) = (n == 0, false);
            order.insert(Frame::build(&pool, (2, 2), pts, |_, _, _| {}));
            order.release(&AccessUnit { track, pts, dts, duration, is_random_access, is_damaged, data }, &mut out);
        }
        order.release_all(&mut out);
        let shown: Vec<i64> = out.iter().map(|frame| frame.pts.flicks()).collect();
        assert_eq!(shown.len(), 80);
        // How early they are is known from the first group on.
        assert_eq!(shown[8..], (8..80).collect::<Vec<_>>());
    }
}
