//! Planar pictures of 8 to 10 bits, 4:0:0, 4:2:0 or 4:2:2, to 8-bit 4:2:0.
//!
//! Range and matrix stay as they are: the codes of a deeper picture are those of an 8-bit one, scaled by a power of two
//! (Rec. ITU-R BT.709-6 item 5.6, BT.601-7 clause 2.5.3). What is cut off is dithered by a fixed pattern of position, so that
//! a gradient keeps its steps apart and the mean of every 4x4 samples is exact; the same picture always comes out the same.
//!
//! Chroma lines are filtered to where 4:2:0 has them (Rec. ITU-T H.264 figures 6-1 to 6-3): halfway between two lines of a
//! progressive picture, and within each field of an interlaced one a quarter line below the upper in the top field, above
//! the lower in the bottom field. 4:4:4 and more than 10 bits have no place in a contribution; nothing here takes them.

use crate::media::Chroma;

/// A picture as a decoder has it.
pub(super) struct Source<'a, T> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 8 to 10.
    pub(super) bits: u32,
    pub(super) chroma: Chroma,
    pub(super) is_interlaced: bool,
    /// Y, U and V; those of a monochrome picture are not looked at.
    pub(super) planes: [Rows<'a, T>; 3],
}

/// One plane.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, T> {
    pub(super) data: &'a [T],
    /// Samples from one row to the next.
    pub(super) stride: usize,
}

impl<T: Copy + Into<u32>> Source<'_, T> {
    /// Writes the picture to planes as [`Frame::build`](crate::media::Frame::build) hands them out: of even size, so the
    /// last row and column of an odd one is there twice.
    pub(super) fn write(&self, y: &mut [u8], u: &mut [u8], v: &mut [u8]) {
        let [luma, blue, red] = self.planes;
        let half = self.width.div_ceil(2);
        self.copy(luma, (self.width, self.height), y, self.width.next_multiple_of(2));
        match self.chroma {
            Chroma::Yuv420 => {
                self.copy(blue, (half, self.height.div_ceil(2)), u, half);
                self.copy(red, (half, self.height.div_ceil(2)), v, half);
            }
            Chroma::Yuv422 => {
                self.halve(blue, half, u);
                self.halve(red, half, v);
            }
            Chroma::Monochrome | Chroma::Yuv444 => {
                u.fill(128);
                v.fill(128);
            }
        }
    }

    fn copy(&self, from: Rows<'_, T>, (width, height): (usize, usize), to: &mut [u8], stride: usize) {
        let shift = self.bits.saturating_sub(8);
        for (n, to) in to.chunks_exact_mut(stride.max(1)).enumerate() {
            let row = from.row(n.min(height.saturating_sub(1)), width);
            let dither = dither(n, shift);
            for (to, from) in to.chunks_mut(4).zip(row.chunks(4)) {
                for ((to, from), dither) in to.iter_mut().zip(from).zip(dither) {
                    *to = narrow((*from).into(), dither, shift);
                }
            }
            pad(to, width);
        }
    }

    /// Two lines to one.
    fn halve(&self, from: Rows<'_, T>, width: usize, to: &mut [u8]) {
        let shift = self.bits.saturating_sub(8) + 2;
        for (n, to) in to.chunks_exact_mut(width.max(1)).enumerate() {
            let ((upper, of_upper), (lower, of_lower)) = self.lines(n);
            let (upper, lower) = (from.row(upper, width), from.row(lower, width));
            let dither = dither(n, shift);
            for ((to, upper), lower) in to.chunks_mut(4).zip(upper.chunks(4)).zip(lower.chunks(4)) {
                for (((to, upper), lower), dither) in to.iter_mut().zip(upper).zip(lower).zip(dither) {
                    *to = narrow(of_upper * (*upper).into() + of_lower * (*lower).into(), dither, shift);
                }
            }
        }
    }

    /// The two lines of 4:2:2 chroma between which line `n` of 4:2:0 chroma lies, each with its part in fourths.
    fn lines(&self, n: usize) -> ((usize, u32), (usize, u32)) {
        let last = self.height.saturating_sub(1);
        if !self.is_interlaced {
            return (((2 * n).min(last), 2), ((2 * n + 1).min(last), 2));
        }
        let (field, line) = (n % 2, n / 2);
        // The last line of this field: the picture has at least one of each, or is one line high.
        let last = last.saturating_sub((last + field) % 2);
        let parts = if field == 0 { (3, 1) } else { (1, 3) };
        (((4 * line + field).min(last), parts.0), ((4 * line + 2 + field).min(last), parts.1))
    }
}

impl<'a, T> Rows<'a, T> {
    /// The first `width` samples of a row; fewer where the plane ends.
    fn row(self, n: usize, width: usize) -> &'a [T] {
        let from = self.data.get(n.saturating_mul(self.stride)..).unwrap_or(&[]);
        from.get(..width).unwrap_or(from)
    }
}

fn narrow(sample: u32, dither: u32, shift: u32) -> u8 {
    ((sample + dither) >> shift).min(255) as u8
}

/// Four neighbours' share of `1 << shift` steps, at row `n`.
fn dither(n: usize, shift: u32) -> [u32; 4] {
    BAYER.get(n % 4).copied().unwrap_or_default().map(|step| step >> 4u32.saturating_sub(shift))
}

/// Doubles the last of `width` samples where the row has room for one more.
fn pad(row: &mut [u8], width: usize) {
    if let Some([last, beyond]) = width.checked_sub(1).and_then(|last| row.get_mut(last..last + 2)) {
        *beyond = *last;
    }
}

/// B. E. Bayer's matrix of order 4: its upper bits are those of orders 2 and 1.
const BAYER: [[u32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

#[cfg(test)]
mod tests;
