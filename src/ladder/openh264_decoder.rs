//! H.264 decode by OpenH264 (feature `openh264`).
//!
//! Rec. ITU-T H.264, 8-bit 4:2:0 progressive. Fields, more bits and other chroma formats are refused from the sequence
//! parameter set (clause 7.3.2.1.1), before the library sees the picture, and so is a picture over the ceiling.
//!
//! Order: the library is fed one access unit at a time and gives pictures out in an order that it guesses from the low
//! bits of the picture order count; `presentation_order` does without that guess. To take another format, write another
//! backend: see the module `backends`.

mod held;
mod library;
mod sets;

use self::{
    held::Held,
    library::{Library, State},
    sets::{START_CODE, accept, each_nal, each_parameter_set, is_sps},
};
use super::{VideoDecoder, presentation_order::MOST_HELD};
use crate::{
    error::Fault,
    media::{AccessUnit, Frame, H264Config, NalFraming},
};

/// A decoder of one H.264 track.
pub(super) struct OpenH264Decoder {
    library: Library,
    config: H264Config,
    held: Held,
    /// The sequence parameter set in force, as it was checked last.
    checked: Vec<u8>,
    /// Why the sequence parameter set in force is not taken.
    refused: Option<Fault>,
    /// The track's parameter sets are still to be fed.
    wants_parameter_sets: bool,
    /// The access unit in Annex B form.
    annex_b: Vec<u8>,
}

impl OpenH264Decoder {
    /// A decoder for a track set up as `config` says, for pictures of up to `ceiling` luma samples.
    pub(super) fn new(config: &H264Config, ceiling: u64) -> Result<Self, Fault> {
        if let NalFraming::Length(bytes) = config.framing
            && !matches!(bytes, 1 | 2 | 4)
        {
            return Err(Fault::Codec { what: format!("H.264 length field of {bytes} bytes") });
        }
        let mut decoder = Self {
            library: Library::open()?,
            config: config.clone(),
            held: Held::new(ceiling.min(CEILING_OF_CEILINGS)),
            checked: Vec::new(),
            refused: None,
            wants_parameter_sets: true,
            annex_b: Vec::new(),
        };
        for sps in &config.sps {
            decoder.check(sps);
        }
        decoder.refused.clone().map_or(Ok(decoder), Err)
    }

    /// Takes note of a sequence parameter set: whether this backend decodes it, and its pictures' shape and colour.
    fn check(&mut self, sps: &[u8]) {
        if self.checked == sps {
            return;
        }
        self.checked.clear();
        self.checked.extend_from_slice(sps);
        match accept(sps, self.held.ceiling) {
            Ok((aspect, colour)) => {
                (self.held.sample_aspect, self.held.colour, self.refused) = (aspect, colour, None);
            }
            Err(fault) => self.refused = Some(fault),
        }
    }

    /// Writes `unit` to `annex_b`, after the track's parameter sets where they are due, and checks what is in band.
    fn frame_up(&mut self, unit: &AccessUnit) -> Result<(), Fault> {
        if unit.data.len() > UNIT_CEILING {
            return Err(Fault::Codec { what: format!("H.264 access unit of {} bytes", unit.data.len()) });
        }
        let mut annex_b = std::mem::take(&mut self.annex_b);
        annex_b.clear();
        if std::mem::take(&mut self.wants_parameter_sets) {
            for nal in self.config.sps.iter().chain(&self.config.pps) {
                annex_b.extend_from_slice(&START_CODE);
                annex_b.extend_from_slice(nal);
            }
        }
        let is_whole = match self.config.framing {
            NalFraming::AnnexB => {
                each_parameter_set(&unit.data, |sps| self.check(sps));
                annex_b.extend_from_slice(&unit.data);
                true
            }
            NalFraming::Length(bytes) => each_nal(&unit.data, usize::from(bytes), |nal| {
                if is_sps(nal) {
                    self.check(nal);
                }
                annex_b.extend_from_slice(&START_CODE);
                annex_b.extend_from_slice(nal);
            }),
        };
        self.annex_b = annex_b;
        match &self.refused {
            Some(fault) => Err(fault.clone()),
            None if !is_whole => Err(Fault::Codec { what: "H.264 NAL length beyond its access unit".into() }),
            None => Ok(()),
        }
    }

    /// Puts a new library object in the place of one that has been drained or that lost its way.
    fn renew(&mut self) -> Result<(), Fault> {
        self.library = Library::open()?;
        self.wants_parameter_sets = true;
        Ok(())
    }
}

impl VideoDecoder for OpenH264Decoder {
    fn decode(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) -> Result<(), Fault> {
        self.frame_up(unit)?;
        let tag = self.held.order.note(unit.pts);
        let mut annex_b = std::mem::take(&mut self.annex_b);
        // Two steps, as each may give a picture: a unit's own picture is finished by the second, which feeds nothing.
        let mut state = State::default();
        for input in [annex_b.as_slice(), &[]] {
            let (step, picture) = self.library.decode(input, tag);
            self.held.extend(picture);
            state = state.and(step);
        }
        annex_b.clear();
        self.annex_b = annex_b;
        self.held.order.release(unit.dts, out);
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

/// Largest access unit taken, in bytes (FAULTS.md section 4).
const UNIT_CEILING: usize = 8 << 20;
/// Most luma samples that any configuration may allow.
const CEILING_OF_CEILINGS: u64 = 4096 * 2304;

#[cfg(test)]
mod tests;
