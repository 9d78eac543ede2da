//! Programs that begin, and those that go on where another run of the channel, or of its host, was cut off (FAULTS row 60).

use crate::{
    archive::{Asset, Recovered, ResumeError},
    channel::{Channel, CommandError, Event, Operation, ProgramConfig, ProgramId, program::Program},
    error::Fault,
    time::{MediaDuration, MediaTime, Now},
};

impl Channel {
    /// An asset that is this far ahead of the channel's clock is of another clock.
    const MAX_AHEAD: MediaDuration = MediaDuration::from_secs(60);

    /// Goes on with a program whose asset was read back from its index, under the rules of
    /// [`run_program`](Self::run_program). Its next segment has the next sequence number and begins with a discontinuity.
    ///
    /// The channel must be configured as it was, with the same [`epoch`](crate::channel::ChannelConfig::epoch), which the asset's
    /// presentation has. A pass-through channel takes the asset's epoch over, where nothing came yet; whether it can go on is
    /// known once its tracks are: if not, a [`Fault::Output`] says why and the program stops. The host tells its origin of the
    /// asset by [`Recovered::updates`] before.
    ///
    /// # Errors
    /// Those of `run_program`, and [`CommandError::Resume`]: a new asset is needed, and this one is to be
    /// [ended](crate::archive::Asset::reopen).
    pub fn resume_program(&mut self, config: ProgramConfig, recovered: &Recovered) -> Result<ProgramId, CommandError> {
        if config.asset != *recovered.name() {
            return Err(ResumeError::Asset { was: recovered.name().clone(), asked: config.asset }.into());
        }
        if recovered.timeline().is_ended() {
            return Err(ResumeError::Ended.into());
        }
        Asset::check_windows(recovered, config.window, config.rewind)?;
        self.check_program(&config, None)?;
        self.run(self.next_program(), config.clone(), Some(recovered))?;
        Ok(self.note_resumed(config))
    }

    /// Lets a program run that is one of this number.
    pub(super) fn run(
        &mut self,
        id: ProgramId,
        config: ProgramConfig,
        recovered: Option<&Recovered>,
    ) -> Result<(), CommandError> {
        self.allow(Operation::StartProgram)?;
        if self.programs.len() >= Self::MAX_PROGRAMS {
            return Err(CommandError::TooManyPrograms(self.programs.len()));
        }
        let asset = config.asset.clone();
        let from = MediaTime::from_flicks(i64::MIN);
        let resumes = recovered.cloned().map(Box::new);
        let end = recovered.map_or(from, end_of);
        let mut program = Program { id, config, asset: None, resumes, from, until: None, is_offer_decided: false };
        if let Some(relay) = &mut self.relay {
            if let Some(recovered) = recovered {
                relay.go_on(recovered.timeline().presentation().epoch, end);
            }
            // The next segment is the first; all of them where nothing has come yet.
            program.from = relay.position().unwrap_or(from).max(end);
            let longest = relay.longest_segment();
            relay.presentation().map_or(Ok(()), |offered| program.open(offered, longest))?;
        } else {
            // A reset is under way: there is no timeline yet that a program could start on.
            let (state, operation) = (self.state, Operation::StartProgram);
            let air = self.air.as_mut().ok_or(CommandError::State { operation, state })?;
            let by = end.since(air.switcher.position());
            if by > Self::MAX_AHEAD {
                return Err(ResumeError::Ahead { by }.into());
            }
            program.open(&air.presentation, air.switcher.cadence().gop())?;
            program.from = air.switcher.cut().max(end);
        }
        self.programs.push(program);
        self.event(Event::ProgramStarted { program: id, asset });
        Ok(())
    }

    /// Programs that were started before the contribution told its tracks open their assets now.
    pub(super) fn open_assets(&mut self, now: Now) {
        let Some(relay) = &self.relay else { return };
        let Some(presentation) = relay.presentation() else { return };
        let mut refused = Vec::new();
        for program in self.programs.iter_mut().filter(|program| program.asset.is_none()) {
            if let Err(error) = program.open(presentation, relay.longest_segment()) {
                program.end();
                refused.push((program.id, error));
            }
        }
        for (id, error) in refused {
            self.fault(None, Fault::Output { what: error.to_string() }, now);
            self.take_asset_outputs();
            self.end_program(id);
        }
    }
}

/// Where nothing of the asset is any more: sound may end behind the segment that it is in.
fn end_of(recovered: &Recovered) -> MediaTime {
    let timeline = recovered.timeline();
    let Some(last) = timeline.last() else { return MediaTime::from_flicks(i64::MIN) };
    let spans = timeline.presentation().tracks.iter().zip(last.spans.iter()).filter(|(_, span)| !span.is_missing());
    let ends = spans
        .map(|(track, span)| MediaTime::from_ticks(i64::try_from(span.end()).unwrap_or(i64::MAX), track.timescale));
    ends.fold(last.end(), MediaTime::max)
}
