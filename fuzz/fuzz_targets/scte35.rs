//! Any bytes as an SCTE-35 section, as they are and with the length and checksum that let them in: no panic, and what is
//! read is written and read again the same.
#![no_main]

use headend::splice::scte35::SpliceInfoSection;
use libfuzzer_sys::fuzz_target;

fn crc32(bytes: &[u8]) -> u32 {
    let shift = |crc: u32, _| if crc >> 31 == 1 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 };
    bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte) << 24, shift))
}

fn check(section: &[u8]) {
    let Ok(read) = SpliceInfoSection::parse(section) else { return };
    let written = read.to_bytes().unwrap();
    assert_eq!(SpliceInfoSection::parse(&written).unwrap(), read);
}

fuzz_target!(|data: &[u8]| {
    check(data);
    let body = &data[..data.len().min(4089)];
    let mut section = vec![0xFC];
    section.extend((0x3000 | (body.len() + 4) as u16).to_be_bytes());
    section.extend(body);
    section.extend(crc32(&section).to_be_bytes());
    check(&section);
});
