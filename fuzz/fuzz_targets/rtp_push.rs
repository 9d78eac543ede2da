//! Any datagrams at any times: no panic, and no deadline that has passed stays after it was handled.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use headend::{
    ingest::{DatagramDemuxer, Demuxer, RtpConfig},
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagrams: Vec<(u8, Vec<u8>)>| {
    let mut demuxer = DatagramDemuxer::new(RtpConfig::default());
    let mut at = Duration::ZERO;
    for (step, datagram) in datagrams {
        at += Duration::from_millis(step.into());
        let now = Now::new(at, Utc::UNIX_EPOCH);
        demuxer.handle_timeout(now);
        assert!(demuxer.poll_timeout().is_none_or(|deadline| deadline > at));
        demuxer.push(Bytes::from(datagram), now).expect("no datagram closes a session");
        while demuxer.pull().is_some() {}
    }
    demuxer.finish();
    while demuxer.pull().is_some() {}
});
