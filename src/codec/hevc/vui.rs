//! Video usability information, and the way there through the rest of a sequence parameter set (ISO/IEC 23008-2 clauses
//! 7.3.2.2, 7.3.4, 7.3.7 and E.2.1).

use h264_reader::rbsp::{BitRead, BitReaderError};

use super::sps::Bits;
use crate::media::{Colour, FrameRate};

/// What is stated beside the picture itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vui {
    pub(super) sample_aspect: (u32, u32),
    pub(super) colour: Colour,
    /// Every picture is a field.
    pub(super) is_field_sequence: bool,
    pub(super) frame_rate: Option<FrameRate>,
}

impl Default for Vui {
    fn default() -> Self {
        Self { sample_aspect: (1, 1), colour: Colour::UNKNOWN, is_field_sequence: false, frame_rate: None }
    }
}

impl Vui {
    /// Reads on behind `log2_max_pic_order_cnt_lsb_minus4`; an error where that cannot be done.
    pub(super) fn read_after(
        bits: &mut Bits<'_>,
        max_sub_layers_minus1: u32,
        log2_max_poc_lsb: u32,
    ) -> Result<Self, BitReaderError> {
        let is_each = bits.read_bit("sps_sub_layer_ordering_info_present_flag")?;
        let layers = if is_each { max_sub_layers_minus1 + 1 } else { 1 };
        // Three numbers for each layer, six that size the blocks.
        skip_ue(bits, layers * 3 + 6)?;
        if bits.read_bit("scaling_list_enabled_flag")? && bits.read_bit("sps_scaling_list_data_present_flag")? {
            scaling_lists(bits)?;
        }
        bits.skip(2, "amp_enabled_flag, sample_adaptive_offset_enabled_flag")?;
        if bits.read_bit("pcm_enabled_flag")? {
            bits.skip(8, "pcm_sample_bit_depth")?;
            skip_ue(bits, 2)?;
            bits.skip(1, "pcm_loop_filter_disabled_flag")?;
        }
        reference_pictures(bits)?;
        if bits.read_bit("long_term_ref_pics_present_flag")? {
            for _ in 0..bounded(bits, 32)? {
                bits.skip(log2_max_poc_lsb.min(16) + 1, "lt_ref_pic_poc_lsb_sps")?;
            }
        }
        bits.skip(2, "sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag")?;
        if bits.read_bit("vui_parameters_present_flag")? { Self::read(bits) } else { Ok(Self::default()) }
    }

    fn read(bits: &mut Bits<'_>) -> Result<Self, BitReaderError> {
        let mut vui = Self::default();
        if bits.read_bit("aspect_ratio_info_present_flag")? {
            let aspect = match bits.read::<8, u8>("aspect_ratio_idc")? {
                255 => (bits.read::<16, u32>("sar_width")?, bits.read::<16, u32>("sar_height")?),
                index => ASPECTS.get(usize::from(index)).copied().unwrap_or((1, 1)),
            };
            vui.sample_aspect = if aspect.0 == 0 || aspect.1 == 0 { (1, 1) } else { aspect };
        }
        if bits.read_bit("overscan_info_present_flag")? {
            bits.skip(1, "overscan_appropriate_flag")?;
        }
        if bits.read_bit("video_signal_type_present_flag")? {
            bits.skip(3, "video_format")?;
            vui.colour.is_full_range = bits.read_bit("video_full_range_flag")?;
            if bits.read_bit("colour_description_present_flag")? {
                vui.colour.primaries = bits.read::<8, _>("colour_primaries")?;
                vui.colour.transfer = bits.read::<8, _>("transfer_characteristics")?;
                vui.colour.matrix = bits.read::<8, _>("matrix_coeffs")?;
            }
        }
        if bits.read_bit("chroma_loc_info_present_flag")? {
            skip_ue(bits, 2)?;
        }
        bits.skip(1, "neutral_chroma_indication_flag")?;
        vui.is_field_sequence = bits.read_bit("field_seq_flag")?;
        bits.skip(1, "frame_field_info_present_flag")?;
        if bits.read_bit("default_display_window_flag")? {
            skip_ue(bits, 4)?;
        }
        if bits.read_bit("vui_timing_info_present_flag")? {
            let tick = bits.read::<32, u32>("vui_num_units_in_tick")?;
            vui.frame_rate = FrameRate::new(bits.read::<32, u32>("vui_time_scale")?, tick);
        }
        Ok(vui)
    }
}

fn skip_ue(bits: &mut Bits<'_>, count: u32) -> Result<(), BitReaderError> {
    (0..count).try_for_each(|_| bits.read_ue("ue(v)").map(drop))
}

/// A count that the standard bounds; a higher one ends the reading.
fn bounded(bits: &mut Bits<'_>, most: u32) -> Result<u32, BitReaderError> {
    let count = bits.read_ue("count")?;
    if count <= most { Ok(count) } else { Err(BitReaderError::ExpGolombTooLarge("count")) }
}

/// Clause 7.3.4.
fn scaling_lists(bits: &mut Bits<'_>) -> Result<(), BitReaderError> {
    for size in 0..4u32 {
        for _ in 0..(if size == 3 { 2 } else { 6 }) {
            if bits.read_bit("scaling_list_pred_mode_flag")? {
                let coefficients = 64.min(1 << (4 + 2 * size));
                skip_ue(bits, coefficients + u32::from(size > 1))?;
            } else {
                skip_ue(bits, 1)?;
            }
        }
    }
    Ok(())
}

/// Steps over the sets of short-term reference pictures (clause 7.3.7): one that is predicted from the last has as many
/// flags as that has pictures.
fn reference_pictures(bits: &mut Bits<'_>) -> Result<(), BitReaderError> {
    let mut pictures = 0u32;
    for index in 0..bounded(bits, 64)? {
        if index > 0 && bits.read_bit("inter_ref_pic_set_prediction_flag")? {
            bits.skip(1, "delta_rps_sign")?;
            skip_ue(bits, 1)?;
            let mut kept = 0;
            for _ in 0..=pictures {
                let is_used = bits.read_bit("used_by_curr_pic_flag")?;
                kept += u32::from(is_used || bits.read_bit("use_delta_flag")?);
            }
            pictures = kept;
        } else {
            let (negative, positive) = (bounded(bits, 16)?, bounded(bits, 16)?);
            pictures = negative + positive;
            for _ in 0..pictures {
                skip_ue(bits, 1)?;
                bits.skip(1, "used_by_curr_pic_flag")?;
            }
        }
    }
    Ok(())
}

/// Table E.1.
const ASPECTS: [(u32, u32); 17] = [
    (1, 1),
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];
