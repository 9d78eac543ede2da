//! MPEG-TS over RTP (RFC 3550, RFC 2250 section 2; two legs as in SMPTE ST 2022-7).
//!
//! Puts datagrams in order within a bounded window and hands their payloads to a [`TsDemuxer`]. In order, nothing waits (but
//! the first four datagrams, 20 ms at most, for a feed may begin out of order); a gap is waited for until the window is full or its time is up, then counted. Legs with equal sequence numbers merge by
//! themselves. Refuses nothing for good: a datagram that cannot be read is counted and passed over. Forward error
//! correction (ST 2022-1) comes on other ports and is not read.

mod window;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use self::window::{Place, Window};
use super::{Demuxed, Demuxer, TsConfig, TsDemuxer, tally::Tally};
use crate::{
    error::{Fault, LimitError, ParseError},
    time::Now,
    wire::{
        rtp::{Header, is_rtcp},
        ts::PACKET_LEN,
    },
};

/// How to receive RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpConfig {
    /// Datagrams that are held for one that is missing, 1 to 1 024 (others are taken as the nearest of these). Default: 1 024.
    pub reorder_packets: u16,
    /// How long a missing datagram is waited for, 500 ms at most (more is taken as that). It is the delay that a loss adds,
    /// and the skew between two legs that is made good. Default: 500 ms.
    pub reorder_time: Duration,
    /// What to take from the transport stream.
    pub ts: TsConfig,
}

/// Receives a transport stream in RTP datagrams.
#[derive(Debug)]
pub struct RtpReceiver {
    ts: TsDemuxer,
    window: Window,
    source: Option<Source>,
    ready: VecDeque<Ready>,
    tally: Tally,
    /// Bytes of all datagrams.
    received: u64,
    /// What was found before the end.
    finished: VecDeque<Demuxed>,
}

/// What the window let go, in order.
#[derive(Debug)]
pub(in crate::ingest) enum Ready {
    Payload(Bytes),
    Fault(Fault),
    NewSource,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    timestamp: u32,
}

impl Default for RtpConfig {
    fn default() -> Self {
        Self { reorder_packets: window::MAX_PACKETS, reorder_time: window::MAX_TIME, ts: TsConfig::default() }
    }
}

impl RtpReceiver {
    /// A receiver that waits for its first datagram.
    #[must_use]
    pub fn new(config: RtpConfig) -> Self {
        Self {
            ts: TsDemuxer::new(config.ts),
            window: Window::new(config.reorder_packets, config.reorder_time),
            source: None,
            ready: VecDeque::new(),
            tally: Tally::default(),
            received: 0,
            finished: VecDeque::new(),
        }
    }

    /// The reader of the transport stream inside.
    #[must_use]
    pub const fn ts(&self) -> &TsDemuxer {
        &self.ts
    }

    fn ignore(&mut self, what: &'static str) {
        self.ready.extend(self.tally.note(what).map(Ready::Fault));
    }

    fn receive(&mut self, datagram: &Bytes, now: Duration) {
        if is_rtcp(datagram) {
            return self.ignore("RTCP");
        }
        let Ok(header) = Header::parse(datagram) else { return self.ignore("malformed RTP") };
        if header.payload_type != Header::MP2T && !DYNAMIC.contains(&header.payload_type) {
            return self.ignore("other payload type");
        }
        let mut payload = datagram.slice(header.payload.clone());
        if !payload.len().is_multiple_of(PACKET_LEN) {
            // It has its place in the sequence all the same and is no loss.
            self.ignore("payload of no whole packets");
            payload = Bytes::new();
        }
        self.follow(&header);
        match self.window.push(header.sequence, payload, now, &mut self.ready) {
            Place::Taken => self.source = Some(Source { ssrc: header.ssrc, timestamp: header.timestamp }),
            Place::Duplicate => {}
            Place::Late => self.ready.push_back(Ready::Fault(Fault::Late { late: 1 })),
        }
    }

    /// Begins anew where the datagram comes from another source than the ones before.
    fn follow(&mut self, header: &Header) {
        let Some(source) = self.source else { return };
        let step = header.timestamp.wrapping_sub(source.timestamp).cast_signed();
        let is_reset = match self.window.distance(header.sequence) {
            0 => false,
            // A step in sequence numbers that could be a loss or a late packet is neither if time stepped far with it.
            distance => !SANE.contains(&distance) || step.unsigned_abs() > MAX_TIME_STEP,
        };
        if source.ssrc != header.ssrc || is_reset {
            self.window.restart(&mut self.ready);
            self.ready.push_back(Ready::NewSource);
        }
    }
}

impl Demuxer for RtpReceiver {
    fn push(&mut self, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        if self.ready.len() > MAX_READY {
            let (ceiling, asked) = (MAX_READY as u64, self.ready.len() as u64);
            let limit = LimitError { what: "datagrams that nobody pulled", ceiling, asked };
            return Err(ParseError::new(limit.into(), "rtp", None, self.received));
        }
        let ready = &mut self.ready;
        self.tally.packet(|fault| ready.push_back(Ready::Fault(fault)));
        self.received = self.received.saturating_add(bytes.len() as u64);
        self.window.expire(now.monotonic, &mut self.ready);
        self.receive(&bytes, now.monotonic);
        Ok(())
    }

    fn pull(&mut self) -> Option<Demuxed> {
        if let Some(found) = self.finished.pop_front() {
            return Some(found);
        }
        loop {
            if let Some(found) = self.ts.pull() {
                return Some(found);
            }
            match self.ready.pop_front()? {
                Ready::Payload(payload) => {
                    // The reader was pulled to its end, so it takes any payload.
                    let taken = self.ts.take(payload);
                    debug_assert!(taken.is_ok());
                }
                Ready::Fault(fault) => return Some(Demuxed::Fault(fault)),
                Ready::NewSource => {
                    self.ts.source_changed();
                    return Some(Demuxed::Fault(Fault::SourceChanged));
                }
            }
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.window.deadline()
    }

    fn handle_timeout(&mut self, now: Now) {
        self.window.expire(now.monotonic, &mut self.ready);
    }

    fn finish(&mut self) {
        self.window.restart(&mut self.ready);
        let ready = &mut self.ready;
        self.tally.flush(|fault| ready.push_back(Ready::Fault(fault)));
        let found: Vec<Demuxed> = std::iter::from_fn(|| self.pull()).collect();
        self.finished.extend(found);
        self.ts.finish();
    }
}

const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;
/// Sequence numbers so far behind or ahead are late or lost; further ones are a reset (RFC 3550 Appendix A.1 has 100 and 3 000).
const SANE: std::ops::Range<i32> = -(window::HISTORY as i32)..3000;
/// Ten seconds of 90 kHz.
const MAX_TIME_STEP: u32 = 900_000;
/// More than the window and the longest loss can let go at once.
const MAX_READY: usize = 4096;
