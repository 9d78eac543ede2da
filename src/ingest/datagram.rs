//! UDP contribution: plain MPEG-TS or MPEG-TS over RTP, told apart by the first datagram that is either.
//!
//! A transport packet begins with 0x47, an RTP packet with version 2 in its top bits (RFC 3550 section 5.1), which 0x47 has
//! not; one with no transport packets in it tells nothing. Where only the other of the two comes for a while, it is taken
//! from then on. What comes for the same session on other ports is handed in as well: FEC (ST 2022-1) from the ports + 2
//! and + 4, a second leg (ST 2022-7) by `push_on` or plainly. To add a protocol with a third first byte, add a variant to
//! `Kind` and to `Protocol`.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::{Demuxed, Demuxer, Leg, Reception, RtpConfig, RtpReceiver, TsDemuxer, tally::Tally};
use crate::{
    error::{Fault, ParseError},
    time::{MediaDuration, Now},
    wire::{rtp::Header, ts::PACKET_LEN},
};

/// Reads the datagrams of one UDP port.
#[derive(Debug)]
pub struct DatagramDemuxer {
    config: RtpConfig,
    kind: Kind,
    /// Datagrams in a row that are of the other protocol.
    others: u8,
    tally: Tally,
    faults: VecDeque<Demuxed>,
}

#[derive(Debug)]
enum Kind {
    Unknown,
    Ts(Box<TsDemuxer>),
    Rtp(Box<RtpReceiver>),
}

impl DatagramDemuxer {
    /// A reader that waits for its first datagram. Plain TS is read by `config.ts`.
    #[must_use]
    pub fn new(config: RtpConfig) -> Self {
        Self { config, kind: Kind::Unknown, others: 0, tally: Tally::default(), faults: VecDeque::new() }
    }

    /// `"ts"` or `"rtp"`, once it is known.
    #[must_use]
    pub const fn protocol(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Unknown => None,
            Kind::Ts(_) => Some("ts"),
            Kind::Rtp(_) => Some("rtp"),
        }
    }

    /// Follows what the datagram is.
    fn follow(&mut self, datagram: &[u8]) {
        let protocol = Protocol::of(datagram);
        match (&self.kind, protocol) {
            (Kind::Unknown, None) => self.faults.extend(self.tally.note("neither RTP nor TS").map(Demuxed::Fault)),
            (Kind::Ts(_), Some(Protocol::Ts)) | (Kind::Rtp(_), Some(Protocol::Rtp)) => self.others = 0,
            (Kind::Ts(_) | Kind::Rtp(_), None) => {}
            (Kind::Unknown, Some(protocol)) => self.kind = Kind::new(protocol, self.config),
            (Kind::Ts(_) | Kind::Rtp(_), Some(protocol)) => {
                self.others += 1;
                if self.others >= ENOUGH {
                    self.finish();
                    let found: Vec<Demuxed> = std::iter::from_fn(|| self.pull()).collect();
                    self.faults.extend(found);
                    self.faults.push_back(Demuxed::Fault(Fault::SourceChanged));
                    (self.kind, self.others) = (Kind::new(protocol, self.config), 0);
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Ts,
    Rtp,
}

impl Protocol {
    fn of(datagram: &[u8]) -> Option<Self> {
        // Shorter than a packet it is something else, such as a "GET".
        if datagram.first() == Some(&0x47) && datagram.len() >= PACKET_LEN {
            return Some(Self::Ts);
        }
        let header = Header::parse(datagram).ok()?;
        let is_type = header.payload_type == Header::MP2T || Header::DYNAMIC.contains(&header.payload_type);
        let is_whole = !header.payload.is_empty() && header.payload.len().is_multiple_of(PACKET_LEN);
        (is_type && is_whole).then_some(Self::Rtp)
    }
}

impl Kind {
    fn new(protocol: Protocol, config: RtpConfig) -> Self {
        match protocol {
            Protocol::Ts => Self::Ts(Box::new(TsDemuxer::new(config.ts))),
            Protocol::Rtp => Self::Rtp(Box::new(RtpReceiver::new(config))),
        }
    }

    fn inner(&mut self) -> Option<&mut dyn Demuxer> {
        match self {
            Self::Unknown => None,
            Self::Ts(ts) => Some(ts.as_mut()),
            Self::Rtp(rtp) => Some(rtp.as_mut()),
        }
    }
}

impl Demuxer for DatagramDemuxer {
    fn push(&mut self, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        self.push_on(Leg::First, bytes, now)
    }

    fn push_on(&mut self, leg: Leg, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        if matches!(self.kind, Kind::Unknown) {
            let faults = &mut self.faults;
            self.tally.packet(|fault| faults.push_back(Demuxed::Fault(fault)));
        }
        self.follow(&bytes);
        self.kind.inner().map_or(Ok(()), |inner| inner.push_on(leg, bytes, now))
    }

    fn reception(&self) -> Option<Reception> {
        match &self.kind {
            Kind::Rtp(rtp) => rtp.reception(),
            Kind::Unknown | Kind::Ts(_) => None,
        }
    }

    fn wrap(&self) -> Option<MediaDuration> {
        match &self.kind {
            Kind::Unknown => None,
            Kind::Ts(ts) => ts.wrap(),
            Kind::Rtp(rtp) => rtp.wrap(),
        }
    }

    fn pull(&mut self) -> Option<Demuxed> {
        self.faults.pop_front().or_else(|| self.kind.inner()?.pull())
    }

    fn poll_timeout(&self) -> Option<Duration> {
        match &self.kind {
            Kind::Unknown => None,
            Kind::Ts(ts) => ts.poll_timeout(),
            Kind::Rtp(rtp) => rtp.poll_timeout(),
        }
    }

    fn handle_timeout(&mut self, now: Now) {
        if let Some(inner) = self.kind.inner() {
            inner.handle_timeout(now);
        }
    }

    fn finish(&mut self) {
        let faults = &mut self.faults;
        self.tally.flush(|fault| faults.push_back(Demuxed::Fault(fault)));
        if let Some(inner) = self.kind.inner() {
            inner.finish();
        }
    }
}

/// So many datagrams of the other protocol in a row are a new feed.
const ENOUGH: u8 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ingest::rig::Feed, time::Utc};

    fn rtp(sequence: u16, payload: &[u8]) -> Bytes {
        let [high, low] = sequence.to_be_bytes();
        [&[0x80, 33, high, low, 0, 0, 0, low, 0, 0, 0, 7], payload].concat().into()
    }

    #[test]
    fn the_first_byte_tells_and_junk_before_it_does_not() {
        let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
        let first = |datagram: &[u8]| {
            let mut demuxer = DatagramDemuxer::new(RtpConfig::default());
            for junk in [&b"GET / HTTP/1.1"[..], b"\x16\x03", b"\x80", &[0x80, 200, 0, 0], &rtp(1, b"")] {
                demuxer.push(Bytes::copy_from_slice(junk), now).unwrap();
            }
            assert_eq!(demuxer.protocol(), None);
            demuxer.push(Bytes::copy_from_slice(datagram), now).unwrap();
            (demuxer.protocol(), demuxer.pull())
        };
        let ignored = Some(Demuxed::Fault(Fault::Ignored { what: "neither RTP nor TS", count: 1 }));
        assert_eq!(first(&[0x47; 188]), (Some("ts"), ignored.clone()));
        assert_eq!(first(&rtp(1, &[0x47; 188])), (Some("rtp"), ignored));
    }

    #[test]
    fn a_stray_datagram_does_not_decide_for_good() {
        let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
        let bytes = Feed::default().bytes().repeat(2);
        let run = |stray: &[Bytes], feed: &[Bytes]| {
            let mut demuxer = DatagramDemuxer::new(RtpConfig::default());
            for datagram in stray.iter().chain(feed) {
                demuxer.push(datagram.clone(), now).unwrap();
            }
            demuxer.finish();
            let found: Vec<Demuxed> = std::iter::from_fn(|| demuxer.pull()).collect();
            (demuxer.protocol(), found.iter().filter(|item| matches!(item, Demuxed::Unit(_))).count())
        };
        let plain: Vec<Bytes> = bytes.chunks(1316).map(Bytes::copy_from_slice).collect();
        let over_rtp: Vec<Bytes> = bytes.chunks(1316).zip(0..).map(|(piece, n)| rtp(n, piece)).collect();
        for (feed, other, protocol) in [(&plain, &over_rtp, "ts"), (&over_rtp, &plain, "rtp")] {
            let (_, all) = run(&[], feed);
            assert_eq!(run(&other[..1], feed).0, Some(protocol));
            // The feed that comes after the stray datagrams loses no more than what it takes to tell them.
            assert!(run(&other[..1], feed).1 > all / 2, "{protocol}");
        }
    }
}
