//! Any bytes to an RTMP session, in any pieces: no panic, and the same items as in one piece.
//!
//! Input: two bytes with the length of the pieces, one whose lowest bit says that a handshake goes before, then the bytes.
#![no_main]

use std::time::Duration;

use headend::{
    error::Fault,
    ingest::{
        Demuxed, Demuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[high, low, shakes], data)) = data.split_first_chunk() else { return };
    // Most inputs should get past the handshake, which takes any 3072 bytes.
    let mut bytes = if shakes & 1 == 1 { vec![3; 1 + 2 * 1536] } else { Vec::new() };
    bytes.extend(data);
    let whole = run(&bytes, usize::MAX);
    let pieces = run(&bytes, usize::from(u16::from_be_bytes([high, low])).max(1));
    assert_eq!(whole, pieces);
});

/// The items, and whether the session was ended by an error.
fn run(bytes: &[u8], cut: usize) -> (Vec<Demuxed>, bool) {
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut session = RtmpSession::new(RtmpConfig::default(), now);
    let mut items = Vec::new();
    let mut failed = false;
    for piece in bytes.chunks(cut) {
        failed |= session.push(piece.to_vec().into(), now).is_err();
        loop {
            items.extend(std::iter::from_fn(|| session.pull()));
            if session.accept().is_err() {
                break;
            }
        }
    }
    session.finish();
    items.extend(std::iter::from_fn(|| session.pull()));
    // An error that is found while pulling is an item, one that is found while pushing is not.
    failed |= items.iter().any(|item| matches!(item, Demuxed::Fault(Fault::Unreadable(_))));
    items.retain(|item| !matches!(item, Demuxed::Fault(_)));
    (items, failed)
}
