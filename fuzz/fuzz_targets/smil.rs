//! Any bytes as the live server manifest of a POST: no panic, and a document type definition is never taken.
#![no_main]

use std::time::Duration;

use headend::{
    ingest::{
        Demuxer,
        smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut session = SmoothDemuxer::new(SmoothConfig::default(), SmoothStreams::new(), now);
    let mut body = (data.len() as u32 + 28).to_be_bytes().to_vec();
    body.extend(b"uuid\xa5\xd4\x0b\x30\xe8\x14\x11\xdd\xba\x2f\x08\x00\x20\x0c\x9a\x66\0\0\0\0");
    body.extend(data);
    let pushed = session.push(body.into(), now);
    if data.starts_with(b"<!DOCTYPE ") {
        assert!(pushed.is_err());
    }
});
