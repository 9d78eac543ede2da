//! Coding as values: the channel hands out [`Work`], the host runs it on any thread and hands back [`Done`].
//!
//! A work owns the state of its lane (a decoder, the scaler, one rung's encoder), so there is no lock and no shared
//! codec: at most one work per lane is out at a time, and lanes run in parallel.

use std::fmt;

use crate::ladder::{
    decode_lane::{DecodeDone, DecodeJob},
    open::{OpenDone, OpenJob},
    picture_lane::{PictureDone, PictureJob},
    rung_lane::{RungDone, RungJob},
    sound_lane::{SoundDone, SoundJob},
};

/// A piece of computation that needs nothing but a thread.
pub struct Work {
    lane: Lane,
    generation: u64,
    job: Job,
}

/// What a [`Work`] came to; give it back to the channel that handed the work out.
pub struct Done {
    pub(crate) lane: Lane,
    pub(crate) generation: u64,
    pub(crate) outcome: Outcome,
}

/// Which state a work carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Construction of every codec at a channel's start.
    Open,
    /// The contribution's video decoder.
    Decode,
    /// Slates, test pictures and the scaler.
    Picture,
    /// The encoder of the rung with this position in the preset.
    Rung(usize),
    /// The whole path of the sound of the audio output with this position in the channel's configuration.
    Sound(usize),
}

pub(crate) enum Job {
    Open(Box<OpenJob>),
    Decode(DecodeJob),
    Picture(PictureJob),
    Rung(RungJob),
    Sound(SoundJob),
}

pub(crate) enum Outcome {
    Open(OpenDone),
    Decode(DecodeDone),
    Picture(PictureDone),
    Rung(RungDone),
    Sound(SoundDone),
}

impl Work {
    pub(crate) const fn new(lane: Lane, generation: u64, job: Job) -> Self {
        Self { lane, generation, job }
    }

    /// Which lane it belongs to.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        self.lane
    }

    /// Does it. Takes from some microseconds to some tens of milliseconds (the construction of all codecs).
    #[must_use]
    pub fn run(self) -> Done {
        let outcome = match self.job {
            Job::Open(job) => Outcome::Open(job.run()),
            Job::Decode(job) => Outcome::Decode(job.run()),
            Job::Picture(job) => Outcome::Picture(job.run()),
            Job::Rung(job) => Outcome::Rung(job.run()),
            Job::Sound(job) => Outcome::Sound(job.run()),
        };
        Done { lane: self.lane, generation: self.generation, outcome }
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Work({:?})", self.lane)
    }
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Done({:?})", self.lane)
    }
}
