//! When pictures decode and show: by their own time stamps, or by those around them (ISO/IEC 13818-1 clause 2.4.3.7).
//!
//! A time stamp is that of the first access unit that commences in its PES packet, wherever in it: an access unit of H.264
//! by the first byte of its first unit, one of MPEG-2 video by its picture start code.

use std::collections::VecDeque;

use super::{
    out::{Out, Stamp},
    picture_syntax::Order,
};
use crate::{
    error::Fault,
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime},
};

/// The time stamps of one stream of pictures.
#[derive(Debug, Default)]
pub(super) struct PictureTimes {
    /// Where in the stream PES packets began, and their time stamps.
    marks: VecDeque<(u64, Stamp)>,
    /// Packets are missing since the last time stamp: what has none cannot be placed.
    is_lost: bool,
    frame: Option<MediaDuration>,
    last: Option<Stamp>,
    /// The decode time of the last picture that had a time stamp of its own, and pictures since.
    own: Option<(MediaTime, i64)>,
    /// Place and time of a picture before.
    last_order: Option<(Order, Stamp)>,
}

impl PictureTimes {
    /// A PES packet with a time stamp begins here.
    pub(super) fn mark(&mut self, at: u64, stamp: Stamp) {
        if self.marks.len() == MAX_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back((at, stamp));
    }

    /// The last time stamp at or before this place, which is that of what commences here.
    pub(super) fn take(&mut self, position: u64) -> Option<Stamp> {
        let mut stamp = None;
        while let Some((_, found)) = self.marks.pop_front_if(|(from, _)| *from <= position) {
            stamp = Some(found);
        }
        stamp
    }

    /// An access unit without a time stamp ends before `next`: that of a PES packet that lies inside of it and in which none
    /// begins, as of an encoder that sends parameter sets behind the picture before. `is_end`: the packet ends there, too.
    pub(super) fn take_inside(&mut self, next: u64, is_end: bool) -> Option<Stamp> {
        let mut stamp = None;
        while !self.marks.is_empty() && self.marks.get(1).map_or(is_end, |(from, _)| *from <= next) {
            stamp = stamp.or(self.marks.pop_front().map(|(_, found)| found));
        }
        stamp
    }

    /// An access unit begins, and has this time stamp.
    pub(super) const fn begin(&mut self, stamp: Option<Stamp>) {
        // Not when it ends: packets may be missing until then.
        self.is_lost &= stamp.is_none();
    }

    /// Packets are missing here.
    pub(super) const fn lose(&mut self) {
        self.is_lost = true;
    }

    /// Whether packets are missing since the last time stamp.
    pub(super) const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// How long a frame lasts by the headers, should nothing else tell it.
    pub(super) fn state_frame(&mut self, frame: Option<MediaDuration>) {
        self.frame = self.frame.or(frame);
    }

    /// An access unit with this time stamp is passed over.
    pub(super) fn pass(&mut self, stamp: Option<Stamp>) {
        self.own = stamp.map(|stamp| (stamp.dts, 0)).or(self.own);
        self.last = stamp.or(self.last);
    }

    /// The time of an access unit: its own, or one frame after the one before, or by its place where that is known. A decode
    /// time that is level with the last or a little behind it is moved one tick past it (FAULTS row 40); a longer step back is
    /// a jump, which is for the channel to judge.
    pub(super) fn place(
        &mut self,
        own: Option<Stamp>,
        order: Option<Order>,
        sure_frame: Option<MediaDuration>,
        out: &mut Out,
    ) -> Option<Stamp> {
        let mut stamp = match own {
            Some(stamp) => stamp,
            None => self.after_last(order)?,
        };
        if let Some(last) = self.last.filter(|last| stamp.dts <= last.dts && last.dts.since(stamp.dts) <= MAX_BUMP) {
            stamp.dts = last.dts.plus(TICK);
            out.fault(Fault::Bumped { count: 1 });
        }
        let mut measured = None;
        if let Some((since, pictures)) = self.own.as_mut() {
            *pictures += 1;
            let span = stamp.dts.since(*since);
            // Of those between, the times are made by the frame that is to be measured.
            measured = (own.is_some() && span > TICK).then(|| MediaDuration::from_flicks(span.flicks() / *pictures));
        }
        if own.is_some() {
            self.own = Some((stamp.dts, 0));
        }
        self.frame = sure_frame.or(measured).or(self.frame);
        self.last = Some(stamp);
        self.last_order = order.map(|order| (order, stamp));
        Some(stamp)
    }

    fn after_last(&self, order: Option<Order>) -> Option<Stamp> {
        let (last, frame) = (self.last.filter(|_| !self.is_lost)?, self.frame?);
        let later = |at: MediaTime, fields| at.plus(MediaDuration::from_flicks(frame.times(fields).flicks() / 2));
        let ordered = order.zip(self.last_order).map(|(order, (of, at))| Stamp {
            pts: later(at.pts, order.shows.saturating_sub(of.shows)),
            dts: later(at.dts, order.decodes.saturating_sub(of.decodes)),
        });
        Some(ordered.unwrap_or(Stamp { pts: last.pts.plus(frame), dts: last.dts.plus(frame) }))
    }
}

/// One tick of 90 kHz.
const TICK: MediaDuration = MediaDuration::from_flicks(FLICKS_PER_SECOND / 90_000);
const MAX_BUMP: MediaDuration = MediaDuration::from_millis(10);
/// PES packets without a picture in them keep no more stamps than this.
const MAX_MARKS: usize = 32;
