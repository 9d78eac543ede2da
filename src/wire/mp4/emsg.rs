//! A DASH event message inside a fragment (ISO/IEC 23009-1:2022 clause 5.10.3.3).

use bytes::Bytes;

use super::BoxWriter;

/// An `emsg` box of version 1, in ticks of its track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventMessage {
    /// When it happens, on the track's own timeline.
    pub(crate) presentation_time: u64,
    /// How long it lasts; [`UNKNOWN`](Self::UNKNOWN) where that is open.
    pub(crate) duration: u32,
    /// Within its scheme and value: the same again is a repetition.
    pub(crate) id: u32,
    /// What the scheme defines.
    pub(crate) message: Bytes,
}

impl EventMessage {
    /// The duration of an event that ends when another one says so.
    pub(crate) const UNKNOWN: u32 = u32::MAX;

    pub(super) fn write(&self, timescale: u32, w: &mut BoxWriter) {
        w.full(b"emsg", 1, 0, |w| {
            w.u32(timescale);
            w.u64(self.presentation_time);
            w.u32(self.duration);
            w.u32(self.id);
            w.raw(SCHEME);
            w.u8(0);
            w.raw(VALUE);
            w.u8(0);
            w.raw(&self.message);
        });
    }
}

/// The message is a whole `splice_info_section` (SCTE 214-3 clause 8.3.3).
const SCHEME: &[u8] = b"urn:scte:scte35:2013:bin";

/// Says nothing more. Not empty: players compare it with an attribute of the manifest.
const VALUE: &[u8] = b"1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_as_the_standard_lays_it_out() {
        let (presentation_time, message) = (0x1_0000_0002, Bytes::from_static(b"\xFC\x30"));
        let event = EventMessage { presentation_time, duration: EventMessage::UNKNOWN, id: 5, message };
        let mut w = BoxWriter::default();
        event.write(90_000, &mut w);
        let head = b"\0\0\0\x3Demsg\x01\0\0\0\0\x01\x5F\x90\0\0\0\x01\0\0\0\x02\xFF\xFF\xFF\xFF\0\0\0\x05";
        let expected = [&head[..], b"urn:scte:scte35:2013:bin\0", b"1\0", b"\xFC\x30"].concat();
        assert_eq!(w.into_bytes(), expected);
        assert_eq!(expected.len(), 0x3D);
    }
}
