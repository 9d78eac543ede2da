//! Smooth Streaming, MS-SSTR 2.2 and 2.0: the client manifest and the fragments that it lists.
//!
//! Each `StreamIndex` counts in the ticks of its stored track, so that the same instant has the same number here, in the MPD
//! and in HLS. Live, a fragment says of the [`LOOK_AHEAD`] after it when they are (`tfrf`): players then ask for those
//! without a manifest, and what is listed ends so many before the newest segment. Avails are a stream of their own (`sparse`). To
//! add an attribute: to `streams`.

mod fragment;
mod manifest;
mod sparse;
mod streams;

pub use fragment::{Next, fragment};
pub use manifest::{Manifest, Version};
pub(crate) use streams::carries;

use crate::media::TrackFormat;

/// Fragments that a live fragment tells of (MS-SSTR clause 2.2.4.5).
pub const LOOK_AHEAD: usize = 2;

/// How many fragments a live fragment of this format tells of: text comes when there is some, and tells of none.
pub(crate) const fn look_ahead(format: &TrackFormat) -> usize {
    if matches!(format, TrackFormat::Text(_)) { 0 } else { LOOK_AHEAD }
}
