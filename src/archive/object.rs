//! What the host stores: immutable objects under names that are a pure function of asset, track and time.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use crate::media::{Body, TrackSpec};

/// The name of an asset: 1 to 80 letters, digits, `-`, `_` and `.`, not starting with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetName(Arc<str>);

/// The name under which an object is stored: `{asset}/{track}/{ticks}.m4s`, `{asset}/{track}/init.mp4`, or
/// `{asset}/index/{number}.idx` with eight digits or more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(Arc<str>);

/// Something for the host to store; the same name always has the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Where to.
    pub name: ObjectName,
    /// Media type, as an HTTP server would send it.
    pub content_type: &'static str,
    /// The bytes.
    pub body: Body,
}

/// More of an object that grows: a page of an asset's index.
///
/// The host cuts the object to `at` bytes, where it has more, and adds `bytes`: doing it twice does no harm, and what a write
/// that was cut off left there is gone. A store that cannot append keeps the newest page in memory and stores it whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Of which object.
    pub name: ObjectName,
    /// Bytes that it has before; zero for a new one.
    pub at: u64,
    /// What comes behind them.
    pub bytes: Bytes,
}

/// More of a fragment that is not whole yet, for players at the live edge.
///
/// The host keeps it in memory, behind what it has of the fragment already, until [`Object`] of the same name brings the whole:
/// it need not be stored, and what is lost of it is not missed later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Of which fragment.
    pub name: ObjectName,
    /// Bytes of it before; zero for a new one.
    pub at: u64,
    /// What comes behind them: a chunk.
    pub body: Body,
}

impl AssetName {
    /// `name` as an asset name; `None` where it breaks the rule.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let is_good = (1..=80).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(is_allowed);
        is_good.then(|| Self(name.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ObjectName {
    /// The decoder set-up of a track.
    #[must_use]
    pub fn init(asset: &AssetName, track: &TrackSpec) -> Self {
        Self(format!("{asset}/{}/init.mp4", track.name).into())
    }

    /// The fragment of a track that starts at `ticks` of the track's timescale.
    #[must_use]
    pub fn fragment(asset: &AssetName, track: &TrackSpec, ticks: u64) -> Self {
        Self(format!("{asset}/{}/{ticks}.m4s", track.name).into())
    }

    /// A page of the asset's index.
    #[must_use]
    pub fn index_page(asset: &AssetName, number: u64) -> Self {
        Self(format!("{asset}/index/{number:08}.idx").into())
    }

    /// The number of the page of which this is the last part of the name; `None` for anything else.
    #[must_use]
    pub fn page_number(file: &str) -> Option<u64> {
        let digits = file.strip_suffix(".idx").filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse().ok().filter(|number| digits == format!("{number:08}"))
    }

    /// The name as text: three parts with `/` between them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AssetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_known_by_their_names() {
        let name = ObjectName::index_page(&AssetName::new("a").unwrap(), 12);
        assert_eq!(name.as_str(), "a/index/00000012.idx");
        assert_eq!(ObjectName::page_number("00000012.idx"), Some(12));
        assert_eq!(ObjectName::page_number("1234567890.idx"), Some(1_234_567_890));
        for other in ["12.idx", "00000012.part", "00000012", "0123456789.idx", "+0000012.idx", ".idx"] {
            assert_eq!(ObjectName::page_number(other), None, "{other}");
        }
    }

    #[test]
    fn asset_names_never_leave_their_folder() {
        for bad in ["", ".", "..", "a/b", "a\\b", "a\0", ".hidden", "%2f", &"x".repeat(81)] {
            assert_eq!(AssetName::new(bad), None, "{bad:?}");
        }
        assert!(AssetName::new("asset-3f2504e0-4f89").is_some());
    }
}
