//! What an output frame is, and where it comes from.

use crate::{
    splice::{Loss, SlateImage},
    time::{MediaDuration, MediaTime},
};

/// One frame of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it shows, on the channel's clock.
    pub pts: MediaTime,
    /// What it shows.
    pub picture: Picture,
    /// Which source that comes from.
    pub on_air: OnAir,
    /// The stage of the loss policy that acts because the contribution is lost, also beneath another slate. Whether one that
    /// goes on coming is black, frozen or silent is only known when its picture is made.
    pub loss: Option<Loss>,
    /// No contribution is on air, whatever shows.
    pub is_lost: bool,
    /// The contribution's picture that is due here, also where a slate hides it.
    pub source: Option<MediaTime>,
    /// It starts a segment, and so is an IDR picture in every rung.
    pub starts_segment: bool,
}

/// What an output frame shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// The contribution's picture with this source time.
    Live(MediaTime),
    /// The contribution's last picture; the same as the frame before where there is none.
    Hold,
    /// A still picture: a slate, or black.
    Still(SlateImage),
    /// The moving test pattern.
    Test,
}

/// Which source is on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAir {
    /// The contribution, or its last picture until the loss policy shows something else; also where that covers pictures of
    /// one that is black, frozen or silent.
    Live,
    /// What stands in for a contribution that never came (the pre-event image), is lost (as the loss policy says), or has
    /// ended (the post-event image).
    Slate,
    /// The slate, because the operator asked for it (A15.1).
    OperatorSlate,
    /// The slate, because an ad break hides the contribution (A14.4, A15.4).
    BreakSlate,
    /// The test source.
    Test,
}

/// What became of a contribution's access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Decode it; it may show.
    Decode,
    /// Decode it; time stamps jumped by this much and were taken up anew.
    Jumped(MediaDuration),
    /// It cannot be decoded: no IDR picture came yet.
    BeforeIdr,
}
