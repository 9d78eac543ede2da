//! Pictures that are the very same as those before, which cost next to nothing (A15: a slate may stay for hours).

use std::borrow::Cow;

use crate::{
    codec::h264::Repeats,
    media::{Frame, H264Config},
};

/// Tells when the encoder need not see a picture, and makes that one in its stead.
pub(super) struct Stills {
    /// `None` where the encoder's pictures are not of the simple kind.
    repeats: Option<Repeats>,
    last: Option<Frame>,
    /// Pictures that are the same as the last IDR picture or change, this one not counted.
    same: u32,
}

impl Stills {
    /// Pictures of a still that the encoder sees, from an IDR picture or a change on: it makes them better one after the
    /// other (`a_still_is_as_good_as_the_encoder_would_make_it` measures that).
    const SEEN: u32 = 8;

    pub(super) fn new(sets: &H264Config) -> Self {
        let repeats = sets.sps.first().zip(sets.pps.first()).and_then(|(sps, pps)| Repeats::new(sps, pps));
        Self { repeats, last: None, same: 0 }
    }

    /// A slice that shows the last picture again, where `frame` is that picture and the encoder has seen enough of it.
    pub(super) fn repeat(&mut self, frame: &Frame, force_idr: bool) -> Option<Vec<u8>> {
        let is_same = !force_idr && self.last.as_ref().is_some_and(|last| last.is_same_picture(frame));
        self.same = if is_same { self.same.saturating_add(1) } else { 0 };
        if !is_same {
            self.last = Some(frame.clone());
        }
        self.repeats.as_mut().filter(|_| self.same >= Self::SEEN)?.repeat()
    }

    /// The encoder's next NAL unit as it belongs behind such pictures.
    pub(super) fn follow<'a>(&mut self, nal: &'a [u8]) -> Cow<'a, [u8]> {
        self.repeats.as_mut().map_or(Cow::Borrowed(nal), |repeats| repeats.follow(nal))
    }
}
