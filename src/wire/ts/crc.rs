//! CRC-32/MPEG-2 (ISO/IEC 13818-1 Annex A): polynomial 0x04C11DB7, all ones first, nothing reflected.

/// The checksum of `bytes`; zero over a section that ends with its own.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32_behind(u32::MAX, bytes)
}

/// The checksum of what has the checksum `crc` and of `bytes` behind it; that of nothing is all ones.
pub(crate) fn crc32_behind(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        let index = (crc >> 24) ^ u32::from(*byte);
        // The index is a byte and the table has 256 entries.
        crc << 8 ^ TABLE.get(index as usize & 0xFF).copied().unwrap_or(0)
    })
}

const POLYNOMIAL: u32 = 0x04C1_1DB7;

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs while compiling")]
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000_0000 == 0 { crc << 1 } else { crc << 1 ^ POLYNOMIAL };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_value() {
        assert_eq!(crc32(b"123456789"), 0x0376_E6E7);
        assert_eq!(crc32(b"123456789\x03\x76\xE6\xE7"), 0);
    }
}
