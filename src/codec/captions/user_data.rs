//! Captions in MPEG-2 video: user data behind the picture header (ISO/IEC 13818-2:2013 clause 6.2.2.2.2, ATSC A/53 Part
//! 4:2009 clause 6.2.2).

use memchr::memmem;

use super::{CcReader, cc_data, t35};

/// Reads all user data of an access unit, which may be two field pictures.
pub(super) fn read(data: &[u8], to: &mut CcReader) {
    let mut codes = memmem::find_iter(data, START_CODE).peekable();
    while let Some(at) = codes.next() {
        let end = codes.peek().copied().unwrap_or(data.len());
        let unit = data.get(at + START_CODE.len()..end);
        if let Some([USER_DATA, content @ ..]) = unit
            && let Some(data) = content.strip_prefix(&t35::ATSC_MPEG2)
        {
            cc_data::read(data, to);
        }
    }
}

const START_CODE: &[u8] = &[0, 0, 1];
/// `user_data_start_code`, without its prefix.
const USER_DATA: u8 = 0xB2;
