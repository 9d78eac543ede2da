//! What the loss policy says of a contribution that goes on coming, as the ladder takes it.

use crate::{
    ladder::{WatchStage, WatchStages},
    splice::{LossPolicy, LossStage, SlateImage, SlateSet},
};

/// The stages for black, frozen and silent contributions, each with the picture that it shows.
pub(super) fn watch_stages(policy: &LossPolicy, slates: &SlateSet) -> WatchStages {
    let stage = |LossStage { after, show }: &LossStage| WatchStage {
        after: *after,
        picture: show.image(slates).map(SlateImage::frame).cloned(),
    };
    let stages = |list: &[LossStage]| list.iter().map(stage).collect();
    WatchStages { black: stages(&policy.black), frozen: stages(&policy.frozen), silence: stages(&policy.silence) }
}
