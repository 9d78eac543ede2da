//! Contribution sessions: bytes from an encoder in, tracks and access units out.
//!
//! Every protocol is one [`Demuxer`]: push what the socket gave, pull until there is nothing. A demuxer owns no clock and
//! no socket; it reports trouble as [`Fault`] values and never logs. To add a protocol, add its parser to `wire`, a file
//! here that implements the trait, and one line to the table of the front door that accepts it.

mod average;
mod clock;
mod datagram;
mod limits;
mod refusal;
#[cfg(test)]
mod rig;
pub mod rtmp;
mod rtp;
pub mod smooth;
mod tally;
mod ts;

pub use clock::Unwrap;
pub use datagram::DatagramDemuxer;
pub use limits::{IngestLimits, LimitMeter};
pub use refusal::{IngestRefusal, Measured};
pub use rtp::{FecTally, Leg, LegTally, Reception, RtpConfig, RtpReceiver};
pub use ts::{TsConfig, TsDemuxer};

use std::time::Duration;

use bytes::Bytes;

use crate::{
    error::{Fault, ParseError},
    media::{AccessUnit, CueSignal, Track},
    time::{MediaDuration, Now},
};

/// One contribution session of any protocol.
pub trait Demuxer: Send {
    /// Takes the next bytes of the stream, or one whole datagram. Pull until `None` before the next push.
    ///
    /// # Errors
    /// The session cannot go on and must be closed; what was whole before stays to be pulled.
    fn push(&mut self, bytes: Bytes, now: Now) -> Result<(), ParseError>;

    /// As [`push`](Self::push), for a host that receives the same datagrams on two legs (SMPTE ST 2022-7) and knows on which
    /// one these came. The legs merge in either case; told apart, they are counted apart.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    fn push_on(&mut self, leg: Leg, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        let _ = leg;
        self.push(bytes, now)
    }

    /// How datagrams come in, where the protocol has datagrams that can be counted.
    fn reception(&self) -> Option<Reception> {
        None
    }

    /// The media time after which the protocol's time stamps begin again, where they do. Each session unwraps them from its own
    /// first one, so two that are on the same clock may be a whole number of wraps apart.
    fn wrap(&self) -> Option<MediaDuration> {
        None
    }

    /// The next thing found, in stream order.
    fn pull(&mut self) -> Option<Demuxed>;

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, on the monotonic clock.
    fn poll_timeout(&self) -> Option<Duration>;

    /// The time asked for has come.
    fn handle_timeout(&mut self, now: Now);

    /// The peer is gone: what is whole comes out, what is half is dropped and counted.
    fn finish(&mut self);
}

/// What a contribution session yields.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Demuxed {
    /// A track appeared, or one with this id changed its format.
    Track(Track),
    /// A coded picture or audio frame, in decode order within its track.
    Unit(AccessUnit),
    /// An instruction to splice that came beside the pictures.
    Cue(CueSignal),
    /// Bytes to send to the peer.
    Reply(Bytes),
    /// Trouble that was survived.
    Fault(Fault),
    /// The peer said that it is done.
    End,
}
