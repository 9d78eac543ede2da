//! The index of a whole day: what an asset holds of it, what an origin holds of it, and what comes out of hostile pages.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use headend::{
    archive::{
        Asset, AssetConfig, AssetName, AssetOutput, ObjectName, Pack, Presentation, Recovered, SealedSegment, Segment,
        Span, TrackSpec,
    },
    media::{AacConfig, AudioTrack, Language, TrackFormat, TrackId},
    origin::{Origin, OriginConfig},
    time::{MediaDuration, MediaTime, Utc},
};

use crate::{
    BOMB, below,
    counting::{live, measure},
};

const TRACKS: u64 = 8;
const HOURS: i64 = 25;
const PER_HOUR: u64 = 1800;

fn name() -> AssetName {
    AssetName::new("a").unwrap()
}

fn asset() -> Asset {
    let track = |id: u64| {
        let format = AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) };
        let format = TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, format);
        TrackSpec::audio(TrackId(id as u32), &format!("audio{id}"), 64_000, format, Language::UND)
    };
    let presentation = Presentation::new((0..TRACKS).map(track).collect(), Utc::UNIX_EPOCH);
    let window = Some(MediaDuration::from_secs(HOURS * 3600));
    let config = AssetConfig { window, rewind: None, segment_duration: MediaDuration::from_secs(2) };
    Asset::open(name(), presentation.into(), config)
}

/// Two seconds; sizes go up and down, so that no rate is the same as the one before.
fn sealed(sequence: u64) -> SealedSegment {
    let bytes = 400_000 + (sequence * 7919 % 100_000) as u32;
    let span = Span { start: sequence * 96_000, duration: 96_000 - (sequence % 2) as u32 * 1024, bytes };
    let duration = MediaDuration::from_secs(2);
    let segment = Segment {
        sequence,
        start: MediaTime::ZERO.plus(duration.times(sequence as i64)),
        duration,
        is_discontinuous: false,
        spans: [span; TRACKS as usize].into(),
        cues: Arc::default(),
        pack: Pack::default(),
    };
    SealedSegment { segment, fragments: Vec::new(), parts: Vec::new(), faults: Vec::new() }
}

#[test]
fn a_day_of_eight_tracks_is_held_in_64_mib_and_does_not_grow_once_the_window_is_full() {
    let before = live();
    let (mut asset, mut written, mut pages) = (asset(), 0, VecDeque::new());
    let mut held = Vec::new();
    for sequence in 0..(HOURS as u64 + 5) * PER_HOUR {
        asset.push(&sealed(sequence)).unwrap();
        while let Some(output) = asset.pull() {
            match output {
                AssetOutput::Append(append) => {
                    written += append.bytes.len();
                    if append.at == 0 {
                        pages.push_back(append.name);
                    }
                }
                AssetOutput::Discard(name) if pages.front() == Some(&name) => drop(pages.pop_front()),
                _ => {}
            }
        }
        if sequence % PER_HOUR == PER_HOUR - 1 {
            held.push(live() - before);
        }
    }
    let (full, last) = (held[HOURS as usize], held[held.len() - 1]);
    let per_segment = written as u64 / ((HOURS as u64 + 5) * PER_HOUR);
    println!(
        "25 h, 8 tracks: {} KiB held, {} KiB five hours later; {per_segment} bytes of index a segment, {} pages",
        full / 1024,
        last / 1024,
        pages.len()
    );
    assert!(full < 64 << 20 && last < 64 << 20, "{held:?}");
    assert!((last - full).abs() < 1 << 20, "flat once full: {held:?}");
    // 45 000 segments and a minute more, 256 in a page.
    assert!((176..=178).contains(&pages.len()), "{}", pages.len());
}

/// The pages of an index of `segments` segments.
fn pages(segments: u64) -> Vec<(u64, Bytes)> {
    let (mut asset, mut pages) = (asset(), BTreeMap::<u64, Vec<u8>>::new());
    for sequence in 0..segments {
        asset.push(&sealed(sequence)).unwrap();
        while let Some(output) = asset.pull() {
            if let AssetOutput::Append(append) = output {
                let file = append.name.as_str().rsplit('/').next().unwrap();
                pages.entry(ObjectName::page_number(file).unwrap()).or_default().extend_from_slice(&append.bytes);
            }
        }
    }
    pages.into_iter().map(|(number, page)| (number, page.into())).collect()
}

#[test]
fn reading_takes_memory_of_the_order_of_the_pages() {
    let pages = pages(45_000);
    let bytes: usize = pages.iter().map(|(_, page)| page.len()).sum();
    let (recovered, usage) = measure(|| Recovered::open(&name(), &pages).unwrap());
    println!("{} KiB of pages: {} KiB at the peak, {} kept", bytes / 1024, usage.peak / 1024, usage.kept / 1024);
    assert_eq!(recovered.timeline().segments().len(), 45_000);
    assert!(usage.peak < 32 << 20);
    // What an origin takes for the texts of every playlist of it, all formats: told here, as nobody has set it a bound.
    let (origin, usage) = measure(|| {
        let mut origin = Origin::new(OriginConfig::default());
        recovered.updates().for_each(|update| origin.apply(&update).unwrap());
        origin
    });
    println!("an origin of it: {} KiB at the peak, {} kept", usage.peak / 1024, usage.kept / 1024);
    assert_eq!(origin.timeline(&name()).unwrap().segments().len(), 45_000);
}

/// A page of these records, with checksums that are right (CRC-32/MPEG-2 of all before, checksums left out).
fn page(records: &[Vec<u8>]) -> Vec<u8> {
    let (mut page, mut counted) = (b"hdIX\x02".to_vec(), b"hdIX\x02".to_vec());
    for record in records {
        let framed = [&(record.len() as u32).to_be_bytes()[..], record].concat();
        counted.extend_from_slice(&framed);
        page.extend_from_slice(&framed);
        let crc = counted.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
        });
        page.extend_from_slice(&crc.to_be_bytes());
    }
    page
}

/// Everything that a host does with what it recovered.
fn go_on(recovered: &Recovered) {
    assert!(recovered.updates().count() < 20 && recovered.objects().count() < 60);
    let timeline = recovered.timeline();
    let config = recovered.config();
    let resumed = Asset::resume(recovered, timeline.presentation(), config);
    assert_eq!(resumed.is_err(), timeline.is_ended());
    if let Ok(mut asset) = resumed {
        asset.end();
        assert!(std::iter::from_fn(|| asset.pull()).count() < 60);
    }
}

#[test]
fn records_that_lie_about_their_lengths_cost_nothing() {
    let (_, whole) = &pages(3)[0];
    let mut records = Vec::new();
    let mut rest = &whole[5..];
    while let Some((length, framed)) = rest.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        records.push(framed[..length].to_vec());
        rest = &framed[length + 4..];
    }
    assert_eq!((page(&records), records.len()), (whole.to_vec(), 4));
    for record in 0..records.len() {
        for at in 0..records[record].len() {
            for lie in [&[0xFF; 4][..], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], &[0xFF, 0xFF, 3]] {
                let mut records = records.clone();
                let long = [&records[record][..at], lie, &records[record][at..]].concat();
                records[record] = long;
                let page = [(0, Bytes::from(page(&records)))];
                let (_, usage) = measure(|| Recovered::open(&name(), &page).map(|recovered| go_on(&recovered)));
                assert!(usage.peak < BOMB / 16, "{usage:?} at {at} of record {record}");
            }
        }
    }
    below("a mark and a length", BOMB / 64, || {
        drop(Recovered::open(&name(), &[(0, Bytes::from_static(b"hdIX\x02\xFF\xFF\xFF\xFF"))]))
    });
}
