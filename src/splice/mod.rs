//! What is on air: the frame grid, the switch between the contribution and what stands in for it, and the pictures and
//! sound that the library makes itself.
//!
//! The [`Switcher`] decides per output frame, when access units arrive and before anything is decoded, so the decision
//! depends on the input alone and never on how fast a codec ran. It knows times, not pictures.

mod absence;
mod avails;
mod cadence;
mod cue;
mod glyphs;
mod joining;
mod live;
mod loss;
mod progress;
mod slate;
mod slate_image;
mod slates;
mod slot;
mod switcher;
mod test_source;

pub use crate::wire::scte35;
pub use avails::Avails;
pub use cadence::Cadence;
pub use cue::{BreakEnd, Cue, CueAction, CueRefusal, CueSource, Splice, SpliceKind};
pub use loss::{Loss, LossCause, LossPicture, LossPolicy, LossShows, LossStage};
pub use slate_image::{SlateError, SlateImage};
pub use slates::{SlateSet, Slates};
pub use slot::{OnAir, Picture, Slot, Taken};
pub use switcher::{Switcher, SwitcherConfig};
pub use test_source::{TestPattern, TestTone};
