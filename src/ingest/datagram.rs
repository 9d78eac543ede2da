//! UDP contribution: plain MPEG-TS or MPEG-TS over RTP, told apart by the first byte of the first datagram that is either.
//!
//! A transport packet begins with 0x47, an RTP packet with version 2 in its top bits (RFC 3550 section 5.1), which 0x47 has
//! not. What comes for the same session on other ports is handed in as well: FEC (ST 2022-1) from the ports + 2 and + 4, a second
//! leg (ST 2022-7) by `push_on` or plainly. To add a protocol with a third first byte, add a variant to `Kind` and a line to `Kind::of`.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::{Demuxed, Demuxer, Leg, Reception, RtpConfig, RtpReceiver, TsDemuxer, tally::Tally};
use crate::{
    error::ParseError,
    time::{MediaDuration, Now},
    wire::{rtp::is_version_2, ts::PACKET_LEN},
};

/// Reads the datagrams of one UDP port.
#[derive(Debug)]
pub struct DatagramDemuxer {
    config: RtpConfig,
    kind: Kind,
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
        Self { config, kind: Kind::Unknown, tally: Tally::default(), faults: VecDeque::new() }
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
}

impl Kind {
    fn of(datagram: &[u8], config: RtpConfig) -> Option<Self> {
        // Shorter than a packet it is something else, such as a "GET".
        if datagram.first() == Some(&0x47) && datagram.len() >= PACKET_LEN {
            return Some(Self::Ts(Box::new(TsDemuxer::new(config.ts))));
        }
        is_version_2(datagram).then(|| Self::Rtp(Box::new(RtpReceiver::new(config))))
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
            match Kind::of(&bytes, self.config) {
                Some(kind) => self.kind = kind,
                None => self.faults.extend(self.tally.note("neither RTP nor TS").map(Demuxed::Fault)),
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Fault, time::Utc};

    #[test]
    fn the_first_byte_tells_and_junk_before_it_does_not() {
        let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
        let first = |datagram: &'static [u8]| {
            let mut demuxer = DatagramDemuxer::new(RtpConfig::default());
            for junk in [&b"GET / HTTP/1.1"[..], b"\x16\x03"] {
                demuxer.push(Bytes::from_static(junk), now).unwrap();
            }
            assert_eq!(demuxer.protocol(), None);
            demuxer.push(Bytes::from_static(datagram), now).unwrap();
            (demuxer.protocol(), demuxer.pull())
        };
        let ignored = Some(Demuxed::Fault(Fault::Ignored { what: "neither RTP nor TS", count: 1 }));
        assert_eq!(first(&[0x47; 188]), (Some("ts"), ignored.clone()));
        assert_eq!(first(&[0x80, 200, 0, 0]), (Some("rtp"), ignored));
    }
}
