//! The moving test source: colour bars, a burnt-in clock, a ball, a machine-readable frame number, and a tone.
//!
//! Picture and sound are pure functions of channel time. Once a second a disc lights up for two frames and a beep of 60 ms
//! starts with it, so that sound against picture can be seen, heard and measured.

use crate::{
    media::{Frame, FramePool, FrameRate, PictureSource, SoundSource},
    splice::glyphs::Canvas,
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime, Utc},
};

/// The moving picture. Its clock shows UTC and the frame within the second.
#[derive(Debug)]
pub struct TestPattern {
    width: usize,
    height: usize,
    frame: MediaDuration,
    epoch: Utc,
    background: Vec<u8>,
    /// Film grain, [`GRAIN`] values more than a picture has: each picture starts at another place in it.
    grain: Vec<u8>,
    pool: FramePool,
}

/// The beep that goes with the picture, stereo.
#[derive(Clone, Copy, Debug)]
pub struct TestTone {
    sample_rate: i64,
}

impl TestPattern {
    /// A picture of `width` by `height` pixels at `rate`, for a channel whose clock starts at `epoch`.
    #[must_use]
    pub fn new(width: usize, height: usize, rate: FrameRate, epoch: Utc) -> Self {
        let (width, height) = (width.next_multiple_of(2), height.next_multiple_of(2));
        let (background, grain) = (bars(width, height), grain(width * height + GRAIN));
        Self { width, height, frame: rate.frame_duration(), epoch, background, grain, pool: FramePool::new() }
    }

    fn draw(&self, luma: &mut [u8], number: i64, at: MediaTime) {
        let (width, height) = (self.width, self.height);
        let mut canvas = Canvas { luma, width };
        let strip = height / 18;
        barcode(&mut canvas, strip, number);
        // A ramp that scrolls keeps every block of the lower picture moving.
        let (top, phase) = (height * 5 / 6, usize::try_from(number.rem_euclid(256)).unwrap_or(0) * 2);
        for row in canvas.luma.chunks_exact_mut(width).skip(top) {
            for (x, pixel) in row.iter_mut().enumerate() {
                let ramp = (x + phase) % 384;
                *pixel = pixel.saturating_add(u8::try_from(ramp.min(383 - ramp) / 2).unwrap_or(0));
            }
        }
        let side = height / 8;
        let (travel_x, travel_y) = (width - side, height * 5 / 6 - strip - side);
        let bounce = |n: i64, span: usize| {
            let span = span.max(1);
            let n = usize::try_from(n.rem_euclid(2 * span as i64)).unwrap_or(0);
            if n < span { n } else { 2 * span - n }
        };
        canvas.fill((bounce(number * 7, travel_x), strip + bounce(number * 5, travel_y)), (side, side), 200);
        self.clock(&mut canvas, number, at);
    }

    fn clock(&self, canvas: &mut Canvas<'_>, number: i64, at: MediaTime) {
        let (width, height) = (self.width, self.height);
        let second = at.flicks().rem_euclid(FLICKS_PER_SECOND);
        let frame = second / self.frame.flicks().max(1);
        let utc = self.epoch.plus(at.since(MediaTime::ZERO)).unix_nanos().div_euclid(1_000_000_000).rem_euclid(86_400);
        let text = format!("{:02}:{:02}:{:02}:{frame:02}", utc / 3600, utc / 60 % 60, utc % 60);
        let dot = (width / 110).max(1);
        canvas.fill((width / 6, height * 2 / 5), (width * 2 / 3, dot * 11), 24);
        canvas.write_centred(height * 2 / 5 + 2 * dot, dot, 228, &text);
        let label = format!("HEADEND TEST SOURCE   FRAME {:07}", number.rem_euclid(1 << 20));
        canvas.fill((width / 6, height * 2 / 5 + dot * 11), (width * 2 / 3, dot * 4), 24);
        canvas.write_centred(height * 2 / 5 + dot * 12, dot.div_ceil(4), 150, &label);
        let lit = frame < 2;
        let disc = height / 10;
        canvas.fill((width / 2 - disc / 2, height * 13 / 20), (disc, disc), if lit { 235 } else { 24 });
    }
}

impl PictureSource for TestPattern {
    fn picture(&mut self, at: MediaTime) -> Frame {
        let number = (at.flicks() + self.frame.flicks() / 2).div_euclid(self.frame.flicks().max(1));
        Frame::build(&self.pool.clone(), (self.width, self.height), at, |y, u, v| {
            let luma = self.width * self.height;
            let chroma = luma / 4;
            let start = usize::try_from(number.wrapping_mul(7919).rem_euclid(GRAIN as i64)).unwrap_or(0);
            for ((pixel, base), grain) in y.iter_mut().zip(&self.background).zip(&self.grain[start..]) {
                *pixel = base.saturating_add(*grain);
            }
            u.copy_from_slice(&self.background[luma..luma + chroma]);
            v.copy_from_slice(&self.background[luma + chroma..]);
            self.draw(y, number, at);
        })
    }
}

impl TestTone {
    /// A tone at `sample_rate` samples per second.
    #[must_use]
    pub const fn new(sample_rate: u32) -> Self {
        Self { sample_rate: sample_rate as i64 }
    }
}

impl SoundSource for TestTone {
    fn fill(&mut self, first: i64, out: &mut [i16]) {
        let rate = self.sample_rate.max(1);
        for (n, instant) in (first..).zip(out.chunks_exact_mut(2)) {
            let (second, within) = (n.div_euclid(rate), n.rem_euclid(rate));
            let value = if within * 1000 < 60 * rate {
                triangle(within * (500 + 100 * second.rem_euclid(10)), rate)
            } else {
                0
            };
            instant.fill(value);
        }
    }
}

/// A triangle wave of a quarter of full scale after `cycles / rate` periods: integer arithmetic, alike on every machine.
fn triangle(cycles: i64, rate: i64) -> i16 {
    let phase = cycles.rem_euclid(rate) * 4 * 8000 / rate;
    let value = match phase {
        0..=7_999 => phase,
        8_000..=23_999 => 16_000 - phase,
        _ => phase - 32_000,
    };
    i16::try_from(value).unwrap_or(0)
}

/// The frame number as 24 cells: white, black, 20 bits from the highest, even parity, white.
fn barcode(canvas: &mut Canvas<'_>, strip: usize, number: i64) {
    let number = number.rem_euclid(1 << 20);
    for cell in 0..24usize {
        let is_white = match cell {
            0 | 23 => true,
            1 => false,
            22 => number.count_ones() % 2 == 1,
            bit => number >> (21 - bit) & 1 == 1,
        };
        let (left, right) = (cell * canvas.width / 24, (cell + 1) * canvas.width / 24);
        canvas.fill((left, 0), (right - left, strip), if is_white { 235 } else { 16 });
    }
}

/// Values that a picture's grain may start at.
const GRAIN: usize = 65_521;

/// Film grain of about [`GRAIN_DEPTH`] levels, as a linear congruential generator gives it: the same everywhere. Without it
/// the picture is so easy that no rung needs its bits.
fn grain(len: usize) -> Vec<u8> {
    let mut state = 0x2545_F491u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 28
    };
    // Two draws: values near the middle are more frequent, as in film.
    (0..len).map(|_| u8::try_from(next() + next()).unwrap_or(0)).collect()
}

/// Half of the deepest grain: taken off the background, so that the mean stays.
const GRAIN_DEPTH: u8 = 15;

/// Colour bars at 75 % (the order of SMPTE EG 1) over a grey floor, as I420 planes one after the other.
fn bars(width: usize, height: usize) -> Vec<u8> {
    const BARS: [(u8, u8, u8); 7] = [
        (180, 128, 128),
        (162, 44, 142),
        (131, 156, 44),
        (112, 72, 58),
        (84, 184, 198),
        (65, 100, 212),
        (35, 212, 114),
    ];
    let mut planes = vec![128; width * height * 3 / 2];
    let (luma, chroma) = planes.split_at_mut(width * height);
    for (y, row) in luma.chunks_exact_mut(width).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            *pixel = if y < height * 5 / 6 { BARS[x * 7 / width].0 - GRAIN_DEPTH } else { 24 };
        }
    }
    let (u, v) = chroma.split_at_mut(width * height / 4);
    let coloured = height * 5 / 12;
    let panel = height / 5..height / 5 + (width / 110).max(1) * 15 / 2;
    let is_grey =
        |x: usize, y: usize| y < height / 36 || (panel.contains(&y) && (width / 12..width * 5 / 12).contains(&x));
    let rows = u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2));
    for (y, (u, v)) in rows.enumerate().take(coloured) {
        for (x, (u, v)) in u.iter_mut().zip(v).enumerate().filter(|(x, _)| !is_grey(*x, y)) {
            (*u, *v) = (BARS[x * 14 / width].1, BARS[x * 14 / width].2);
        }
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_instant_is_the_same_picture_and_the_next_is_not() {
        let pattern = || TestPattern::new(512, 288, FrameRate::FPS_30, Utc::UNIX_EPOCH);
        let at = MediaTime::from_flicks(FrameRate::FPS_30.frame_duration().flicks() * 1_234_567);
        let next = at.plus(FrameRate::FPS_30.frame_duration());
        assert_eq!(pattern().picture(at).y().data, pattern().picture(at).y().data);
        assert_ne!(pattern().picture(at).y().data, pattern().picture(next).y().data);
    }

    #[test]
    fn the_strip_holds_the_frame_number() {
        let at = MediaTime::from_flicks(FrameRate::FPS_30.frame_duration().flicks() * 0xA_5A5A);
        let frame = TestPattern::new(480, 270, FrameRate::FPS_30, Utc::UNIX_EPOCH).picture(at);
        let cell = |n: usize| frame.y().data[3 * 480 + n * 20 + 10] > 128;
        let number = (2..22).fold(0, |number, n| number << 1 | i64::from(cell(n)));
        assert_eq!(number, 0xA_5A5A);
        assert!(cell(0) && !cell(1) && cell(23));
    }

    #[test]
    fn the_beep_starts_with_the_second_and_does_not_care_how_it_is_cut() {
        let mut tone = TestTone::new(44_100);
        let mut whole = vec![0; 2 * 44_100];
        tone.fill(44_100 * 7, &mut whole);
        let loud = whole.chunks(2).rposition(|s| s[0] != 0).expect("a beep");
        assert_eq!(loud / 441, 5, "60 ms");
        let mut halves = vec![0; 2 * 44_100];
        let (a, b) = halves.split_at_mut(2 * 1000);
        tone.fill(44_100 * 7, a);
        tone.fill(44_100 * 7 + 1000, b);
        assert_eq!(whole, halves);
    }
}
