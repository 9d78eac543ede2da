//! What is lost of a contribution on its way through is the trouble of the session that brought it (A26.1, A26.4).

use crate::{
    channel::{
        Channel, IngestId,
        relay::{Relay, Trouble},
        sessions::Attached,
    },
    error::Fault,
    media::TrackId,
    time::Now,
};

impl Channel {
    /// Tells what went wrong in the relay, after every access unit: what was dropped is the newest of its track.
    pub(super) fn tell_relay(&mut self, now: Now) {
        while let Some(Trouble { track, mut fault }) = self.relay.as_mut().and_then(Relay::pull_trouble) {
            let brings = track.and_then(|track| self.brings(track));
            let ingest = brings.or_else(|| self.sessions.main().map(|attached| attached.id));
            if let Some(attached) = ingest.and_then(|id| self.sessions.find_mut(id)) {
                attached.health.dropped = attached.health.dropped.saturating_add(lost_units(&fault));
                if let Fault::UnitsDropped { stream, reason, .. } = &mut fault
                    && let Some(tally) = track.and_then(|track| attached.tally_of(track))
                {
                    *stream = tally.drop_newest(*reason).0;
                }
            }
            self.fault(ingest, fault, now);
        }
    }

    /// Fragments that a session's parser dropped count in the heartbeat of their track.
    pub(super) fn count_fragments(&mut self, id: IngestId, fault: &Fault) {
        if let Fault::FragmentsDropped { count, stream, reason } = fault
            && let Some(tally) = self.sessions.find_mut(id).and_then(|attached| attached.tally(TrackId(*stream)))
        {
            tally.count_dropped(*count, *reason);
        }
    }

    /// The session that brings a track of the one contribution, one of the slot on air before others.
    fn brings(&mut self, track: TrackId) -> Option<IngestId> {
        let active = self.sessions.merger.active();
        let brings = |attached: &mut &mut Attached| attached.tally_of(track).is_some();
        let all = self.sessions.list.iter_mut().filter_map(|mut attached| brings(&mut attached).then_some(attached));
        all.min_by_key(|attached| active != Some(attached.session.slot)).map(|attached| attached.id)
    }
}

/// Access units that a fault of the relay says are lost.
const fn lost_units(fault: &Fault) -> u64 {
    match fault {
        Fault::Dropped { count, .. } | Fault::UnitsDropped { count, .. } => *count,
        Fault::Limit(_) => 1,
        _ => 0,
    }
}
