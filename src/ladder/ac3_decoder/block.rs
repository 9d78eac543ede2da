//! Audio blocks: side information, exponents, mantissas, coupling and rematrixing to coefficients (clauses 5.4.3 and 7.1 to
//! 7.7). What a block does not send anew stays as the last one had it.

use super::{
    Broken, Header,
    allocation::{Channel, Parameters},
    bits::Bits,
    mantissas::{Mantissas, Noise},
};

/// Everything that a block leaves for the next.
pub(super) struct Blocks {
    /// Five full channels, then the low frequency one.
    pub(super) channels: [State; CHANNELS],
    coupling: State,
    coupled: Option<Coupled>,
    /// Bands in which the right channel is turned (clause 5.4.3.18), and the leaks of clause 5.4.3.45: both stay as they are
    /// when the coupling strategy is sent anew.
    turned: [bool; 18],
    leaks: (i32, i32),
    /// Bands of sums and differences instead of left and right.
    rematrix: [bool; 4],
    parameters: Parameters,
    noise: Noise,
}

/// One channel.
pub(super) struct State {
    pub(super) coefficients: [f32; 256],
    pub(super) is_switched: bool,
    has_noise: bool,
    gain: f32,
    exponents: [u8; 256],
    pointers: [u8; 256],
    end: usize,
    fine_snr: i32,
    fast_gain: i32,
    deltas: Vec<(u8, u8, u8)>,
    /// Coupled channels only: whether it is one, and its share of each coupling band.
    is_coupled: bool,
    share: [f32; 18],
}

/// The coupling channel, while there is one.
struct Coupled {
    begin: usize,
    start: usize,
    end: usize,
    /// The band of each sub-band of 12 bins.
    bands: [usize; 18],
    count: usize,
    has_phases: bool,
}

impl State {
    fn new() -> Self {
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

    fn read_coupling(&mut self, bits: &mut Bits<'_>, header: &Header, is_first: bool) -> Result<(), Broken> {
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

    fn read_exponents(&mut self, bits: &mut Bits<'_>, header: &Header, is_first: bool) -> Result<(), Broken> {
        let full = header.full_channels();
        let reused = Err(Broken("a first block without its exponents"));
        let shared = if self.coupled.is_some() { bits.read(2)? } else { 0 };
        let mut strategies = [0; CHANNELS];
        for strategy in strategies.iter_mut().take(full) {
            *strategy = bits.read(2)?;
        }
        let low = header.has_lfe && bits.flag()?;
        if is_first && (strategies.iter().take(full).any(|strategy| *strategy == 0) || header.has_lfe && !low) {
            return reused;
        }
        let start = self.coupled.as_ref().map(|coupled| coupled.start);
        for (channel, strategy) in self.channels.iter_mut().zip(strategies).take(full) {
            if strategy != 0 {
                channel.end = match start {
                    Some(start) if channel.is_coupled => start,
                    _ => match bits.read(6)? as usize {
                        width @ 0..=60 => 37 + 3 * (width + 12),
                        _ => return Err(Broken("a channel wider than there is")),
                    },
                };
            }
        }
        if let Some(coupled) = &self.coupled {
            if shared != 0 {
                let head = bits.read(4)? << 1;
                let range = coupled.start..coupled.end;
                read_groups(bits, head, shared, &mut self.coupling.exponents, range)?;
            } else if is_first {
                return reused;
            }
        }
        for (channel, strategy) in self.channels.iter_mut().zip(strategies).take(full) {
            if strategy != 0 {
                let head = bits.read(4)?;
                channel.exponents[0] = head as u8;
                read_groups(bits, head, strategy, &mut channel.exponents, 1..channel.end)?;
                // gainrng
                bits.skip(2)?;
            }
        }
        if let (true, Some(channel)) = (low, self.channels.last_mut()) {
            let head = bits.read(4)?;
            channel.exponents[0] = head as u8;
            channel.end = 7;
            read_groups(bits, head, 1, &mut channel.exponents, 1..7)?;
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

impl State {
    fn read_offsets(&mut self, bits: &mut Bits<'_>) -> Result<(), Broken> {
        self.fine_snr = bits.read(4)? as i32;
        // Table 7.11: steps of 0x80.
        self.fast_gain = (bits.read(3)? as i32 + 1) << 7;
        Ok(())
    }

    fn allocate(&mut self, parameters: &Parameters, start: usize, end: usize, leaks: Option<(i32, i32)>, is_lfe: bool) {
        let (fine_snr, fast_gain, deltas) = (self.fine_snr, self.fast_gain, &self.deltas[..]);
        let channel = Channel { start, end, fine_snr, fast_gain, leaks, is_lfe, deltas };
        parameters.allocate(&channel, &self.exponents, &mut self.pointers);
    }

    fn read_coefficients(
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
    fn spread(&self, coupling: &State, channel: &mut State, turned: &[bool; 18], noise: &mut Noise) {
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

/// Exponents of `range`, as differences in groups of three (clause 7.1.3); `strategy` is 1, 2 or 3 for one exponent per one,
/// two or four bins.
fn read_groups(
    bits: &mut Bits<'_>,
    head: u32,
    strategy: u32,
    exponents: &mut [u8; 256],
    range: std::ops::Range<usize>,
) -> Result<(), Broken> {
    let width = 1 << (strategy - 1);
    let groups = (range.end.saturating_sub(range.start)).div_ceil(3 * width);
    let mut exponent = head as i32;
    let mut places = exponents.get_mut(range).into_iter().flat_map(|places| places.chunks_mut(width));
    for _ in 0..groups {
        let word = bits.read(7)? as i32;
        for step in [word / 25, word / 5 % 5, word % 5] {
            exponent += step - 2;
            if word >= 125 || !(0..=24).contains(&exponent) {
                return Err(Broken("an exponent out of its range"));
            }
            if let Some(places) = places.next() {
                places.fill(exponent as u8);
            }
        }
    }
    Ok(())
}

/// `2^-exponent`.
fn scale(exponent: u8) -> f32 {
    f32::from_bits(127u32.saturating_sub(exponent.into()) << 23)
}

const CHANNELS: usize = 6;
const LFE: usize = 5;

#[cfg(test)]
mod tests;
