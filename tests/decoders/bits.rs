//! Streams that no encoder at hand makes are written bit by bit.

/// Writes bits, most significant first.
#[derive(Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    used: usize,
}

impl BitWriter {
    /// The lowest `count` bits of `value`.
    pub(crate) fn put(&mut self, value: u32, count: usize) -> &mut Self {
        for bit in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (7 - self.used % 8);
            self.used += 1;
        }
        self
    }

    /// All of these.
    pub(crate) fn all(&mut self, fields: &[(u32, usize)]) -> &mut Self {
        for (value, count) in fields {
            self.put(*value, *count);
        }
        self
    }

    /// So many bytes; what is not written yet is zero.
    pub(crate) fn padded(&self, len: usize) -> Vec<u8> {
        assert!(self.bytes.len() <= len, "{} bytes", self.bytes.len());
        let mut bytes = self.bytes.clone();
        bytes.resize(len, 0);
        bytes
    }
}

/// What only H.264 needs.
#[cfg(feature = "ffmpeg")]
impl BitWriter {
    /// `ue(v)`.
    pub(crate) fn unsigned(&mut self, value: u32) -> &mut Self {
        let width = (value + 1).ilog2() as usize;
        self.put(0, width).put(value + 1, width + 1)
    }

    /// Zeros up to a whole byte.
    pub(crate) fn align(&mut self) -> &mut Self {
        self.put(0, self.used.next_multiple_of(8) - self.used)
    }

    /// `rbsp_trailing_bits`, then the bytes with their emulation prevention.
    pub(crate) fn nal(&mut self, header: u8) -> Vec<u8> {
        self.put(1, 1).align();
        let (mut nal, mut zeros) = (vec![header], 0);
        for byte in &self.bytes {
            if zeros == 2 && *byte <= 3 {
                nal.push(3);
                zeros = 0;
            }
            nal.push(*byte);
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
        }
        nal
    }
}
