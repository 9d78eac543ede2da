//! The byte pairs of one CEA-608 field on their way out (47 CFR § 15.119, ANSI/CTA-608-E).
//!
//! A field carries one pair a frame. Null pairs are made anew, so that a pair that waited has room; but for those behind a
//! control code, which tell a repeated command from one that is sent twice for safety, as the rules want it. For the same
//! reason no null pair comes between the two: where the second is late, nothing is sent.

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

/// The pairs of one field that wait for a frame, and what those before them left behind in a decoder.
#[derive(Debug)]
pub(super) struct Field {
    kind: CcKind,
    queue: VecDeque<Queued>,
    /// The newest pair that was queued is a control code.
    ends_in_control: bool,
    /// A control code was written whose repetition may come.
    open: Option<[u8; 2]>,
    /// Thirtieths of a second that are to be filled, times the frame rate.
    credit: u32,
    /// Which of the two channels were written to since they were last erased, and which of them last.
    used: [bool; 2],
    current: usize,
}

#[derive(Clone, Copy, Debug)]
struct Queued {
    bytes: [u8; 2],
    /// Source time of its picture; `None` for the channel's own.
    source: Option<MediaTime>,
}

impl Field {
    /// Pairs of the contribution that may wait: eight seconds.
    pub(super) const MOST: usize = 256;

    pub(super) const fn new(kind: CcKind) -> Self {
        Self {
            kind,
            queue: VecDeque::new(),
            ends_in_control: false,
            open: None,
            credit: 0,
            used: [false; 2],
            current: 0,
        }
    }

    /// Queues a pair of the contribution.
    pub(super) fn push(&mut self, bytes: [u8; 2], source: MediaTime, ledger: &mut CaptionLedger) {
        if bytes.iter().any(|byte| byte.count_ones() % 2 == 0) {
            return ledger.drop(1, CaptionDrop::Parity);
        }
        let is_null = plain(bytes) == [0, 0];
        if is_null && !self.ends_in_control {
            return ledger.pad();
        }
        if self.queue.len() >= Self::MOST {
            return ledger.drop(1, CaptionDrop::NoRoom);
        }
        self.ends_in_control = is_control(bytes);
        self.queue.push_back(Queued { bytes, source: Some(source) });
    }

    /// Forgets what the contribution brought, for this reason, and erases what a decoder displays of it and has loaded:
    /// every channel in use, the one that is being written to last, because what follows may go on there without saying so.
    pub(super) fn erase(&mut self, reason: CaptionDrop, ledger: &mut CaptionLedger) {
        let before = self.queue.len();
        self.queue.retain(|queued| queued.source.is_none());
        ledger.drop((before - self.queue.len()) as u64, reason);
        self.ends_in_control = false;
        let used = std::mem::take(&mut self.used);
        let field = if self.kind == CcKind::Field1 { 0x14 } else { 0x15 };
        for code in [ERASE_DISPLAYED, ERASE_LOADED] {
            for channel in [1 - self.current, self.current] {
                if used.get(channel).copied().unwrap_or_default() {
                    let command = [field | (channel as u8) << 3, code].map(with_parity);
                    self.queue.extend([Queued { bytes: command, source: None }; 2]);
                }
            }
        }
    }

    /// Whether anything waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Writes what this field has in the frame of `slot`, at `rate` frames a second and up to `most` constructs in all: a
    /// pair thirty times a second, and one in every frame where frames come no faster.
    pub(super) fn write(
        &mut self,
        slot: &Slot,
        (rate, most): (u32, usize),
        to: &mut CcFrame,
        ledger: &mut CaptionLedger,
        services: &mut Services,
    ) {
        self.credit += PAIRS_PER_SECOND;
        let mut is_first = true;
        while self.credit >= rate && to.len() < most && (is_first || !self.queue.is_empty()) {
            self.credit -= rate;
            is_first = false;
            match self.queue.pop_front() {
                Some(queued) => {
                    to.push(CcPair { kind: self.kind, bytes: queued.bytes });
                    self.note(queued, slot, ledger, services);
                }
                None if self.open.is_some() => drop(to.push_invalid(self.kind)),
                None => drop(to.push(CcPair { kind: self.kind, bytes: NULL })),
            }
        }
        // Time that was not needed does not add up to a burst.
        self.credit = self.credit.min(rate.saturating_sub(1));
    }

    /// The second field's turn comes half a time after the first's, where frames are fields.
    pub(super) const fn start(&mut self, rate: u32) {
        let is_first = matches!(self.kind, CcKind::Field1);
        self.credit = if is_first { rate.saturating_sub(PAIRS_PER_SECOND) } else { 0 };
    }

    fn note(&mut self, queued: Queued, slot: &Slot, ledger: &mut CaptionLedger, services: &mut Services) {
        ledger.write(match queued.source {
            None => Written::Added,
            source if source == slot.source => Written::Moved,
            Some(_) => Written::Merged,
        });
        let is_repeated = self.open == Some(queued.bytes);
        self.open = (is_control(queued.bytes) && !is_repeated).then_some(queued.bytes);
        if queued.source.is_none() || !is_control(queued.bytes) {
            return;
        }
        self.current = channel_of(queued.bytes);
        if let Some(used) = self.used.get_mut(self.current) {
            *used = true;
        }
        if let Some(service) = service_of(self.kind, queued.bytes) {
            services.note(service, slot.pts);
        }
    }
}

/// The caption service that a pair says it goes on with: by resume caption loading, roll-up, resume direct captioning, end of
/// caption. Text services have other codes.
pub(super) fn service_of(kind: CcKind, bytes: [u8; 2]) -> Option<CaptionService> {
    let [first, second] = plain(bytes);
    let is_mode = first & 0x76 == 0x14 && matches!(second, 0x20 | 0x25..=0x27 | 0x29 | 0x2F);
    let field = if kind == CcKind::Field1 { 1 } else { 3 };
    is_mode.then(|| CaptionService::Cea608(field + channel_of(bytes) as u8))
}

/// Which of a field's two channels a control code is of.
fn channel_of(bytes: [u8; 2]) -> usize {
    usize::from(bytes[0] >> 3 & 1)
}

/// Without parity bits.
fn plain(bytes: [u8; 2]) -> [u8; 2] {
    bytes.map(|byte| byte & 0x7F)
}

/// Whether it is sent twice for safety: commands, preambles, and special and extended characters.
fn is_control(bytes: [u8; 2]) -> bool {
    plain(bytes)[0] & 0x70 == 0x10
}

const fn with_parity(byte: u8) -> u8 {
    if byte.count_ones().is_multiple_of(2) { byte | 0x80 } else { byte }
}

const NULL: [u8; 2] = [0x80, 0x80];
/// Pairs that each field has in a second of 29.97 or 30 frames.
const PAIRS_PER_SECOND: u32 = 30;
const ERASE_DISPLAYED: u8 = 0x2C;
const ERASE_LOADED: u8 = 0x2E;
