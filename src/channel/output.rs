//! What goes into a channel and what comes out of it.

use std::{fmt, net::IpAddr};

use bytes::Bytes;

use crate::{
    archive::{Append, AssetName, Growth, Object, ObjectName, TimelineUpdate},
    channel::{ChannelState, MeterEnd, Operation, OperationId, OperationState, Slot, SpliceReport, TrackHeartbeat},
    error::Fault,
    ingest::{IngestRefusal, Leg},
    ladder::{Done, Thumbnail, Work},
    media::{CueSignal, Track},
    splice::{Loss, OnAir},
    time::{MediaDuration, MediaTime},
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
    /// One whole datagram of a session that receives the same on two legs (SMPTE ST 2022-7).
    Datagram {
        /// Which session.
        id: IngestId,
        /// On which leg it came.
        leg: Leg,
        /// What it holds.
        bytes: Bytes,
    },
    /// The session's socket is closed.
    Closed(IngestId),
    /// The session is done, as it should be: the end of a file, or the end of a POST's body as HTTP marks it.
    Finished(IngestId),
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
    /// Keep this in memory, where [`ChannelConfig::parts`](crate::channel::ChannelConfig::parts) asks for it: a fragment at the
    /// live edge grows.
    Grow(Growth),
    /// Store this under its name. Of what cannot be stored, after some tries, tell the channel by
    /// [`lose_objects`](crate::channel::Channel::lose_objects).
    Store(Object),
    /// Write this into the index of an asset, once everything before it is stored. Whoever does not want assets to outlive the
    /// process leaves it.
    Append(Append),
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
    /// From this instant on another stage of the loss policy acts, or none. It is told when the picture of that frame is made,
    /// in the order of frames, and so a moment after [`OnAir`](Self::OnAir) of the same frame.
    Loss {
        /// Which one, and why; `None`: the contribution is back, or its pictures and its sound are good again.
        loss: Option<Loss>,
        /// The first frame of it, on the channel's clock.
        at: MediaTime,
    },
    /// A contribution session was taken in.
    Attached {
        /// Which one.
        ingest: IngestId,
        /// Its protocol, such as `rtmp`.
        protocol: &'static str,
    },
    /// A contribution was turned away before it was taken in; the same peer within a second is folded into one event.
    ConnectionRejected {
        /// Its address, where it is known.
        peer: Option<IpAddr>,
        /// Over what it came.
        protocol: &'static str,
        /// The code of A27.1.
        code: &'static str,
        /// For people; it holds no secret.
        reason: String,
        /// How often since the last event of it.
        count: u64,
    },
    /// A contribution session ended.
    Detached {
        /// Which one.
        ingest: IngestId,
        /// Why.
        reason: DetachReason,
    },
    /// A contribution carries this track; tracks that cannot be read are named and skipped. One that changes is told anew, at most
    /// once a second.
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
    /// The time stamps of a track jumped. Once a second at most for a track; its heartbeat counts all.
    TrackDiscontinuity {
        /// Whose.
        ingest: IngestId,
        /// Which track, and from where to where.
        jump: TrackDiscontinuity,
    },
    /// Pictures and sound of a slot are more than five seconds apart, for five seconds; once until they meet again.
    StreamsOutOfSync {
        /// Whose contribution.
        slot: Slot,
        /// The stream with the earliest newest time stamp.
        behind: StreamTime,
        /// The one with the latest.
        ahead: StreamTime,
    },
    /// As [`StreamsOutOfSync`](Self::StreamsOutOfSync), of two video rungs.
    VideoStreamsOutOfSync {
        /// Whose contribution.
        slot: Slot,
        /// The rung with the earliest newest time stamp.
        behind: StreamTime,
        /// The one with the latest.
        ahead: StreamTime,
    },
    /// Every 10 seconds while a program is archived: how far the archive is behind what comes in.
    ArchiveHeartbeat {
        /// Milliseconds from the end of the newest segment to now.
        latency_millis: u64,
    },
    /// A contribution carried an instruction to splice.
    Cue {
        /// Whose.
        ingest: IngestId,
        /// What it is.
        cue: CueSignal,
    },
    /// A splice is on air: the segment that begins with it is whole.
    Splice(SpliceReport),
    /// A picture of the contribution as it reaches the channel, whatever is on air (A11.3), where [`ChannelConfig::thumbnails`]
    /// asks for them: the first one of its video track, then one at each interval.
    ///
    /// [`ChannelConfig::thumbnails`]: crate::channel::ChannelConfig::thumbnails
    Thumbnail {
        /// The session on air, where it has not ended meanwhile.
        ingest: Option<IngestId>,
        /// The picture.
        thumbnail: Thumbnail,
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
    /// The preview began, into a new asset; told before anything of it is to be stored.
    PreviewStarted {
        /// What it is put into.
        asset: AssetName,
    },
    /// The preview is over: the channel goes off air or begins anew. Nothing is discarded of its asset any more, which is the
    /// host's to delete.
    PreviewStopped {
        /// Whose.
        asset: AssetName,
    },
    /// Billing began.
    MeterStarted,
    /// Billing ended.
    MeterStopped {
        /// Why.
        why: MeterEnd,
    },
}

/// A jump of a track's time stamps by a second or more (A26.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackDiscontinuity {
    /// `video`, `audio` or `text`.
    pub kind: &'static str,
    /// As in its heartbeat.
    pub name: String,
    /// Bits per second by the source's own account; 0 where it does not say.
    pub bitrate: u32,
    /// Decode time of the last access unit before.
    pub previous: MediaTime,
    /// Decode time of the first one after.
    pub next: MediaTime,
    /// From the end of the one to the other, negative when backwards.
    pub gap: MediaDuration,
}

/// How far a stream has come (A26.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamTime {
    /// Its session.
    pub ingest: IngestId,
    /// `video` or `audio`.
    pub kind: &'static str,
    /// As in its heartbeat.
    pub name: String,
    /// Source time of its newest access unit.
    pub last_timestamp: MediaTime,
}

/// Why a contribution session ended (A26.4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DetachReason {
    /// The host said that it is done, and its protocol has no end of its own.
    Finished,
    /// The encoder said that it is done.
    Ended,
    /// The stream came to its end: a Smooth POST that [`Finished`](Input::Finished) and is whole boxes.
    EndOfStream,
    /// The connection was closed, or a Smooth POST ended in the middle of a box.
    Closed,
    /// It broke a limit, or a rule of its protocol (A27.1).
    Limit(IngestRefusal),
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
            Self::Finished => "S_OK",
            Self::Ended => "MPE_CLIENT_TERMINATED_SESSION",
            Self::EndOfStream => "MPI_STREAM_HIT_EOF",
            Self::Limit(refusal) => refusal.code(),
            Self::Closed => "MPE_CLIENT_DISCONNECTED",
            Self::Refused(_) => "MPE_INGEST_REFUSED",
            Self::Replaced => "MPE_INGEST_REPLACED",
            Self::Denied => "MPE_INGEST_ENCODER_CONNECTION_DENIED",
            Self::Reset => "MPI_REST_API_CHANNEL_RESET",
            Self::Stopped => "MPI_REST_API_CHANNEL_STOP",
        }
    }

    /// Whether the session ended as its protocol means it: the event is over, and nothing failed.
    pub(super) const fn ends_event(&self) -> bool {
        matches!(self, Self::Finished | Self::Ended | Self::EndOfStream)
    }
}

impl Event {
    /// The name that this has in A26.3 and A26.4, where it has one.
    #[must_use]
    pub const fn telemetry_name(&self) -> Option<&'static str> {
        Some(match self {
            Self::ConnectionRejected { .. } => "ConnectionRejected",
            Self::Attached { .. } => "EncoderConnected",
            Self::Detached { .. } => "EncoderDisconnected",
            Self::Track { .. } => "IncomingStreamReceived",
            Self::Fault { fault: Fault::FragmentsDropped { .. } | Fault::UnitsDropped { .. }, .. } => {
                "IncomingDataChunkDropped"
            }
            Self::StreamsOutOfSync { .. } => "IncomingStreamsOutOfSync",
            Self::VideoStreamsOutOfSync { .. } => "IncomingVideoStreamsOutOfSync",
            Self::TrackDiscontinuity { .. } => "TrackDiscontinuityDetected",
            Self::Heartbeat { .. } => "IngestHeartbeat",
            Self::ArchiveHeartbeat { .. } => "ArchiveHeartbeat",
            _ => return None,
        })
    }
}

/// For people.
impl fmt::Display for DetachReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "it is done",
            Self::Ended => "the encoder ended its session",
            Self::EndOfStream => "its stream came to the end",
            Self::Closed => "the connection was closed",
            Self::Limit(refusal) => return refusal.fmt(f),
            Self::Refused(error) => return error.fmt(f),
            Self::Replaced => "another session took its place",
            Self::Denied => "another session brings the same track",
            Self::Reset => "the channel was reset",
            Self::Stopped => "the channel was stopped",
        })
    }
}

/// For people.
impl fmt::Display for TrackDiscontinuity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.gap.as_secs_f64() * 1000.0;
        let way = if millis < 0.0 { "back" } else { "on" };
        write!(f, "the time stamps of {} jumped {way} by {:.0} ms", self.name, millis.abs())
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(id, bytes) => write!(f, "Bytes({id}, {} bytes)", bytes.len()),
            Self::Datagram { id, leg, bytes } => write!(f, "Datagram({id}, {leg:?}, {} bytes)", bytes.len()),
            Self::Closed(id) => write!(f, "Closed({id})"),
            Self::Finished(id) => write!(f, "Finished({id})"),
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
