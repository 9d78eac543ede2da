//! A publisher's session, held at once by its door, which lives as long as the connection, and by the channel, which reads
//! it while it is on air. When its publication is over the channel lets go and the door goes on: encoders stop and publish
//! again on the same connection.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use headend::{
    error::ParseError,
    ingest::{Demuxed, Demuxer, rtmp::RtmpSession},
    time::{MediaDuration, Now},
};

/// Cheap to clone. Only one side uses it at a time, so nobody waits for the lock.
#[derive(Clone)]
pub(crate) struct Publisher(Arc<Mutex<RtmpSession>>);

impl Publisher {
    pub(crate) fn new(session: RtmpSession) -> Self {
        Self(Arc::new(Mutex::new(session)))
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, RtmpSession> {
        // A session that panicked is as good as any that got broken bytes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Demuxer for Publisher {
    fn push(&mut self, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        self.session().push(bytes, now)
    }

    fn wrap(&self) -> Option<MediaDuration> {
        self.session().wrap()
    }

    fn pull(&mut self) -> Option<Demuxed> {
        self.session().pull()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.session().poll_timeout()
    }

    fn handle_timeout(&mut self, now: Now) {
        self.session().handle_timeout(now);
    }

    fn finish(&mut self) {
        self.session().finish();
    }
}
