//! Captions inside coded pictures: CEA-608 byte pairs and CEA-708 DTVCC packets as `cc_data()` (ATSC A/53 Part 4:2009 clause
//! 6.2.3, ANSI/CTA-708-E clause 4.3), read out of H.264 and MPEG-2 pictures and written into H.264 and AV1 ones.
//!
//! Read: H.264 SEI messages registered by ITU-T T.35 of ATSC (`GA94`, type 3) and of DirecTV; MPEG-2 picture user data of ATSC.
//! Not read: the older forms of MPEG-2 user data (SCTE 20, DVD), which pack the bits in other ways, and HEVC, which no channel
//! decodes. What the bytes mean is not looked at here: [`crate::splice`] carries them from picture to picture. To add a
//! carriage, add a file that finds the T.35 payload or the `cc_data()` in it.

mod cc_data;
mod obu;
mod sei;
mod t35;
mod user_data;

pub use cc_data::{CcFrame, CcKind, CcPair};
pub use obu::insert as insert_av1;
pub use sei::insert as insert_h264;

use crate::media::{NalFraming, TrackFormat};

/// Reads the captions of one picture after the other, in a buffer that is used again.
#[derive(Debug, Default)]
pub struct CcReader {
    pairs: Vec<CcPair>,
    broken: u64,
    messages: u64,
}

impl CcReader {
    /// Byte pairs that are read of one picture: eight messages full; what is over it counts as a broken message.
    pub const MAX_PAIRS: usize = 8 * CcFrame::MAX_COUNT;

    /// Reads an access unit in place of the one before. A coding that captions are not read of has none.
    pub fn read(&mut self, format: &TrackFormat, data: &[u8]) {
        match format {
            TrackFormat::H264(_, config) => self.read_h264(data, config.framing),
            TrackFormat::Mpeg2(_) => self.read_mpeg2(data),
            _ => self.clear(),
        }
    }

    /// Reads an access unit of H.264.
    pub fn read_h264(&mut self, data: &[u8], framing: NalFraming) {
        self.clear();
        sei::read(data, framing, self);
    }

    /// Reads an access unit of MPEG-2 video.
    pub fn read_mpeg2(&mut self, data: &[u8]) {
        self.clear();
        user_data::read(data, self);
    }

    /// The byte pairs that are valid, in the order of the stream. Padding of DTVCC, which is not valid, is left out.
    #[must_use]
    pub fn pairs(&self) -> &[CcPair] {
        &self.pairs
    }

    /// Messages that end too early: what is whole of them is in [`pairs`](Self::pairs).
    #[must_use]
    pub const fn broken(&self) -> u64 {
        self.broken
    }

    /// Messages of captions, also those of which nothing is valid.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    fn clear(&mut self) {
        self.pairs.clear();
        (self.broken, self.messages) = (0, 0);
    }
}

#[cfg(test)]
mod tests;
