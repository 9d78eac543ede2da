//! Mantissas of a block (clause 7.3): most channels' small ones share code words.

use super::{Broken, bits::Bits};

/// Reads the mantissas of one block: what is left of the code words that are shared.
pub(super) struct Mantissas {
    three: Shared,
    five: Shared,
    eleven: Shared,
}

/// Values of a code word that were not taken yet, the next one last.
#[derive(Default)]
struct Shared {
    values: [u32; 3],
    left: usize,
}

/// The noise that stands for what has no bits (clause 7.3.4): the same for the same stream.
pub(super) struct Noise(pub(super) u32);

impl Mantissas {
    pub(super) fn new() -> Self {
        Self { three: Shared::default(), five: Shared::default(), eleven: Shared::default() }
    }

    /// The next mantissa, of allocation `pointer` 1 to 15, between -1 and 1.
    pub(super) fn read(&mut self, bits: &mut Bits<'_>, pointer: u8) -> Result<f32, Broken> {
        let (code, levels) = match pointer {
            1 => (self.three.next(bits, 5, 3, 3)?, 3),
            2 => (self.five.next(bits, 7, 5, 3)?, 5),
            3 => (bits.read(3)?, 7),
            4 => (self.eleven.next(bits, 7, 11, 2)?, 11),
            5 => (bits.read(4)?, 15),
            _ => {
                let width = WIDTHS.get(usize::from(pointer)).copied().unwrap_or(16);
                let code = bits.read(width)? << (32 - width);
                return Ok(code as i32 as f32 / 2_147_483_648.0);
            }
        };
        if code >= levels {
            return Err(Broken("a mantissa of no level"));
        }
        Ok((2 * code as i32 - (levels as i32 - 1)) as f32 / levels as f32)
    }
}

impl Shared {
    fn next(&mut self, bits: &mut Bits<'_>, width: usize, levels: u32, count: usize) -> Result<u32, Broken> {
        if self.left == 0 {
            let mut word = bits.read(width)?;
            for value in self.values.iter_mut().take(count) {
                *value = word % levels;
                word /= levels;
            }
            if word > 0 {
                return Err(Broken("a code word of no mantissas"));
            }
            self.left = count;
        }
        self.left -= 1;
        Ok(self.values.get(self.left).copied().unwrap_or(0))
    }
}

impl Noise {
    /// Evenly spread between -0.707 and 0.707.
    pub(super) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 as i32 >> 8) as f32 * (std::f32::consts::FRAC_1_SQRT_2 / 8_388_608.0)
    }
}

/// Bits of the mantissas that are coded by themselves, by their pointer (table 7.18).
const WIDTHS: [usize; 16] = [0, 0, 0, 3, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16];
