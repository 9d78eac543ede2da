//! The slice data of a P picture of skipped macroblocks in CABAC (Rec. ITU-T H.264 clause 9.3.4).
//!
//! Every `mb_skip_flag` is 1 and has one context, because no macroblock beside it is anything else (clause 9.3.3.1.1.1), and
//! so only that context's probability is followed; each `end_of_slice_flag` but the last is 0.

/// The bytes behind the slice header's alignment, with the stop bit and the bits after it, for so many macroblocks and this
/// `SliceQPY`, with `cabac_init_idc` 0.
pub(super) fn skipped_macroblocks(count: u32, qp: i32) -> Vec<u8> {
    let mut coder = Coder::new(qp);
    for n in 1..=count {
        coder.skip();
        coder.end(n == count);
    }
    coder.bits.bytes
}

/// The arithmetic coder of clause 9.3.4.2 with the one context.
struct Coder {
    low: u32,
    range: u32,
    /// `pStateIdx`; the flag's most probable value.
    state: usize,
    is_likely: bool,
    is_first: bool,
    outstanding: u32,
    bits: Bits,
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Coder {
    fn new(qp: i32) -> Self {
        // Clause 9.3.1.1 with m and n of ctxIdx 11 (table 9-13).
        let state = (((23 * qp.clamp(0, 51)) >> 4) + 33).clamp(1, 126);
        let is_likely = state > 63;
        let state = if is_likely { state - 64 } else { 63 - state };
        let state = usize::try_from(state).unwrap_or(0);
        Self { low: 0, range: 510, state, is_likely, is_first: true, outstanding: 0, bits: Bits::default() }
    }

    /// `mb_skip_flag` 1 (clause 9.3.4.2).
    fn skip(&mut self) {
        let quarter = (self.range >> 6 & 3) as usize;
        let less = LESS_PROBABLE.get(self.state).map_or(2, |ranges| u32::from(ranges[quarter]));
        self.range -= less;
        if self.is_likely {
            self.state = (self.state + 1).min(62);
        } else {
            (self.low, self.range) = (self.low + self.range, less);
            self.is_likely = self.state == 0;
            self.state = AFTER_LESS_PROBABLE.get(self.state).map_or(0, |state| usize::from(*state));
        }
        self.renormalise();
    }

    /// `end_of_slice_flag` (clauses 9.3.4.5 and 9.3.4.6).
    fn end(&mut self, is_last: bool) {
        self.range -= 2;
        if !is_last {
            return self.renormalise();
        }
        (self.low, self.range) = (self.low + self.range, 2);
        self.renormalise();
        self.put(self.low >> 9 & 1);
        self.bits.push(self.low >> 8 & 1);
        // rbsp_stop_one_bit
        self.bits.push(1);
    }

    fn renormalise(&mut self) {
        while self.range < 256 {
            if self.low < 256 {
                self.put(0);
            } else if self.low >= 512 {
                self.low -= 512;
                self.put(1);
            } else {
                self.low -= 256;
                self.outstanding += 1;
            }
            (self.range, self.low) = (self.range << 1, self.low << 1);
        }
    }

    fn put(&mut self, bit: u32) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.bits.push(bit);
        }
        (0..std::mem::take(&mut self.outstanding)).for_each(|_| self.bits.push(1 - bit));
    }
}

impl Bits {
    fn push(&mut self, bit: u32) {
        if self.count.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= (bit as u8 & 1) << (7 - self.count % 8);
        }
        self.count += 1;
    }
}

/// `rangeTabLPS` (table 9-44).
#[rustfmt::skip]
const LESS_PROBABLE: [[u8; 4]; 64] = [
    [128, 176, 208, 240], [128, 167, 197, 227], [128, 158, 187, 216], [123, 150, 178, 205], [116, 142, 169, 195], [111, 135, 160, 185],
    [105, 128, 152, 175], [100, 122, 144, 166], [95, 116, 137, 158], [90, 110, 130, 150], [85, 104, 123, 142], [81, 99, 117, 135],
    [77, 94, 111, 128], [73, 89, 105, 122], [69, 85, 100, 116], [66, 80, 95, 110], [62, 76, 90, 104], [59, 72, 86, 99],
    [56, 69, 81, 94], [53, 65, 77, 89], [51, 62, 73, 85], [48, 59, 69, 80], [46, 56, 66, 76], [43, 53, 63, 72],
    [41, 50, 59, 69], [39, 48, 56, 65], [37, 45, 54, 62], [35, 43, 51, 59], [33, 41, 48, 56], [32, 39, 46, 53],
    [30, 37, 43, 50], [29, 35, 41, 48], [27, 33, 39, 45], [26, 31, 37, 43], [24, 30, 35, 41], [23, 28, 33, 39],
    [22, 27, 32, 37], [21, 26, 30, 35], [20, 24, 29, 33], [19, 23, 27, 31], [18, 22, 26, 30], [17, 21, 25, 28],
    [16, 20, 23, 27], [15, 19, 22, 25], [14, 18, 21, 24], [14, 17, 20, 23], [13, 16, 19, 22], [12, 15, 18, 21],
    [12, 14, 17, 20], [11, 14, 16, 19], [11, 13, 15, 18], [10, 12, 15, 17], [10, 12, 14, 16], [9, 11, 13, 15],
    [9, 11, 12, 14], [8, 10, 12, 14], [8, 9, 11, 13], [7, 9, 11, 12], [7, 9, 10, 12], [7, 8, 10, 11],
    [6, 8, 9, 11], [6, 7, 9, 10], [6, 7, 8, 9], [2, 2, 2, 2],
];

/// `transIdxLPS` (table 9-45).
#[rustfmt::skip]
const AFTER_LESS_PROBABLE: [u8; 64] = [
    0, 0, 1, 2, 2, 4, 4, 5, 6, 7, 8, 9, 9, 11, 11, 12, 13, 13, 15, 15, 16, 16,
    18, 18, 19, 19, 21, 21, 22, 22, 23, 24, 24, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30,
    31, 32, 32, 33, 33, 33, 34, 34, 35, 35, 35, 36, 36, 36, 37, 37, 37, 38, 38, 63,
];
