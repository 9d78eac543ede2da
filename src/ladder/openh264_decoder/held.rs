//! Pictures that wait for their turn, and the times by which it comes.

use super::library::Picture;
use crate::{
    media::{Frame, FramePool},
    time::MediaTime,
};

/// Pictures out of the library whose turn has not come.
pub(super) struct Held {
    /// Most luma samples in a picture.
    pub(super) ceiling: u64,
    /// Of the sequence parameter set in force.
    pub(super) sample_aspect: (u32, u32),
    /// Times of the access units in the library: a picture carries the low bits of its place here.
    times: [MediaTime; TIMES],
    fed: u64,
    /// The earliest last.
    frames: Vec<Frame>,
    pool: FramePool,
}

impl Held {
    pub(super) fn new(ceiling: u64) -> Self {
        let (times, pool) = ([MediaTime::ZERO; TIMES], FramePool::new());
        Self { ceiling, sample_aspect: (1, 1), times, fed: 0, frames: Vec::new(), pool }
    }

    /// Notes the time of an access unit; the tag under which its picture comes back.
    pub(super) fn note(&mut self, pts: MediaTime) -> u64 {
        let tag = self.fed % TIMES as u64;
        if let Some(time) = self.times.get_mut(tag as usize) {
            *time = pts;
        }
        self.fed += 1;
        tag
    }

    /// Copies a picture out of the library to its place among those held; one that is over the ceiling is dropped.
    pub(super) fn extend(&mut self, picture: Option<Picture<'_>>) {
        let Some(picture) = picture else { return };
        let (width, height) = (picture.width, picture.height);
        if width == 0 || height == 0 || (width as u64).saturating_mul(height as u64) > self.ceiling {
            return;
        }
        let pts = self.times.get(picture.tag as usize % TIMES).copied().unwrap_or_default();
        let mut frame = Frame::build(&self.pool, (width, height), pts, |y, u, v| {
            copy_plane(y, width.next_multiple_of(2), picture.y, (width, height));
            let half = (width.div_ceil(2), height.div_ceil(2));
            copy_plane(u, half.0, picture.u, half);
            copy_plane(v, half.0, picture.v, half);
        });
        frame.sample_aspect = self.sample_aspect;
        let place = self.frames.partition_point(|held| held.pts > pts);
        self.frames.insert(place, frame);
    }

    /// Gives out what is due when the decode clock stands at `dts`: no later unit can be shown before its own `dts`.
    pub(super) fn release(&mut self, dts: MediaTime, out: &mut Vec<Frame>) {
        while self.frames.last().is_some_and(|frame| frame.pts <= dts || self.frames.len() > MOST_HELD) {
            out.extend(self.frames.pop());
        }
    }

    /// Gives out all there is.
    pub(super) fn release_all(&mut self, out: &mut Vec<Frame>) {
        out.extend(std::iter::from_fn(|| self.frames.pop()));
    }
}

fn copy_plane(to: &mut [u8], to_stride: usize, (from, from_stride): (&[u8], usize), (width, height): (usize, usize)) {
    for (to, from) in to.chunks_exact_mut(to_stride).zip(from.chunks(from_stride)).take(height) {
        if let (Some(to), Some(from)) = (to.get_mut(..width), from.get(..width)) {
            to.copy_from_slice(from);
        }
    }
}

/// Access units whose times are remembered: more than the 16 pictures that a decoder may hold back, with room to spare.
const TIMES: usize = 64;
/// Most pictures held for their turn (Table A-1 allows 16 in the decoded picture buffer).
pub(super) const MOST_HELD: usize = 17;
