//! Which source a datagram comes from: the one on air, the one before it, or a new one (RFC 3550 Appendix A.1).

use std::time::Duration;

use super::window::{HISTORY, Window};
use crate::wire::rtp::Header;

/// The source whose datagrams are taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    /// Of its newest datagram that was taken.
    pub(super) timestamp: u32,
}

/// The source before: the slower one of two legs may still bring what it sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retired {
    source: Source,
    next: u16,
    until: Duration,
}

/// Where a datagram belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belongs {
    /// To the source on air.
    Here,
    /// To the source on air, so far back that nobody remembers whether it came.
    Past,
    /// To another source, or the source on air began anew.
    Elsewhere,
}

impl Source {
    /// Where a datagram belongs while this source is on air.
    pub(super) fn place(&self, header: &Header, window: &Window) -> Belongs {
        if header.ssrc != self.ssrc {
            return Belongs::Elsewhere;
        }
        let distance = window.distance(header.sequence);
        let step = header.timestamp.wrapping_sub(self.timestamp).cast_signed();
        // The very next number is a continuation whatever its time says.
        let is_next = distance == 0 && window.stamp_of(header.sequence).is_none();
        // Equal numbers with unequal times are no duplicates (ST 2022-7: both legs are the same, bit for bit).
        let is_same = window.stamp_of(header.sequence).is_none_or(|stamp| stamp == header.timestamp);
        // A step in numbers that could be a loss or a late packet is neither if time stepped far with it.
        if is_next || is_same && SANE.contains(&distance) && step.unsigned_abs() <= MAX_TIME_STEP {
            return Belongs::Here;
        }
        if distance < SANE.start && (-MAX_SKEW..=0).contains(&step) { Belongs::Past } else { Belongs::Elsewhere }
    }

    /// This source gives way to another one at `now`.
    pub(super) fn retire(self, window: &Window, now: Duration) -> Option<Retired> {
        let next = window.next()?;
        Some(Retired { source: self, next, until: now.saturating_add(window.wait()) })
    }
}

impl Retired {
    /// Whether the datagram was sent by the source that gave way, not long ago.
    pub(super) fn claims(&self, header: &Header, now: Duration) -> bool {
        let distance = i32::from(header.sequence.wrapping_sub(self.next).cast_signed());
        let step = header.timestamp.wrapping_sub(self.source.timestamp).cast_signed();
        now < self.until
            && header.ssrc == self.source.ssrc
            && distance.unsigned_abs() <= HISTORY as u32
            && step.unsigned_abs() <= MAX_TIME_STEP
    }
}

/// Sequence numbers so far behind or ahead are late or lost; further ones are a reset (RFC 3550 Appendix A.1 has 100 and 3 000).
const SANE: std::ops::Range<i32> = -(HISTORY as i32)..3000;
/// Ten seconds of 90 kHz.
const MAX_TIME_STEP: u32 = 900_000;
/// One second of 90 kHz: more than two legs may be apart.
const MAX_SKEW: i32 = 90_000;
