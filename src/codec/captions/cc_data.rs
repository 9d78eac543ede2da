//! `cc_data()`: up to 31 constructs of three bytes (ATSC A/53 Part 4:2009 clause 6.2.3.1).
//!
//! ```text
//! 1, process_cc_data 1, 0, cc_count 5 │ em_data 8 │ cc_count × { 11111, cc_valid 1, cc_type 2 │ cc_data 16 } │ 0xFF
//! ```

use bytes::{BufMut, Bytes, BytesMut};

use super::{CcReader, t35};

/// One valid construct of `cc_data()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CcPair {
    /// What it belongs to.
    pub kind: CcKind,
    /// Its two bytes; those of CEA-608 with their parity bits.
    pub bytes: [u8; 2],
}

/// `cc_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CcKind {
    /// CEA-608 of field 1: CC1 and CC2.
    Field1,
    /// CEA-608 of field 2: CC3, CC4 and XDS.
    Field2,
    /// A DTVCC packet goes on.
    PacketData,
    /// A DTVCC packet begins: the first byte is its header.
    PacketStart,
}

/// A `cc_data()` under construction.
#[derive(Clone, Debug)]
pub struct CcFrame {
    constructs: [[u8; 3]; Self::MAX_COUNT],
    len: usize,
}

/// Reads what is whole of a `cc_data()`.
pub(super) fn read(data: &[u8], to: &mut CcReader) {
    to.messages += 1;
    let Some(([flags, _], rest)) = data.split_first_chunk::<2>() else {
        to.broken += 1;
        return;
    };
    if flags & PROCESS == 0 {
        return;
    }
    let count = usize::from(flags & COUNT);
    let mut is_whole = rest.len() >= 3 * count;
    for construct in rest.chunks_exact(3).take(count) {
        let &[head, first, second] = construct else { continue };
        if head & VALID == 0 {
            continue;
        }
        if to.pairs.len() >= CcReader::MAX_PAIRS {
            is_whole = false;
            break;
        }
        to.pairs.push(CcPair { kind: CcKind::of(head), bytes: [first, second] });
    }
    to.broken += u64::from(!is_whole);
}

impl CcFrame {
    /// Constructs that fit: the count has five bits.
    pub const MAX_COUNT: usize = 31;

    /// One without constructs.
    #[must_use]
    pub const fn new() -> Self {
        Self { constructs: [PADDING; Self::MAX_COUNT], len: 0 }
    }

    /// Adds a valid byte pair; `false` where it is full.
    pub fn push(&mut self, pair: CcPair) -> bool {
        self.add([HEAD | VALID | pair.kind.code(), pair.bytes[0], pair.bytes[1]])
    }

    /// Adds a construct of this kind that is not valid: decoders pass over it.
    pub fn push_invalid(&mut self, kind: CcKind) -> bool {
        self.add([HEAD | kind.code(), 0x80, 0x80])
    }

    /// Adds padding until there are `count` constructs.
    pub fn pad(&mut self, count: usize) {
        self.len = self.len.max(count.min(Self::MAX_COUNT));
    }

    /// Constructs in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The whole ITU-T T.35 payload, as SEI messages and OBUs carry it.
    #[must_use]
    pub fn to_t35(&self) -> Bytes {
        let mut payload = BytesMut::with_capacity(t35::ATSC.len() + 3 + 3 * self.len);
        payload.put_slice(&t35::ATSC);
        // Five bits hold every length.
        payload.put_u8(0x80 | PROCESS | self.len as u8);
        payload.put_u8(0xFF);
        self.constructs.iter().take(self.len).for_each(|construct| payload.put_slice(construct));
        payload.put_u8(0xFF);
        payload.freeze()
    }

    fn add(&mut self, construct: [u8; 3]) -> bool {
        let Some(place) = self.constructs.get_mut(self.len) else { return false };
        (*place, self.len) = (construct, self.len + 1);
        true
    }
}

impl Default for CcFrame {
    fn default() -> Self {
        Self::new()
    }
}

impl CcKind {
    const fn of(head: u8) -> Self {
        match head & 3 {
            0 => Self::Field1,
            1 => Self::Field2,
            2 => Self::PacketData,
            _ => Self::PacketStart,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Field1 => 0,
            Self::Field2 => 1,
            Self::PacketData => 2,
            Self::PacketStart => 3,
        }
    }
}

const PROCESS: u8 = 0x40;
const COUNT: u8 = 0x1F;
const HEAD: u8 = 0xF8;
const VALID: u8 = 4;
/// A construct of DTVCC that is not valid.
const PADDING: [u8; 3] = [0xFA, 0, 0];
