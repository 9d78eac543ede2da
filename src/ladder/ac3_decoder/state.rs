//! One channel of a syncframe: what it was sent, from exponents to coefficients.

use super::{
    Broken,
    allocation::{Channel, Parameters},
    bits::Bits,
    mantissas::{Mantissas, Noise},
};

/// One channel.
pub(super) struct State {
    pub(super) coefficients: [f32; 256],
    pub(super) is_switched: bool,
    pub(super) has_noise: bool,
    pub(super) gain: f32,
    pub(super) exponents: [u8; 256],
    pub(super) pointers: [u8; 256],
    pub(super) end: usize,
    pub(super) fine_snr: i32,
    pub(super) fast_gain: i32,
    pub(super) deltas: Vec<(u8, u8, u8)>,
    /// Coupled channels only: whether it is one, and its share of each coupling band.
    pub(super) is_coupled: bool,
    pub(super) share: [f32; 18],
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            coefficients: [0.0; 256],
            is_switched: false,
            has_noise: false,
            gain: 1.0,
            exponents: [0; 256],
            pointers: [0; 256],
            end: 0,
            fine_snr: 0,
            fast_gain: 0,
            deltas: Vec::new(),
            is_coupled: false,
            share: [0.0; 18],
        }
    }

    pub(super) fn read_offsets(&mut self, bits: &mut Bits<'_>) -> Result<(), Broken> {
        self.fine_snr = bits.read(4)? as i32;
        // Table 7.11: steps of 0x80.
        self.fast_gain = (bits.read(3)? as i32 + 1) << 7;
        Ok(())
    }

    pub(super) fn allocate(
        &mut self,
        parameters: &Parameters,
        start: usize,
        end: usize,
        leaks: Option<(i32, i32)>,
        is_lfe: bool,
    ) {
        let (fine_snr, fast_gain, deltas) = (self.fine_snr, self.fast_gain, &self.deltas[..]);
        let channel = Channel { start, end, fine_snr, fast_gain, leaks, is_lfe, deltas };
        parameters.allocate(&channel, &self.exponents, &mut self.pointers);
    }

    pub(super) fn read_coefficients(
        &mut self,
        bits: &mut Bits<'_>,
        mantissas: &mut Mantissas,
        mut noise: Option<&mut Noise>,
        range: std::ops::Range<usize>,
    ) -> Result<(), Broken> {
        let coded = self.coefficients.iter_mut().zip(&self.pointers).zip(&self.exponents);
        for ((coefficient, pointer), exponent) in coded.take(range.end).skip(range.start) {
            let mantissa = match (pointer, &mut noise) {
                (0, Some(noise)) => noise.next(),
                (0, None) => 0.0,
                (pointer, _) => mantissas.read(bits, *pointer)?,
            };
            *coefficient = mantissa * scale(*exponent);
        }
        Ok(())
    }
}

/// `2^-exponent`.
pub(super) fn scale(exponent: u8) -> f32 {
    f32::from_bits(127u32.saturating_sub(exponent.into()) << 23)
}
