//! The coupling channel: what is above a bin of several channels, sent once (clauses 5.4.3.7 to 5.4.3.18 and 7.4).

use super::{
    Broken, Header,
    bits::Bits,
    block::Blocks,
    mantissas::Noise,
    state::{State, scale},
};

/// The coupling channel, while there is one.
pub(super) struct Coupled {
    pub(super) begin: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The band of each sub-band of 12 bins.
    bands: [usize; 18],
    count: usize,
    has_phases: bool,
}

impl Blocks {
    pub(super) fn read_coupling(&mut self, bits: &mut Bits<'_>, header: &Header, is_first: bool) -> Result<(), Broken> {
        let full = header.full_channels();
        if bits.flag()? {
            self.coupled = None;
            self.channels.iter_mut().for_each(|channel| channel.is_coupled = false);
            if bits.flag()? {
                for channel in self.channels.iter_mut().take(full) {
                    channel.is_coupled = bits.flag()?;
                }
                self.coupled = Some(Coupled::read(bits, header.mode)?);
            }
        } else if is_first {
            return Err(Broken("a first block without its coupling strategy"));
        }
        let Some(coupled) = &self.coupled else { return Ok(()) };
        let mut is_any = false;
        for channel in self.channels.iter_mut().take(full).filter(|channel| channel.is_coupled) {
            if bits.flag()? {
                is_any = true;
                let master = 3 * bits.read(2)?;
                for share in channel.share.iter_mut().take(coupled.count) {
                    let (exponent, mantissa) = (bits.read(4)?, bits.read(4)?);
                    let fraction = if exponent == 15 { mantissa as f32 / 16.0 } else { (mantissa + 16) as f32 / 32.0 };
                    *share = fraction * (3.0 - (exponent + master) as f32).exp2();
                }
            }
        }
        if header.mode == 2 && is_any {
            for turned in self.turned.iter_mut().take(coupled.count) {
                *turned = coupled.has_phases && bits.flag()?;
            }
        }
        Ok(())
    }
}

impl Coupled {
    /// Phase flags, range and bands (clauses 5.4.3.10 to 5.4.3.13).
    fn read(bits: &mut Bits<'_>, mode: usize) -> Result<Self, Broken> {
        let has_phases = mode == 2 && bits.flag()?;
        let (begin, end) = (bits.read(4)? as usize, bits.read(4)? as usize + 3);
        if begin >= end {
            return Err(Broken("a coupling channel that ends before it starts"));
        }
        let (mut bands, mut band) = ([0; 18], 0);
        for place in bands.iter_mut().take(end - begin).skip(1) {
            band += usize::from(!bits.flag()?);
            *place = band;
        }
        let (start, end) = (37 + 12 * begin, 37 + 12 * end);
        Ok(Self { begin, start, end, bands, count: band + 1, has_phases })
    }

    /// Gives a channel its share (clause 7.4.3).
    pub(super) fn spread(&self, coupling: &State, channel: &mut State, turned: &[bool; 18], noise: &mut Noise) {
        let ranges = (self.start..self.end).step_by(12).zip(self.bands);
        for (start, band) in ranges {
            let share = channel.share.get(band).copied().unwrap_or(0.0);
            let is_turned = turned.get(band).is_some_and(|turned| *turned);
            let share = if is_turned { -share } else { share };
            let own = channel.coefficients.iter_mut().zip(&coupling.coefficients);
            let coded = coupling.pointers.iter().zip(&coupling.exponents);
            for ((own, shared), (pointer, exponent)) in own.zip(coded).take(start + 12).skip(start) {
                *own = match pointer {
                    0 if channel.has_noise => noise.next() * scale(*exponent) * share,
                    _ => shared * share,
                };
            }
        }
    }
}
