//! MPEG-TS contribution: one program's picture, up to eight streams of sound, and cues (ISO/IEC 13818-1:2023, SCTE 35).
//!
//! Takes the first program that has anything to read, or the one asked for: one stream of H.264 or MPEG-2 video, all of AAC
//! (ADTS, LATM), AC-3 and MPEG audio. Its other streams are told once as
//! [`TrackFormat::Unknown`](crate::media::TrackFormat::Unknown) and passed over, as are other programs. Loss is told
//! exactly where the counters tell it; a video access unit that it touched is flagged, an audio frame that it cut dropped. The
//! clock is that of the time stamps; PCR is only shown. To take another coding, implement `FrameSyntax` or
//! `PictureSyntax` and name it in `layout.rs` and `reader.rs`.

mod alignment;
mod audio;
mod cues;
mod elementary;
mod frames;
mod h264;
mod layout;
mod ledger;
mod mpeg2;
mod mux;
mod out;
mod picture_syntax;
mod picture_times;
mod pictures;
mod programs;
mod reader;
mod streams;
mod tables;

#[cfg(test)]
mod coding_tests;
#[cfg(test)]
mod program_tests;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use self::mux::Mux;
use super::{Demuxed, Demuxer};
use crate::{
    error::{LimitError, ParseError},
    time::{MediaDuration, Now},
    wire::ts::{Framed, Framer},
};

/// What to take from a transport stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TsConfig {
    /// `program_number` of the program to take. Default: the first one that has a stream that can be read.
    pub program: Option<u16>,
    /// Which of its video streams of H.264, MPEG-2 and MPEG-1 (stream types 0x1B, 0x02, 0x01) to take, counted from 0 in the
    /// order of the program map (A6.10). Default: the first.
    pub video_index: usize,
}

/// Reads a transport stream; packets of 188, 192 and 204 bytes, cut anywhere.
#[derive(Debug)]
pub struct TsDemuxer {
    framer: Framer,
    input: Bytes,
    at: usize,
    mux: Mux,
}

impl TsDemuxer {
    /// A reader that waits for its first byte.
    #[must_use]
    pub fn new(config: TsConfig) -> Self {
        Self { framer: Framer::new(), input: Bytes::new(), at: 0, mux: Mux::new(config) }
    }

    /// The last program clock reference of the program, in ticks of 27 MHz.
    #[must_use]
    pub const fn pcr(&self) -> Option<u64> {
        self.mux.pcr()
    }

    /// `program_number` of the program that is being read.
    #[must_use]
    pub fn program(&self) -> Option<u16> {
        self.mux.program()
    }

    /// Takes bytes as `push` does; a stream needs no clock.
    pub(super) fn take(&mut self, bytes: Bytes) -> Result<(), ParseError> {
        if self.at >= self.input.len() {
            self.input = bytes;
        } else {
            // The last push was not pulled to its end.
            let left = self.input.slice(self.at..);
            let asked = left.len().saturating_add(bytes.len());
            if asked > MAX_UNREAD {
                let limit = LimitError { what: "unread input bytes", ceiling: MAX_UNREAD as u64, asked: asked as u64 };
                return Err(ParseError::new(limit.into(), "ts", None, self.framer.position()));
            }
            let mut joined = BytesMut::with_capacity(asked);
            joined.extend_from_slice(&left);
            joined.extend_from_slice(&bytes);
            self.input = joined.freeze();
        }
        self.at = 0;
        Ok(())
    }

    /// The source changed: continuity counters may jump without anything being lost.
    pub(super) fn source_changed(&mut self) {
        self.mux.forgive();
    }

    /// Up to so many packets are missing before what is taken next, by a count that sees more than continuity counters do.
    pub(super) fn lost(&mut self, packets: u64) {
        self.mux.lost(packets);
    }

    fn read(&mut self, is_last: bool) -> bool {
        match self.framer.next(&self.input, &mut self.at, is_last) {
            Some(Framed::Packet(packet)) => self.mux.packet(packet),
            Some(Framed::Resync(skipped)) => self.mux.resync(skipped),
            None => return false,
        }
        self.mux.out.position = self.framer.position();
        true
    }
}

impl Demuxer for TsDemuxer {
    fn push(&mut self, bytes: Bytes, _now: Now) -> Result<(), ParseError> {
        self.take(bytes)
    }

    fn wrap(&self) -> Option<MediaDuration> {
        Some(self.mux.out.clock.wrap())
    }

    fn pull(&mut self) -> Option<Demuxed> {
        while self.mux.out.queue.is_empty() {
            if !self.read(false) {
                return None;
            }
        }
        self.mux.out.queue.pop_front()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    fn handle_timeout(&mut self, _now: Now) {}

    fn finish(&mut self) {
        while self.read(false) {}
        while self.read(true) {}
        self.mux.finish(self.framer.holds_half());
    }
}

const MAX_UNREAD: usize = 32 << 20;
