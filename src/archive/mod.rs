//! The one stored form: CMAF fragments (ISO/IEC 23000-19) cut on one grid, a timeline over them, and the assets that
//! programs write.
//!
//! [`Segmenter`] turns access units into segments, [`Asset`] turns segments into objects to store, an index that outlives the
//! process, and [`TimelineUpdate`]s for an origin. Nothing here knows a manifest format; every protocol is a view of the timeline.

mod asset;
mod event_messages;
mod export;
mod index;
mod kept;
mod lane;
mod loss;
mod object;
mod rate;
#[cfg(test)]
pub(crate) mod rig;
mod sealed;
mod segmenter;
mod timeline;
mod update;

pub use asset::{Asset, AssetConfig, AssetOutput, ResumeError};
pub use export::{ExportError, Exporter};
pub use index::{IndexError, IndexErrorKind, Recovered};
pub(crate) use kept::linger;
pub use loss::Loss;
pub use object::{Append, AssetName, Growth, Object, ObjectName};
pub use sealed::{SealedPart, SealedSegment, SegmentFault, SegmenterError};
pub use segmenter::{Segmenter, SegmenterLimits};
pub use timeline::{Timeline, TimelineError};
pub use update::{TimelineChange, TimelineUpdate};

pub use crate::media::{
    Bitrates, Body, CaptionService, Pack, Packing, Part, PartSpan, Past, Presentation, Segment, Span, TrackSpec,
};
