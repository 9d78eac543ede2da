//! User data registered by ITU-T T.35, as far as it holds captions.
//!
//! ATSC (A/72 Part 1 clause 6.4.2, A/53 Part 4:2009 clause 6.2.3): `B5 00 31`, `GA94`, type 3. DirecTV: `B5 00 2F`, type 3, a length.

use super::{CcReader, cc_data};

/// What stands before the `cc_data()` of ATSC.
pub(super) const ATSC: [u8; 8] = *b"\xB5\x00\x31GA94\x03";
/// The same in MPEG-2 user data, which has no T.35 in front.
pub(super) const ATSC_MPEG2: [u8; 5] = *b"GA94\x03";
/// What stands before the length and the `cc_data()` of DirecTV.
const DIREC_TV: [u8; 4] = *b"\xB5\x00\x2F\x03";

/// Bytes of a payload that are looked at: more than the longest `cc_data()` with all that stands before it.
pub(super) const LOOK_AHEAD: usize = 128;

/// Reads a payload; one that holds no captions is passed over.
pub(super) fn read(payload: &[u8], to: &mut CcReader) {
    if let Some(data) = payload.strip_prefix(&ATSC) {
        cc_data::read(data, to);
    } else if let Some([_, data @ ..]) = payload.strip_prefix(&DIREC_TV) {
        cc_data::read(data, to);
    }
}
