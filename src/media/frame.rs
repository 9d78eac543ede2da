//! Raw pictures, and the pool that their buffers come from.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use crate::{media::Colour, time::MediaTime};

/// One raw picture: 8-bit planar 4:2:0. Cheap to clone, read-only once made.
#[derive(Clone)]
pub struct Frame {
    /// Presentation time on the clock of whoever made it.
    pub pts: MediaTime,
    /// Width in pixels, even.
    pub width: usize,
    /// Height in pixels, even.
    pub height: usize,
    /// Sample aspect ratio.
    pub sample_aspect: (u32, u32),
    /// What its numbers mean as colour.
    pub colour: Colour,
    /// How its lines were taken.
    pub scan: Scan,
    buffer: Arc<Buffer>,
}

/// In which order a picture's lines were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scan {
    /// All at once.
    #[default]
    Progressive,
    /// The even lines, counted from 0, half a frame before the odd ones.
    TopFirst,
    /// The odd lines first.
    BottomFirst,
}

/// A read-only view of one plane.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    /// Rows one after the other, `stride` bytes each.
    pub data: &'a [u8],
    /// Bytes from one row to the next; equal to the plane's width.
    pub stride: usize,
}

/// Recycles frame buffers of one size, so that the steady state allocates nothing.
///
/// Frames are made on whichever thread runs the work and dropped on another; the lock is held for a push or a pop.
#[derive(Clone, Default)]
pub struct FramePool {
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

struct Buffer {
    bytes: Vec<u8>,
    home: FramePool,
}

impl Frame {
    /// Takes a buffer from `pool` and lets `fill` write the planes Y, U and V, each without padding between rows.
    ///
    /// `width` and `height` are rounded up to even numbers. The buffer's former content is undefined: `fill` writes all.
    pub fn build(
        pool: &FramePool,
        (width, height): (usize, usize),
        pts: MediaTime,
        fill: impl FnOnce(&mut [u8], &mut [u8], &mut [u8]),
    ) -> Self {
        let (width, height) = (width.next_multiple_of(2), height.next_multiple_of(2));
        let (luma, chroma) = (width * height, width * height / 4);
        let mut bytes = pool.take(luma + 2 * chroma);
        let (y, uv) = bytes.split_at_mut(luma);
        let (u, v) = uv.split_at_mut(chroma);
        fill(y, u, v);
        let buffer = Arc::new(Buffer { bytes, home: pool.clone() });
        Self { pts, width, height, sample_aspect: (1, 1), colour: Colour::UNKNOWN, scan: Scan::Progressive, buffer }
    }

    /// The same picture, shown at `pts`.
    #[must_use]
    pub fn at(&self, pts: MediaTime) -> Self {
        Self { pts, ..self.clone() }
    }

    /// Luma.
    #[must_use]
    pub fn y(&self) -> Plane<'_> {
        Plane { data: &self.buffer.bytes[..self.luma()], stride: self.width }
    }

    /// Blue-difference chroma, half the size in both directions.
    #[must_use]
    pub fn u(&self) -> Plane<'_> {
        Plane { data: &self.buffer.bytes[self.luma()..self.luma() * 5 / 4], stride: self.width / 2 }
    }

    /// Red-difference chroma, half the size in both directions.
    #[must_use]
    pub fn v(&self) -> Plane<'_> {
        Plane { data: &self.buffer.bytes[self.luma() * 5 / 4..], stride: self.width / 2 }
    }

    /// Whether both show the very same buffer, so that one need not be scaled or encoded anew.
    #[must_use]
    pub fn is_same_picture(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer)
    }

    fn luma(&self) -> usize {
        self.width * self.height
    }
}

impl FramePool {
    /// Buffers kept for reuse; more are given back to the allocator.
    const KEPT: usize = 32;

    /// An empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn take(&self, len: usize) -> Vec<u8> {
        let reused = self.free.lock().ok().and_then(|mut free| free.pop());
        match reused {
            Some(mut bytes) => {
                bytes.resize(len, 0);
                bytes
            }
            None => vec![0; len],
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Ok(mut free) = self.home.free.lock()
            && free.len() < FramePool::KEPT
        {
            free.push(std::mem::take(&mut self.bytes));
        }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}x{} at {:?})", self.width, self.height, self.pts)
    }
}

impl fmt::Debug for FramePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FramePool")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_have_their_sizes_and_buffers_come_back() {
        let pool = FramePool::new();
        let frame = Frame::build(&pool, (6, 3), MediaTime::ZERO, |y, u, v| {
            y.fill(1);
            u.fill(2);
            v.fill(3);
        });
        assert_eq!((frame.width, frame.height), (6, 4));
        assert_eq!((frame.y().data.len(), frame.u().data.len(), frame.v().data.len()), (24, 6, 6));
        assert_eq!((frame.y().data[23], frame.u().data[5], frame.v().data[5]), (1, 2, 3));
        let clone = frame.clone();
        drop(frame);
        assert!(pool.free.lock().unwrap().is_empty());
        drop(clone);
        assert_eq!(pool.free.lock().unwrap().len(), 1);
    }
}
