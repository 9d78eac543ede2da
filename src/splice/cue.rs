//! Cues on the channel's clock, and the splices that they come to (A14).

use bytes::Bytes;

use crate::time::{MediaDuration, MediaTime};

/// Who said that a break begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CueSource {
    /// The operator's call (A14.1).
    Api,
    /// A message of the contribution.
    Contribution,
}

/// A cue on the channel's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// Who said it.
    pub source: CueSource,
    /// The id that it has there: a `splice_event_id`, or the operator's `cueId`.
    pub id: u32,
    /// When it happens; `None` is at once.
    pub at: Option<MediaTime>,
    /// What happens.
    pub action: CueAction,
    /// The message that says so, a whole `splice_info_section` of SCTE 35; viewers are told of it. `None` for one that is to be
    /// made up, as for an operator's call.
    pub section: Option<Bytes>,
}

/// What a cue asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CueAction {
    /// A break begins.
    Out {
        /// How long it is, where that is known.
        duration: Option<MediaDuration>,
        /// It ends by itself when that is over.
        auto_return: bool,
        /// The slate hides the contribution meanwhile, and its sound is muted (A14.4, A15.4).
        shows_slate: bool,
    },
    /// The break ends.
    In,
    /// What was announced under this id does not happen; a break that runs under it ends at once.
    Cancel,
    /// Nothing is spliced: viewers are told of the message.
    Tell,
}

/// A splice that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Who asked for it.
    pub source: CueSource,
    /// Under which id: that of the way out, also where the break ends.
    pub id: u32,
    /// When it was asked for.
    pub asked: MediaTime,
    /// The frame at which it was made: the first one at or after that, or the next one where it came late.
    pub achieved: MediaTime,
    /// What it is.
    pub kind: SpliceKind,
}

/// Which way a splice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpliceKind {
    /// Out into a break of this length, where it is known.
    Out(Option<MediaDuration>),
    /// Back from it.
    In(BreakEnd),
}

/// Why a break ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakEnd {
    /// A cue said so.
    Cue,
    /// It was cancelled.
    Cancelled,
    /// Its time was over.
    Duration,
    /// Another break began, and nothing had told its end.
    Superseded,
    /// Nothing ended it for so long that it was forgotten.
    Ceiling,
}

/// Why a cue changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CueRefusal {
    /// It was said before.
    #[error("cue {id} was announced already")]
    Repeated {
        /// Its id.
        id: u32,
    },
    /// Another break runs at that time.
    #[error("cue {id} overlaps the break of cue {running}")]
    Overlap {
        /// Its id.
        id: u32,
        /// The id of the other break.
        running: u32,
    },
    /// There is no break to end, or nothing to cancel.
    #[error("no break runs and none is announced that cue {id} could end")]
    NoBreak {
        /// Its id.
        id: u32,
    },
    /// Nothing is on air.
    #[error("nothing is on air that cue {id} could splice")]
    NotOnAir {
        /// Its id.
        id: u32,
    },
    /// It waited for a contribution that came when its break was over.
    #[error("the break of cue {id} is over")]
    Over {
        /// Its id.
        id: u32,
    },
    /// Too many wait.
    #[error("{0} cues wait already")]
    TooMany(usize),
    /// It is too far ahead.
    #[error("cue {id} is more than a day ahead")]
    TooFar {
        /// Its id.
        id: u32,
    },
}

impl Cue {
    /// Whether another says the same: its message may be written anew each time it is sent.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        (self.source, self.id, self.at, self.action) == (other.source, other.id, other.at, other.action)
    }
}

impl CueRefusal {
    /// A code that stays the same from release to release.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Repeated { .. } => "CUE_REPEATED",
            Self::Overlap { .. } => "CUE_OVERLAP",
            Self::NoBreak { .. } => "CUE_NO_BREAK",
            Self::NotOnAir { .. } => "CUE_NOT_ON_AIR",
            Self::Over { .. } => "CUE_OVER",
            Self::TooMany(_) => "CUE_LIMIT",
            Self::TooFar { .. } => "CUE_TOO_FAR",
        }
    }
}
