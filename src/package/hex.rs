//! Bytes as a hexadecimal sequence.

use std::fmt::Write as _;

/// Adds `bytes` in capital digits.
pub(super) fn push_hex(text: &mut String, bytes: &[u8]) {
    bytes.iter().for_each(|byte| {
        let _ = write!(text, "{byte:02X}");
    });
}
