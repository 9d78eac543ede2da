//! Any bytes as an MPEG-2 video elementary stream, after a byte with the size of its PES packets: headers are typed errors or
//! values that can be, and access units are the stream's own bytes in order.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use headend::{
    codec::mpeg2::{Picture, Sequence},
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/rig/transport.rs"]
mod transport;

use transport::Transport;

fuzz_target!(|data: &[u8]| {
    let Some((&size, bytes)) = data.split_first() else { return };
    let mut sequence = Sequence::default();
    for unit in bytes.split(|byte| *byte == 1) {
        sequence.insert(unit);
        let _ = Picture::parse(unit);
    }
    check(&sequence);
    let mut mux = Transport::default();
    mux.map(&[(0x02, Transport::VIDEO)]);
    for (n, piece) in bytes.chunks(usize::from(size) * 16 + 1).enumerate() {
        mux.pes(Transport::VIDEO, n as u64 * 3600, piece);
    }
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    demuxer.push(Bytes::from(mux.bytes()), now).expect("no bytes close a session");
    demuxer.finish();
    let mut rest = bytes;
    while let Some(found) = demuxer.pull() {
        match found {
            Demuxed::Unit(unit) => {
                let at = rest.windows(unit.data.len()).position(|window| window == unit.data);
                rest = &rest[at.expect("it is of the stream, behind the one before") + unit.data.len()..];
            }
            Demuxed::Track(track) => {
                let video = track.format.video().expect("a video track");
                assert!((1..=16_384).contains(&video.width) && (1..=16_384).contains(&video.height));
            }
            _ => {}
        }
    }
});

fn check(sequence: &Sequence) {
    if let Ok(track) = sequence.video_track() {
        assert!((1..=16_384).contains(&track.width) && (1..=16_384).contains(&track.height));
        assert!(track.sample_aspect.0 > 0 && track.sample_aspect.1 > 0);
        assert!(track.frame_rate.is_none_or(|rate| rate.frame_duration().flicks() > 0));
    }
}
