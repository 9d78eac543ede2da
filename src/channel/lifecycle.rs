//! Commands: each fails with a typed error and then has changed nothing.

use std::time::Duration;

use crate::{
    channel::{
        Channel, ChannelConfig, ChannelState, CommandError, DetachReason, Encoding, Event, MeterEnd, Operation,
        OperationId, OperationState, Output, ProgramId, ProgramState,
        contribution::Contribution,
        feed_cues::FeedCues,
        on_air::{AirChain, slates},
        relay::{Delivery, Relay},
        sessions::Sessions,
        watch_stages::watch_stages,
    },
    ladder::{Job, Lane, OpenJob, Work},
    media::SoundSource,
    splice::{SlateImage, TestPattern, TestTone},
    time::{MediaDuration, MediaTime, Now},
};

impl Channel {
    /// Goes on air: Stopped → Starting, and Running when every codec is ready. A start that fails goes back to Stopped (A2.4).
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Stopped.
    pub fn start(&mut self, now: Now) -> Result<OperationId, CommandError> {
        self.allow(Operation::Start)?;
        let id = self.operations.begin(Operation::Start);
        self.set_state(ChannelState::Starting, now);
        self.open(id, now);
        Ok(id)
    }

    /// Goes off air: Running → Stopping, and Stopped when all work is back.
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Running, [`CommandError::ProgramsRunning`] while a program runs (A2.6).
    pub fn stop(&mut self, now: Now) -> Result<OperationId, CommandError> {
        self.allow(Operation::Stop)?;
        let id = self.operations.begin(Operation::Stop);
        self.go_off_air(Some(id), MeterEnd::Stop, now);
        Ok(id)
    }

    /// Begins anew after the encoder was reconfigured: the contribution is cut off and every codec made afresh (A2.8). The
    /// channel stays Running and billed.
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Running, [`CommandError::ProgramsRunning`] while a program runs.
    pub fn reset(&mut self, now: Now) -> Result<OperationId, CommandError> {
        self.allow(Operation::Reset)?;
        let id = self.operations.begin(Operation::Reset);
        self.detach_all(&DetachReason::Reset, now);
        self.air = None;
        self.end_preview();
        self.forget_sessions(self.sessions.protocol);
        if let Some(earlier) = self.opening.take() {
            let message = String::from("another reset came before this one was done");
            self.end_operation(earlier, OperationState::Failed { code: "CHANNEL_RESET", message });
        }
        self.open(id, now);
        Ok(id)
    }

    /// Changes properties; all but the name (A1.11).
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Stopped; the first rule that `config` breaks.
    pub fn update(&mut self, config: ChannelConfig) -> Result<(), CommandError> {
        self.allow(Operation::Update)?;
        if config.name != self.config.name {
            return Err(CommandError::Renamed);
        }
        config.check()?;
        self.sessions = Sessions::new(config.failover());
        self.config = config;
        Ok(())
    }

    /// Stopped → Deleting; the owner drops the channel when the event has come out (A2.7).
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Stopped.
    pub fn delete(&mut self, now: Now) -> Result<OperationId, CommandError> {
        self.allow(Operation::Delete)?;
        let id = self.operations.begin(Operation::Delete);
        self.set_state(ChannelState::Deleting, now);
        self.end_operation(id, OperationState::Succeeded);
        Ok(id)
    }

    /// Puts a slate on air, over whatever comes in, for `duration` or until [`hide_slate`](Self::hide_slate): `image`, or the
    /// default one (A15.2). The sound is muted (A15.10).
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Running, [`CommandError::SlateDuration`] for a duration of zero.
    pub fn show_slate(&mut self, duration: Option<Duration>, image: Option<SlateImage>) -> Result<(), CommandError> {
        self.allow(Operation::ShowSlate)?;
        if duration == Some(Duration::ZERO) {
            return Err(CommandError::SlateDuration(Duration::ZERO));
        }
        if let Some(air) = &mut self.air {
            let until = duration.map(|duration| air.switcher.position().plus(MediaDuration::from_std(duration)));
            air.switcher.show_slate(until, image);
        }
        Ok(())
    }

    /// Takes the slate off air.
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Running, [`CommandError::NoSlate`] where none is shown (A15.3).
    pub fn hide_slate(&mut self) -> Result<(), CommandError> {
        self.allow(Operation::HideSlate)?;
        let was_shown = self.air.as_mut().is_some_and(|air| air.switcher.hide_slate());
        if was_shown { Ok(()) } else { Err(CommandError::NoSlate) }
    }

    /// Stops a program with the next frame; the operation ends when its last segment is stored.
    ///
    /// # Errors
    /// The channel is not Running, or the program is neither Starting nor Running.
    pub fn stop_program(&mut self, id: ProgramId) -> Result<OperationId, CommandError> {
        self.allow(Operation::StopProgram)?;
        match self.program_state(id).ok_or(CommandError::NoProgram(id))? {
            ProgramState::Starting | ProgramState::Running => {}
            state => return Err(CommandError::ProgramState { id, state }),
        }
        let position = match (&mut self.air, &self.relay) {
            (Some(air), _) => air.switcher.cut(),
            (None, relay) => relay.as_ref().and_then(Relay::position).unwrap_or(MediaTime::ZERO),
        };
        let program = self.programs.iter_mut().find(|program| program.id == id && program.until.is_none());
        let program = program.ok_or(CommandError::NoProgram(id))?;
        let operation = self.operations.begin(Operation::StopProgram);
        program.until = Some((position, operation));
        Ok(operation)
    }

    pub(super) fn go_off_air(&mut self, operation: Option<OperationId>, why: MeterEnd, now: Now) {
        self.detach_all(&DetachReason::Stopped, now);
        self.air = None;
        self.relay = None;
        self.end_preview();
        self.forget_sessions(None);
        self.generation += 1;
        self.meter.stop(now, why);
        self.event(Event::MeterStopped { why });
        self.stopping = operation;
        self.idle_since = None;
        self.set_state(ChannelState::Stopping, now);
        self.finish_stopping(now);
    }

    /// Stopping → Stopped, once all work is back.
    pub(super) fn finish_stopping(&mut self, now: Now) {
        if self.state != ChannelState::Stopping || self.outstanding > 0 {
            return;
        }
        self.set_state(ChannelState::Stopped, now);
        if let Some(id) = self.stopping.take() {
            self.end_operation(id, OperationState::Succeeded);
        }
    }

    /// Everything that was known of contributions; the protocol stays fixed while the channel runs (A1.10).
    fn forget_sessions(&mut self, protocol: Option<&'static str>) {
        self.sessions = Sessions { protocol, ..Sessions::new(self.config.failover()) };
        self.contribution = Contribution::new(&self.config.audio);
        self.feed_cues = FeedCues::default();
    }

    fn open(&mut self, id: OperationId, now: Now) {
        self.generation += 1;
        if let Encoding::None(pass) = &self.config.encoding {
            // There is no codec to wait for.
            let (cutting, config) = ((self.config.gop, self.config.part_length()), &self.config);
            let (fragments, timescale) = (config.fragments_per_segment, config.timescale);
            let delivery = Delivery { cues: config.cue_formats, fragments, timescale };
            self.relay = Some(Relay::new(pass.clone(), cutting, delivery));
            self.set_state(ChannelState::Running, now);
            self.end_operation(id, OperationState::Succeeded);
            return;
        }
        self.opening = Some(id);
        let rungs = &self.config.preset.rungs;
        let (width, height) = rungs.first().map_or((2, 2), |rung| (rung.width as usize, rung.height as usize));
        let frame_rate = AirChain::IDLE_RATE.capped(self.config.preset.max_frame_rate);
        let tone = || -> Box<dyn SoundSource> { Box::new(TestTone::new(self.config.preset.audio_sample_rate)) };
        let job = OpenJob {
            codecs: self.codecs.clone(),
            preset: self.config.preset.clone(),
            frame_rate,
            thumbnails: self.config.thumbnails,
            watch: watch_stages(&self.config.loss_policy, &slates(&self.config)),
            test: Box::new(TestPattern::new(width, height, frame_rate, self.config.epoch)),
            tones: self.config.audio.iter().map(|_| tone()).collect(),
            asked: (now.monotonic, MediaTime::ZERO.plus(now.utc.since(self.config.epoch))),
        };
        self.send(Work::new(Lane::Open, self.generation, Job::Open(Box::new(job))));
    }

    pub(super) fn send(&mut self, work: Work) {
        self.outstanding += 1;
        self.outputs.push_back(Output::Work(work));
    }
}
