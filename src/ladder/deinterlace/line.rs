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
//! All is done in bytes, sixteen samples in a vector instruction of the oldest x86-64: means round up, differences saturate.

use std::ops::Range;

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

/// Makes lines; keeps the scratch space of one width.
#[derive(Default)]
pub(super) struct Weaver {
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

/// A part of a line on the way, with what its samples need.
struct Block<'a> {
    /// Padded by [`REACH`].
    above: &'a [u8],
    below: &'a [u8],
    beyond: (&'a [u8], &'a [u8]),
    woven: &'a [u8],
    motion: &'a [u8],
    near: &'a [u8],
    woven_above: [u8; BLOCK],
    woven_below: [u8; BLOCK],
}

impl Weaver {
    /// Makes one line. Lines of unequal widths leave the rest of `out` undefined.
    pub(super) fn weave(&mut self, lines: &Lines<'_>, out: &mut [u8]) {
        let width = out.len();
        self.woven.resize(width, 0);
        self.near.resize(width, 0);
        pad(lines.now.0, &mut self.above);
        pad(lines.now.1, &mut self.below);
        mean(lines.missing.0, lines.missing.1, &mut self.woven);
        self.motion.resize(width + 2 * REACH, 0);
        if lines.is_alone {
            self.motion.fill(u8::MAX);
        } else if let Some(motion) = self.motion.get_mut(REACH..REACH + width) {
            find_motion(lines, motion);
        }
        for (near, window) in self.near.iter_mut().zip(self.motion.array_windows::<WINDOW>()) {
            *near = window.iter().fold(0, |most, motion| most.max(*motion));
        }
        for (n, out) in out.chunks_mut(BLOCK).enumerate() {
            self.weave_block(lines, n * BLOCK, out);
        }
    }

    fn weave_block(&self, lines: &Lines<'_>, at: usize, out: &mut [u8]) {
        let (bare, padded) = (at..at + out.len(), at..at + out.len() + 2 * REACH);
        let (Some(woven), Some(near)) = (self.woven.get(bare.clone()), self.near.get(bare.clone())) else { return };
        if near.iter().fold(0, |most: u8, near| most.max(*near)) <= STILL {
            out.copy_from_slice(woven);
            return;
        }
        let (Some(above), Some(below)) = (self.above.get(padded.clone()), self.below.get(padded)) else { return };
        let Some(motion) = self.motion.get(REACH + at..REACH + at + out.len()) else { return };
        let (Some(beyond), Some(higher), Some(lower)) =
            (cut(lines.beyond, &bare), cut(lines.missing_above, &bare), cut(lines.missing_below, &bare))
        else {
            return;
        };
        let mut block =
            Block { above, below, beyond, woven, motion, near, woven_above: [0; BLOCK], woven_below: [0; BLOCK] };
        mean(higher.0, higher.1, &mut block.woven_above);
        mean(lower.0, lower.1, &mut block.woven_below);
        let mut guess = [0; BLOCK];
        block.guess_upright(&mut guess);
        block.lean(&mut guess);
        block.settle(&guess, out);
    }
}

impl Block<'_> {
    /// Four kept lines, and of the missing field what stands out from its neighbours: half of what its detail is worth when
    /// nothing moves, since it is half a frame off when something does.
    fn guess_upright(&self, guess: &mut [u8; BLOCK]) {
        let n = self.woven.len().min(BLOCK);
        let (above, below) = (&self.above[REACH..REACH + n], &self.below[REACH..REACH + n]);
        let (far_above, far_below) = (&self.beyond.0[..n], &self.beyond.1[..n]);
        let (woven, higher, lower) = (&self.woven[..n], &self.woven_above[..n], &self.woven_below[..n]);
        let guess = &mut guess[..n];
        for x in 0..n {
            let both = |a: u8, b: u8| i16::from(a) + i16::from(b);
            let kept = 35 * both(above[x], below[x]) - 3 * both(far_above[x], far_below[x]);
            let detail = 10 * i16::from(woven[x]) - 5 * both(higher[x], lower[x]);
            guess[x] = ((kept + detail + 32) >> 6).clamp(0, 255) as u8;
        }
    }

    /// Goes half-way towards the mean along a slant, where the kept lines match much better along it than upright.
    fn lean(&self, guess: &mut [u8; BLOCK]) {
        let windows = self.above.array_windows::<WINDOW>().zip(self.below.array_windows::<WINDOW>());
        for (guess, (above, below)) in guess.iter_mut().zip(windows) {
            // How badly three samples above match those below, when the edge goes from `up` above to `6 - up` below.
            let gap = |up: usize| {
                let (left, middle, right) = (
                    above[up - 1].abs_diff(below[5 - up]),
                    above[up].abs_diff(below[6 - up]),
                    above[up + 1].abs_diff(below[7 - up]),
                );
                half(middle, half(left, right))
            };
            let along = |up: usize| half(above[up], below[6 - up]);
            let upright = gap(3);
            let (mut best, mut mean) = (upright, *guess);
            for (steep, flat) in [(2, 1), (4, 5)] {
                // A flat slant counts only beyond a steep one that fits: periodic texture matches by chance.
                let (at_steep, at_flat) = (gap(steep), gap(flat));
                let is_steep = at_steep < best;
                (best, mean) = if is_steep { (at_steep, along(steep)) } else { (best, mean) };
                let is_flat = is_steep && at_flat < best;
                (best, mean) = if is_flat { (at_flat, along(flat)) } else { (best, mean) };
            }
            let leaning = half(*guess, mean);
            *guess = if best < upright - upright / 4 { leaning } else { *guess };
        }
    }

    /// Holds the guess as near to the woven sample as motion allows.
    fn settle(&self, guess: &[u8; BLOCK], out: &mut [u8]) {
        let n = out.len().min(BLOCK);
        let (above, below) = (&self.above[REACH..REACH + n], &self.below[REACH..REACH + n]);
        let (woven, motion, near) = (&self.woven[..n], &self.motion[..n], &self.near[..n]);
        let (higher, lower, guess) = (&self.woven_above[..n], &self.woven_below[..n], &guess[..n]);
        let out = &mut out[..n];
        for x in 0..n {
            let (woven, above, below) = (woven[x], above[x], below[x]);
            let over = |a: u8, b: u8| a.saturating_sub(b);
            // A comb: the woven line stands out from both kept ones, and so does a line of its field beside it. Then motion
            // may have slipped through the test (a fence that moves by its own period); but not where all is still.
            let up = over(higher[x], above).max(over(lower[x], below)).min(over(woven, above)).min(over(woven, below));
            let down =
                over(above, higher[x]).max(over(below, lower[x])).min(over(above, woven)).min(over(below, woven));
            let slack = motion[x].max(up.max(down).min(near[x].saturating_add(near[x])));
            let (least, most) = (woven.saturating_sub(slack), woven.saturating_add(slack));
            out[x] = guess[x].max(least).min(most);
        }
    }
}

/// How far the woven line may be off: half of what the missing line changes in a frame around this instant, or what the kept
/// lines beside it change before or after, whichever is most.
fn find_motion(lines: &Lines<'_>, motion: &mut [u8]) {
    let all = [lines.before, lines.now, lines.after, lines.missing];
    let n = all.iter().fold(motion.len(), |n, (a, b)| n.min(a.len()).min(b.len()));
    let [before, now, after, missing] = all.map(|(a, b)| (&a[..n], &b[..n]));
    let motion = &mut motion[..n];
    for x in 0..n {
        let earlier = half(before.0[x].abs_diff(now.0[x]), before.1[x].abs_diff(now.1[x]));
        let later = half(after.0[x].abs_diff(now.0[x]), after.1[x].abs_diff(now.1[x]));
        let own = missing.0[x].abs_diff(missing.1[x]) / 2;
        motion[x] = own.max(earlier).max(later);
    }
}

fn mean(a: &[u8], b: &[u8], out: &mut [u8]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = half(*a, *b);
    }
}

/// The mean, rounded up: one vector instruction.
const fn half(a: u8, b: u8) -> u8 {
    ((a as u16 + b as u16 + 1) >> 1) as u8
}

/// The same part of two lines.
fn cut<'a>(lines: (&'a [u8], &'a [u8]), part: &Range<usize>) -> Option<(&'a [u8], &'a [u8])> {
    lines.0.get(part.clone()).zip(lines.1.get(part.clone()))
}

/// Copies a line with its ends repeated.
fn pad(line: &[u8], padded: &mut Vec<u8>) {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return };
    padded.clear();
    padded.extend_from_slice(&[*first; REACH]);
    padded.extend_from_slice(line);
    padded.extend_from_slice(&[*last; REACH]);
}

/// Samples to either side that a slant or a motion is looked for in.
const REACH: usize = 3;
const WINDOW: usize = 2 * REACH + 1;
/// Samples that are made at once, or woven at once where none of them moves.
const BLOCK: usize = 64;
/// Motion up to this is none: the result would differ by as little.
const STILL: u8 = 1;
