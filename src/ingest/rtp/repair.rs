//! Repair of lost datagrams from the columns and rows of SMPTE ST 2022-1.
//!
//! Keeps the last 1 024 datagrams once the first FEC packet has come (a feed without FEC keeps nothing), and up to 128 FEC
//! packets of which more than one datagram is missing. Every datagram that comes or is repaired may make another one
//! repairable, until nothing moves. What does not look like the feed when it is repaired is thrown away.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Source, window::HISTORY};
use crate::wire::{fec::FecPacket, rtp::Header, ts::PACKET_LEN};

/// What forward error correction did for a feed (SMPTE ST 2022-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FecTally {
    /// FEC packets that could be read.
    pub packets: u64,
    /// Datagrams that came back in time.
    pub repaired: u64,
    /// Datagrams that came back after the window had given them up; they are among the lost.
    pub too_late: u64,
    /// Datagrams that were lost all the same since the first FEC packet came.
    pub lost: u64,
}

/// The datagrams and FEC packets that a repair may need.
#[derive(Debug, Default)]
pub(super) struct Repair {
    /// By sequence number, modulo its length; empty until a FEC packet comes.
    kept: Vec<Option<(u16, Bytes)>>,
    waiting: VecDeque<FecPacket>,
    repaired: VecDeque<(u16, Bytes)>,
    pub(super) tally: FecTally,
}

impl Repair {
    /// Whether the feed has FEC.
    pub(super) const fn is_active(&self) -> bool {
        self.tally.packets > 0
    }

    /// A datagram of the feed has come.
    pub(super) fn media(&mut self, sequence: u16, datagram: &Bytes, source: Source) {
        if !self.is_active() || datagram.len() > MAX_DATAGRAM || !self.keep(sequence, datagram.clone()) {
            return;
        }
        let is_stale = |packet: &FecPacket| i32::from(sequence.wrapping_sub(packet.base).cast_signed()) > STALE;
        while self.waiting.front().is_some_and(is_stale) {
            self.waiting.pop_front();
        }
        self.settle(sequence, source);
    }

    /// A FEC packet has come.
    pub(super) fn fec(&mut self, packet: FecPacket, source: Source) {
        self.tally.packets += 1;
        if self.kept.is_empty() {
            self.kept.resize(HISTORY, None);
        }
        if let Some(sequence) = self.apply(&packet, source) {
            self.settle(sequence, source);
        } else if self.missing(&packet).nth(1).is_some() {
            if self.waiting.len() >= MAX_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back(packet);
        }
    }

    /// The next datagram that was repaired.
    pub(super) fn next(&mut self) -> Option<(u16, Bytes)> {
        self.repaired.pop_front()
    }

    /// The feed comes from another source: nothing that was kept belongs to it.
    pub(super) fn restart(&mut self) {
        self.kept.fill(None);
        self.waiting.clear();
        self.repaired.clear();
    }

    /// Uses every FEC packet that `sequence`, which is here now, makes usable, and those that these make usable.
    fn settle(&mut self, sequence: u16, source: Source) {
        if self.waiting.is_empty() {
            return;
        }
        let mut fresh = vec![sequence];
        while let Some(sequence) = fresh.pop() {
            let mut at = 0;
            while let Some(packet) = self.waiting.get(at) {
                let is_usable = packet.covers(sequence) && self.missing(packet).nth(1).is_none();
                if !is_usable {
                    at += 1;
                } else if let Some(packet) = self.waiting.remove(at) {
                    fresh.extend(self.apply(&packet, source));
                }
            }
        }
    }

    /// Repairs the one datagram that the packet misses; none where it misses none or more.
    fn apply(&mut self, packet: &FecPacket, source: Source) -> Option<u16> {
        let mut missing = self.missing(packet);
        let (sequence, None) = (missing.next()?, missing.next()) else { return None };
        drop(missing);
        let others = packet.sequences().filter_map(|other| self.kept(other)).map(Bytes::as_ref);
        let datagram = packet.recover(sequence, source.ssrc, others)?;
        let header = Header::parse(&datagram).ok()?;
        let is_ours = header.payload_type == source.payload_type && header.payload.len().is_multiple_of(PACKET_LEN);
        if !is_ours || !self.keep(sequence, datagram.clone()) {
            return None;
        }
        self.repaired.push_back((sequence, datagram));
        Some(sequence)
    }

    fn missing(&self, packet: &FecPacket) -> impl Iterator<Item = u16> {
        packet.sequences().filter(|sequence| self.kept(*sequence).is_none())
    }

    fn kept(&self, sequence: u16) -> Option<&Bytes> {
        let slot = self.kept.get(usize::from(sequence) % HISTORY)?.as_ref();
        slot.filter(|(of, _)| *of == sequence).map(|(_, datagram)| datagram)
    }

    /// Puts a datagram in the place of an older one; `false` where it is there or a newer one is.
    fn keep(&mut self, sequence: u16, datagram: Bytes) -> bool {
        let Some(slot) = self.kept.get_mut(usize::from(sequence) % HISTORY) else { return false };
        let is_new = slot.as_ref().is_none_or(|(of, _)| sequence.wrapping_sub(*of).cast_signed() > 0);
        if is_new {
            *slot = Some((sequence, datagram));
        }
        is_new
    }
}

/// FEC packets that may wait for a datagram: three matrices of 20 columns and rows.
const MAX_WAITING: usize = 128;
/// A FEC packet whose first datagram is so far behind waits no more.
const STALE: i32 = HISTORY as i32;
/// Longer datagrams are not kept, as no FEC packet can be so long.
const MAX_DATAGRAM: usize = 2048 + 12;

#[cfg(test)]
mod tests;
