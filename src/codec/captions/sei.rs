//! Captions in H.264: SEI messages of type 4 (ISO/IEC 14496-10:2022 clauses 7.3.2.3 and D.1.6).

use bytes::{BufMut, Bytes, BytesMut};

use super::{CcReader, t35};
use crate::{
    codec::h264::{NAL_AUD, NAL_PPS, NAL_SEI, NAL_SPS, nal_ranges, nal_type},
    media::NalFraming,
};

/// Reads every SEI message of an access unit: one of two fields may have some between its slices.
pub(super) fn read(data: &[u8], framing: NalFraming, to: &mut CcReader) {
    for nal in nal_ranges(data, framing).filter_map(|range| data.get(range)) {
        if nal_type(nal) == NAL_SEI {
            read_nal(nal, to);
        }
    }
}

/// The access unit with an SEI NAL unit of this T.35 payload before its first slice, behind the parameter sets and the
/// messages that are there. `data` is framed by `framing`, and so is what is added.
#[must_use]
pub fn insert(data: &[u8], framing: NalFraming, payload: &[u8]) -> Bytes {
    let at = place(data, framing);
    let (head, rest) = data.split_at_checked(at).unwrap_or((data, &[]));
    // Every third byte escaped is more than there can be.
    let mut unit = BytesMut::with_capacity(data.len() + payload.len() * 3 / 2 + 16);
    unit.put_slice(head);
    write(payload, framing, &mut unit);
    unit.put_slice(rest);
    unit.freeze()
}

/// Where the first NAL unit begins, its prefix included, that must come behind an SEI message.
fn place(data: &[u8], framing: NalFraming) -> usize {
    let comes_before =
        |kind| matches!(kind, NAL_SEI | NAL_SPS | NAL_PPS | NAL_AUD | NAL_SPS_EXTENSION | NAL_SUBSET_SPS);
    let mut nals = nal_ranges(data, framing);
    let first = nals.find(|range| data.get(range.clone()).is_some_and(|nal| !comes_before(nal_type(nal))));
    let Some(first) = first else { return data.len() };
    match framing {
        NalFraming::Length(bytes) => first.start.saturating_sub(bytes.into()),
        NalFraming::AnnexB => {
            let code = first.start.saturating_sub(3);
            let is_long = code > 0 && data.get(code - 1) == Some(&0);
            code - usize::from(is_long)
        }
    }
}

fn write(payload: &[u8], framing: NalFraming, to: &mut BytesMut) {
    match framing {
        NalFraming::AnnexB => to.put_slice(&[0, 0, 0, 1]),
        NalFraming::Length(bytes) => to.put_bytes(0, bytes.into()),
    }
    let start = to.len();
    let mut escape = Escape { to, zeros: 0 };
    [NAL_SEI, REGISTERED_T35].into_iter().for_each(|byte| escape.put(byte));
    (0..payload.len() / 255).for_each(|_| escape.put(0xFF));
    escape.put((payload.len() % 255) as u8);
    payload.iter().for_each(|byte| escape.put(*byte));
    escape.put(0x80); // rbsp_trailing_bits
    if let NalFraming::Length(bytes) = framing {
        let len = ((to.len() - start) as u64).to_be_bytes();
        let prefix = to.get_mut(start - usize::from(bytes)..start).unwrap_or(&mut []);
        prefix.iter_mut().rev().zip(len.into_iter().rev()).for_each(|(place, byte)| *place = byte);
    }
}

fn read_nal(nal: &[u8], to: &mut CcReader) {
    let mut bytes = Rbsp { bytes: nal.get(1..).unwrap_or(&[]).iter(), zeros: 0 };
    // The trailing bits read as a type without a size.
    while let Some((kind, size)) = bytes.varied().zip(bytes.varied()) {
        if kind != u32::from(REGISTERED_T35) {
            if size > 0 && bytes.nth(size as usize - 1).is_none() {
                return;
            }
            continue;
        }
        let (mut payload, mut len) = ([0; t35::LOOK_AHEAD], 0);
        for _ in 0..size {
            let Some(byte) = bytes.next() else { break };
            if let Some(place) = payload.get_mut(len) {
                (*place, len) = (byte, len + 1);
            }
        }
        t35::read(payload.get(..len).unwrap_or(&[]), to);
    }
}

/// The bytes of a NAL unit without the ones that only prevent start codes (clause 7.4.1).
struct Rbsp<'a> {
    bytes: std::slice::Iter<'a, u8>,
    zeros: u8,
}

impl Rbsp<'_> {
    /// A number in bytes of which all but the last are 255 (clause 7.3.2.3.1).
    fn varied(&mut self) -> Option<u32> {
        let mut value = 0u32;
        loop {
            let byte = self.next()?;
            value = value.saturating_add(byte.into());
            if byte != 0xFF {
                return Some(value);
            }
        }
    }
}

impl Iterator for Rbsp<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let mut byte = *self.bytes.next()?;
        if self.zeros >= 2 && byte == 3 {
            self.zeros = 0;
            byte = *self.bytes.next()?;
        }
        self.zeros = if byte == 0 { self.zeros.saturating_add(1) } else { 0 };
        Some(byte)
    }
}

/// Writes the bytes of a NAL unit with those that prevent start codes (clause 7.4.1).
struct Escape<'a> {
    to: &'a mut BytesMut,
    zeros: u8,
}

impl Escape<'_> {
    fn put(&mut self, byte: u8) {
        if self.zeros == 2 && byte <= 3 {
            self.to.put_u8(3);
            self.zeros = 0;
        }
        self.zeros = if byte == 0 { self.zeros + 1 } else { 0 };
        self.to.put_u8(byte);
    }
}

/// `payloadType` of user_data_registered_itu_t_t35.
const REGISTERED_T35: u8 = 4;
const NAL_SPS_EXTENSION: u8 = 13;
const NAL_SUBSET_SPS: u8 = 15;
