//! Interlaced pictures to progressive ones, a frame for a frame: 59.94i to 29.97p, 50i to 25p (A12.6).
//!
//! The lines of a frame's first field stay as they are. Those of its second, which were taken half a frame later, are
//! made anew for the first's instant: woven where nothing moved, else guessed from the lines around them and held near
//! what the second fields of this frame and the one before show. So it waits for the next frame. The idea is that of
//! yadif and bwdif (motion tests over three frames, a spatial guess clamped by them); guess, weights and comb test are
//! this crate's own, see [`mod@line`].
//!
//! It knows neither field rates (59.94 pictures a second out of 59.94i) nor inverse telecine. Film that was coded as
//! film ("soft" 3:2) comes progressive and passes through; film whose fields were repeated before coding ("hard") is
//! treated as video: its motion keeps the 3:2 judder, at 29.97 pictures a second.

mod line;

use self::line::{Lines, Weaver};
use crate::media::{Frame, FramePool, Scan};

/// Makes interlaced frames progressive, each at its own time.
///
/// Frames come in presentation order. A progressive one passes untouched and at once; an interlaced one comes out when
/// the next frame is in, or at [`flush`](Self::flush). At most two frames are held.
#[derive(Default)]
pub struct Deinterlacer {
    /// The frame before the held one, where the feed goes on from it.
    before: Option<Frame>,
    held: Option<Frame>,
    pool: FramePool,
    luma: Weaver<false>,
    chroma: Weaver<true>,
}

/// A plane of the frame to finish and of its neighbours; a neighbour that does not exist is not there.
#[derive(Clone, Copy)]
struct Planes<'a> {
    before: Option<&'a [u8]>,
    now: &'a [u8],
    after: Option<&'a [u8]>,
    width: usize,
    /// The first line to make: 1 where the top field came first, else 0.
    first: usize,
}

impl Deinterlacer {
    /// One that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next frame and adds those that are finished to `out`, in order: progressive, with their own time,
    /// sample aspect ratio and colour. A frame of another size than the last starts anew.
    pub fn push(&mut self, frame: Frame, out: &mut Vec<Frame>) {
        let last = self.held.as_ref().or(self.before.as_ref());
        if last.is_some_and(|last| (last.width, last.height) != (frame.width, frame.height)) {
            self.flush(out);
        }
        if let Some(held) = self.held.take() {
            out.push(self.finish(&held, Some(&frame)));
            self.before = Some(held);
        }
        if frame.scan != Scan::Progressive {
            self.held = Some(frame);
            return;
        }
        // Between interlaced frames a progressive one tells what stands still, too; a feed without any need not keep
        // it.
        if self.before.is_some() {
            self.before = Some(frame.clone());
        }
        out.push(frame);
    }

    /// Gives out what is held and forgets everything: the next frame does not follow the last.
    pub fn flush(&mut self, out: &mut Vec<Frame>) {
        if let Some(held) = self.held.take() {
            out.push(self.finish(&held, None));
        }
        self.before = None;
    }

    fn finish(&mut self, now: &Frame, after: Option<&Frame>) -> Frame {
        let Self { before, luma, chroma, .. } = self;
        let before = before.as_ref();
        let first = usize::from(now.scan != Scan::BottomFirst);
        let planes = |of: fn(&Frame) -> &[u8], width| Planes {
            before: before.map(of),
            now: of(now),
            after: after.map(of),
            width,
            first,
        };
        let mut frame = Frame::build(&self.pool, (now.width, now.height), now.pts, |y, u, v| {
            planes(|frame| frame.y().data, now.width).finish(luma, y);
            planes(|frame| frame.u().data, now.width / 2).finish(chroma, u);
            planes(|frame| frame.v().data, now.width / 2).finish(chroma, v);
        });
        (frame.sample_aspect, frame.colour) = (now.sample_aspect, now.colour);
        frame
    }
}

impl Planes<'_> {
    fn finish<const IS_CHROMA: bool>(self, weaver: &mut Weaver<IS_CHROMA>, out: &mut [u8]) {
        for (y, out) in out.chunks_exact_mut(self.width.max(1)).enumerate() {
            match self.lines(y) {
                Some(lines) if y % 2 == self.first => weaver.weave(&lines, out),
                _ => out.copy_from_slice(self.line(self.now, y).unwrap_or(&[])),
            }
        }
    }

    /// What line `y` is made from; `None` where no line of the other field is beside it.
    fn lines(&self, y: usize) -> Option<Lines<'_>> {
        // Without a frame before, or after, the other one stands in for the motion test, and this frame's own second
        // field is the only one to weave in.
        let before = self.before.or(self.after).unwrap_or(self.now);
        let after = self.after.or(self.before).unwrap_or(self.now);
        let second = self.before.unwrap_or(self.now);
        let line = |plane, y: Option<usize>| y.and_then(|y| self.line(plane, y));
        let (up, down) = (y.checked_sub(1), Some(y + 1));
        let (up, down) = (line(self.now, up).and(up).or(down), line(self.now, down).and(down).or(up));
        let beside = |plane| Some((line(plane, up)?, line(plane, down)?));
        let now = beside(self.now)?;
        let pair = |y: Option<usize>| Some((line(second, y)?, line(self.now, y)?));
        let missing = pair(Some(y))?;
        Some(Lines {
            before: beside(before)?,
            now,
            after: beside(after)?,
            beyond: (line(self.now, y.checked_sub(3)).unwrap_or(now.0), line(self.now, Some(y + 3)).unwrap_or(now.1)),
            missing,
            missing_above: pair(y.checked_sub(2)).unwrap_or(missing),
            missing_below: pair(Some(y + 2)).unwrap_or(missing),
            is_alone: self.before.is_none() && self.after.is_none(),
        })
    }

    fn line<'a>(&self, plane: &'a [u8], y: usize) -> Option<&'a [u8]> {
        plane.get(y * self.width..(y + 1) * self.width)
    }
}

#[cfg(test)]
mod tests;
