//! A picture's colour to R'G'B' of eight bits in full range, with the primaries and the transfer that it has (Rec. ITU-T H.273
//! clause 8.3).

use super::colour_convert::constants;
use crate::media::Colour;

/// Converts samples of one colour.
pub(super) struct ToRgb {
    black: i32,
    /// What each sample is multiplied by, in 1/2^16: luma, then the chroma differences.
    gain: i32,
    red_of_v: i32,
    green_of_u: i32,
    green_of_v: i32,
    blue_of_u: i32,
}

impl ToRgb {
    /// Of `colour`, all of it stated.
    pub(super) fn new(colour: Colour) -> Self {
        let (red, blue) = constants(colour.matrix);
        let green = 1.0 - red - blue;
        let (black, luma_range, chroma_range) =
            if colour.is_full_range { (0, 255.0, 255.0) } else { (16, 219.0, 224.0) };
        let fixed = |x: f64| (x * f64::from(1 << 16)).round() as i32;
        let (gain, chroma) = (255.0 / luma_range, 255.0 / chroma_range);
        let (of_red, of_blue) = (2.0 * (1.0 - red) * chroma, 2.0 * (1.0 - blue) * chroma);
        Self {
            black,
            gain: fixed(gain),
            red_of_v: fixed(of_red),
            green_of_u: fixed(-of_blue * blue / green),
            green_of_v: fixed(-of_red * red / green),
            blue_of_u: fixed(of_blue),
        }
    }

    /// Writes three bytes for each sample of the planes Y, U and V, which are of one size.
    pub(super) fn convert(&self, [y, u, v]: [&[u8]; 3], rgb: &mut [u8]) {
        let narrow = |sum: i32| ((sum + (1 << 15)) >> 16).clamp(0, 255) as u8;
        for (((y, u), v), rgb) in y.iter().zip(u).zip(v).zip(rgb.as_chunks_mut::<3>().0) {
            let luma = (i32::from(*y) - self.black) * self.gain;
            let (u, v) = (i32::from(*u) - 128, i32::from(*v) - 128);
            *rgb = [
                narrow(luma + self.red_of_v * v),
                narrow(luma + self.green_of_u * u + self.green_of_v * v),
                narrow(luma + self.blue_of_u * u),
            ];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_bars_come_back_whatever_they_were_coded_in() {
        for matrix in [1, 5, 6, 9] {
            for is_full_range in [false, true] {
                let colour = Colour { primaries: matrix, transfer: 1, matrix, is_full_range };
                let (to_rgb, (red, blue)) = (ToRgb::new(colour), constants(matrix));
                for bar in 0..8u8 {
                    let wanted = [bar & 2, bar & 4, bar & 1].map(|on| if on == 0 { 0.0 } else { 191.25 });
                    let luma = red * wanted[0] + (1.0 - red - blue) * wanted[1] + blue * wanted[2];
                    let [u, v] = [(wanted[2] - luma) / 2.0 / (1.0 - blue), (wanted[0] - luma) / 2.0 / (1.0 - red)];
                    let (black, gain, chroma) =
                        if is_full_range { (0.0, 1.0, 1.0) } else { (16.0, 219.0 / 255.0, 224.0 / 255.0) };
                    let [y, u, v] = [black + luma * gain, 128.0 + u * chroma, 128.0 + v * chroma];
                    let [y, u, v] = [y, u, v].map(|x| [x.round() as u8; 2]);
                    let mut rgb = [0; 6];
                    to_rgb.convert([&y, &u, &v], &mut rgb);
                    for (made, wanted) in rgb.iter().zip([wanted, wanted].concat()) {
                        assert!((f64::from(*made) - wanted).abs() <= 2.0, "{colour:?} {bar}: {rgb:?} {wanted:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn black_white_and_what_is_beyond_are_the_ends_of_the_range() {
        for (colour, black, white) in
            [(Colour::BT709, 16, 235), (Colour { is_full_range: true, ..Colour::BT709 }, 0, 255)]
        {
            let to_rgb = ToRgb::new(colour);
            let mut rgb = [9; 12];
            to_rgb.convert([&[black, white, 0, 255], &[128; 4], &[128; 4]], &mut rgb);
            assert_eq!(rgb, [0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255]);
        }
    }
}
