//! The programs of the channel, each with an asset and a locator of its own: what is made of an operator's wishes.

use std::{collections::BTreeMap, fmt, sync::Arc};

use headend::{
    archive::AssetName,
    channel::{Channel, CommandError, ProgramConfig, ProgramId, ProgramState},
    origin::PublishError,
    time::{MediaDuration, Now},
};

use crate::{endpoint::Endpoint, names, recordings::CutOff};

/// An asset and the locator that it is reached under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) asset: AssetName,
    pub(crate) locator: String,
}

/// What a program keeps, and how much of that live manifests show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// `None` keeps everything.
    pub(crate) window: Option<MediaDuration>,
    /// `None` shows all that is kept.
    pub(crate) rewind: Option<MediaDuration>,
}

/// What an operator may ask of programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProgramCommand {
    /// A new one, which starts at once or waits.
    Create { windows: Windows, starts: bool },
    /// Something of one that there is.
    Act(ProgramId, Act),
}

/// What may be done with a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Update(Windows),
    Start,
    Stop,
    Publish,
    Unpublish,
    Delete,
}

/// Why that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Command(CommandError),
    Publish(PublishError),
}

/// A program as the host knows it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) published: Published,
    /// Its locator is taken away otherwise, and comes back as it was.
    pub(crate) is_published: bool,
    /// In Unix milliseconds.
    pub(crate) started: Option<i64>,
    pub(crate) stopped: Option<i64>,
}

/// Every program that was not deleted.
#[derive(Debug)]
pub(crate) struct Programs {
    endpoint: Arc<Endpoint>,
    listed: BTreeMap<ProgramId, Listed>,
    /// Assets that nobody needs any more.
    outdated: Vec<Published>,
}

impl Programs {
    pub(crate) const fn new(endpoint: Arc<Endpoint>) -> Self {
        Self { endpoint, listed: BTreeMap::new(), outdated: Vec::new() }
    }

    pub(crate) fn get(&self, id: ProgramId) -> Option<&Listed> {
        self.listed.get(&id)
    }

    /// The one that stopped last.
    pub(crate) fn newest_stopped(&self) -> Option<&Listed> {
        self.listed.values().filter(|listed| listed.stopped.is_some()).max_by_key(|listed| listed.stopped)
    }

    /// Carries out a command; the program that it is about.
    pub(crate) fn carry_out(
        &mut self,
        channel: &mut Channel,
        command: ProgramCommand,
        now: Now,
    ) -> Result<ProgramId, Refused> {
        let (id, act) = match command {
            ProgramCommand::Act(id, act) => (id, act),
            ProgramCommand::Create { windows, starts } => {
                let id = self.create(channel, windows, now)?;
                if starts && let Err(error) = self.start(channel, id, now) {
                    self.delete(channel, id)?;
                    return Err(error.into());
                }
                return Ok(id);
            }
        };
        match act {
            Act::Update(Windows { window, rewind }) => {
                let asset = self.find(id)?.published.asset.clone();
                channel.update_program(id, ProgramConfig { asset, window, rewind })?;
            }
            Act::Start => self.start(channel, id, now)?,
            Act::Stop => {
                channel.stop_program(id)?;
            }
            Act::Publish => self.publish(channel, id)?,
            Act::Unpublish => self.unpublish(id)?,
            Act::Delete => self.delete(channel, id)?,
        }
        Ok(id)
    }

    /// A new program in the state Stopped, published already: its URLs are known before it starts.
    pub(crate) fn create(&mut self, channel: &mut Channel, windows: Windows, now: Now) -> Result<ProgramId, Refused> {
        let name = channel.config().name.as_str().to_owned();
        let published = Published { asset: names::asset(&name, now), locator: names::locator() };
        let Windows { window, rewind } = windows;
        let id = channel.create_program(ProgramConfig { asset: published.asset.clone(), window, rewind })?;
        if let Err(error) = self.endpoint.publish(&published.locator, &published.asset, &name) {
            channel.delete_program(id)?;
            return Err(error.into());
        }
        self.listed.insert(id, Listed::new(published));
        Ok(id)
    }

    /// Goes on with a program of an earlier run, which is published already; one that cannot is ended, and plays on demand.
    pub(crate) fn resume(
        &mut self,
        channel: &mut Channel,
        CutOff { recovered, published }: CutOff,
        Windows { window, rewind }: Windows,
        now: Now,
    ) -> Option<ProgramId> {
        let config = ProgramConfig { asset: published.asset.clone(), window, rewind };
        match channel.resume_program(config, &recovered) {
            Ok(id) => {
                let newest = recovered.timeline().last().map(|last| last.sequence);
                println!("live: program {} goes on behind segment {newest:?}", recovered.name());
                self.listed.insert(id, Listed { started: Some(millis(now)), ..Listed::new(published) });
                Some(id)
            }
            Err(error) => {
                eprintln!("live: {error} ({}): program {} is over", error.code(), recovered.name());
                self.endpoint.end(&recovered);
                None
            }
        }
    }

    pub(crate) fn start(&mut self, channel: &mut Channel, id: ProgramId, now: Now) -> Result<(), CommandError> {
        channel.start_program(id)?;
        if let Some(listed) = self.listed.get_mut(&id) {
            listed.started = Some(millis(now));
        }
        Ok(())
    }

    /// What was put into it can be watched for as long as the store keeps it; memory gives it back (A17.10).
    pub(crate) fn delete(&mut self, channel: &mut Channel, id: ProgramId) -> Result<(), CommandError> {
        channel.delete_program(id)?;
        if let Some(listed) = self.listed.remove(&id) {
            if listed.started.is_none() {
                self.endpoint.unpublish(&listed.published.locator);
            }
            self.outdated.push(listed.published);
        }
        Ok(())
    }

    /// Notes when programs came to their end.
    pub(crate) fn note_stopped(&mut self, channel: &Channel, now: Now) {
        for (id, listed) in &mut self.listed {
            let is_over = listed.started.is_some() && channel.program_state(*id) == Some(ProgramState::Stopped);
            if is_over {
                listed.stopped.get_or_insert(millis(now));
            }
        }
    }

    /// Assets that nobody needs any more.
    pub(crate) fn take_outdated(&mut self) -> Vec<Published> {
        std::mem::take(&mut self.outdated)
    }

    /// Under the same locator as before.
    fn publish(&mut self, channel: &Channel, id: ProgramId) -> Result<(), Refused> {
        let endpoint = Arc::clone(&self.endpoint);
        let listed = self.listed.get_mut(&id).ok_or(CommandError::NoProgram(id))?;
        if !listed.is_published {
            let Published { asset, locator } = &listed.published;
            endpoint.publish(locator, asset, channel.config().name.as_str())?;
            listed.is_published = true;
        }
        Ok(())
    }

    fn unpublish(&mut self, id: ProgramId) -> Result<(), Refused> {
        let listed = self.listed.get_mut(&id).ok_or(CommandError::NoProgram(id))?;
        self.endpoint.unpublish(&listed.published.locator);
        listed.is_published = false;
        Ok(())
    }

    fn find(&self, id: ProgramId) -> Result<&Listed, CommandError> {
        self.listed.get(&id).ok_or(CommandError::NoProgram(id))
    }
}

impl Listed {
    const fn new(published: Published) -> Self {
        Self { published, is_published: true, started: None, stopped: None }
    }
}

impl From<CommandError> for Refused {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

impl From<PublishError> for Refused {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(error) => write!(f, "{error} ({})", error.code()),
            Self::Publish(error) => error.fmt(f),
        }
    }
}

fn millis(now: Now) -> i64 {
    now.utc.unix_nanos().div_euclid(1_000_000)
}
