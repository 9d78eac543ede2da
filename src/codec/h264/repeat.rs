//! Pictures that show the one before again: P slices in which every macroblock is skipped (Rec. ITU-T H.264 clauses 7.3.3,
//! 7.3.4 and 9.3).
//!
//! The encoder beside whose pictures they stand need not know of them. Each is a reference picture like its own, and the same
//! to look at as the one that its next picture refers to; only `frame_num` of what it makes is moved on, up to its next IDR
//! picture (clause 7.4.3).

use std::{borrow::Cow, io::Write};

use h264_reader::{
    Context,
    nal::{
        pps::PicParameterSet,
        sps::{FrameMbsFlags, PicOrderCntType},
    },
    rbsp::{BitReader, BitWrite, BitWriter, ByteReader, ByteWriter, decode_nal},
};

use super::{NAL_IDR, NAL_SLICE, nal_type, sps};
use crate::codec::{bits::Bits, h264::skipped::skipped_macroblocks};

/// Makes such pictures for the stream of one encoder of frames in one slice each, each of which refers to the one before and is
/// shown in the order of coding (`pic_order_cnt_type` 2).
#[derive(Debug)]
pub struct Repeats {
    frame_num_bits: u32,
    pps_id: u32,
    has_deblocking: bool,
    /// What follows each slice header, from its first bit on.
    macroblocks: Macroblocks,
    /// `frame_num` of the newest picture, as it was given out.
    last: Option<u32>,
    /// What the encoder's are moved on by.
    shift: u32,
}

#[derive(Debug)]
enum Macroblocks {
    /// CAVLC: one run.
    Run(u32),
    /// CABAC: bits behind the alignment.
    Cabac(Vec<u8>),
}

impl Repeats {
    /// For pictures under these parameter sets (NAL headers included); `None` where their pictures are not so simple.
    #[must_use]
    pub fn new(sps: &[u8], pps: &[u8]) -> Option<Self> {
        let sps = sps::parse(sps).ok()?;
        let mut context = Context::default();
        context.put_seq_param_set(sps.clone());
        let pps = BitReader::new(ByteReader::skipping_h264_header(pps));
        let pps = PicParameterSet::from_bits(&context, pps).ok()?;
        let is_simple = sps.pic_order_cnt == PicOrderCntType::TypeTwo
            && sps.frame_mbs_flags == FrameMbsFlags::Frames
            && !sps.chroma_info.separate_colour_plane_flag
            && pps.slice_groups.is_none()
            && !pps.bottom_field_pic_order_in_frame_present_flag
            && !pps.weighted_pred_flag
            && !pps.redundant_pic_cnt_present_flag;
        let width = sps.pic_width_in_mbs_minus1.checked_add(1)?;
        let count = width.checked_mul(sps.pic_height_in_map_units_minus1.checked_add(1)?)?;
        let macroblocks = if pps.entropy_coding_mode_flag {
            Macroblocks::Cabac(skipped_macroblocks(count, pps.pic_init_qp_minus26.checked_add(26)?))
        } else {
            Macroblocks::Run(count)
        };
        is_simple.then(|| Self {
            frame_num_bits: sps.log2_max_frame_num().into(),
            pps_id: pps.pic_parameter_set_id.id().into(),
            has_deblocking: pps.deblocking_filter_control_present_flag,
            macroblocks,
            last: None,
            shift: 0,
        })
    }

    /// Takes the encoder's next NAL unit, header included, and gives it as it belongs behind what was made so far.
    pub fn follow<'a>(&mut self, nal: &'a [u8]) -> Cow<'a, [u8]> {
        match nal_type(nal) {
            NAL_IDR => self.shift = 0,
            NAL_SLICE => {}
            _ => return Cow::Borrowed(nal),
        }
        let Some((frame_num, at)) = self.frame_num(nal) else {
            self.last = None;
            return Cow::Borrowed(nal);
        };
        let frame_num = self.moved(frame_num, self.shift);
        self.last = Some(frame_num);
        let moved = (self.shift > 0).then(|| self.with_frame_num(nal, at, frame_num)).flatten();
        moved.map_or(Cow::Borrowed(nal), Cow::Owned)
    }

    /// A NAL unit, header included, with the newest picture again; `None` before there is any.
    pub fn repeat(&mut self) -> Option<Vec<u8>> {
        let frame_num = self.moved(self.last?, 1);
        let nal = self.slice(frame_num).ok()?;
        self.shift = self.moved(self.shift, 1);
        self.last = Some(frame_num);
        Some(nal)
    }

    fn slice(&self, frame_num: u32) -> std::io::Result<Vec<u8>> {
        let mut bits = BitWriter::new(Vec::with_capacity(64));
        bits.write_ue(0)?; // first_mb_in_slice
        bits.write_ue(SLICE_P)?;
        bits.write_ue(self.pps_id)?;
        bits.write_var(self.frame_num_bits, frame_num)?;
        bits.write_bit(true)?; // num_ref_idx_active_override_flag
        bits.write_ue(0)?; // num_ref_idx_l0_active_minus1
        bits.write_bit(false)?; // ref_pic_list_modification_flag_l0
        bits.write_bit(false)?; // adaptive_ref_pic_marking_mode_flag
        if let Macroblocks::Cabac(_) = self.macroblocks {
            bits.write_ue(0)?; // cabac_init_idc
        }
        bits.write_se(0)?; // slice_qp_delta
        if self.has_deblocking {
            bits.write_ue(1)?; // disable_deblocking_filter_idc: there is nothing to filter
        }
        let rbsp = match &self.macroblocks {
            Macroblocks::Run(count) => {
                bits.write_ue(*count)?; // mb_skip_run
                bits.write_rbsp_trailing_bits()?;
                bits.into_writer()
            }
            Macroblocks::Cabac(macroblocks) => {
                while bits.writer().is_none() {
                    bits.write_bit(true)?; // cabac_alignment_one_bit
                }
                let mut rbsp = bits.into_writer();
                rbsp.extend_from_slice(macroblocks);
                rbsp
            }
        };
        escaped(NAL_REF_IDC | NAL_SLICE, &rbsp)
    }

    /// `frame_num` of a slice (NAL header included), and how many bits come before it behind that header.
    fn frame_num(&self, nal: &[u8]) -> Option<(u32, usize)> {
        let head = decode_nal(nal.get(..nal.len().min(LOOK_AHEAD))?).ok()?;
        let mut bits = Bits::new(&head, "h264", "slice_header");
        for _ in ["first_mb_in_slice", "slice_type", "pic_parameter_set_id"] {
            bits.unsigned().ok()?;
        }
        let at = bits.position();
        Some((bits.read(self.frame_num_bits as usize).ok()?, at))
    }

    /// The same slice with another `frame_num`.
    fn with_frame_num(&self, nal: &[u8], at: usize, frame_num: u32) -> Option<Vec<u8>> {
        let mut rbsp = decode_nal(nal).ok()?.into_owned();
        for n in 0..self.frame_num_bits {
            let place = at + n as usize;
            let bit = 0x80u8 >> (place % 8);
            let byte = rbsp.get_mut(place / 8)?;
            *byte = if frame_num >> (self.frame_num_bits - 1 - n) & 1 == 1 { *byte | bit } else { *byte & !bit };
        }
        escaped(*nal.first()?, &rbsp).ok()
    }

    const fn moved(&self, frame_num: u32, by: u32) -> u32 {
        frame_num.wrapping_add(by) & ((1 << self.frame_num_bits) - 1)
    }
}

/// A NAL unit with emulation prevention (clause 7.3.1).
fn escaped(header: u8, rbsp: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut nal = Vec::with_capacity(rbsp.len() + rbsp.len() / 2 + 1);
    nal.push(header);
    ByteWriter::new(&mut nal).write_all(rbsp)?;
    Ok(nal)
}

/// `nal_ref_idc` 3, in its place.
const NAL_REF_IDC: u8 = 3 << 5;
/// `slice_type` of a P slice.
const SLICE_P: u32 = 0;
/// Bytes of a slice that hold the start of its header, emulation prevention included.
const LOOK_AHEAD: usize = 32;
