//! Ids that are text, as numbers (A14.3).

/// A cue id for one that an upstream system gives as text: a number from 1 to 2147483647 is itself, anything else a number made
/// of the text (FNV-1a, folded to 31 bits), the same every time. Two texts may meet in one number.
///
/// ```
/// use headend::splice::normalised_cue_id;
/// assert_eq!(normalised_cue_id("42"), 42);
/// assert_eq!(normalised_cue_id("break-7"), normalised_cue_id("break-7"));
/// ```
#[must_use]
pub fn normalised_cue_id(text: &str) -> u32 {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = text.parse().ok().filter(|number| is_plain && (1..=LARGEST).contains(number)) {
        return number;
    }
    let hash = text.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ((hash >> 31 ^ hash) & LARGEST).max(1)
}

const LARGEST: u32 = i32::MAX as u32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_themselves_and_texts_are_numbers_a14_3() {
        assert_eq!(["1", "0042", "2147483647"].map(normalised_cue_id), [1, 42, LARGEST]);
        let odd = ["0", "-1", "+1", "2147483648", "4294967295", "1.0", "", "break-7", "break-8", "\u{1F4A1}"];
        let numbers: Vec<u32> = odd.iter().map(|text| normalised_cue_id(text)).collect();
        assert!(numbers.iter().all(|number| (1..=LARGEST).contains(number)), "{numbers:?}");
        let distinct: std::collections::BTreeSet<_> = numbers.iter().collect();
        assert_eq!(distinct.len(), odd.len(), "{numbers:?}");
        // They stay what they are from release to release.
        assert_eq!(["break-7", "0"].map(normalised_cue_id), [1_233_505_896, 890_022_063]);
    }
}
