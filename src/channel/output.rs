//! What goes into a channel and what comes out of it.

use std::fmt;

use bytes::Bytes;

use crate::{
    archive::{AssetName, Object, ObjectName, TimelineUpdate},
    channel::{ChannelState, MeterEnd, Operation, OperationId, OperationState, Slot, TrackHeartbeat},
    error::Fault,
    ladder::{Done, Work},
    media::{CueSignal, Track},
    splice::OnAir,
    time::MediaTime,
};

/// Names a contribution session of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IngestId(pub u64);

/// Names a program of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramId(pub u64);

/// What a host hands to a channel. Printing it shows no contribution: there may be a stream key in it.
pub enum Input {
    /// Bytes that a contribution session's socket gave: a piece of a stream, or one whole datagram.
    Bytes(IngestId, Bytes),
    /// The session's socket is closed.
    Closed(IngestId),
    /// A work that was run.
    Done(Done),
}

/// What a host has to do next. The order matters: an object is stored before the update that lists it is applied.
#[derive(Debug)]
pub enum Output {
    /// Write this to the session's socket.
    Reply(IngestId, Bytes),
    /// Close the session's socket.
    Close(IngestId),
    /// Run this on any thread and hand the result back as [`Input::Done`].
    Work(Work),
    /// Store this under its name.
    Store(Object),
    /// No manifest lists this any more: delete it.
    Discard(ObjectName),
    /// Apply this to the origin.
    Timeline(TimelineUpdate),
    /// Something happened.
    Event(Event),
}

/// Something that people or their tools want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The channel's state changed.
    State {
        /// Before.
        from: ChannelState,
        /// After.
        to: ChannelState,
    },
    /// A long operation ended.
    Operation {
        /// Which one.
        id: OperationId,
        /// What was asked for.
        operation: Operation,
        /// How it ended.
        state: OperationState,
    },
    /// From this instant on another source is on air.
    OnAir {
        /// Which one.
        source: OnAir,
        /// First frame of it, on the channel's clock.
        at: MediaTime,
    },
    /// A contribution session was taken in.
    Attached {
        /// Which one.
        ingest: IngestId,
        /// Its protocol, such as `rtmp`.
        protocol: &'static str,
    },
    /// A contribution session ended.
    Detached {
        /// Which one.
        ingest: IngestId,
        /// Why.
        reason: DetachReason,
    },
    /// A contribution carries this track; tracks that cannot be read are named and skipped.
    Track {
        /// Whose.
        ingest: IngestId,
        /// What it is.
        track: Track,
    },
    /// The other slot's sessions are on air from here on (A5.6).
    Failover {
        /// The slot that was.
        from: Slot,
        /// The slot that is.
        to: Slot,
    },
    /// How the tracks of a contribution session did in the last 20 seconds (A26.3).
    Heartbeat {
        /// Whose.
        ingest: IngestId,
        /// Track by track.
        tracks: Vec<TrackHeartbeat>,
    },
    /// A contribution carried an instruction to splice.
    Cue {
        /// Whose.
        ingest: IngestId,
        /// What it is.
        cue: CueSignal,
    },
    /// Trouble that was survived; the same kind within a second is folded into one event.
    Fault {
        /// Whose, where it is a contribution's.
        ingest: Option<IngestId>,
        /// What.
        fault: Fault,
        /// How many of this kind since the last event of it.
        count: u64,
    },
    /// A program was started.
    ProgramStarted {
        /// Which one.
        program: ProgramId,
        /// What it is published into.
        asset: AssetName,
    },
    /// A program is stopped and its asset complete.
    ProgramStopped {
        /// Which one.
        program: ProgramId,
    },
    /// Billing began.
    MeterStarted,
    /// Billing ended.
    MeterStopped {
        /// Why.
        why: MeterEnd,
    },
}

/// Why a contribution session ended (A26.4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DetachReason {
    /// The encoder said that it is done.
    Ended,
    /// The connection was closed.
    Closed,
    /// It sent bytes that its protocol forbids.
    Refused(crate::error::ParseError),
    /// Another session took its place, as [`ChannelConfig::takeover`](crate::channel::ChannelConfig::takeover) lets it.
    Replaced,
    /// It brings a track that another session of its slot brings already.
    Denied,
    /// The channel was reset.
    Reset,
    /// The channel was stopped.
    Stopped,
}

impl DetachReason {
    /// A code that stays the same from release to release, after A26.4.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ended => "MPE_CLIENT_TERMINATED_SESSION",
            Self::Closed => "MPE_CLIENT_DISCONNECTED",
            Self::Refused(_) => "MPE_INGEST_REFUSED",
            Self::Replaced => "MPE_INGEST_REPLACED",
            Self::Denied => "MPE_INGEST_ENCODER_CONNECTION_DENIED",
            Self::Reset => "MPI_REST_API_CHANNEL_RESET",
            Self::Stopped => "MPI_REST_API_CHANNEL_STOP",
        }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(id, bytes) => write!(f, "Bytes({id}, {} bytes)", bytes.len()),
            Self::Closed(id) => write!(f, "Closed({id})"),
            Self::Done(done) => write!(f, "{done:?}"),
        }
    }
}

impl fmt::Display for IngestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for ProgramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
