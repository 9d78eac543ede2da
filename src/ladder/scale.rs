//! One picture to every rung's size.
//!
//! Sizes go down a cascade, each made from the smallest larger one, so that the big source is read once (1080 → 720 → 540
//! → …). Rungs of one size share one picture, and a rung of the source's size gets the source itself. A picture that is
//! the same as the last (slate, freeze) is not scaled again. It never fails: a source of another size is planned anew.

use super::resize::Resizer;
use crate::media::{Frame, FramePool};

/// Scales pictures to the sizes of a ladder.
pub struct Cascade {
    rungs: Vec<(usize, usize)>,
    source: (usize, usize),
    steps: Vec<Step>,
    /// For each rung the step that makes it; `None` is the source.
    step_of_rung: Vec<Option<usize>>,
    /// One picture per step, of the last source picture.
    made: Vec<Frame>,
    last: Option<Frame>,
}

/// One size of the cascade.
struct Step {
    size: (usize, usize),
    /// The step that it is made from; `None` is the source.
    from: Option<usize>,
    luma: Resizer,
    chroma: Resizer,
    pool: FramePool,
}

impl Cascade {
    /// A plan from `source` to the sizes of `rungs`, (width, height) in pixels; odd sides are rounded up to even.
    #[must_use]
    pub fn new(source: (usize, usize), rungs: &[(usize, usize)]) -> Self {
        let rungs: Vec<_> = rungs.iter().map(|size| even(*size)).collect();
        let mut cascade = Self {
            rungs,
            source: even(source),
            steps: Vec::new(),
            step_of_rung: Vec::new(),
            made: Vec::new(),
            last: None,
        };
        cascade.plan();
        cascade
    }

    /// Adds one picture per rung to `out`, in the order of the rungs, each with the time of `frame`.
    pub fn scale(&mut self, frame: &Frame, out: &mut Vec<Frame>) {
        if (frame.width, frame.height) != self.source {
            self.source = (frame.width, frame.height);
            self.plan();
        }
        let is_repeat = self.last.as_ref().is_some_and(|last| last.is_same_picture(frame));
        if !is_repeat {
            // Buffers go back to their pools before new ones are taken.
            self.made.clear();
            for step in &mut self.steps {
                let made = step.make(step.from.and_then(|from| self.made.get(from)).unwrap_or(frame));
                self.made.push(made);
            }
            self.last = Some(frame.clone());
        }
        for step in &self.step_of_rung {
            let mut picture = step.and_then(|step| self.made.get(step)).unwrap_or(frame).clone();
            picture.pts = frame.pts;
            out.push(picture);
        }
    }

    fn plan(&mut self) {
        let mut sizes = self.rungs.clone();
        sizes.sort_unstable_by_key(|(width, height)| std::cmp::Reverse((width * height, *width)));
        sizes.dedup();
        sizes.retain(|size| *size != self.source);
        (self.last, self.made) = (None, Vec::new());
        self.steps.clear();
        for size in sizes {
            let is_larger = |of: (usize, usize)| of.0 >= size.0 && of.1 >= size.1;
            let from = self.steps.iter().rposition(|step| is_larger(step.size));
            // A source that is between two rungs is nearer than the larger rung, which was scaled up from it.
            let source_area = self.source.0 * self.source.1;
            let from = from.filter(|from| {
                let larger = self.steps[*from].size;
                !is_larger(self.source) || larger.0 * larger.1 <= source_area
            });
            let step = Step::new(size, from, from.map_or(self.source, |from| self.steps[from].size));
            self.steps.push(step);
        }
        let place = |rung: &(usize, usize)| self.steps.iter().position(|step| step.size == *rung);
        self.step_of_rung = self.rungs.iter().map(place).collect();
    }
}

impl Step {
    fn new(size: (usize, usize), from: Option<usize>, from_size: (usize, usize)) -> Self {
        let half = |(width, height): (usize, usize)| (width / 2, height / 2);
        Self {
            size,
            from,
            luma: Resizer::new(from_size, size),
            chroma: Resizer::new(half(from_size), half(size)),
            pool: FramePool::new(),
        }
    }

    fn make(&mut self, from: &Frame) -> Frame {
        let mut frame = Frame::build(&self.pool, self.size, from.pts, |y, u, v| {
            self.luma.resize(from.y().data, y);
            self.chroma.resize(from.u().data, u);
            self.chroma.resize(from.v().data, v);
        });
        frame.sample_aspect = aspect(from, self.size);
        frame
    }
}

/// The sample aspect ratio that keeps the display aspect ratio of `from` in a picture of another size.
fn aspect(from: &Frame, (width, height): (usize, usize)) -> (u32, u32) {
    let (horizontal, vertical) = from.sample_aspect;
    let a = u128::from(horizontal) * from.width as u128 * height as u128;
    let b = u128::from(vertical) * from.height as u128 * width as u128;
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    if divisor == 0 {
        return (1, 1);
    }
    match (u32::try_from(a / divisor), u32::try_from(b / divisor)) {
        (Ok(a), Ok(b)) if a != 0 && b != 0 => (a, b),
        _ => (1, 1),
    }
}

fn even((width, height): (usize, usize)) -> (usize, usize) {
    (width.next_multiple_of(2), height.next_multiple_of(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ladder::Preset, time::MediaTime};

    fn sizes() -> Vec<(usize, usize)> {
        Preset::default_720p().rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect()
    }

    fn picture(size: (usize, usize), luma: impl Fn(usize, usize) -> u8) -> Frame {
        Frame::build(&FramePool::new(), size, MediaTime::from_flicks(7), |y, u, v| {
            for (n, p) in y.iter_mut().enumerate() {
                *p = luma(n % size.0, n / size.0);
            }
            u.fill(90);
            v.fill(200);
        })
    }

    #[test]
    fn every_rung_gets_its_size_and_equal_rungs_share_one_picture() {
        let mut cascade = Cascade::new((1920, 1080), &sizes());
        for source in [(1920, 1080), (1280, 720), (640, 360), (1920, 1080)] {
            let mut out = Vec::new();
            cascade.scale(&picture(source, |_, _| 77), &mut out);
            let made: Vec<_> = out.iter().map(|frame| (frame.width, frame.height)).collect();
            assert_eq!(made, sizes());
            assert!(out[5].is_same_picture(&out[6]));
            for frame in &out {
                assert_eq!(frame.pts, MediaTime::from_flicks(7));
                assert!(frame.y().data.iter().all(|p| *p == 77), "flat stays flat");
                assert!(frame.u().data.iter().all(|p| *p == 90) && frame.v().data.iter().all(|p| *p == 200));
            }
            assert_eq!((out[0].sample_aspect, out[6].sample_aspect), ((1, 1), (256, 255)));
        }
    }

    #[test]
    fn a_source_of_the_top_rungs_size_is_the_top_rung() {
        let source = picture((1280, 720), |x, _| x as u8);
        let mut out = Vec::new();
        Cascade::new((1920, 1080), &sizes()).scale(&source, &mut out);
        assert!(out[0].is_same_picture(&source));
    }

    #[test]
    fn a_repeated_picture_is_not_scaled_again_but_has_its_own_time() {
        let (mut cascade, mut out) = (Cascade::new((1920, 1080), &sizes()), Vec::new());
        let mut source = picture((1920, 1080), |x, y| (x ^ y) as u8);
        cascade.scale(&source, &mut out);
        source.pts = MediaTime::from_flicks(8);
        cascade.scale(&source, &mut out);
        assert!(out[3].is_same_picture(&out[10]));
        assert_eq!((out[3].pts.flicks(), out[10].pts.flicks()), (7, 8));
    }

    #[test]
    fn a_ramp_keeps_its_place_and_its_ends() {
        let source = picture((1920, 1080), |x, y| (x / 15 + y / 10) as u8);
        let mut out = Vec::new();
        Cascade::new((1920, 1080), &sizes()).scale(&source, &mut out);
        for frame in &out {
            for (row, line) in frame.y().data.chunks(frame.width).enumerate() {
                for (x, p) in line.iter().enumerate() {
                    let (sx, sy) = ((x * 2 + 1) * 960 / frame.width, (row * 2 + 1) * 540 / frame.height);
                    let right = sx as f64 / 15.0 + sy as f64 / 10.0 - 0.5;
                    assert!((f64::from(*p) - right).abs() < 2.0, "{frame:?} {x},{row}: {p} {right}");
                }
            }
        }
    }

    #[test]
    fn edges_do_not_wrap_or_leak() {
        for (from, to) in [((64, 64), (34, 34)), ((34, 34), (64, 64)), ((500, 20), (34, 180)), ((2, 2), (34, 34))] {
            let source = picture(from, |x, _| if x * 2 < from.0 { 0 } else { 255 });
            let mut out = Vec::new();
            Cascade::new(from, &[to]).scale(&source, &mut out);
            for line in out[0].y().data.chunks(to.0) {
                assert_eq!((line[0], line[to.0 - 1]), (0, 255), "{from:?} {to:?}");
            }
        }
    }
}
