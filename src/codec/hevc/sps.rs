//! What a sequence parameter set says of the picture (ISO/IEC 23008-2 clauses 7.3.2.2 and 7.3.3).

use std::num::NonZeroUsize;

use h264_reader::rbsp::{BitRead, BitReader, BitReaderError, ByteReader};

use super::{NAL_SPS, error, nal_type, vui::Vui};
use crate::{
    error::{LimitError, ParseError, ParseErrorKind},
    media::{Chroma, VideoTrack},
};

/// The bits of a NAL unit without its header and emulation prevention.
pub(super) type Bits<'a> = BitReader<ByteReader<&'a [u8]>>;

/// The fields before those that tell how pictures refer to each other.
struct Picture {
    width: u32,
    height: u32,
    bit_depth: u32,
    chroma: Chroma,
    is_interlaced: bool,
    max_sub_layers_minus1: u32,
    log2_max_poc_lsb: u32,
}

/// Reads the picture properties from a sequence parameter set, NAL header included, without start code. What cannot be read
/// of the usability information is taken as not stated.
///
/// # Errors
/// It is no sequence parameter set, it cannot be read, or the picture after cropping has a side of 0 or of more than
/// 16 384 pixels.
pub fn video_track(sps: &[u8]) -> Result<VideoTrack, ParseError> {
    if nal_type(sps) != NAL_SPS {
        return Err(error(ParseErrorKind::Invalid { what: "nal_unit_type", value: nal_type(sps).into() }));
    }
    if sps.len() > MAX_LEN {
        let asked = sps.len() as u64;
        return Err(error(LimitError { what: "SPS bytes", ceiling: MAX_LEN as u64, asked }.into()));
    }
    let mut bits = BitReader::new(ByteReader::skipping_bytes(sps, HEADER));
    let broken = |_| error(ParseErrorKind::Invalid { what: "seq_parameter_set_rbsp", value: 0 });
    let picture = Picture::read(&mut bits).map_err(broken)?;
    for (what, side) in [("picture width", picture.width), ("picture height", picture.height)] {
        if side == 0 {
            return Err(error(ParseErrorKind::Invalid { what, value: 0 }));
        }
        if side > MAX_SIZE {
            return Err(error(LimitError { what, ceiling: MAX_SIZE.into(), asked: side.into() }.into()));
        }
    }
    if picture.bit_depth > 16 {
        let value = picture.bit_depth.into();
        return Err(error(ParseErrorKind::Invalid { what: "bit depth", value }));
    }
    let vui = Vui::read_after(&mut bits, picture.max_sub_layers_minus1, picture.log2_max_poc_lsb).unwrap_or_default();
    Ok(VideoTrack {
        sample_aspect: vui.sample_aspect,
        frame_rate: vui.frame_rate,
        is_interlaced: picture.is_interlaced || vui.is_field_sequence,
        bit_depth: picture.bit_depth as u8,
        chroma: picture.chroma,
        colour: vui.colour,
        ..VideoTrack::new(picture.width, picture.height)
    })
}

impl Picture {
    fn read(bits: &mut Bits<'_>) -> Result<Self, BitReaderError> {
        bits.skip(4, "sps_video_parameter_set_id")?;
        let max_sub_layers_minus1: u32 = bits.read::<3, _>("sps_max_sub_layers_minus1")?;
        bits.skip(1, "sps_temporal_id_nesting_flag")?;
        let is_interlaced = profile_tier_level(bits, max_sub_layers_minus1)?;
        bits.read_ue("sps_seq_parameter_set_id")?;
        let chroma_format = bits.read_ue("chroma_format_idc")?;
        let is_separate = chroma_format == 3 && bits.read_bit("separate_colour_plane_flag")?;
        let (chroma, across, down) = match chroma_format {
            0 => (Chroma::Monochrome, 1, 1),
            1 => (Chroma::Yuv420, 2, 2),
            2 => (Chroma::Yuv422, 2, 1),
            _ if is_separate => (Chroma::Monochrome, 1, 1),
            _ => (Chroma::Yuv444, 1, 1),
        };
        let (mut width, mut height) = (bits.read_ue("pic_width")?, bits.read_ue("pic_height")?);
        if bits.read_bit("conformance_window_flag")? {
            // left, right, top, bottom, in chroma samples (clause 7.4.3.2.1); more than there is leaves nothing.
            let mut offsets = [0; 4];
            for offset in &mut offsets {
                *offset = bits.read_ue("conf_win_offset")?;
            }
            let [left, right, top, bottom] = offsets;
            let cropped =
                |side: u32, a: u32, b: u32, unit| side.saturating_sub(a.saturating_add(b).saturating_mul(unit));
            (width, height) = (cropped(width, left, right, across), cropped(height, top, bottom, down));
        }
        let bit_depth = bits.read_ue("bit_depth_luma_minus8")?.saturating_add(8);
        bits.read_ue("bit_depth_chroma_minus8")?;
        let log2_max_poc_lsb = bits.read_ue("log2_max_pic_order_cnt_lsb_minus4")?.saturating_add(4);
        Ok(Self { width, height, bit_depth, chroma, is_interlaced, max_sub_layers_minus1, log2_max_poc_lsb })
    }
}

/// Steps over profile, tier and level of every layer (clause 7.3.3); whether the source is interlaced.
fn profile_tier_level(bits: &mut Bits<'_>, max_sub_layers_minus1: u32) -> Result<bool, BitReaderError> {
    bits.skip(8 + 32, "general_profile")?;
    let is_progressive = bits.read_bit("general_progressive_source_flag")?;
    let is_interlaced = bits.read_bit("general_interlaced_source_flag")?;
    bits.skip(46 + 8, "general_level_idc")?;
    let mut present = Vec::new();
    for _ in 0..max_sub_layers_minus1 {
        let profile = bits.read_bit("sub_layer_profile_present_flag")?;
        present.push((profile, bits.read_bit("sub_layer_level_present_flag")?));
    }
    if max_sub_layers_minus1 > 0 {
        bits.skip((8 - max_sub_layers_minus1) * 2, "reserved_zero_2bits")?;
    }
    for (profile, level) in present {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 }, "sub_layer")?;
    }
    Ok(is_interlaced && !is_progressive)
}

const HEADER: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);
/// Widest and highest picture that is taken, in pixels.
const MAX_SIZE: u32 = 16_384;
/// A sequence parameter set with every scaling list stays far below.
const MAX_LEN: usize = 4096;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test may read its fixtures")]
mod tests {
    use super::*;
    use crate::media::{Colour, FrameRate};

    /// 3840x2160 at 60 fps by OBS: Main, two sets of reference pictures, colour of matrix 0.
    const UHD: &[u8] =
        b"\x42\x01\x01\x01\x60\0\0\x03\0\x90\0\0\x03\0\0\x03\0\x99\xA0\x01\xE0\x20\x02\x1C\x59\x65\x66\x92\
        \x4C\xAF\x01\x68\x08\0\0\x03\0\x08\0\0\x03\x01\xE0\x40";

    #[test]
    fn size_depth_and_rate() {
        let track = video_track(UHD).unwrap();
        assert_eq!((track.width, track.height, track.bit_depth), (3840, 2160, 8));
        assert_eq!((track.chroma, track.is_interlaced, track.sample_aspect), (Chroma::Yuv420, false, (1, 1)));
        assert_eq!(track.frame_rate, FrameRate::new(60, 1));
        assert_eq!(track.colour, Colour::UNKNOWN);
    }

    #[test]
    fn what_is_cut_after_the_picture_is_not_stated_and_what_is_cut_before_it_is_refused() {
        for len in 2..UHD.len() {
            match video_track(&UHD[..len]) {
                Ok(track) => assert_eq!((track.width, track.height), (3840, 2160), "{len}"),
                Err(error) => assert!(len < 28 && error.code() == "PARSE_INVALID", "{len}: {error}"),
            }
        }
        assert_eq!(video_track(b"").unwrap_err().code(), "PARSE_INVALID");
        assert_eq!(video_track(b"\x40\x01").unwrap_err().code(), "PARSE_INVALID");
        assert_eq!(video_track(&[0x42; 5000]).unwrap_err().code(), "LIMIT_EXCEEDED");
    }

    #[test]
    fn files_that_broke_other_parsers() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/media/malformed/h265-sps");
        let Ok(files) = std::fs::read_dir(folder) else {
            println!("skipped: {folder} is not there");
            return;
        };
        for file in files {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            if let Ok(track) = video_track(&bytes) {
                assert!((1..=MAX_SIZE).contains(&track.width) && (1..=MAX_SIZE).contains(&track.height));
            }
        }
    }
}
