//! Which track each stream is: of those that are read, those that are gone and may come back, and those that are only named.
//!
//! A session has a ceiling of tracks for all its life, so a stream that is only named gives its track to another once it has
//! left the program map. Tracks that were read are not given away: a channel has places for them.

use super::{
    elementary::Identity,
    layout::{Place, stays, took_over},
};
use crate::{
    media::{Language, Track, TrackFormat, TrackId},
    wire::ts::{Pmt, ProgramNumber, Stream, StreamType},
};

/// The tracks of a session.
#[derive(Debug)]
pub(super) struct Ledger {
    next: u32,
    named: Vec<Named>,
    /// Streams that are gone, with their tracks: one that comes back has its own again (FAULTS row 45).
    gone: Vec<(Stream, TrackId)>,
}

/// A stream that is there and passed over.
#[derive(Clone, Copy, Debug)]
struct Named {
    program: ProgramNumber,
    pid: u16,
    stream_type: StreamType,
    track: TrackId,
    /// The map of its program still has it.
    is_there: bool,
}

impl Ledger {
    pub(super) const fn new() -> Self {
        Self { next: 1, named: Vec::new(), gone: Vec::new() }
    }

    /// A track that no stream has had.
    fn new_track(&mut self) -> TrackId {
        let track = TrackId(self.next);
        self.next = self.next.wrapping_add(1);
        track
    }

    /// The track of a stream that is to be read: the one that it had before it was gone, or a new one.
    pub(super) fn track(&mut self, stream: &Stream) -> TrackId {
        let was = |gone: &(Stream, TrackId)| stays(&gone.0, stream) && took_over(&gone.0, stream);
        match self.gone.iter().position(was) {
            Some(at) => self.gone.remove(at).1,
            None => self.new_track(),
        }
    }

    /// A stream that was read is gone.
    pub(super) fn leave(&mut self, stream: Stream, track: TrackId) {
        if self.gone.len() >= MAX_KEPT {
            self.gone.remove(0);
        }
        self.gone.push((stream, track));
    }

    /// The map of a program as it is now. `is_chosen`: no other program is looked at any more.
    pub(super) fn follow(&mut self, pmt: &Pmt, is_chosen: bool) {
        for named in &mut self.named {
            if named.program == pmt.program {
                let is_it = |stream: &Stream| (stream.pid, stream.stream_type) == (named.pid, named.stream_type);
                named.is_there = pmt.streams.iter().any(is_it);
            } else {
                named.is_there &= !is_chosen;
            }
        }
    }

    /// Names a stream that is passed over; `None` where it is named already, or more are there than can be told.
    pub(super) fn name(&mut self, program: ProgramNumber, place: &Place) -> Option<Track> {
        let Stream { pid, stream_type, .. } = place.stream;
        if let Some(known) = self.named.iter_mut().find(|it| (it.pid, it.stream_type) == (pid, stream_type)) {
            (known.program, known.is_there) = (program, true);
            return None;
        }
        let free = self.named.iter().position(|named| !named.is_there).map(|at| self.named.remove(at).track);
        if free.is_none() && self.named.len() >= MAX_KEPT {
            return None;
        }
        let track = free.unwrap_or_else(|| self.new_track());
        self.named.push(Named { program, pid, stream_type, track, is_there: true });
        let text = format!("stream_type 0x{:02x} on PID {pid} ({})", stream_type.0, place.stream.name());
        let language = place.stream.language.unwrap_or(Language::UND);
        Some(Identity { track, pid, index: place.index, language }.track(TrackFormat::Unknown(text)))
    }
}

const MAX_KEPT: usize = 256;
