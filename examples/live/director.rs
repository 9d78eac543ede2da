//! What the operator wants of the channel, and the steps on the way there: programs stop before the channel does.

use std::sync::Arc;

use headend::{
    archive::{AssetName, Recovered},
    channel::{Channel, ChannelState, CommandError, Operation, ProgramConfig, ProgramId, ProgramState},
    time::{MediaDuration, Now},
};

use crate::{endpoint::Endpoint, handle::Command, names, publishing::Publishing, recordings::CutOff};

/// Moves the channel to where the operator wants it, a step with every turn of the wheel.
#[derive(Debug)]
pub(crate) struct Director {
    endpoint: Arc<Endpoint>,
    window: MediaDuration,
    /// What Smooth Streaming encoders have sent, to be forgotten when the channel begins anew.
    smooth: Publishing,
    aim: Aim,
    published: Published,
    /// The published asset is an earlier run's, to go on with.
    resumes: Option<Recovered>,
    /// A program was started into the published asset.
    is_used: bool,
    /// The program that runs, or that is being stopped.
    program: Option<Running>,
    /// Earlier assets, to be given back when the next program starts.
    outdated: Vec<Published>,
}

/// An asset and the locator that it is reached under.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) asset: AssetName,
    pub(crate) locator: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// Running, with a program.
    Streaming,
    /// Stopped.
    OffAir,
    /// A reset, then streaming again.
    Reset,
    /// Whatever it is: a step failed, and trying again without being asked would fail again.
    Nothing,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    id: ProgramId,
    is_stopping: bool,
}

impl Director {
    pub(crate) fn new(
        channel: &Channel,
        endpoint: Arc<Endpoint>,
        window: MediaDuration,
        smooth: Publishing,
        cut_off: Option<CutOff>,
        now: Now,
    ) -> Self {
        let (published, resumes) = match cut_off {
            Some(CutOff { recovered, published }) => (published, Some(recovered)),
            None => (publish(channel, &endpoint, now), None),
        };
        let (aim, outdated) = (Aim::Nothing, Vec::new());
        Self { endpoint, window, smooth, aim, published, resumes, is_used: false, program: None, outdated }
    }

    /// The asset of the program that runs, or ran last, or is about to start.
    pub(crate) const fn published(&self) -> &Published {
        &self.published
    }

    /// Carries out a command, as far as it can be done at once; [`step`](Self::step) does the rest.
    pub(crate) fn command(&mut self, channel: &mut Channel, command: Command, now: Now) -> Result<(), CommandError> {
        match command {
            Command::Start => {
                channel.start(now)?;
                self.renew(channel, now);
                self.aim = Aim::Streaming;
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

    /// The process is about to end.
    pub(crate) const fn finish(&mut self) {
        self.aim = Aim::OffAir;
    }

    /// Takes the next step, where one is possible; whether it did anything.
    pub(crate) fn step(&mut self, channel: &mut Channel, now: Now) -> bool {
        let is_over = |program: &Running| channel.program_state(program.id) == Some(ProgramState::Stopped);
        if let Some(program) = self.program.take_if(|program| is_over(program)) {
            // Its asset stays; what the store has of it can be watched (A17.10).
            let _ = channel.delete_program(program.id);
            if self.aim == Aim::Streaming {
                // It could not go on: what the contribution brings is something else.
                self.renew_asset(channel, now);
            }
        }
        // A pass-through channel learns from its contribution what it offers; its program starts all the same.
        let is_open = channel.presentation().is_some() || channel.config().passes_through();
        let is_on_air = channel.state() == ChannelState::Running && is_open;
        if !is_on_air {
            return false;
        }
        let done = match (self.aim, self.program) {
            (Aim::Streaming, None) => self.start_program(channel, now),
            (Aim::OffAir, None) => channel.stop(now).map(drop),
            (Aim::Reset, None) => self.reset(channel, now),
            (Aim::OffAir | Aim::Reset, Some(Running { id, is_stopping: false })) => {
                self.program = Some(Running { id, is_stopping: true });
                channel.stop_program(id).map(drop)
            }
            _ => return false,
        };
        if let Err(error) = done {
            eprintln!("live: {error} ({})", error.code());
            self.aim = Aim::Nothing;
        }
        true
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

    fn start_program(&mut self, channel: &mut Channel, now: Now) -> Result<(), CommandError> {
        let window = Some(self.window);
        let config = |asset: &AssetName| ProgramConfig { window, ..ProgramConfig::new(asset.clone()) };
        let resumed = self.resumes.take().map(|recovered| {
            let id = channel.resume_program(config(&self.published.asset), &recovered);
            (id, recovered)
        });
        let id = match resumed {
            None => channel.run_program(config(&self.published.asset))?,
            Some((Ok(id), recovered)) => {
                println!("live: program {} goes on behind segment {:?}", recovered.name(), last(&recovered));
                id
            }
            Some((Err(error), recovered)) => {
                eprintln!("live: {error} ({}): a new program begins", error.code());
                self.endpoint.end(&recovered);
                self.is_used = true;
                self.renew_asset(channel, now);
                channel.run_program(config(&self.published.asset))?
            }
        };
        self.program = Some(Running { id, is_stopping: false });
        self.is_used = true;
        Ok(())
    }

    fn reset(&mut self, channel: &mut Channel, now: Now) -> Result<(), CommandError> {
        channel.reset(now)?;
        self.renew(channel, now);
        self.aim = Aim::Streaming;
        Ok(())
    }

    /// A new asset for the next program (A17.7), unless the present one was not used yet.
    fn renew(&mut self, channel: &Channel, now: Now) {
        self.smooth.clear();
        self.renew_asset(channel, now);
    }

    fn renew_asset(&mut self, channel: &Channel, now: Now) {
        if std::mem::take(&mut self.is_used) {
            let fresh = publish(channel, &self.endpoint, now);
            self.outdated.push(std::mem::replace(&mut self.published, fresh));
        }
    }

    /// Assets that nobody needs any more.
    pub(crate) fn take_outdated(&mut self) -> Vec<Published> {
        if self.program.is_some() { std::mem::take(&mut self.outdated) } else { Vec::new() }
    }
}

/// The number of its newest segment.
fn last(recovered: &Recovered) -> Option<u64> {
    recovered.timeline().last().map(|last| last.sequence)
}

fn publish(channel: &Channel, endpoint: &Endpoint, now: Now) -> Published {
    let name = channel.config().name.as_str();
    let published = Published { asset: names::asset(name, now), locator: names::locator() };
    if let Err(error) = endpoint.publish(&published.locator, &published.asset, name) {
        eprintln!("live: {error}");
    }
    published
}
