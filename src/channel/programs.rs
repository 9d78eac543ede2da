//! The programs of a channel from their creation to their deletion (A17): which may start, and what is kept of those that stopped.
//!
//! What a program does while it runs is in `program`.

use std::{collections::BTreeMap, fmt};

use crate::{
    archive::AssetName,
    channel::{Channel, ChannelState, CommandError, Operation, ProgramConfig, ProgramId},
};

/// Where a program is in its life (A17.12).
///
/// ```text
///  create   ┌─────────┐  start   ┌──────────┐  what the channel offers is known   ┌─────────┐
/// ────────► │ Stopped │ ───────► │ Starting │ ──────────────────────────────────► │ Running │
///           └─────────┘          └──────────┘                                     └─────────┘
///    delete │   ▲                      │ stop      ┌──────────┐                        │ stop
///           ▼   └──────────────────────┴────────── │ Stopping │ ◄──────────────────────┘
///          gone        its last segment is stored  └──────────┘
/// ```
/// One that has stopped does not start again: each event has a program of its own (A17.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProgramState {
    /// Not started yet, or over.
    Stopped,
    /// Started; its asset is opened as soon as it is known what the channel offers.
    Starting,
    /// Its asset grows with every segment.
    Running,
    /// Its last segment is on the way.
    Stopping,
}

/// Programs by number, whatever their state.
#[derive(Debug, Default)]
pub(super) struct Programs {
    entries: BTreeMap<ProgramId, Entry>,
    last: u64,
}

#[derive(Debug)]
struct Entry {
    config: ProgramConfig,
    /// It was started once.
    is_used: bool,
}

impl Programs {
    fn add(&mut self, config: ProgramConfig) -> ProgramId {
        self.last = self.last.saturating_add(1);
        let id = ProgramId(self.last);
        self.entries.insert(id, Entry { config, is_used: false });
        id
    }
}

impl Channel {
    /// Programs that may be kept beside those that run (A25.2).
    pub const MAX_STOPPED_PROGRAMS: usize = 50;

    /// Creates a program in the state Stopped (A17.13), in any state of the channel but Deleting.
    ///
    /// # Errors
    /// A window is out of range, another program has the asset, or as many are kept as may be.
    pub fn create_program(&mut self, config: ProgramConfig) -> Result<ProgramId, CommandError> {
        if self.state == ChannelState::Deleting {
            return Err(CommandError::State { operation: Operation::StartProgram, state: self.state });
        }
        self.check_program(&config, None)?;
        let stopped = self.book.entries.len().saturating_sub(self.programs.len());
        if stopped >= Self::MAX_STOPPED_PROGRAMS {
            return Err(CommandError::TooManyStoppedPrograms(stopped));
        }
        Ok(self.book.add(config))
    }

    /// Starts a program that was created, with the next frame, which starts a segment (A17.12); on a pass-through channel with
    /// the next segment, and its asset is opened once the tracks are known.
    ///
    /// # Errors
    /// The channel is not on air, the program is not Stopped or was started before (A17.7), or too many run.
    pub fn start_program(&mut self, id: ProgramId) -> Result<(), CommandError> {
        let config = self.fresh_program(id)?.clone();
        self.run(id, config, None)?;
        self.book.entries.entry(id).and_modify(|entry| entry.is_used = true);
        Ok(())
    }

    /// Creates a program and starts it.
    ///
    /// # Errors
    /// Those of [`create_program`](Self::create_program) and [`start_program`](Self::start_program): none was created.
    pub fn run_program(&mut self, config: ProgramConfig) -> Result<ProgramId, CommandError> {
        self.allow(Operation::StartProgram)?;
        let id = self.create_program(config)?;
        self.start_program(id).inspect_err(|_| drop(self.book.entries.remove(&id)))?;
        Ok(id)
    }

    /// Changes what a program is to be; only before it was started (A17.12).
    ///
    /// # Errors
    /// It is not Stopped or was started before, a window is out of range, or another program has the asset.
    pub fn update_program(&mut self, id: ProgramId, config: ProgramConfig) -> Result<(), CommandError> {
        self.fresh_program(id)?;
        self.check_program(&config, Some(id))?;
        self.book.entries.entry(id).and_modify(|entry| entry.config = config);
        Ok(())
    }

    /// Forgets a program. Its asset stays and can be watched until the host deletes it (A17.10).
    ///
    /// # Errors
    /// There is no such program, or it is not Stopped.
    pub fn delete_program(&mut self, id: ProgramId) -> Result<(), CommandError> {
        match self.program_state(id).ok_or(CommandError::NoProgram(id))? {
            ProgramState::Stopped => {
                self.book.entries.remove(&id);
                Ok(())
            }
            state => Err(CommandError::ProgramState { id, state }),
        }
    }

    /// Every program, oldest first, and where it is in its life.
    pub fn programs(&self) -> impl Iterator<Item = (ProgramId, &ProgramConfig, ProgramState)> {
        let state = |id: &ProgramId| self.program_state(*id).unwrap_or(ProgramState::Stopped);
        self.book.entries.iter().map(move |(id, entry)| (*id, &entry.config, state(id)))
    }

    /// Programs that were started and have not stopped yet, with the assets that they are published into.
    pub fn running_programs(&self) -> impl Iterator<Item = (ProgramId, &AssetName)> {
        self.programs.iter().map(|program| (program.id, &program.config.asset))
    }

    /// Where a program is in its life; `None` where there is none.
    #[must_use]
    pub fn program_state(&self, id: ProgramId) -> Option<ProgramState> {
        let Some(program) = self.programs.iter().find(|program| program.id == id) else {
            return self.book.entries.contains_key(&id).then_some(ProgramState::Stopped);
        };
        Some(match (&program.until, &program.asset) {
            (Some(_), _) => ProgramState::Stopping,
            (None, None) => ProgramState::Starting,
            (None, Some(_)) => ProgramState::Running,
        })
    }

    /// The number of the program that is created next.
    pub(super) fn next_program(&self) -> ProgramId {
        ProgramId(self.book.last.saturating_add(1))
    }

    /// Puts a program that goes on into the book, once it is known that it does.
    pub(super) fn note_resumed(&mut self, config: ProgramConfig) -> ProgramId {
        let id = self.book.add(config);
        self.book.entries.entry(id).and_modify(|entry| entry.is_used = true);
        id
    }

    /// The rules for what a program may be, apart from the one with this number.
    pub(super) fn check_program(&self, config: &ProgramConfig, but: Option<ProgramId>) -> Result<(), CommandError> {
        config.check()?;
        let is_same = |(id, entry): (&ProgramId, &Entry)| Some(*id) != but && entry.config.asset == config.asset;
        if self.book.entries.iter().any(is_same) || self.preview() == Some(&config.asset) {
            return Err(CommandError::AssetInUse(config.asset.clone()));
        }
        Ok(())
    }

    fn fresh_program(&self, id: ProgramId) -> Result<&ProgramConfig, CommandError> {
        match (self.program_state(id), self.book.entries.get(&id)) {
            (Some(ProgramState::Stopped), Some(entry)) if entry.is_used => Err(CommandError::ProgramUsed(id)),
            (Some(ProgramState::Stopped), Some(entry)) => Ok(&entry.config),
            (Some(state), _) => Err(CommandError::ProgramState { id, state }),
            (None, _) => Err(CommandError::NoProgram(id)),
        }
    }
}

impl fmt::Display for ProgramState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
