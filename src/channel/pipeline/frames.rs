//! Brings decoded pictures and the output frames that want them together.

use std::collections::VecDeque;

use crate::{
    error::Fault,
    ladder::{Beneath, Decoded, PictureOp, Thumbnail},
    media::{Frame, FrameRate},
    splice::{LossShows, OnAir, Picture, Slot},
    time::MediaTime,
};

/// Decoded pictures on one side, output frames on the other, both in presentation order.
///
/// A contribution that ends flushes the decoder; what comes before and after a flush never mixes, because source times of
/// two contributions have nothing to do with each other.
#[derive(Default)]
pub(super) struct FrameQueue {
    decoded: VecDeque<Decoded>,
    slots: VecDeque<Waiting>,
    thumbnails: VecDeque<Thumbnail>,
    faults: VecDeque<Fault>,
    refused: Option<Fault>,
    frames: usize,
    units_pushed: u64,
    units_decoded: u64,
    flushes_pushed: u64,
    flushes_seen: u64,
}

struct Waiting {
    slot: Slot,
    rate: Option<FrameRate>,
    /// The sound by which it is judged; `None` while that is not said.
    judged_by: Option<MediaTime>,
    /// Access units and flushes that were on their way to the decoder when the slot was made.
    units: u64,
    flushes: u64,
}

impl FrameQueue {
    /// A picture that has not come when this many later access units are decoded never will (H.264 reorders at most 16).
    const GIVEN_UP_AFTER: u64 = 32;
    const FAULTS: usize = 64;

    pub(super) const fn unit_pushed(&mut self) {
        self.units_pushed += 1;
    }

    pub(super) const fn flush_pushed(&mut self) {
        self.flushes_pushed += 1;
    }

    pub(super) fn push_slot(&mut self, slot: Slot, rate: Option<FrameRate>) {
        let (units, flushes) = (self.units_pushed, self.flushes_pushed);
        self.slots.push_back(Waiting { slot, rate, judged_by: None, units, flushes });
    }

    /// When the newest output frame shows, where it is not said by which sound it is judged.
    pub(super) fn newest_unjudged(&self) -> Option<MediaTime> {
        self.slots.back().filter(|waiting| waiting.judged_by.is_none()).map(|waiting| waiting.slot.pts)
    }

    /// Says by which sound each new output frame is judged.
    pub(super) fn judge(&mut self, judged_by: impl Fn(MediaTime) -> MediaTime) {
        for waiting in self.slots.iter_mut().rev().take_while(|waiting| waiting.judged_by.is_none()) {
            waiting.judged_by = Some(judged_by(waiting.slot.pts));
        }
    }

    /// The sound by which the next output frame is judged.
    pub(super) fn judged_by(&self) -> Option<MediaTime> {
        self.slots.front()?.judged_by
    }

    /// Takes what a decode work gave, after `units` access units.
    pub(super) fn extend(&mut self, decoded: Vec<Decoded>, units: u64) {
        self.units_decoded += units;
        for item in decoded {
            match item {
                Decoded::Fault(fault) if self.faults.len() < Self::FAULTS => self.faults.push_back(fault),
                Decoded::Fault(_) => {}
                Decoded::Thumbnail(thumbnail) => self.thumbnails.push_back(thumbnail),
                Decoded::Frame(_) => {
                    self.frames += 1;
                    self.decoded.push_back(item);
                }
                Decoded::Flushed => self.decoded.push_back(item),
                Decoded::Refused(fault) => self.refused = Some(fault),
            }
        }
    }

    /// Output frames that wait.
    pub(super) fn waiting(&self) -> usize {
        self.slots.len()
    }

    /// Decoded pictures that wait.
    pub(super) const fn len(&self) -> usize {
        self.frames
    }

    /// Why no decoder takes the contribution's pictures, once.
    pub(super) fn pull_refusal(&mut self) -> Option<Fault> {
        self.refused.take()
    }

    /// The next thumbnail; to be asked for after each [`extend`](Self::extend).
    pub(super) fn pull_thumbnail(&mut self) -> Option<Thumbnail> {
        self.thumbnails.pop_front()
    }

    pub(super) fn pull_fault(&mut self) -> Option<Fault> {
        self.faults.pop_front()
    }

    /// The next output frame whose picture is known.
    pub(super) fn resolve(&mut self) -> Option<(Slot, Option<FrameRate>, PictureOp)> {
        let Waiting { slot, units, flushes, .. } = self.slots.front()?;
        // A picture that a slate hides is taken all the same, so that the decoder goes on beneath it.
        let live = match slot.source {
            Some(pts) => self.find(pts, *units, *flushes)?,
            None => None,
        };
        let Waiting { slot, rate, .. } = self.slots.pop_front()?;
        let op = match &slot.picture {
            Picture::Live(_) | Picture::Hold => match live {
                Some(frame) => PictureOp::Live(frame),
                None if slot.loss.is_some() => PictureOp::Hold,
                None if slot.is_lost => PictureOp::Lost,
                None => PictureOp::Missing,
            },
            Picture::Still(image) => {
                let beneath = live.map_or_else(|| beneath(&slot), Beneath::Live);
                PictureOp::Still { picture: image.frame().clone(), beneath }
            }
            Picture::Test => PictureOp::Test,
        };
        self.discard_unwanted();
        Some((slot, rate, op))
    }

    /// The picture of source time `pts`; `Some(None)` where it will never come, `None` where it may.
    fn find(&mut self, pts: MediaTime, units: u64, flushes: u64) -> Option<Option<Frame>> {
        loop {
            let is_older = self.flushes_seen < flushes;
            match self.decoded.front() {
                _ if self.flushes_seen > flushes => return Some(None),
                Some(Decoded::Frame(frame)) if !is_older && frame.pts == pts => return Some(self.pop_frame()),
                Some(Decoded::Frame(frame)) if !is_older && frame.pts > pts => return Some(None),
                Some(Decoded::Frame(_)) => drop(self.pop_frame()),
                Some(Decoded::Flushed) if !is_older => return Some(None),
                Some(Decoded::Flushed | Decoded::Refused(_) | Decoded::Thumbnail(_) | Decoded::Fault(_)) => {
                    self.decoded.pop_front();
                    self.flushes_seen += 1;
                }
                None if self.units_decoded >= units + Self::GIVEN_UP_AFTER => return Some(None),
                None => return None,
            }
        }
    }

    /// Pictures that no slot asks for must not stop the decoder: while nothing live is wanted, they go.
    fn discard_unwanted(&mut self) {
        if !self.slots.is_empty() {
            return;
        }
        while self.flushes_seen < self.flushes_pushed {
            match self.decoded.pop_front() {
                Some(Decoded::Frame(_)) => self.frames -= 1,
                Some(_) => self.flushes_seen += 1,
                None => break,
            }
        }
    }

    fn pop_frame(&mut self) -> Option<Frame> {
        match self.decoded.pop_front() {
            Some(Decoded::Frame(frame)) => {
                self.frames -= 1;
                Some(frame)
            }
            _ => None,
        }
    }
}

/// What a still hides where the contribution has no picture of its own.
fn beneath(slot: &Slot) -> Beneath {
    let is_gone = slot.on_air == OnAir::Slate || slot.loss.is_some_and(|loss| loss.shows != LossShows::Hold);
    match slot.is_lost {
        _ if is_gone => Beneath::Nothing,
        true => Beneath::Lost,
        false => Beneath::Missing,
    }
}
