use std::sync::Arc;

use super::*;
use crate::{
    archive::{
        Segmenter, SegmenterLimits,
        rig::{aac, rung, sound},
    },
    media::{AccessUnit, AudioTrack, Avail, CuePhase, FrameRate, Language, MpaConfig, TrackFormat, TrackId},
    time::{MediaDuration, Timescale},
    wire::flv::{self, Packet, PacketKind, read_tags},
};

/// 1280x720, at most two pictures out of order, made by x264.
const SPS: &[u8] =
    b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60";

fn video() -> TrackSpec {
    let mut track = TrackSpec { frame_rate: Some(FrameRate::FPS_29_97), ..rung(0, 1280, 720, 3500) };
    if let TrackFormat::H264(_, config) = &mut track.format {
        config.sps = vec![Bytes::from_static(SPS)];
    }
    track
}

/// Pictures of 29.97 Hz with an IDR picture every 60 and others out of order, from `origin` on.
fn pictures(origin: MediaTime, count: i64) -> Vec<AccessUnit> {
    let frames = |n: i64| FrameRate::FPS_29_97.frame_duration().times(n);
    let unit = |n: i64| {
        // Three by three, the first is shown last.
        let shown = match n % 60 {
            0 => n,
            58 => n + 1,
            other => n + [-1, 2, -1][(other % 3) as usize],
        };
        AccessUnit {
            track: TrackId(0),
            pts: origin.plus(frames(shown)),
            dts: origin.plus(frames(n - 2)),
            duration: MediaDuration::ZERO,
            is_random_access: n % 60 == 0,
            is_damaged: false,
            data: Bytes::from(vec![n as u8; 300 + 400 * (n % 3) as usize]),
        }
    };
    (0..count).map(unit).collect()
}

/// Cuts access units into segments of 60 pictures: for each its start and the fragment of each track.
fn cut(tracks: &[TrackSpec], units: &[Vec<AccessUnit>], origin: MediaTime, count: i64) -> Vec<(MediaTime, Vec<Body>)> {
    let mut segmenter = Segmenter::new(tracks.to_vec(), SegmenterLimits::default());
    let at = |n: i64| origin.plus(FrameRate::FPS_29_97.frame_duration().times(60 * n));
    (0..count).for_each(|n| segmenter.boundary(at(n)).unwrap());
    units.iter().flatten().for_each(|unit| segmenter.push(unit.track, unit.clone()).unwrap());
    segmenter.finish(at(count));
    std::iter::from_fn(|| segmenter.pull()).map(|sealed| (sealed.segment.start, sealed.fragments)).collect()
}

/// The tags of a fragment, whose box is an `mdat` and whole.
fn read(made: &Body) -> Vec<(u8, u32, Bytes)> {
    let bytes = made.to_bytes();
    assert_eq!(bytes[..8], [&(bytes.len() as u32).to_be_bytes()[..], b"mdat"].concat());
    read_tags(&bytes.slice(8..))
}

/// Access units of one kind, with their time in milliseconds, and how many set-ups came before the first.
fn packets(tags: &[(u8, u32, Bytes)], kind: u8) -> Vec<(u32, Packet)> {
    let of = |body: &Bytes| if kind == 9 { flv::video(body) } else { flv::audio(body) }.next().unwrap().unwrap();
    tags.iter().filter(|tag| tag.0 == kind).map(|(_, time, body)| (*time, of(body))).collect()
}

fn millis_of(at: MediaTime) -> u32 {
    at.ticks(Timescale::MILLIS) as u32
}

/// Whatever 32 bits do: nothing, the sign, a whole turn (FAULTS section 3: 24.9 and 49.7 days).
#[test]
fn every_access_unit_comes_out_at_its_millisecond_a20_5() {
    for origin in [1_000i64, (1 << 31) - 3_008, (1 << 32) - 3_006, 1_800_000_000_000] {
        let origin = MediaTime::ZERO.plus(MediaDuration::from_millis(origin));
        let tracks = [video(), aac(1)];
        let units = [pictures(origin, 240), sound(1, origin, 0..344)];
        let (mut pictures_out, mut frames_out) = (Vec::new(), Vec::new());
        for (start, bodies) in cut(&tracks, &units, origin, 4) {
            let made = fragment(&[(&tracks[0], &bodies[0]), (&tracks[1], &bodies[1])], start, &[]).unwrap();
            let tags = read(&made);
            // Both set-ups come first.
            let (mut video, mut audio) = (packets(&tags, 9), packets(&tags, 8));
            assert_eq!((tags[0].0, tags[1].0), (9, 8));
            for set_up in [video.remove(0), audio.remove(0)] {
                assert_eq!((set_up.0, set_up.1.kind), (tags[0].1, PacketKind::Config));
            }
            assert!(tags.windows(2).all(|two| two[1].1.wrapping_sub(two[0].1) < 100), "times go up");
            assert!(video[0].1.is_key);
            pictures_out.extend(video);
            frames_out.extend(audio);
        }
        assert_eq!((pictures_out.len(), frames_out.len()), (240, 344));
        for (was, (time, is)) in units[0].iter().zip(&pictures_out) {
            let PacketKind::Unit { composition_ms } = is.kind else { panic!() };
            assert!((0..200).contains(&composition_ms), "{composition_ms}");
            assert_eq!(time.wrapping_add_signed(composition_ms), millis_of(was.pts));
            assert_eq!((&is.data, is.is_key), (&was.data, was.is_random_access));
        }
        assert!(pictures_out.windows(2).all(|two| two[1].0.wrapping_sub(two[0].0) < 100));
        for (was, (time, is)) in units[1].iter().zip(&frames_out) {
            assert_eq!((*time, &is.data), (millis_of(was.pts), &was.data));
        }
    }
}

#[test]
fn long_access_units_are_shared() {
    let (origin, tracks) = (MediaTime::ZERO, [video()]);
    let stored = &cut(&tracks, &[pictures(origin, 60)], origin, 1)[0].1[0];
    let whole = Body::from(stored.to_bytes());
    let made = fragment(&[(&tracks[0], &whole)], origin, &[]).unwrap();
    let range = whole.parts()[0].as_ptr_range();
    let shared = made.parts().iter().filter(|part| range.contains(&part.as_ptr())).count();
    assert_eq!(shared, 40, "those of 700 and 1 100 bytes");
    // The same bytes out of what is in pieces; and the first times are not before zero.
    assert_eq!(fragment(&[(&tracks[0], stored)], origin, &[]).unwrap(), made);
    let times: Vec<u32> = read(&made).iter().take(4).map(|tag| tag.1).collect();
    assert_eq!(times, [0, 0, 0, 0]);
}

#[test]
fn cue_points_stand_where_the_segment_starts() {
    let start = MediaTime::ZERO.plus(MediaDuration::from_secs(9));
    let avail = Arc::new(Avail { id: 3, asked: start, start, duration: None, section: Bytes::from_static(b"\xFC") });
    let cue = |phase| SegmentCue { avail: Arc::clone(&avail), phase };
    let cues = [cue(CuePhase::In(None)), cue(CuePhase::Within), cue(CuePhase::Out)];
    let tracks = [video(), aac(1)];
    let units = [pictures(start, 60), sound(1, start, 0..86)];
    let bodies = &cut(&tracks, &units, start, 1)[0].1;
    let made = fragment(&[(&tracks[0], &bodies[0]), (&tracks[1], &bodies[1])], start, &cues).unwrap();
    let tags = read(&made);
    let script: Vec<usize> = (0..tags.len()).filter(|n| tags[*n].0 == 18).collect();
    // Set-ups and two pictures whose decode time is before the start.
    assert_eq!(script, [4, 5]);
    assert!(script.iter().all(|n| tags[*n].1 == 9000 && tags[*n].2.starts_with(b"\x02\0\x0AonCuePoint")));
    let alone = fragment(&[(&tracks[1], &bodies[1])], start, &[]).unwrap();
    assert!(read(&alone).iter().all(|tag| tag.0 == 8));
}

#[test]
fn layer_three_is_carried_and_layer_two_is_not() {
    let track = |layer, sample_rate| {
        let config = MpaConfig { layer, frame_samples: 1152 };
        let format = TrackFormat::Mpa(AudioTrack { sample_rate, channels: 2 }, config);
        TrackSpec::audio(TrackId(1), "mp3", 128_000, format, Language::UND)
    };
    let mp3 = track(3, 44_100);
    let body = &cut(std::slice::from_ref(&mp3), &[sound(1, MediaTime::ZERO, 0..60)], MediaTime::ZERO, 1)[0].1[0];
    let tags = read(&fragment(&[(&mp3, body)], MediaTime::ZERO, &[]).unwrap());
    assert_eq!((tags.len(), tags[1].1, tags[1].2.len(), tags[1].2[0]), (60, 23, 101, 0x2F));
    for other in [track(2, 44_100), track(3, 48_000)] {
        assert!(!super::super::carries(&other));
        let error = fragment(&[(&other, body)], MediaTime::ZERO, &[]).unwrap_err();
        assert_eq!(error.code(), "PARSE_UNSUPPORTED");
    }
}

#[test]
fn what_is_no_fragment_is_an_error() {
    let (video, origin) = (video(), MediaTime::ZERO);
    let stored = cut(std::slice::from_ref(&video), &[pictures(origin, 60)], origin, 1)[0].1[0].to_bytes();
    for len in [0, 7, 100, stored.len() - 1] {
        assert!(fragment(&[(&video, &stored.slice(..len).into())], origin, &[]).is_err(), "{len}");
    }
    let body = Body::from(stored);
    assert_eq!(fragment(&[], origin, &[]).unwrap_err().code(), "PARSE_MISSING");
    assert_eq!(fragment(&[(&video, &body); 3], origin, &[]).unwrap_err().code(), "PARSE_MISSING");
}
