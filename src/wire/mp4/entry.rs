//! Reads the first sample entry of a track (ISO/IEC 14496-12 clauses 8.5.2, 12.1.3, 12.2.3): video with `avcC`, `hvcC` or
//! `av1C`, sound with `esds` (ISO/IEC 14496-1 clause 7.2.6) or `dac3` (ETSI TS 102 366 annex F), anything else by its name.
//!
//! To read one more decoder set-up, add its box to `children`.

use bytes::Bytes;

use super::reader::{BoxRef, Boxes, take_u32, truncated};
use crate::{error::ParseError, media::Colour};

/// One sample entry, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SampleEntry {
    /// Its coding name, such as `avc1`.
    pub(crate) kind: [u8; 4],
    /// Of video, in pixels.
    pub(crate) width: u32,
    /// Of video, in pixels.
    pub(crate) height: u32,
    /// The decoder set-up: content of `avcC`, `hvcC`, `av1C` or `dac3`, or the decoder specific info of `esds`.
    pub(crate) config: Option<Bytes>,
    /// `objectTypeIndication` of `esds`.
    pub(crate) object_type: Option<u8>,
    /// Bits per second by `esds` or `btrt`; 0 where neither says.
    pub(crate) bitrate: u32,
    /// `pasp`.
    pub(crate) sample_aspect: Option<(u32, u32)>,
    /// `colr` of type `nclx`.
    pub(crate) colour: Option<Colour>,
}

impl SampleEntry {
    /// The first entry of `stsd`, read as its track's handler says; `None` where there is none.
    pub(super) fn first(stsd: &BoxRef<'_>, handler: [u8; 4]) -> Result<Option<Self>, ParseError> {
        let (_, _, rest) = stsd.full()?;
        let (_count, rest) = take_u32(rest).ok_or_else(|| truncated("stsd", stsd.offset))?;
        let Some(found) = Boxes::new(rest, stsd.offset.saturating_add(16)).next() else { return Ok(None) };
        let found = found?;
        let mut entry = Self {
            kind: found.kind,
            width: 0,
            height: 0,
            config: None,
            object_type: None,
            bitrate: 0,
            sample_aspect: None,
            colour: None,
        };
        match &handler {
            b"vide" => entry.visual(&found)?,
            b"soun" => entry.audio(&found)?,
            _ => {}
        }
        Ok(Some(entry))
    }

    fn visual(&mut self, found: &BoxRef<'_>) -> Result<(), ParseError> {
        let cut = || truncated("VisualSampleEntry", found.offset);
        let &[w1, w0, h1, h0] = found.payload.get(24..).and_then(|rest| rest.first_chunk()).ok_or_else(cut)?;
        self.width = u16::from_be_bytes([w1, w0]).into();
        self.height = u16::from_be_bytes([h1, h0]).into();
        self.children(found.payload.get(78..).ok_or_else(cut)?, found.offset.saturating_add(86))
    }

    fn audio(&mut self, found: &BoxRef<'_>) -> Result<(), ParseError> {
        let cut = || truncated("AudioSampleEntry", found.offset);
        let version = found.payload.get(8..).and_then(|rest| rest.first_chunk()).ok_or_else(cut)?;
        // Versions 1 and 2 are QuickTime's, which some encoders write into MP4.
        let at = match u16::from_be_bytes(*version) {
            0 => 28usize,
            1 => 44,
            _ => 64,
        };
        let offset = found.offset.saturating_add(8).saturating_add(u64::try_from(at).unwrap_or(0));
        self.children(found.payload.get(at..).ok_or_else(cut)?, offset)
    }

    /// Boxes of the entry. What cannot be read after the set-up is padding of some encoders.
    fn children(&mut self, bytes: &[u8], offset: u64) -> Result<(), ParseError> {
        for found in Boxes::new(bytes, offset) {
            let found = match found {
                Ok(found) => found,
                Err(_) if self.config.is_some() => break,
                Err(error) => return Err(error),
            };
            match &found.kind {
                // It stays for long, and what it was read from need not.
                b"avcC" | b"hvcC" | b"av1C" | b"dac3" => self.config = Some(Bytes::copy_from_slice(found.payload)),
                b"esds" => self.elementary_stream(&found)?,
                // QuickTime's box around `esds`.
                b"wave" => {
                    for inner in Boxes::new(found.payload, found.offset.saturating_add(8)) {
                        let inner = inner?;
                        if &inner.kind == b"esds" {
                            self.elementary_stream(&inner)?;
                        }
                    }
                }
                b"btrt" => {
                    let average = found.payload.get(8..).and_then(take_u32).map_or(0, |(average, _)| average);
                    self.bitrate = if average > 0 { average } else { self.bitrate };
                }
                b"pasp" => {
                    let aspect = take_u32(found.payload).and_then(|(w, rest)| Some((w, take_u32(rest)?.0)));
                    self.sample_aspect = aspect.filter(|(w, h)| *w > 0 && *h > 0);
                }
                b"colr" => self.colour = self.colour.or(colour(found.payload)),
                _ => {}
            }
        }
        Ok(())
    }

    fn elementary_stream(&mut self, esds: &BoxRef<'_>) -> Result<(), ParseError> {
        let cut = || truncated("esds", esds.offset);
        let (_, _, rest) = esds.full()?;
        let stream = descriptor(rest, 3).ok_or_else(cut)?;
        let (&[_, _, flags], mut rest) = stream.split_first_chunk::<3>().ok_or_else(cut)?;
        if flags & 0x80 != 0 {
            rest = rest.get(2..).ok_or_else(cut)?; // dependsOn_ES_ID
        }
        if flags & 0x40 != 0 {
            let (len, after) = rest.split_first().ok_or_else(cut)?;
            rest = after.get(usize::from(*len)..).ok_or_else(cut)?; // URLstring
        }
        if flags & 0x20 != 0 {
            rest = rest.get(2..).ok_or_else(cut)?; // OCR_ES_Id
        }
        let decoder = descriptor(rest, 4).ok_or_else(cut)?;
        let (&[object_type, ..], rest) = decoder.split_first_chunk::<9>().ok_or_else(cut)?;
        let (average, rest) = take_u32(rest).ok_or_else(cut)?;
        self.object_type = Some(object_type);
        self.bitrate = if average > 0 { average } else { self.bitrate };
        self.config = descriptor(rest, 5).map(Bytes::copy_from_slice);
        Ok(())
    }
}

/// The payload of the descriptor of `tag` that `bytes` begin with (ISO/IEC 14496-1 clause 8.3.3).
fn descriptor(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (found, mut rest) = bytes.split_first()?;
    if *found != tag {
        return None;
    }
    let mut len = 0usize;
    for _ in 0..4 {
        let (byte, after) = rest.split_first()?;
        rest = after;
        len = len << 7 | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            break;
        }
    }
    rest.get(..len)
}

/// `colr` of type `nclx` (clause 12.1.5).
fn colour(payload: &[u8]) -> Option<Colour> {
    let rest = payload.strip_prefix(b"nclx")?;
    let &[_, primaries, _, transfer, _, matrix, flags] = rest.first_chunk()?;
    Some(Colour { primaries, transfer, matrix, is_full_range: flags & 0x80 != 0 })
}
