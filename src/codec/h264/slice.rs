//! The little of a slice header that tells the two fields of a frame apart (ISO/IEC 14496-10 clause 7.3.3).

use h264_reader::nal::sps::FrameMbsFlags;

use super::sps;
use crate::codec::bits::Bits;

/// How far into a slice header one has to read in streams that may have field pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceLayout {
    frame_num_bits: u8,
    has_colour_plane_id: bool,
}

/// A picture that is one field of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// What its frame is counted by; both fields of a frame have the same.
    pub number: u32,
    /// It has the odd lines, counted from 0.
    pub is_bottom: bool,
}

/// Bytes of a slice NAL unit, header included, that [`SliceLayout::field`] may look at.
pub const SLICE_LOOK_AHEAD: usize = 16;

impl SliceLayout {
    /// The layout under a sequence parameter set (NAL header included); `None` where it allows no field pictures or cannot
    /// be read.
    #[must_use]
    pub fn of(sps: &[u8]) -> Option<Self> {
        let parsed = sps::parse(sps).ok()?;
        (parsed.frame_mbs_flags != FrameMbsFlags::Frames).then_some(Self {
            frame_num_bits: parsed.log2_max_frame_num(),
            has_colour_plane_id: parsed.chroma_info.separate_colour_plane_flag,
        })
    }

    /// The field that the picture of this slice (NAL header included) is; `None` for a frame.
    #[must_use]
    pub fn field(&self, nal: &[u8]) -> Option<Field> {
        let (mut plain, mut len, mut zeros) = ([0; SLICE_LOOK_AHEAD], 0, 0);
        for byte in nal.iter().skip(1).take(SLICE_LOOK_AHEAD - 1) {
            // emulation_prevention_three_byte, clause 7.4.1.
            if zeros >= 2 && *byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
            if let Some(slot) = plain.get_mut(len) {
                (*slot, len) = (*byte, len + 1);
            }
        }
        let mut bits = Bits::new(plain.get(..len)?, "h264", "slice_header");
        let mut read = || {
            for _ in ["first_mb_in_slice", "slice_type", "pic_parameter_set_id"] {
                bits.unsigned()?;
            }
            bits.skip(if self.has_colour_plane_id { 2 } else { 0 })?;
            let number = bits.read(self.frame_num_bits.into())?;
            let is_field = bits.flag()?;
            Ok::<_, crate::error::ParseError>(if is_field {
                Some(Field { number, is_bottom: bits.flag()? })
            } else {
                None
            })
        };
        read().ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_frames_by_the_slice_header() {
        let layout = SliceLayout { frame_num_bits: 4, has_colour_plane_id: false };
        // first_mb 0, slice_type 7 (0001000), pps 0, frame_num 5, field_pic 1, bottom 1.
        assert_eq!(layout.field(&[0x65, 0b1000_1000, 0b1010_1110]), Some(Field { number: 5, is_bottom: true }));
        assert_eq!(layout.field(&[0x65, 0b1000_1000, 0b1010_1100]), Some(Field { number: 5, is_bottom: false }));
        assert_eq!(layout.field(&[0x65, 0b1000_1000, 0b1010_1000]), None);
        assert_eq!(layout.field(&[0x65, 0b1000_1000]), None);
        let wide = SliceLayout { frame_num_bits: 16, has_colour_plane_id: false };
        // Two zero bytes in frame_num bring an emulation prevention byte with them.
        let nal = [0x41, 0b1000_1000, 0b1000_0000, 0, 0, 3, 0b0110_0000];
        assert_eq!(wide.field(&nal), None);
        assert_eq!(layout.field(&[]), None);
    }

    #[test]
    fn a_progressive_sequence_has_no_fields() {
        assert_eq!(SliceLayout::of(b"\x67\x42\xC0\x1E\xF4\x0A\x0F\xC8"), None);
        assert_eq!(SliceLayout::of(&[0x67]), None);
    }
}
