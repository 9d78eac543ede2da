//! Taking contribution sessions in, and letting them go.

use crate::{
    channel::{
        Channel, CommandError, DetachReason, Event, IngestId, Operation, Output, Session,
        sessions::{Attached, Sessions},
    },
    ingest::Demuxer,
    time::Now,
};

impl Channel {
    /// Sessions in one slot of an encoding channel: a Smooth feed may come as one for the pictures and one for each sound.
    const MAX_ENCODING_SESSIONS: usize = 10;

    /// Whether a contribution session would be taken in now: for a front door that has to answer its peer first.
    ///
    /// # Errors
    /// Those of [`attach`](Self::attach), but for its protocol.
    pub fn check_attach(&self, now: Now) -> Result<(), CommandError> {
        self.allow(Operation::Attach)?;
        self.check_place(&Session::new(""), now)
    }

    /// Whether this contribution session would be taken in now.
    ///
    /// # Errors
    /// Those of [`attach_as`](Self::attach_as).
    pub fn check_attach_as(&self, session: &Session, now: Now) -> Result<(), CommandError> {
        self.allow(Operation::Attach)?;
        let asked = session.protocol;
        if let Some(fixed) = self.config.input.protocol.refuses(self.sessions.protocol, asked) {
            return Err(CommandError::Protocol { fixed, asked });
        }
        self.check_place(session, now)
    }

    fn check_place(&self, session: &Session, now: Now) -> Result<(), CommandError> {
        if let Some(present) = self.same_session(session) {
            let silence = now.monotonic.saturating_sub(present.last_bytes);
            return if !self.config.takeover.takes_over(silence) {
                Err(CommandError::IngestBusy(present.id))
            } else {
                Ok(())
            };
        }
        let ceiling = if self.config.passes_through() { Session::MAX_PER_SLOT } else { Self::MAX_ENCODING_SESSIONS };
        let count = self.sessions.list.iter().filter(|attached| attached.session.slot == session.slot).count();
        if count >= ceiling { Err(CommandError::TooManySessions(count)) } else { Ok(()) }
    }

    /// Takes in a contribution session; `protocol` names it for people. The short form of [`attach_as`](Self::attach_as)
    /// for one session in the primary slot.
    ///
    /// # Errors
    /// Those of [`attach_as`](Self::attach_as).
    pub fn attach(
        &mut self,
        protocol: &'static str,
        demuxer: Box<dyn Demuxer>,
        now: Now,
    ) -> Result<IngestId, CommandError> {
        self.attach_as(Session::new(protocol), demuxer, now)
    }

    /// Takes in a contribution session. One of the same slot and name gives way to it as
    /// [`takeover`](crate::channel::ChannelConfig::takeover) says. Address and key are asked by [`admit`](Self::admit), not
    /// here.
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Running (A5.1), [`CommandError::Protocol`] for a protocol that
    /// [`ProtocolRule`](crate::channel::ProtocolRule) does not take (A1.10), [`CommandError::IngestBusy`] while the same session sends,
    /// [`CommandError::TooManySessions`].
    pub fn attach_as(
        &mut self,
        session: Session,
        demuxer: Box<dyn Demuxer>,
        now: Now,
    ) -> Result<IngestId, CommandError> {
        self.check_attach_as(&session, now)?;
        if let Some(present) = self.same_session(&session) {
            self.detach(present.id, DetachReason::Replaced, now);
        }
        let id = IngestId(self.next_ingest);
        self.next_ingest += 1;
        let protocol = session.protocol;
        self.sessions.protocol.get_or_insert(protocol);
        self.sessions.next_beat.get_or_insert(now.monotonic + Sessions::BEAT);
        let limits = self.config.input.limits(&self.config.encoding);
        self.sessions.list.push(Attached::new(id, session, demuxer, limits, now));
        if let Some(air) = &mut self.air {
            air.switcher.attach(true);
        }
        self.idle_since = None;
        self.event(Event::Attached { ingest: id, protocol });
        Ok(id)
    }

    /// Lets a session go.
    pub(super) fn detach(&mut self, id: IngestId, reason: DetachReason, now: Now) {
        let Some(at) = self.sessions.list.iter().position(|attached| attached.id == id) else { return };
        let mut gone = self.sessions.list.remove(at);
        let slot = gone.session.slot;
        while let Some(track) = gone.next_untold(true, now.monotonic) {
            self.event(Event::Track { ingest: id, track });
        }
        if let Some(owners) = self.sessions.owners.get_mut(slot.index()) {
            owners.retain(|_, owner| *owner != id);
        }
        self.sessions.sync.iter_mut().for_each(|watch| watch.forget(id));
        if !self.sessions.list.iter().any(|attached| attached.session.slot == slot) {
            self.sessions.merger.lose(slot, now);
            self.take_merged(now);
        }
        if self.sessions.list.is_empty() {
            self.sessions.next_beat = None;
            if let Some(air) = &mut self.air {
                air.switcher.attach(false);
                // Cues have POSTs of their own, which end all the time.
                let brought_media = gone.health.tracks.iter().any(|track| track.kind != "text");
                if brought_media && reason.ends_event() {
                    air.switcher.end_event();
                }
            }
        }
        self.outputs.push_back(Output::Close(id));
        self.event(Event::Detached { ingest: id, reason });
    }

    /// Lets every session go.
    pub(super) fn detach_all(&mut self, reason: &DetachReason, now: Now) {
        while let Some(id) = self.sessions.list.first().map(|attached| attached.id) {
            self.detach(id, reason.clone(), now);
        }
    }

    fn same_session(&self, session: &Session) -> Option<&Attached> {
        let is_same =
            |attached: &&Attached| attached.session.slot == session.slot && attached.session.name == session.name;
        self.sessions.list.iter().find(is_same)
    }
}
