//! Pictures out of the library, made frames.

use super::library::Picture;
use crate::{
    ladder::{presentation_order::PresentationOrder, unit_times::UnitTimes},
    media::{Colour, Frame, FramePool},
};

/// Pictures out of the library whose turn has not come, and what they all have in common.
pub(super) struct Held {
    /// Most luma samples in a picture.
    pub(super) ceiling: u64,
    /// Of the sequence parameter set in force.
    pub(super) sample_aspect: (u32, u32),
    /// Of the sequence parameter set in force.
    pub(super) colour: Colour,
    pub(super) order: PresentationOrder,
    pub(super) times: UnitTimes,
    pool: FramePool,
}

impl Held {
    pub(super) fn new(ceiling: u64) -> Self {
        let (order, times, pool) = (PresentationOrder::new(), UnitTimes::new(), FramePool::new());
        Self { ceiling, sample_aspect: (1, 1), colour: Colour::UNKNOWN, order, times, pool }
    }

    /// Copies a picture out of the library to its place among those held; one that is over the ceiling is dropped.
    pub(super) fn extend(&mut self, picture: Option<Picture<'_>>) {
        let Some(picture) = picture else { return };
        let (width, height) = (picture.width, picture.height);
        if width == 0 || height == 0 || (width as u64).saturating_mul(height as u64) > self.ceiling {
            return;
        }
        let pts = self.times.time(picture.tag);
        let mut frame = Frame::build(&self.pool, (width, height), pts, |y, u, v| {
            copy_plane(y, width.next_multiple_of(2), picture.y, (width, height));
            let half = (width.div_ceil(2), height.div_ceil(2));
            copy_plane(u, half.0, picture.u, half);
            copy_plane(v, half.0, picture.v, half);
        });
        (frame.sample_aspect, frame.colour) = (self.sample_aspect, self.colour);
        self.order.insert(frame);
    }
}

fn copy_plane(to: &mut [u8], to_stride: usize, (from, from_stride): (&[u8], usize), (width, height): (usize, usize)) {
    for (to, from) in to.chunks_exact_mut(to_stride).zip(from.chunks(from_stride)).take(height) {
        if let (Some(to), Some(from)) = (to.get_mut(..width), from.get(..width)) {
            to.copy_from_slice(from);
        }
    }
}
