//! MPEG-DASH, ISO/IEC 23009-1:2022: `SegmentTemplate` with `SegmentTimeline`, isoff-live profile, one period or one for each
//! side of a splice; or with `$Number$` and `@duration`, whose periods begin wherever segments do not last equally long.
//!
//! Behind the switching sets stands a trick-play set for each of pictures. The frame of the MPD is made with `dash-mpd`; the
//! segment timelines, which grow with the window, are our own text and are put in place ([`Mpd`]), as events and periods are.
//! Media times count from the channel's epoch, which is `availabilityStartTime`; the same numbers stand in every other manifest.
//! To add a descriptor: to `skeleton`.

mod events;
mod mpd;
mod numbered;
mod patch;
mod period;
mod skeleton;
mod template;
mod timing;
mod trick_play;
mod versions;

pub use mpd::Mpd;
pub use numbered::Anchor;
pub use patch::Patch;
pub use skeleton::Flavour;

/// The name of the resource that says what time it is, beside the MPD.
pub const TIME: &str = "time";
