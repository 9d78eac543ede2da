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
            tally: Tally::default(),
        }
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
