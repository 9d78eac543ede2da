//! One entry of a timeline: what every rendition has for the same stretch of time.

use std::sync::Arc;

use crate::{
    media::{CuePhase, Pack, SegmentCue},
    time::{MediaDuration, MediaTime},
};

/// The addressable unit: one fragment of every rendition, all starting on the same IDR. Cloning copies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Counts up by one from segment to segment of a channel; HLS media sequence number.
    pub sequence: u64,
    /// The boundary at which it starts, since the channel's epoch.
    pub start: MediaTime,
    /// To the next boundary.
    pub duration: MediaDuration,
    /// It does not start where the one before ended.
    pub is_discontinuous: bool,
    /// What each rendition holds, in the order of the presentation's tracks.
    pub spans: Arc<[Span]>,
    /// The avails that it begins, ends, lies in or comes before; mostly none.
    pub cues: Arc<[SegmentCue]>,
    /// Its place among those that make one segment of HLS with transport streams; its timeline gives it.
    pub pack: Pack,
}

/// One rendition's part of a segment, in ticks of the rendition's timescale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// Presentation time of its first access unit: the fragment's `tfdt` and the number in its URL.
    pub start: u64,
    /// Sum of the access units' durations.
    pub duration: u32,
    /// Size of the fragment; zero where the rendition has nothing here.
    pub bytes: u32,
}

/// Measured bits per second of one rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bitrates {
    /// Of the fullest segment.
    pub peak: u64,
    /// Of all segments together.
    pub mean: u64,
}

impl Segment {
    /// Where it ends: the start of the next segment where there is no gap.
    #[must_use]
    pub const fn end(&self) -> MediaTime {
        self.start.plus(self.duration)
    }

    /// Whether it starts with an out point or an in point.
    pub(crate) fn is_splice(&self) -> bool {
        self.cues.iter().any(|cue| matches!(cue.phase, CuePhase::Out | CuePhase::In(_)))
    }
}

impl Span {
    /// The tick at which it ends.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start.saturating_add(u64::from(self.duration))
    }

    /// Whether the rendition has nothing here.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        self.bytes == 0
    }
}
