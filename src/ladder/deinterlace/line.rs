//! One line of a frame's second field, made for the instant of the first.
//!
//! ```text
//!  line   before        this frame      after          (time in frames: first fields at -1, 0, 1, second at -½, ½)
//!  y-3                  beyond.0
//!  y-2    missing_above.0   missing_above.1
//!  y-1    before.0      now.0           after.0
//!  y      missing.0     ?  missing.1                   ? is at instant 0, missing.0 at -½ and missing.1 at ½
//!  y+1    before.1      now.1           after.1
//! ```
//!
//! All is done in bytes, sixteen samples in a vector instruction of the oldest x86-64: means round up, differences
//! saturate.

/// The lines around the one to make, all of one width.
pub(super) struct Lines<'a> {
    /// Kept lines above and below, a frame earlier.
    pub(super) before: (&'a [u8], &'a [u8]),
    /// The same of this frame.
    pub(super) now: (&'a [u8], &'a [u8]),
    /// The same a frame later.
    pub(super) after: (&'a [u8], &'a [u8]),
    /// Kept lines of this frame two further up and down.
    pub(super) beyond: (&'a [u8], &'a [u8]),
    /// The line itself, half a frame earlier and half a frame later.
    pub(super) missing: (&'a [u8], &'a [u8]),
    /// The missing field's next line above, at both instants.
    pub(super) missing_above: (&'a [u8], &'a [u8]),
    /// The missing field's next line below, at both instants.
    pub(super) missing_below: (&'a [u8], &'a [u8]),
    /// There is no other frame: everything may have moved.
    pub(super) is_alone: bool,
}

/// Makes lines; keeps the scratch space of one width. Chroma has half the lines, and edges between full colours: what it is
/// guessed from is nearer, and a slant that fits there is right.
#[derive(Default)]
pub(super) struct Weaver<const IS_CHROMA: bool> {
    /// The kept lines above and below, with [`REACH`] repeated samples at either end.
    above: Vec<u8>,
    below: Vec<u8>,
    /// The mean of the missing line's two instants: right where nothing moves.
    woven: Vec<u8>,
    /// How much each sample may differ from `woven`; padded as the kept lines.
    motion: Vec<u8>,
    /// The most motion within [`REACH`] of each sample.
    near: Vec<u8>,
}

/// A part of a line on the way, with what its samples need. Every loop over one has a fixed length and no branch.
struct Block<'a, const IS_CHROMA: bool> {
    /// From [`REACH`] samples before the block to as many after it.
    above: &'a [u8; BLOCK + 2 * REACH],
    below: &'a [u8; BLOCK + 2 * REACH],
    beyond: [[u8; BLOCK]; 2],
    woven: &'a [u8; BLOCK],
    woven_above: [u8; BLOCK],
    woven_below: [u8; BLOCK],
    motion: &'a [u8; BLOCK],
    near: &'a [u8; BLOCK],
}

impl<const IS_CHROMA: bool> Weaver<IS_CHROMA> {
    /// Makes one line. Lines of unequal widths leave the rest of `out` undefined.
    pub(super) fn weave(&mut self, lines: &Lines<'_>, out: &mut [u8]) {
        let width = out.len();
        // Whole blocks, so that none of them needs a loop for its rest.
        let whole = width.next_multiple_of(BLOCK);
        self.woven.resize(whole, 0);
        self.near.resize(whole, 0);
        self.motion.resize(whole + 2 * REACH, 0);
        pad(lines.now.0, whole, &mut self.above);
        pad(lines.now.1, whole, &mut self.below);
        let missing = lines.missing.0.iter().zip(lines.missing.1);
        self.woven.iter_mut().zip(missing).for_each(|(woven, (a, b))| *woven = half(*a, *b));
        // Beside the line nothing moves.
        self.motion.fill(0);
        if let Some(motion) = self.motion.get_mut(REACH..REACH + width) {
            if lines.is_alone {
                motion.fill(u8::MAX);
            } else {
                find_motion(lines, motion);
            }
        }
        for (near, window) in self.near.iter_mut().zip(self.motion.array_windows::<WINDOW>()) {
            *near = window.iter().fold(0, |most, motion| most.max(*motion));
        }
        for (n, out) in out.chunks_mut(BLOCK).enumerate() {
            let at = n * BLOCK;
            let made = self.block(lines, at).map(|block| block.make());
            let Some(made) = made.as_ref().or_else(|| part(&self.woven, at)) else { continue };
            out.iter_mut().zip(made).for_each(|(out, made)| *out = *made);
        }
    }

    /// The block from `at` on; `None` where nothing moves.
    fn block(&self, lines: &Lines<'_>, at: usize) -> Option<Block<'_, IS_CHROMA>> {
        let near: &[u8; BLOCK] = part(&self.near, at)?;
        if near.iter().fold(0, |most: u8, near| most.max(*near)) <= STILL {
            return None;
        }
        let between = |pair: (&[u8], &[u8])| mean(&copy(pair.0, at), &copy(pair.1, at));
        Some(Block {
            above: part(&self.above, at)?,
            below: part(&self.below, at)?,
            beyond: [copy(lines.beyond.0, at), copy(lines.beyond.1, at)],
            woven: part(&self.woven, at)?,
            woven_above: between(lines.missing_above),
            woven_below: between(lines.missing_below),
            motion: part(&self.motion, at + REACH)?,
            near,
        })
    }
}

impl<const IS_CHROMA: bool> Block<'_, IS_CHROMA> {
    fn make(&self) -> [u8; BLOCK] {
        self.settle(&self.lean(&self.guess_upright()))
    }

    /// Four kept lines (two of chroma: the others are too far off), and of the missing field what stands out from its
    /// neighbours: half of what its detail is worth when nothing moves, since it is half a frame off when something does.
    fn guess_upright(&self) -> [u8; BLOCK] {
        let (far, detail_share) = if IS_CHROMA { (0, 2) } else { (3, 5) };
        let both = |a: u8, b: u8| i16::from(a) + i16::from(b);
        let mut guess = [0; BLOCK];
        for (x, guess) in guess.iter_mut().enumerate() {
            let kept = (32 + far) * both(self.above[x + REACH], self.below[x + REACH]);
            let kept = kept - far * both(self.beyond[0][x], self.beyond[1][x]);
            let detail = 2 * i16::from(self.woven[x]) - both(self.woven_above[x], self.woven_below[x]);
            *guess = ((kept + detail_share * detail + 32) >> 6).clamp(0, 255) as u8;
        }
        guess
    }

    /// Goes half-way towards the mean along a slant, where the kept lines match much better along it than upright; of chroma
    /// all the way, where that is the edge of a colour.
    fn lean(&self, guess: &[u8; BLOCK]) -> [u8; BLOCK] {
        let (left, flat_left) = (self.mean_along::<2>(), self.mean_along::<1>());
        let (right, flat_right) = (self.mean_along::<4>(), self.mean_along::<5>());
        let (mut from, mut aim) = (*guess, [0; BLOCK]);
        for (x, (from, aim)) in from.iter_mut().zip(&mut aim).enumerate() {
            let upright = (self.badness::<3>(x), guess[x]);
            let best = self.lean_to::<2, 1>(upright, (left[x], flat_left[x]), x);
            let best = self.lean_to::<4, 5>(best, (right[x], flat_right[x]), x);
            *aim = pick(less(best.0, upright.0 - upright.0 / 4), best, upright).1;
            if IS_CHROMA {
                *from = pick(less(EDGE, upright.0.saturating_sub(best.0)), best, upright).1;
            }
        }
        mean(&from, &aim)
    }

    /// The better of `best` and the slants to one side, with its mean. A flat slant counts only beyond a steep one that
    /// fits: periodic texture matches by chance.
    fn lean_to<const STEEP: usize, const FLAT: usize>(&self, best: (u8, u8), means: (u8, u8), x: usize) -> (u8, u8) {
        let (steep, flat) = ((self.badness::<STEEP>(x), means.0), (self.badness::<FLAT>(x), means.1));
        let side = pick(less(flat.0, steep.0), flat, steep);
        pick(less(steep.0, best.0), side, best)
    }

    /// How badly three samples match about `x`, along the slant from `UP` of the window above to `6 - UP` of that
    /// below. Of chroma half as much: colours are so far apart that the sum would saturate, and all slants be alike.
    const fn badness<const UP: usize>(&self, x: usize) -> u8 {
        let (above, below) = (self.above, self.below);
        let shift = IS_CHROMA as u32;
        let left = above[x + UP - 1].abs_diff(below[x + 5 - UP]) >> shift;
        let right = above[x + UP + 1].abs_diff(below[x + 7 - UP]) >> shift;
        (above[x + UP].abs_diff(below[x + 6 - UP]) >> shift).saturating_add(left).saturating_add(right)
    }

    fn mean_along<const UP: usize>(&self) -> [u8; BLOCK] {
        std::array::from_fn(|x| half(self.above[x + UP], self.below[x + 6 - UP]))
    }

    /// Holds the guess as near to the woven sample as motion allows.
    fn settle(&self, guess: &[u8; BLOCK]) -> [u8; BLOCK] {
        let over = |a: u8, b: u8| a.saturating_sub(b);
        let mut out = [0; BLOCK];
        for (x, out) in out.iter_mut().enumerate() {
            let (above, below, woven) = (self.above[x + REACH], self.below[x + REACH], self.woven[x]);
            let (higher, lower, near) = (self.woven_above[x], self.woven_below[x], self.near[x]);
            // A comb: the woven line stands out from both kept ones, and so does a line of its field beside it. Then
            // motion may have slipped through the test (a fence that moves by its own period); but not where all is
            // still.
            let up = over(higher, above).max(over(lower, below)).min(over(woven, above)).min(over(woven, below));
            let down = over(above, higher).max(over(below, lower)).min(over(above, woven)).min(over(below, woven));
            let slack = self.motion[x].max(up.max(down).min(near.saturating_add(near)));
            *out = guess[x].max(woven.saturating_sub(slack)).min(woven.saturating_add(slack));
        }
        out
    }
}

/// All ones where `a` is less: with [`pick`] a choice that has no branch.
const fn less(a: u8, b: u8) -> u8 {
    if a < b { u8::MAX } else { 0 }
}

const fn pick(mask: u8, yes: (u8, u8), no: (u8, u8)) -> (u8, u8) {
    (no.0 ^ ((yes.0 ^ no.0) & mask), no.1 ^ ((yes.1 ^ no.1) & mask))
}

/// How far the woven line may be off: half of what the missing line changes in a frame around this instant, or what the
/// kept lines beside it change before or after, whichever is most.
fn find_motion(lines: &Lines<'_>, motion: &mut [u8]) {
    let all = [lines.before, lines.now, lines.after, lines.missing];
    let n = all.iter().fold(motion.len(), |n, (a, b)| n.min(a.len()).min(b.len()));
    let [before, now, after, missing] = all.map(|(a, b)| (&a[..n], &b[..n]));
    let motion = &mut motion[..n];
    for (x, motion) in motion.iter_mut().enumerate() {
        let earlier = half(before.0[x].abs_diff(now.0[x]), before.1[x].abs_diff(now.1[x]));
        let later = half(after.0[x].abs_diff(now.0[x]), after.1[x].abs_diff(now.1[x]));
        let own = missing.0[x].abs_diff(missing.1[x]) / 2;
        *motion = own.max(earlier).max(later);
    }
}

fn mean<const N: usize>(a: &[u8; N], b: &[u8; N]) -> [u8; N] {
    std::array::from_fn(|x| half(a[x], b[x]))
}

/// The mean, rounded up: one vector instruction.
const fn half(a: u8, b: u8) -> u8 {
    ((a as u16 + b as u16 + 1) >> 1) as u8
}

/// The samples of `line` from `at` on.
fn part<const N: usize>(line: &[u8], at: usize) -> Option<&[u8; N]> {
    line.get(at..)?.first_chunk()
}

/// The same, with zeros beyond the line's end.
fn copy(line: &[u8], at: usize) -> [u8; BLOCK] {
    part(line, at).copied().unwrap_or_else(|| {
        let mut part = [0; BLOCK];
        part.iter_mut().zip(line.iter().skip(at)).for_each(|(part, sample)| *part = *sample);
        part
    })
}

/// Copies a line with its ends repeated, for `whole` samples and [`REACH`] at either end.
fn pad(line: &[u8], whole: usize, padded: &mut Vec<u8>) {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return };
    padded.clear();
    padded.extend_from_slice(&[*first; REACH]);
    padded.extend_from_slice(line);
    padded.resize(whole + 2 * REACH, *last);
}

/// Samples to either side that a slant or a motion is looked for in.
const REACH: usize = 3;
const WINDOW: usize = 2 * REACH + 1;
/// Samples that are made at once, or woven at once where none of them moves.
const BLOCK: usize = 64;
/// A slant of chroma that matches better by this than upright is an edge.
const EDGE: u8 = 96;
/// Motion up to this is none: the result would differ by as little.
const STILL: u8 = 1;
