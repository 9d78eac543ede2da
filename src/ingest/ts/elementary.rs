//! What every reader of an elementary stream does, and what it must know of its track.

use std::fmt::Debug;

use super::out::{Out, Stamp};
use crate::{
    media::{Language, Track, TrackFormat, TrackId},
    time::Timescale,
};

/// Reads the bytes of one elementary stream, PES packet by PES packet, and puts access units into [`Out`].
pub(super) trait Elementary: Debug + Send {
    /// A PES packet begins, with these times where it has any.
    fn start(&mut self, stamp: Option<Stamp>);

    /// More bytes of it.
    fn push(&mut self, bytes: &[u8], out: &mut Out);

    /// The PES packet is whole.
    fn end(&mut self, out: &mut Out);

    /// Packets are missing here. `is_between`: the PES packet before was whole.
    fn gap(&mut self, is_between: bool, out: &mut Out);

    /// Bytes that came last may be wrong.
    fn damage(&mut self, out: &mut Out);

    /// The stream ends here or goes on elsewhere: what is whole comes out, what is half is dropped and counted.
    fn finish(&mut self, out: &mut Out);

    /// The program map says other things of the track now.
    fn identify(&mut self, identity: Identity, out: &mut Out);

    /// Whether it is the one that cues are placed by.
    fn is_video(&self) -> bool;
}

/// What the program map says of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) track: TrackId,
    pub(super) pid: u16,
    /// Its place among the streams of its kind.
    pub(super) index: u32,
    pub(super) language: Language,
}

impl Identity {
    pub(super) fn track(&self, format: TrackFormat) -> Track {
        let track = Track::new(self.track, Timescale::MPEG, format);
        Track { index: self.index, language: self.language, ..track }
    }
}
