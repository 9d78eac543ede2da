//! The URLs of A20, from path to meaning. What is not of this grammar is refused.
//!
//! ```text
//! /{locator}/{name}.ism/Manifest(format={format}[,…])[.ext]
//! /{locator}/{name}.ism/QualityLevels({bitrate})/Manifest({track},format={format})[.ext]
//! /{locator}/{name}.ism/QualityLevels({bitrate})/Fragments({track}={ticks or i},format={format})[.ext]
//! ```

use std::borrow::Cow;

use super::error::OriginError;
use crate::package::dash::Flavour;

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) locator: &'a str,
    /// The manifest name, without `.ism`.
    pub(super) name: &'a str,
    pub(super) resource: Resource<'a>,
}

/// A resource under a locator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    /// The HLS master playlist.
    Master,
    /// The MPD.
    Mpd(Flavour),
    /// The HLS media playlist of a rendition.
    Playlist { track: &'a str, bitrate: u32 },
    /// Its init segment.
    Init { track: &'a str, bitrate: u32 },
    /// Its fragment that starts at this tick.
    Fragment { track: &'a str, bitrate: u32, ticks: u64 },
}

/// Bytes that a path may have.
const MAX_PATH: usize = 1024;

/// Decodes percent signs, once, and refuses every byte that has no place in a path of this endpoint: controls, other
/// scripts, back slashes, and a percent sign, slash or dot segment that was hidden behind an encoding.
pub(super) fn decode(path: &str) -> Result<Cow<'_, str>, OriginError> {
    if path.len() > MAX_PATH {
        return Err(OriginError::BadUrlSyntax);
    }
    let decoded = if path.contains('%') { Cow::Owned(unescape(path)?) } else { Cow::Borrowed(path) };
    let is_plain = decoded.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'%' | b'?' | b'#'));
    if is_plain { Ok(decoded) } else { Err(OriginError::BadUrlSyntax) }
}

impl<'a> Target<'a> {
    /// Reads a decoded path.
    pub(super) fn parse(path: &'a str) -> Result<Self, OriginError> {
        let mut parts = path.strip_prefix('/').ok_or(OriginError::BadUrlSyntax)?.split('/');
        // An empty part or one of dots only has no meaning, wherever it stands.
        if path != "/" && parts.clone().any(|part| part.bytes().all(|b| b == b'.')) {
            return Err(OriginError::BadUrlSyntax);
        }
        let (locator, presentation, first) = (parts.next(), parts.next(), parts.next());
        let (Some(locator), Some(presentation), Some(first)) = (locator, presentation, first) else {
            return Err(OriginError::ResourceNotFound);
        };
        let (name, extension) = presentation.rsplit_once('.').ok_or(OriginError::ResourceNotFound)?;
        if !extension.eq_ignore_ascii_case("ism") {
            return Err(OriginError::ResourceNotFound);
        }
        let resource = match (parts.next(), parts.next()) {
            (None, _) => manifest(first)?,
            (Some(second), None) => rendition(first, second)?,
            _ => return Err(OriginError::ResourceNotFound),
        };
        Ok(Self { locator, name, resource })
    }
}

fn unescape(path: &str) -> Result<String, OriginError> {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_graphic() && !matches!(byte, b'/' | b'%') => decoded.push(char::from(byte)),
            _ => return Err(OriginError::BadUrlSyntax),
        }
        rest = after.get(2..).unwrap_or_default();
    }
    decoded.push_str(rest);
    Ok(decoded)
}

/// `Manifest(…)` of the whole presentation.
fn manifest(part: &str) -> Result<Resource<'_>, OriginError> {
    if part.eq_ignore_ascii_case("manifest") {
        return Err(OriginError::OutputFormatNotSupported); // Smooth Streaming
    }
    let call = Call::parse(part, "manifest")?;
    if call.subject.is_some() {
        return Err(OriginError::BadUrlSyntax);
    }
    match call.format()? {
        Format::HlsCmaf => Ok(Resource::Master),
        Format::Dash(flavour) => Ok(Resource::Mpd(flavour)),
    }
}

/// `QualityLevels(…)/Manifest(…)` and `QualityLevels(…)/Fragments(…)`.
fn rendition<'a>(level: &'a str, part: &'a str) -> Result<Resource<'a>, OriginError> {
    let level = Call::parse(level, "qualitylevels")?;
    let bitrate = match level.subject {
        Some((bitrate, None)) if level.format.is_none() => number(bitrate).and_then(|n| u32::try_from(n).ok()),
        _ => None,
    };
    let bitrate = bitrate.ok_or(OriginError::BadUrlSyntax)?;
    let is_playlist = Call::word(part).eq_ignore_ascii_case("manifest");
    let call = Call::parse(part, if is_playlist { "manifest" } else { "fragments" })?;
    let format = call.format()?;
    match call.subject {
        Some((track, None)) if is_playlist && format == Format::HlsCmaf => Ok(Resource::Playlist { track, bitrate }),
        Some((track, Some("i"))) if !is_playlist => Ok(Resource::Init { track, bitrate }),
        Some((track, Some(ticks))) if !is_playlist => {
            let ticks = number(ticks).ok_or(OriginError::BadUrlSyntax)?;
            Ok(Resource::Fragment { track, bitrate, ticks })
        }
        _ => Err(OriginError::BadUrlSyntax),
    }
}

/// The formats of A20 that are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    HlsCmaf,
    Dash(Flavour),
}

/// `Word(subject,key=value,…).ext`, the parameters in any order.
#[derive(Clone, Copy, Debug)]
struct Call<'a> {
    /// What it is about: a bit rate, a track, or a track and a time.
    subject: Option<(&'a str, Option<&'a str>)>,
    format: Option<&'a str>,
}

impl<'a> Call<'a> {
    fn word(part: &str) -> &str {
        part.split_once('(').map_or(part, |(word, _)| word)
    }

    fn parse(part: &'a str, word: &str) -> Result<Self, OriginError> {
        let (found, rest) = part.split_once('(').ok_or(OriginError::ResourceNotFound)?;
        if !found.eq_ignore_ascii_case(word) {
            return Err(OriginError::ResourceNotFound);
        }
        let (arguments, extension) = rest.split_once(')').ok_or(OriginError::BadUrlSyntax)?;
        let is_extension = extension.strip_prefix('.').is_some_and(is_word);
        if !extension.is_empty() && !is_extension {
            return Err(OriginError::BadUrlSyntax);
        }
        let mut call = Self { subject: None, format: None };
        let mut is_audio_only_seen = false;
        for argument in arguments.split(',') {
            let is_repeated = match argument.split_once('=') {
                Some(("format", value)) => call.format.replace(value).is_some(),
                // A21.5: there is no audio-only variant beside video, so there is none to leave out.
                Some(("audio-only", "true" | "false")) => std::mem::replace(&mut is_audio_only_seen, true),
                Some(("filter", _)) => return Err(OriginError::FilterNotFound),
                Some(("encryption" | "type", _)) => return Err(OriginError::OutputFormatNotSupported),
                Some((key, value)) if is_word(key) => call.subject.replace((key, Some(value))).is_some(),
                None if is_word(argument) => call.subject.replace((argument, None)).is_some(),
                _ => true,
            };
            if is_repeated {
                return Err(OriginError::BadUrlSyntax);
            }
        }
        Ok(call)
    }

    fn format(&self) -> Result<Format, OriginError> {
        match self.format {
            Some("m3u8-cmaf") => Ok(Format::HlsCmaf),
            Some("mpd-time-cmaf") => Ok(Format::Dash(Flavour::Cmaf)),
            Some("mpd-time-csf") => Ok(Format::Dash(Flavour::Csf)),
            _ => Err(OriginError::OutputFormatNotSupported),
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A decimal number in its only spelling: no sign, no leading zero, no overflow.
fn number(text: &str) -> Option<u64> {
    let is_canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
