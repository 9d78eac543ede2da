//! Cues that a contribution carries: told in any case, acted on where the channel is to.

use std::collections::VecDeque;

use crate::{
    channel::{AdMarkers, Channel, Event, IngestId, Slot, on_ad_cues::OnAdCues, scte35_cues::cues_of},
    error::{Fault, ParseError},
    media::{CueCarriage, CueSignal},
    splice::{Avails, Cue, CueRefusal, CueSource},
    time::Now,
};

/// What is known of the cues that contributions carried so far.
#[derive(Debug, Default)]
pub(super) struct FeedCues {
    /// What `onAdCue` messages have said.
    on_ad_cues: OnAdCues,
    /// Cues that came before any track did.
    early: VecDeque<EarlyCue>,
}

#[derive(Debug)]
struct EarlyCue {
    slot: Slot,
    id: IngestId,
    signal: CueSignal,
    /// When it came.
    now: Now,
}

impl Channel {
    /// Tells of a cue that a contribution carries, and acts on it where the channel is to.
    pub(super) fn take_cue(&mut self, id: IngestId, signal: CueSignal, now: Now) {
        let acts = self.relay.is_some() || self.config.ad_markers == AdMarkers::Scte35 && self.air.is_some();
        // Of the slot that is on air, whichever of its sessions brings it: a sparse track has a POST of its own.
        let slot = self.sessions.find(id).map(|attached| attached.session.slot);
        if let Some(slot) = slot.filter(|_| acts) {
            match self.sessions.merger.active() {
                Some(active) if active == slot => self.act_on_signal(id, &signal, now),
                Some(_) => {}
                // Which slot will be on air is not known before one of them brings a track.
                None if self.feed_cues.early.len() < Avails::MAX_PENDING => {
                    self.feed_cues.early.push_back(EarlyCue { slot, id, signal: signal.clone(), now });
                }
                None => self.refuse_cue(id, &CueRefusal::TooMany(Avails::MAX_PENDING), now),
            }
        }
        self.event(Event::Cue { ingest: id, cue: signal });
    }

    /// Acts on cues that came before any track did, now that a slot is on air.
    pub(super) fn act_on_early_cues(&mut self) {
        let active = self.sessions.merger.active();
        while let Some(EarlyCue { slot, id, signal, now }) = self.feed_cues.early.pop_front() {
            if active == Some(slot) {
                self.act_on_signal(id, &signal, now);
            }
        }
    }

    fn act_on_signal(&mut self, id: IngestId, signal: &CueSignal, now: Now) {
        match self.asked_by(signal) {
            Ok(cues) => cues.into_iter().for_each(|cue| self.act_on(id, cue, now)),
            Err(error) => self.fault(Some(id), Fault::Unreadable(error), now),
        }
    }

    /// What a message asks for, in source time.
    fn asked_by(&mut self, signal: &CueSignal) -> Result<Vec<Cue>, ParseError> {
        let shows_slate = self.config.insert_slate_on_ad_marker;
        if signal.carriage != CueCarriage::OnAdCue {
            return cues_of(signal, shows_slate);
        }
        let of_relay = || self.relay.as_ref()?.ad_break();
        let running = self.ad_break().or_else(of_relay).filter(|cue| cue.source == CueSource::Contribution);
        let running = running.map(|cue| cue.id);
        self.feed_cues.on_ad_cues.read(signal, running, shows_slate)
    }

    fn act_on(&mut self, id: IngestId, cue: Cue, now: Now) {
        let announced = match (&mut self.air, &mut self.relay) {
            (Some(air), _) => air.switcher.announce_from_feed(cue, now),
            (None, Some(relay)) => relay.announce(cue),
            (None, None) => return,
        };
        match announced {
            // Encoders send each message several times.
            Ok(()) | Err(CueRefusal::Repeated { .. }) => {}
            Err(refusal) => self.refuse_cue(id, &refusal, now),
        }
    }

    fn refuse_cue(&mut self, id: IngestId, refusal: &CueRefusal, now: Now) {
        self.fault(Some(id), Fault::CueRefused { code: refusal.code(), what: refusal.to_string() }, now);
    }
}

impl FeedCues {
    /// Whether cues wait for a slot to be on air.
    pub(super) fn wait(&self) -> bool {
        !self.early.is_empty()
    }
}
