//! Whether a channel encodes or passes through.

use crate::{channel::ConfigError, time::MediaDuration};

/// What a channel does with its contribution (A1.1).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Encoding {
    /// One video track in, the preset's ladder out.
    #[default]
    Standard,
    /// Every track goes through untouched; there is no slate and no idle shut-off (A2.15, A4.2).
    None(PassThrough),
}

/// How a ladder is passed through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassThrough {
    /// Tracks are collected for this much media time from the first IDR on, or until the reference rung has shown a
    /// whole GOP, at most [`LONGEST_SETTLE`](Self::LONGEST_SETTLE); 0 to that, default 2 s.
    pub settle: MediaDuration,
    /// Video rungs that are taken, the ones with most bits per second first; default 10 (A9.1).
    pub video_tracks: usize,
    /// Audio and text tracks that are taken, each; default 8.
    pub other_tracks: usize,
    /// Bytes that may wait while tracks are collected; default 64 MiB.
    pub settle_bytes: usize,
    /// The longest segment that players are told to expect (`EXT-X-TARGETDURATION`, `maxSegmentDuration`), where the first
    /// GOPs make no longer one; 0 to 60 s, default 6 s. It cannot be raised on air: a GOP that outgrows it is cut there.
    /// Players keep three times as much behind the live edge, so state less where GOPs are known to be short.
    pub longest_segment: MediaDuration,
}

impl PassThrough {
    /// The longest that tracks are collected.
    pub const LONGEST_SETTLE: MediaDuration = MediaDuration::from_secs(10);
    /// The longest segment that is told of where the reference rung showed no second IDR in that time.
    pub const LONGEST_GOP: MediaDuration = MediaDuration::from_secs(30);
}

impl Default for PassThrough {
    fn default() -> Self {
        Self {
            settle: MediaDuration::from_secs(2),
            video_tracks: 10,
            other_tracks: 8,
            settle_bytes: 64 << 20,
            longest_segment: MediaDuration::from_secs(6),
        }
    }
}

impl Encoding {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Self::None(pass) = self else { return Ok(()) };
        if pass.settle < MediaDuration::ZERO || pass.settle > PassThrough::LONGEST_SETTLE {
            return Err(ConfigError::Settle(pass.settle));
        }
        if pass.longest_segment < MediaDuration::ZERO || pass.longest_segment > MediaDuration::from_secs(60) {
            return Err(ConfigError::LongestSegment(pass.longest_segment));
        }
        let is_sound = |count: &usize| (1..=64).contains(count);
        let broken = [pass.video_tracks, pass.other_tracks].into_iter().find(|count| !is_sound(count));
        broken.map_or(Ok(()), |count| Err(ConfigError::PassThroughTracks(count)))
    }
}
