//! One picture to every rung's size, shape and colour.
//!
//! Sizes go down a cascade, each made from the smallest larger one, so that the big source is read once (1080 → 720 →
//! 540 → …). Rungs of one size share one picture, and a rung of the source's size gets the source itself. A source of
//! another shape goes down without bars, so that its edges stay sharp, and gets them last. In the smallest rung nothing is
//! scaled up: a source below it stands in its middle. Its colour becomes BT.709 in
//! limited range once: on the largest picture made where all others come from that, else on the source. A picture that
//! is the same as the last (slate, freeze) is not scaled again. It never fails: a source of another kind is planned
//! anew.

use super::{colour_convert::ColourConvert, fit::Place, resize::Resizer};
use crate::{
    ladder::StretchMode,
    media::{Colour, Frame, FramePool},
};

/// Scales pictures to the sizes of a ladder.
pub struct Cascade {
    rungs: Vec<(usize, usize)>,
    stretch: StretchMode,
    /// Pictures fill the smallest rung, too.
    fills: bool,
    source: Source,
    /// Converts the source before all steps; where one step makes all, it converts.
    convert: Option<(ColourConvert, FramePool)>,
    steps: Vec<Step>,
    /// Rungs with bars.
    framed: Vec<Framed>,
    /// For each rung what makes it.
    makers: Vec<Maker>,
    /// One picture per step, then one per rung with bars, of the last source picture.
    made: Vec<Frame>,
    /// The last source picture, as it came and in the ladder's colour.
    last: Option<(Frame, Frame)>,
}

/// What a plan depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Source {
    size: (usize, usize),
    aspect: (u32, u32),
    colour: Colour,
}

/// One size of the cascade.
struct Step {
    size: (usize, usize),
    /// The step that it is made from; `None` is the source.
    from: Option<usize>,
    luma: Resizer,
    chroma: Resizer,
    convert: Option<ColourConvert>,
    pool: FramePool,
}

/// A rung with bars.
struct Framed {
    rung: (usize, usize),
    place: Place,
    /// The step that makes the picture; `None` is the source.
    from: Option<usize>,
    pool: FramePool,
}

#[derive(Clone, Copy)]
enum Maker {
    Source,
    Step(usize),
    Framed(usize),
}

impl Cascade {
    /// A plan from `source` to the sizes of `rungs`, (width, height) in pixels; odd sides are rounded up to even.
    /// Shapes are kept, with bars where they differ; the source is in BT.709, square samples, until a frame says
    /// otherwise.
    #[must_use]
    pub fn new(source: (usize, usize), rungs: &[(usize, usize)]) -> Self {
        Self::with_stretch(source, rungs, StretchMode::AutoFit)
    }

    /// The same with another way for a source whose shape is not a rung's.
    #[must_use]
    pub fn with_stretch(source: (usize, usize), rungs: &[(usize, usize)], stretch: StretchMode) -> Self {
        let mut cascade = Self {
            rungs: rungs.iter().map(|size| even(*size)).collect(),
            stretch,
            fills: false,
            source: Source { size: even(source), aspect: (1, 1), colour: Colour::BT709 },
            convert: None,
            steps: Vec::new(),
            framed: Vec::new(),
            makers: Vec::new(),
            made: Vec::new(),
            last: None,
        };
        cascade.plan();
        cascade
    }

    /// A plan that fills every rung, whatever the shape and size of the source: slates are stretched to the display (A14.5).
    pub(crate) fn of_stills(source: (usize, usize), rungs: &[(usize, usize)]) -> Self {
        let mut cascade = Self { fills: true, ..Self::with_stretch(source, rungs, StretchMode::Stretch) };
        cascade.plan();
        cascade
    }

    /// Adds one picture per rung to `out`, in the order of the rungs, each with the time of `frame` and in BT.709 in
    /// limited range. What a frame does not state of its colour is taken as usual for its height.
    pub fn scale(&mut self, frame: &Frame, out: &mut Vec<Frame>) {
        let (size, aspect) = ((frame.width, frame.height), frame.sample_aspect);
        let colour = frame.colour.or_usual_for(u32::try_from(size.1).unwrap_or(u32::MAX));
        let source = Source { size, aspect, colour };
        if source != self.source {
            self.source = source;
            self.plan();
        }
        let is_repeat = self.last.as_ref().is_some_and(|(last, _)| last.is_same_picture(frame));
        if !is_repeat {
            self.make(frame);
        }
        for maker in &self.makers {
            let made = match maker {
                Maker::Source => self.last.as_ref().map(|(_, converted)| converted),
                Maker::Step(n) => self.made.get(*n),
                Maker::Framed(n) => self.made.get(self.steps.len() + n),
            };
            let mut picture = made.unwrap_or(frame).clone();
            (picture.pts, picture.colour) = (frame.pts, Colour::BT709);
            if self.stretch == StretchMode::Stretch {
                picture.sample_aspect = (1, 1);
            }
            out.push(picture);
        }
    }

    /// Pictures that each source picture gives.
    pub(crate) fn rungs(&self) -> usize {
        self.rungs.len()
    }

    fn make(&mut self, frame: &Frame) {
        // Buffers go back to their pools before new ones are taken.
        self.made.clear();
        self.last = None;
        let source = match &mut self.convert {
            Some((convert, pool)) => converted(frame, convert, pool),
            None => frame.clone(),
        };
        for step in &mut self.steps {
            let made = step.make(step.from.and_then(|from| self.made.get(from)).unwrap_or(&source));
            self.made.push(made);
        }
        for Framed { rung, place, from, pool } in &self.framed {
            let picture = from.and_then(|from| self.made.get(from)).unwrap_or(&source);
            let made = place.frame(picture, *rung, pool);
            self.made.push(made);
        }
        self.last = Some((frame.clone(), source));
    }

    fn plan(&mut self) {
        let Source { size: source, aspect, colour } = self.source;
        let smallest = self.rungs.iter().copied().min_by_key(|(width, height)| (width * height, *width));
        let place = |rung: &(usize, usize)| match smallest {
            Some(smallest) if smallest == *rung && !self.fills => self.stretch.place_in_smallest(source, aspect, *rung),
            _ => self.stretch.place(source, aspect, *rung),
        };
        let mut sizes: Vec<_> = self.rungs.iter().map(|rung| place(rung).size).collect();
        sizes.sort_unstable_by_key(|(width, height)| std::cmp::Reverse((width * height, *width)));
        sizes.dedup();
        sizes.retain(|size| *size != source);
        self.steps = plan_steps(source, sizes);
        self.framed.clear();
        self.makers.clear();
        for rung in &self.rungs {
            let place = place(rung);
            let from = self.steps.iter().position(|step| step.size == place.size);
            self.makers.push(match from {
                None if place.fills(*rung) => Maker::Source,
                Some(from) if place.fills(*rung) => Maker::Step(from),
                _ => {
                    let known = self.framed.iter().position(|framed| framed.rung == *rung);
                    Maker::Framed(known.unwrap_or_else(|| {
                        self.framed.push(Framed { rung: *rung, place, from, pool: FramePool::new() });
                        self.framed.len() - 1
                    }))
                }
            });
        }
        (self.last, self.made) = (None, Vec::new());
        self.plan_colour(ColourConvert::new(colour));
    }

    /// Puts the conversion where all pictures pass and the fewest samples do.
    fn plan_colour(&mut self, convert: Option<ColourConvert>) {
        let area = |(width, height): (usize, usize)| width * height;
        let is_source_used = self.makers.iter().any(|maker| matches!(maker, Maker::Source))
            || self.framed.iter().any(|framed| framed.from.is_none());
        let source = area(self.source.size);
        let mut roots = self.steps.iter_mut().filter(|step| step.from.is_none());
        self.convert = None;
        match (roots.next(), roots.next()) {
            (Some(root), None) if !is_source_used && area(root.size) < source => root.convert = convert,
            _ => self.convert = convert.map(|convert| (convert, FramePool::new())),
        }
    }
}

/// A step for each of `sizes`, which come down from the largest.
fn plan_steps(source: (usize, usize), sizes: Vec<(usize, usize)>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(sizes.len());
    for size in sizes {
        let is_larger = |of: (usize, usize)| of.0 >= size.0 && of.1 >= size.1;
        let from = steps.iter().enumerate().rev().find(|(_, step)| is_larger(step.size));
        // A source that is between two rungs is nearer than the larger rung, which was scaled up from it.
        let from = from.filter(|(_, step)| !is_larger(source) || step.size.0 * step.size.1 <= source.0 * source.1);
        let step = Step::new(size, from.map(|(n, _)| n), from.map_or(source, |(_, step)| step.size));
        steps.push(step);
    }
    steps
}

/// `frame` in the ladder's colour, as a picture of its own.
fn converted(frame: &Frame, convert: &mut ColourConvert, pool: &FramePool) -> Frame {
    let mut made = Frame::build(pool, (frame.width, frame.height), frame.pts, |y, u, v| {
        y.copy_from_slice(frame.y().data);
        u.copy_from_slice(frame.u().data);
        v.copy_from_slice(frame.v().data);
        convert.convert(frame.width, y, u, v);
    });
    made.sample_aspect = frame.sample_aspect;
    made
}

impl Step {
    fn new(size: (usize, usize), from: Option<usize>, from_size: (usize, usize)) -> Self {
        let half = |(width, height): (usize, usize)| (width / 2, height / 2);
        Self {
            size,
            from,
            luma: Resizer::new(from_size, size),
            chroma: Resizer::new(half(from_size), half(size)),
            convert: None,
            pool: FramePool::new(),
        }
    }

    fn make(&mut self, from: &Frame) -> Frame {
        let mut frame = Frame::build(&self.pool, self.size, from.pts, |y, u, v| {
            self.luma.resize(from.y().data, y);
            self.chroma.resize(from.u().data, u);
            self.chroma.resize(from.v().data, v);
            if let Some(convert) = &mut self.convert {
                convert.convert(self.size.0, y, u, v);
            }
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
mod tests;
