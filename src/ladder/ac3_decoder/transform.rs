//! Coefficients to samples (clauses 7.9.4 and 7.9.5): one transform of 512, or two of 256 where a block switched, windowed
//! and added to the half that the last block left.

/// What the transform of every block needs, computed once.
pub(super) struct Transform {
    /// The rising half of the window: Kaiser and Bessel's with alpha 5 (table 7.33).
    window: [f32; 256],
    long: [Complex; 128],
    short: [Complex; 64],
    /// Powers of the 128th root of one.
    roots: [Complex; 64],
}

#[derive(Clone, Copy, Default)]
struct Complex {
    re: f32,
    im: f32,
}

impl Transform {
    pub(super) fn new() -> Self {
        let unit = |turns: f64| {
            let (im, re) = (turns * std::f64::consts::TAU).sin_cos();
            Complex { re: re as f32, im: im as f32 }
        };
        let minus = |value: Complex| Complex { re: -value.re, im: -value.im };
        Self {
            window: window(),
            long: std::array::from_fn(|k| minus(unit((8 * k + 1) as f64 / 4096.0))),
            short: std::array::from_fn(|k| minus(unit((8 * k + 1) as f64 / 2048.0))),
            roots: std::array::from_fn(|k| unit(k as f64 / 128.0)),
        }
    }

    /// The 256 samples of a block; `delay` is what the last one left, and becomes what this one leaves.
    pub(super) fn run(&self, coefficients: &[f32; 256], is_switched: bool, delay: &mut [f32; 256]) -> [f32; 256] {
        let time = if is_switched { self.two_short(coefficients) } else { self.one_long(coefficients) };
        let (head, tail) = time.split_at(256);
        let mut samples = [0.0; 256];
        let rising = samples.iter_mut().zip(head).zip(delay.iter_mut()).zip(tail);
        for (((sample, head), delay), tail) in rising {
            *sample = 2.0 * (head + *delay);
            *delay = *tail;
        }
        samples
    }

    fn one_long(&self, x: &[f32; 256]) -> [f32; 512] {
        let mut z = [Complex::default(); 128];
        let (lows, highs) = (x.iter().step_by(2), x.iter().rev().step_by(2));
        for (((z, low), high), twiddle) in z.iter_mut().zip(lows).zip(highs).zip(&self.long) {
            *z = Complex { re: *high, im: *low }.times(*twiddle);
        }
        self.sum(&mut z);
        z.iter_mut().zip(&self.long).for_each(|(z, twiddle)| *z = z.times(*twiddle));
        // The steps of clause 7.9.4.1, item 5.
        let mut time = [0.0; 512];
        let re = |n: usize| z.get(n).map_or(0.0, |z| z.re);
        let im = |n: usize| z.get(n).map_or(0.0, |z| z.im);
        for (n, [even, odd]) in time.as_chunks_mut().0.iter_mut().enumerate() {
            let m = n % 64;
            [*even, *odd] = match n / 64 {
                0 => [-im(64 + m), re(63 - m)],
                1 => [-re(m), im(127 - m)],
                2 => [-re(64 + m), im(63 - m)],
                _ => [im(m), -re(127 - m)],
            };
        }
        self.windowed(time)
    }

    fn two_short(&self, x: &[f32; 256]) -> [f32; 512] {
        let half = |offset: usize| {
            let mut z = [Complex::default(); 64];
            let own = || x.iter().skip(offset).step_by(2);
            for (((z, low), high), twiddle) in
                z.iter_mut().zip(own().step_by(2)).zip(own().rev().step_by(2)).zip(&self.short)
            {
                *z = Complex { re: *high, im: *low }.times(*twiddle);
            }
            self.sum(&mut z);
            z.iter_mut().zip(&self.short).for_each(|(z, twiddle)| *z = z.times(*twiddle));
            z
        };
        let (first, second) = (half(0), half(1));
        // The steps of clause 7.9.4.2, item 5.
        let mut time = [0.0; 512];
        let of = |z: &[Complex; 64], n: usize| z.get(n).copied().unwrap_or_default();
        for (n, [even, odd]) in time.as_chunks_mut().0.iter_mut().enumerate() {
            let m = n % 64;
            [*even, *odd] = match n / 64 {
                0 => [-of(&first, m).im, of(&first, 63 - m).re],
                1 => [-of(&first, m).re, of(&first, 63 - m).im],
                2 => [-of(&second, m).re, of(&second, 63 - m).im],
                _ => [of(&second, m).im, -of(&second, 63 - m).re],
            };
        }
        self.windowed(time)
    }

    fn windowed(&self, mut time: [f32; 512]) -> [f32; 512] {
        let both = self.window.iter().chain(self.window.iter().rev());
        time.iter_mut().zip(both).for_each(|(sample, weight)| *sample *= weight);
        time
    }

    /// `z[n] = sum of z[k] * exp(2 pi i k n / N)` in place, N a power of two up to 128.
    fn sum(&self, z: &mut [Complex]) {
        let bits = z.len().trailing_zeros();
        for n in 0..z.len() {
            let mirrored = n.reverse_bits() >> (usize::BITS - bits);
            if n < mirrored {
                z.swap(n, mirrored);
            }
        }
        let mut half = 1;
        while half < z.len() {
            let step = 64 / half;
            for group in z.chunks_exact_mut(2 * half) {
                let (low, high) = group.split_at_mut(half);
                for ((low, high), root) in low.iter_mut().zip(high).zip(self.roots.iter().step_by(step)) {
                    let (a, b) = (*low, high.times(*root));
                    *low = Complex { re: a.re + b.re, im: a.im + b.im };
                    *high = Complex { re: a.re - b.re, im: a.im - b.im };
                }
            }
            half *= 2;
        }
    }
}

impl Complex {
    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }
}

fn window() -> [f32; 256] {
    let kernel = |n: usize| {
        let x = n as f64 / 128.0 - 1.0;
        bessel(std::f64::consts::PI * 5.0 * (1.0 - x * x).max(0.0).sqrt())
    };
    let all: f64 = (0..=256).map(kernel).sum();
    let mut sum = 0.0;
    std::array::from_fn(|n| {
        sum += kernel(n);
        (sum / all).sqrt() as f32
    })
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..60 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}
