//! Names that no other run of the process has: assets and locators.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    process,
};

use headend::{archive::AssetName, time::Now};

/// An asset's name: the channel's, then the time and the process that made it.
pub(crate) fn asset(channel: &str, now: Now) -> AssetName {
    let (year, month, day, second) = civil(now.utc.unix_nanos().div_euclid(1_000_000_000));
    let time = format!("{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60);
    let name = format!("{channel}-{year:04}{month:02}{day:02}T{time}Z-{:08x}", random() as u32 ^ process::id());
    // A channel's name has letters, digits and hyphens only.
    AssetName::new(&name).unwrap_or_else(|| unreachable!("{name} is an asset name"))
}

/// A GUID that cannot be guessed: whoever has it may play (RFC 9562 clause 5.4).
pub(crate) fn locator() -> String {
    let (high, low) = (random() & !0xF000 | 0x4000, random() & !(0b11 << 62) | 0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )
}

/// The standard library seeds every hasher from the system's entropy.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Year, month, day and second of the day (the algorithm of Gregorian eras of 146 097 days).
fn civil(unix_seconds: i64) -> (i64, i64, i64, i64) {
    let (days, second) = (unix_seconds.div_euclid(86_400) + 719_468, unix_seconds.rem_euclid(86_400));
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    (year_of_era + era * 400 + i64::from(month <= 2), month, day, second)
}
