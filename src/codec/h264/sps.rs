//! What a sequence parameter set says of the picture (ISO/IEC 14496-10 clauses 7.3.2.1.1 and E.1.1).

use h264_reader::{
    nal::sps::{ChromaFormat, FrameMbsFlags, PicOrderCntType, SeqParameterSet, TimingInfo},
    rbsp::{BitReader, ByteReader},
};

use super::{NAL_SPS, nal_type};
use crate::{
    error::{LimitError, ParseError, ParseErrorKind},
    media::{Chroma, Colour, FrameRate, VideoTrack},
};

/// Widest and highest picture that is taken, in pixels.
const MAX_SIZE: u32 = 16_384;
/// A sequence parameter set with every scaling list and both HRDs stays far below.
const MAX_LEN: usize = 4096;
const LEVEL_6_2: u8 = 62;
/// `profile_idc` of Baseline, which has no B slices; its pictures may still be out of order, and no encoder does that.
const BASELINE: u8 = 66;

/// Reads the picture properties from a sequence parameter set, NAL header included, without start code.
///
/// # Errors
/// It is no sequence parameter set, it cannot be read, or the picture after cropping has a side of 0 or of more than
/// 16 384 pixels.
pub fn video_track(sps: &[u8]) -> Result<VideoTrack, ParseError> {
    if nal_type(sps) != NAL_SPS {
        return Err(error(ParseErrorKind::Invalid { what: "nal_unit_type", value: nal_type(sps).into() }));
    }
    let parsed = parse(sps)?;
    let (width, height) = parsed
        .pixel_dimensions()
        .map_err(|_| error(ParseErrorKind::Invalid { what: "frame_crop_offset", value: 0 }))?;
    for (what, side) in [("picture width", width), ("picture height", height)] {
        if side == 0 {
            return Err(error(ParseErrorKind::Invalid { what, value: 0 }));
        }
        if side > MAX_SIZE {
            return Err(error(LimitError { what, ceiling: MAX_SIZE.into(), asked: side.into() }.into()));
        }
    }
    let vui = parsed.vui_parameters.as_ref();
    let aspect = vui.and_then(|vui| vui.aspect_ratio_info.as_ref()?.get());
    let colour = vui.and_then(|vui| vui.video_signal_type.as_ref()).map_or(Colour::UNKNOWN, |signal| {
        let stated = signal.colour_description.as_ref();
        let [primaries, transfer, matrix] = stated.map_or([2; 3], |stated| {
            [stated.colour_primaries, stated.transfer_characteristics, stated.matrix_coefficients]
        });
        Colour { primaries, transfer, matrix, is_full_range: signal.video_full_range_flag }
    });
    Ok(VideoTrack {
        width,
        height,
        bit_depth: parsed.chroma_info.bit_depth_luma_minus8.saturating_add(8),
        chroma: match parsed.chroma_info.chroma_format {
            ChromaFormat::Monochrome => Chroma::Monochrome,
            ChromaFormat::YUV422 => Chroma::Yuv422,
            ChromaFormat::YUV444 => Chroma::Yuv444,
            _ => Chroma::Yuv420,
        },
        colour,
        sample_aspect: aspect.map_or((1, 1), |(w, h)| (w.into(), h.into())),
        frame_rate: vui.and_then(|vui| vui.timing_info.as_ref()).and_then(frame_rate),
        is_interlaced: parsed.frame_mbs_flags != FrameMbsFlags::Frames,
    })
}

/// How many pictures at most come before one in decoding order and after it in output order, by a sequence parameter set; 16 where
/// it cannot be read (clause E.2.1, `max_num_reorder_frames`; without it, what the order count and the profile leave open).
#[must_use]
pub fn reorder_frames(sps: &[u8]) -> u8 {
    const MOST: u8 = 16;
    let Ok(parsed) = parse(sps) else { return MOST };
    let stated = parsed.vui_parameters.as_ref().and_then(|vui| vui.bitstream_restrictions.as_ref());
    let is_in_order = parsed.pic_order_cnt == PicOrderCntType::TypeTwo || sps.get(1) == Some(&BASELINE);
    match stated {
        _ if is_in_order => 0,
        Some(stated) => u8::try_from(stated.max_num_reorder_frames).unwrap_or(MOST).min(MOST),
        // What is shown later than others that refer to it is a reference picture.
        None => u8::try_from(parsed.max_num_ref_frames).unwrap_or(MOST).min(MOST),
    }
}

pub(super) fn parse(sps: &[u8]) -> Result<SeqParameterSet, ParseError> {
    if sps.len() > MAX_LEN {
        let asked = sps.len() as u64;
        return Err(error(LimitError { what: "SPS bytes", ceiling: MAX_LEN as u64, asked }.into()));
    }
    // The reader refuses pictures over the stated level's MaxFS. Encoders understate levels and decoders take the pictures
    // all the same, so we let it check against the highest level.
    let mut relaxed = sps.to_vec();
    match relaxed.get_mut(3) {
        Some(level) => *level = LEVEL_6_2,
        None => return Err(error(ParseErrorKind::Truncated { what: "seq_parameter_set_rbsp" })),
    }
    SeqParameterSet::from_bits(BitReader::new(ByteReader::skipping_h264_header(relaxed.as_slice())))
        .map_err(|_| error(ParseErrorKind::Invalid { what: "seq_parameter_set_rbsp", value: 0 }))
}

/// A tick is one field, so two make a frame (clause E.2.1).
fn frame_rate(timing: &TimingInfo) -> Option<FrameRate> {
    match timing.num_units_in_tick.checked_mul(2) {
        Some(frame_units) => FrameRate::new(timing.time_scale, frame_units),
        None => FrameRate::new(timing.time_scale / 2, timing.num_units_in_tick),
    }
}

const fn error(kind: ParseErrorKind) -> ParseError {
    ParseError::new(kind, "h264", None, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1280x720p, High, level 3.1, 25 fps, square samples.
    const HD: &[u8] =
        b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60";

    #[test]
    fn size_and_rate() {
        let track = video_track(HD).unwrap();
        assert_eq!((track.width, track.height, track.sample_aspect), (1280, 720, (1, 1)));
        assert_eq!(track.frame_rate, Some(FrameRate::FPS_25));
        assert!(!track.is_interlaced);
    }

    #[test]
    fn an_understated_level_is_no_reason_to_refuse() {
        let mut low = HD.to_vec();
        low[3] = 10;
        assert_eq!(video_track(&low).unwrap().width, 1280);
    }

    #[test]
    fn how_far_pictures_are_reordered() {
        // Made by x264 with two B frames and with none, and cut short.
        assert_eq!(reorder_frames(HD), 2);
        assert_eq!(reorder_frames(&HD[..6]), 16);
        assert_eq!(reorder_frames(b"\x67\x42\xC0\x1F\x8C\x8D\x40\x50\x1E\xD0\x0F\x08\x84\x6A"), 0);
    }

    #[test]
    fn zeros_short_ones_and_other_nal_units_are_refused() {
        assert_eq!(video_track(&[]).unwrap_err().code(), "PARSE_INVALID");
        assert_eq!(video_track(&[0x68, 1, 2, 3]).unwrap_err().code(), "PARSE_INVALID");
        assert_eq!(video_track(&[0x67, 0x64]).unwrap_err().code(), "PARSE_TRUNCATED");
        assert_eq!(video_track(&[0x67; 5000]).unwrap_err().code(), "LIMIT_EXCEEDED");
        for len in 4..HD.len() - 1 {
            assert!(video_track(&HD[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn timing_of_zero_divides_nothing() {
        let rate = |num_units_in_tick, time_scale| {
            frame_rate(&TimingInfo { num_units_in_tick, time_scale, fixed_frame_rate_flag: true })
        };
        assert_eq!(rate(0, 50), None);
        assert_eq!(rate(1, 0), None);
        assert_eq!(rate(u32::MAX, u32::MAX), FrameRate::new(u32::MAX / 2, u32::MAX));
        assert_eq!(rate(1001, 60_000), Some(FrameRate::FPS_29_97));
    }
}
