//! From the bytes of every contribution session to the one contribution that the channel works with.

use bytes::Bytes;

use crate::{
    channel::{
        Channel, CommandError, DetachReason, Event, IngestId, Output, Session, StreamTime,
        contribution::Contribution,
        input_rules::{SMOOTH, family_of},
        redundancy::Merged,
        sessions::{Attached, Claim, Sessions, Slot, TrackKey},
        sync_watch::{Apart, Stamp, StreamId},
    },
    error::{Fault, LimitError},
    ingest::{Demuxed, IngestRefusal, Leg},
    media::{AccessUnit, Track},
    time::Now,
};

impl Channel {
    pub(super) fn take_bytes(&mut self, id: IngestId, leg: Leg, bytes: Bytes, now: Now) -> Result<(), CommandError> {
        // A host that was away may bring bytes before the timeout that was due before them: a feed that was silent for an
        // hour is lost, and not an hour of frames to make up for in one step.
        if let Some(air) = self.air.as_mut().filter(|air| air.switcher.poll_timeout() < now.monotonic) {
            air.handle_timeout(now);
        }
        let attached = self.sessions.find_mut(id).ok_or(CommandError::NoIngest(id))?;
        attached.count_bytes(bytes.len(), now);
        let refused = attached.demuxer.push_on(leg, bytes, now).err().map(DetachReason::Refused);
        attached.health.reception = attached.demuxer.reception();
        let is_smooth = family_of(attached.session.protocol) == SMOOTH;
        let end = if is_smooth { DetachReason::EndOfStream } else { DetachReason::Ended };
        // What was whole before comes out first, and with it perhaps an end that is not the peer's wish.
        self.take_demuxed(id, refused.as_ref().unwrap_or(&end), now);
        if let Some(reason) = refused {
            self.detach(id, reason, now);
        }
        Ok(())
    }

    pub(super) fn close(&mut self, id: IngestId, reason: &DetachReason, now: Now) -> Result<(), CommandError> {
        let attached = self.sessions.find_mut(id).ok_or(CommandError::NoIngest(id))?;
        attached.is_finished = true;
        attached.demuxer.finish();
        // A Smooth encoder that is done ends its POST and asks for nothing more (SPECS d1): only the boxes tell whether it was.
        let is_smooth = family_of(attached.session.protocol) == SMOOTH;
        let (whole, cut) = match reason {
            DetachReason::Finished if is_smooth => (&DetachReason::EndOfStream, &DetachReason::Closed),
            reason => (reason, reason),
        };
        self.take_demuxed(id, whole, now);
        self.detach(id, cut.clone(), now);
        Ok(())
    }

    /// Does what is due in every session, and tells how they do.
    pub(super) fn time_sessions(&mut self, now: Now) {
        let ids: Vec<IngestId> = self.sessions.list.iter().map(|attached| attached.id).collect();
        for id in ids {
            if let Some(attached) = self.sessions.find_mut(id) {
                attached.roll(now);
                attached.demuxer.handle_timeout(now);
                attached.health.reception = attached.demuxer.reception();
            }
            self.take_demuxed(id, &DetachReason::Ended, now);
        }
        self.sessions.merger.handle_timeout(now);
        self.take_merged(now);
        if self.sessions.next_beat.is_some_and(|at| now.monotonic >= at) {
            self.sessions.next_beat = Some(now.monotonic + Sessions::BEAT);
            let beat = |attached: &mut Attached| Event::Heartbeat { ingest: attached.id, tracks: attached.beat(now) };
            self.outputs.extend(self.sessions.list.iter_mut().map(beat).map(Output::Event));
        }
    }

    /// Takes everything that a session's parser has found; `end` says why, should it have come to its end.
    fn take_demuxed(&mut self, id: IngestId, end: &DetachReason, now: Now) {
        let mut broken = None;
        self.tell_tracks(id, now);
        while let Some(item) = self.sessions.find_mut(id).and_then(|attached| attached.demuxer.pull()) {
            match item {
                Demuxed::Track(track) => self.take_metered_track(id, track, now),
                Demuxed::Unit(unit) => match self.meter_unit(id, &unit, now) {
                    Some(refusal) => self.detach(id, DetachReason::Limit(refusal), now),
                    None => self.take_unit(id, unit, now),
                },
                Demuxed::Cue(mut cue) => {
                    if let Some(attached) = self.sessions.find(id) {
                        cue.at = attached.shifted(cue.at);
                        cue.due = cue.due.map(|due| attached.shifted(due));
                    }
                    self.take_cue(id, cue, now);
                }
                Demuxed::Reply(bytes) => self.outputs.push_back(Output::Reply(id, bytes)),
                Demuxed::Fault(fault) => {
                    broken = broken_rule(&fault).or(broken);
                    self.count_fragments(id, &fault);
                    self.fault(Some(id), fault, now);
                }
                Demuxed::End => {
                    let reason = broken.take().map_or_else(|| end.clone(), DetachReason::Limit);
                    self.detach(id, reason, now);
                }
            }
        }
    }

    fn take_metered_track(&mut self, id: IngestId, track: Track, now: Now) {
        let refusal = self.meter_track(id, &track);
        if refusal.is_none() {
            self.take_track(id, &track, now);
            if let Some(attached) = self.sessions.find_mut(id) {
                attached.announce(track.id);
            }
            self.tell_tracks(id, now);
        } else {
            self.event(Event::Track { ingest: id, track });
        }
        if let Some(refusal) = refusal.or_else(|| self.meter_slot(id)) {
            self.detach(id, DetachReason::Limit(refusal), now);
        }
    }

    /// Tells of the tracks that a session has told and hosts do not know yet.
    fn tell_tracks(&mut self, id: IngestId, now: Now) {
        while let Some(track) =
            self.sessions.find_mut(id).and_then(|attached| attached.next_untold(false, now.monotonic))
        {
            self.event(Event::Track { ingest: id, track });
        }
    }

    fn take_track(&mut self, id: IngestId, track: &Track, now: Now) {
        let passes_through = self.config.passes_through();
        let Sessions { list, owners, .. } = &mut self.sessions;
        let Some(attached) = list.iter_mut().find(|attached| attached.id == id) else { return };
        let slot = attached.session.slot;
        let Some(owners) = owners.get(slot.index()) else { return };
        match attached.tell(track, owners, passes_through, now) {
            Claim::Owned(key, is_new) => self.own(id, (slot, key, is_new), track, now),
            Claim::TooMany => {
                let ceiling = Session::MAX_TRACKS as u64;
                let limit = LimitError { what: "tracks of a session", ceiling, asked: ceiling + 1 };
                self.fault(Some(id), limit.into(), now);
            }
            // The same sound in several sessions: the first brings it.
            Claim::Taken(_) if passes_through => {}
            Claim::Taken(owner) => self.settle_clash(id, owner, track, now),
        }
    }

    /// Two sessions of a slot bring the same track: one that was silent gives way, else the newer one is turned away.
    fn settle_clash(&mut self, id: IngestId, owner: IngestId, track: &Track, now: Now) {
        let loss_after = self.config.loss_after;
        let is_busy = |owner: &Attached| now.monotonic < owner.last_bytes + loss_after;
        if self.sessions.find(owner).is_some_and(is_busy) {
            self.detach(id, DetachReason::Denied, now);
        } else {
            self.detach(owner, DetachReason::Replaced, now);
            self.take_track(id, track, now);
        }
    }

    /// The session brings this track from here on.
    fn own(&mut self, id: IngestId, (slot, key, is_new): (Slot, TrackKey, bool), track: &Track, now: Now) {
        if !Attached::is_readable(&track.format) {
            return;
        }
        let Some(merged) = self.sessions.merger.track(slot, &key, track, is_new) else {
            let limit = LimitError { what: "tracks of a contribution", ceiling: 512, asked: 513 };
            return self.fault(Some(id), limit.into(), now);
        };
        if let Some(attached) = self.sessions.find_mut(id) {
            attached.own(track.id, merged);
        }
        if let Some(owners) = self.sessions.owners.get_mut(slot.index()) {
            owners.insert(key, id);
        }
        self.take_merged(now);
    }

    fn take_unit(&mut self, id: IngestId, mut unit: AccessUnit, now: Now) {
        let newest = self.sessions.merger.newest();
        let Some(attached) = self.sessions.find_mut(id) else { return };
        attached.set_beside(&mut unit, newest);
        let slot = attached.session.slot;
        let mut merged = attached.count(&unit, now);
        let jump = attached.jump.take();
        self.outputs.extend(jump.map(|jump| Output::Event(Event::TrackDiscontinuity { ingest: id, jump })));
        self.watch_times(id, slot, &unit, now);
        if merged.is_none() {
            // The session that brought this track may be gone.
            let owners = self.sessions.owners.get(slot.index());
            let attached = self.sessions.find(id);
            let orphan = attached.zip(owners).and_then(|(attached, owners)| attached.orphan(unit.track, owners));
            if let Some(track) = orphan {
                self.take_track(id, &track, now);
                merged = self.sessions.find(id).and_then(|attached| attached.merged(unit.track));
            }
        }
        // Nobody can tell whether the last picture of a stream that was cut off is whole; the other slot brings it so.
        let is_cut = self.sessions.find(id).is_some_and(|attached| attached.is_finished);
        let is_cut = is_cut && self.sessions.merger.has_double(slot, now);
        let is_needed = match merged.filter(|_| !is_cut) {
            Some(track) => self.sessions.merger.unit(slot, AccessUnit { track, ..unit }, now),
            None => false,
        };
        if let Some(attached) = self.sessions.find_mut(id).filter(|_| !is_needed) {
            attached.health.spare += 1;
        }
        self.take_merged(now);
    }

    /// Tells when the streams of a slot part (A26.4).
    fn watch_times(&mut self, id: IngestId, slot: Slot, unit: &AccessUnit, now: Now) {
        let Some((kind, _)) = self.sessions.find(id).and_then(|attached| attached.name_of(unit.track)) else { return };
        let Some(watch) = self.sessions.sync.get_mut(slot.index()).filter(|_| kind != "text") else { return };
        let of = StreamId { ingest: id, track: unit.track };
        let apart = watch.push(of, kind == "video", unit.pts, now.monotonic);
        for Apart { is_video, behind, ahead } in apart.into_iter().flatten() {
            let Some((behind, ahead)) = self.stream_time(behind).zip(self.stream_time(ahead)) else { continue };
            self.event(if is_video {
                Event::VideoStreamsOutOfSync { slot, behind, ahead }
            } else {
                Event::StreamsOutOfSync { slot, behind, ahead }
            });
        }
    }

    fn stream_time(&self, Stamp { of, at }: Stamp) -> Option<StreamTime> {
        let (kind, name) = self.sessions.find(of.ingest)?.name_of(of.track)?;
        Some(StreamTime { ingest: of.ingest, kind, name: name.into(), last_timestamp: at })
    }

    /// Hands the one contribution on.
    pub(super) fn take_merged(&mut self, now: Now) {
        while let Some(merged) = self.sessions.merger.pull() {
            match merged {
                Merged::Failover { from, to } => self.event(Event::Failover { from, to }),
                Merged::Renewed { is_other_slot } => {
                    self.contribution = Contribution::new(&self.config.audio);
                    if let Some(air) = &mut self.air {
                        air.renew();
                        if is_other_slot {
                            air.splice();
                        }
                    }
                    if let Some(relay) = self.relay.as_mut().filter(|_| is_other_slot) {
                        relay.renew();
                    }
                }
                Merged::Track(track) => self.open_track(track),
                Merged::Unit(unit) => self.pass_unit(unit, now),
            }
        }
    }

    fn open_track(&mut self, track: Track) {
        if let Some(relay) = &mut self.relay {
            relay.track(track);
        } else if self.contribution.takes(&track)
            && let Some(air) = &mut self.air
        {
            air.open(&self.contribution, &track);
        }
    }

    fn pass_unit(&mut self, unit: AccessUnit, now: Now) {
        if self.feed_cues.wait() {
            self.act_on_early_cues();
        }
        if let Some(relay) = &mut self.relay {
            relay.unit(unit, now);
            self.tell_relay(now);
            return;
        }
        let Some(air) = &mut self.air else { return };
        if self.contribution.video.as_ref().is_some_and(|video| video.id == unit.track) {
            air.push_video(&mut self.contribution, unit, now);
        } else if let Some(output) = self.contribution.sound.output_of(unit.track) {
            air.push_audio(&mut self.contribution, output, unit, now);
        }
        self.share_health();
    }

    /// What the contribution lost is its session's loss.
    pub(super) fn share_health(&mut self) {
        let dropped = std::mem::take(&mut self.contribution.health.dropped);
        let jumps = std::mem::take(&mut self.contribution.health.jumps);
        if (dropped, jumps) != (0, 0)
            && let Some(main) = self.sessions.main_mut()
        {
            main.health.dropped += dropped;
            main.health.jumps += jumps;
        }
    }
}

/// A session that ends after this fault ends because of it.
fn broken_rule(fault: &Fault) -> Option<IngestRefusal> {
    match fault {
        Fault::IdleTimeout { after_millis } => Some(IngestRefusal::Idle { after_millis: *after_millis }),
        Fault::MetadataMissing => Some(IngestRefusal::NoMetadata),
        _ => None,
    }
}
