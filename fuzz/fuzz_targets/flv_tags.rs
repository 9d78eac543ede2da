//! Any bytes as audio and video tags of a publication on air, old and enhanced, alone and in aggregates: no panic, tracks
//! within the ceilings, and what comes out lies in its tag.
//!
//! Input: for each tag a byte that picks sound, pictures, data or an aggregate, two with the milliseconds since the last, two
//! with the length, then the body.
#![no_main]

use std::{collections::BTreeMap, time::Duration};

use headend::{
    ingest::{
        Demuxed, Demuxer,
        rtmp::{MetadataRule, RtmpConfig, RtmpSession},
    },
    media::TrackFormat,
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/rig/rtmp_publisher.rs"]
mod rtmp_publisher;

fuzz_target!(|data: &[u8]| {
    let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
    let metadata = if data.len() % 2 == 0 { MetadataRule::Optional } else { MetadataRule::Required };
    let mut session = RtmpSession::new(RtmpConfig { metadata, ..RtmpConfig::default() }, now);
    let mut publisher = rtmp_publisher::Publisher::new("live", "key");
    session.push(publisher.start().into(), now).expect("well formed");
    session.accept().expect("it asks");
    let size = publisher.set_chunk_size(65_536);
    session.push(size.into(), now).expect("well formed");
    let (mut rest, mut ms) = (data, 0u32);
    let mut tracks = BTreeMap::new();
    // Tags may wait for metadata and come out with a later one.
    let mut largest = 0;
    while let Some((&[kind, a, b, c, d], after)) = rest.split_first_chunk() {
        let (body, after) = after.split_at(usize::from(u16::from_be_bytes([c, d])).min(after.len()));
        rest = after;
        ms = ms.wrapping_add(u16::from_be_bytes([a, b]).into());
        largest = largest.max(body.len());
        let kind = [8, 9, 18, 22][usize::from(kind & 3)];
        if body.is_empty() || session.push(publisher.message(6, kind, ms, 1, body).into(), now).is_err() {
            continue;
        }
        while let Some(item) = session.pull() {
            match item {
                Demuxed::Track(track) => drop(tracks.insert(track.id, track)),
                Demuxed::Unit(unit) => {
                    let track = tracks.get(&unit.track).expect("announced before its first unit");
                    assert!(!matches!(track.format, TrackFormat::Unknown(_)) && !unit.data.is_empty());
                    assert!(unit.data.len() <= largest);
                }
                _ => {}
            }
        }
        assert!(tracks.len() <= 16);
    }
    session.finish();
    assert!(std::iter::from_fn(|| session.pull()).count() < 4096 && session.is_closed());
});
