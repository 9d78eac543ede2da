//! A part of a path with parameters in brackets.

use crate::{
    origin::error::OriginError,
    package::{dash::Flavour, hls::HlsFormat, smooth},
};

/// The formats of A20 that are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Hls(HlsFormat),
    Dash(Flavour),
    Smooth(smooth::Version),
    Hds,
}

/// `Word(subject,key=value,…).ext`, the parameters in any order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Call<'a> {
    /// What it is about: a bit rate, a track, or a track and a time.
    pub(super) subject: Option<(&'a str, Option<&'a str>)>,
    pub(super) format: Option<&'a str>,
    /// The track of `audiotrack`.
    pub(super) sound: Option<&'a str>,
    pub(super) has_audio_only: Option<bool>,
    pub(super) has_patches: Option<bool>,
    pub(super) filter: Option<&'a str>,
    pub(super) part: Option<usize>,
    /// `type=keyframes`.
    pub(super) is_of_key_frames: bool,
    /// The fragment of HDS that is named behind the brackets.
    pub(super) number: Option<u32>,
}

impl<'a> Call<'a> {
    pub(super) fn word(part: &str) -> &str {
        part.split_once('(').map_or(part, |(word, _)| word)
    }

    pub(super) fn parse(part: &'a str, word: &str) -> Result<Self, OriginError> {
        let (found, rest) = part.split_once('(').ok_or(OriginError::ResourceNotFound)?;
        if !found.eq_ignore_ascii_case(word) {
            return Err(OriginError::ResourceNotFound);
        }
        let (arguments, extension) = rest.split_once(')').ok_or(OriginError::BadUrlSyntax)?;
        let is_extension = extension.strip_prefix('.').is_some_and(is_word);
        let number = fragment_number(extension);
        if !extension.is_empty() && !is_extension && number.is_none() {
            return Err(OriginError::BadUrlSyntax);
        }
        let mut call = Self { number, ..Self::default() };
        for argument in arguments.split(',') {
            let is_repeated = match argument.split_once('=') {
                Some(("format", value)) => call.format.replace(value).is_some(),
                // A21.5; fragmented MP4 has no such variant beside video, so there is none to leave out.
                Some(("audio-only", "true")) => call.has_audio_only.replace(true).is_some(),
                Some(("audio-only", "false")) => call.has_audio_only.replace(false).is_some(),
                Some(("patch", "true")) => call.has_patches.replace(true).is_some(),
                Some(("patch", "false")) => call.has_patches.replace(false).is_some(),
                Some(("audiotrack", track)) if is_word(track) => call.sound.replace(track).is_some(),
                Some(("filter", names)) if names.split(';').all(is_word) => call.filter.replace(names).is_some(),
                Some(("part", index)) => {
                    let index = self::number(index).and_then(|index| usize::try_from(index).ok());
                    call.part.replace(index.ok_or(OriginError::BadUrlSyntax)?).is_some()
                }
                Some(("type", "keyframes")) => std::mem::replace(&mut call.is_of_key_frames, true),
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

    pub(super) fn format(&self) -> Result<Format, OriginError> {
        match self.format {
            Some("m3u8-cmaf") => Ok(Format::Hls(HlsFormat::Cmaf)),
            // A24.10b: an alias.
            Some("m3u8-aapl" | "m3u8-aapl-v4") => Ok(Format::Hls(HlsFormat::V4)),
            Some("m3u8-aapl-v3") => Ok(Format::Hls(HlsFormat::V3)),
            Some("mpd-time-cmaf") => Ok(Format::Dash(Flavour::Cmaf)),
            Some("mpd-time-csf") => Ok(Format::Dash(Flavour::Csf)),
            Some("mpd-number-cmaf") => Ok(Format::Dash(Flavour::Number)),
            None => Ok(Format::Smooth(smooth::Version::V22)),
            Some("f4m-f4f") => Ok(Format::Hds),
            Some("fmp4-v20") => Ok(Format::Smooth(smooth::Version::V20)),
            Some(_) => Err(OriginError::OutputFormatNotSupported),
        }
    }
}

pub(in crate::origin) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// `Seg{n}-Frag{number}`. Players that divide by the count of the one segment there is ask for others: they are taken for the same.
fn fragment_number(text: &str) -> Option<u32> {
    let (segment, fragment) = text.strip_prefix("Seg")?.split_once("-Frag")?;
    number(segment)?;
    u32::try_from(number(fragment)?).ok()
}

/// A decimal number in its only spelling: no sign, no leading zero, no overflow.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_canonical { text.parse().ok() } else { None }
}
