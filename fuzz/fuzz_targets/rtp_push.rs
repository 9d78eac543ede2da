//! Any datagrams at any times: no panic, and no deadline that has passed stays after it was handled.
//!
//! Input: datagrams, each with a byte of milliseconds and two bytes of length before it.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use headend::{
    ingest::{DatagramDemuxer, Demuxer, RtpConfig},
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut demuxer = DatagramDemuxer::new(RtpConfig::default());
    let mut at = Duration::ZERO;
    let mut rest = data;
    while let Some((&[step, high, low], after)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes([high, low])).min(after.len());
        let (datagram, after) = after.split_at(len);
        rest = after;
        at += Duration::from_millis(step.into());
        let now = Now::new(at, Utc::UNIX_EPOCH);
        demuxer.handle_timeout(now);
        assert!(demuxer.poll_timeout().is_none_or(|deadline| deadline > at));
        demuxer.push(Bytes::copy_from_slice(datagram), now).expect("no datagram closes a session");
        while demuxer.pull().is_some() {}
    }
    demuxer.finish();
    while demuxer.pull().is_some() {}
});
