//! DTVCC packets on their way out (ANSI/CTA-708-E clauses 5 and 6): whole and in order.
//!
//! ```text
//! sequence 2, size code 6 │ { service 3, block size 5 │ extended number where service is 7 │ block } … │ padding
//! ```

use std::collections::VecDeque;

use super::{
    ledger::{CaptionDrop, CaptionLedger, Written},
    services::Services,
};
use crate::{
    codec::captions::{CcFrame, CcKind, CcPair},
    media::CaptionService,
    splice::Slot,
    time::MediaTime,
};

/// Packets that wait for room in a frame, and the one that comes in.
#[derive(Debug, Default)]
pub(super) struct Packets {
    /// Pairs of the packet that is coming in, from its header on.
    open: Vec<Queued>,
    /// Pairs of whole packets.
    queue: VecDeque<Queued>,
    /// One for each packet that has not begun to go out.
    heads: VecDeque<Head>,
    /// Pairs that are left of the packet that is going out, at the front of the queue.
    unsent: usize,
    /// `sequence_number` of the next packet. Of what is dropped and added a decoder must not think that it was lost.
    sequence: Option<u8>,
    /// Services that were written to since they were last erased, a bit each.
    used: u64,
}

#[derive(Clone, Copy, Debug)]
struct Queued {
    bytes: [u8; 2],
    /// Source time of its picture; `None` for the channel's own.
    source: Option<MediaTime>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    pairs: usize,
    /// A bit for each service that it has a block of.
    services: u64,
    is_own: bool,
}

impl Packets {
    /// Pairs that may wait: two seconds and more.
    const MOST: usize = 1024;

    /// Takes a pair of the contribution; its packet goes out once it is whole.
    pub(super) fn push(&mut self, starts: bool, bytes: [u8; 2], source: MediaTime, ledger: &mut CaptionLedger) {
        if starts {
            self.forget_open(CaptionDrop::BrokenPacket, ledger);
        } else if self.open.is_empty() {
            return ledger.drop(1, CaptionDrop::BrokenPacket);
        }
        self.open.push(Queued { bytes, source: Some(source) });
        let Some(header) = self.open.first().map(|pair| pair.bytes[0]) else { return };
        let pairs = pairs_of(header);
        if self.open.len() < pairs {
            return;
        }
        let mut packet = [0; 2 * MOST_PAIRS];
        for (place, byte) in packet.iter_mut().zip(self.open.iter().flat_map(|pair| pair.bytes)) {
            *place = byte;
        }
        match services_of(packet.get(1..2 * pairs).unwrap_or(&[])) {
            None => self.forget_open(CaptionDrop::BrokenPacket, ledger),
            Some(_) if self.queue.len() + pairs > Self::MOST => self.forget_open(CaptionDrop::NoRoom, ledger),
            Some(services) => {
                self.heads.push_back(Head { pairs, services, is_own: false });
                self.queue.extend(self.open.drain(..));
            }
        }
    }

    /// Forgets what the contribution brought, for this reason, but for the packet that is going out, and deletes what a
    /// decoder displays of it.
    pub(super) fn erase(&mut self, reason: CaptionDrop, ledger: &mut CaptionLedger) {
        self.forget_open(reason, ledger);
        let (mut from, mut kept) = (self.unsent, VecDeque::new());
        for head in std::mem::take(&mut self.heads) {
            if head.is_own {
                from += head.pairs;
                kept.push_back(head);
            } else {
                ledger.drop(head.pairs as u64, reason);
                self.queue.drain(from..from + head.pairs);
            }
        }
        self.heads = kept;
        let used = std::mem::take(&mut self.used);
        for service in (1..=63).filter(|service| used >> service & 1 == 1) {
            self.push_own(&delete_windows(service));
        }
    }

    /// Whether anything is to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Writes what fits into the frame of `slot`, up to `count` constructs.
    pub(super) fn write(
        &mut self,
        slot: &Slot,
        count: usize,
        to: &mut CcFrame,
        ledger: &mut CaptionLedger,
        services: &mut Services,
    ) {
        while to.len() < count {
            let Some(Queued { mut bytes, source }) = self.queue.pop_front() else { return };
            let mut kind = CcKind::PacketData;
            if self.unsent == 0 {
                kind = CcKind::PacketStart;
                let head = self.heads.pop_front();
                self.unsent = head.map_or(1, |head| head.pairs);
                bytes[0] = self.numbered(bytes[0]);
                self.note(head, slot, services);
            }
            self.unsent -= 1;
            to.push(CcPair { kind, bytes });
            ledger.write(match source {
                None => Written::Added,
                source if source == slot.source => Written::Moved,
                Some(_) => Written::Merged,
            });
        }
    }

    /// The header with the number that is due.
    fn numbered(&mut self, header: u8) -> u8 {
        let sequence = self.sequence.unwrap_or(header >> 6);
        self.sequence = Some((sequence + 1) & 3);
        sequence << 6 | header & 0x3F
    }

    fn note(&mut self, head: Option<Head>, slot: &Slot, services: &mut Services) {
        let Some(head) = head.filter(|head| !head.is_own && head.services != 0) else { return };
        self.used |= head.services;
        for service in (1..=63).filter(|service| head.services >> service & 1 == 1) {
            services.note(CaptionService::Cea708(service), slot.pts);
        }
    }

    fn push_own(&mut self, packet: &[u8]) {
        self.heads.push_back(Head { pairs: packet.len() / 2, services: 0, is_own: true });
        let pairs = packet.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
        self.queue.extend(pairs.map(|bytes| Queued { bytes, source: None }));
    }

    fn forget_open(&mut self, reason: CaptionDrop, ledger: &mut CaptionLedger) {
        ledger.drop(self.open.len() as u64, reason);
        self.open.clear();
    }
}

/// Byte pairs of a packet by its header: 128 bytes where the size code is 0, else twice the code.
const fn pairs_of(header: u8) -> usize {
    match header & 0x3F {
        0 => MOST_PAIRS,
        code => code as usize,
    }
}

/// A bit for each service that the blocks of a packet are of; `None` where they do not hold together.
fn services_of(mut blocks: &[u8]) -> Option<u64> {
    let mut services = 0u64;
    while let Some((head, rest)) = blocks.split_first() {
        let (mut service, size) = (head >> 5, usize::from(head & 0x1F));
        // The null block: what comes behind it is padding. No service has the number 0.
        if service == 0 {
            return (size == 0).then_some(services);
        }
        blocks = rest;
        if service == 7 && size > 0 {
            let (extended, rest) = blocks.split_first()?;
            (service, blocks) = (extended & 0x3F, rest);
            if service < 7 {
                return None;
            }
        }
        let (_, rest) = blocks.split_at_checked(size)?;
        services |= u64::from(size > 0) << service;
        blocks = rest;
    }
    Some(services)
}

/// A packet that ends a delay of this service and deletes all its windows (ANSI/CTA-708-E clause 8.10.5).
fn delete_windows(service: u8) -> Vec<u8> {
    let mut packet = vec![0];
    if service < 7 {
        packet.push(service << 5 | DELETE.len() as u8);
    } else {
        packet.extend([7 << 5 | DELETE.len() as u8, service]);
    }
    packet.extend(DELETE);
    // A null block, and as many as make it even.
    packet.resize((packet.len() + 2) / 2 * 2, 0);
    packet[0] = (packet.len() / 2) as u8;
    packet
}

/// DelayCancel, and DeleteWindows of all eight.
const DELETE: [u8; 3] = [0x8E, 0x8C, 0xFF];
/// Byte pairs of the longest packet.
const MOST_PAIRS: usize = 64;
