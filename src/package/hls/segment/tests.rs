use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    archive::{
        Segmenter, SegmenterLimits,
        rig::{aac, rung, sound as sound_units},
    },
    codec::adts::AdtsHeader,
    media::{AccessUnit, FrameRate, NalFraming, TrackId},
    time::{MediaDuration, MediaTime, Timescale},
    wire::ts::{Arrival, Continuity, PACKET_LEN, Packet, PesReader, Pmt, Sections, Table},
};

/// A pack of one.
fn one(fragment: &Body) -> &[Body] {
    std::slice::from_ref(fragment)
}

/// 1280x720, at most two pictures out of order, made by x264.
const SPS: &[u8] =
    b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60";

fn video(frame_rate: FrameRate) -> TrackSpec {
    let mut track = rung(0, 1280, 720, 3500);
    if let TrackFormat::H264(_, config) = &mut track.format {
        config.sps = vec![Bytes::from_static(SPS)];
    }
    TrackSpec { frame_rate: Some(frame_rate), ..track }
}

/// Pictures of a rate with an IDR picture every `gop`, each shown `order[n % order.len()]` pictures after its decode time.
fn pictures(origin: MediaTime, rate: FrameRate, count: i64, gop: i64, order: &[i64]) -> Vec<AccessUnit> {
    let frames = |n: i64| rate.frame_duration().times(n);
    let unit = |n: i64| {
        let is_idr = n % gop == 0;
        let nal = |kind: u8, len: i64| {
            let mut nal = vec![kind; len as usize];
            nal[1..].iter_mut().enumerate().for_each(|(at, byte)| *byte = (at as i64 * 7 + n) as u8 | 4);
            nal
        };
        // A message (captions, say) and slices, of sizes on both sides of a packet.
        let nals = [nal(6, 20), nal(if is_idr { 0x65 } else { 0x41 }, 100 + n * 97 % 900), nal(0x41, 2 + n % 200)];
        let data = nals.iter().flat_map(|nal| [(nal.len() as u32).to_be_bytes().to_vec(), nal.clone()].concat());
        // The first one is shown at `origin`.
        let dts = origin.plus(frames(n - order[0]));
        AccessUnit {
            track: TrackId(0),
            pts: dts.plus(frames(order[(n % gop) as usize % order.len()])),
            dts,
            duration: MediaDuration::ZERO,
            is_random_access: is_idr,
            is_damaged: false,
            data: data.collect::<Vec<u8>>().into(),
        }
    };
    (0..count).map(unit).collect()
}

/// Cuts access units into segments of 2 s from `origin` on; for each track its fragment of each segment.
fn cut(tracks: &[TrackSpec], units: &[Vec<AccessUnit>], origin: MediaTime, segments: i64) -> Vec<Vec<Body>> {
    let mut segmenter = Segmenter::new(tracks.to_vec(), SegmenterLimits::default());
    let at = |n: i64| origin.plus(MediaDuration::from_secs(2 * n));
    (0..segments).for_each(|n| segmenter.boundary(at(n)).unwrap());
    units.iter().flatten().for_each(|unit| segmenter.push(unit.track, unit.clone()).unwrap());
    segmenter.finish(at(segments));
    std::iter::from_fn(|| segmenter.pull()).map(|sealed| sealed.fragments).collect()
}

#[derive(Debug, Default)]
struct Read {
    /// PTS, DTS and bytes of each PES packet, by PID.
    packets: BTreeMap<u16, Vec<(u64, u64, Vec<u8>)>>,
    clocks: Vec<u64>,
}

/// Reads segments one after the other as a player does, and finds every counter in step.
fn read(segments: &[Body]) -> Read {
    let mut read = Read::default();
    let mut lanes: BTreeMap<u16, (Continuity, PesReader)> = BTreeMap::new();
    for segment in segments {
        let bytes = segment.to_bytes();
        let (packets, rest) = bytes.as_chunks::<PACKET_LEN>();
        assert!(rest.is_empty());
        for (n, bytes) in packets.iter().enumerate() {
            let (pid, packet) = (Packet::pid(bytes), Packet::parse(bytes).unwrap());
            let (continuity, reader) = lanes.entry(pid).or_insert_with(|| (Continuity::default(), PesReader::new()));
            assert_eq!(continuity.check(&packet), Arrival::Next, "packet {n} of {pid:x}");
            assert!(!packet.is_discontinuity());
            match n {
                0 => assert_eq!((pid, packet.is_start), (0, true)),
                1 => assert_eq!((pid, packet.is_start), (PID_MAP, true)),
                _ => {
                    read.clocks.extend(packet.pcr().inspect(|_| assert_eq!(pid, PID_VIDEO)));
                    let Some(payload) = packet.payload else { continue };
                    let step = reader.push(payload, packet.is_start).unwrap();
                    let found = read.packets.entry(pid).or_default();
                    if let Some(header) = step.header {
                        found.push((header.pts.unwrap(), header.dts.unwrap(), Vec::new()));
                    }
                    found.last_mut().unwrap().2.extend_from_slice(step.data);
                }
            }
        }
    }
    read
}

/// The 33 bits that stand for an instant.
fn stamp(at: MediaTime) -> u64 {
    ((at.ticks(Timescale::MPEG) + 900_000) as u64) & ((1 << 33) - 1)
}

/// What a picture must have come to: its NAL units behind start codes, and sets in front of an IDR picture.
fn byte_stream(unit: &AccessUnit) -> Vec<u8> {
    let mut bytes = b"\0\0\0\x01\x09\xF0".to_vec();
    if unit.is_random_access {
        let pps = [0x68, 0xEE, 0x3C, 0xB0];
        bytes.extend([b"\0\0\0\x01", SPS, b"\0\0\0\x01", &pps].concat());
    }
    for nal in crate::codec::h264::nal_units(&unit.data, NalFraming::Length(4)) {
        bytes.extend([b"\0\0\0\x01", &nal[..]].concat());
    }
    bytes
}

fn frames_of(data: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut frames) = (data, Vec::new());
    while !rest.is_empty() {
        let header = AdtsHeader::parse(rest).unwrap();
        frames.push(rest[header.header_len..header.frame_len].to_vec());
        rest = &rest[header.frame_len..];
    }
    frames
}

/// The clock goes round 0.7 s into the second segment; a whole number of samples, too.
fn before_the_wrap() -> MediaTime {
    MediaTime::from_ticks((3 << 33) - 900_000 - 2 * 90_000 - 63_076, Timescale::MPEG)
}

#[test]
fn segments_made_out_of_order_follow_each_other_and_lose_nothing() {
    let (origin, rate) = (before_the_wrap(), FrameRate::FPS_30);
    let tracks = [video(rate), aac(2)];
    // Decode order I P B b: pictures are shown one, three, none and none later.
    let units = [pictures(origin, rate, 180, 60, &[1, 3, 0, 0]), sound_units(2, origin, 0..259)];
    let fragments = cut(&tracks, &units, origin, 3);
    assert_eq!(fragments.len(), 3);
    let of =
        |track: usize, pack: Range<usize>| fragments[pack].iter().map(|made| made[track].clone()).collect::<Vec<_>>();
    let make = |number: u32, pack: Range<usize>| {
        let (shown, heard) = (of(0, pack.clone()), of(1, pack));
        segment(number, &[(&tracks[0], &shown), (&tracks[1], &heard)]).unwrap()
    };
    let (two, zero, one) = (make(2, 2..3), make(0, 0..1), make(1, 1..2));
    check_whole(&read(&[zero, one, two]), &units);
    // The same in packs, of which one holds two (A20.15).
    let (one, zero) = (make(1, 2..3), make(0, 0..2));
    check_whole(&read(&[zero, one]), &units);
    check_whole(&read(&[make(0, 0..3)]), &units);
}

/// Whether all of these pictures, of 30 frames a second, and of this sound came out as they went in, each at its time.
fn check_whole(read: &Read, units: &[Vec<AccessUnit>; 2]) {
    let rate = FrameRate::FPS_30;
    let pictures = &read.packets[&PID_VIDEO];
    assert_eq!(pictures.len(), 180);
    for (unit, (pts, dts, bytes)) in units[0].iter().zip(pictures) {
        assert_eq!((*bytes == byte_stream(unit), *pts), (true, stamp(unit.pts)));
        // Two pictures of room, less the one by which the first is shown later than it is decoded.
        let decoded = unit.dts.minus(rate.frame_duration()).ticks(Timescale::MPEG) as u64;
        assert_eq!(*dts, (decoded + 900_000) & ((1 << 33) - 1));
        assert!(pts.wrapping_sub(*dts) & ((1 << 33) - 1) <= 5 * 3000);
    }
    let stamps = read.packets[&PID_AUDIO].iter().map(|(pts, ..)| *pts);
    let mut at = 0;
    for (pts, (_, _, data)) in stamps.zip(&read.packets[&PID_AUDIO]) {
        assert_eq!(pts, stamp(units[1][at].pts));
        for frame in frames_of(data) {
            assert_eq!(frame, units[1][at].data);
            at += 1;
        }
    }
    assert_eq!(at, 259);
    let steps =
        read.clocks.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]).min(pair[1] + (1 << 33) * 300 - pair[0]));
    assert!(steps.max().unwrap() <= 2_700_000);
}

#[test]
fn what_is_missing_in_a_pack_moves_nothing_behind_it() {
    let (origin, rate) = (before_the_wrap(), FrameRate::FPS_30);
    let tracks = [video(rate), aac(2)];
    let units = [pictures(origin, rate, 180, 60, &[1, 3, 0, 0]), sound_units(2, origin, 0..259)];
    let fragments = cut(&tracks, &units, origin, 3);
    let of = |track: usize| [fragments[0][track].clone(), fragments[2][track].clone()];
    let read = read(&[segment(0, &[(&tracks[0], &of(0)), (&tracks[1], &of(1))]).unwrap()]);
    let shown: Vec<u64> = read.packets[&PID_VIDEO].iter().map(|(pts, ..)| *pts).collect();
    let left = units[0][..60].iter().chain(&units[0][120..]);
    assert_eq!(shown, left.map(|unit| stamp(unit.pts)).collect::<Vec<_>>());
    // Players count frames from a time stamp on, so that one stands behind the gap.
    let mut all: Vec<(u64, Vec<u8>)> = Vec::new();
    for (pts, _, data) in &read.packets[&PID_AUDIO] {
        let lasts = |n: usize| (n as u64 * 1024 * 90_000).div_ceil(44_100);
        all.extend(
            frames_of(data).into_iter().enumerate().map(|(n, frame)| ((pts + lasts(n)) & ((1 << 33) - 1), frame)),
        );
    }
    assert!(all.len() > 160 && all.len() < 180, "{}", all.len());
    for (at, frame) in all {
        let is_it = |unit: &AccessUnit| unit.data == frame && at.abs_diff(stamp(unit.pts)) <= 2;
        assert!(units[1].iter().any(is_it), "{at}");
    }
}

/// RFC 8216 clause 4.3.3.6: each segment is one I-frame, and stands behind tables of its own.
#[test]
fn key_frames_are_those_of_their_segments_and_follow_each_other() {
    let (origin, rate) = (before_the_wrap(), FrameRate::FPS_30);
    let track = video(rate);
    let units = [pictures(origin, rate, 180, 60, &[1, 3, 0, 0])];
    let fragments = cut(std::slice::from_ref(&track), &units, origin, 3);
    let make = |key: bool| -> Vec<Body> {
        let span = Span { start: 0, duration: 180_000, bytes: 1 };
        let made = |(n, fragment): (u32, &Vec<Body>)| match key {
            true => key_frame(&track, &fragment[0], span),
            false => segment(n, &[(&track, one(&fragment[0]))]),
        };
        (0..).zip(&fragments).map(|stored| made(stored).unwrap()).collect()
    };
    let (whole, keys) = (read(&make(false)), read(&make(true)));
    let expected: Vec<_> = whole.packets[&PID_VIDEO].iter().step_by(60).cloned().collect();
    assert_eq!((expected.len(), &keys.packets[&PID_VIDEO]), (3, &expected));
    assert_eq!(keys.packets.len(), 1);
    assert!(keys.clocks.iter().all(|clock| whole.clocks.contains(clock)) && keys.clocks.len() == 3);
}

#[test]
fn a_map_names_the_language_and_the_clock() {
    let (origin, rate) = (MediaTime::ZERO, FrameRate::FPS_30);
    let tracks = [video(rate), TrackSpec { language: Language::new("fra").unwrap(), ..aac(2) }];
    let units = [pictures(origin, rate, 60, 60, &[0]), sound_units(2, origin, 0..87)];
    let fragments = cut(&tracks, &units, origin, 1);
    let bytes =
        segment(0, &[(&tracks[0], one(&fragments[0][0])), (&tracks[1], one(&fragments[0][1]))]).unwrap().to_bytes();
    let packet = Packet::parse(bytes[PACKET_LEN..].first_chunk().unwrap()).unwrap();
    let mut maps = Vec::new();
    Sections::default().push(packet.payload.unwrap(), true, |section| {
        maps.push(Pmt::parse(&Table::parse(section.unwrap()).unwrap()).unwrap());
    });
    assert_eq!(maps[0].pcr_pid, PID_VIDEO);
    let streams: Vec<_> = maps[0].streams.iter().map(|one| (one.pid, one.stream_type, one.language)).collect();
    let french = Language::new("fra");
    assert_eq!(streams, [(PID_VIDEO, StreamType::H264, None), (PID_AUDIO, StreamType::AAC_ADTS, french)]);
    // Media time zero: nothing is before the start of the clock.
    let read = read(&[bytes.into()]);
    assert_eq!(read.packets[&PID_VIDEO][0].0, 900_000);
    assert_eq!(read.clocks[0], (900_000 - 2 * 3000 - LEAD) * 300);
}

#[test]
fn the_clock_comes_often_enough_whatever_the_frame_rate() {
    let (origin, rate) = (before_the_wrap(), FrameRate::new(2, 1).unwrap());
    let track = video(rate);
    let units = [pictures(origin, rate, 8, 4, &[0])];
    let fragments = cut(std::slice::from_ref(&track), &units, origin, 2);
    let made: Vec<Body> =
        (0..).zip(&fragments).map(|(n, made)| segment(n, &[(&track, one(&made[0]))]).unwrap()).collect();
    let read = read(&made);
    assert_eq!(read.packets[&PID_VIDEO].len(), 8);
    for half in [&read.clocks[..16], &read.clocks[16..]] {
        let steps = half.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]).min(pair[1] + (1 << 33) * 300 - pair[0]));
        assert!(steps.max().unwrap() <= 2_700_000, "{half:?}");
    }
}

#[test]
fn sound_by_itself_is_packed_behind_its_time() {
    let origin = before_the_wrap();
    let track = aac(2);
    let units = [sound_units(2, origin, 0..173)];
    let fragments = cut(std::slice::from_ref(&track), &units, origin, 2);
    let mut at = 0;
    for fragment in &fragments {
        let bytes = segment(0, &[(&track, one(&fragment[0]))]).unwrap().to_bytes();
        let (tag, frames) = bytes.split_at(73);
        assert!(
            tag.starts_with(b"ID3\x04\0\0\0\0\0\x3FPRIV\0\0\0\x35\0\0com.apple.streaming.transportStreamTimestamp\0")
        );
        assert_eq!(u64::from_be_bytes(*tag.last_chunk().unwrap()), stamp(units[0][at].pts));
        for frame in frames_of(frames) {
            assert_eq!(frame, units[0][at].data);
            at += 1;
        }
    }
    assert_eq!(at, 173);
}

#[test]
fn what_is_no_fragment_of_such_a_track_is_refused() {
    let track = video(FrameRate::FPS_30);
    let junk = Body::from(String::from("0123456789"));
    assert!(segment(0, &[(&track, one(&junk))]).is_err() && segment(0, &[(&aac(2), one(&junk))]).is_err());
    assert!(segment(0, &[]).is_err() && segment(0, &[(&track, &[])]).is_err());
    let fragments = cut(
        std::slice::from_ref(&track),
        &[pictures(MediaTime::ZERO, FrameRate::FPS_30, 60, 60, &[0])],
        MediaTime::ZERO,
        1,
    );
    let text = TrackSpec { format: TrackFormat::Unknown("text".into()), ..track.clone() };
    assert_eq!(segment(0, &[(&text, one(&fragments[0][0]))]).unwrap_err().code(), "PARSE_UNSUPPORTED");
    assert!(!carries(&text) && carries(&track) && carries(&aac(2)));
    // Frames of sound that are too long for ADTS, or empty.
    let sound = |len: usize| {
        let unit = AccessUnit { data: vec![1; len].into(), ..sound_units(2, MediaTime::ZERO, 0..1).remove(0) };
        let fragments = cut(&[aac(2)], &[vec![unit]], MediaTime::ZERO, 1);
        segment(0, &[(&aac(2), one(&fragments[0][0]))]).map(|body| body.len()).map_err(|error| error.code())
    };
    assert_eq!([sound(8184), sound(8185), sound(0)], [Ok(73 + 8191), Err("LIMIT_EXCEEDED"), Err("PARSE_TRUNCATED")]);
}

proptest! {
    /// FAULTS I1: whatever a store gives back, there is an answer, of whole packets.
    #[test]
    fn a_broken_store_breaks_nothing(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        keep in any::<prop::sample::Index>(),
    ) {
        let (origin, rate) = (before_the_wrap(), FrameRate::FPS_30);
        let tracks = [video(rate), aac(2)];
        let units = [pictures(origin, rate, 20, 60, &[1, 3, 0, 0]), sound_units(2, origin, 0..20)];
        let fragments = cut(&tracks, &units, origin, 1);
        let broken: Vec<Body> = fragments[0].iter().map(|fragment| {
            let mut bytes = fragment.to_bytes().to_vec();
            // Most of what is not access units stands at the start.
            changes.iter().for_each(|(at, value)| { let at = at.index(bytes.len().min(700)); bytes[at] = *value; });
            bytes.truncate(keep.index(bytes.len() * 4).max(1));
            Body::from(Bytes::from(bytes))
        }).collect();
        if let Ok(made) = segment(0, &[(&tracks[0], one(&broken[0])), (&tracks[1], one(&broken[1]))]) {
            prop_assert_eq!(made.len() % PACKET_LEN, 0);
            prop_assert!(made.len() < 2 << 20);
        }
        let _ = segment(0, &[(&tracks[1], one(&broken[1]))]);
        if let Ok(made) = key_frame(&tracks[0], &broken[0], Span { start: 0, duration: 1, bytes: 1 }) {
            prop_assert_eq!(made.len() % PACKET_LEN, 0);
            prop_assert!(made.len() < 1 << 20);
        }
    }
}
