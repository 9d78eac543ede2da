//! One 8-bit plane to another size: separable, fixed-point, bicubic.
//!
//! The kernel is the cubic of Keys with its free coefficient at -0.6, widened by the ratio when the plane shrinks. Rows are blended
//! first, into one line of 16-bit values, then columns out of that line, so that the working set is a few lines and both
//! loops are plain integer sums that the compiler turns into vector code. No allocation after construction, and the same
//! bytes on every machine. It refuses nothing: a side of nought gives an empty plane.

/// Scales planes of one size to planes of another.
pub(super) struct Resizer {
    from: (usize, usize),
    to: (usize, usize),
    rows: Axis,
    columns: Axis,
    /// The last rows of the source, widened to 16 bits: row `y` is at `y % rows.taps`.
    ring: Vec<i16>,
    /// The blended line, with [`Axis::margin`] repeated samples at either end.
    line: Vec<i16>,
    /// Sums of one new row before they are narrowed.
    sums: Vec<i32>,
}

/// Which samples of one direction make each new sample, and in what parts.
struct Axis {
    /// First source sample of each window; may lie before the plane.
    starts: Vec<isize>,
    /// The same, counted from the start of a line with its margin.
    windows: Vec<u32>,
    /// `taps` weights for each new sample, their sum [`ONE`].
    weights: Vec<i16>,
    taps: usize,
}

impl Resizer {
    /// A resizer from one size to another, in samples.
    pub(super) fn new(from: (usize, usize), to: (usize, usize)) -> Self {
        let (rows, columns) = (Axis::new(from.1, to.1, 2), Axis::new(from.0, to.0, LANES));
        let line = vec![0; from.0 + 2 * columns.margin()];
        let ring = vec![0; from.0 * rows.taps];
        Self { from, to, rows, columns, ring, line, sums: vec![0; to.0] }
    }

    /// Scales `source` to `target`, both without padding between rows. Planes of other sizes than planned are left alone.
    pub(super) fn resize(&mut self, source: &[u8], target: &mut [u8]) {
        let ((width, height), (to_width, to_height)) = (self.from, self.to);
        if source.len() < width * height || target.len() < to_width * to_height || width * height * to_width == 0 {
            return;
        }
        let (margin, taps) = (self.columns.margin(), self.rows.taps);
        let mut widened = 0;
        let rows = self.rows.starts.iter().zip(self.rows.weights.chunks_exact(taps));
        for ((start, weights), target) in rows.zip(target.chunks_exact_mut(to_width)) {
            let last = height as isize - 1;
            let wanted = (start + taps as isize).clamp(1, height as isize) as usize;
            let source =
                source.chunks_exact(width).enumerate().take(wanted).skip(widened.max(wanted.saturating_sub(taps)));
            for (y, source) in source {
                let slot = y % taps * width;
                widen(source, &mut self.ring[slot..slot + width]);
            }
            widened = widened.max(wanted);
            let row = |tap: usize| {
                let slot = (start + tap as isize).clamp(0, last) as usize % taps * width;
                &self.ring[slot..slot + width]
            };
            blend_rows(row, weights, &mut self.line[margin..margin + width]);
            let (first, last) = (self.line[margin], self.line[margin + width - 1]);
            self.line[..margin].fill(first);
            self.line[margin + width..].fill(last);
            self.columns.blend_columns(&self.line, &mut self.sums);
            for (out, sum) in target.iter_mut().zip(&self.sums) {
                *out = narrow(*sum);
            }
        }
    }
}

impl Axis {
    /// Windows for `to` samples out of `from`, of a multiple of `step` taps.
    fn new(from: usize, to: usize, step: usize) -> Self {
        let ratio = from as f64 / to.max(1) as f64;
        let stretch = ratio.max(1.0);
        let used = (4.0 * stretch).ceil() as usize;
        let taps = used.next_multiple_of(step);
        let mut axis = Self {
            starts: Vec::with_capacity(to),
            windows: Vec::with_capacity(to),
            weights: Vec::with_capacity(to * taps),
            taps,
        };
        let mut window = vec![0.0; used];
        for n in 0..to {
            let centre = (n as f64 + 0.5) * ratio - 0.5;
            let start = (centre - 2.0 * stretch).floor() as isize + 1;
            for (k, weight) in window.iter_mut().enumerate() {
                *weight = cubic(((start + k as isize) as f64 - centre) / stretch);
            }
            axis.starts.push(start);
            axis.windows.push((start + axis.margin() as isize).max(0) as u32);
            axis.push_rounded(&window);
        }
        axis
    }

    /// Appends `window` in fixed point: the largest weight takes what rounding left over, so that flat areas stay flat.
    fn push_rounded(&mut self, window: &[f64]) {
        let sum: f64 = window.iter().sum();
        let from = self.weights.len();
        self.weights.extend(window.iter().map(|weight| (weight / sum * f64::from(ONE)).round() as i16));
        let rest = i32::from(ONE) - self.weights[from..].iter().map(|weight| i32::from(*weight)).sum::<i32>();
        if let Some(largest) = self.weights[from..].iter_mut().max() {
            *largest += rest as i16;
        }
        self.weights.resize(from + self.taps, 0);
    }

    /// Repeated samples that windows need at either end.
    fn margin(&self) -> usize {
        self.taps + 2
    }

    fn blend_columns(&self, line: &[i16], sums: &mut [i32]) {
        if self.taps == LANES {
            let (weights, _) = self.weights.as_chunks::<LANES>();
            for ((sum, start), weights) in sums.iter_mut().zip(&self.windows).zip(weights) {
                if let Some(window) = line.get(*start as usize..*start as usize + LANES) {
                    *sum = window.first_chunk().map_or(0, |window| dot(window, weights));
                }
            }
            return;
        }
        let weights = self.weights.chunks_exact(self.taps);
        for ((sum, start), weights) in sums.iter_mut().zip(&self.windows).zip(weights) {
            let Some(window) = line.get(*start as usize..*start as usize + self.taps) else { continue };
            let ((window, _), (weights, _)) = (window.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
            *sum = window.iter().zip(weights).map(|(window, weights)| dot(window, weights)).sum();
        }
    }
}

/// Sums rows times weights into `line`, in units of 1/32.
fn blend_rows<'a>(row: impl Fn(usize) -> &'a [i16], weights: &[i16], line: &mut [i16]) {
    match weights {
        [a, b, c, d] => blend([row(0), row(1), row(2), row(3)], [*a, *b, *c, *d], line),
        [a, b, c, d, e, f] => {
            let rows = [row(0), row(1), row(2), row(3), row(4), row(5)];
            blend(rows, [*a, *b, *c, *d, *e, *f], line);
        }
        _ => {
            line.fill(0);
            for (n, pair) in weights.as_chunks::<2>().0.iter().enumerate() {
                let (first, second) = (row(2 * n), row(2 * n + 1));
                for ((out, a), b) in line.iter_mut().zip(first).zip(second) {
                    *out += part(*a, pair[0]) + part(*b, pair[1]) + 1;
                }
            }
        }
    }
}

fn blend<const K: usize>(rows: [&[i16]; K], weights: [i16; K], line: &mut [i16]) {
    let rows = rows.map(|row| &row[..line.len()]);
    for (x, out) in line.iter_mut().enumerate() {
        // Each part is rounded down: half a unit for each of them puts the mean right.
        let mut sum = K as i16 / 2;
        for k in 0..K {
            sum += part(rows[k][x], weights[k]);
        }
        *out = sum;
    }
}

/// The upper half of a 16-bit product, which is one vector instruction: from units of 1/128 to 1/32.
fn part(sample: i16, weight: i16) -> i16 {
    ((i32::from(sample) * i32::from(weight)) >> 16) as i16
}

/// To units of 1/128.
fn widen(from: &[u8], to: &mut [i16]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = i16::from(*from) << 7;
    }
}

fn dot(window: &[i16; LANES], weights: &[i16; LANES]) -> i32 {
    let mut sum = 0;
    for k in 0..LANES {
        sum += i32::from(window[k]) * i32::from(weights[k]);
    }
    sum
}

/// From units of 1/32 times [`ONE`] to a sample.
fn narrow(sum: i32) -> u8 {
    ((sum + (1 << 18)) >> 19).clamp(0, 255) as u8
}

/// The cubic convolution kernel of Keys, coefficient -0.6; zero from 2 on.
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.6;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    } else {
        0.0
    }
}

/// Weights of one window add up to this.
const ONE: i16 = 1 << 14;
/// Samples of a line that are multiplied at once.
const LANES: usize = 8;
