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
    /// So many in a row are not from before it gave way: it is there again.
    returns: u8,
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
        let is_near = distance >= MAX_BEHIND && step.unsigned_abs() <= MAX_TIME_STEP;
        if is_next || is_same && is_near && is_loss(distance, step) {
            return Belongs::Here;
        }
        if distance < MAX_BEHIND && (-MAX_SKEW..=0).contains(&step) { Belongs::Past } else { Belongs::Elsewhere }
    }

    /// This source gives way to another one at `now`.
    pub(super) fn retire(self, window: &Window, now: Duration) -> Option<Retired> {
        let next = window.next()?;
        Some(Retired { source: self, next, until: now.saturating_add(window.wait()), returns: 0 })
    }
}

impl Retired {
    /// Whether the datagram was sent by the source that gave way, before it did and not long ago. A source that gave way to
    /// a stray datagram goes on sending: then what it sends is not claimed for long.
    pub(super) fn claims(&mut self, header: &Header, now: Duration) -> bool {
        let distance = i32::from(header.sequence.wrapping_sub(self.next).cast_signed());
        let step = header.timestamp.wrapping_sub(self.source.timestamp).cast_signed();
        let is_its = now < self.until
            && header.ssrc == self.source.ssrc
            && distance.unsigned_abs() <= HISTORY as u32
            && step.unsigned_abs() <= MAX_TIME_STEP;
        if is_its && distance >= 0 {
            self.returns += 1;
        }
        is_its && self.returns < RETURNS
    }

    /// The source on air has sent something: the one before it is not alone.
    pub(super) const fn give_way(&mut self) {
        self.returns = 0;
    }
}

/// Whether numbers that are so far ahead, so much later, are a loss: further than RFC 3550 Appendix A.1 has it (MAX_DROPOUT)
/// only if there was time to send them all.
pub(super) const fn is_loss(ahead: i32, step: i32) -> bool {
    ahead < MAX_DROPOUT || step >= ahead * FASTEST && step <= MAX_TIME_STEP.cast_signed()
}

/// Sequence numbers so far behind are late; further ones are a reset (RFC 3550 Appendix A.1 has 100).
const MAX_BEHIND: i32 = -(HISTORY as i32);
const MAX_DROPOUT: i32 = 3000;
/// Ticks of 90 kHz from one datagram to the next at more than 100 Mbit/s.
const FASTEST: i32 = 9;
/// So many datagrams in a row bring a source back: two legs may be apart by less.
const RETURNS: u8 = 3;
/// Ten seconds of 90 kHz.
const MAX_TIME_STEP: u32 = 900_000;
/// One second of 90 kHz: more than two legs may be apart.
const MAX_SKEW: i32 = 90_000;
