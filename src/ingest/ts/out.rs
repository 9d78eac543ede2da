//! What the readers of a transport stream share: the queue of findings, the clock, the tally.

use std::collections::VecDeque;

use crate::{
    error::{Fault, LimitError, ParseError, ParseErrorKind},
    ingest::{Demuxed, Unwrap, tally::Tally},
    time::{MediaTime, Timescale},
};

/// Where findings go.
#[derive(Debug)]
pub(super) struct Out {
    pub(super) queue: VecDeque<Demuxed>,
    /// One clock for all streams of the program, so that two that wrap a moment apart stay together.
    pub(super) clock: Unwrap,
    /// Offset of the packet that is being read.
    pub(super) position: u64,
    /// Bytes in all access units that are not whole yet.
    pub(super) held: usize,
    /// The last program clock reference, in ticks of 27 MHz.
    pub(super) pcr: Option<u64>,
    /// Decode time of the newest PES packet, of video and of anything.
    newest: (Option<MediaTime>, Option<MediaTime>),
    tally: Tally,
}

/// The times that one PES header gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) pts: MediaTime,
    pub(super) dts: MediaTime,
}

impl Out {
    pub(super) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            clock: Unwrap::new(33, Timescale::MPEG),
            position: 0,
            held: 0,
            pcr: None,
            newest: (None, None),
            tally: Tally::default(),
        }
    }

    /// Unwraps the times of a PES packet.
    pub(super) fn stamp(&mut self, pts: u64, dts: u64, is_video: bool) -> Stamp {
        let stamp = Stamp { dts: self.clock.advance_to(dts), pts: self.clock.place(pts) };
        self.newest.1 = Some(stamp.dts);
        if is_video {
            self.newest.0 = Some(stamp.dts);
        }
        stamp
    }

    /// Where a cue that comes now stands: at the newest picture, before the first one at the newest PES packet, and before
    /// that at the program clock.
    pub(super) fn cue_time(&self) -> MediaTime {
        self.here().unwrap_or(MediaTime::ZERO)
    }

    /// The time of a cue that comes now: the nearest one of 33 bits to where it stands (FAULTS row 5).
    pub(super) fn due(&self, raw: u64) -> MediaTime {
        self.here().map_or_else(|| self.clock.place(raw), |here| self.clock.place_near(raw, here))
    }

    fn here(&self) -> Option<MediaTime> {
        let clock = || self.pcr.map(|pcr| self.clock.place(pcr / 300));
        self.newest.0.or(self.newest.1).or_else(clock)
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.queue.push_back(Demuxed::Fault(fault));
    }

    pub(super) fn unreadable(&mut self, kind: ParseErrorKind, pid: u16) {
        self.fault(ParseError::new(kind, "ts", Some(pid.into()), self.position).into());
    }

    pub(super) fn over(&mut self, limit: LimitError, pid: u16) {
        self.unreadable(limit.into(), pid);
    }

    pub(super) fn dropped(&mut self, count: u64, reason: &'static str) {
        if count > 0 {
            self.fault(Fault::Dropped { count, reason });
        }
    }

    /// Something was passed over; repeated ones are folded.
    pub(super) fn ignore(&mut self, what: &'static str) {
        self.queue.extend(self.tally.note(what).map(Demuxed::Fault));
    }

    /// One more packet was looked at.
    pub(super) fn count_packet(&mut self) {
        let queue = &mut self.queue;
        self.tally.packet(|fault| queue.push_back(Demuxed::Fault(fault)));
    }

    /// No more will come.
    pub(super) fn finish(&mut self) {
        let queue = &mut self.queue;
        self.tally.flush(|fault| queue.push_back(Demuxed::Fault(fault)));
    }
}
