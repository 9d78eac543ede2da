//! Bits of a NAL unit (Rec. ITU-T H.264 clause 7.2).
#![allow(unreachable_pub, reason = "an example has no crate to publish from")]

/// Writes a NAL unit; whole bytes may be appended when it is aligned.
pub struct Bits {
    /// What is written so far.
    pub bytes: Vec<u8>,
    free: u32,
}

impl Bits {
    /// A unit with this header byte.
    pub fn nal(header: u8) -> Self {
        Self { bytes: vec![header], free: 0 }
    }

    /// `count` bits, the highest first.
    pub fn u(&mut self, count: u32, value: u32) -> &mut Self {
        for n in (0..count).rev() {
            if self.free == 0 {
                (self.free, _) = (8, self.bytes.push(0));
            }
            self.free -= 1;
            let last = self.bytes.len() - 1;
            self.bytes[last] |= ((value >> n & 1) as u8) << self.free;
        }
        self
    }

    /// Exp-Golomb (clause 9.1).
    pub fn ue(&mut self, value: u32) -> &mut Self {
        let len = (value + 1).ilog2();
        self.u(len, 0).u(len + 1, value + 1)
    }

    /// Fills up the byte.
    pub fn align(&mut self, bit: u32) -> &mut Self {
        while self.free > 0 {
            self.u(1, bit);
        }
        self
    }

    /// Stop bit, then emulation prevention (clause 7.4.1).
    pub fn finish(mut self) -> Vec<u8> {
        self.u(1, 1).align(0);
        let (mut out, mut zeros) = (Vec::with_capacity(self.bytes.len()), 0);
        for byte in self.bytes {
            if zeros == 2 && byte <= 3 {
                (zeros, _) = (0, out.push(3));
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            out.push(byte);
        }
        out
    }
}
