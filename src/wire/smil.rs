//! The Live Server Manifest of Smooth Streaming: XML in the vocabulary of SMIL 2.0 that names the tracks of a contribution
//! (MS-SSTR; the live ingest specification of Azure Media Services, clause "Live Server Manifest Box").
//!
//! Takes UTF-8 and UTF-16 with or without a byte order mark. Refused: a document type definition, always; more than 4 MiB,
//! 32 levels, 64 attributes or 64 tracks. What is not known is stepped over; no entity but XML's own five is ever expanded.
//! To read one more parameter, add it to `Entry::set`.

use std::borrow::Cow;

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use crate::error::{LimitError, ParseError, ParseErrorKind};

/// What an encoder says of its tracks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LiveManifest {
    /// In its order; at most [`MAX_TRACKS`].
    pub(crate) tracks: Vec<ManifestTrack>,
}

/// One `video`, `audio` or `textstream` element with its parameters; empty where it does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ManifestTrack {
    pub(crate) kind: ManifestKind,
    /// Of the `moov` that it describes.
    pub(crate) track_id: Option<u32>,
    pub(crate) name: String,
    /// Bits per second.
    pub(crate) bitrate: u32,
    pub(crate) language: String,
    pub(crate) four_cc: String,
    /// `CodecPrivateData`, out of hexadecimal.
    pub(crate) codec_private: Vec<u8>,
    pub(crate) timescale: Option<u32>,
    pub(crate) subtype: String,
    /// Of the messages in a sparse track, such as `urn:scte:scte35:2013:bin`.
    pub(crate) scheme: String,
}

/// What kind of track an element names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ManifestKind {
    Video,
    Audio,
    Text,
}

/// Bytes of XML that are taken.
pub(crate) const MAX_LEN: usize = 4 << 20;
const MAX_DEPTH: usize = 32;
const MAX_ATTRIBUTES: usize = 64;
const MAX_TRACKS: usize = 64;
/// Characters of a value that are kept: a set of parameter sets in hexadecimal stays far below.
const MAX_VALUE: usize = 16 << 10;

impl LiveManifest {
    /// Reads a whole document.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        limit("XML bytes", MAX_LEN, bytes.len(), 0)?;
        let text = decode(bytes)?;
        let mut reader = Reader::from_str(&text);
        let mut manifest = Self::default();
        // The level of the track element that is open.
        let (mut depth, mut open) = (0usize, None);
        loop {
            let at = reader.buffer_position();
            match reader.read_event().map_err(|_| invalid("XML", reader.error_position()))? {
                Event::Start(element) => {
                    depth = depth.saturating_add(1);
                    limit("XML depth", MAX_DEPTH, depth, at)?;
                    if manifest.element(&element, open.is_some(), at)? {
                        open = Some(depth);
                    }
                }
                Event::Empty(element) => {
                    let is_track = manifest.element(&element, open.is_some(), at)?;
                    open = open.filter(|_| !is_track);
                }
                Event::End(_) => {
                    open = open.filter(|level| *level != depth);
                    depth = depth.saturating_sub(1);
                }
                Event::DocType(_) => {
                    let kind = ParseErrorKind::Unsupported { what: "DOCTYPE", value: 0 };
                    return Err(ParseError::new(kind, FORMAT, None, at));
                }
                Event::Eof if depth > 0 => {
                    return Err(ParseError::new(ParseErrorKind::Truncated { what: "XML" }, FORMAT, None, at));
                }
                Event::Eof => return Ok(manifest),
                _ => {}
            }
        }
    }

    /// Takes an element, inside a track's or not; whether it begins a track.
    fn element(&mut self, element: &BytesStart<'_>, is_inside: bool, at: u64) -> Result<bool, ParseError> {
        let name = element.local_name();
        let name = name.as_ref();
        let (mut known, mut param, mut content) = (None, String::new(), String::new());
        if let Some((_, kind)) = KINDS.into_iter().find(|(kind, _)| kind.eq_ignore_ascii_case(name)) {
            limit("tracks", MAX_TRACKS, self.tracks.len().saturating_add(1), at)?;
            known = Some(ManifestTrack::new(kind));
        }
        for (count, attribute) in element.attributes().with_checks(false).enumerate() {
            limit("XML attributes", MAX_ATTRIBUTES, count.saturating_add(1), at)?;
            let attribute = attribute.map_err(|_| invalid("XML attribute", at))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|_| invalid("XML attribute value", at))?;
            let key = attribute.key.local_name();
            match (&mut known, key.as_ref()) {
                (Some(track), key) => track.set(key, &value),
                (None, "name") => param = cut(&value),
                (None, "value") => content = cut(&value),
                (None, _) => {}
            }
        }
        if let Some(track) = known {
            self.tracks.push(track);
            return Ok(true);
        }
        if is_inside
            && name.eq_ignore_ascii_case("param")
            && let Some(track) = self.tracks.last_mut()
        {
            track.set(&param, &content);
        }
        Ok(false)
    }
}

impl ManifestTrack {
    const fn new(kind: ManifestKind) -> Self {
        Self {
            kind,
            track_id: None,
            name: String::new(),
            bitrate: 0,
            language: String::new(),
            four_cc: String::new(),
            codec_private: Vec::new(),
            timescale: None,
            subtype: String::new(),
            scheme: String::new(),
        }
    }

    /// Takes an attribute of the element or a `param` in it; encoders use either. What cannot be read is left out.
    fn set(&mut self, name: &str, value: &str) {
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "trackid" => self.track_id = value.parse().ok(),
            "trackname" => self.name = cut(value),
            "systembitrate" => self.bitrate = value.parse().unwrap_or(self.bitrate),
            "systemlanguage" => self.language = cut(value),
            "fourcc" => self.four_cc = cut(value),
            "codecprivatedata" => self.codec_private = from_hex(&cut(value)).unwrap_or_default(),
            "timescale" => self.timescale = value.parse().ok(),
            "subtype" => self.subtype = cut(value),
            "scheme" => self.scheme = cut(value),
            _ => {}
        }
    }
}

const KINDS: [(&str, ManifestKind); 3] =
    [("video", ManifestKind::Video), ("audio", ManifestKind::Audio), ("textstream", ManifestKind::Text)];
const FORMAT: &str = "smil";

/// The text of a document in UTF-8 or UTF-16, whatever it says of itself.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    let wide = |rest: &[u8], read: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).map(|pair| read(pair.try_into().unwrap_or_default()));
        char::decode_utf16(units).collect::<Result<String, _>>().map(Cow::Owned).map_err(|_| invalid("UTF-16", 0))
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes)?,
        [b'<', 0, ..] => wide(bytes, u16::from_le_bytes)?,
        [0, b'<', ..] => wide(bytes, u16::from_be_bytes)?,
        _ => {
            let rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            let text = std::str::from_utf8(rest).map_err(|error| invalid("UTF-8", to_u64(error.valid_up_to())))?;
            Cow::Borrowed(text)
        }
    };
    // Some encoders write it as a C string.
    let len = text.trim_end_matches('\0').len();
    match text.get(..len).and_then(|text| text.find('\0')) {
        Some(at) => Err(invalid("NUL", to_u64(at))),
        None => Ok(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(..len).unwrap_or(text)),
            Cow::Owned(mut text) => {
                text.truncate(len);
                Cow::Owned(text)
            }
        }),
    }
}

/// `value`, no longer than is kept.
fn cut(value: &str) -> String {
    value.chars().take(MAX_VALUE).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let pairs = digits?;
    (pairs.len() % 2 == 0)
        .then(|| pairs.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

fn limit(what: &'static str, ceiling: usize, asked: usize, at: u64) -> Result<(), ParseError> {
    if asked <= ceiling {
        return Ok(());
    }
    let limit = LimitError { what, ceiling: to_u64(ceiling), asked: to_u64(asked) };
    Err(ParseError::new(limit.into(), FORMAT, None, at))
}

const fn invalid(what: &'static str, at: u64) -> ParseError {
    ParseError::new(ParseErrorKind::Invalid { what, value: at }, FORMAT, None, at)
}

fn to_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
