//! H.264 decode by OpenH264 (feature `openh264`), where the feature `rusty-h264` is off.
//!
//! Rec. ITU-T H.264, 8-bit 4:2:0 progressive; what else there is, `h264_input` refuses. The library is fed one access unit at
//! a time and gives pictures out in an order that it guesses from the low bits of the picture order count;
//! `presentation_order` does without that guess.

mod held;
mod library;

use self::{
    held::Held,
    library::{Library, State},
};
use super::{VideoDecoder, h264_input::H264Input, presentation_order::MOST_HELD};
use crate::{
    error::Fault,
    media::{AccessUnit, Frame, H264Config},
};

/// A decoder of one H.264 track.
pub(super) struct OpenH264Decoder {
    library: Library,
    input: H264Input,
    held: Held,
}

impl OpenH264Decoder {
    /// A decoder for a track set up as `config` says, for pictures of up to `ceiling` luma samples.
    pub(super) fn new(config: &H264Config, ceiling: u64) -> Result<Self, Fault> {
        let input = H264Input::new(config, ceiling)?;
        Ok(Self { library: Library::open()?, held: Held::new(input.ceiling), input })
    }

    /// Puts a new library object in the place of one that has been drained or that lost its way.
    fn renew(&mut self) -> Result<(), Fault> {
        self.library = Library::open()?;
        self.input.renew();
        Ok(())
    }
}

impl VideoDecoder for OpenH264Decoder {
    fn decode(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) -> Result<(), Fault> {
        let tag = self.held.times.note(unit.pts);
        self.input.frame_up(unit)?;
        let (aspect, colour, annex_b) = (self.input.sample_aspect, self.input.colour, self.input.annex_b());
        (self.held.sample_aspect, self.held.colour) = (aspect, colour);
        // Two steps, as each may give a picture: a unit's own picture is finished by the second, which feeds nothing.
        let mut state = State::default();
        for input in [annex_b, &[]] {
            let (step, picture) = self.library.decode(input, tag);
            self.held.extend(picture);
            state = state.and(step);
        }
        self.held.order.release(unit, out);
        if state.is_fatal() {
            self.renew()?;
        }
        state.trouble().map_or(Ok(()), Err)
    }

    fn flush(&mut self, out: &mut Vec<Frame>) -> Result<(), Fault> {
        // The library marks a picture given out by a flush as still in use for ever, hence the new object afterwards.
        for _ in 0..MOST_HELD {
            let Some(picture) = self.library.flush() else { break };
            self.held.extend(Some(picture));
        }
        self.held.order.release_all(out);
        self.renew()
    }
}

#[cfg(test)]
mod tests;
