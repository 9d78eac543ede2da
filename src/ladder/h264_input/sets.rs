//! What the decoder reads of a stream before the library does (Rec. ITU-T H.264 clauses 7.3.2.1.1 and 7.4.1.2, Annex B).

use h264_reader::{
    nal::sps::{ChromaFormat, FrameMbsFlags, SeqParameterSet},
    rbsp::{BitReader, decode_nal},
};

use crate::{codec::h264, error::Fault, media::Colour};

/// Whether a plain decoder takes pictures of this sequence parameter set; if so, their sample aspect ratio and colour.
pub(super) fn accept(sps: &[u8], ceiling: u64) -> Result<((u32, u32), Colour), Fault> {
    let colour = h264::video_track(sps).map_or(Colour::UNKNOWN, |track| track.colour.or_usual_for(track.height));
    let unreadable = || Fault::Codec { what: "H.264 sequence parameter set cannot be read".into() };
    let rbsp = decode_nal(sps).map_err(|_| unreadable())?;
    let sps = SeqParameterSet::from_bits(BitReader::new(&*rbsp)).map_err(|_| unreadable())?;
    let needs = |what: String| Err(Fault::Codec { what: format!("{what} needs the feature ffmpeg") });
    let chroma = &sps.chroma_info;
    let bits = chroma.bit_depth_luma_minus8.max(chroma.bit_depth_chroma_minus8).saturating_add(8);
    if bits > 10 || matches!(chroma.chroma_format, ChromaFormat::YUV444) {
        let what = format!("H.264 of {bits} bits and chroma format {:?} is not supported", chroma.chroma_format);
        return Err(Fault::Codec { what });
    }
    if bits > 8 {
        return needs(format!("H.264 of {bits} bits"));
    }
    if !matches!(chroma.chroma_format, ChromaFormat::YUV420) {
        return needs(format!("H.264 of chroma format {:?}", chroma.chroma_format));
    }
    if matches!(sps.frame_mbs_flags, FrameMbsFlags::Fields { .. }) {
        return needs("Interlaced H.264".into());
    }
    let (width, height) = (macroblocks(sps.pic_width_in_mbs_minus1), macroblocks(sps.pic_height_in_map_units_minus1));
    if width.saturating_mul(height) > ceiling {
        let what = format!("H.264 picture of {width}x{height} is over the ceiling of {ceiling} samples");
        return Err(Fault::Codec { what });
    }
    sps.pixel_dimensions().map_err(|_| unreadable())?;
    let aspect = sps.vui_parameters.as_ref().and_then(|vui| vui.aspect_ratio_info.as_ref()?.get());
    Ok(match aspect {
        Some((w, h)) if w != 0 && h != 0 => ((w.into(), h.into()), colour),
        _ => ((1, 1), colour),
    })
}

/// Luma samples in `minus1 + 1` macroblocks.
fn macroblocks(minus1: u32) -> u64 {
    (u64::from(minus1) + 1) * 16
}

/// Hands out the sequence parameter sets of an Annex B access unit. They come before the first slice (clause 7.4.1.2.3),
/// so the search ends there and does not read the bulk of the unit.
pub(super) fn each_parameter_set(unit: &[u8], mut each: impl FnMut(&[u8])) {
    let mut rest = unit;
    let mut open: Option<&[u8]> = None;
    loop {
        let next = rest.windows(3).position(|bytes| bytes == [0, 0, 1]);
        if let Some(nal) = open.take() {
            let end = next.map_or(nal.len(), |at| nal.len() - rest.len() + at);
            let mut sps = nal.get(..end).unwrap_or(nal);
            while let [head @ .., 0] = sps {
                sps = head;
            }
            each(sps);
        }
        let Some(nal) = next.and_then(|at| rest.get(at + 3..)) else { return };
        match nal_type(nal) {
            NAL_SPS => open = Some(nal),
            1..=5 => return,
            _ => {}
        }
        rest = nal;
    }
}

/// Hands out the NAL units of a length-prefixed access unit; `false` where a length points beyond its end.
pub(super) fn each_nal(mut unit: &[u8], length_bytes: usize, mut each: impl FnMut(&[u8])) -> bool {
    while !unit.is_empty() {
        let Some((length, rest)) = unit.split_at_checked(length_bytes) else { return false };
        let length = length.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        let Some((nal, tail)) = rest.split_at_checked(length) else { return false };
        if !nal.is_empty() {
            each(nal);
        }
        unit = tail;
    }
    true
}

/// Whether a NAL unit is a sequence parameter set.
pub(super) fn is_sps(nal: &[u8]) -> bool {
    nal_type(nal) == NAL_SPS
}

fn nal_type(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |header| header & 0x1f)
}

pub(super) const START_CODE: [u8; 4] = [0, 0, 0, 1];
const NAL_SPS: u8 = 7;
