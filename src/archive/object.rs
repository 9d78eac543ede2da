//! What the host stores: immutable objects under names that are a pure function of asset, track and time.

use std::{fmt, sync::Arc};

use crate::media::{Body, TrackSpec};

/// The name of an asset: 1 to 80 letters, digits, `-`, `_` and `.`, not starting with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetName(Arc<str>);

/// The name under which an object is stored: `{asset}/{track}/{ticks}.m4s` or `{asset}/{track}/init.mp4`.
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
    fn asset_names_never_leave_their_folder() {
        for bad in ["", ".", "..", "a/b", "a\\b", "a\0", ".hidden", "%2f", &"x".repeat(81)] {
            assert_eq!(AssetName::new(bad), None, "{bad:?}");
        }
        assert!(AssetName::new("asset-3f2504e0-4f89").is_some());
    }
}
