//! Any sound to the channel's sound: stereo at one sample rate, without a gap.
//!
//! More channels are mixed down with the coefficients of Rec. ITU-R BS.775-3 annex 4 table 2, scaled so that nothing
//! clips; mono goes to both sides, and a single surround to both at half its power (A12.15; ATSC A/52:2018 clause 7.8.2).
//! Channels stand in the order left, right, centre, low frequency, then back and side pairs; the low frequency channel is
//! left out. Times are counted in samples from the first one after a
//! restart: they never drift from the samples, whatever the rounding of the source's own time stamps.

use super::resample::Resampler;
use crate::{
    media::Samples,
    time::{MediaDuration, MediaTime, Timescale},
};

/// Turns a source's samples into continuous stereo at the channel's rate.
///
/// The caller watches the source's time stamps and says [`restart`](Self::restart) at a gap; in between the time of what
/// comes out follows from the first `pts` and the number of samples alone.
pub struct SoundNormaliser {
    rate: Timescale,
    /// What the source was like at the last push.
    source: Option<(u32, u8)>,
    /// One for each side, and the rate that they take; `None` where the rate is right already.
    resamplers: Option<(u32, [Resampler; 2])>,
    start: MediaTime,
    /// Instants given out since `start`.
    given: i64,
    left: Vec<i16>,
    right: Vec<i16>,
}

impl SoundNormaliser {
    /// A normaliser to stereo at `sample_rate`; 44 100 Hz in the presets.
    #[must_use]
    pub fn new(sample_rate: Timescale) -> Self {
        let (left, right) = (Vec::new(), Vec::new());
        Self { rate: sample_rate, source: None, resamplers: None, start: MediaTime::ZERO, given: 0, left, right }
    }

    /// Takes `samples` and gives out what is due, which may be nothing: the filter waits for 36 samples, 0.75 ms at
    /// 48 kHz. A source that changes its rate or channels is taken up anew by itself.
    ///
    /// Samples of a rate that no broadcast uses (outside 7 350 to 192 000 Hz), of no channel or of more than 8 are taken as
    /// none.
    pub fn push(&mut self, samples: Samples) -> Samples {
        let Samples { pts, sample_rate, channels, mut data } = samples;
        if !RATES.contains(&sample_rate) || !(1..=8).contains(&channels) {
            data.clear();
            return self.wrap(data);
        }
        if self.source != Some((sample_rate, channels)) {
            self.take_up(pts, sample_rate, channels);
        }
        if self.resamplers.is_none() && channels == 2 {
            data.truncate(data.len() / 2 * 2);
            return self.wrap(data);
        }
        mix_down(&data, channels, &mut self.left, &mut self.right);
        data.clear();
        match &mut self.resamplers {
            None => data.extend(self.left.iter().zip(&self.right).flat_map(|(l, r)| [*l, *r])),
            Some((_, [left, right])) => {
                // One side does for both where they are the same.
                let is_mono = channels == 1;
                left.push(self.left.iter().copied(), |sample| data.extend([sample, if is_mono { sample } else { 0 }]));
                let right_in = if is_mono { &[][..] } else { &self.right };
                let mut pairs = data.chunks_exact_mut(2);
                right.push(right_in.iter().copied(), |sample| {
                    if let Some([_, side]) = pairs.next() {
                        *side = sample;
                    }
                });
            }
        }
        self.wrap(data)
    }

    /// The next samples do not follow the last: forgets what is held back and takes its time from their `pts`.
    pub fn restart(&mut self) {
        self.source = None;
    }

    /// Time of the next sample to come out, where sound has been pushed since the last restart.
    #[must_use]
    pub fn next_pts(&self) -> Option<MediaTime> {
        self.source.map(|_| self.start.plus(MediaDuration::from_ticks(self.given, self.rate)))
    }

    fn take_up(&mut self, pts: MediaTime, sample_rate: u32, channels: u8) {
        match &mut self.resamplers {
            Some((from, both)) if *from == sample_rate => both.iter_mut().for_each(Resampler::restart),
            resamplers => {
                let to = self.rate.per_second();
                let new = || Resampler::new(sample_rate, to);
                *resamplers = (sample_rate != to).then(|| (sample_rate, [new(), new()]));
            }
        }
        (self.source, self.start, self.given) = (Some((sample_rate, channels)), pts, 0);
    }

    fn wrap(&mut self, data: Vec<i16>) -> Samples {
        let pts = self.start.plus(MediaDuration::from_ticks(self.given, self.rate));
        self.given += (data.len() / 2) as i64;
        Samples { pts, sample_rate: self.rate.per_second(), channels: 2, data }
    }
}

/// Mixes interleaved `data` down to two sides.
fn mix_down(data: &[i16], channels: u8, left: &mut Vec<i16>, right: &mut Vec<i16>) {
    let matrix = MATRICES.get(usize::from(channels) - 1).copied().unwrap_or(&[]);
    left.clear();
    right.clear();
    for instant in data.chunks_exact(usize::from(channels)) {
        let (mut l, mut r) = (0i32, 0i32);
        for (sample, [to_left, to_right]) in instant.iter().zip(matrix) {
            l += i32::from(*sample) * to_left;
            r += i32::from(*sample) * to_right;
        }
        left.push(((l + (1 << 14)) >> 15) as i16);
        right.push(((r + (1 << 14)) >> 15) as i16);
    }
}

/// Rates taken, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 7_350..=192_000;

/// For 1 to 8 channels the parts of each that go left and right, in 1/32768. Every side adds up to one at the most. With
/// s = 0.7071, a side is 1 + s (centre) + s (surround), divided by the sum: 1 : s = 19195 : 13573 with one such part,
/// 13573 : 9597 with two, 10498 : 7423 with three. A single surround goes to each side by s², as it is heard from both.
const MATRICES: [&[[i32; 2]]; 8] = [
    &[[32_768, 32_768]],
    &[[32_768, 0], [0, 32_768]],
    &[[19_195, 0], [0, 19_195], [13_573, 13_573]],
    &[[14_847, 0], [0, 14_847], [10_498, 10_498], [7423, 7423]],
    &[[13_573, 0], [0, 13_573], [9597, 9597], [9597, 0], [0, 9597]],
    &[[13_573, 0], [0, 13_573], [9597, 9597], [0, 0], [9597, 0], [0, 9597]],
    &[[11_244, 0], [0, 11_244], [7951, 7951], [0, 0], [5622, 5622], [7951, 0], [0, 7951]],
    &[[10_498, 0], [0, 10_498], [7423, 7423], [0, 0], [7423, 0], [0, 7423], [7423, 0], [0, 7423]],
];

#[cfg(test)]
mod tests;
