//! What the operator wants of the channel, and the steps on the way there: programs stop before the channel does.

use std::sync::Arc;

use headend::{
    channel::{Channel, ChannelState, CommandError, Operation, ProgramId, ProgramState},
    time::{MediaDuration, Now},
};

use crate::{
    endpoint::Endpoint,
    handle::Command,
    programs::{Act, Listed, ProgramCommand, Programs, Published, Refused, Windows},
    publishing::Publishing,
    recordings::CutOff,
};

/// Moves the channel to where the operator wants it, a step with every turn of the wheel.
#[derive(Debug)]
pub(crate) struct Director {
    programs: Programs,
    /// What the channel's own program keeps.
    window: MediaDuration,
    /// The channel starts a program by itself.
    starts: bool,
    /// What Smooth Streaming encoders have sent, to be forgotten when the channel begins anew.
    smooth: Publishing,
    aim: Aim,
    main: Main,
    /// Programs of an earlier run that operators had started, to go on with.
    cut_off: Vec<CutOff>,
    /// Programs that it had before, to be given back when the next one starts.
    earlier: Vec<ProgramId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// Running, with a program of its own.
    Streaming,
    /// Stopped.
    OffAir,
    /// A reset, then streaming again.
    Reset,
    /// Whatever it is: nothing more is wanted, or a step failed and trying again without being asked would fail again.
    Nothing,
}

/// The program that the channel starts by itself; those that operators start are beside it.
#[derive(Debug)]
enum Main {
    None,
    /// An earlier run's, to go on with.
    CutOff(Box<CutOff>),
    Program(ProgramId),
}

impl Director {
    pub(crate) fn new(
        channel: &mut Channel,
        endpoint: Arc<Endpoint>,
        (window, starts): (MediaDuration, bool),
        smooth: Publishing,
        mut cut_off: Vec<CutOff>,
        now: Now,
    ) -> Self {
        let (programs, aim, earlier) = (Programs::new(endpoint), Aim::Nothing, Vec::new());
        // Of several that were cut off the channel's own is one with its window, and the newest of those.
        let is_own = |cut_off: &CutOff| cut_off.windows() == Windows { window: Some(window), rewind: None };
        let own = cut_off.iter().rposition(is_own).or(cut_off.len().checked_sub(1));
        let main = own.map_or(Main::None, |own| Main::CutOff(Box::new(cut_off.remove(own))));
        let mut director = Self { programs, window, starts, smooth, aim, main, cut_off, earlier };
        if matches!(director.main, Main::None) {
            director.renew_main(channel, now);
        }
        director
    }

    pub(crate) fn program(&self, id: ProgramId) -> Option<&Listed> {
        self.programs.get(id)
    }

    /// What the channel's own URLs lead to: its own program while that runs, else one that an operator started and that runs, else its own
    /// as it is about to start or was last.
    pub(crate) fn published(&self, channel: &Channel) -> Option<&Published> {
        let main = match &self.main {
            Main::CutOff(cut_off) => return Some(&cut_off.published),
            Main::Program(id) => Some(*id),
            Main::None => None,
        };
        let is_running = |id: &ProgramId| channel.running_programs().any(|(running, _)| running == *id);
        let own = main.filter(is_running).or_else(|| channel.running_programs().next().map(|(id, _)| id)).or(main);
        let listed = own.and_then(|id| self.programs.get(id)).or_else(|| self.programs.newest_stopped());
        listed.map(|listed| &listed.published)
    }

    /// Carries out a command, as far as it can be done at once; [`step`](Self::step) does the rest.
    pub(crate) fn command(&mut self, channel: &mut Channel, command: Command, now: Now) -> Result<(), CommandError> {
        match command {
            Command::Start => {
                channel.start(now)?;
                self.renew(channel, now);
            }
            Command::Stop => {
                self.allow(channel, Operation::Stop)?;
                self.aim = Aim::OffAir;
            }
            Command::Reset => {
                self.allow(channel, Operation::Reset)?;
                self.aim = Aim::Reset;
            }
            Command::ShowSlate(duration, image) => channel.show_slate(duration, image)?,
            Command::HideSlate => channel.hide_slate()?,
            Command::StartAdBreak(wanted) => channel.start_ad_break(wanted)?,
            Command::EndAdBreak(cue_id) => channel.end_ad_break(cue_id)?,
        }
        Ok(())
    }

    /// The same of programs. One that the operator stops is not begun again by itself.
    pub(crate) fn command_program(
        &mut self,
        channel: &mut Channel,
        command: ProgramCommand,
        now: Now,
    ) -> Result<ProgramId, Refused> {
        let is_start =
            matches!(command, ProgramCommand::Create { starts: true, .. } | ProgramCommand::Act(_, Act::Start));
        if is_start {
            self.allow(channel, Operation::StartProgram)?;
        }
        let id = self.programs.carry_out(channel, command, now)?;
        if let (ProgramCommand::Act(_, act), true) = (command, self.is_main(id)) {
            match act {
                Act::Stop if self.aim == Aim::Streaming => self.aim = Aim::Nothing,
                Act::Delete => (self.main, self.aim) = (Main::None, Aim::Nothing),
                _ => {}
            }
        }
        Ok(id)
    }

    /// The process is about to end.
    pub(crate) const fn finish(&mut self) {
        self.aim = Aim::OffAir;
    }

    /// Takes the next step, where one is possible; whether it did anything.
    pub(crate) fn step(&mut self, channel: &mut Channel, now: Now) -> bool {
        self.programs.note_stopped(channel, now);
        if self.aim == Aim::Streaming && self.is_over() {
            // It could not go on: what the contribution brings is something else.
            self.renew_main(channel, now);
        }
        // A pass-through channel learns from its contribution what it offers; its program starts all the same.
        let is_open = channel.presentation().is_some() || channel.config().passes_through();
        let is_on_air = channel.state() == ChannelState::Running && is_open;
        if !is_on_air {
            return false;
        }
        let done = match self.aim {
            Aim::Streaming if self.is_to_start() => self.start_main(channel, now),
            Aim::OffAir | Aim::Reset => {
                if channel.running_programs().next().is_some() {
                    return stop_programs(channel);
                }
                if self.aim == Aim::OffAir {
                    channel.stop(now).map(drop).map_err(Refused::from)
                } else {
                    self.reset(channel, now)
                }
            }
            Aim::Streaming | Aim::Nothing => return false,
        };
        if let Err(error) = done {
            eprintln!("live: {error}");
            self.aim = Aim::Nothing;
        }
        true
    }

    /// Assets that nobody needs any more.
    pub(crate) fn take_outdated(&mut self) -> Vec<Published> {
        self.programs.take_outdated()
    }

    /// Whether the channel may be asked for this once its programs are stopped, and nothing else is under way.
    fn allow(&self, channel: &Channel, operation: Operation) -> Result<(), CommandError> {
        let state = channel.state();
        let is_under_way = matches!(self.aim, Aim::OffAir | Aim::Reset);
        if is_under_way || !state.allows(operation) {
            return Err(CommandError::State { operation, state });
        }
        Ok(())
    }

    fn is_main(&self, id: ProgramId) -> bool {
        matches!(self.main, Main::Program(main) if main == id)
    }

    fn is_to_start(&self) -> bool {
        match &self.main {
            Main::None => false,
            Main::CutOff(_) => true,
            Main::Program(id) => self.programs.get(*id).is_some_and(|listed| listed.started.is_none()),
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.main, Main::Program(id) if self.programs.get(id).is_some_and(|listed| listed.stopped.is_some()))
    }

    fn start_main(&mut self, channel: &mut Channel, now: Now) -> Result<(), Refused> {
        self.main = match std::mem::replace(&mut self.main, Main::None) {
            Main::CutOff(cut_off) => {
                let windows = Windows { window: Some(self.window), rewind: None };
                let went_on = self.programs.resume(channel, *cut_off, windows, now);
                went_on.map_or_else(|| self.fresh_main(channel, now), Main::Program)
            }
            main => main,
        };
        for cut_off in std::mem::take(&mut self.cut_off) {
            let windows = cut_off.windows();
            self.programs.resume(channel, cut_off, windows, now);
        }
        if let Main::Program(id) = self.main
            && self.is_to_start()
        {
            self.programs.start(channel, id, now)?;
        }
        for id in std::mem::take(&mut self.earlier) {
            // The operator may have deleted it.
            let _ = self.programs.delete(channel, id);
        }
        Ok(())
    }

    fn reset(&mut self, channel: &mut Channel, now: Now) -> Result<(), Refused> {
        channel.reset(now)?;
        self.renew(channel, now);
        Ok(())
    }

    /// Everything begins anew, with a new program (A17.7) unless the present one was not used yet.
    fn renew(&mut self, channel: &mut Channel, now: Now) {
        self.smooth.clear();
        if !matches!(self.main, Main::CutOff(_)) {
            self.renew_main(channel, now);
        }
        self.aim = Aim::Streaming;
    }

    fn renew_main(&mut self, channel: &mut Channel, now: Now) {
        if let Main::Program(id) = self.main {
            if self.is_to_start() {
                return;
            }
            self.earlier.push(id);
        }
        self.main = self.fresh_main(channel, now);
    }

    fn fresh_main(&mut self, channel: &mut Channel, now: Now) -> Main {
        if !self.starts {
            return Main::None;
        }
        let windows = Windows { window: Some(self.window), rewind: None };
        match self.programs.create(channel, windows, now) {
            Ok(id) => Main::Program(id),
            Err(error) => {
                eprintln!("live: {error}");
                Main::None
            }
        }
    }
}

/// Stops all that run; whether there were such.
fn stop_programs(channel: &mut Channel) -> bool {
    let runs = |state| matches!(state, ProgramState::Starting | ProgramState::Running);
    let running: Vec<ProgramId> = channel.programs().filter(|(.., state)| runs(*state)).map(|(id, ..)| id).collect();
    running.iter().for_each(|id| {
        if let Err(error) = channel.stop_program(*id) {
            eprintln!("live: {error} ({})", error.code());
        }
    });
    !running.is_empty()
}

#[cfg(test)]
mod tests;
