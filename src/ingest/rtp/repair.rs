//! Repair of lost datagrams from the columns and rows of SMPTE ST 2022-1.
//!
//! Keeps the last 1 024 datagrams once the first FEC packet has come (a feed without FEC keeps nothing), and up to 128 FEC
//! packets of which more than one datagram is missing. Every datagram that comes or is repaired may make another one
//! repairable, until nothing moves. A datagram that is due but not passed over yet is not missing (FFmpeg sends a row's FEC
//! before the row's last datagram). What does not look like the feed when it is repaired is thrown away.

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
    /// FEC packets that miss one datagram only, which may be on its way.
    early: VecDeque<FecPacket>,
    /// The highest sequence number that came.
    newest: Option<u16>,
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
        if self.newest.is_none_or(|newest| is_after(sequence, newest)) {
            self.newest = Some(sequence);
        }
        // Each is looked at once; those that are early still go to the back.
        for _ in 0..self.early.len() {
            if let Some(packet) = self.early.pop_front() {
                self.take(packet, source);
            }
        }
        self.settle(sequence, source);
    }

    /// A FEC packet has come.
    pub(super) fn fec(&mut self, packet: FecPacket, source: Source) {
        self.tally.packets += 1;
        if self.kept.is_empty() {
            self.kept.resize(HISTORY, None);
        }
        self.take(packet, source);
    }

    /// The next datagram that was repaired.
    pub(super) fn next(&mut self) -> Option<(u16, Bytes)> {
        self.repaired.pop_front()
    }

    /// The feed comes from another source: nothing that was kept belongs to it.
    pub(super) fn restart(&mut self) {
        self.kept.fill(None);
        self.waiting.clear();
        self.early.clear();
        self.newest = None;
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
                    fresh.extend(self.apply(packet, source));
                }
            }
        }
    }

    /// Uses a FEC packet, or keeps it until it is of use.
    fn take(&mut self, packet: FecPacket, source: Source) {
        if self.missing(&packet).nth(1).is_some() {
            push_bounded(&mut self.waiting, packet);
        } else if let Some(sequence) = self.apply(packet, source) {
            self.settle(sequence, source);
        }
    }

    /// Repairs the one datagram that the packet misses at most, if it was passed over.
    fn apply(&mut self, packet: FecPacket, source: Source) -> Option<u16> {
        let sequence = self.missing(&packet).next()?;
        if !self.newest.is_some_and(|newest| is_after(newest, sequence)) {
            push_bounded(&mut self.early, packet);
            return None;
        }
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
        let is_new = slot.as_ref().is_none_or(|(of, _)| is_after(sequence, *of));
        if is_new {
            *slot = Some((sequence, datagram));
        }
        is_new
    }
}

const fn is_after(sequence: u16, other: u16) -> bool {
    sequence.wrapping_sub(other).cast_signed() > 0
}

fn push_bounded(queue: &mut VecDeque<FecPacket>, packet: FecPacket) {
    if queue.len() >= MAX_WAITING {
        queue.pop_front();
    }
    queue.push_back(packet);
}

/// FEC packets that may wait for a datagram: three matrices of 20 columns and rows.
const MAX_WAITING: usize = 128;
/// A FEC packet whose first datagram is so far behind waits no more.
const STALE: i32 = HISTORY as i32;
/// Longer datagrams are not kept, as no FEC packet can be so long.
const MAX_DATAGRAM: usize = 2048 + 12;

#[cfg(test)]
mod tests;
