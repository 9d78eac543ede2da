//! A live channel: its life cycle, and the wheel that a host turns.
//!
//! # Driving a channel
//!
//! 1. [`Channel::new`], then [`Channel::start`]; both take the host's [`Now`].
//! 2. Drain [`Channel::poll_output`] until `None`: run each [`Output::Work`] on any thread, store objects, apply timeline
//!    updates to an [`Origin`](crate::origin::Origin), write replies.
//! 3. Hand in [`Input::Done`] for every work, and [`Input::Bytes`] for what the sockets gave, with
//!    [`Channel::handle_input`]; then drain again.
//! 4. When [`Channel::poll_timeout`] passes, call [`Channel::handle_timeout`]; then drain again.
//!
//! Methods come in four kinds: *commands* (`start`, `stop`, `show_slate` …) fail with a typed error and then change
//! nothing; `handle_*` take what the host saw; `poll_*` say what the host has to do; all others only read.

mod ad_breaks;
mod archive_beat;
mod attach;
mod audio_stream;
mod captions;
mod command_error;
mod config;
mod config_error;
mod contribution;
mod door;
mod drift;
mod encoding;
mod faults;
mod feed_cues;
mod heartbeat;
mod input_rules;
mod intake;
mod lifecycle;
mod losses;
mod lost_objects;
mod meter;
mod metering;
mod offer;
mod on_ad_cues;
mod on_air;
mod operation;
mod output;
mod pipeline;
mod preview;
mod program;
mod programs;
mod redundancy;
mod rejections;
mod relay;
mod resume;
mod scte35_cues;
mod sessions;
mod sound_queue;
mod state;
mod sync_watch;
mod watch_stages;
mod wheel;

pub use ad_breaks::{AdBreak, SpliceReport};
pub use audio_stream::AudioStream;
pub use command_error::CommandError;
pub use config::{AdMarkers, ChannelConfig, ChannelName, Standby, Takeover};
pub use config_error::ConfigError;
pub use contribution::{IngestHealth, TrackHealth};
pub use encoding::{Encoding, PassThrough};
pub use heartbeat::TrackHeartbeat;
pub use input_rules::{InputRules, ProtocolRule};
pub use meter::{BilledSpan, Meter, MeterEnd};
pub use operation::{OperationId, OperationState};
pub use output::{DetachReason, Event, IngestId, Input, Output, ProgramId, StreamTime, TrackDiscontinuity};
pub use program::ProgramConfig;
pub use programs::ProgramState;
pub use sessions::{Session, Slot};
pub use state::{ChannelState, Operation, PortalState};

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use crate::{
    archive::Presentation,
    channel::{
        archive_beat::ArchiveBeat, contribution::Contribution, faults::FaultFold, feed_cues::FeedCues,
        on_air::AirChain, operation::OperationLog, preview::Preview, program::Program, programs::Programs,
        rejections::RejectionFold, relay::Relay, sessions::Sessions,
    },
    ladder::Codecs,
    splice::{Loss, OnAir},
    time::{MediaDuration, MediaTime, Now},
};

/// A live channel. See the [module](self) for how to drive one.
pub struct Channel {
    config: ChannelConfig,
    codecs: Arc<dyn Codecs>,
    state: ChannelState,
    operations: OperationLog,
    meter: Meter,
    /// The operation that waits for the codecs to be ready.
    opening: Option<OperationId>,
    /// The operation that waits for work to come back.
    stopping: Option<OperationId>,
    air: Option<AirChain>,
    /// In `air`'s stead where the channel passes its contribution through.
    relay: Option<Relay>,
    sessions: Sessions,
    /// What the sessions bring, as `air` takes it.
    contribution: Contribution,
    feed_cues: FeedCues,
    /// Those that run.
    programs: Vec<Program>,
    /// All of them.
    book: Programs,
    /// Beside them, while the channel is on air.
    preview: Option<Preview>,
    faults: FaultFold,
    rejections: RejectionFold,
    archive_beat: ArchiveBeat,
    outputs: VecDeque<Output>,
    /// Works that are out, of whichever generation.
    outstanding: usize,
    /// Counts starts and resets: results of an earlier one are dropped.
    generation: u64,
    next_ingest: u64,
    /// Since when nothing uses the channel, on the monotonic clock.
    idle_since: Option<Duration>,
    /// The output is far ahead of the host's clock; until when, on the monotonic clock.
    ahead_until: Option<Duration>,
}

impl Channel {
    /// A contribution that comes faster than it plays may take the output this far ahead of the host's clock before
    /// [`wants_input`](Self::wants_input) says no.
    pub const MAX_LEAD: MediaDuration = MediaDuration::from_secs(2);
    /// Programs that may run at once (A25.2).
    pub const MAX_PROGRAMS: usize = 3;

    /// A channel in the state Stopped. `codecs` makes its decoders and encoders.
    ///
    /// # Errors
    /// The first rule that `config` breaks.
    pub fn new(config: ChannelConfig, codecs: Arc<dyn Codecs>) -> Result<Self, ConfigError> {
        config.check()?;
        let sessions = Sessions::new(config.failover());
        Ok(Self {
            codecs,
            state: ChannelState::Stopped,
            operations: OperationLog::default(),
            meter: Meter::default(),
            opening: None,
            stopping: None,
            air: None,
            relay: None,
            sessions,
            contribution: Contribution::new(&config.audio),
            feed_cues: FeedCues::default(),
            config,
            programs: Vec::new(),
            book: Programs::default(),
            preview: None,
            faults: FaultFold::default(),
            rejections: RejectionFold::default(),
            archive_beat: ArchiveBeat::default(),
            outputs: VecDeque::new(),
            outstanding: 0,
            generation: 0,
            next_ingest: 1,
            idle_since: None,
            ahead_until: None,
        })
    }

    /// Where the channel is in its life.
    #[must_use]
    pub const fn state(&self) -> ChannelState {
        self.state
    }

    /// The state in the portal's words (A2.14).
    #[must_use]
    pub const fn portal_state(&self) -> PortalState {
        match (self.state, self.programs.is_empty()) {
            (ChannelState::Running, true) => PortalState::Ready,
            (ChannelState::Running, false) => PortalState::Streaming,
            (state, _) => PortalState::As(state),
        }
    }

    /// What the channel was asked to be.
    #[must_use]
    pub const fn config(&self) -> &ChannelConfig {
        &self.config
    }

    /// How a long operation stands; `None` for one that is unknown or long forgotten (A2.11).
    #[must_use]
    pub fn operation(&self, id: OperationId) -> Option<&OperationState> {
        self.operations.state(id)
    }

    /// What was billed.
    #[must_use]
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Which source is on air; `None` while nothing is.
    #[must_use]
    pub fn on_air(&self) -> Option<OnAir> {
        self.air.as_ref().and_then(AirChain::source)
    }

    /// The stage of the loss policy that acts in the newest frame whose picture is made; `None` while none does.
    #[must_use]
    pub fn loss(&self) -> Option<Loss> {
        self.air.as_ref().and_then(AirChain::loss)
    }

    /// How far the output has come on the channel's clock; `None` while nothing is on air.
    #[must_use]
    pub fn position(&self) -> Option<MediaTime> {
        self.air.as_ref().map(|air| air.switcher.position()).or_else(|| self.relay.as_ref()?.position())
    }

    /// The renditions on offer; `None` while nothing is on air, or before a pass-through channel knows its tracks.
    #[must_use]
    pub fn presentation(&self) -> Option<&Arc<Presentation>> {
        self.air.as_ref().map(|air| &air.presentation).or_else(|| self.relay.as_ref()?.presentation())
    }

    /// The contribution session on air (of several, one that brings its pictures), and how it does.
    #[must_use]
    pub fn contribution(&self) -> Option<(IngestId, &IngestHealth)> {
        self.sessions.main().map(|attached| (attached.id, &attached.health))
    }

    /// Every contribution session that is taken in, oldest first, and how it does.
    pub fn contributions(&self) -> impl Iterator<Item = (IngestId, &Session, &IngestHealth)> {
        self.sessions.list.iter().map(|attached| (attached.id, &attached.session, &attached.health))
    }

    /// The slot on air, once anything was taken in, and whether the other brings the same, access unit by access unit.
    #[must_use]
    pub fn slot_on_air(&self) -> Option<(Slot, bool)> {
        self.sessions.merger.active().map(|slot| (slot, self.sessions.merger.is_locked()))
    }

    /// Whether the host should go on reading the contribution's socket. A host that does not stop loses pictures up to an
    /// IDR once the decoder's queue is full; UDP cannot wait.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.ahead_until.is_none() && self.air.as_ref().is_none_or(|air| !air.pipeline.is_full())
    }

    fn allow(&self, operation: Operation) -> Result<(), CommandError> {
        if !self.state.allows(operation) {
            return Err(CommandError::State { operation, state: self.state });
        }
        use Operation::{EndAdBreak, HideSlate, ShowSlate, StartAdBreak};
        let is_encoders = matches!(operation, ShowSlate | HideSlate | StartAdBreak | EndAdBreak);
        if is_encoders && self.config.passes_through() {
            return Err(CommandError::PassThrough(operation));
        }
        if operation.needs_programs_stopped() && !self.programs.is_empty() {
            return Err(CommandError::ProgramsRunning { operation, running: self.programs.len() });
        }
        Ok(())
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn set_state(&mut self, to: ChannelState, now: Now) {
        let from = std::mem::replace(&mut self.state, to);
        if from == to {
            return;
        }
        if to.is_billed() {
            self.meter.start(now);
            self.event(Event::MeterStarted);
        }
        self.event(Event::State { from, to });
    }

    fn end_operation(&mut self, id: OperationId, state: OperationState) {
        if let Some(operation) = self.operations.end(id, state.clone()) {
            self.event(Event::Operation { id, operation, state });
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({} {})", self.config.name, self.state)
    }
}
