//! The limits of a contribution while it is on: of each session, and of all sessions of a slot together (A5.3, A6.3, A6.4,
//! A7.1, A9.1, A9.2). Whoever goes over one is let go by its code; the others go on.

use crate::{
    channel::{Channel, IngestId, sessions::Attached},
    ingest::{IngestLimits, IngestRefusal},
    media::{AccessUnit, Track},
    time::{MediaDuration, Now},
};

impl Channel {
    /// Looks at a track of a session before it is taken.
    pub(super) fn meter_track(&mut self, id: IngestId, track: &Track) -> Option<IngestRefusal> {
        self.sessions.find_mut(id)?.meter.track(track)
    }

    /// Looks at the tracks that a session's slot has, now that it brings another one.
    pub(super) fn meter_slot(&self, id: IngestId) -> Option<IngestRefusal> {
        let slot = self.sessions.find(id)?.session.slot;
        let (video, audio) = self.sessions.count_tracks(slot);
        self.limits().check_counts(video, audio)
    }

    /// Looks at an access unit of a session before it is taken.
    pub(super) fn meter_unit(&mut self, id: IngestId, unit: &AccessUnit, now: Now) -> Option<IngestRefusal> {
        let attached = self.sessions.find_mut(id)?;
        let before = rates(attached);
        if let Some(refusal) = attached.meter.unit(unit) {
            return Some(refusal);
        }
        // Sums are taken when an average is: every tenth of a window.
        let (after, slot) = (rates(attached), attached.session.slot);
        if before == after {
            return None;
        }
        let limits = self.limits();
        let window = limits.window.clamp(MediaDuration::from_secs(1), MediaDuration::from_secs(60)).to_std();
        let sends = |attached: &&Attached| now.monotonic.saturating_sub(attached.last_bytes) < window;
        let of_slot = self.sessions.list.iter().filter(|attached| attached.session.slot == slot).filter(sends);
        let [audio, total] = of_slot
            .map(rates)
            .fold([0u64; 2], |sum, rates| [sum[0].saturating_add(rates[0]), sum[1].saturating_add(rates[1])]);
        limits.check_rates(audio, total)
    }

    fn limits(&self) -> IngestLimits {
        self.config.input.limits(&self.config.encoding)
    }
}

/// Bits per second of sound and of everything.
fn rates(attached: &Attached) -> [u64; 2] {
    [attached.meter.audio_bitrate().unwrap_or(0), attached.meter.total_bitrate().unwrap_or(0)]
}
