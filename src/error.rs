//! Errors that say who, where and what, each with a stable code.
//!
//! [`ParseError`]: the peer sent something wrong; the unit is skipped or the session closed, the channel goes on.
//! [`LimitError`]: somebody exceeded a ceiling. [`Fault`]: trouble that was survived, reported as an event. The caller's
//! own errors live with the calls that return them. A panic is a bug of ours, never an answer to input.

mod counted;

use std::fmt;

use counted::Counted;

/// The peer sent bytes that break its format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Where it is.
    pub at: Location,
}

/// What is wrong with the bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The unit ends before the field does.
    #[error("{what} is cut short")]
    Truncated {
        /// The field or structure, by its standard's name.
        what: &'static str,
    },
    /// Something that must come before is not there.
    #[error("{what} is missing")]
    Missing {
        /// The structure, by its standard's name.
        what: &'static str,
    },
    /// A field has a value that the standard forbids.
    #[error("{what} must not be {value}")]
    Invalid {
        /// The field, by its standard's name.
        what: &'static str,
        /// The value that it has.
        value: u64,
    },
    /// A field has a value that is legal and that this crate does not take.
    #[error("{what} {value} is not supported")]
    Unsupported {
        /// The field, by its standard's name.
        what: &'static str,
        /// The value that it has.
        value: u64,
    },
    /// A field is not of the kind that it must be: no number where there must be one, no Base64.
    #[error("{what} cannot be read")]
    Malformed {
        /// The field, by its standard's name.
        what: &'static str,
    },
    /// A checksum does not match.
    #[error("{what} has a wrong checksum")]
    Checksum {
        /// The structure, by its standard's name.
        what: &'static str,
    },
    /// A ceiling was exceeded.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// Where in a contribution a thing was found; enough to find it in Wireshark or a hex dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The format that was being read, such as `ts`, `rtmp` or `amf0`.
    pub format: &'static str,
    /// PID, chunk stream or track, where there is one.
    pub stream: Option<u32>,
    /// Bytes from the start of the session (of the unit, where a parser sees only that).
    pub offset: u64,
}

/// A ceiling was exceeded; the unit or session that did it is refused, the rest goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {asked} is over the ceiling of {ceiling}")]
pub struct LimitError {
    /// What is limited.
    pub what: &'static str,
    /// How much there may be.
    pub ceiling: u64,
    /// How much there would have been.
    pub asked: u64,
}

/// Trouble in a contribution that was survived. Repeated ones are folded into a count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Something could not be read and was skipped.
    #[error(transparent)]
    Unreadable(#[from] ParseError),
    /// Packets were lost on the way.
    #[error("{} lost", Counted(*lost, "packet"))]
    Loss {
        /// How many, exactly.
        lost: u64,
        /// PID, where the loss was seen on one.
        stream: Option<u32>,
    },
    /// Packets came after their turn and were dropped.
    #[error("{} came too late", Counted(*late, "packet"))]
    Late {
        /// How many.
        late: u64,
    },
    /// Lost packets came back by forward error correction, in time.
    #[error("{} repaired", Counted(*repaired, "lost packet"))]
    Repaired {
        /// How many.
        repaired: u64,
    },
    /// Byte sync was lost and found again.
    #[error("{} skipped to find sync", Counted(*skipped, "byte"))]
    Resync {
        /// Bytes dropped until sync was found.
        skipped: u64,
    },
    /// The source of an RTP feed changed (new SSRC or a sequence reset).
    #[error("the feed's source changed")]
    SourceChanged,
    /// Scrambled or error-flagged packets were ignored.
    #[error("{} ignored: {what}", Counted(*count, "packet"))]
    Ignored {
        /// Why they were ignored.
        what: &'static str,
        /// How many.
        count: u64,
    },
    /// A cue of the contribution changes nothing.
    #[error("{what}")]
    CueRefused {
        /// Its code.
        code: &'static str,
        /// For people.
        what: String,
    },
    /// Time stamps jumped: the timeline is taken up anew from here.
    #[error("time stamps jumped by {by_millis} ms")]
    TimeJump {
        /// The jump, negative when backwards.
        by_millis: i64,
    },
    /// Access units were dropped before decoding.
    #[error("{} dropped: {reason}", Counted(*count, "access unit"))]
    Dropped {
        /// How many.
        count: u64,
        /// Why, from a fixed set of texts.
        reason: &'static str,
    },
    /// Byte pairs of the contribution's captions were left out because they are not as they should be (FAULTS section 3).
    #[error("{} of captions left out: {reason}", Counted(*count, "byte pair"))]
    CaptionsDropped {
        /// How many.
        count: u64,
        /// Why: the code of a [`CaptionDrop`](crate::splice::CaptionDrop).
        reason: &'static str,
    },
    /// Whole fragments were dropped because of their time stamps (A26.4).
    #[error("{} of track {stream} dropped: {reason}", Counted(*count, "fragment"))]
    FragmentsDropped {
        /// How many.
        count: u64,
        /// The track, by its id in the session.
        stream: u32,
        /// What is wrong with their time stamps.
        reason: FragmentDrop,
    },
    /// Access units of a protocol without fragments were dropped because of their time stamps (A26.4).
    #[error("{} of track {stream} dropped: {reason}", Counted(*count, "access unit"))]
    UnitsDropped {
        /// How many.
        count: u64,
        /// The track, by its id in the session.
        stream: u32,
        /// What is wrong with their time stamps.
        reason: FragmentDrop,
    },
    /// Fragments of a track never came: its access units jump over them.
    #[error("{} of track {stream} missing, {millis} ms", Counted(*missing, "fragment"))]
    FragmentGap {
        /// How many, by their numbers or, where they have none, by their usual length.
        missing: u64,
        /// The track, by its id in the session.
        stream: u32,
        /// How long the gap is.
        millis: i64,
    },
    /// A rendition does not keep to the grid, or a segment has no place in its timeline.
    #[error("output: {what}")]
    Output {
        /// What is wrong.
        what: String,
    },
    /// Decode times that did not move forward were moved on by a tick.
    #[error("{} moved on by a tick", Counted(*count, "decode time"))]
    Bumped {
        /// How many.
        count: u64,
    },
    /// The peer sent nothing for so long that its session was ended.
    #[error("nothing came for {after_millis} ms: the session was ended")]
    IdleTimeout {
        /// The limit that was reached.
        after_millis: u64,
    },
    /// A publisher sent no `onMetaData` where the host requires it (A7.6).
    #[error("no onMetaData came: add ?videodatarate=<kbps>&audiodatarate=<kbps> to the stream name")]
    MetadataMissing,
    /// A publisher asked for what it may not have, and was told so.
    #[error("a publisher was refused: {why}")]
    PublishRefused {
        /// Why, from a fixed set of texts.
        why: &'static str,
    },
    /// No decoder takes the contribution's track: it does not go on air (A27.1).
    #[error("the contribution cannot be decoded: {what}")]
    Unsupported {
        /// Why, and which feature would take it.
        what: String,
    },
    /// A pass-through track is left out from here on: it changed, or it breaks a rule that it kept before.
    #[error("a track is left out: {what}")]
    TrackLeftOut {
        /// Which one and why.
        what: String,
    },
    /// A pass-through contribution has no IDR where a segment should end: the segment grows, at most to the longest that
    /// players were told of; what of its GOP comes behind that is dropped (FAULTS row 37).
    #[error("no IDR for {millis} ms: the segment is longer than usual")]
    LongGop {
        /// Length of the segment so far.
        millis: i64,
    },
    /// A ceiling was reached; what was over it is left out.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A codec refused a unit.
    #[error("codec: {what}")]
    Codec {
        /// Its reason.
        what: String,
    },
}

/// Why a fragment was dropped (A26.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FragmentDrop {
    /// One of its time stamp was taken already, or it begins inside the last one.
    #[error("overlapping time stamp")]
    OverlapTimestamp,
    /// It is older than the last one.
    #[error("non-increasing time stamp")]
    NonIncreasingTimestamp,
}

impl FragmentDrop {
    /// The result code of A26.4.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OverlapTimestamp => "FragmentDrop_OverlapTimestamp",
            Self::NonIncreasingTimestamp => "FragmentDrop_NonIncreasingTimestamp",
        }
    }
}

impl ParseError {
    /// An error of `kind` at `offset` of `format`.
    #[must_use]
    pub const fn new(kind: ParseErrorKind, format: &'static str, stream: Option<u32>, offset: u64) -> Self {
        Self { kind, at: Location { format, stream, offset } }
    }

    /// A code that stays the same from release to release.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            ParseErrorKind::Truncated { .. } => "PARSE_TRUNCATED",
            ParseErrorKind::Missing { .. } => "PARSE_MISSING",
            ParseErrorKind::Invalid { .. } => "PARSE_INVALID",
            ParseErrorKind::Unsupported { .. } => "PARSE_UNSUPPORTED",
            ParseErrorKind::Malformed { .. } => "PARSE_MALFORMED",
            ParseErrorKind::Checksum { .. } => "PARSE_CHECKSUM",
            ParseErrorKind::Limit(_) => "LIMIT_EXCEEDED",
        }
    }
}

impl Fault {
    /// A code that stays the same from release to release.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.code(),
            Self::Loss { .. } => "INGEST_LOSS",
            Self::Late { .. } => "INGEST_LATE",
            Self::Repaired { .. } => "INGEST_REPAIRED",
            Self::Resync { .. } => "INGEST_RESYNC",
            Self::SourceChanged => "INGEST_SOURCE_CHANGED",
            Self::Ignored { .. } => "INGEST_IGNORED",
            Self::CueRefused { code, .. } => code,
            Self::TimeJump { .. } => "INGEST_TIME_JUMP",
            Self::Dropped { .. } => "INGEST_DROPPED",
            Self::CaptionsDropped { .. } => "CAPTIONS_DROPPED",
            Self::FragmentsDropped { reason, .. } | Self::UnitsDropped { reason, .. } => reason.code(),
            Self::FragmentGap { .. } => "MPE_INGEST_DISCONTINUITY",
            Self::Output { .. } => "OUTPUT_BROKEN",
            Self::Bumped { .. } => "INGEST_DTS_BUMPED",
            Self::IdleTimeout { .. } => "INGEST_SESSION_IDLE_TIMEOUT",
            Self::MetadataMissing => "MPE_INGEST_RTMP_SETDATAFRAME_NOT_RECEIVED",
            Self::PublishRefused { .. } => "MPE_INGEST_ENCODER_CONNECTION_DENIED",
            Self::Unsupported { .. } => "MPE_INGEST_CODEC_NOT_SUPPORTED",
            Self::TrackLeftOut { .. } => "INGEST_TRACK_LEFT_OUT",
            Self::LongGop { .. } => "MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE",
            Self::Limit(_) => "LIMIT_EXCEEDED",
            Self::Codec { .. } => "CODEC_REFUSED",
        }
    }

    /// Adds `later` to this one where both count the same thing, so that folding loses no count; `false` where they do not.
    pub(crate) fn absorb(&mut self, later: &Self) -> bool {
        let (count, more) = match (self, later) {
            (Self::Loss { lost, stream }, Self::Loss { lost: more, stream: of }) if stream == of => (lost, more),
            (Self::Late { late }, Self::Late { late: more }) => (late, more),
            (Self::Repaired { repaired }, Self::Repaired { repaired: more }) => (repaired, more),
            (Self::Resync { skipped }, Self::Resync { skipped: more }) => (skipped, more),
            (Self::Ignored { what, count }, Self::Ignored { what: of, count: more }) if what == of => (count, more),
            (Self::Dropped { count, reason }, Self::Dropped { count: more, reason: of })
            | (Self::CaptionsDropped { count, reason }, Self::CaptionsDropped { count: more, reason: of })
                if reason == of =>
            {
                (count, more)
            }
            (Self::Bumped { count }, Self::Bumped { count: more }) => (count, more),
            (
                Self::FragmentsDropped { count, stream, reason },
                Self::FragmentsDropped { count: more, stream: of, reason: why },
            )
            | (
                Self::UnitsDropped { count, stream, reason },
                Self::UnitsDropped { count: more, stream: of, reason: why },
            ) if stream == of && reason == why => (count, more),
            _ => return false,
        };
        *count = count.saturating_add(*more);
        true
    }

    /// Whether it counts something that a fold must not lose.
    pub(crate) const fn is_count(&self) -> bool {
        matches!(
            self,
            Self::Loss { .. }
                | Self::Late { .. }
                | Self::Repaired { .. }
                | Self::Resync { .. }
                | Self::Ignored { .. }
                | Self::Dropped { .. }
                | Self::CaptionsDropped { .. }
                | Self::Bumped { .. }
                | Self::FragmentsDropped { .. }
                | Self::UnitsDropped { .. }
        )
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.format)?;
        if let Some(stream) = self.stream {
            write!(f, " stream {stream}")?;
        }
        write!(f, " at byte {}", self.offset)
    }
}
