//! Any bytes as the body of AMF 0 messages: a command, and data of a publication. Typed errors or values, no panic.
#![no_main]

use std::time::Duration;

use headend::{
    ingest::{
        Demuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/rig/rtmp_publisher.rs"]
mod rtmp_publisher;

fuzz_target!(|body: &[u8]| {
    // Before a publication, one message may have 64 KiB.
    let body = &body[..body.len().min(60_000)];
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut publisher = rtmp_publisher::Publisher::new("live", "key");
    let mut session = RtmpSession::new(RtmpConfig::default(), now);
    session.push(publisher.start().into(), now).expect("the rig speaks RTMP");
    session.accept().expect("the rig asks to publish");
    for kind in [18, 15, 20] {
        let _ = session.push(publisher.message(4, kind, 0, 1, body).into(), now);
        while session.pull().is_some() {}
    }
});
