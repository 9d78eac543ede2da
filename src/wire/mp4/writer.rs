//! Writes boxes inside boxes: sizes are filled in when a box is closed.

/// Appends boxes to one buffer.
#[derive(Debug, Default)]
pub(super) struct BoxWriter {
    bytes: Vec<u8>,
}

impl BoxWriter {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// A `Box` (clause 4.2.2) whose payload `fill` writes.
    pub(super) fn boxed(&mut self, kind: &[u8; 4], fill: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.u32(0);
        self.raw(kind);
        fill(self);
        let size = u32::try_from(self.bytes.len().saturating_sub(start)).unwrap_or(u32::MAX);
        self.patch_u32(start, size);
    }

    /// A `FullBox`: a box that starts with 8 bits of version and 24 bits of flags.
    pub(super) fn full(&mut self, kind: &[u8; 4], version: u8, flags: u32, fill: impl FnOnce(&mut Self)) {
        self.boxed(kind, |w| {
            w.u32(u32::from(version) << 24 | flags & 0x00FF_FFFF);
            fill(w);
        });
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.raw(&value.to_be_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.raw(&value.to_be_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.raw(&value.to_be_bytes());
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// `words` zero words of 32 bits.
    pub(super) fn zeros(&mut self, words: usize) {
        (0..words).for_each(|_| self.u32(0));
    }

    /// Bytes written so far: where the next one goes.
    pub(super) fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Overwrites the 32 bits at `at`.
    pub(super) fn patch_u32(&mut self, at: usize, value: u32) {
        if let Some(place) = self.bytes.get_mut(at..at.saturating_add(4)) {
            place.copy_from_slice(&value.to_be_bytes());
        }
    }

    pub(super) fn into_bytes(self) -> bytes::Bytes {
        self.bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_cover_what_is_inside() {
        let mut w = BoxWriter::default();
        w.boxed(b"moof", |w| w.full(b"mfhd", 1, 2, |w| w.u32(7)));
        assert_eq!(&w.into_bytes()[..], b"\0\0\0\x18moof\0\0\0\x10mfhd\x01\0\0\x02\0\0\0\x07");
    }
}
