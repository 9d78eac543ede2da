//! The RTP packet (RFC 3550 section 5.1), and telling RTCP from it (RFC 5761 section 4).
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use std::ops::Range;

use crate::error::ParseErrorKind;

/// The parts of an RTP packet that are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// `PT`, 7 bits.
    pub(crate) payload_type: u8,
    /// Sequence number.
    pub(crate) sequence: u16,
    /// Time stamp, in the payload's clock.
    pub(crate) timestamp: u32,
    /// Synchronization source.
    pub(crate) ssrc: u32,
    /// Where the payload lies: after CSRCs and extension, without padding.
    pub(crate) payload: Range<usize>,
}

impl Header {
    /// `PT` of an MPEG-2 transport stream (RFC 3551 table 5).
    pub(crate) const MP2T: u8 = 33;
    /// `PT` whose meaning is agreed on elsewhere (RFC 3551 section 3).
    pub(crate) const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;

    /// Reads the header of a datagram.
    ///
    /// # Errors
    /// The version is not 2, the datagram is shorter than what its header announces, or padding is announced and has no
    /// length.
    pub(crate) fn parse(datagram: &[u8]) -> Result<Self, ParseErrorKind> {
        let [first, second, s1, s0, t3, t2, t1, t0, c3, c2, c1, c0, rest @ ..] = datagram else {
            return Err(ParseErrorKind::Truncated { what: "RTP header" });
        };
        if first >> 6 != VERSION {
            return Err(ParseErrorKind::Invalid { what: "RTP version", value: (first >> 6).into() });
        }
        let csrcs = usize::from(first & 0x0F).saturating_mul(4);
        let mut rest = rest.get(csrcs..).ok_or(ParseErrorKind::Truncated { what: "CSRC list" })?;
        if first & 0x10 != 0 {
            const SHORT: ParseErrorKind = ParseErrorKind::Truncated { what: "RTP header extension" };
            let ([_, _, l1, l0], tail) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
            let words = usize::from(u16::from_be_bytes([*l1, *l0]));
            rest = tail.get(words.saturating_mul(4)..).ok_or(SHORT)?;
        }
        let padding = if first & 0x20 == 0 { 0 } else { rest.last().copied().unwrap_or(0) };
        let len = rest.len().checked_sub(padding.into()).filter(|_| first & 0x20 == 0 || padding > 0);
        let len = len.ok_or(ParseErrorKind::Invalid { what: "RTP padding", value: padding.into() })?;
        let from = datagram.len().saturating_sub(rest.len());
        Ok(Self {
            payload_type: second & 0x7F,
            sequence: u16::from_be_bytes([*s1, *s0]),
            timestamp: u32::from_be_bytes([*t3, *t2, *t1, *t0]),
            ssrc: u32::from_be_bytes([*c3, *c2, *c1, *c0]),
            payload: from..from.saturating_add(len),
        })
    }
}

/// Whether a datagram of version 2 is RTCP: its packet types lie where RTP has payload types 64 to 95 with a marker.
pub(crate) fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first >> 6 == VERSION)
}

const VERSION: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csrc_extension_and_padding() {
        let mut bytes = vec![0xB1, 0xA1, 0xFF, 0xDC, 0, 0, 0, 9, 0xDE, 0xAD, 0xBE, 0xEF];
        bytes.extend([1, 2, 3, 4]); // CSRC
        bytes.extend([0xBE, 0xDE, 0, 1, 5, 6, 7, 8]); // extension
        bytes.extend([0x47, 0x1F, 0, 0, 0, 4]); // payload of two bytes and padding
        let header = Header::parse(&bytes).unwrap();
        assert_eq!((header.payload_type, header.sequence, header.timestamp), (Header::MP2T, 65_500, 9));
        assert_eq!((header.ssrc, header.payload), (0xDEAD_BEEF, 24..26));
    }

    #[test]
    fn short_and_wrong_ones_are_refused() {
        let refused = |bytes: &[u8]| assert!(Header::parse(bytes).is_err(), "{bytes:?}");
        let header = |first: u8| [first, 33, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
        refused(&header(0x80)[..11]);
        refused(&header(0x40));
        refused(&header(0x81));
        refused(&header(0x90));
        refused(&[&header(0x90)[..], &[0, 0, 0, 2, 0, 0, 0, 0]].concat());
        refused(&header(0xA0));
        refused(&[&header(0xA0)[..], &[0]].concat());
        refused(&[&header(0xA0)[..], &[1, 3]].concat());
        assert_eq!(Header::parse(&header(0x80)).unwrap().payload, 12..12);
        assert!(is_rtcp(&[0x80, 200, 0, 6]) && !is_rtcp(&[0x80, 33]) && !is_rtcp(&[0x47, 200]));
    }
}
