//! How a picture of another shape goes into a rung (A12.13).
//!
//! Rungs have square samples and their sizes are fixed before a feed is known, so of the three modes of v3 there are
//! two here: `None` is [`StretchMode::Stretch`] and `AutoFit` is itself. `AutoSize`, which gives the rung the feed's
//! shape, cannot be. In place of v3's one layer at the size of a feed that is below the lowest, such a feed stands in the
//! middle of the smallest rung, no larger than it is (A12.9).

use crate::media::{Frame, FramePool};

/// What happens to the display aspect ratio of a feed that differs from the rung's. Under 1 % of difference counts as
/// none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StretchMode {
    /// It is kept: black bars left and right, or above and below.
    #[default]
    AutoFit,
    /// It is ignored: the picture fills the rung.
    Stretch,
}

/// Where a picture stands in a rung, in luma samples, all even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) size: (usize, usize),
}

impl StretchMode {
    /// The place in a rung of `rung` samples for a picture of `size` whose samples are `aspect` wide to high. Sides of
    /// the rung are even; an aspect with a nought in it counts as square.
    pub(super) fn place(self, size: (usize, usize), aspect: (u32, u32), rung: (usize, usize)) -> Place {
        let whole = Place { left: 0, top: 0, size: rung };
        let (across, down) = if aspect.0 == 0 || aspect.1 == 0 { (1, 1) } else { aspect };
        let (wide, high) = (size.0 as u128 * u128::from(across), size.1 as u128 * u128::from(down));
        // Both shapes over one denominator: the picture's and the rung's.
        let (picture, frame) = (wide * rung.1 as u128, high * rung.0 as u128);
        if self == Self::Stretch || wide == 0 || high == 0 || picture.abs_diff(frame) * 100 <= frame {
            return whole;
        }
        let even = |num: u128, den: u128, most: usize| {
            let half = usize::try_from((num + den) / (2 * den)).unwrap_or(most);
            (half * 2).clamp(2, most.max(2))
        };
        if picture < frame {
            let width = even(picture, high, rung.0);
            Place { left: (rung.0 - width) / 4 * 2, top: 0, size: (width, rung.1) }
        } else {
            let height = even(frame, wide, rung.1);
            Place { left: 0, top: (rung.1 - height) / 4 * 2, size: (rung.0, height) }
        }
    }

    /// The same in the smallest rung, where a side of the picture that would grow stays as long as it is displayed.
    pub(super) fn place_in_smallest(self, size: (usize, usize), aspect: (u32, u32), rung: (usize, usize)) -> Place {
        let place = self.place(size, aspect, rung);
        if !place.enlarges(size, aspect) {
            return place;
        }
        let (wide, down) = displayed_width(size, aspect);
        let width = usize::try_from(wide / (2 * down) * 2).unwrap_or(rung.0).clamp(2, rung.0.max(2));
        let height = (size.1 / 2 * 2).clamp(2, rung.1.max(2));
        Place { left: (rung.0 - width) / 4 * 2, top: (rung.1 - height) / 4 * 2, size: (width, height) }
    }
}

/// Width of a picture as it is displayed, as a fraction: samples are as high as they are.
fn displayed_width(size: (usize, usize), (across, down): (u32, u32)) -> (u128, u128) {
    let (across, down) = if across == 0 || down == 0 { (1, 1) } else { (across, down) };
    (size.0 as u128 * u128::from(across), down.into())
}

impl Place {
    /// Whether a picture of `size`, whose samples are `aspect` wide to high, is more than 1 % larger here than displayed.
    pub(super) fn enlarges(self, size: (usize, usize), aspect: (u32, u32)) -> bool {
        let (wide, down) = displayed_width(size, aspect);
        self.size.0 as u128 * down * 100 > wide * 101 || self.size.1 as u128 * 100 > size.1 as u128 * 101
    }

    /// Whether it is all of a rung of `rung` samples.
    pub(super) fn fills(self, rung: (usize, usize)) -> bool {
        self.size == rung
    }

    /// `picture`, which is of this place's size, in black of `rung` samples.
    pub(super) fn frame(self, picture: &Frame, rung: (usize, usize), pool: &FramePool) -> Frame {
        Frame::build(pool, rung, picture.pts, |y, u, v| {
            let (left, top, width) = (self.left, self.top, self.size.0);
            paste(picture.y().data, width, y, rung.0, (left, top), BLACK);
            paste(picture.u().data, width / 2, u, rung.0 / 2, (left / 2, top / 2), GREY);
            paste(picture.v().data, width / 2, v, rung.0 / 2, (left / 2, top / 2), GREY);
        })
    }
}

/// Fills a plane: `from` where it stands, `bar` around it.
fn paste(from: &[u8], width: usize, to: &mut [u8], to_width: usize, (left, top): (usize, usize), bar: u8) {
    let mut lines = from.chunks_exact(width.max(1));
    for (n, to) in to.chunks_exact_mut(to_width.max(1)).enumerate() {
        let line = if n < top { None } else { lines.next() };
        match line.and_then(|line| Some((line, to.get_mut(left..left + line.len())?))) {
            Some((line, middle)) => {
                middle.copy_from_slice(line);
                to[..left].fill(bar);
                to[left + width..].fill(bar);
            }
            None => to.fill(bar),
        }
    }
}

/// Luma of black, limited range.
const BLACK: u8 = 16;
/// Chroma of black.
const GREY: u8 = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MediaTime;

    fn fit(size: (usize, usize), aspect: (u32, u32), rung: (usize, usize)) -> (usize, usize, (usize, usize)) {
        let place = StretchMode::AutoFit.place(size, aspect, rung);
        (place.left, place.top, place.size)
    }

    #[test]
    fn display_aspect_is_kept_and_small_differences_are_none_a12_13() {
        for rung in [(1280, 720), (960, 540), (704, 396), (512, 288), (384, 216), (340, 192)] {
            for (size, aspect) in [((1920, 1080), (1, 1)), ((1920, 1088), (1, 1)), ((1440, 1080), (4, 3))] {
                assert_eq!(fit(size, aspect, rung), (0, 0, rung), "{size:?} {aspect:?}");
            }
        }
        // 4:3, in square samples and as 625 lines code it; 4:3 of 525 lines; 16:9 of 625 lines; 2.39:1; upright.
        assert_eq!(fit((640, 480), (1, 1), (1280, 720)), (160, 0, (960, 720)));
        assert_eq!(fit((720, 576), (16, 15), (340, 192)), (42, 0, (256, 192)));
        assert_eq!(fit((704, 480), (10, 11), (704, 396)), (88, 0, (528, 396)));
        assert_eq!(fit((720, 576), (64, 45), (960, 540)), (0, 0, (960, 540)));
        assert_eq!(fit((1920, 804), (1, 1), (1280, 720)), (0, 92, (1280, 536)));
        assert_eq!(fit((1080, 1920), (1, 1), (1280, 720)), (436, 0, (406, 720)));
    }

    #[test]
    fn a_picture_below_the_smallest_rung_is_not_scaled_up_a12_9() {
        let fit = |stretch: StretchMode, size, aspect| {
            let place = stretch.place_in_smallest(size, aspect, (340, 192));
            (place.left, place.top, place.size)
        };
        for stretch in [StretchMode::AutoFit, StretchMode::Stretch] {
            assert_eq!(fit(stretch, (320, 180), (1, 1)), (10, 6, (320, 180)));
            assert_eq!(fit(stretch, (176, 144), (12, 11)), (74, 24, (192, 144)));
            assert_eq!(fit(stretch, (2, 2), (0, 0)), (168, 94, (2, 2)));
            assert_eq!(fit(stretch, (338, 191), (1, 1)), (0, 0, (340, 192)), "within 1 %");
        }
        assert_eq!(fit(StretchMode::AutoFit, (640, 480), (1, 1)), (42, 0, (256, 192)));
        assert_eq!(fit(StretchMode::Stretch, (320, 480), (1, 1)), (10, 0, (320, 192)));
        for size in [(2, 2), (4096, 2), (2, 2304), (0, 0)] {
            for aspect in [(0, 0), (1, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
                let (left, top, (width, height)) = fit(StretchMode::AutoFit, size, aspect);
                assert!(width >= 2 && height >= 2 && left + width <= 340 && top + height <= 192);
                assert!([left, top, width, height].iter().all(|n| n % 2 == 0));
            }
        }
    }

    #[test]
    fn stretch_fills_and_no_numbers_are_too_odd() {
        let stretched = StretchMode::Stretch.place((640, 480), (1, 1), (1280, 720));
        assert!(stretched.fills((1280, 720)));
        for size in [(2, 2), (4096, 2), (2, 2304), (0, 0)] {
            for aspect in [(0, 0), (1, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
                let Place { left, top, size: (width, height) } = StretchMode::AutoFit.place(size, aspect, (340, 192));
                assert!(width >= 2 && height >= 2 && left + width <= 340 && top + height <= 192);
                assert!([left, top, width, height].iter().all(|n| n % 2 == 0));
            }
        }
    }

    #[test]
    fn bars_are_black_and_the_picture_is_untouched() {
        let pool = FramePool::new();
        let picture = Frame::build(&pool, (8, 4), MediaTime::ZERO, |y, u, v| {
            y.fill(200);
            u.fill(90);
            v.fill(60);
        });
        for (place, rung) in
            [(Place { left: 2, top: 0, size: (8, 4) }, (14, 4)), (Place { left: 0, top: 4, size: (8, 4) }, (8, 10))]
        {
            let frame = place.frame(&picture, rung, &pool);
            let check = |data: &[u8], width: usize, by: usize, inside: u8, bar: u8| {
                for (at, sample) in data.iter().enumerate() {
                    let (x, y) = (at % width * by, at / width * by);
                    let is_in = (place.left..place.left + 8).contains(&x) && (place.top..place.top + 4).contains(&y);
                    assert_eq!(*sample, if is_in { inside } else { bar }, "{place:?} {x} {y}");
                }
            };
            check(frame.y().data, rung.0, 1, 200, 16);
            check(frame.u().data, rung.0 / 2, 2, 90, 128);
            check(frame.v().data, rung.0 / 2, 2, 60, 128);
        }
    }
}
