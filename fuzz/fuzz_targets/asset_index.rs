//! Whatever a store gives back as an asset's index, it is opened as far as it is whole, or refused; what was opened goes on and reads
//! the same again.
//!
//! Input: a byte. Where it is even, what follows is pages, each behind two bytes of length. Where it is odd, it is the records of one
//! page, each behind one byte of length, and checksums are put in.
#![no_main]

use std::collections::BTreeMap;

use bytes::Bytes;
use headend::archive::{Asset, AssetName, AssetOutput, ObjectName, Recovered, Segment};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((form, rest)) = data.split_first() else { return };
    let pages = if form % 2 == 0 { pages(rest) } else { vec![(0, page(rest))] };
    let name = AssetName::new("a").expect("a good name");
    let Ok(recovered) = Recovered::open(&name, &pages) else { return };
    let told = recovered.updates().count();
    assert!(told <= 8 + recovered.timeline().segments().len() + data.len());
    for object in recovered.objects() {
        assert!(object.as_str().split('/').all(|part| !part.is_empty() && !part.starts_with('.')), "{object}");
    }
    let timeline = recovered.timeline();
    let config = recovered.config();
    let resumed = Asset::resume(&recovered, timeline.presentation(), config);
    assert_eq!(resumed.is_err(), timeline.is_ended());
    let Ok(mut asset) = resumed else { return };
    // Its store has lost some of what it lists, and the index remembers it.
    let lost: Vec<ObjectName> = recovered.objects().step_by(3).take(usize::from(*form)).collect();
    assert!(asset.lose(&lost) <= lost.len());
    let segments: Vec<Segment> = asset.timeline().segments().cloned().collect();
    asset.end();
    let mut pages: BTreeMap<u64, Vec<u8>> = pages.into_iter().map(|(number, page)| (number, page.to_vec())).collect();
    while let Some(output) = asset.pull() {
        if let AssetOutput::Append(append) = output {
            let file = append.name.as_str().strip_prefix("a/index/").expect("a page");
            let page = pages.entry(ObjectName::page_number(file).expect("a page")).or_default();
            page.truncate(append.at as usize);
            assert_eq!(page.len() as u64, append.at);
            page.extend_from_slice(&append.bytes);
        }
    }
    let pages: Vec<(u64, Bytes)> = pages.into_iter().map(|(number, page)| (number, page.into())).collect();
    let again = Recovered::open(&name, &pages).expect("what was written is whole");
    assert!(again.timeline().is_ended() && again.torn() == 0);
    assert!(again.timeline().segments().eq(&segments));
});

fn pages(mut rest: &[u8]) -> Vec<(u64, Bytes)> {
    let mut pages = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk() {
        let (page, behind) = behind.split_at(behind.len().min(u16::from_be_bytes(*length).into()));
        pages.push((pages.len() as u64, Bytes::copy_from_slice(page)));
        rest = behind;
    }
    pages
}

/// Checksums are CRC-32/MPEG-2 of all that is before them, other checksums left out.
fn page(mut rest: &[u8]) -> Bytes {
    let mut page = b"hdIX\x02".to_vec();
    let sum = |crc: u32, bytes: &[u8]| {
        bytes.iter().fold(crc, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
        })
    };
    let mut crc = sum(u32::MAX, &page);
    while let Some((length, behind)) = rest.split_first() {
        let (record, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        let framed = [&(record.len() as u32).to_be_bytes()[..], record].concat();
        crc = sum(crc, &framed);
        page.extend_from_slice(&framed);
        page.extend_from_slice(&crc.to_be_bytes());
        rest = behind;
    }
    page.into()
}
