//! The transport packet and its adaptation field (ISO/IEC 13818-1 clauses 2.4.3.2 to 2.4.3.5).

use super::PACKET_LEN;
use crate::error::ParseErrorKind;

/// One packet, taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    /// All of it.
    pub(crate) bytes: &'a [u8; PACKET_LEN],
    /// `payload_unit_start_indicator`.
    pub(crate) is_start: bool,
    /// `transport_scrambling_control` is not zero.
    pub(crate) is_scrambled: bool,
    /// `continuity_counter`, 0 to 15.
    pub(crate) counter: u8,
    /// The adaptation field without its length; empty where there is none.
    pub(crate) adaptation: &'a [u8],
    /// The payload; `None` where `adaptation_field_control` says that there is none.
    pub(crate) payload: Option<&'a [u8]>,
}

impl<'a> Packet<'a> {
    /// The PID, without looking at anything else.
    pub(crate) const fn pid(bytes: &[u8; PACKET_LEN]) -> u16 {
        let [_, high, low, ..] = *bytes;
        ((high as u16) & 0x1F) << 8 | low as u16
    }

    /// `transport_error_indicator`: nothing in the packet can be trusted, not even its PID.
    pub(crate) const fn has_error(bytes: &[u8; PACKET_LEN]) -> bool {
        let [_, high, ..] = *bytes;
        high & 0x80 != 0
    }

    /// Takes a packet apart.
    ///
    /// # Errors
    /// `adaptation_field_control` is reserved, or the adaptation field does not fit.
    pub(crate) fn parse(bytes: &'a [u8; PACKET_LEN]) -> Result<Self, ParseErrorKind> {
        let [_, high, _, control, body @ ..] = bytes;
        let mut packet = Self {
            bytes,
            is_start: high & 0x40 != 0,
            is_scrambled: control & 0xC0 != 0,
            counter: control & 0x0F,
            adaptation: &[],
            payload: None,
        };
        let has_payload = control & 0x10 != 0;
        let mut rest: &[u8] = body;
        match (control & 0x20 != 0, has_payload) {
            (false, false) => return Err(ParseErrorKind::Invalid { what: "adaptation_field_control", value: 0 }),
            (false, true) => {}
            (true, _) => {
                let [len, field @ ..] = body;
                let invalid = ParseErrorKind::Invalid { what: "adaptation_field_length", value: (*len).into() };
                (packet.adaptation, rest) = field.split_at_checked(usize::from(*len)).ok_or(invalid)?;
            }
        }
        packet.payload = has_payload.then_some(rest);
        Ok(packet)
    }

    /// `discontinuity_indicator`: the counter may jump here and nothing is lost.
    pub(crate) fn is_discontinuity(&self) -> bool {
        self.adaptation.first().is_some_and(|flags| flags & 0x80 != 0)
    }

    /// Whether it repeats another packet: every byte is the same but those of the program clock reference, which a repeated
    /// packet may set anew (clause 2.4.3.3).
    pub(crate) fn repeats(&self, other: &[u8; PACKET_LEN]) -> bool {
        if self.pcr().is_none() {
            return self.bytes == other;
        }
        self.bytes.get(..PCR.start) == other.get(..PCR.start) && self.bytes.get(PCR.end..) == other.get(PCR.end..)
    }

    /// The program clock reference in ticks of 27 MHz, 0 to 2^33 x 300 - 1.
    pub(crate) fn pcr(&self) -> Option<u64> {
        let [flags, field @ ..] = self.adaptation else { return None };
        let [a, b, c, d, e, f, ..] = *field else { return None };
        if flags & 0x10 == 0 {
            return None;
        }
        let base = u64::from(u32::from_be_bytes([a, b, c, d])) << 1 | u64::from(e >> 7);
        let extension = u64::from(e & 1) << 8 | u64::from(f);
        Some(base.saturating_mul(300).saturating_add(extension))
    }
}

/// Where the program clock reference lies in a packet that has one.
const PCR: std::ops::Range<usize> = 6..12;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(head: &[u8]) -> [u8; PACKET_LEN] {
        let mut bytes = [0xFF; PACKET_LEN];
        bytes[..head.len()].copy_from_slice(head);
        bytes
    }

    #[test]
    fn pcr_and_flags() {
        let bytes = packet(&[0x47, 0x41, 0x00, 0x37, 7, 0x90, 0x00, 0x00, 0x00, 0x01, 0xFF, 0x2B]);
        assert_eq!(Packet::pid(&bytes), 0x100);
        let packet = Packet::parse(&bytes).unwrap();
        assert!(packet.is_start && packet.is_discontinuity() && !packet.is_scrambled);
        assert_eq!(packet.counter, 7);
        assert_eq!(packet.pcr(), Some(3 * 300 + 0x12B));
        assert_eq!(packet.payload.unwrap().len(), 176);
    }

    #[test]
    fn adaptation_fields_that_do_not_fit_are_refused() {
        assert!(Packet::parse(&packet(&[0x47, 0x01, 0x00, 0x30, 184])).is_err());
        assert!(Packet::parse(&packet(&[0x47, 0x01, 0x00, 0x20, 255])).is_err());
        assert!(Packet::parse(&packet(&[0x47, 0x01, 0x00, 0x00])).is_err());
        let whole = packet(&[0x47, 0x01, 0x00, 0x20, 183]);
        assert!(Packet::parse(&whole).unwrap().payload.is_none());
        let empty = packet(&[0x47, 0x01, 0x00, 0x30, 183]);
        assert_eq!(Packet::parse(&empty).unwrap().payload, Some(&[][..]));
    }
}
