//! Exponents of every channel of a block (clauses 5.4.3.21 to 5.4.3.29 and 7.1).

use super::{
    Broken, Header,
    bits::Bits,
    block::{Blocks, CHANNELS},
};

impl Blocks {
    pub(super) fn read_exponents(
        &mut self,
        bits: &mut Bits<'_>,
        header: &Header,
        is_first: bool,
    ) -> Result<(), Broken> {
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
