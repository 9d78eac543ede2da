//! MPEG-2 video headers: sequence, group, picture (ISO/IEC 13818-2:2013 clauses 6.2.2, 6.2.3 and 8.1).
//!
//! Takes the profiles Simple, Main, High and 4:2:2 (A6.5) and the constrained MPEG-1 streams that every MPEG-2 decoder
//! takes; refuses the scalable and multi-view profiles, and 4:4:4. Macroblocks are never looked into. To read another
//! extension, keep it in [`Sequence::insert`] and read it in `video_track`.

use crate::{
    codec::bits::Bits,
    error::{LimitError, ParseError, ParseErrorKind},
    media::{Chroma, Colour, FrameRate, VideoTrack},
};

/// `picture_start_code`, without its prefix.
pub const PICTURE: u8 = 0x00;
/// The last `slice_start_code`; the first is 0x01.
pub const LAST_SLICE: u8 = 0xAF;
/// `sequence_header_code`.
pub const SEQUENCE: u8 = 0xB3;
/// `extension_start_code`.
pub const EXTENSION: u8 = 0xB5;
/// `group_start_code`.
pub const GROUP: u8 = 0xB8;
/// Bytes from a picture's start code on within which its coding extension tells frame from field, where no
/// `extra_information_picture` stands between.
pub const PICTURE_LOOK_AHEAD: usize = 24;

/// The headers of a video sequence, as they come in band.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    header: Vec<u8>,
    extension: Vec<u8>,
    display: Vec<u8>,
}

/// What a picture header and its coding extension say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `temporal_reference`, 0 to 1 023: its place in display order within its group.
    pub temporal_reference: u16,
    /// `picture_coding_type`.
    pub kind: PictureKind,
    /// Which field it is, where it is one: `true` for the bottom field.
    pub is_bottom_field: Option<bool>,
    /// `top_field_first`.
    pub is_top_first: bool,
    /// `repeat_first_field`.
    pub repeats_first_field: bool,
}

/// `picture_coding_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// Needs no other picture.
    I,
    /// Needs one before it.
    P,
    /// Needs one before and one after it.
    B,
    /// Coarse pictures of MPEG-1, and reserved codes.
    Other,
}

impl Sequence {
    /// Keeps a unit, from its start code's last byte on, if it is a header of the sequence. A sequence header begins anew.
    pub fn insert(&mut self, unit: &[u8]) {
        let slot = match unit {
            [SEQUENCE, ..] => {
                self.extension.clear();
                self.display.clear();
                &mut self.header
            }
            [EXTENSION, id, ..] if id >> 4 == 1 => &mut self.extension,
            [EXTENSION, id, ..] if id >> 4 == 2 => &mut self.display,
            _ => return,
        };
        slot.clear();
        slot.extend(unit.iter().skip(1).take(MAX_LEN));
    }

    /// Reads the picture properties.
    ///
    /// # Errors
    /// A header is cut short, a side is 0 or over 16 384, the frame rate or aspect ratio is a reserved code, or the profile is
    /// not taken.
    pub fn video_track(&self) -> Result<VideoTrack, ParseError> {
        let mut bits = Bits::new(&self.header, "mpeg2", "sequence_header");
        let (mut width, mut height) = (bits.read(12)?, bits.read(12)?);
        let (aspect, rate_code) = (bits.read(4)?, bits.read(4)?);
        let Some((mut num, mut den)) = FRAME_RATES.get(rate_code as usize).copied().filter(|(num, _)| *num > 0) else {
            return Err(bits.error(ParseErrorKind::Invalid { what: "frame_rate_code", value: rate_code.into() }));
        };
        let mut track = VideoTrack::new(0, 0);
        let mut is_mpeg_1 = true;
        if !self.extension.is_empty() {
            is_mpeg_1 = false;
            let extension = Extension::parse(&self.extension)?;
            width |= extension.high_width << 12;
            height |= extension.high_height << 12;
            (num, den) = (num * extension.rate_num, den * extension.rate_den);
            (track.is_interlaced, track.chroma) = (!extension.is_progressive, extension.chroma);
        }
        for (what, side) in [("horizontal_size", width), ("vertical_size", height)] {
            if side == 0 {
                return Err(bits.error(ParseErrorKind::Invalid { what, value: 0 }));
            }
            if side > MAX_SIZE {
                return Err(bits.error(LimitError { what, ceiling: MAX_SIZE.into(), asked: side.into() }.into()));
            }
        }
        let mut shown = (width, height);
        if !self.display.is_empty() {
            let (colour, size) = display(&self.display)?;
            track.colour = colour;
            if size.0 > 0 && size.1 > 0 {
                shown = size;
            }
        }
        track.sample_aspect = match (aspect, is_mpeg_1) {
            (1, _) | (2..=14, true) => (1, 1),
            (2, false) => sample_aspect((4, 3), shown),
            (3, false) => sample_aspect((16, 9), shown),
            (4, false) => sample_aspect((221, 100), shown),
            _ => {
                let what = "aspect_ratio_information";
                return Err(bits.error(ParseErrorKind::Invalid { what, value: aspect.into() }));
            }
        };
        Ok(VideoTrack { width, height, frame_rate: FrameRate::new(num, den), ..track })
    }
}

impl Picture {
    /// Reads a picture header, from its start code's last byte on; its coding extension counts where it is in `unit`, too.
    ///
    /// # Errors
    /// The header is cut short.
    pub fn parse(unit: &[u8]) -> Result<Self, ParseError> {
        let mut bits = Bits::new(unit.get(1..).unwrap_or(&[]), "mpeg2", "picture_header");
        let temporal_reference = bits.read(10)? as u16;
        let kind = match bits.read(3)? {
            1 => PictureKind::I,
            2 => PictureKind::P,
            3 => PictureKind::B,
            _ => PictureKind::Other,
        };
        let extension = memchr::memmem::find(unit, &[0, 0, 1, EXTENSION]).and_then(|at| unit.get(at + 4..));
        // Picture coding extension: id 8, four f_codes, intra_dc_precision, picture_structure; then eight flags, of which the
        // first is top_field_first and the seventh is repeat_first_field.
        let (structure, flags) = match extension {
            Some([id, _, structure, flags @ ..]) if id >> 4 == 8 => {
                (structure & 3, flags.first().copied().unwrap_or(0))
            }
            _ => (3, 0),
        };
        let is_bottom_field = match structure {
            1 => Some(false),
            2 => Some(true),
            _ => None,
        };
        let (is_top_first, repeats_first_field) = (flags & 0x80 != 0, flags & 2 != 0);
        Ok(Self { temporal_reference, kind, is_bottom_field, is_top_first, repeats_first_field })
    }

    /// For how many fields it shows, its other field with it (clause 6.3.10): two, or three where the first is repeated. In a
    /// sequence that is `progressive_sequence`, frames are repeated instead: two, four or six.
    #[must_use]
    pub const fn fields(&self, is_progressive_sequence: bool) -> u8 {
        match (self.repeats_first_field, is_progressive_sequence, self.is_top_first) {
            (false, ..) => 2,
            (true, false, _) => 3,
            (true, true, false) => 4,
            (true, true, true) => 6,
        }
    }
}

/// What a sequence_extension adds (clause 6.2.2.3).
struct Extension {
    is_progressive: bool,
    chroma: Chroma,
    high_width: u32,
    high_height: u32,
    rate_num: u32,
    rate_den: u32,
}

impl Extension {
    fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut bits = Bits::new(bytes, "mpeg2", "sequence_extension");
        bits.skip(4)?;
        let profile = bits.read(8)?;
        let is_progressive = bits.flag()?;
        let chroma_format = bits.read(2)?;
        let chroma = match chroma_format {
            1 => Chroma::Yuv420,
            2 => Chroma::Yuv422,
            3 => Chroma::Yuv444,
            value => return Err(bits.error(ParseErrorKind::Invalid { what: "chroma_format", value: value.into() })),
        };
        // Table 8-2: profile in bits 6 to 4; with the escape bit, 0x82 to 0x85 are the levels of the 4:2:2 profile.
        let (is_known, has_422) = match profile {
            0x82..=0x85 => (true, true),
            0x80.. => (false, false),
            _ => (matches!(profile >> 4, 1 | 4 | 5), profile >> 4 == 1),
        };
        if !is_known {
            let what = "profile_and_level_indication";
            return Err(bits.error(ParseErrorKind::Unsupported { what, value: profile.into() }));
        }
        if chroma == Chroma::Yuv444 || chroma == Chroma::Yuv422 && !has_422 {
            return Err(bits.error(ParseErrorKind::Unsupported { what: "chroma_format", value: chroma_format.into() }));
        }
        let (high_width, high_height) = (bits.read(2)?, bits.read(2)?);
        bits.skip(12 + 1 + 8 + 1)?;
        let (rate_num, rate_den) = (bits.read(2)? + 1, bits.read(5)? + 1);
        Ok(Self { is_progressive, chroma, high_width, high_height, rate_num, rate_den })
    }
}

/// A sequence_display_extension: the colour, and the size of the part that is to be shown (clause 6.2.2.4).
fn display(bytes: &[u8]) -> Result<(Colour, (u32, u32)), ParseError> {
    let mut bits = Bits::new(bytes, "mpeg2", "sequence_display_extension");
    bits.skip(4 + 3)?;
    let mut colour = Colour::UNKNOWN;
    if bits.flag()? {
        colour.primaries = bits.read(8)? as u8;
        colour.transfer = bits.read(8)? as u8;
        colour.matrix = bits.read(8)? as u8;
    }
    let width = bits.read(14)?;
    bits.skip(1)?;
    Ok((colour, (width, bits.read(14)?)))
}

/// The sample aspect ratio that gives a picture of `shown` samples a shape of `w` to `h` (clause 6.3.3).
fn sample_aspect((w, h): (u32, u32), shown: (u32, u32)) -> (u32, u32) {
    let (x, y) = (w * shown.1, h * shown.0);
    let (mut a, mut b) = (x, y);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (x / a.max(1), y / a.max(1))
}

const MAX_SIZE: u32 = 16_384;
/// A sequence header with both quantiser matrices has 137 bytes.
const MAX_LEN: usize = 160;
/// Table 6-4.
const FRAME_RATES: [(u32, u32); 9] =
    [(0, 1), (24_000, 1001), (24, 1), (25, 1), (30_000, 1001), (30, 1), (50, 1), (60_000, 1001), (60, 1)];

#[cfg(test)]
mod tests {
    use super::*;

    /// 720x576, 4:3, 25 fps, Main profile at main level, interlaced 4:2:0; colour of BT.470 System B, G, shown as 704x576.
    const HEADER: &[u8] = &[0xB3, 0x2D, 0x02, 0x40, 0x23, 0x0B, 0xB8, 0x23, 0x80];
    const EXT: &[u8] = &[0xB5, 0x14, 0x82, 0x00, 0x01, 0x00, 0x00];
    const DISPLAY: &[u8] = &[0xB5, 0x23, 0x05, 0x05, 0x05, 0x0B, 0x02, 0x12, 0x00];

    fn sequence(units: &[&[u8]]) -> Sequence {
        let mut sequence = Sequence::default();
        units.iter().for_each(|unit| sequence.insert(unit));
        sequence
    }

    #[test]
    fn a_sequence_of_standard_definition() {
        let track = sequence(&[HEADER, EXT]).video_track().unwrap();
        assert_eq!((track.width, track.height, track.sample_aspect), (720, 576, (16, 15)));
        assert_eq!((track.frame_rate, track.is_interlaced), (Some(FrameRate::FPS_25), true));
        assert_eq!((track.chroma, track.colour, track.bit_depth), (Chroma::Yuv420, Colour::UNKNOWN, 8));
        let track = sequence(&[HEADER, EXT, DISPLAY]).video_track().unwrap();
        assert_eq!(track.colour, Colour { primaries: 5, transfer: 5, matrix: 5, is_full_range: false });
        assert_eq!(track.sample_aspect, (12, 11));
        // The next sequence header forgets the extensions of the one before.
        assert!(!sequence(&[HEADER, EXT, DISPLAY, HEADER]).video_track().unwrap().is_interlaced);
    }

    #[test]
    fn what_is_not_taken_is_refused_by_name_a6_5() {
        let code = |at: usize, value: u8| {
            let mut extension = EXT.to_vec();
            extension[at] = value;
            sequence(&[HEADER, &extension]).video_track().map_err(|error| error.code())
        };
        assert_eq!(code(1, 0x13), Err("PARSE_UNSUPPORTED"), "SNR scalable");
        assert_eq!(code(1, 0x18), Err("PARSE_UNSUPPORTED"), "multi-view");
        assert_eq!(code(2, 0x84), Err("PARSE_UNSUPPORTED"), "4:2:2 in Main");
        assert_eq!(code(2, 0x80), Err("PARSE_INVALID"), "no chroma format");
        let high = sequence(&[HEADER, &[0xB5, 0x11, 0x84, 0, 1, 0, 0]]).video_track().unwrap();
        assert_eq!(high.chroma, Chroma::Yuv422);
        let studio = sequence(&[HEADER, &[0xB5, 0x18, 0x5C, 0, 1, 0, 0]]).video_track().unwrap();
        assert_eq!((studio.chroma, studio.is_interlaced), (Chroma::Yuv422, false));
    }

    #[test]
    fn reserved_codes_and_short_headers_are_refused() {
        let code = |header: &[u8]| sequence(&[header, EXT]).video_track().unwrap_err().code();
        assert_eq!(code(&[0xB3, 0x2D, 0x02, 0x40, 0x20]), "PARSE_INVALID");
        assert_eq!(code(&[0xB3, 0x2D, 0x02, 0x40, 0x53]), "PARSE_INVALID");
        assert_eq!(code(&[0xB3, 0x00, 0x02, 0x40, 0x23]), "PARSE_INVALID");
        assert_eq!(code(&[0xB3, 0x2D, 0x02]), "PARSE_TRUNCATED");
        assert_eq!(Sequence::default().video_track().unwrap_err().code(), "PARSE_TRUNCATED");
    }

    #[test]
    fn pictures_fields_and_frames() {
        let frame = Picture::parse(&[0, 0x00, 0x8F, 0xFF, 0xF8, 0, 0, 1, 0xB5, 0x8F, 0xFF, 0xF3, 0x41]).unwrap();
        let (kind, is_bottom_field, is_top_first) = (PictureKind::I, None, false);
        let i = Picture { temporal_reference: 2, kind, is_bottom_field, is_top_first, repeats_first_field: false };
        assert_eq!(frame, i);
        let field = Picture::parse(&[0, 0x00, 0x97, 0xFF, 0xFB, 0x80, 0, 0, 1, 0xB5, 0x81, 0x1F, 0xF2]).unwrap();
        assert_eq!((field.kind, field.is_bottom_field), (PictureKind::P, Some(true)));
        assert!(Picture::parse(&[0, 0]).is_err());
    }

    #[test]
    fn pictures_show_for_as_many_fields_as_they_say() {
        let fields = |flags: u8, is_progressive_sequence| {
            let unit = [0, 0x00, 0x8F, 0xFF, 0xF8, 0, 0, 1, 0xB5, 0x8F, 0xFF, 0xF3, flags];
            Picture::parse(&unit).unwrap().fields(is_progressive_sequence)
        };
        assert_eq!([0x00, 0x80, 0x02, 0x82].map(|flags| fields(flags, false)), [2, 2, 3, 3]);
        assert_eq!([0x00, 0x80, 0x02, 0x82].map(|flags| fields(flags, true)), [2, 2, 4, 6]);
        // MPEG-1 has no such extension.
        assert_eq!(Picture::parse(&[0, 0x00, 0x8F, 0xFF, 0xF8]).unwrap().fields(true), 2);
    }
}
