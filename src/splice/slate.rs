//! The built-in slate: what viewers see while there is nothing else to show (A15.5, A16.1).

use crate::{
    media::{Frame, FramePool},
    splice::glyphs::Canvas,
    time::MediaTime,
};

/// Draws the picture of `width` by `height` pixels.
pub(super) fn built_in(width: usize, height: usize) -> Frame {
    Frame::build(&FramePool::new(), (width, height), MediaTime::ZERO, |y, u, v| {
        let stride = width.next_multiple_of(2);
        let rows = y.len() / stride;
        for (n, row) in y.chunks_exact_mut(stride).enumerate() {
            // A soft ramp, dark at the edges, within limited range.
            let from_middle = (2 * n).abs_diff(rows) * 22 / rows.max(1);
            row.fill(u8::try_from(58 - from_middle).unwrap_or(36));
        }
        u.fill(140);
        v.fill(122);
        let dot = (stride / 160).max(1);
        let mut canvas = Canvas { luma: y, width: stride };
        canvas.write_centred(rows * 2 / 5, dot, 210, "BACK IN A MOMENT");
        canvas.fill((stride * 2 / 5, rows * 11 / 20), (stride / 5, (dot / 2).max(1)), 120);
        canvas.write_centred(rows * 3 / 5, dot.div_ceil(2), 140, "WAITING FOR THE CONTRIBUTION");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slate_is_in_limited_range_and_has_text() {
        let frame = built_in(340, 192);
        assert!(frame.y().data.iter().all(|luma| (16..=235).contains(luma)));
        assert!(frame.y().data.iter().any(|luma| *luma > 200), "there is text on it");
    }
}
