//! Access units of H.264 as a decoder of plain streams wants them: Annex B, with parameter sets, and checked beforehand.
//!
//! Rec. ITU-T H.264, 8-bit 4:2:0 progressive. Fields, more bits and other chroma formats are refused from the sequence
//! parameter set (clause 7.3.2.1.1), before a library sees the picture, and so is a picture over the ceiling.

mod sets;

use self::sets::{START_CODE, accept, each_nal, each_parameter_set, is_sps};
use crate::{
    error::Fault,
    media::{AccessUnit, Colour, H264Config, NalFraming},
};

/// What comes before the library in a decoder of one H.264 track.
pub(super) struct H264Input {
    config: H264Config,
    /// Most luma samples in a picture.
    pub(super) ceiling: u64,
    /// Of the sequence parameter set in force.
    pub(super) sample_aspect: (u32, u32),
    /// Of the sequence parameter set in force.
    pub(super) colour: Colour,
    /// The sequence parameter set in force, as it was checked last.
    checked: Vec<u8>,
    /// Why the sequence parameter set in force is not taken.
    refused: Option<Fault>,
    /// The track's parameter sets are still to be fed.
    wants_parameter_sets: bool,
    annex_b: Vec<u8>,
}

impl H264Input {
    /// For a track set up as `config` says and pictures of up to `ceiling` luma samples.
    pub(super) fn new(config: &H264Config, ceiling: u64) -> Result<Self, Fault> {
        if let NalFraming::Length(bytes) = config.framing
            && !matches!(bytes, 1 | 2 | 4)
        {
            return Err(Fault::Codec { what: format!("H.264 length field of {bytes} bytes") });
        }
        let mut input = Self {
            config: config.clone(),
            ceiling: ceiling.min(CEILING_OF_CEILINGS),
            sample_aspect: (1, 1),
            colour: Colour::UNKNOWN,
            checked: Vec::new(),
            refused: None,
            wants_parameter_sets: true,
            annex_b: Vec::new(),
        };
        for sps in &config.sps {
            input.check(sps);
        }
        input.refused.clone().map_or(Ok(input), Err)
    }

    /// Writes `unit` in Annex B form, after the track's parameter sets where they are due, and checks what is in band.
    pub(super) fn frame_up(&mut self, unit: &AccessUnit) -> Result<(), Fault> {
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

    /// What [`frame_up`](Self::frame_up) wrote.
    pub(super) fn annex_b(&self) -> &[u8] {
        &self.annex_b
    }

    /// The next unit goes to a new library object: it needs the track's parameter sets again.
    pub(super) const fn renew(&mut self) {
        self.wants_parameter_sets = true;
    }

    /// Takes note of a sequence parameter set: whether its pictures are taken, and their shape and colour.
    fn check(&mut self, sps: &[u8]) {
        if self.checked == sps {
            return;
        }
        self.checked.clear();
        self.checked.extend_from_slice(sps);
        match accept(sps, self.ceiling) {
            Ok((aspect, colour)) => (self.sample_aspect, self.colour, self.refused) = (aspect, colour, None),
            Err(fault) => self.refused = Some(fault),
        }
    }
}

/// Largest access unit taken, in bytes (FAULTS.md section 4).
const UNIT_CEILING: usize = 8 << 20;
/// Most luma samples that any configuration may allow.
const CEILING_OF_CEILINGS: u64 = 4096 * 2304;
