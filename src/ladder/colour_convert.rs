//! Any colour to the ladder's: BT.709 in limited range, which is what every rung's encoder signals.
//!
//! Matrices are those that Rec. ITU-T H.273 clause 8.3 makes of the constants KR and KB: BT.601 of either line count,
//! BT.2020 non-constant luminance, SMPTE 240M, FCC; each in limited or full range. Luma takes its chroma from the
//! nearest sample, as 4:2:0 has one for four. Primaries and transfer stay: SD primaries differ from BT.709's by less
//! than a viewer sees, and a mapping of high dynamic range is not done here. To add a matrix: a line in [`constants`].

use crate::media::Colour;

/// Converts pictures of one colour in place.
pub(super) struct ColourConvert {
    /// What luma is multiplied by, in 1/2^14.
    gain: i16,
    /// Black, its difference from `gain` times the source's black and half a unit, in 1/32.
    offset: i32,
    /// What luma takes of both chroma differences, in 1/2^14.
    luma: [i32; 2],
    /// What each new chroma difference takes of both old ones, in 1/2^14.
    blue: [i32; 2],
    red: [i32; 2],
    /// What the chroma adds to each luma sample of two lines, in 1/32.
    added: Vec<i16>,
}

impl ColourConvert {
    /// What takes `colour`, all of it stated, to BT.709 in limited range; `None` where nothing needs to be done.
    pub(super) fn new(colour: Colour) -> Option<Self> {
        let (from, to) = (constants(colour.matrix), constants(Colour::BT709.matrix));
        if from == to && !colour.is_full_range {
            return None;
        }
        let (luma_range, chroma_range, black) =
            if colour.is_full_range { (255.0, 255.0, 0.0) } else { (219.0, 224.0, 16.0) };
        let green = 1.0 - from.0 - from.1;
        // What one unit of either chroma difference adds to red, green and blue, and by that to the new luma.
        let (of_red, of_blue) = (2.0 * (1.0 - from.0), 2.0 * (1.0 - from.1));
        let new_green = 1.0 - to.0 - to.1;
        let to_luma = (
            to.1 * of_blue - new_green * from.1 * of_blue / green,
            to.0 * of_red - new_green * from.0 * of_red / green,
        );
        let fixed = |x: f64| (x * f64::from(1 << 14)).round() as i32;
        let chroma = 224.0 / chroma_range;
        let (new_red, new_blue) = (2.0 * (1.0 - to.0), 2.0 * (1.0 - to.1));
        let gain = 219.0 / luma_range;
        Some(Self {
            gain: fixed(gain) as i16,
            offset: ((16.0 - gain * black + 0.5) * 32.0).round() as i32,
            luma: [fixed(to_luma.0 * 219.0 / chroma_range), fixed(to_luma.1 * 219.0 / chroma_range)],
            blue: [fixed((of_blue - to_luma.0) / new_blue * chroma), fixed(-to_luma.1 / new_blue * chroma)],
            red: [fixed(-to_luma.0 / new_red * chroma), fixed((of_red - to_luma.1) / new_red * chroma)],
            added: Vec::new(),
        })
    }

    /// Converts the planes of a picture of `width` samples across, even, without padding between rows.
    pub(super) fn convert(&mut self, width: usize, y: &mut [u8], u: &mut [u8], v: &mut [u8]) {
        let half = (width / 2).max(1);
        self.added.resize(2 * half, 0);
        let chroma = u.chunks_exact_mut(half).zip(v.chunks_exact_mut(half));
        for (luma, (u, v)) in y.chunks_mut(4 * half).zip(chroma) {
            self.convert_chroma(u, v);
            for line in luma.chunks_mut(2 * half) {
                for (y, added) in line.iter_mut().zip(&self.added) {
                    // The upper half of a 16-bit product, which is one vector instruction: to units of 1/32.
                    let scaled = ((i32::from(i16::from(*y) << 7) * i32::from(self.gain)) >> 16) as i16;
                    *y = ((scaled + added) >> 5).clamp(0, 255) as u8;
                }
            }
        }
    }

    /// Converts a line of chroma, and notes what it adds to the two lines of luma beside it.
    fn convert_chroma(&mut self, u: &mut [u8], v: &mut [u8]) {
        let sum = |weights: [i32; 2], u: i32, v: i32| weights[0] * u + weights[1] * v;
        let narrow = |sum: i32| (((sum + (1 << 13)) >> 14) + 128).clamp(0, 255) as u8;
        for ((u, v), added) in u.iter_mut().zip(v).zip(self.added.as_chunks_mut::<2>().0) {
            let (blue, red) = (i32::from(*u) - 128, i32::from(*v) - 128);
            *added = [(self.offset + (sum(self.luma, blue, red) >> 9)) as i16; 2];
            (*u, *v) = (narrow(sum(self.blue, blue, red)), narrow(sum(self.red, blue, red)));
        }
    }
}

/// KR and KB of a MatrixCoefficients value (H.273 table 4). What is no such matrix in 4:2:0, or not known here, counts
/// as BT.709.
pub(super) const fn constants(matrix: u8) -> (f64, f64) {
    match matrix {
        4 => (0.30, 0.11),
        5 | 6 => (0.299, 0.114),
        7 => (0.212, 0.087),
        9 | 10 => (0.2627, 0.0593),
        _ => (0.2126, 0.0722),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL_601: Colour = Colour { is_full_range: true, ..Colour::BT601_625 };
    const FULL_709: Colour = Colour { is_full_range: true, ..Colour::BT709 };
    const BT2020: Colour = Colour { primaries: 9, transfer: 14, matrix: 9, is_full_range: false };

    /// One flat colour through the converter.
    fn convert(colour: Colour, [y, u, v]: [u8; 3]) -> [u8; 3] {
        let (mut luma, mut blue, mut red) = ([y; 24], [u; 6], [v; 6]);
        ColourConvert::new(colour).unwrap().convert(6, &mut luma, &mut blue, &mut red);
        assert!(luma.iter().all(|y| *y == luma[0]) && blue.iter().all(|u| *u == blue[0]));
        [luma[0], blue[0], red[0]]
    }

    /// R'G'B' in 0 to 1 as coded by a matrix, straight from the definition.
    fn code(rgb: [f64; 3], (red, blue): (f64, f64), is_full: bool) -> [f64; 3] {
        let y = red * rgb[0] + (1.0 - red - blue) * rgb[1] + blue * rgb[2];
        let (cb, cr) = ((rgb[2] - y) / 2.0 / (1.0 - blue), (rgb[0] - y) / 2.0 / (1.0 - red));
        if is_full {
            [255.0 * y, 128.0 + 255.0 * cb, 128.0 + 255.0 * cr]
        } else {
            [16.0 + 219.0 * y, 128.0 + 224.0 * cb, 128.0 + 224.0 * cr]
        }
    }

    #[test]
    fn colour_bars_come_out_as_bt709_codes_them() {
        for colour in [Colour::BT601_625, Colour::BT601_525, FULL_601, FULL_709, BT2020] {
            for level in [0.25, 0.75, 1.0] {
                for bar in 0..8 {
                    let rgb = [bar & 2, bar & 4, bar & 1].map(|on| if on == 0 { 0.0 } else { level });
                    let source = code(rgb, constants(colour.matrix), colour.is_full_range);
                    let wanted = code(rgb, constants(1), false);
                    let made = convert(colour, source.map(|x| x.round().clamp(0.0, 255.0) as u8));
                    for (made, wanted) in made.iter().zip(wanted) {
                        assert!((f64::from(*made) - wanted).abs() <= 2.0, "{colour:?} {rgb:?}: {made} {wanted:.1}");
                    }
                }
            }
        }
    }

    #[test]
    fn black_white_and_grey_are_exact() {
        for colour in [FULL_601, FULL_709] {
            assert_eq!(convert(colour, [0, 128, 128]), [16, 128, 128]);
            assert_eq!(convert(colour, [255, 128, 128]), [235, 128, 128]);
        }
        for luma in 0..=255 {
            assert_eq!(convert(Colour::BT601_525, [luma, 128, 128]), [luma, 128, 128]);
            let full = (f64::from(luma) * 219.0 / 255.0 + 16.0).round() as u8;
            assert!(convert(FULL_709, [luma, 128, 128])[0].abs_diff(full) <= 1);
        }
    }

    #[test]
    fn what_is_bt709_already_is_left_alone() {
        assert!(ColourConvert::new(Colour::BT709).is_none());
        assert!(ColourConvert::new(Colour::UNKNOWN.or_usual_for(1080)).is_none());
        assert!(ColourConvert::new(Colour::UNKNOWN.or_usual_for(576)).is_some());
    }

    #[test]
    fn no_numbers_overflow() {
        for colour in [FULL_601, BT2020, Colour { matrix: 7, ..FULL_601 }, Colour { matrix: 4, ..FULL_601 }] {
            for n in 0..27 {
                let of = |n: usize| [0, 128, 255][n % 3];
                convert(colour, [of(n), of(n / 3), of(n / 9)]);
            }
        }
    }
}
