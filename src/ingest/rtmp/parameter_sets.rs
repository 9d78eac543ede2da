//! Parameter sets that come in band (ISO/IEC 14496-10 clauses 7.3.2.1.1, 7.3.2.2 and 7.4.1.2.1).

use bytes::Bytes;

use crate::{
    codec::h264::{NAL_PPS, NAL_SPS, nal_type},
    media::H264Config,
};

/// What a parameter set in band did to a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// It was there already, or it is no parameter set.
    Nothing,
    /// A picture parameter set is new: pictures go on.
    Pictures,
    /// A sequence parameter set is new: a new sequence starts.
    Sequence,
}

/// Puts a parameter set in the place of the one with its id, or adds it. Copies it, since it stays for long and its access
/// unit does not.
pub(super) fn take(config: &mut H264Config, nal: &[u8]) -> Change {
    let (sets, change) = match nal_type(nal) {
        NAL_SPS => (&mut config.sps, Change::Sequence),
        NAL_PPS => (&mut config.pps, Change::Pictures),
        _ => return Change::Nothing,
    };
    if sets.iter().any(|set| set == nal) {
        return Change::Nothing;
    }
    // An id that cannot be read is nothing that a decoder could use.
    let Some(id) = id(nal) else { return Change::Nothing };
    let nal = Bytes::copy_from_slice(nal);
    match sets.iter_mut().find(|set| self::id(set) == Some(id)) {
        Some(set) => *set = nal,
        None => sets.push(nal),
    }
    change
}

/// `seq_parameter_set_id` (0 to 31) or `pic_parameter_set_id` (0 to 255), so there are never more sets than that.
fn id(nal: &[u8]) -> Option<u8> {
    let (bits, max) = if nal_type(nal) == NAL_SPS { (nal.get(4..)?, 31) } else { (nal.get(1..)?, 255) };
    // ue(v) of at most 17 bits; what is missing at the end reads as zero.
    let mut word = [0; 4];
    word.iter_mut().zip(bits).for_each(|(byte, bits)| *byte = *bits);
    let word = u32::from_be_bytes(word);
    let zeros = word.leading_zeros();
    if zeros > 8 {
        return None;
    }
    u8::try_from((word >> (31 - 2 * zeros)) - 1).ok().filter(|id| *id <= max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::NalFraming;

    #[test]
    fn sets_are_replaced_by_id_and_added_once() {
        let mut config = H264Config { framing: NalFraming::Length(4), sps: vec![], pps: vec![] };
        let sps: &[u8] = b"\x67\x64\0\x20\xAC";
        assert_eq!(take(&mut config, sps), Change::Sequence);
        assert_eq!(take(&mut config, sps), Change::Nothing);
        assert_eq!(take(&mut config, b"\x67\x64\0\x20\xAD"), Change::Sequence);
        assert_eq!(take(&mut config, b"\x68\xEB\xEC"), Change::Pictures);
        assert_eq!(take(&mut config, b"\x68\x5B\xEC"), Change::Pictures);
        assert_eq!(take(&mut config, b"\x68\xEB\xED"), Change::Pictures);
        assert_eq!((config.sps.len(), config.pps.len()), (1, 2));
        for other in [&b"\x65\x88"[..], b"\x67", b"\x68", b"\x68\0\0\0\0", b""] {
            assert_eq!(take(&mut config, other), Change::Nothing, "{other:?}");
        }
    }

    #[test]
    fn ids_are_exp_golomb() {
        assert_eq!(id(b"\x68\x80"), Some(0));
        assert_eq!(id(b"\x68\x40"), Some(1));
        assert_eq!(id(b"\x68\x60"), Some(2));
        assert_eq!(id(b"\x68\x00\x80\x00"), Some(255));
        assert_eq!(id(b"\x68\x00\x80\x80"), None);
        assert_eq!(id(b"\x67\0\0\0\x04\x40"), None);
    }
}
