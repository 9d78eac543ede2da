//! Captions in AV1: metadata OBUs of type ITU-T T.35 (AV1 bitstream specification 1.0.0 with errata 1, clauses 5.8.1 and
//! 5.8.2).

use bytes::{BufMut, Bytes, BytesMut};

use crate::codec::av1;

/// The temporal unit with a metadata OBU of this T.35 payload behind its sequence header, before its frame (clause 7.5).
#[must_use]
pub fn insert(data: &[u8], payload: &[u8]) -> Bytes {
    let (head, rest) = data.split_at_checked(av1::head_len(data)).unwrap_or((data, &[]));
    let mut unit = BytesMut::with_capacity(data.len() + payload.len() + 8);
    unit.put_slice(head);
    unit.put_u8(METADATA_WITH_SIZE);
    put_leb128(payload.len() + 2, &mut unit);
    unit.put_u8(ITUT_T35);
    unit.put_slice(payload);
    unit.put_u8(0x80); // trailing_bits
    unit.put_slice(rest);
    unit.freeze()
}

/// Clause 4.10.5.
fn put_leb128(mut value: usize, to: &mut BytesMut) {
    while value >= 0x80 {
        to.put_u8(0x80 | (value & 0x7F) as u8);
        value >>= 7;
    }
    to.put_u8(value as u8);
}

/// `obu_header`: type 5, with a size.
const METADATA_WITH_SIZE: u8 = 0x2A;
/// `metadata_type`.
const ITUT_T35: u8 = 4;
