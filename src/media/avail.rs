//! What viewers are told of splices, segment by segment (A14.8, A14.10).

use std::sync::Arc;

use bytes::Bytes;

use crate::time::{MediaDuration, MediaTime, Timescale};

/// The time between an out point and an in point, open to replacement; or the instant that a message speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avail {
    /// The id that its source gave it: `splice_event_id`, `segmentation_event_id` or the operator's `cueId`.
    pub id: u32,
    /// When its out point was asked for: with the id, what names it (A14.11).
    pub asked: MediaTime,
    /// Its out point.
    pub start: MediaTime,
    /// How long it is to last, where that is known.
    pub duration: Option<MediaDuration>,
    /// The message that says so, a whole `splice_info_section` of SCTE 35.
    pub section: Bytes,
}

/// What a segment has to do with an avail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentCue {
    /// Which.
    pub avail: Arc<Avail>,
    /// What.
    pub phase: CuePhase,
}

/// Where a segment lies beside an avail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CuePhase {
    /// It starts before the out point, which is announced and not far.
    Ahead,
    /// It starts with the out point.
    Out,
    /// It starts after the out point and before the in point.
    Within,
    /// It starts with the in point. The message that asked for it, where one did.
    In(Option<Bytes>),
    /// Nothing is spliced: players are told of the message, once.
    Told,
}

impl Avail {
    /// How far ahead of its time an avail is announced inside of segments.
    pub const AHEAD: MediaDuration = MediaDuration::from_secs(15);

    /// A number for its out point; the next number is that of its in point. It depends on its id and the time asked for
    /// alone, so that every host numbers alike, and comes again after six and a half hours at the earliest.
    #[must_use]
    pub fn number(&self) -> u32 {
        (self.asked.ticks(Timescale::MPEG) as u32).wrapping_mul(2).wrapping_add(self.id.wrapping_mul(0x9E37_79B2)) & !1
    }

    /// The in point that is expected.
    #[must_use]
    pub fn planned_end(&self) -> Option<MediaTime> {
        self.duration.map(|duration| self.start.plus(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_leave_room_for_the_in_point_and_tell_avails_apart() {
        let numbers = (0..2000).map(|n| {
            let asked = MediaTime::from_ticks(1_800_000_000 * 90_000 + n / 2 * 3600, Timescale::MPEG);
            let avail = Avail { id: (n % 2) as u32, asked, start: asked, duration: None, section: Bytes::new() };
            avail.number()
        });
        let numbers: std::collections::BTreeSet<u32> = numbers.collect();
        assert_eq!(numbers.len(), 2000);
        assert!(numbers.iter().all(|number| number % 2 == 0));
    }
}
