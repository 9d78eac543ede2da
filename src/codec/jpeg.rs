//! The frame header of a JPEG image (Rec. ITU-T T.81 annex B; the Adobe marker of ISO/IEC 10918-6 clause 6.5.3).
//!
//! Enough to refuse an image before anything is decoded or allocated: it walks the marker segments up to the frame header and
//! reads nothing behind it. Whether the scans hold what the header promises is their decoder's business.

use memchr::memmem;

use crate::error::ParseErrorKind;

/// What the frame header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Samples per line.
    pub width: u16,
    /// Lines; 0 where they are told behind the first scan (DNL).
    pub height: u16,
    /// Bits of a sample.
    pub precision: u8,
    /// How the image is coded: 0 baseline, 1 extended sequential, 2 progressive, both with Huffman coding; higher numbers are
    /// lossless, hierarchical or arithmetic coding (table B.1).
    pub process: u8,
    /// What its components are.
    pub colour: JpegColour,
}

/// What the components of an image are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JpegColour {
    /// One: luma.
    Grey,
    /// Luma and both chroma differences by BT.601 in full range (ITU-T T.871 clause 7).
    YCbCr,
    /// Three that are red, green and blue.
    Rgb,
    /// Four: CMYK, plain or as YCCK.
    Cmyk,
    /// So many others.
    Other(u8),
}

impl FrameHeader {
    /// Finds the frame header of an image.
    ///
    /// # Errors
    /// It is no JPEG image, it ends before its frame header is whole, or a segment before it is broken.
    pub fn parse(image: &[u8]) -> Result<Self, ParseErrorKind> {
        Self::find(image).map(|(header, _)| header)
    }

    /// Whether an end marker stands behind the frame header: an image that was cut short has none. A thumbnail's own end,
    /// in a segment before it, does not count.
    #[must_use]
    pub fn has_end(image: &[u8]) -> bool {
        Self::find(image).is_ok_and(|(_, rest)| memmem::find(rest, &[0xFF, EOI]).is_some())
    }

    /// The frame header, and what follows it.
    fn find(image: &[u8]) -> Result<(Self, &[u8]), ParseErrorKind> {
        let mut rest = image.strip_prefix(&[0xFF, SOI]).ok_or(ParseErrorKind::Missing { what: "SOI" })?;
        let mut adobe = None;
        loop {
            let (marker, after) = next_marker(rest)?;
            if matches!(marker, SOI | RST0..=RST7 | TEM) {
                rest = after;
                continue;
            }
            if matches!(marker, EOI | SOS) {
                return Err(ParseErrorKind::Missing { what: "SOF" });
            }
            let (segment, after) = segment(after)?;
            match marker {
                SOF0..=SOF15 if !matches!(marker, DHT | JPG | DAC) => {
                    return Ok((Self::read(marker, segment, adobe)?, after));
                }
                APP14 if segment.starts_with(b"Adobe") => adobe = segment.get(ADOBE_TRANSFORM).copied(),
                _ => {}
            }
            rest = after;
        }
    }

    fn read(marker: u8, segment: &[u8], adobe: Option<u8>) -> Result<Self, ParseErrorKind> {
        let Some((&[precision, h1, h0, w1, w0, count], components)) = segment.split_first_chunk() else {
            return Err(CUT);
        };
        let ids: Vec<u8> = components.chunks_exact(3).map(|component| component[0]).take(5).collect();
        if ids.len() < usize::from(count).min(5) {
            return Err(CUT);
        }
        let colour = match (count, adobe) {
            (1, _) => JpegColour::Grey,
            (3, Some(0)) => JpegColour::Rgb,
            (3, None) if ids == b"RGB" => JpegColour::Rgb,
            (3, _) => JpegColour::YCbCr,
            (4, _) => JpegColour::Cmyk,
            (count, _) => JpegColour::Other(count),
        };
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        Ok(Self { width, height, precision, process: marker & 0x0F, colour })
    }
}

/// The marker that comes next, and what follows it; fill bytes before it are skipped (clause B.1.1.2).
fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), ParseErrorKind> {
    let [0xFF, rest @ ..] = bytes else {
        let found = bytes.first().ok_or(CUT)?;
        return Err(ParseErrorKind::Invalid { what: "marker", value: u64::from(*found) });
    };
    let fill = rest.iter().take_while(|byte| **byte == 0xFF).count();
    rest.get(fill..).and_then(|rest| rest.split_first()).map(|(marker, rest)| (*marker, rest)).ok_or(CUT)
}

/// What a marker segment holds, and what follows it.
fn segment(bytes: &[u8]) -> Result<(&[u8], &[u8]), ParseErrorKind> {
    let (length, _) = bytes.split_first_chunk::<2>().ok_or(CUT)?;
    let length = u16::from_be_bytes(*length);
    if length < 2 {
        return Err(ParseErrorKind::Invalid { what: "segment length", value: length.into() });
    }
    let (whole, rest) = bytes.split_at_checked(length.into()).ok_or(CUT)?;
    Ok((whole.get(2..).unwrap_or_default(), rest))
}

const CUT: ParseErrorKind = ParseErrorKind::Truncated { what: "JPEG header" };

// Marker codes (T.81 table B.1).
const SOF0: u8 = 0xC0;
const DHT: u8 = 0xC4;
const JPG: u8 = 0xC8;
const DAC: u8 = 0xCC;
const SOF15: u8 = 0xCF;
const RST0: u8 = 0xD0;
const RST7: u8 = 0xD7;
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const APP14: u8 = 0xEE;
const TEM: u8 = 0x01;

/// Where the Adobe segment says which transform was applied: 0 none, 1 YCbCr, 2 YCCK.
const ADOBE_TRANSFORM: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    /// SOI, an APP0 with what looks like a frame header in it, a comment behind fill bytes, and a frame header.
    fn image(sof: u8, precision: u8, size: [u8; 4], ids: &[u8], adobe: Option<u8>) -> Vec<u8> {
        let mut bytes = vec![0xFF, SOI, 0xFF, 0xE0, 0, 8, 0xFF, 0xC0, 0, 11, 8, 0];
        if let Some(transform) = adobe {
            bytes.extend([0xFF, APP14, 0, 14]);
            bytes.extend(b"Adobe\0\x64\0\0\0\0");
            bytes.push(transform);
        }
        bytes.extend([0xFF, 0xFF, 0xFF, 0xFE, 0, 3, b'x']);
        bytes.extend([0xFF, sof, 0, 8 + 3 * ids.len() as u8, precision]);
        bytes.extend(size);
        bytes.push(ids.len() as u8);
        bytes.extend(ids.iter().flat_map(|id| [*id, 0x11, 0]));
        bytes
    }

    #[test]
    fn the_frame_header_is_found_behind_other_segments() {
        let size = [0x04, 0x38, 0x07, 0x80];
        let header = |ids: &[u8], adobe| FrameHeader::parse(&image(0xC2, 8, size, ids, adobe)).unwrap();
        let good = header(&[1, 2, 3], None);
        let colour = JpegColour::YCbCr;
        assert_eq!(good, FrameHeader { width: 1920, height: 1080, precision: 8, process: 2, colour });
        assert_eq!(header(&[1], None).colour, JpegColour::Grey);
        assert_eq!(header(b"RGB", None).colour, JpegColour::Rgb);
        assert_eq!(header(&[1, 2, 3], Some(0)).colour, JpegColour::Rgb);
        assert_eq!(header(&[1, 2, 3], Some(1)).colour, JpegColour::YCbCr);
        assert_eq!(header(&[1, 2, 3, 4], Some(2)).colour, JpegColour::Cmyk);
        assert_eq!(header(&[1, 2], None).colour, JpegColour::Other(2));
    }

    #[test]
    fn every_cut_is_an_error_and_never_a_panic() {
        let whole = image(0xC0, 8, [1, 0, 1, 0], &[1, 2, 3], Some(1));
        assert!(FrameHeader::parse(&whole).is_ok());
        for end in 0..whole.len() {
            assert!(FrameHeader::parse(&whole[..end]).is_err(), "{end}");
        }
        assert_eq!(FrameHeader::parse(b"\x89PNG\r\n"), Err(ParseErrorKind::Missing { what: "SOI" }));
        assert!(!FrameHeader::has_end(&whole));
        assert!(FrameHeader::has_end(&[&whole[..], &[7, 0xFF, 0, 0xFF, EOI]].concat()));
        let no_frame = [0xFF, SOI, 0xFF, SOS, 0, 2];
        assert_eq!(FrameHeader::parse(&no_frame), Err(ParseErrorKind::Missing { what: "SOF" }));
        let short = [0xFF, SOI, 0xFF, 0xE0, 0, 1];
        assert_eq!(FrameHeader::parse(&short), Err(ParseErrorKind::Invalid { what: "segment length", value: 1 }));
    }
}
