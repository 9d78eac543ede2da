//! What the values of flags may be.

use std::{net::SocketAddr, str::FromStr};

use clap::ValueEnum;
use headend::{
    channel::AudioStream,
    ladder::Preset,
    media::{CueFormats, CueTags, Language},
};

/// What the channel does with its contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EncodingChoice {
    /// It makes a ladder of it.
    Standard,
    /// It passes it through.
    None,
}

/// What plays while no encoder is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// The moving test source.
    Test,
    /// The slate.
    None,
}

/// From where cues come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AdMarkersChoice {
    /// The page and the API.
    Api,
    /// The contribution.
    Scte35,
}

/// A way in which HLS playlists tell of ad breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HlsCuesChoice {
    /// `EXT-X-DATERANGE`.
    Daterange,
    /// `EXT-X-CUE-OUT`.
    CueOut,
    /// `EXT-OATCLS-SCTE35` beside it.
    Oatcls,
    /// `EXT-X-CUE`.
    Cue,
}

impl HlsCuesChoice {
    /// What these mean together.
    pub(crate) fn formats(chosen: &[Self]) -> CueFormats {
        let tags = chosen.iter().find_map(|choice| match choice {
            Self::Daterange => None,
            Self::CueOut => Some(CueTags::CueOut),
            Self::Oatcls => Some(CueTags::Oatcls),
            Self::Cue => Some(CueTags::Cue),
        });
        let date_ranges = chosen.contains(&Self::Daterange);
        CueFormats { date_ranges, cue_tags: tags.unwrap_or_default(), ..CueFormats::default() }
    }
}

/// What becomes of an encoder when another one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TakeoverChoice {
    /// It stays.
    Refuse,
    /// It gives way once it is silent.
    Silent,
    /// It gives way.
    Always,
}

/// Over which protocols feeds may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtocolChoice {
    /// Each over another.
    Any,
    /// All over that of the first.
    Fixed,
}

/// What becomes of a feed of another shape than the rungs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StretchChoice {
    /// Bars.
    Fit,
    /// Stretched.
    Fill,
}

/// A value of `--audio`: `LANG`, `INDEX:LANG` or `INDEX:LANG:NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AudioChoice {
    index: Option<u32>,
    language: Language,
    name: String,
}

impl AudioChoice {
    /// The stream that it asks for as the `n`th of its kind.
    pub(crate) fn stream(&self, n: u32) -> AudioStream {
        AudioStream { index: self.index.unwrap_or(n), name: self.name.clone(), language: self.language }
    }
}

impl FromStr for AudioChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (index, language, name) = match text.split(':').collect::<Vec<_>>().as_slice() {
            [language] => (None, *language, ""),
            [index, language] => (Some(*index), *language, ""),
            [index, language, name] => (Some(*index), *language, *name),
            _ => return Err("give LANG, INDEX:LANG or INDEX:LANG:NAME, such as eng or 1:fra:french".into()),
        };
        let index = index.map(|index| index.parse().map_err(|_| format!("{index} is not a track's number from 0")));
        let language = Language::new(language);
        let language = language.ok_or("a language has three letters (ISO 639-2), such as eng, fra or und")?;
        Ok(Self { index: index.transpose()?, language, name: name.into() })
    }
}

pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.bytes().all(|b| b.is_ascii_digit()) { format!("127.0.0.1:{text}") } else { text.into() };
    full.parse().map_err(|_| "not an address: give an IP and a port, such as 0.0.0.0:8080 or [::]:8080".into())
}

pub(crate) fn preset(name: &str) -> Result<Preset, String> {
    Preset::named(name).ok_or_else(|| format!("no such preset; there is: {}", Preset::NAMES.join(", ")))
}
