//! MPEG-TS over RTP (RFC 3550, RFC 2250 section 2), on two legs (SMPTE ST 2022-7), with repair (SMPTE ST 2022-1).
//!
//! Puts datagrams in order within a bounded window and hands their payloads to a [`TsDemuxer`]. In order, nothing waits (but
//! the first four datagrams, 20 ms at most, for a feed may begin out of order); a gap is waited for until the window is full
//! or its time is up, then counted. Legs with equal sequence numbers and time stamps merge by themselves. FEC packets are told
//! from media by their shape, so a host hands in what comes on the ports + 2 and + 4 like what comes on the port itself.
//! Refuses nothing for good: a datagram that cannot be read is counted and passed over.

mod leg;
mod repair;
mod source;
mod window;

#[cfg(test)]
#[path = "../../../tests/rig/fec.rs"]
mod fec_sender;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

pub use self::{
    leg::{Leg, LegTally, Reception},
    repair::FecTally,
};

use self::{
    leg::LegCounter,
    repair::Repair,
    source::{Belongs, Retired, Source},
    window::{Place, Window},
};
use super::{Demuxed, Demuxer, TsConfig, TsDemuxer, tally::Tally};
use crate::{
    error::{Fault, LimitError, ParseError},
    time::{MediaDuration, Now},
    wire::{
        fec::FecPacket,
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
    /// and the skew between two legs that is made good; FEC has as long to repair. Default: 500 ms.
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
    retired: Option<Retired>,
    repair: Repair,
    legs: [LegCounter; 2],
    ready: VecDeque<Ready>,
    /// Bytes of the longest payload so far: what a lost one may have held.
    longest: usize,
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
            retired: None,
            repair: Repair::default(),
            legs: Default::default(),
            ready: VecDeque::new(),
            longest: 0,
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

    fn receive(&mut self, leg: Leg, datagram: &Bytes, now: Duration) {
        if is_rtcp(datagram) {
            return self.ignore("RTCP");
        }
        if self.is_fec(datagram) {
            return self.correct(datagram, now);
        }
        let Ok(header) = Header::parse(datagram) else { return self.ignore("malformed RTP") };
        let is_whole = header.payload.len().is_multiple_of(PACKET_LEN);
        // Only transport packets give the feed a type of its own.
        let is_known = self.source.is_some_and(|source| source.payload_type == header.payload_type);
        if header.payload_type != Header::MP2T
            && !(Header::DYNAMIC.contains(&header.payload_type) && (is_known || is_whole))
        {
            return self.ignore("other payload type");
        }
        let is_here = |source: Source| source.place(&header, &self.window) != Belongs::Elsewhere;
        if header.payload.is_empty() && !self.source.is_some_and(is_here) {
            // It tells of no source.
            return self.ignore("empty payload");
        }
        self.count(leg, &header);
        if !self.follow(&header, now) {
            return;
        }
        let mut payload = datagram.slice(header.payload.clone());
        if !is_whole {
            // It has its place in the sequence all the same and is no loss.
            self.ignore("payload of no whole packets");
            payload = Bytes::new();
        }
        let Header { payload_type, sequence, timestamp, ssrc, .. } = header;
        let source = Source { ssrc, payload_type, timestamp };
        match self.window.push((sequence, timestamp), payload, now, &mut self.ready) {
            Place::Taken => self.source = Some(source),
            Place::Duplicate => return,
            Place::Late => self.ready.push_back(Ready::Fault(Fault::Late { late: 1 })),
        }
        self.repair.media(sequence, datagram, source);
        self.take_repaired(now);
    }

    fn count(&mut self, leg: Leg, header: &Header) {
        let [first, second] = &mut self.legs;
        match leg {
            Leg::First => first.note(header),
            Leg::Second => second.note(header),
        }
    }

    /// Begins anew where the datagram comes from another source than the ones before; `false` where it is not to be taken.
    fn follow(&mut self, header: &Header, now: Duration) -> bool {
        let Some(source) = self.source else { return true };
        match source.place(header, &self.window) {
            Belongs::Here => {
                self.retired.iter_mut().for_each(Retired::give_way);
                return true;
            }
            Belongs::Past => self.ignore("older than the window"),
            Belongs::Elsewhere if self.retired.as_mut().is_some_and(|retired| retired.claims(header, now)) => {
                self.ignore("of the source before");
            }
            Belongs::Elsewhere => {
                self.retired = source.retire(&self.window, now);
                self.window.restart(&mut self.ready);
                self.repair.restart();
                self.ready.push_back(Ready::NewSource);
                return true;
            }
        }
        false
    }

    /// Whether a datagram is a FEC packet. Its payload is 16 bytes longer than that of the media, which is whole transport
    /// packets; where media have a CSRC list, an extension or padding, its type tells.
    fn is_fec(&self, datagram: &[u8]) -> bool {
        let (&[_, second, ..], Some(parity)) = (datagram, datagram.len().checked_sub(FecPacket::OVERHEAD)) else {
            return false;
        };
        let payload_type = second & 0x7F;
        let is_other = self.source.is_some_and(|source| source.payload_type != payload_type);
        // The padding bit of a FEC packet is an XOR: what it leaves may be as long as media by chance, and has no sync bytes.
        let has_media = || Header::parse(datagram).is_ok_and(|header| is_transport(datagram.get(header.payload)));
        Header::DYNAMIC.contains(&payload_type) && (is_media(parity) || is_other) && !has_media()
    }

    fn correct(&mut self, datagram: &Bytes, now: Duration) {
        // Before the first media there is nothing to repair.
        let Some(source) = self.source else { return };
        let Ok(packet) = FecPacket::parse(datagram) else { return self.ignore("malformed FEC") };
        if self.window.distance(packet.base).unsigned_abs() > window::HISTORY as u32 {
            return self.ignore("FEC of other datagrams");
        }
        self.repair.fec(packet, source);
        self.take_repaired(now);
    }

    /// Gives repaired datagrams their place.
    fn take_repaired(&mut self, now: Duration) {
        while let Some((sequence, datagram)) = self.repair.next() {
            let Ok(header) = Header::parse(&datagram) else { continue };
            let payload = datagram.slice(header.payload);
            match self.window.push((sequence, header.timestamp), payload, now, &mut self.ready) {
                Place::Taken => {
                    self.repair.tally.repaired += 1;
                    self.ready.push_back(Ready::Fault(Fault::Repaired { repaired: 1 }));
                }
                Place::Late => self.repair.tally.too_late += 1,
                Place::Duplicate => {}
            }
        }
    }
}

impl Demuxer for RtpReceiver {
    fn push(&mut self, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        self.push_on(Leg::First, bytes, now)
    }

    fn push_on(&mut self, leg: Leg, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        if self.ready.len() > MAX_READY {
            let (ceiling, asked) = (MAX_READY as u64, self.ready.len() as u64);
            let limit = LimitError { what: "datagrams that nobody pulled", ceiling, asked };
            return Err(ParseError::new(limit.into(), "rtp", None, self.received));
        }
        let ready = &mut self.ready;
        self.tally.packet(|fault| ready.push_back(Ready::Fault(fault)));
        self.received = self.received.saturating_add(bytes.len() as u64);
        self.window.expire(now.monotonic, &mut self.ready);
        self.receive(leg, &bytes, now.monotonic);
        Ok(())
    }

    fn wrap(&self) -> Option<MediaDuration> {
        self.ts.wrap()
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
                    self.longest = self.longest.max(payload.len());
                    // The reader was pulled to its end, so it takes any payload.
                    let taken = self.ts.take(payload);
                    debug_assert!(taken.is_ok());
                }
                Ready::Fault(fault) => {
                    if let Fault::Loss { lost, .. } = &fault {
                        self.ts.lost(lost.saturating_mul((self.longest / PACKET_LEN) as u64));
                        self.repair.tally.lost += if self.repair.is_active() { *lost } else { 0 };
                    }
                    return Some(Demuxed::Fault(fault));
                }
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

    fn reception(&self) -> Option<Reception> {
        let [first, second] = &self.legs;
        Some(Reception { legs: [first.tally, second.tally], fec: self.repair.tally })
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

/// Whether a payload of so many bytes can be transport packets.
const fn is_media(len: usize) -> bool {
    len > 0 && len.is_multiple_of(PACKET_LEN)
}

/// Whether a payload is transport packets.
fn is_transport(payload: Option<&[u8]>) -> bool {
    payload.is_some_and(|it| is_media(it.len()) && it.chunks(PACKET_LEN).all(|packet| packet.first() == Some(&0x47)))
}

/// More than the window and the longest loss can let go at once.
const MAX_READY: usize = 4096;
