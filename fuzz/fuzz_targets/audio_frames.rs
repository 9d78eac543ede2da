//! Any bytes as frames of sound, after a byte that selects the coding: typed errors or values that hold together, and the same
//! through the transport stream demuxer, which must end up with no more than it was given.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use headend::{
    codec::{
        ac3::Ac3Header,
        adts::AdtsHeader,
        asc::AudioSpecificConfig,
        latm::{self, LatmReader},
        mpa::MpaHeader,
    },
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/rig/transport.rs"]
mod transport;

use transport::Transport;

fuzz_target!(|data: &[u8]| {
    let Some((&coding, bytes)) = data.split_first() else { return };
    match coding % 4 {
        0 => walk(bytes, |bytes| AdtsHeader::parse(bytes).ok().map(|header| header.frame_len)),
        1 => walk(bytes, |bytes| {
            let header = Ac3Header::parse(bytes).ok()?;
            assert!((128..=3840).contains(&header.frame_len) && header.sound.ac3_config().dac3.len() == 3);
            assert!((1..=6).contains(&header.sound.audio_track().channels));
            Some(header.frame_len)
        }),
        2 => walk(bytes, |bytes| {
            let header = MpaHeader::parse(bytes).ok()?;
            assert!((24..=2881).contains(&header.frame_len) && (2..=3).contains(&header.sound.mpa_config().layer));
            assert!((8_000..=48_000).contains(&header.sound.audio_track().sample_rate));
            Some(header.frame_len)
        }),
        _ => {
            let mut reader = LatmReader::default();
            walk(bytes, |bytes| {
                let len = latm::frame_len(bytes).ok()?;
                if let Ok(Some((sound, data))) = reader.open(bytes.get(..len)?) {
                    assert!(data.len() <= len && sound.frame_samples().1 > 0);
                    assert!(AudioSpecificConfig::parse(&sound.aac_config().asc).is_ok());
                }
                Some(len)
            });
        }
    }
    demux([0x0F, 0x81, 0x03, 0x11][usize::from(coding % 4)], bytes);
});

/// Frame after frame, a byte on where there is none.
fn walk(mut bytes: &[u8], mut frame_len: impl FnMut(&[u8]) -> Option<usize>) {
    while !bytes.is_empty() {
        let len = frame_len(bytes).unwrap_or(1);
        assert!(len > 0);
        bytes = bytes.get(len..).unwrap_or(&[]);
    }
}

fn demux(kind: u8, bytes: &[u8]) {
    let mut mux = Transport::default();
    mux.map(&[(kind, Transport::AUDIO)]);
    for (n, piece) in bytes.chunks(900).enumerate() {
        mux.pes(Transport::AUDIO, n as u64 * 1800, piece);
    }
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    demuxer.push(Bytes::from(mux.bytes()), now).expect("no bytes close a session");
    demuxer.finish();
    let mut carried = 0;
    while let Some(found) = demuxer.pull() {
        if let Demuxed::Unit(unit) = found {
            carried += unit.data.len();
        }
    }
    assert!(carried <= bytes.len());
}
