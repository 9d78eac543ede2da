//! MPEG-DASH, ISO/IEC 23009-1:2022: one period, `SegmentTemplate` with `SegmentTimeline`, isoff-live profile.
//!
//! The frame of the MPD is made with `dash-mpd`; the segment timelines, which grow with the window, are our own text and are
//! put in place ([`Mpd`]). Media times count from the channel's epoch, which is `availabilityStartTime`; the same numbers
//! stand in every other manifest. To add a descriptor: to `skeleton`.

mod mpd;
mod skeleton;
mod timeline;

pub use mpd::Mpd;
pub use skeleton::Flavour;
