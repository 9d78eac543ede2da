//! What is on air: the frame grid, the switch between the contribution and what stands in for it, and the pictures and
//! sound that the library makes itself.
//!
//! The [`Switcher`] decides per output frame, when access units arrive and before anything is decoded, so the decision
//! depends on the input alone and never on how fast a codec ran. It knows times, not pictures.

mod absence;
mod avails;
mod cadence;
mod captions;
mod cue;
mod cue_id;
mod glyphs;
mod joining;
mod live;
mod loss;
mod own_section;
mod progress;
mod slate;
mod slate_image;
mod slates;
mod slot;
mod switcher;
mod test_source;
mod waiting_cues;

pub use crate::wire::{
    on_ad_cue::{AdSignal, OnAdCue},
    scte35,
};
pub use avails::Avails;
pub use cadence::Cadence;
pub use captions::{CaptionDrop, CaptionLedger, CaptionScan, CaptionTrack};
pub use cue::{BreakEnd, Cue, CueAction, CueRefusal, CueSource, Splice, SpliceKind};
pub use cue_id::normalised_cue_id;
pub use loss::{Loss, LossCause, LossPicture, LossPolicy, LossShows, LossStage};
pub use slate_image::{SlateError, SlateImage};
pub use slates::{SlateSet, Slates};
pub use slot::{OnAir, Picture, Slot, Taken};
pub use switcher::{Switcher, SwitcherConfig};
pub use test_source::{TestPattern, TestTone};
