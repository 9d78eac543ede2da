//! Sound from one sample rate to another: a windowed sinc in as many phases as the reduced ratio needs, or in
//! [`MOST_FILTERS`] where that is more: then each sample takes the filter next before its place.
//!
//! Rates stand in an exact ratio, so the place of every new sample between the old ones is a whole number of phases and
//! never drifts. The filter is symmetric about that place: it has no delay to make up for, only samples to wait for.
//! Fixed-point sums give the same output however the input was cut. To change the quality, change [`HALF`] and [`ROLL_OFF`].

/// Resamples one channel of sound.
pub(super) struct Resampler {
    /// `filters` filters of `taps` weights, their sum [`ONE`].
    weights: Vec<i16>,
    filters: usize,
    taps: usize,
    /// New samples per `step` old ones.
    phases: usize,
    step: usize,
    /// Place of the next new sample: a whole sample of `held`, where its window starts, and a phase.
    whole: usize,
    phase: usize,
    held: Vec<i16>,
}

impl Resampler {
    /// A resampler between two rates in Hz.
    pub(super) fn new(from: u32, to: u32) -> Self {
        let (step, phases) = reduced(from, to);
        // Going down, the filter cuts at the new rate's half and is longer by as much.
        let stretch = (step as f64 / phases as f64).max(1.0);
        let half = (HALF * stretch).ceil() as usize;
        let taps = (2 * half).next_multiple_of(LANES);
        let filters = phases.min(MOST_FILTERS);
        let mut weights = Vec::with_capacity(filters * taps);
        for filter in 0..filters {
            push_phase(&mut weights, taps, filter as f64 / filters as f64, stretch);
        }
        let mut resampler = Self { weights, filters, taps, phases, step, whole: 0, phase: 0, held: Vec::new() };
        resampler.restart();
        resampler
    }

    /// Forgets everything: the next sample in is the first, and the first sample out is at its place.
    pub(super) fn restart(&mut self) {
        (self.whole, self.phase) = (0, 0);
        self.held.clear();
        // Silence before the first sample, up to the middle of the first window.
        self.held.resize(self.taps / 2 - 1, 0);
    }

    /// Takes `samples` and calls `out` with each new sample that is due.
    pub(super) fn push(&mut self, samples: impl Iterator<Item = i16>, mut out: impl FnMut(i16)) {
        self.held.extend(samples);
        while let Some(window) = self.held.get(self.whole..self.whole + self.taps) {
            let place = self.phase * self.filters / self.phases;
            let weights = self.weights.get(place * self.taps..).unwrap_or(&[]);
            out(filter(window, weights));
            self.phase += self.step;
            self.whole += self.phase / self.phases;
            self.phase %= self.phases;
        }
        let done = self.whole.min(self.held.len());
        self.held.drain(..done);
        self.whole -= done;
    }
}

/// The ratio of two rates in lowest terms. The second is the number of phases: under 1 000 between all rates of ISO/IEC
/// 14496-3 table 1.18, up to the rate itself between odd ones.
pub(super) fn reduced(from: u32, to: u32) -> (usize, usize) {
    let (from, to) = (from.max(1), to.max(1));
    let (mut divisor, mut rest) = (from, to);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    ((from / divisor) as usize, (to / divisor) as usize)
}

/// Appends the filter whose centre lies `offset` of a sample after the middle of the window.
fn push_phase(weights: &mut Vec<i16>, taps: usize, offset: f64, stretch: f64) {
    let middle = (taps / 2 - 1) as f64 + offset;
    let reach = (taps / 2) as f64;
    let cut = ROLL_OFF / stretch;
    let weight = |tap: usize| {
        let x = tap as f64 - middle;
        sinc(x * cut) * kaiser(x / reach)
    };
    let sum: f64 = (0..taps).map(weight).sum();
    let from = weights.len();
    weights.extend((0..taps).map(|tap| (weight(tap) / sum * f64::from(ONE)).round() as i16));
    let rest = i32::from(ONE) - weights[from..].iter().map(|weight| i32::from(*weight)).sum::<i32>();
    if let Some(largest) = weights[from..].iter_mut().max() {
        *largest += rest as i16;
    }
}

fn filter(window: &[i16], weights: &[i16]) -> i16 {
    let (window, _) = window.as_chunks::<LANES>();
    let (weights, _) = weights.as_chunks::<LANES>();
    let mut sum = 0i64;
    for (window, weights) in window.iter().zip(weights) {
        // Eight products: the weights of a whole window stay below 2.5 in sum, and so far below 32 bits.
        let mut part = 0i32;
        for k in 0..LANES {
            part += i32::from(window[k]) * i32::from(weights[k]);
        }
        sum += i64::from(part);
    }
    let rounded = (sum + i64::from(ONE) / 2) >> ONE.trailing_zeros();
    rounded.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

fn sinc(x: f64) -> f64 {
    let angle = x * std::f64::consts::PI;
    if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle }
}

/// The Kaiser window over -1 to 1, for 80 dB.
fn kaiser(x: f64) -> f64 {
    const BETA: f64 = 7.857;
    if x.abs() >= 1.0 { 0.0 } else { bessel(BETA * (1.0 - x * x).sqrt()) / bessel(BETA) }
}

/// The modified Bessel function of the first kind and order zero, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// Zero crossings of the filter on either side.
const HALF: f64 = 36.0;
/// Where the filter has fallen to a half, as a part of the lower rate's half.
const ROLL_OFF: f64 = 0.94;
/// Weights of one window add up to this.
const ONE: i16 = 1 << 14;
/// More filters than this would take seconds to make; so many stand so close that what is off is below the 16 bits of
/// speech and music.
const MOST_FILTERS: usize = 1_000;
/// Samples that are multiplied at once.
const LANES: usize = 8;
