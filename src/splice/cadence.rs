//! The grid that output frames and segments stand on.

use crate::{
    media::FrameRate,
    time::{MediaDuration, MediaTime},
};

/// A frame rate and the length of a GOP in whole frames, both anchored at the channel's epoch.
///
/// Frame `n` shows at `n` frame durations after the epoch, and every `gop_frames`-th frame starts a segment. Two hosts
/// with the same configuration therefore cut and number the same segments, whenever they were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    rate: FrameRate,
    frame: MediaDuration,
    gop_frames: i64,
}

impl Cadence {
    /// Frames at `rate`, segments of as many whole frames as come nearest to `gop`; at least one.
    #[must_use]
    pub fn new(rate: FrameRate, gop: MediaDuration) -> Self {
        let frame = rate.frame_duration();
        let gop_frames = ((gop.flicks() + frame.flicks() / 2) / frame.flicks()).max(1);
        Self { rate, frame, gop_frames }
    }

    /// Frames per second.
    #[must_use]
    pub const fn rate(&self) -> FrameRate {
        self.rate
    }

    /// How long one frame lasts.
    #[must_use]
    pub const fn frame(&self) -> MediaDuration {
        self.frame
    }

    /// How long a whole segment lasts.
    #[must_use]
    pub const fn gop(&self) -> MediaDuration {
        self.frame.times(self.gop_frames)
    }

    /// When frame `index` shows.
    #[must_use]
    pub const fn time_of(&self, index: i64) -> MediaTime {
        MediaTime::ZERO.plus(self.frame.times(index))
    }

    /// The first frame at or after `at`.
    #[must_use]
    pub fn at_or_after(&self, at: MediaTime) -> i64 {
        let frame = self.frame.flicks();
        at.flicks().div_euclid(frame) + i64::from(at.flicks().rem_euclid(frame) != 0)
    }

    /// Whether frame `index` starts a segment of the grid.
    #[must_use]
    pub const fn starts_gop(&self, index: i64) -> bool {
        index.rem_euclid(self.gop_frames) == 0
    }

    /// The first frame at or after `index` that starts a segment of the grid.
    #[must_use]
    pub const fn next_gop(&self, index: i64) -> i64 {
        index + (self.gop_frames - index.rem_euclid(self.gop_frames)) % self.gop_frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_whole_frames_nearest_to_two_seconds_a1_13() {
        let gop = |rate| Cadence::new(rate, MediaDuration::from_secs(2)).gop_frames;
        assert_eq!(gop(FrameRate::FPS_30), 60);
        assert_eq!(gop(FrameRate::FPS_29_97), 60);
        assert_eq!(gop(FrameRate::FPS_25), 50);
        assert_eq!(gop(FrameRate::new(24_000, 1001).unwrap()), 48);
    }

    #[test]
    fn the_grid_is_anchored_at_the_epoch() {
        let cadence = Cadence::new(FrameRate::FPS_25, MediaDuration::from_secs(2));
        let start = cadence.at_or_after(MediaTime::from_flicks(705_600_000 * 1_763_651_111 + 1));
        assert_eq!(cadence.time_of(start).flicks() % cadence.frame().flicks(), 0);
        let first = cadence.next_gop(start);
        assert!(cadence.starts_gop(first) && first >= start && first - start < 50);
        assert_eq!(cadence.time_of(first).flicks() % (2 * 705_600_000), 0);
        assert_eq!(cadence.next_gop(first), first);
    }
}
