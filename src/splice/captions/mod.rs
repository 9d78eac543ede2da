//! Captions travel beside the pictures: out of the contribution's access units, which come in decode order, into the output
//! frames, in presentation order (A13.1, FAULTS row 50).
//!
//! A frame carries what its own picture carried, and what the pictures since the frame before carried that are not shown:
//! those that fall out between 60 and 30 or between 50 and 25, and those that no decoder makes anything of. What has no room
//! goes into the next frame. While anything else is shown, the captions of the hidden pictures are left out, and what is
//! displayed is erased; so it is when the contribution is lost, jumps or gives way to another one.
//!
//! As with pictures, what goes where is decided when access units come in, before anything is decoded.

mod field;
mod ledger;
mod packets;
mod scan;
mod services;
mod waiting;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use self::{field::Field, packets::Packets, services::Services, waiting::Waiting};
use crate::{
    codec::captions::{CcFrame, CcKind, CcReader},
    media::{CaptionService, FrameRate, Segment},
    splice::{OnAir, Slot},
    time::{MediaDuration, MediaTime},
};

pub use ledger::{CaptionDrop, CaptionLedger};
pub use scan::CaptionScan;

/// The captions of a channel, from what comes in to what goes out with each output frame.
#[derive(Debug)]
pub struct CaptionTrack {
    waiting: Waiting,
    /// From the frame at this time on the contribution is another one than before: its time stamps jumped.
    jump: Option<MediaTime>,
    first: Field,
    second: Field,
    packets: Packets,
    services: Services,
    ledger: CaptionLedger,
    /// Of the drops that are trouble, what was told.
    told: BTreeMap<CaptionDrop, u64>,
    is_hidden: bool,
    /// The rate that the fields' turns were set for.
    rate: Option<FrameRate>,
    /// Frames for which captions are still written although none come.
    lingers: u32,
}

impl CaptionTrack {
    /// Nothing came yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            waiting: Waiting::default(),
            jump: None,
            first: Field::new(CcKind::Field1),
            second: Field::new(CcKind::Field2),
            packets: Packets::default(),
            services: Services::default(),
            ledger: CaptionLedger::default(),
            told: BTreeMap::new(),
            is_hidden: false,
            rate: None,
            lingers: 0,
        }
    }

    /// Takes what the picture of source time `source` carries; it waits for [`place`](Self::place).
    pub fn push(&mut self, source: MediaTime, read: &CcReader) {
        self.count(read);
        for pair in read.pairs() {
            if !self.waiting.push(source, *pair) {
                self.ledger.drop(1, CaptionDrop::NoRoom);
            }
        }
    }

    /// Counts what a picture carries that goes nowhere.
    pub fn refuse(&mut self, read: &CcReader, reason: CaptionDrop) {
        self.count(read);
        self.ledger.drop(read.pairs().len() as u64, reason);
    }

    /// Finds the output frames of what came; `frame_of` gives the one that has the picture of a source time or is the first
    /// one after it, or nothing where no contribution is on air.
    pub fn place(&mut self, frame_of: impl Fn(MediaTime) -> Option<MediaTime>) {
        self.waiting.place(frame_of);
    }

    /// Time stamps jumped; the first picture behind the jump shows at `at` or later.
    pub fn jump(&mut self, at: MediaTime) {
        let count = self.waiting.truncate(at);
        self.ledger.drop(count, CaptionDrop::Jumped);
        self.jump = Some(at);
    }

    /// The contribution went off air before all that waits was shown.
    pub fn cut(&mut self, reason: CaptionDrop) {
        let count = self.waiting.truncate(MediaTime::from_flicks(i64::MIN));
        self.ledger.drop(count, reason);
        self.jump = None;
        self.erase(reason);
    }

    /// What goes out with an output frame, as an ITU-T T.35 payload; nothing where there are no captions. Frames are asked
    /// for in order, and each that goes out once.
    pub fn frame(&mut self, slot: &Slot, rate: FrameRate) -> Option<Bytes> {
        let is_hidden = slot.on_air != OnAir::Live;
        if is_hidden && !self.is_hidden {
            self.erase(CaptionDrop::Hidden);
        }
        self.is_hidden = is_hidden;
        // The nearest whole number: 30 for 29.97.
        let per_second = rate.num().saturating_add(rate.den() / 2).checked_div(rate.den()).unwrap_or(0).max(1);
        let is_busy = self.take_due(slot.pts) | !self.is_empty();
        self.lingers = if is_busy { per_second } else { self.lingers.saturating_sub(1) };
        if self.lingers == 0 {
            return None;
        }
        if self.rate.replace(rate) != Some(rate) {
            self.first.start(per_second);
            self.second.start(per_second);
        }
        let count = count(rate);
        let (mut frame, ledger, services) = (CcFrame::new(), &mut self.ledger, &mut self.services);
        self.first.write(slot, (per_second, (count / 2).max(1)), &mut frame, ledger, services);
        self.second.write(slot, (per_second, count), &mut frame, ledger, services);
        self.packets.write(slot, count, &mut frame, ledger, services);
        frame.pad(count);
        Some(frame.to_t35())
    }

    /// What became of every byte pair.
    #[must_use]
    pub const fn ledger(&self) -> &CaptionLedger {
        &self.ledger
    }

    /// The services that were seen up to the end of a segment, sorted. Ask in order.
    pub fn services_in(&mut self, segment: &Segment) -> &Arc<[CaptionService]> {
        self.services.in_segment(segment)
    }

    /// Byte pairs that were left out since the last call because the contribution's captions are not as they should be.
    pub fn pull_trouble(&mut self) -> Option<(CaptionDrop, u64)> {
        let untold = self.ledger.dropped.iter().find_map(|(reason, count)| {
            let told = self.told.get(reason).copied().unwrap_or(0);
            (reason.is_trouble() && *count > told).then_some((*reason, *count, told))
        });
        let (reason, count, told) = untold?;
        self.told.insert(reason, count);
        Some((reason, count - told))
    }

    fn count(&mut self, read: &CcReader) {
        self.ledger.take(read.pairs().len() as u64);
        self.ledger.broken += read.broken();
    }

    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.second.is_empty() && self.packets.is_empty()
    }

    /// Moves what is due at `at` on, on both sides of a jump; whether the contribution brought anything that is shown.
    fn take_due(&mut self, at: MediaTime) -> bool {
        let mut is_brought = false;
        if let Some(jump) = self.jump.take_if(|jump| *jump <= at) {
            is_brought = self.move_due(jump.minus(MediaDuration::from_flicks(1)));
            self.erase(CaptionDrop::Jumped);
        }
        self.move_due(at) || is_brought
    }

    fn move_due(&mut self, at: MediaTime) -> bool {
        let mut is_brought = false;
        while let Some(placed) = self.waiting.pull(at) {
            if self.is_hidden {
                self.ledger.drop(1, CaptionDrop::Hidden);
                continue;
            }
            is_brought = true;
            let (bytes, source, ledger) = (placed.pair.bytes, placed.source, &mut self.ledger);
            match placed.pair.kind {
                CcKind::Field1 => self.first.push(bytes, source, ledger),
                CcKind::Field2 => self.second.push(bytes, source, ledger),
                kind => self.packets.push(kind == CcKind::PacketStart, bytes, source, ledger),
            }
        }
        is_brought
    }

    fn erase(&mut self, reason: CaptionDrop) {
        self.first.erase(reason, &mut self.ledger);
        self.second.erase(reason, &mut self.ledger);
        self.packets.erase(reason, &mut self.ledger);
    }
}

impl Default for CaptionTrack {
    fn default() -> Self {
        Self::new()
    }
}

/// Constructs in a frame: together 600 in a second (ANSI/CTA-708-E clause 4), as far as one frame holds them.
fn count(rate: FrameRate) -> usize {
    let (num, den) = (u64::from(rate.num()), u64::from(rate.den()));
    let count = (600 * den + num / 2) / num.max(1);
    usize::try_from(count).unwrap_or(CcFrame::MAX_COUNT).clamp(1, CcFrame::MAX_COUNT)
}

#[cfg(test)]
mod services_tests;
#[cfg(test)]
mod tests;
