//! What the archive tells an origin: values that can be queued, logged or sent to another process.

use std::sync::Arc;

use crate::{
    archive::{AssetName, Loss},
    media::{CaptionService, Part, Past, Presentation, Segment},
    time::MediaDuration,
};

/// One change of one asset's timeline. Apply them in order; every object that a change lists is already stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineUpdate {
    /// Whose timeline.
    pub asset: AssetName,
    /// What changed.
    pub change: TimelineChange,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimelineChange {
    /// The asset exists and has no segment yet.
    Opened {
        /// Its renditions.
        presentation: Arc<Presentation>,
        /// How much of it is kept; `None` keeps all.
        window: Option<MediaDuration>,
        /// What live manifests show of that; `None` shows all (A17.14).
        rewind: Option<MediaDuration>,
        /// How long a segment usually lasts, and the longest that one may last.
        segment_duration: MediaDuration,
    },
    /// Directly behind [`Opened`](Self::Opened): the asset is read back from its index, and what stood before its first segment
    /// is gone.
    Resumed(Past),
    /// A part of the segment at the live edge is whole: of the one that is [added](Self::Added) next. What its fragments grow by
    /// was told before.
    Parted(Part),
    /// A segment joined at the live edge.
    Added(Segment),
    /// Segments with a lower sequence number left the window.
    Trimmed {
        /// The first that stays.
        before: u64,
    },
    /// Manifests list these renditions only, from the next segment on; in the order of the presentation's tracks. What was
    /// withdrawn before stays withdrawn, and its URLs stay valid (A12.9).
    Offered(Arc<[bool]>),
    /// The pictures carry these caption services, sorted: all that were seen so far, from the next segment on (A13.2).
    Captioned(Arc<[CaptionService]>),
    /// Media time is so far behind the host's clock by now, counted from the epoch, and ahead of it where this is negative: the
    /// contribution's clock drifts. Manifests whose players count on a clock say so from the next segment on.
    Drifted(MediaDuration),
    /// The host's store has lost these fragments, in order: manifests show that they are missing, as those of a rendition that had
    /// nothing there.
    Lost(Arc<[Loss]>),
    /// Nothing will be added any more.
    Ended,
}
