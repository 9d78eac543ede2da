//! The wheel: what the host saw goes in, what it has to do comes out.

use std::time::Duration;

use crate::{
    archive::{AssetOutput, SealedPart},
    channel::{
        Channel, ChannelState, CommandError, DetachReason, Event, IngestId, Input, MeterEnd, OperationState, Output,
        ProgramId, SpliceReport,
        on_air::{AirChain, AirChange, Whole},
        program::Program,
        relay::Relay,
    },
    error::Fault,
    ingest::Leg,
    ladder::{Done, OpenLadder, Outcome},
    time::{MediaDuration, Now},
};

impl Channel {
    /// Takes what the host saw. Bytes for a session that is gone are dropped.
    ///
    /// # Errors
    /// [`CommandError::NoIngest`] where there is no such session (any more): close its socket.
    pub fn handle_input(&mut self, input: Input, now: Now) -> Result<(), CommandError> {
        match input {
            Input::Bytes(id, bytes) => self.take_bytes(id, Leg::First, bytes, now)?,
            Input::Datagram { id, leg, bytes } => self.take_bytes(id, leg, bytes, now)?,
            Input::Closed(id) => self.close(id, &DetachReason::Closed, now)?,
            Input::Finished(id) => self.close(id, &DetachReason::Finished, now)?,
            Input::Done(done) => self.take_done(done, now),
        }
        self.turn(now);
        Ok(())
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) gave has come. Calling it early or late harms nothing.
    pub fn handle_timeout(&mut self, now: Now) {
        self.excuse_silence(now);
        self.time_sessions(now);
        if let Some(air) = &mut self.air {
            air.handle_timeout(now);
        }
        self.shut_off_when_idle(now);
        self.turn(now);
    }

    /// What the host has to do next, in order; drain it after every other call.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, on the monotonic clock.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        let air = self.air.as_ref().map(|air| air.switcher.poll_timeout());
        let demuxers = self.sessions.list.iter().filter_map(|attached| attached.demuxer.poll_timeout()).min();
        let merger = self.sessions.merger.poll_timeout();
        let beat = self.sessions.next_beat.into_iter().chain(self.archive_beat.poll_timeout()).min();
        let told = self.faults.poll_timeout().into_iter().chain(self.rejections.poll_timeout()).min();
        let all = [air, demuxers, merger, beat, self.idle_until(), self.ahead_until, told, self.programs_end_at()];
        all.into_iter().flatten().min()
    }

    fn take_done(&mut self, done: Done, now: Now) {
        self.outstanding = self.outstanding.saturating_sub(1);
        if done.generation == self.generation {
            match done.outcome {
                Outcome::Open(opened) => self.opened(opened, now),
                outcome => {
                    if let Some(air) = &mut self.air {
                        air.pipeline.done(done.lane, outcome);
                    }
                }
            }
        }
        self.finish_stopping(now);
    }

    fn opened(&mut self, opened: Result<Box<OpenLadder>, Fault>, now: Now) {
        let Some(id) = self.opening.take() else { return };
        match opened {
            Ok(ladder) => {
                let mut air = AirChain::new(&self.config, *ladder, self.generation, now);
                // A session that was taken in while a reset was under way has told its tracks already.
                if !self.sessions.list.is_empty() {
                    air.switcher.attach(true);
                    self.contribution.tracks().for_each(|track| air.open(&self.contribution, track));
                }
                self.air = Some(air);
                self.set_state(ChannelState::Running, now);
                self.end_operation(id, OperationState::Succeeded);
            }
            Err(fault) => {
                let message = fault.to_string();
                self.end_operation(id, OperationState::Failed { code: fault.code(), message });
                if self.state == ChannelState::Running {
                    self.go_off_air(None, MeterEnd::Failure, now);
                } else {
                    self.set_state(ChannelState::Stopped, now);
                }
            }
        }
    }

    /// Moves everything one step on: sound, work, segments, events.
    fn turn(&mut self, now: Now) {
        self.excuse_silence(now);
        if let Some(air) = &mut self.air {
            let is_fed = !self.sessions.list.is_empty();
            air.heed_refusal(is_fed.then_some(&mut self.contribution));
            air.settle_sound(is_fed.then_some(&self.contribution), now);
        }
        while let Some(work) = self.air.as_mut().and_then(|air| air.pipeline.next_work()) {
            self.send(work);
        }
        self.take_segments(now);
        self.end_silent_programs(now);
        self.tell(now);
        self.beat_archive(now);
        self.note_idle(now);
        self.note_lead(now);
    }

    fn take_segments(&mut self, now: Now) {
        self.open_assets(now);
        self.open_preview(now);
        while let Some(whole) = self.pull_whole() {
            let (sealed, offer) = match whole {
                Whole::Segment(sealed, offer) => (sealed, offer),
                Whole::Part(sealed) => {
                    self.take_part(&sealed, now);
                    continue;
                }
            };
            let (mut ended, mut refused) = (Vec::new(), Vec::new());
            if !self.programs.is_empty() {
                self.archive_beat.note(&sealed.segment);
            }
            let captions = self.caption_services(&sealed.segment);
            let drift = self.drift_in(&sealed.segment);
            for program in &mut self.programs {
                program.drift(&sealed.segment, drift);
                captions.iter().for_each(|services| program.caption(&sealed.segment, services));
                match program.push(&sealed, offer.as_ref()) {
                    Ok(false) => {}
                    Ok(true) => {
                        program.end();
                        ended.push(program.id);
                    }
                    Err(error) => refused.push(Fault::Output { what: error.to_string() }),
                }
            }
            if let Some(preview) = &mut self.preview
                && let Err(error) = preview.push(&sealed, drift, captions.as_deref())
            {
                refused.push(Fault::Output { what: error.to_string() });
            }
            refused.into_iter().for_each(|fault| self.fault(None, fault, now));
            self.take_asset_outputs();
            for id in ended {
                self.end_program(id);
            }
        }
        self.take_asset_outputs();
    }

    fn take_part(&mut self, sealed: &SealedPart, now: Now) {
        let of_programs = self.programs.iter_mut().map(|program| program.push_part(sealed));
        let of_preview = self.preview.iter_mut().map(|preview| preview.push_part(sealed));
        let refused: Vec<_> = of_programs.chain(of_preview).filter_map(Result::err).collect();
        for error in refused {
            self.fault(None, Fault::Output { what: error.to_string() }, now);
        }
        self.take_asset_outputs();
    }

    /// The next part or segment that is whole.
    fn pull_whole(&mut self) -> Option<Whole> {
        let Some(relay) = &mut self.relay else { return self.air.as_mut().and_then(AirChain::pull) };
        let whole = relay.pull();
        while let Some(unaligned) = relay.pull_unaligned() {
            for attached in &mut self.sessions.list {
                let Some(tally) = attached.tally_of(unaligned.track) else { continue };
                tally.unaligned_key_frames += u32::from(unaligned.lacks_idr);
                tally.unaligned_presentation_time += u32::from(unaligned.is_off);
            }
        }
        whole
    }

    /// When programs that are being stopped end although nothing comes any more. Where others run, the open segment is theirs
    /// too: it is not cut before it would have ended by itself.
    fn programs_end_at(&self) -> Option<Duration> {
        let relay = self.relay.as_ref().filter(|_| self.programs.iter().any(|program| program.until.is_some()))?;
        let is_shared = self.programs.iter().any(|program| program.until.is_none());
        let least = if is_shared { relay.longest_segment().to_std() } else { Duration::ZERO };
        Some(relay.last_unit().unwrap_or(Duration::ZERO).saturating_add(self.config.loss_after.max(least)))
    }

    /// The time line of a pass-through channel stops with its contribution (A16.4): what has come is all there is.
    fn end_silent_programs(&mut self, now: Now) {
        if self.programs_end_at().is_none_or(|at| now.monotonic < at) {
            return;
        }
        self.relay.iter_mut().for_each(Relay::finish);
        self.take_segments(now);
        let stopping = self.programs.iter().filter(|program| program.until.is_some()).map(|program| program.id);
        let stopping: Vec<ProgramId> = stopping.collect();
        for id in stopping {
            let program = self.programs.iter_mut().find(|program| program.id == id);
            program.into_iter().for_each(Program::end);
            self.take_asset_outputs();
            self.end_program(id);
        }
    }

    pub(super) fn take_asset_outputs(&mut self) {
        let of_programs = self.programs.iter_mut().filter_map(|program| program.asset.as_mut());
        for asset in of_programs.chain(self.preview.iter_mut().map(|preview| &mut preview.asset)) {
            while let Some(output) = asset.pull() {
                self.outputs.push_back(match output {
                    AssetOutput::Grow(growth) => Output::Grow(growth),
                    AssetOutput::Store(object) => Output::Store(object),
                    AssetOutput::Append(append) => Output::Append(append),
                    AssetOutput::Update(update) => Output::Timeline(update),
                    AssetOutput::Discard(name) => Output::Discard(name),
                });
            }
        }
    }

    pub(super) fn end_program(&mut self, id: ProgramId) {
        let Some(at) = self.programs.iter().position(|program| program.id == id) else { return };
        let program = self.programs.remove(at);
        self.event(Event::ProgramStopped { program: id });
        if let Some((_, operation)) = program.until {
            self.end_operation(operation, OperationState::Succeeded);
        }
    }

    fn pull_report(&mut self) -> Option<SpliceReport> {
        let of_relay = |relay: Option<&mut Relay>| relay.and_then(Relay::pull_report);
        self.air.as_mut().and_then(AirChain::pull_report).or_else(|| of_relay(self.relay.as_mut()))
    }

    fn tell(&mut self, now: Now) {
        while let Some((change, at)) = self.air.as_mut().and_then(AirChain::pull_change) {
            self.event(match change {
                AirChange::Source(source) => Event::OnAir { source, at },
                AirChange::Loss(loss) => Event::Loss { loss, at },
            });
        }
        while let Some(report) = self.pull_report() {
            self.event(Event::Splice(report));
        }
        while let Some(thumbnail) = self.air.as_mut().and_then(|air| air.pipeline.pull_thumbnail()) {
            let ingest = self.sessions.main().map(|attached| attached.id);
            self.event(Event::Thumbnail { ingest, thumbnail });
        }
        while let Some(fault) = self.air.as_mut().and_then(AirChain::pull_fault) {
            let ingest = self.sessions.main().map(|attached| attached.id);
            self.fault(ingest, fault, now);
        }
        self.tell_relay(now);
        while let Some((ingest, fault, count)) = self.faults.pull(now.monotonic) {
            self.event(Event::Fault { ingest, fault, count });
        }
        self.faults.tidy(now.monotonic);
        self.tell_rejections(now);
    }

    pub(super) fn fault(&mut self, ingest: Option<IngestId>, fault: Fault, now: Now) {
        if let Some((fault, count)) = self.faults.push(ingest, fault, now.monotonic) {
            self.event(Event::Fault { ingest, fault, count });
        }
    }

    /// A host that was told to stop reading hands nothing in: that is no silence of the contribution.
    fn excuse_silence(&mut self, now: Now) {
        if self.wants_input() {
            return;
        }
        self.sessions.merger.excuse_silence(now);
        if let Some(air) = &mut self.air {
            air.switcher.excuse_silence(now);
        }
    }

    fn note_idle(&mut self, now: Now) {
        let is_idle = self.state == ChannelState::Running && self.programs.is_empty() && self.sessions.list.is_empty();
        // A4.2.
        let is_idle = is_idle && !self.config.passes_through();
        if !is_idle {
            self.idle_since = None;
        } else if self.idle_since.is_none() {
            self.idle_since = Some(now.monotonic);
        }
    }

    /// `None` also where that is beyond any clock.
    fn idle_until(&self) -> Option<Duration> {
        self.idle_since?.checked_add(self.config.idle_shutoff)
    }

    /// A file that is pushed at full speed must not run away from the clock: the host stops reading until half the lead is
    /// played.
    fn note_lead(&mut self, now: Now) {
        self.ahead_until = self.air.as_ref().filter(|air| air.switcher.lead(now) > Self::MAX_LEAD).map(|air| {
            let half = MediaDuration::from_flicks(Self::MAX_LEAD.flicks() / 2);
            air.switcher.monotonic_at(air.switcher.position().minus(half))
        });
    }

    /// A4.1: an encoding channel that nobody uses stops by itself; the idle time is billed (A4.3).
    fn shut_off_when_idle(&mut self, now: Now) {
        if self.idle_until().is_some_and(|at| now.monotonic >= at) {
            self.go_off_air(None, MeterEnd::IdleShutoff, now);
        }
    }
}
