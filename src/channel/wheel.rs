//! The wheel: what the host saw goes in, what it has to do comes out.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    archive::AssetOutput,
    channel::{
        Channel, ChannelState, CommandError, DetachReason, Event, IngestId, Input, MeterEnd, OperationState, Output,
        ProgramId, on_air::AirChain,
    },
    error::Fault,
    ingest::Demuxed,
    ladder::{Done, OpenLadder, Outcome},
    media::Track,
    time::{MediaDuration, Now},
};

impl Channel {
    /// Takes what the host saw. Bytes for a session that is gone are dropped.
    ///
    /// # Errors
    /// [`CommandError::NoIngest`] where there is no such session (any more): close its socket.
    pub fn handle_input(&mut self, input: Input, now: Now) -> Result<(), CommandError> {
        match input {
            Input::Bytes(id, bytes) => self.take_bytes(id, bytes, now)?,
            Input::Closed(id) => self.close(id, now)?,
            Input::Done(done) => self.take_done(done, now),
        }
        self.turn(now);
        Ok(())
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) gave has come. Calling it early or late harms nothing.
    pub fn handle_timeout(&mut self, now: Now) {
        if let Some(contribution) = &mut self.contribution {
            contribution.roll(now);
            contribution.demuxer.handle_timeout(now);
        }
        self.take_demuxed(&DetachReason::Ended, now);
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
        let demuxer = self.contribution.as_ref().and_then(|contribution| contribution.demuxer.poll_timeout());
        let idle = self.idle_since.map(|since| since + self.config.idle_shutoff);
        [air, demuxer, idle, self.ahead_until, self.faults.poll_timeout()].into_iter().flatten().min()
    }

    fn take_bytes(&mut self, id: IngestId, bytes: Bytes, now: Now) -> Result<(), CommandError> {
        // A host that was away may bring bytes before the timeout that was due before them: a feed that was silent for an
        // hour is lost, and not an hour of frames to make up for in one step.
        if let Some(air) = self.air.as_mut().filter(|air| air.switcher.poll_timeout() < now.monotonic) {
            air.handle_timeout(now);
        }
        let ours = self.contribution.as_mut().filter(|contribution| contribution.id == id);
        let contribution = ours.ok_or(CommandError::NoIngest(id))?;
        contribution.count_bytes(bytes.len(), now);
        let refused = contribution.demuxer.push(bytes, now).err().map(DetachReason::Refused);
        // What was whole before comes out first, and with it perhaps an end that is not the peer's wish.
        self.take_demuxed(refused.as_ref().unwrap_or(&DetachReason::Ended), now);
        if let Some(reason) = refused {
            self.detach(reason);
        }
        Ok(())
    }

    fn close(&mut self, id: IngestId, now: Now) -> Result<(), CommandError> {
        let ours = self.contribution.as_mut().filter(|contribution| contribution.id == id);
        ours.ok_or(CommandError::NoIngest(id))?.demuxer.finish();
        self.take_demuxed(&DetachReason::Closed, now);
        self.detach(DetachReason::Closed);
        Ok(())
    }

    /// Takes everything that the contribution's parser has found; `end` says why, should it have come to its end.
    fn take_demuxed(&mut self, end: &DetachReason, now: Now) {
        while let Some(contribution) = &mut self.contribution {
            let id = contribution.id;
            let Some(item) = contribution.demuxer.pull() else { break };
            match item {
                Demuxed::Track(track) => self.take_track(id, track),
                Demuxed::Unit(unit) => {
                    let Some(air) = &mut self.air else { continue };
                    if contribution.video.as_ref().is_some_and(|video| video.id == unit.track) {
                        contribution.count_picture(&unit);
                        air.push_video(contribution, unit, now);
                    } else if contribution.audio == Some(unit.track) {
                        air.push_audio(contribution, unit);
                    }
                }
                Demuxed::Cue(cue) => self.event(Event::Cue { ingest: id, cue }),
                Demuxed::Reply(bytes) => self.outputs.push_back(Output::Reply(id, bytes)),
                Demuxed::Fault(fault) => self.fault(Some(id), fault, now),
                Demuxed::End => self.detach(end.clone()),
            }
        }
    }

    fn take_track(&mut self, ingest: IngestId, track: Track) {
        let Some(contribution) = &mut self.contribution else { return };
        if contribution.takes(&track)
            && let Some(air) = &mut self.air
        {
            air.open(&track);
        }
        self.event(Event::Track { ingest, track });
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
                if let Some(contribution) = &self.contribution {
                    air.switcher.attach(true);
                    contribution.tracks().for_each(|track| air.open(track));
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
        if let Some(air) = &mut self.air {
            air.heed_refusal(self.contribution.as_mut());
            air.settle_sound(self.contribution.as_ref(), now);
        }
        while let Some(work) = self.air.as_mut().and_then(|air| air.pipeline.next_work()) {
            self.send(work);
        }
        self.take_segments(now);
        self.tell(now);
        self.note_idle(now);
        self.note_lead(now);
    }

    fn take_segments(&mut self, now: Now) {
        while let Some(sealed) = self.air.as_mut().and_then(AirChain::pull) {
            let (mut ended, mut refused) = (Vec::new(), Vec::new());
            for program in &mut self.programs {
                match program.push(&sealed) {
                    Ok(false) => {}
                    Ok(true) => {
                        program.asset.end();
                        ended.push(program.id);
                    }
                    Err(error) => refused.push(Fault::Output { what: error.to_string() }),
                }
            }
            refused.into_iter().for_each(|fault| self.fault(None, fault, now));
            self.take_asset_outputs();
            for id in ended {
                self.end_program(id);
            }
        }
        self.take_asset_outputs();
    }

    fn take_asset_outputs(&mut self) {
        for program in &mut self.programs {
            while let Some(output) = program.asset.pull() {
                self.outputs.push_back(match output {
                    AssetOutput::Store(object) => Output::Store(object),
                    AssetOutput::Update(update) => Output::Timeline(update),
                    AssetOutput::Discard(name) => Output::Discard(name),
                });
            }
        }
    }

    fn end_program(&mut self, id: ProgramId) {
        let Some(at) = self.programs.iter().position(|program| program.id == id) else { return };
        let program = self.programs.remove(at);
        self.event(Event::ProgramStopped { program: id });
        if let Some((_, operation)) = program.until {
            self.end_operation(operation, OperationState::Succeeded);
        }
    }

    fn tell(&mut self, now: Now) {
        while let Some((source, at)) = self.air.as_mut().and_then(AirChain::pull_change) {
            self.event(Event::OnAir { source, at });
        }
        while let Some(fault) = self.air.as_mut().and_then(AirChain::pull_fault) {
            let ingest = self.contribution.as_ref().map(|contribution| contribution.id);
            self.fault(ingest, fault, now);
        }
        while let Some((ingest, fault, count)) = self.faults.pull(now.monotonic) {
            self.event(Event::Fault { ingest, fault, count });
        }
        self.faults.tidy(now.monotonic);
    }

    fn fault(&mut self, ingest: Option<IngestId>, fault: Fault, now: Now) {
        if let Some((fault, count)) = self.faults.push(ingest, fault, now.monotonic) {
            self.event(Event::Fault { ingest, fault, count });
        }
    }

    fn note_idle(&mut self, now: Now) {
        let is_idle = self.state == ChannelState::Running && self.programs.is_empty() && self.contribution.is_none();
        if !is_idle {
            self.idle_since = None;
        } else if self.idle_since.is_none() {
            self.idle_since = Some(now.monotonic);
        }
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
        if self.idle_since.is_some_and(|since| now.monotonic >= since + self.config.idle_shutoff) {
            self.go_off_air(None, MeterEnd::IdleShutoff, now);
        }
    }
}
