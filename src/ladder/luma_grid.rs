//! A few points of each picture, to tell whether it is black and whether it moves.
//!
//! The measures and thresholds are those of ffmpeg's `blackdetect` and `freezedetect` filters at their defaults, taken on a
//! grid of points in place of every sample: 2304 of them tell 98 % apart as well, and cost no reading of the picture.

use crate::media::Frame;

/// The points of the picture where the last freeze began, or may have begun.
pub(crate) struct LumaGrid {
    shape: Shape,
    kept: Box<[u8]>,
    /// Of the picture that is looked at.
    newest: Box<[u8]>,
    /// A width, and where its points stand in each line.
    places: (usize, [usize; Self::COLUMNS]),
}

/// Pictures of two shapes are never the same.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Shape {
    size: (usize, usize),
    is_full_range: bool,
}

/// What a picture looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) is_black: bool,
    /// The same as the picture that is kept; one that is not is kept in its stead.
    pub(crate) is_same: bool,
}

impl LumaGrid {
    const COLUMNS: usize = 64;
    const ROWS: usize = 36;
    /// Luma of a black point at most: a tenth of the range above black (`pix_th`), in limited and in full range.
    const DARK: [u8; 2] = [16 + 219 / 10, 255 / 10];
    /// Black points in a black picture at least, in percent (`pic_th`).
    const BLACK_PERCENT: usize = 98;
    /// Mean difference of pictures that are the same, in thousandths of 256 (`noise`, -60 dB).
    const STILL_MILLE: u64 = 1;

    pub(crate) fn new() -> Self {
        let points = || vec![0; Self::COLUMNS * Self::ROWS].into_boxed_slice();
        Self { shape: Shape::default(), kept: points(), newest: points(), places: (0, [0; Self::COLUMNS]) }
    }

    /// The next picture is not compared.
    pub(crate) fn forget(&mut self) {
        self.shape = Shape::default();
    }

    /// Looks at a picture. Allocates nothing.
    pub(crate) fn look(&mut self, frame: &Frame) -> Look {
        let shape = Shape { size: (frame.width, frame.height), is_full_range: frame.colour.is_full_range };
        let (columns, rows) = (shape.size.0.min(Self::COLUMNS), shape.size.1.min(Self::ROWS));
        let dark = Self::DARK[usize::from(shape.is_full_range)];
        let (luma, points) = (frame.y(), columns * rows);
        let (mut black, mut difference) = (0, 0u64);
        if self.places.0 != frame.width {
            self.places.0 = frame.width;
            self.places.1.iter_mut().take(columns).enumerate().for_each(|(n, place)| {
                *place = middle(n, columns, frame.width);
            });
        }
        let lines = self.newest.chunks_exact_mut(columns.max(1)).zip(self.kept.chunks_exact(columns.max(1)));
        for (row, (newest, kept)) in lines.take(rows).enumerate() {
            let line = luma.data.chunks_exact(luma.stride.max(1)).nth(middle(row, rows, shape.size.1));
            let Some(line) = line else { continue };
            for ((newest, kept), place) in newest.iter_mut().zip(kept).zip(&self.places.1) {
                *newest = line.get(*place).copied().unwrap_or(0);
                black += usize::from(*newest <= dark);
                difference += u64::from(newest.abs_diff(*kept));
            }
        }
        let is_same = shape == self.shape && difference * 1000 <= points as u64 * 256 * Self::STILL_MILLE;
        if !is_same {
            self.shape = shape;
            std::mem::swap(&mut self.kept, &mut self.newest);
        }
        Look { is_black: black * 100 >= points * Self::BLACK_PERCENT, is_same }
    }
}

/// The middle of piece `n` of `count` that `len` samples are cut into.
const fn middle(n: usize, count: usize, len: usize) -> usize {
    (2 * n + 1) * len / (2 * count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::{Colour, FramePool},
        time::MediaTime,
    };

    fn frame(size: (usize, usize), luma: impl Fn(usize) -> u8) -> Frame {
        Frame::build(&FramePool::new(), size, MediaTime::ZERO, |y, u, v| {
            y.iter_mut().enumerate().for_each(|(n, y)| *y = luma(n));
            u.fill(128);
            v.fill(128);
        })
    }

    #[test]
    fn black_is_98_percent_of_points_within_a_tenth_of_the_range() {
        let mut grid = LumaGrid::new();
        let mut is_black = |frame: &Frame| grid.look(frame).is_black;
        assert!(is_black(&frame((640, 360), |_| 37)) && !is_black(&frame((640, 360), |_| 38)));
        let full = |luma| {
            let mut frame = frame((640, 360), |_| luma);
            frame.colour = Colour { is_full_range: true, ..Colour::BT709 };
            frame
        };
        assert!(is_black(&full(25)) && !is_black(&full(26)));
        // A logo in a corner: 7 lines of 360 are less than 2 %, 20 are more.
        let lines = |count: usize| frame((640, 360), move |n| if n < count * 640 { 235 } else { 16 });
        assert!(is_black(&lines(5)) && !is_black(&lines(20)));
    }

    #[test]
    fn pictures_are_the_same_within_a_thousandth_of_the_range() {
        let mut grid = LumaGrid::new();
        let flat = |luma| frame((1920, 1080), move |_| luma);
        assert!(!grid.look(&flat(100)).is_same);
        assert!(grid.look(&flat(100)).is_same && !grid.look(&flat(101)).is_same && !grid.look(&flat(100)).is_same);
        // Each point stands in the middle of a piece of 30 times 30. One in four is 0.25 of 256 off, one in three is more.
        let noise = |step| frame((1920, 1080), move |n| 100 + u8::from((n / 30).is_multiple_of(step)));
        assert!(grid.look(&noise(4)).is_same && grid.look(&flat(100)).is_same && !grid.look(&noise(3)).is_same);
        // It creeps: each is like the one before, and not like the one where that began.
        let mut grid = LumaGrid::new();
        let creeping = |rows: usize| frame((1920, 1080), move |n| 100 + u8::from(n < rows * 30 * 1920));
        let same: Vec<bool> = (0..36).map(|rows| grid.look(&creeping(rows)).is_same).collect();
        assert_eq!(same.iter().filter(|is_same| !**is_same).count(), 4, "{same:?}");
    }

    #[test]
    fn pictures_of_any_size_are_seen_and_two_shapes_are_never_the_same() {
        let mut grid = LumaGrid::new();
        for size in [(2, 2), (2, 1088), (16, 16), (66, 38), (1920, 2)] {
            assert_eq!(grid.look(&frame(size, |_| 16)), Look { is_black: true, is_same: false }, "{size:?}");
            assert_eq!(grid.look(&frame(size, |_| 16)), Look { is_black: true, is_same: true }, "{size:?}");
            assert!(!grid.look(&frame(size, |_| 235)).is_black, "{size:?}");
        }
        grid.forget();
        assert!(!grid.look(&frame((1920, 2), |_| 235)).is_same);
    }
}
