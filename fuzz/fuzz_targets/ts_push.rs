//! Any bytes in any cut: no panic, the same findings, and never more access units than bytes.
//!
//! Input: two bytes with the length of the pieces, then the stream.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use headend::{
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&cut, bytes)) = data.split_first_chunk() else { return };
    let whole = demux(bytes, bytes.len().max(1));
    let pieces = demux(bytes, usize::from(u16::from_be_bytes(cut)).max(1));
    assert_eq!(whole, pieces);
    let units: usize = whole
        .iter()
        .map(|found| match found {
            Demuxed::Unit(unit) => unit.data.len(),
            _ => 0,
        })
        .sum();
    assert!(units <= bytes.len());
});

fn demux(bytes: &[u8], cut: usize) -> Vec<Demuxed> {
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    let mut found = Vec::new();
    for piece in bytes.chunks(cut) {
        demuxer.push(Bytes::copy_from_slice(piece), now).expect("no bytes close a session");
        found.extend(std::iter::from_fn(|| demuxer.pull()));
    }
    demuxer.finish();
    found.extend(std::iter::from_fn(|| demuxer.pull()));
    found
}
