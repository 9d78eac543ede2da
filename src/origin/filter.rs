//! Dynamic manifest filters (A22): which renditions and which span of a presentation a manifest lists.
//!
//! An asset's filters go before those of the account under the same name (A22.1). A URL names up to ten, whose effects add up;
//! [`Filter::check`] refuses what could never be right, and a request what is not right for this asset. Filters change manifests
//! only: the media is the same, under the same names. To add a property: a line in [`Condition::new`] and one in `Condition::holds`.

mod selection;

use std::{collections::BTreeMap, ops::RangeInclusive};

pub(super) use selection::{Clip, Selection};

use super::url::is_word;
use crate::{
    archive::AssetName,
    media::TrackSpec,
    time::{MediaDuration, MediaTime},
};

/// What a manifest is to list. The default lists everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Nothing that is over by then, in media time: the number in a fragment's URL by its track's timescale.
    pub start: Option<MediaTime>,
    /// Nothing that begins then or later; while the program runs only with [`force_end`](Self::force_end) (A22.5).
    pub end: Option<MediaTime>,
    /// The presentation ends at [`end`](Self::end) at once, although the program goes on.
    pub force_end: bool,
    /// Live: how far back it goes from the live edge; a minute or more.
    pub window: Option<MediaDuration>,
    /// Live: how far behind the live edge it ends; five minutes or less.
    pub backoff: Option<MediaDuration>,
    /// Nominal bit rate of the rung that players are to begin with: the nearest is listed first in HLS (A22.7).
    pub first_quality: Option<u32>,
    /// Renditions for which every condition of any of these holds (A22.8); all where there is none.
    pub tracks: Vec<Vec<Condition>>,
}

/// Whether a property of a rendition is, or is not, what it is compared with (A22.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    property: Property,
    is_equal: bool,
}

/// Filters of an account or of an asset by name.
#[derive(Debug, Default)]
pub(super) struct Filters(BTreeMap<String, Filter>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Property {
    Type(Kind),
    Name(String),
    Language(String),
    FourCc(String),
    Bitrate(RangeInclusive<u32>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Video,
    Audio,
    Text,
}

/// Why a filter was refused; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// It ends before it starts, or is to end nowhere.
    #[error("the end of the range must be there and behind its start")]
    Range,
    /// A22.5: less than a minute.
    #[error("a presentation window of {0:?} is shorter than a minute")]
    Window(MediaDuration),
    /// A22.5: more than five minutes, or negative.
    #[error("a live back-off of {0:?} is not within 0 to 5 minutes")]
    Backoff(MediaDuration),
    /// A22.6.
    #[error("a live back-off of {backoff:?} is longer than the presentation window of {window:?}")]
    BackoffOverWindow {
        /// The back-off.
        backoff: MediaDuration,
        /// The window.
        window: MediaDuration,
    },
    /// A22.7.
    #[error("a first quality has a bit rate above zero")]
    FirstQuality,
    /// A22.8.
    #[error("{property} {operator} {value:?} is no condition of a track")]
    Track {
        /// As it was given.
        property: String,
        /// As it was given.
        operator: String,
        /// As it was given.
        value: String,
    },
    /// A selection without a condition.
    #[error("a track selection needs a condition")]
    NoCondition,
    /// Names are 1 to 80 letters, digits, `-` and `_`.
    #[error("{0:?} cannot be the name of a filter")]
    Name(String),
    /// A22.10.
    #[error("there are {0} filters already")]
    TooMany(usize),
    /// The asset was never opened here.
    #[error("asset {0} is not open")]
    NoAsset(AssetName),
}

impl FilterError {
    /// A code that stays the same from release to release.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Range => "MPE_FILTER_RANGE_ATTRIBUTE_INVALID",
            Self::Window(_) => "MPE_FILTER_PRESENTATION_WINDOW_INVALID",
            Self::Backoff(_) => "MPE_FILTER_LIVE_BACKOFF_INVALID",
            Self::BackoffOverWindow { .. } => "MPE_FILTER_LIVE_BACKOFF_OVER_PRESENTATION_WINDOW",
            Self::FirstQuality => "MPE_FILTER_FIRST_QUALITY_ATTRIBUTE_INVALID",
            Self::Track { .. } | Self::NoCondition => "MPE_FILTER_TRACK_ATTRIBUTE_INVALID",
            Self::Name(_) | Self::TooMany(_) | Self::NoAsset(_) => "MPE_FILTER_INVALID",
        }
    }
}

impl Filter {
    /// The shortest [`window`](Self::window) (A22.5).
    pub const SHORTEST_WINDOW: MediaDuration = MediaDuration::from_secs(60);
    /// The longest [`backoff`](Self::backoff) (A22.5).
    pub const LONGEST_BACKOFF: MediaDuration = MediaDuration::from_secs(300);

    /// Whether it keeps the rules of A22.6 that do not depend on an asset.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self) -> Result<(), FilterError> {
        let is_reversed = self.start.zip(self.end).is_some_and(|(start, end)| start > end);
        if is_reversed || self.force_end && self.end.is_none() {
            return Err(FilterError::Range);
        }
        if let Some(window) = self.window.filter(|window| *window < Self::SHORTEST_WINDOW) {
            return Err(FilterError::Window(window));
        }
        if let Some(backoff) = self.backoff {
            if backoff < MediaDuration::ZERO || backoff > Self::LONGEST_BACKOFF {
                return Err(FilterError::Backoff(backoff));
            }
            if let Some(window) = self.window.filter(|window| backoff > *window) {
                return Err(FilterError::BackoffOverWindow { backoff, window });
            }
        }
        if self.first_quality == Some(0) {
            return Err(FilterError::FirstQuality);
        }
        if self.tracks.iter().any(Vec::is_empty) { Err(FilterError::NoCondition) } else { Ok(()) }
    }

    fn selects(&self, track: &TrackSpec) -> bool {
        let holds = |conditions: &Vec<Condition>| conditions.iter().all(|condition| condition.holds(track));
        self.tracks.is_empty() || self.tracks.iter().any(holds)
    }
}

impl Condition {
    /// A condition as it is written: `property` is `Type` (`video`, `audio` or `text`), `Name`, `Language`, `FourCC` or `Bitrate`
    /// (`128000` or `0-1000000`), `operator` is `Equal` or `NotEqual`.
    ///
    /// # Errors
    /// [`FilterError::Track`] for anything else.
    pub fn new(property: &str, operator: &str, value: &str) -> Result<Self, FilterError> {
        let refused = || FilterError::Track {
            property: property.to_owned(),
            operator: operator.to_owned(),
            value: value.to_owned(),
        };
        let is_equal = match operator {
            "Equal" => true,
            "NotEqual" => false,
            _ => return Err(refused()),
        };
        let property = match property {
            _ if value.is_empty() => None,
            "Type" => kind(value).map(Property::Type),
            "Name" => Some(Property::Name(value.to_owned())),
            "Language" => Some(Property::Language(value.to_owned())),
            "FourCC" => Some(Property::FourCc(value.to_owned())),
            "Bitrate" => bitrates(value).map(Property::Bitrate),
            _ => None,
        };
        property.map(|property| Self { property, is_equal }).ok_or_else(refused)
    }

    fn holds(&self, track: &TrackSpec) -> bool {
        let is_equal = match &self.property {
            Property::Type(kind) => *kind == kind_of(track),
            Property::Name(name) => [&track.name, &track.url_track].iter().any(|own| own.eq_ignore_ascii_case(name)),
            Property::Language(language) => {
                [track.language.as_str(), track.language.bcp47()].iter().any(|own| own.eq_ignore_ascii_case(language))
            }
            Property::FourCc(four_cc) => {
                let codecs = track.codecs().unwrap_or_default();
                codecs.split('.').next().is_some_and(|own| own.eq_ignore_ascii_case(four_cc))
            }
            Property::Bitrate(range) => range.contains(&track.bitrate),
        };
        is_equal == self.is_equal
    }
}

impl Filters {
    /// A22.10.
    const MOST: usize = 100;

    /// Takes a filter, in the place of one of this name.
    pub(super) fn set(&mut self, name: &str, filter: Filter) -> Result<(), FilterError> {
        if !is_word(name) || name.len() > 80 {
            return Err(FilterError::Name(name.to_owned()));
        }
        filter.check()?;
        if self.0.len() >= Self::MOST && !self.0.contains_key(name) {
            return Err(FilterError::TooMany(self.0.len()));
        }
        self.0.insert(name.to_owned(), filter);
        Ok(())
    }

    /// Whether there was one.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Filter> {
        self.0.get(name)
    }
}

fn kind(value: &str) -> Option<Kind> {
    let of = |name: &str| value.eq_ignore_ascii_case(name);
    let kinds = [("video", Kind::Video), ("audio", Kind::Audio), ("text", Kind::Text)];
    kinds.into_iter().find_map(|(name, kind)| of(name).then_some(kind))
}

fn kind_of(track: &TrackSpec) -> Kind {
    if track.format.is_video() {
        Kind::Video
    } else if track.format.is_audio() {
        Kind::Audio
    } else {
        Kind::Text
    }
}

/// `0-1000000`, both ends included, or one number.
fn bitrates(value: &str) -> Option<RangeInclusive<u32>> {
    let number = |text: &str| if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None };
    let (first, last) = value.split_once('-').unwrap_or((value, value));
    let (first, last): (u32, u32) = (number(first)?, number(last)?);
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests;
