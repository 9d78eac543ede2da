//! An asset goes on where its index ends, in another process or another run of its channel (FAULTS row 60).

use std::{collections::VecDeque, sync::Arc};

use super::{Asset, AssetConfig, AssetOutput};
use crate::{
    archive::{AssetName, Recovered, Timeline},
    media::{Part, Presentation, Segment},
    time::MediaDuration,
};

/// Why an asset cannot be resumed: what comes belongs into a new one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// It is the index of another asset.
    #[error("the index is of {was}, not of {asked}")]
    Asset {
        /// Of which it is.
        was: AssetName,
        /// As asked for.
        asked: AssetName,
    },
    /// It goes on further than the channel's clock has come: the host's clock was set back.
    #[error("the asset is {by:?} ahead of the channel")]
    Ahead {
        /// How far.
        by: MediaDuration,
    },
    /// Nothing can be added.
    #[error("the asset has ended")]
    Ended,
    /// Its renditions, their set-up, its epoch or its forms of cues are others. Players would have to begin anew.
    #[error("the asset holds other renditions")]
    Presentation,
    /// Its manifests show another window, and say so.
    #[error("the asset has a window of {was:?}, not of {asked:?}")]
    Window {
        /// As its index has it.
        was: Option<MediaDuration>,
        /// As asked for.
        asked: Option<MediaDuration>,
    },
    /// Players were told of another longest segment, for good (RFC 8216 clause 6.2.1).
    #[error("the asset has segments of at most {was:?}, not of {asked:?}")]
    SegmentDuration {
        /// As its index has it.
        was: MediaDuration,
        /// As asked for.
        asked: MediaDuration,
    },
}

impl Asset {
    /// Goes on with an asset. The next segment has the next sequence number, whatever its own is, and begins with a
    /// discontinuity; it must not begin before the last one ends. What was torn at the end of the index is written over.
    ///
    /// # Errors
    /// The asset has ended, or players of it would have to begin anew.
    pub fn resume(
        recovered: &Recovered,
        presentation: &Arc<Presentation>,
        config: AssetConfig,
    ) -> Result<Self, ResumeError> {
        let (timeline, was) = (recovered.timeline(), recovered.config());
        if timeline.is_ended() {
            return Err(ResumeError::Ended);
        }
        // What the first GOP says of packs may be another thing each time, and they are counted on as they were.
        let packing = timeline.presentation().packing;
        if **timeline.presentation() != (Presentation { packing, ..(**presentation).clone() }) {
            return Err(ResumeError::Presentation);
        }
        Self::check_windows(recovered, config.window, config.rewind)?;
        let (was, asked) = (was.segment_duration, config.segment_duration);
        if was != asked {
            return Err(ResumeError::SegmentDuration { was, asked });
        }
        Ok(Self::reopen(recovered))
    }

    /// Whether an asset has these windows, of which its manifests tell.
    ///
    /// # Errors
    /// The one that it has not.
    pub(crate) fn check_windows(
        recovered: &Recovered,
        window: Option<MediaDuration>,
        rewind: Option<MediaDuration>,
    ) -> Result<(), ResumeError> {
        for (was, asked) in [(recovered.config().window, window), (recovered.config().rewind, rewind)] {
            if was != asked {
                return Err(ResumeError::Window { was, asked });
            }
        }
        Ok(())
    }

    /// An asset as it was, to be [ended](Self::end): nobody is there who would go on with it.
    #[must_use]
    pub fn reopen(recovered: &Recovered) -> Self {
        let Recovered { kept, index, gone, .. } = recovered.clone();
        let name = recovered.name().clone();
        let mut asset = Self { name, kept, index, joint: Joint::Open, out: VecDeque::new() };
        if !asset.timeline().is_ended() {
            asset.out.extend(asset.index.begin_page(&asset.kept).map(AssetOutput::Append));
            // The host may not have come to it.
            asset.let_go(&gone);
        }
        asset
    }
}

/// How the numbers of a channel's segments become those of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// The next segment is the first one behind the joint.
    Open,
    /// This is added.
    Closed(u64),
}

impl Joint {
    /// The segment as the asset has it.
    pub(super) fn place(self, segment: &Segment, timeline: &Timeline) -> Segment {
        match (self, timeline.last()) {
            (Self::Closed(by), _) => Segment { sequence: segment.sequence.wrapping_add(by), ..segment.clone() },
            (Self::Open, Some(last)) => {
                let sequence = last.sequence.wrapping_add(1);
                Segment { sequence, is_discontinuous: true, ..segment.clone() }
            }
            (Self::Open, None) => segment.clone(),
        }
    }

    /// A part of the next segment as the asset has it.
    pub(super) fn place_part(self, part: &Part, timeline: &Timeline) -> Part {
        let last = timeline.last().map(|last| last.sequence);
        let (sequence, is_discontinuous) = match (self, last) {
            (Self::Closed(by), _) => (part.sequence.wrapping_add(by), part.is_discontinuous),
            (Self::Open, Some(last)) => (last.wrapping_add(1), true),
            (Self::Open, None) => (part.sequence, part.is_discontinuous),
        };
        Part { sequence, is_discontinuous, ..part.clone() }
    }

    /// The segment was taken as `placed`.
    pub(super) fn close(&mut self, segment: &Segment, placed: &Segment) {
        *self = Self::Closed(placed.sequence.wrapping_sub(segment.sequence));
    }
}

impl Default for Joint {
    fn default() -> Self {
        Self::Closed(0)
    }
}
