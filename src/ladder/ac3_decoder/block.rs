//! Audio blocks: side information, exponents, mantissas, coupling and rematrixing to coefficients (clauses 5.4.3 and 7.1 to
//! 7.7). What a block does not send anew stays as the last one had it.

use super::{
    Broken, Header,
    allocation::Parameters,
    bits::Bits,
    coupling::Coupled,
    mantissas::{Mantissas, Noise},
    state::State,
};

/// Everything that a block leaves for the next.
pub(super) struct Blocks {
    /// Five full channels, then the low frequency one.
    pub(super) channels: [State; CHANNELS],
    pub(super) coupling: State,
    pub(super) coupled: Option<Coupled>,
    /// Bands in which the right channel is turned (clause 5.4.3.18), and the leaks of clause 5.4.3.45: both stay as they are
    /// when the coupling strategy is sent anew.
    pub(super) turned: [bool; 18],
    leaks: (i32, i32),
    /// Bands of sums and differences instead of left and right.
    rematrix: [bool; 4],
    parameters: Parameters,
    noise: Noise,
}

impl Blocks {
    pub(super) fn new() -> Self {
        Self {
            channels: std::array::from_fn(|_| State::new()),
            coupling: State::new(),
            coupled: None,
            turned: [false; 18],
            leaks: (0, 0),
            rematrix: [false; 4],
            parameters: Parameters::default(),
            noise: Noise(1),
        }
    }

    /// Reads one block to the coefficients of its channels; `is_first` of its syncframe.
    pub(super) fn read(&mut self, bits: &mut Bits<'_>, header: &Header, is_first: bool) -> Result<(), Broken> {
        let full = header.full_channels();
        self.parameters.rate = header.rate;
        for channel in self.channels.iter_mut().take(full) {
            channel.is_switched = bits.flag()?;
        }
        for channel in self.channels.iter_mut().take(full) {
            channel.has_noise = bits.flag()?;
        }
        self.read_gains(bits, header, is_first)?;
        self.read_coupling(bits, header, is_first)?;
        self.read_rematrix(bits, header, is_first)?;
        self.read_exponents(bits, header, is_first)?;
        self.read_allocation(bits, header, is_first)?;
        self.read_deltas(bits, full, is_first)?;
        if bits.flag()? {
            let unused = bits.read(9)? as usize;
            bits.skip(8 * unused)?;
        }
        self.allocate(full, header.has_lfe);
        self.read_mantissas(bits, full, header.has_lfe)?;
        if header.mode == 2 {
            self.undo_rematrix();
        }
        for channel in &mut self.channels {
            let gain = channel.gain;
            channel.coefficients.iter_mut().for_each(|coefficient| *coefficient *= gain);
        }
        Ok(())
    }

    /// `dynrng` (clause 7.7.1.2), for each of two single channels its own.
    fn read_gains(&mut self, bits: &mut Bits<'_>, header: &Header, is_first: bool) -> Result<(), Broken> {
        for program in 0..if header.mode == 0 { 2 } else { 1 } {
            let word = if bits.flag()? {
                bits.read(8)?
            } else if is_first {
                0
            } else {
                continue;
            };
            let exponent = i32::from((word as u8).cast_signed() >> 5);
            let gain = (32 + (word & 31)) as f32 / 32.0 * (exponent as f32).exp2();
            let last = if header.mode == 0 { program + 1 } else { CHANNELS };
            self.channels.iter_mut().take(last).skip(program).for_each(|channel| channel.gain = gain);
        }
        Ok(())
    }

    fn read_rematrix(&mut self, bits: &mut Bits<'_>, header: &Header, is_first: bool) -> Result<(), Broken> {
        if header.mode != 2 {
            return Ok(());
        }
        if bits.flag()? {
            let count = match self.coupled.as_ref().map(|coupled| coupled.begin) {
                Some(0) => 2,
                Some(1 | 2) => 3,
                _ => 4,
            };
            self.rematrix = [false; 4];
            for band in self.rematrix.iter_mut().take(count) {
                *band = bits.flag()?;
            }
        } else if is_first {
            return Err(Broken("a first block without its rematrixing"));
        }
        Ok(())
    }

    fn read_allocation(&mut self, bits: &mut Bits<'_>, header: &Header, is_first: bool) -> Result<(), Broken> {
        if bits.flag()? {
            let codes = [bits.read(2)?, bits.read(2)?, bits.read(2)?, bits.read(2)?, bits.read(3)?];
            self.parameters.set(codes);
        } else if is_first {
            return Err(Broken("a first block without its bit allocation"));
        }
        if bits.flag()? {
            self.parameters.coarse_snr = bits.read(6)? as i32;
            let full = self.channels.iter_mut().take(header.full_channels());
            let coupling = self.coupled.is_some().then_some(&mut self.coupling);
            for channel in coupling.into_iter().chain(full) {
                channel.read_offsets(bits)?;
            }
            if let (true, Some(channel)) = (header.has_lfe, self.channels.last_mut()) {
                channel.read_offsets(bits)?;
            }
        } else if is_first {
            return Err(Broken("a first block without its signal to noise offsets"));
        }
        if self.coupled.is_some() {
            if bits.flag()? {
                let leaks = [bits.read(3)?, bits.read(3)?].map(|leak| ((leak << 8) + 768) as i32);
                self.leaks = leaks.into();
            } else if is_first {
                return Err(Broken("a first block without its coupling leaks"));
            }
        }
        Ok(())
    }

    fn read_deltas(&mut self, bits: &mut Bits<'_>, full: usize, is_first: bool) -> Result<(), Broken> {
        if !bits.flag()? {
            if is_first {
                self.channels.iter_mut().chain([&mut self.coupling]).for_each(|channel| channel.deltas.clear());
            }
            return Ok(());
        }
        let full = self.channels.iter_mut().take(full);
        let mut all: [Option<(&mut State, u32)>; CHANNELS] = [const { None }; CHANNELS];
        let coupling = self.coupled.is_some().then_some(&mut self.coupling);
        for (place, channel) in all.iter_mut().zip(coupling.into_iter().chain(full)) {
            *place = Some((channel, bits.read(2)?));
        }
        for (channel, code) in all.into_iter().flatten() {
            match code {
                0 => {}
                1 => {
                    channel.deltas.clear();
                    for _ in 0..=bits.read(3)? {
                        channel.deltas.push((bits.read(5)? as u8, bits.read(4)? as u8, bits.read(3)? as u8));
                    }
                }
                2 => channel.deltas.clear(),
                _ => return Err(Broken("a reserved delta bit allocation")),
            }
        }
        Ok(())
    }

    fn allocate(&mut self, full: usize, has_lfe: bool) {
        for (place, channel) in self.channels.iter_mut().enumerate() {
            let is_lfe = place == LFE;
            if place < full || is_lfe && has_lfe {
                channel.allocate(&self.parameters, 0, channel.end, None, is_lfe);
            }
        }
        if let Some(coupled) = &self.coupled {
            let (start, end) = (coupled.start, coupled.end);
            self.coupling.allocate(&self.parameters, start, end, Some(self.leaks), false);
        }
    }

    fn read_mantissas(&mut self, bits: &mut Bits<'_>, full: usize, has_lfe: bool) -> Result<(), Broken> {
        let mut mantissas = Mantissas::new();
        let mut is_shared_read = false;
        for (place, channel) in self.channels.iter_mut().enumerate() {
            channel.coefficients = [0.0; 256];
            if place >= full && !(place == LFE && has_lfe) {
                continue;
            }
            let noise = (channel.has_noise && place != LFE).then_some(&mut self.noise);
            channel.read_coefficients(bits, &mut mantissas, noise, 0..channel.end)?;
            if let (true, false, Some(coupled)) = (channel.is_coupled, is_shared_read, &self.coupled) {
                self.coupling.coefficients = [0.0; 256];
                self.coupling.read_coefficients(bits, &mut mantissas, None, coupled.start..coupled.end)?;
                is_shared_read = true;
            }
        }
        if let Some(coupled) = &self.coupled {
            for (place, channel) in self.channels.iter_mut().enumerate().filter(|(_, channel)| channel.is_coupled) {
                let turned = if place == 1 { &self.turned } else { &[false; 18] };
                coupled.spread(&self.coupling, channel, turned, &mut self.noise);
            }
        }
        Ok(())
    }

    /// Clause 7.5.4.
    fn undo_rematrix(&mut self) {
        let [left, right, ..] = &mut self.channels;
        // Above the start of the coupling channel there is nothing of their own.
        let own = |state: &State| self.coupled.as_ref().map_or(state.end, |coupled| coupled.start.min(state.end));
        let end = own(left).min(own(right));
        let bands = [13..25, 25..37, 37..61, 61..253];
        for (range, _) in bands.into_iter().zip(self.rematrix).filter(|(_, is_on)| *is_on) {
            let pairs = left.coefficients.iter_mut().zip(&mut right.coefficients);
            for (left, right) in pairs.take(range.end.min(end)).skip(range.start) {
                (*left, *right) = (*left + *right, *left - *right);
            }
        }
    }
}

pub(super) const CHANNELS: usize = 6;
const LFE: usize = 5;

#[cfg(test)]
mod tests;
