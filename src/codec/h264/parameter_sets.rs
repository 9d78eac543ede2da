//! The parameter sets of a stream, as they come and go in band (ISO/IEC 14496-10 clause 7.4.1.2.1).

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{NAL_PPS, NAL_SPS, nal_type};
use crate::{
    codec::bits::Bits,
    media::{H264Config, NalFraming},
};

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
            NAL_SPS => (&mut self.sps, nal.get(3..).and_then(ids).filter(|[id]| *id < 32)),
            NAL_PPS => (&mut self.pps, ids(nal).filter(|[id]| *id < 256)),
            _ => return false,
        };
        let Some([id]) = id.filter(|_| nal.len() <= MAX_LEN) else { return false };
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

    /// The sequence parameter set that the picture of this slice (NAL header included) is coded under, by way of its picture
    /// parameter set (clause 7.4.1.2.1); `None` where one of them is not known.
    #[must_use]
    pub fn sps_of(&self, slice: &[u8]) -> Option<&Bytes> {
        let [_first_mb, _slice_type, pps] = ids(slice)?;
        let [_, sps] = ids(self.pps.get(&pps)?)?;
        self.sps.get(&sps)
    }

    /// Decoder set-up for pictures that are coded under `sps`: that set and the picture parameter sets that name it, or all
    /// where none does.
    #[must_use]
    pub fn config(&self, sps: &Bytes, framing: NalFraming) -> H264Config {
        let id = sps.get(3..).and_then(ids);
        let names_it = |pps: &&Bytes| matches!((id, ids(pps)), (Some([id]), Some([_, named])) if named == id);
        let mut pps: Vec<Bytes> = self.pps.values().filter(names_it).cloned().collect();
        if pps.is_empty() {
            pps.extend(self.pps.values().cloned());
        }
        H264Config { framing, sps: vec![sps.clone()], pps }
    }
}

/// The `ue(v)` codes that follow the first byte. They are ids and small: no emulation prevention comes before they end.
fn ids<const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let mut bits = Bits::new(bytes.get(1..)?, "h264", "parameter set");
    let mut found = [0; N];
    for id in &mut found {
        *id = bits.unsigned().ok()?;
    }
    Some(found)
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
        let config = sets.config(sets.first_sps().unwrap(), NalFraming::AnnexB);
        assert_eq!((config.sps.len(), config.pps.len()), (1, 2));
    }

    #[test]
    fn a_slice_names_its_sets_row_34() {
        let mut sets = ParameterSets::default();
        // SPS 0 and 1, PPS 0 for SPS 0, PPS 1 and 2 for SPS 1.
        for nal in [&b"\x67\x42\0\x1E\x80"[..], b"\x67\x42\0\x1E\x40", b"\x68\xC0", b"\x68\x48", b"\x68\x68"] {
            assert!(sets.insert(nal), "{nal:x?}");
        }
        // first_mb 0, slice_type 7, then the PPS.
        let named = |pps: &[u8]| sets.sps_of(pps).map(|sps| sets.config(sps, NalFraming::AnnexB));
        let config = named(&[0x65, 0b1000_1000, 0b1000_0000]).unwrap();
        assert_eq!((&config.sps[0][4..], config.pps), (&[0x80][..], vec![Bytes::from_static(b"\x68\xC0")]));
        let config = named(&[0x65, 0b1000_1000, 0b0100_0000]).unwrap();
        assert_eq!((&config.sps[0][4..], config.pps.len()), (&[0x40][..], 2));
        assert_eq!(named(&[0x65, 0b1000_1000, 0b0010_0000]), None);
        assert_eq!(named(&[0x65]), None);
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
        assert_eq!(ids(&[0x68, 0b0011_1000]), Some([6]));
    }
}
