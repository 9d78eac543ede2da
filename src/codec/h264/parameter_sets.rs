//! The parameter sets of a stream, as they come and go in band (ISO/IEC 14496-10 clause 7.4.1.2.1).

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{NAL_PPS, NAL_SPS, nal_type};
use crate::media::{H264Config, NalFraming};

/// Keeps the last sequence and picture parameter set of each id: 32 and 256 at most, 4 KiB each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterSets {
    sps: BTreeMap<u32, Bytes>,
    pps: BTreeMap<u32, Bytes>,
}

impl ParameterSets {
    /// Keeps `nal` (header included) if it is a parameter set; `true` where it is new or differs from the one it replaces.
    /// A set whose id cannot be is left out.
    pub fn insert(&mut self, nal: &[u8]) -> bool {
        let (sets, id) = match nal_type(nal) {
            // profile_idc, the constraint flags and level_idc come before the id.
            NAL_SPS => (&mut self.sps, nal.get(4..).and_then(unsigned).filter(|id| *id < 32)),
            NAL_PPS => (&mut self.pps, nal.get(1..).and_then(unsigned).filter(|id| *id < 256)),
            _ => return false,
        };
        let Some(id) = id.filter(|_| nal.len() <= MAX_LEN) else { return false };
        if sets.get(&id).is_some_and(|known| known == nal) {
            return false;
        }
        sets.insert(id, Bytes::copy_from_slice(nal));
        true
    }

    /// The sequence parameter set with the lowest id, once there is a picture parameter set beside it.
    #[must_use]
    pub fn first_sps(&self) -> Option<&Bytes> {
        self.sps.values().next().filter(|_| !self.pps.is_empty())
    }

    /// Decoder set-up with all that is known.
    #[must_use]
    pub fn config(&self, framing: NalFraming) -> H264Config {
        H264Config { framing, sps: self.sps.values().cloned().collect(), pps: self.pps.values().cloned().collect() }
    }
}

/// `ue(v)` at the start of `bytes`, which may hold no emulation prevention before it ends.
fn unsigned(bytes: &[u8]) -> Option<u32> {
    let mut word = [0; 4];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    let word = u32::from_be_bytes(word);
    let zeros = word.leading_zeros();
    // Ids are at most 255, so there are at most eight zeros.
    if zeros > 8 || bytes.len() * 8 < 2 * zeros as usize + 1 {
        return None;
    }
    Some((word >> (31 - 2 * zeros)) - 1)
}

const MAX_LEN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_kept_by_id_and_changes_are_told() {
        let mut sets = ParameterSets::default();
        assert!(sets.insert(b"\x67\x42\x00\x1E\x80a"));
        assert!(sets.first_sps().is_none());
        assert!(sets.insert(b"\x68\x80"));
        assert!(!sets.insert(b"\x68\x80"));
        assert!(sets.insert(b"\x68\x40"));
        assert!(sets.insert(b"\x67\x42\x00\x1E\x80b"));
        assert_eq!(sets.first_sps().unwrap(), &b"\x67\x42\x00\x1E\x80b"[..]);
        let config = sets.config(NalFraming::AnnexB);
        assert_eq!((config.sps.len(), config.pps.len()), (1, 2));
    }

    #[test]
    fn ids_that_cannot_be_are_left_out() {
        let mut sets = ParameterSets::default();
        assert!(!sets.insert(b"\x68\x00\x00\x00"));
        assert!(!sets.insert(b"\x68"));
        assert!(!sets.insert(b"\x67\x42\x00\x1E"));
        assert!(!sets.insert(b"\x67\x42\x00\x1E\x04\x20")); // 32
        assert!(!sets.insert(b"\x65\x80"));
        assert!(sets.insert(b"\x68\x00\x80\x00")); // 255
        assert_eq!(unsigned(&[0b0011_1000]), Some(6));
    }
}
