//! Why a channel refuses a command.

use std::time::Duration;

use crate::{
    archive::{AssetName, ResumeError},
    channel::{Channel, ChannelState, ConfigError, IngestId, Operation, ProgramId, ProgramState},
    ingest::IngestRefusal,
    splice::CueRefusal,
    time::MediaDuration,
};

/// Why a command was refused; it changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The matrix of A2.15.
    #[error("{operation} is not possible while the channel is {state}")]
    State {
        /// What was asked for.
        operation: Operation,
        /// The state that it met.
        state: ChannelState,
    },
    /// A2.6, A2.8.
    #[error("{operation} needs every program to be stopped; {running} still run")]
    ProgramsRunning {
        /// What was asked for.
        operation: Operation,
        /// Programs that run.
        running: usize,
    },
    /// A configuration that breaks a rule.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The name is the channel's identity.
    #[error("a channel's name cannot be changed")]
    Renamed,
    /// A15.1: a slate must have a duration, or none at all.
    #[error("a slate must last longer than {0:?}")]
    SlateDuration(Duration),
    /// A15.3.
    #[error("no slate is shown")]
    NoSlate,
    /// A14.2: a break must last some time; zero cancels the one that runs under the same id.
    #[error("an ad break must last longer than {0:?}")]
    BreakDuration(Duration),
    /// A14.3.
    #[error("a cue id is 1 to 2147483647, not {0}")]
    CueId(u32),
    /// What the cue asks for is not possible.
    #[error(transparent)]
    Cue(#[from] CueRefusal),
    /// A14.1: this channel takes its cues from the contribution.
    #[error("the channel takes its cues from the contribution")]
    AdMarkers,
    /// A25.2.
    #[error("{0} programs run already; at most {max} may", max = Channel::MAX_PROGRAMS)]
    TooManyPrograms(usize),
    /// A17.2.
    #[error("an archive window of {0:?} is outside 5 minutes to 25 hours")]
    Window(MediaDuration),
    /// A17.14.
    #[error("a rewind window of {0:?} is shorter than a minute or longer than the archive window")]
    Rewind(MediaDuration),
    /// A17.7: one asset for one program.
    #[error("a program publishes into {0} already")]
    AssetInUse(AssetName),
    /// The asset that was to go on does not take what the channel makes.
    #[error("the program cannot go on: {0}")]
    Resume(#[from] ResumeError),
    /// A25.2.
    #[error("{0} stopped programs are kept already; at most {max} may be", max = Channel::MAX_STOPPED_PROGRAMS)]
    TooManyStoppedPrograms(usize),
    /// There is no such program.
    #[error("there is no program {0}")]
    NoProgram(ProgramId),
    /// A17.12.
    #[error("program {id} is {state}")]
    ProgramState {
        /// Which one.
        id: ProgramId,
        /// The state that was met.
        state: ProgramState,
    },
    /// A17.7.
    #[error("program {0} has been on air before: a program is for one event")]
    ProgramUsed(ProgramId),
    /// The contribution breaks a rule of the door (A10.2, A7.5).
    #[error(transparent)]
    Refused(#[from] IngestRefusal),
    /// The same contribution is being taken in, and it is not silent.
    #[error("contribution {0} is on already")]
    IngestBusy(IngestId),
    /// A1.10, and [`ProtocolRule`](crate::channel::ProtocolRule).
    #[error("the channel takes {fixed} until it is stopped, not {asked}")]
    Protocol {
        /// What the first session of this run came over, or the only family that is taken.
        fixed: &'static str,
        /// What this one came over.
        asked: &'static str,
    },
    /// A slot takes so many sessions.
    #[error("{0} contribution sessions are on already")]
    TooManySessions(usize),
    /// A2.15: what a pass-through channel has nothing to do it with.
    #[error("{0} is not possible on a channel that passes its contribution through")]
    PassThrough(Operation),
    /// There is no such contribution session.
    #[error("there is no contribution {0}")]
    NoIngest(IngestId),
}

impl CommandError {
    /// A code that stays the same from release to release.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::State { .. } => "CHANNEL_STATE",
            Self::ProgramsRunning { .. } => "CHANNEL_PROGRAMS_RUNNING",
            Self::Config(_) => "CHANNEL_CONFIG",
            Self::Renamed => "CHANNEL_RENAMED",
            Self::SlateDuration(_) => "SLATE_DURATION",
            Self::NoSlate => "SLATE_NOT_SHOWN",
            Self::BreakDuration(_) => "AD_BREAK_DURATION",
            Self::CueId(_) => "CUE_ID",
            Self::Cue(refusal) => refusal.code(),
            Self::AdMarkers => "AD_MARKER_SOURCE",
            Self::TooManyPrograms(_) => "PROGRAM_QUOTA",
            Self::Window(_) => "PROGRAM_WINDOW",
            Self::Rewind(_) => "PROGRAM_REWIND_WINDOW",
            Self::AssetInUse(_) => "PROGRAM_ASSET_IN_USE",
            Self::Resume(_) => "PROGRAM_RESUME",
            Self::TooManyStoppedPrograms(_) => "PROGRAM_STOPPED_QUOTA",
            Self::NoProgram(_) => "PROGRAM_NOT_FOUND",
            Self::ProgramState { .. } => "PROGRAM_STATE",
            Self::ProgramUsed(_) => "PROGRAM_USED",
            Self::Refused(refusal) => refusal.code(),
            Self::IngestBusy(_) | Self::Protocol { .. } => "MPE_INGEST_ENCODER_CONNECTION_DENIED",
            Self::TooManySessions(_) => "MPE_CAPACITY_LIMIT_REACHED",
            Self::PassThrough(_) => "CHANNEL_PASS_THROUGH",
            Self::NoIngest(_) => "INGEST_NOT_FOUND",
        }
    }
}
