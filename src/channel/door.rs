//! Who is let in: what a front door asks before it attaches a session, and how it tells that a peer was turned away.
//!
//! ```text
//! accept ─► admit_address ─► read until the key is known ─► admit ─► attach_as
//!                │ Err                                        │ Err
//!                └──────────────► reject, then close ◄────────┘
//! ```
//!
//! [`Channel::attach`] itself asks for no address and no key: a demuxer that is fed from a file has none.

use std::net::IpAddr;

use crate::{
    access::Door,
    channel::{Channel, CommandError, Event, Session, rejections::Rejection},
    ingest::IngestRefusal,
    time::Now,
};

impl Channel {
    /// Whether a peer with this address may contribute at all (A10.2): ask before its first byte is read. It is the
    /// address of the socket, not one that a header states.
    ///
    /// # Errors
    /// [`CommandError::Refused`].
    pub fn admit_address(&self, peer: IpAddr) -> Result<(), CommandError> {
        let is_in = self.config.input.access.admits(Door::Ingest, peer);
        if is_in { Ok(()) } else { Err(IngestRefusal::Address(peer).into()) }
    }

    /// Whether this contribution session would be taken in now: its address, its key, its protocol and its place. `peer` is
    /// `None` for what has no address, such as a file; `key` where the protocol has none. It takes as long for a wrong
    /// key as for the right one. What the channel does is told to nobody who is not on its list.
    ///
    /// # Errors
    /// [`CommandError::Refused`] for the address or the key, else those of [`attach_as`](Self::attach_as).
    pub fn admit(
        &self,
        peer: Option<IpAddr>,
        key: Option<&str>,
        session: &Session,
        now: Now,
    ) -> Result<(), CommandError> {
        peer.map_or(Ok(()), |peer| self.admit_address(peer))?;
        if !self.config.input.admits_key(key, session.protocol) {
            return Err(IngestRefusal::StreamKey.into());
        }
        self.check_attach_as(session, now)
    }

    /// Whether the preview may be read from this address (A10.3).
    #[must_use]
    pub fn admits_preview(&self, peer: IpAddr) -> bool {
        self.config.preview.admits(Door::Preview, peer)
    }

    /// Tells that a peer was turned away, as [`Event::ConnectionRejected`]: by what [`admit`](Self::admit) said, or by a rule
    /// of the host's own, which is an [`IngestRefusal`]. The same peer is told once a second at most.
    pub fn reject(&mut self, peer: Option<IpAddr>, protocol: &'static str, refusal: &CommandError, now: Now) {
        let rejection = Rejection { code: refusal.code(), peer, protocol, reason: refusal.to_string() };
        if let Some(rejection) = self.rejections.push(rejection, now.monotonic) {
            self.tell_rejection(rejection, 1);
        }
    }

    pub(super) fn tell_rejections(&mut self, now: Now) {
        while let Some((rejection, count)) = self.rejections.pull(now.monotonic) {
            self.tell_rejection(rejection, count);
        }
        self.rejections.tidy(now.monotonic);
    }

    fn tell_rejection(&mut self, rejection: Rejection, count: u64) {
        let Rejection { code, peer, protocol, reason } = rejection;
        self.event(Event::ConnectionRejected { peer, protocol, code, reason, count });
    }
}
