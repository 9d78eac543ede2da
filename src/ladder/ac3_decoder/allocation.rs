//! How many bits each mantissa has: the parametric bit allocation (clauses 7.2.2.1 to 7.2.2.7).

/// What all channels of a block have in common.
#[derive(Clone, Copy, Default)]
pub(super) struct Parameters {
    pub(super) slow_decay: i32,
    pub(super) fast_decay: i32,
    pub(super) slow_gain: i32,
    pub(super) db_per_bit: i32,
    pub(super) floor: i32,
    pub(super) coarse_snr: i32,
    /// `fscod`.
    pub(super) rate: usize,
}

/// What one channel has of its own.
#[derive(Clone, Copy)]
pub(super) struct Channel<'a> {
    /// Bins that are coded.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) fine_snr: i32,
    pub(super) fast_gain: i32,
    /// Where the leaks start in the coupling channel; `None` in any other.
    pub(super) leaks: Option<(i32, i32)>,
    pub(super) is_lfe: bool,
    /// Bands to skip, bands to change, and the code of the change.
    pub(super) deltas: &'a [(u8, u8, u8)],
}

impl Parameters {
    /// From the codes of the stream: `sdcycod`, `fdcycod`, `sgaincod`, `dbpbcod`, `floorcod` (tables 7.6 to 7.10).
    pub(super) fn set(&mut self, codes: [u32; 5]) {
        let [slow, fast, gain, knee, floor] = codes.map(|code| code as usize);
        let of = |table: &[i32], code: usize| table.get(code).copied().unwrap_or(0);
        self.slow_decay = of(&[0x0F, 0x11, 0x13, 0x15], slow);
        self.fast_decay = of(&[0x3F, 0x53, 0x67, 0x7B], fast);
        self.slow_gain = of(&[0x540, 0x4D8, 0x478, 0x410], gain);
        self.db_per_bit = of(&[0, 0x700, 0x900, 0xB00], knee);
        self.floor = of(&[0x2F0, 0x2B0, 0x270, 0x230, 0x1F0, 0x170, 0x0F0, -0x800], floor);
    }

    /// Writes the allocation pointer of each coded bin, from the exponents.
    pub(super) fn allocate(&self, channel: &Channel<'_>, exponents: &[u8; 256], pointers: &mut [u8; 256]) {
        pointers.fill(0);
        let offset = (((self.coarse_snr - 15) << 4) + channel.fine_snr) << 2;
        if offset == NOTHING || channel.end <= channel.start || channel.end > 253 {
            return;
        }
        let density = exponents.map(|exponent| 3072 - (i32::from(exponent) << 7));
        let (bands, first, last) = integrate(&density, channel);
        let mut mask = self.mask(channel, &bands, first, last);
        let mut band = first;
        for (skip, count, code) in channel.deltas {
            band += usize::from(*skip);
            let code = i32::from(*code);
            let change = if code >= 4 { code - 3 } else { code - 4 } << 7;
            for mask in mask.iter_mut().skip(band).take((*count).into()) {
                *mask += change;
            }
            band += usize::from(*count);
        }
        for (mask, range) in mask.iter().zip(BANDS).take(last).skip(first) {
            let level = ((mask - offset - self.floor).max(0) & 0x1FE0) + self.floor;
            let range = range.start.max(channel.start)..range.end.min(channel.end);
            for (pointer, density) in pointers.iter_mut().zip(&density).take(range.end).skip(range.start) {
                let address = ((density - level) >> 5).clamp(0, 63) as usize;
                *pointer = POINTERS.get(address).copied().unwrap_or(0);
            }
        }
    }

    /// The masking curve of bands `first` to `last`.
    fn mask(&self, channel: &Channel<'_>, bands: &[i32; 51], first: usize, last: usize) -> [i32; 50] {
        let mut excitation = [0; 50];
        let (mut fast, mut slow) = channel.leaks.unwrap_or_default();
        let (mut low, mut is_settled) = (0, channel.leaks.is_some());
        let pairs = bands.iter().zip(bands.iter().skip(1)).zip(&mut excitation).enumerate();
        for (band, ((density, next), excitation)) in pairs.take(last).skip(first) {
            if band < 22 && channel.leaks.is_none() && !(channel.is_lfe && band == 6) {
                low = low_compensation(low, *density, *next, band);
            }
            let low = if band < 22 && channel.leaks.is_none() { low } else { 0 };
            if is_settled {
                fast = (fast - self.fast_decay).max(density - channel.fast_gain);
                slow = (slow - self.slow_decay).max(density - self.slow_gain);
                *excitation = (fast - low).max(slow);
            } else {
                // Up to the first fall of the spectrum, bands 2 to 6 leak nothing.
                (fast, slow) = (density - channel.fast_gain, density - self.slow_gain);
                *excitation = fast - low;
                let is_last = channel.is_lfe && band == 6;
                is_settled = band >= 6 || band >= 2 && !is_last && density <= next;
            }
        }
        let hearing = HEARING.get(self.rate).unwrap_or(&[0; 50]);
        let each = excitation.iter_mut().zip(bands).zip(hearing);
        for ((excitation, density), hearing) in each.take(last).skip(first) {
            if *density < self.db_per_bit {
                *excitation += (self.db_per_bit - density) >> 2;
            }
            *excitation = (*excitation).max((*hearing).into());
        }
        excitation
    }
}

/// Spectral density of each band, and the range of bands that the channel has.
fn integrate(density: &[i32; 256], channel: &Channel<'_>) -> ([i32; 51], usize, usize) {
    let mut bands = [0; 51];
    let (mut first, mut last) = (50, 0);
    for (band, (sum, range)) in bands.iter_mut().zip(BANDS).enumerate() {
        let (start, end) = (range.start.max(channel.start), range.end.min(channel.end));
        if start < end {
            (first, last) = (first.min(band), band + 1);
            let mut all = density.iter().take(end).skip(start).copied();
            let head = all.next().unwrap_or(0);
            *sum = all.fold(head, add_logarithms);
        }
    }
    (bands, first, last)
}

fn add_logarithms(a: i32, b: i32) -> i32 {
    let apart = (a.abs_diff(b) >> 1).min(255) as u8;
    // The table of clause 7.2.2.3 (7.14) falls from 64 by one at each of these.
    a.max(b) + 64 - LOG_STEPS.partition_point(|step| *step <= apart) as i32
}

fn low_compensation(low: i32, density: i32, next: i32, band: usize) -> i32 {
    let rise = if band < 7 { 384 } else { 320 };
    match band {
        20.. => (low - 128).max(0),
        _ if density + 256 == next => rise,
        _ if density > next => (low - 64).max(0),
        _ => low,
    }
}

/// The signal to noise offset that means that nothing has bits.
const NOTHING: i32 = -960;
const LOG_STEPS: [u8; 64] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 20, 21, 22, 24, 25, 26, 28, 29, 30, 32, 33, 35, 37, 38,
    40, 42, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 64, 66, 69, 72, 75, 78, 81, 84, 88, 92, 96, 101, 106, 112, 118,
    126, 134, 145, 159, 178, 210,
];

/// Bins of each band (table 7.12): 28 of 1, 7 of 3, 6 of 6, 4 of 12, 5 of 24.
const BANDS: [std::ops::Range<usize>; 50] = {
    let mut bands = [const { 0..0 }; 50];
    let (mut band, mut at) = (0, 0);
    while band < 50 {
        let width = match band {
            0..28 => 1,
            28..35 => 3,
            35..41 => 6,
            41..45 => 12,
            _ => 24,
        };
        bands[band] = at..at + width;
        at += width;
        band += 1;
    }
    bands
};

/// Table 7.16.
const POINTERS: [u8; 64] = [
    0, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10, 11,
    11, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 14, 14, 14, 14, 15, 15, 15, 15, 15, 15, 15, 15, 15,
];

/// The threshold of hearing at 48, 44.1 and 32 kHz (table 7.15).
const HEARING: [[u16; 50]; 3] = [
    [
        0x4D0, 0x4D0, 0x440, 0x400, 0x3E0, 0x3C0, 0x3B0, 0x3B0, 0x3A0, 0x3A0, 0x3A0, 0x3A0, 0x3A0, 0x390, 0x390, 0x390,
        0x380, 0x380, 0x370, 0x370, 0x360, 0x360, 0x350, 0x350, 0x340, 0x340, 0x330, 0x320, 0x310, 0x300, 0x2F0, 0x2F0,
        0x2F0, 0x2F0, 0x300, 0x310, 0x340, 0x390, 0x3E0, 0x420, 0x460, 0x490, 0x4A0, 0x460, 0x440, 0x440, 0x520, 0x800,
        0x840, 0x840,
    ],
    [
        0x4F0, 0x4F0, 0x460, 0x410, 0x3E0, 0x3D0, 0x3C0, 0x3B0, 0x3B0, 0x3A0, 0x3A0, 0x3A0, 0x3A0, 0x3A0, 0x390, 0x390,
        0x390, 0x380, 0x380, 0x380, 0x370, 0x370, 0x360, 0x360, 0x350, 0x350, 0x340, 0x340, 0x320, 0x310, 0x300, 0x2F0,
        0x2F0, 0x2F0, 0x2F0, 0x300, 0x320, 0x350, 0x390, 0x3E0, 0x420, 0x450, 0x4A0, 0x490, 0x460, 0x440, 0x480, 0x630,
        0x840, 0x840,
    ],
    [
        0x580, 0x580, 0x4B0, 0x450, 0x420, 0x3F0, 0x3E0, 0x3D0, 0x3C0, 0x3B0, 0x3B0, 0x3B0, 0x3A0, 0x3A0, 0x3A0, 0x3A0,
        0x3A0, 0x3A0, 0x3A0, 0x3A0, 0x390, 0x390, 0x390, 0x390, 0x380, 0x380, 0x380, 0x370, 0x360, 0x350, 0x340, 0x330,
        0x320, 0x310, 0x300, 0x2F0, 0x2F0, 0x2F0, 0x300, 0x310, 0x330, 0x350, 0x3C0, 0x410, 0x470, 0x4A0, 0x460, 0x440,
        0x450, 0x4E0,
    ],
];
