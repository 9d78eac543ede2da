//! Any bytes as the body of a Smooth Streaming POST, in any pieces: no panic, and the same findings.
//!
//! Input: two bytes with the length of the pieces, then the body.
#![no_main]

use std::time::Duration;

use headend::{
    error::Fault,
    ingest::{
        Demuxed, Demuxer,
        smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&cut, body)) = data.split_first_chunk() else { return };
    let whole = post(body, body.len().max(1));
    let pieces = post(body, usize::from(u16::from_be_bytes(cut)).max(1));
    assert_eq!(whole, pieces);
});

/// The items, and whether the session was ended by an error.
fn post(body: &[u8], cut: usize) -> (Vec<Demuxed>, bool) {
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut session = SmoothDemuxer::new(SmoothConfig::default(), SmoothStreams::new(), now);
    let (mut found, mut failed) = (Vec::new(), false);
    for piece in body.chunks(cut) {
        failed |= session.push(piece.to_vec().into(), now).is_err();
        found.extend(std::iter::from_fn(|| session.pull()));
        if failed || found.contains(&Demuxed::End) {
            break;
        }
    }
    session.finish();
    found.extend(std::iter::from_fn(|| session.pull()));
    // An error that is found while pulling is an item, one that is found while pushing is not.
    if !failed && let [.., Demuxed::Fault(Fault::Unreadable(_)), Demuxed::End] = &found[..] {
        let last = found.len() - 2;
        found.remove(last);
        failed = true;
    }
    (found, failed)
}
