//! Forward error correction beside RTP: SMPTE ST 2022-1 (Pro-MPEG Code of Practice #3 release 2), after RFC 2733.
//!
//! A FEC packet is an RTP packet whose payload is a header of 16 bytes and the XOR of what it protects: `NA` media packets
//! from `SNBase` on, `Offset` apart (a column of the matrix has Offset L and NA D, a row Offset 1 and NA L). The fields P, X,
//! CC, M of its own RTP header are XORs as well, so it has no CSRC list, extension or padding whatever they say. Codes that
//! are not XOR, masks and matrices over the ceilings are refused.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use bytes::{BufMut, Bytes, BytesMut};

use crate::error::{LimitError, ParseErrorKind};

/// One column or row of the matrix: what was XORed, and the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FecPacket {
    /// `SNBase`, the low 16 bits: the first sequence number that is protected.
    pub(crate) base: u16,
    /// `D`: it protects a row.
    pub(crate) is_row: bool,
    offset: u8,
    count: u8,
    /// XOR of the P, X and CC fields.
    flags: u8,
    /// XOR of M and PT.
    marker_and_type: u8,
    /// XOR of the lengths after the fixed RTP header.
    len: u16,
    /// XOR of the time stamps.
    timestamp: u32,
    /// XOR of everything after the fixed RTP header, short ones filled up with zeros.
    parity: Bytes,
}

impl FecPacket {
    /// Bytes of the RTP header and of the FEC header.
    pub(crate) const OVERHEAD: usize = RTP_HEADER + FEC_HEADER;

    /// Reads a FEC packet; the parity is shared, not copied.
    ///
    /// # Errors
    /// It is cut short, not of RTP version 2, uses an extension, a mask or another code than XOR, protects nothing, or
    /// protects more than 20 packets, a matrix of more than 256, or packets of more than 2 048 bytes.
    pub(crate) fn parse(datagram: &Bytes) -> Result<Self, ParseErrorKind> {
        const SHORT: ParseErrorKind = ParseErrorKind::Truncated { what: "FEC header" };
        let (head, parity) = datagram.split_first_chunk::<{ Self::OVERHEAD }>().ok_or(SHORT)?;
        let (rtp, fec) = head.split_first_chunk::<RTP_HEADER>().ok_or(SHORT)?;
        let [first, second, ..] = *rtp;
        let fec: &[u8; FEC_HEADER] = fec.try_into().map_err(|_| SHORT)?;
        let [b1, b0, l1, l0, pt, m2, m1, m0, t3, t2, t1, t0, kind, offset, count, _] = *fec;
        if first >> 6 != 2 {
            return Err(ParseErrorKind::Invalid { what: "RTP version", value: (first >> 6).into() });
        }
        let mask = u32::from_be_bytes([0, m2, m1, m0]);
        if mask != 0 {
            return Err(ParseErrorKind::Unsupported { what: "FEC mask", value: mask.into() });
        }
        if kind & 0xB8 != 0 {
            return Err(ParseErrorKind::Unsupported { what: "FEC type", value: (kind >> 3).into() });
        }
        let is_row = kind & 0x40 != 0;
        check_matrix(is_row, offset, count)?;
        limit("bytes of a FEC packet's parity", MAX_PARITY, parity.len())?;
        Ok(Self {
            base: u16::from_be_bytes([b1, b0]),
            is_row,
            offset,
            count,
            flags: first & 0x3F,
            marker_and_type: second & 0x80 | pt & 0x7F,
            len: u16::from_be_bytes([l1, l0]),
            timestamp: u32::from_be_bytes([t3, t2, t1, t0]),
            parity: datagram.slice(Self::OVERHEAD..),
        })
    }

    /// The sequence numbers that it protects.
    pub(crate) fn sequences(&self) -> impl Iterator<Item = u16> + use<> {
        let (base, offset) = (self.base, u16::from(self.offset));
        (0..u16::from(self.count)).map(move |n| base.wrapping_add(n.wrapping_mul(offset)))
    }

    /// Whether it protects this sequence number.
    pub(crate) fn covers(&self, sequence: u16) -> bool {
        let ahead = sequence.wrapping_sub(self.base);
        // The offset was checked not to be zero.
        ahead.checked_rem(self.offset.into()) == Some(0)
            && ahead.checked_div(self.offset.into()).is_some_and(|n| n < self.count.into())
    }

    /// The one datagram that is missing: `others` are all others that it protects. `None` where they do not fit together.
    pub(crate) fn recover<'a>(
        &self,
        sequence: u16,
        ssrc: u32,
        others: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<Bytes> {
        let (mut flags, mut marker_and_type) = (self.flags, self.marker_and_type);
        let (mut len, mut timestamp) = (self.len, self.timestamp);
        let mut whole = BytesMut::with_capacity(RTP_HEADER.saturating_add(self.parity.len()));
        whole.put_bytes(0, RTP_HEADER);
        whole.put_slice(&self.parity);
        for other in others {
            let ([first, second, _, _, t3, t2, t1, t0, ..], body) = other.split_first_chunk::<RTP_HEADER>()?;
            flags ^= first & 0x3F;
            marker_and_type ^= second;
            len ^= u16::try_from(body.len()).ok()?;
            timestamp ^= u32::from_be_bytes([*t3, *t2, *t1, *t0]);
            // One that is longer than the parity was not among those that it was made of.
            let parity = whole.get_mut(RTP_HEADER..)?.get_mut(..body.len())?;
            parity.iter_mut().zip(body).for_each(|(sum, byte)| *sum ^= byte);
        }
        let end = RTP_HEADER.checked_add(len.into()).filter(|end| *end <= whole.len())?;
        whole.truncate(end);
        let mut head = whole.get_mut(..RTP_HEADER)?;
        head.put_u8(0x80 | flags);
        head.put_u8(marker_and_type);
        head.put_u16(sequence);
        head.put_u32(timestamp);
        head.put_u32(ssrc);
        Some(whole.freeze())
    }
}

fn check_matrix(is_row: bool, offset: u8, count: u8) -> Result<(), ParseErrorKind> {
    if offset == 0 || is_row && offset != 1 {
        return Err(ParseErrorKind::Invalid { what: "FEC offset", value: offset.into() });
    }
    if count == 0 {
        return Err(ParseErrorKind::Invalid { what: "FEC NA", value: 0 });
    }
    limit("columns of a FEC matrix", MAX_SIDE, if is_row { count } else { offset }.into())?;
    limit("rows of a FEC matrix", MAX_SIDE, if is_row { 1 } else { count }.into())?;
    limit("packets of a FEC matrix", MAX_MATRIX, usize::from(offset).saturating_mul(count.into()))
}

fn limit(what: &'static str, ceiling: usize, asked: usize) -> Result<(), ParseErrorKind> {
    if asked <= ceiling {
        return Ok(());
    }
    Err(LimitError { what, ceiling: ceiling as u64, asked: asked as u64 }.into())
}

const RTP_HEADER: usize = 12;
const FEC_HEADER: usize = 16;
/// Largest L and D (ST 2022-1 has 20 for both).
const MAX_SIDE: usize = 20;
/// Largest L × D. The standard asks receivers for 100.
const MAX_MATRIX: usize = 256;
/// Largest protected datagram, without its fixed header; the standard is about those that Ethernet carries whole.
const MAX_PARITY: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    /// A column of three, one apart, of the bodies `12`, `3456`, `78`, all of type 33.
    const COLUMN: [u8; 32] = [
        0x80,
        0x60,
        0,
        9,
        1,
        2,
        3,
        4,
        0,
        0,
        0,
        0, // RTP
        0x12,
        0x34,
        0,
        4,
        0x80 | 33,
        0,
        0,
        0,
        0,
        0,
        0,
        7,
        0x00,
        1,
        3,
        0, // FEC
        0x12 ^ 0x34 ^ 0x78,
        0x56,
        0,
        0,
    ];

    fn media(sequence: u16, timestamp: u32, body: &[u8]) -> Vec<u8> {
        [&[0x80, 33][..], &sequence.to_be_bytes(), &timestamp.to_be_bytes(), &[0, 0, 0, 5], body].concat()
    }

    #[test]
    fn a_missing_packet_comes_back_with_its_length_type_and_time() {
        let packet = FecPacket::parse(&Bytes::from_static(&COLUMN)).unwrap();
        assert_eq!((packet.base, packet.is_row, packet.offset, packet.count), (0x1234, false, 1, 3));
        assert_eq!(packet.sequences().collect::<Vec<_>>(), [0x1234, 0x1235, 0x1236]);
        let all = [media(0x1234, 1, &[0x12]), media(0x1235, 2, &[0x34, 0x56, 0, 0]), media(0x1236, 4, &[0x78])];
        // Lengths 1, 4 and 1 sum up to 4, times 1, 2 and 4 to 7, and three times 33 to 33.
        for (at, missing) in all.iter().enumerate() {
            let others = all.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, other)| other.as_slice());
            let found = packet.recover(0x1234 + at as u16, 5, others).unwrap();
            assert_eq!(found, missing, "{at}");
        }
        // A body that is longer than the parity cannot have been part of it.
        assert_eq!(packet.recover(0x1234, 5, [&media(0x1235, 2, &[0; 5])[..]]), None);
        assert_eq!(packet.recover(0x1234, 5, [&[0x80; 11][..]]), None);
    }

    #[test]
    fn what_it_covers_wraps() {
        let mut bytes = COLUMN;
        (bytes[12], bytes[13], bytes[25], bytes[26]) = (0xFF, 0xF0, 10, 4);
        let packet = FecPacket::parse(&Bytes::copy_from_slice(&bytes)).unwrap();
        assert_eq!(packet.sequences().collect::<Vec<_>>(), [65_520, 65_530, 4, 14]);
        let covered = (0..=u16::MAX).filter(|sequence| packet.covers(*sequence));
        assert_eq!(covered.collect::<Vec<_>>(), [4, 14, 65_520, 65_530]);
    }

    #[test]
    fn broken_and_oversized_ones_are_refused_by_name() {
        let with = |at: usize, value: u8| {
            let mut bytes = COLUMN;
            bytes[at] = value;
            FecPacket::parse(&Bytes::copy_from_slice(&bytes)).unwrap_err()
        };
        let limit = |what, ceiling, asked| ParseErrorKind::from(LimitError { what, ceiling, asked });
        assert_eq!(with(0, 0x40), ParseErrorKind::Invalid { what: "RTP version", value: 1 });
        assert_eq!(with(18, 1), ParseErrorKind::Unsupported { what: "FEC mask", value: 256 });
        assert_eq!(with(24, 0x10), ParseErrorKind::Unsupported { what: "FEC type", value: 2 });
        assert_eq!(with(25, 0), ParseErrorKind::Invalid { what: "FEC offset", value: 0 });
        assert_eq!(with(26, 0), ParseErrorKind::Invalid { what: "FEC NA", value: 0 });
        assert_eq!(with(25, 21), limit("columns of a FEC matrix", 20, 21));
        assert_eq!(with(26, 21), limit("rows of a FEC matrix", 20, 21));
        let mut row = COLUMN;
        (row[24], row[25]) = (0x40, 2);
        let refused = FecPacket::parse(&Bytes::copy_from_slice(&row)).unwrap_err();
        assert_eq!(refused, ParseErrorKind::Invalid { what: "FEC offset", value: 2 });
        let mut matrix = COLUMN;
        (matrix[25], matrix[26]) = (20, 13);
        let refused = FecPacket::parse(&Bytes::copy_from_slice(&matrix)).unwrap_err();
        assert_eq!(refused, limit("packets of a FEC matrix", 256, 260));
        let long = [&COLUMN[..28], &[0; 2049]].concat();
        let refused = FecPacket::parse(&Bytes::from(long)).unwrap_err();
        assert_eq!(refused, limit("bytes of a FEC packet's parity", 2048, 2049));
        assert!(FecPacket::parse(&Bytes::copy_from_slice(&COLUMN[..27])).is_err());
    }
}
