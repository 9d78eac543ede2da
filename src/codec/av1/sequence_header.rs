//! What a sequence header says of the picture (AV1 clauses 5.5.1 to 5.5.4).

use h264_reader::rbsp::{BitRead, BitReader, BitReaderError};

use super::error;
use crate::{
    error::{LimitError, ParseError, ParseErrorKind},
    media::{Chroma, Colour, FrameRate, VideoTrack},
};

type Bits<'a> = BitReader<&'a [u8]>;

/// Reads the picture properties from the payload of a sequence header OBU.
///
/// # Errors
/// It cannot be read, its profile is reserved, or the picture has a side of more than 16 384 pixels.
pub fn video_track(payload: &[u8]) -> Result<VideoTrack, ParseError> {
    let track = read(&mut BitReader::new(payload))
        .map_err(|_| error(ParseErrorKind::Truncated { what: "sequence_header_obu" }))?;
    let track = track.ok_or_else(|| error(ParseErrorKind::Invalid { what: "seq_profile", value: 3 }))?;
    for (what, side) in [("picture width", track.width), ("picture height", track.height)] {
        if side > MAX_SIZE {
            return Err(error(LimitError { what, ceiling: MAX_SIZE.into(), asked: side.into() }.into()));
        }
    }
    Ok(track)
}

/// `None` for a reserved profile.
fn read(bits: &mut Bits<'_>) -> Result<Option<VideoTrack>, BitReaderError> {
    let profile: u8 = bits.read::<3, _>("seq_profile")?;
    if profile > 2 {
        return Ok(None);
    }
    bits.skip(1, "still_picture")?;
    let is_reduced = bits.read_bit("reduced_still_picture_header")?;
    let mut frame_rate = None;
    if is_reduced {
        bits.skip(5, "seq_level_idx")?;
    } else {
        let is_timed = bits.read_bit("timing_info_present_flag")?;
        let mut delay_bits = None;
        if is_timed {
            frame_rate = timing_info(bits)?;
            if bits.read_bit("decoder_model_info_present_flag")? {
                delay_bits = Some(bits.read::<5, u32>("buffer_delay_length_minus_1")? + 1);
                bits.skip(32 + 5 + 5, "decoder_model_info")?;
            }
        }
        operating_points(bits, delay_bits)?;
    }
    let width_bits = bits.read::<4, u32>("frame_width_bits_minus_1")? + 1;
    let height_bits = bits.read::<4, u32>("frame_height_bits_minus_1")? + 1;
    let width = bits.read_var::<u32>(width_bits, "max_frame_width_minus_1")? + 1;
    let height = bits.read_var::<u32>(height_bits, "max_frame_height_minus_1")? + 1;
    if !is_reduced && bits.read_bit("frame_id_numbers_present_flag")? {
        bits.skip(4 + 3, "frame id lengths")?;
    }
    bits.skip(3, "use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter")?;
    if !is_reduced {
        tools(bits)?;
    }
    bits.skip(3, "enable_superres, enable_cdef, enable_restoration")?;
    let mut track = VideoTrack { frame_rate, ..VideoTrack::new(width, height) };
    color_config(bits, profile, &mut track)?;
    Ok(Some(track))
}

/// Clause 5.5.3; the frame rate where all frames last equally long.
fn timing_info(bits: &mut Bits<'_>) -> Result<Option<FrameRate>, BitReaderError> {
    let tick: u32 = bits.read::<32, _>("num_units_in_display_tick")?;
    let scale: u32 = bits.read::<32, _>("time_scale")?;
    if !bits.read_bit("equal_picture_interval")? {
        return Ok(None);
    }
    // uvlc() is ue(v) (clause 4.10.3).
    let ticks = bits.read_ue("num_ticks_per_picture_minus_1")?.saturating_add(1);
    Ok(tick.checked_mul(ticks).and_then(|frame| FrameRate::new(scale, frame)))
}

fn operating_points(bits: &mut Bits<'_>, delay_bits: Option<u32>) -> Result<(), BitReaderError> {
    let has_display_delay = bits.read_bit("initial_display_delay_present_flag")?;
    for _ in 0..=bits.read::<5, u8>("operating_points_cnt_minus_1")? {
        bits.skip(12, "operating_point_idc")?;
        if bits.read::<5, u8>("seq_level_idx")? > 7 {
            bits.skip(1, "seq_tier")?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.read_bit("decoder_model_present_for_this_op")?
        {
            bits.skip(delay_bits * 2 + 1, "operating_parameters_info")?;
        }
        if has_display_delay && bits.read_bit("initial_display_delay_present_for_this_op")? {
            bits.skip(4, "initial_display_delay_minus_1")?;
        }
    }
    Ok(())
}

fn tools(bits: &mut Bits<'_>) -> Result<(), BitReaderError> {
    bits.skip(4, "enable_interintra_compound to enable_dual_filter")?;
    let has_order_hint = bits.read_bit("enable_order_hint")?;
    if has_order_hint {
        bits.skip(2, "enable_jnt_comp, enable_ref_frame_mvs")?;
    }
    let may_be_screen =
        bits.read_bit("seq_choose_screen_content_tools")? || bits.read_bit("seq_force_screen_content_tools")?;
    if may_be_screen && !bits.read_bit("seq_choose_integer_mv")? {
        bits.skip(1, "seq_force_integer_mv")?;
    }
    if has_order_hint {
        bits.skip(3, "order_hint_bits_minus_1")?;
    }
    Ok(())
}

/// Clause 5.5.2.
fn color_config(bits: &mut Bits<'_>, profile: u8, track: &mut VideoTrack) -> Result<(), BitReaderError> {
    let is_high = bits.read_bit("high_bitdepth")?;
    let is_twelve = profile == 2 && is_high && bits.read_bit("twelve_bit")?;
    track.bit_depth = if is_twelve { 12 } else { 8 + 2 * u8::from(is_high) };
    let is_monochrome = profile != 1 && bits.read_bit("mono_chrome")?;
    let mut colour = Colour::UNKNOWN;
    if bits.read_bit("color_description_present_flag")? {
        colour.primaries = bits.read::<8, _>("color_primaries")?;
        colour.transfer = bits.read::<8, _>("transfer_characteristics")?;
        colour.matrix = bits.read::<8, _>("matrix_coefficients")?;
    }
    // sRGB has neither range nor subsampling.
    let is_rgb = !is_monochrome && (colour.primaries, colour.transfer, colour.matrix) == (1, 13, 0);
    colour.is_full_range = is_rgb || bits.read_bit("color_range")?;
    track.colour = colour;
    track.chroma = match profile {
        _ if is_monochrome => Chroma::Monochrome,
        _ if is_rgb => Chroma::Yuv444,
        0 => Chroma::Yuv420,
        1 => Chroma::Yuv444,
        _ if !is_twelve => Chroma::Yuv422,
        _ if !bits.read_bit("subsampling_x")? => Chroma::Yuv444,
        _ if bits.read_bit("subsampling_y")? => Chroma::Yuv420,
        _ => Chroma::Yuv422,
    };
    Ok(())
}

/// Widest and highest picture that is taken, in pixels.
const MAX_SIZE: u32 = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    /// 512x512 by the sample of veovera: Main, 8 bits, sRGB primaries left out.
    const HEADER: &[u8] = b"\0\0\0\x0C\x47\xFF\xFE\xFF\xFC\xC0\x20";

    #[test]
    fn size_and_colour() {
        let track = video_track(HEADER).unwrap();
        assert_eq!((track.width, track.height, track.bit_depth, track.chroma), (512, 512, 8, Chroma::Yuv420));
        assert_eq!((track.colour, track.frame_rate), (Colour::UNKNOWN, None));
    }

    #[test]
    fn one_cut_anywhere_is_refused() {
        for len in 0..HEADER.len() - 1 {
            assert_eq!(video_track(&HEADER[..len]).unwrap_err().code(), "PARSE_TRUNCATED", "{len}");
        }
        assert_eq!(video_track(b"\x60").unwrap_err().code(), "PARSE_INVALID");
    }
}
