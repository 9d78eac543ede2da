//! The URLs of A20, from path to meaning. What is not of this grammar is refused.
//!
//! ```text
//! /{locator}/{name}.ism/Manifest[(format={format}[,filter={names}][,audiotrack={track}][,audio-only=false])][.ext]
//! /{locator}/{name}.ism/QualityLevels({bitrate}[,audiotrack={track}])/Manifest({track},format={format}[,filter={names}])[.ext]
//! /{locator}/{name}.ism/QualityLevels({bitrate}[,audiotrack={track}])/Fragments({track}={ticks or i},format={format})[.ext]
//! /{locator}/{name}.ism/QualityLevels({bitrate})/Fragments({track}={ticks},part={index},format=m3u8-cmaf)[.ext]
//! /{locator}/{name}.ism/QualityLevels({bitrate})/Manifest({track},format={format},type=keyframes[,filter={names}])[.ext]
//! /{locator}/{name}.ism/QualityLevels({bitrate})/Fragments({track}={ticks},format={format},type=keyframes)[.ext]
//! /{locator}/{name}.ism/QualityLevels({bitrate})/Fragments({track}={number},format=mpd-number-cmaf)[.ext]
//! /{locator}/{name}.ism/QualityLevels({bitrate})/Fragments({track}={ticks})
//! /{locator}/{name}.ism/QualityLevels({bitrate}[,audiotrack={track}])/Fragments({track},format=f4m-f4f)Seg{n}-Frag{number}
//! /{locator}/{name}.ism/Manifest(format=mpd-time-cmaf,patch=true)[.ext]
//! /{locator}/{name}.ism/Patch(format=mpd-time-cmaf,from={version})
//! /{locator}/{name}.ism/time
//! ```
//! `filter` names filters with `;` between them, and a query with `start` or `end` cuts manifests. Without a format it is Smooth Streaming, whose clients make the form with ticks alone out of a template of the manifest; those of HDS make the one behind it. `mpd-number-cmaf`, `patch` and `time` are ours, beside A20: DASH by segment numbers, an MPD that says where its patches are, and the clock that live MPDs name. `audiotrack` puts that sound into the transport streams of a rung, as HLS version 3 needs it. It stands in the folder, so
//! that a rung's playlist is the same text whatever the language.

mod call;

use std::borrow::Cow;

pub(super) use call::is_word;
use call::{Call, Format, number};

use super::error::OriginError;
use crate::package::{
    dash::{self, Flavour},
    hls::HlsFormat,
    smooth,
};

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) locator: &'a str,
    /// The manifest name, without `.ism`.
    pub(super) name: &'a str,
    pub(super) resource: Resource<'a>,
    /// Names of filters, with `;` between them.
    pub(super) filter: Option<&'a str>,
}

/// A resource under a locator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    /// An HLS master playlist; in version 3 with this sound in every segment.
    Master { format: HlsFormat, sound: Option<&'a str>, has_audio_only: bool },
    /// The MPD.
    Mpd(Flavour),
    /// What leads to the MPD from the one that lists the segments from the one number to the other.
    Patch((u64, u64)),
    /// The client manifest of Smooth Streaming.
    Smooth(smooth::Version),
    /// The manifest of HDS.
    F4m,
    /// The bootstrap of a rendition in HDS.
    Bootstrap(Rendition<'a>),
    /// The HLS media playlist of a rendition.
    Playlist { rendition: Rendition<'a>, format: HlsFormat },
    /// The playlist of its I-frames.
    KeyFrames { rendition: Rendition<'a>, format: HlsFormat },
    /// Its init segment.
    Init(Rendition<'a>),
    /// Its fragment that starts at this tick.
    Fragment { rendition: Rendition<'a>, ticks: u64 },
    /// A part of that.
    Part { rendition: Rendition<'a>, ticks: u64, part: usize },
    /// The same by the number of its segment.
    Numbered { rendition: Rendition<'a>, number: u64 },
    /// The same as HLS before version 7 has it.
    Segment { rendition: Rendition<'a>, ticks: u64 },
    /// The key frame of the same alone, in a transport stream or in fragmented MP4.
    KeyFrame { rendition: Rendition<'a>, ticks: u64, is_transport: bool },
    /// The same as Smooth Streaming has it.
    TimedFragment { rendition: Rendition<'a>, ticks: u64 },
    /// The same as HDS has it, by its number.
    F4f { rendition: Rendition<'a>, number: u32 },
    /// What time it is.
    Time,
}

/// A rendition, and the sound that its transport streams have beside its pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rendition<'a> {
    pub(super) track: &'a str,
    pub(super) bitrate: u32,
    pub(super) sound: Option<&'a str>,
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
        let (resource, filter) = match (parts.next(), parts.next()) {
            (None, _) => manifest(first)?,
            (Some(second), None) => rendition(first, second)?,
            _ => return Err(OriginError::ResourceNotFound),
        };
        Ok(Self { locator, name, resource, filter })
    }
}

pub(super) fn unescape(path: &str) -> Result<String, OriginError> {
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
fn manifest(part: &str) -> Result<Filtered<'_>, OriginError> {
    if part.eq_ignore_ascii_case("manifest") {
        return Ok((Resource::Smooth(smooth::Version::V22), None));
    }
    if part.eq_ignore_ascii_case(dash::TIME) {
        return Ok((Resource::Time, None));
    }
    if Call::word(part).eq_ignore_ascii_case("patch") {
        return patch(&Call::parse(part, "patch")?);
    }
    let call = Call::parse(part, "manifest")?;
    if call.subject.is_some() || call.part.is_some() {
        return Err(OriginError::BadUrlSyntax);
    }
    if call.is_of_key_frames {
        return Err(OriginError::OutputFormatNotSupported);
    }
    if call.has_patches.is_some() {
        let is_plain = call.format == Some(Flavour::Cmaf.format()) && call.sound.is_none() && call.filter.is_none();
        let flavour = if call.has_patches == Some(true) { Flavour::Patched } else { Flavour::Cmaf };
        return if is_plain { Ok((Resource::Mpd(flavour), None)) } else { Err(OriginError::BadUrlSyntax) };
    }
    let resource = match call.format()? {
        // Only segments with pictures and sound in one must be told which sound.
        Format::Hls(format) if format == HlsFormat::V3 || call.sound.is_none() => {
            let has_audio_only = call.has_audio_only.unwrap_or(true);
            Resource::Master { format, sound: call.sound, has_audio_only }
        }
        Format::Dash(flavour) if call.sound.is_none() => Resource::Mpd(flavour),
        Format::Smooth(version) if call.sound.is_none() => Resource::Smooth(version),
        Format::Hds if call.sound.is_none() => Resource::F4m,
        _ => return Err(OriginError::BadUrlSyntax),
    };
    Ok((resource, call.filter))
}

/// `Patch(…)` of the MPD.
fn patch<'a>(call: &Call<'a>) -> Result<Filtered<'a>, OriginError> {
    let version = match call.subject {
        Some(("from", Some(version))) => version.split_once('-'),
        _ => None,
    };
    let ends = version.and_then(|(first, last)| number(first).zip(number(last)));
    let is_plain = call.format == Some(Flavour::Patched.format()) && call.sound.is_none() && call.filter.is_none();
    ends.filter(|_| is_plain).map(|ends| (Resource::Patch(ends), None)).ok_or(OriginError::BadUrlSyntax)
}

/// `QualityLevels(…)/Manifest(…)` and `QualityLevels(…)/Fragments(…)`.
fn rendition<'a>(level: &'a str, part: &'a str) -> Result<Filtered<'a>, OriginError> {
    let level = Call::parse(level, "qualitylevels")?;
    let bitrate = match level.subject {
        Some((bitrate, None)) if level.format.is_none() && !level.is_of_key_frames && level.part.is_none() => {
            number(bitrate).and_then(|n| u32::try_from(n).ok())
        }
        _ => None,
    };
    let bitrate = bitrate.ok_or(OriginError::BadUrlSyntax)?;
    let is_playlist = Call::word(part).eq_ignore_ascii_case("manifest");
    let call = Call::parse(part, if is_playlist { "manifest" } else { "fragments" })?;
    let format = call.format()?;
    let of = |track| Rendition { track, bitrate, sound: level.sound };
    if call.number.is_some() && format != Format::Hds {
        return Err(OriginError::BadUrlSyntax);
    }
    let is_transport = matches!(format, Format::Hls(HlsFormat::V4 | HlsFormat::V3));
    // Version 4 has no playlist of segments with sound, but it is the name of their format.
    let may_have_sound =
        if is_playlist { format == Format::Hls(HlsFormat::V3) } else { is_transport || format == Format::Hds };
    if level.has_patches.is_some() || call.has_patches.is_some() {
        return Err(OriginError::BadUrlSyntax);
    }
    let is_filtered = level.filter.is_some() || call.filter.is_some() && !is_playlist;
    if call.sound.is_some() || level.sound.is_some() && !may_have_sound || is_filtered {
        return Err(OriginError::BadUrlSyntax);
    }
    if call.part.is_some() && (is_playlist || call.is_of_key_frames || format != Format::Hls(HlsFormat::Cmaf)) {
        return Err(OriginError::BadUrlSyntax);
    }
    if call.is_of_key_frames {
        return Ok((key_frames(&call, of, is_playlist)?, call.filter));
    }
    let resource = match (call.subject, format) {
        (Some((track, None)), Format::Hls(format)) if is_playlist => {
            Resource::Playlist { rendition: of(track), format }
        }
        (Some((track, None)), Format::Hds) => match call.number {
            None if is_playlist => Resource::Bootstrap(of(track)),
            Some(number) if !is_playlist => Resource::F4f { rendition: of(track), number },
            _ => return Err(OriginError::BadUrlSyntax),
        },
        (_, Format::Hds) => return Err(OriginError::BadUrlSyntax),
        (Some((track, Some(ticks))), Format::Smooth(_)) if !is_playlist => {
            let ticks = number(ticks).ok_or(OriginError::BadUrlSyntax)?;
            Resource::TimedFragment { rendition: of(track), ticks }
        }
        (Some((track, Some(ticks))), _) if let Some(part) = call.part => {
            let ticks = number(ticks).ok_or(OriginError::BadUrlSyntax)?;
            Resource::Part { rendition: of(track), ticks, part }
        }
        (Some((track, Some("i"))), _) if !is_playlist && !is_transport => Resource::Init(of(track)),
        (Some((track, Some(ticks))), _) if !is_playlist => {
            let ticks = number(ticks).ok_or(OriginError::BadUrlSyntax)?;
            let rendition = of(track);
            match format {
                Format::Dash(Flavour::Number) => Resource::Numbered { rendition, number: ticks },
                _ if is_transport => Resource::Segment { rendition, ticks },
                _ => Resource::Fragment { rendition, ticks },
            }
        }
        _ => return Err(OriginError::BadUrlSyntax),
    };
    Ok((resource, call.filter))
}

/// `type=keyframes` (A20.9), in every format that lists key frames.
fn key_frames<'a>(
    call: &Call<'a>,
    of: impl Fn(&'a str) -> Rendition<'a>,
    is_playlist: bool,
) -> Result<Resource<'a>, OriginError> {
    let is_transport = match call.format()? {
        Format::Hls(HlsFormat::V4) => true,
        Format::Hls(HlsFormat::Cmaf) => false,
        Format::Dash(_) if !is_playlist => false,
        _ => return Err(OriginError::OutputFormatNotSupported),
    };
    match call.subject {
        Some((track, None)) if is_playlist => {
            let format = if is_transport { HlsFormat::V4 } else { HlsFormat::Cmaf };
            Ok(Resource::KeyFrames { rendition: of(track), format })
        }
        Some((track, Some(ticks))) if !is_playlist => {
            let ticks = number(ticks).ok_or(OriginError::BadUrlSyntax)?;
            Ok(Resource::KeyFrame { rendition: of(track), ticks, is_transport })
        }
        _ => Err(OriginError::BadUrlSyntax),
    }
}

/// A resource and the filters of its manifest.
type Filtered<'a> = (Resource<'a>, Option<&'a str>);

#[cfg(test)]
mod tests;
