//! Codecs and tracks of Enhanced RTMP v2, and what changes while they are on air.

use super::tests::{ASC, Line, SPS, avcc, idr, ms, rtmp_publisher::with_length, slice};
use crate::{
    error::Fault,
    ingest::{Demuxed, Demuxer},
    media::{Chroma, Track, TrackFormat},
    time::MediaDuration,
};

/// Main, 3840x2160, 60 fps.
const HEVC_SPS: &[u8] =
    b"\x42\x01\x01\x01\x60\0\0\x03\0\x90\0\0\x03\0\0\x03\0\x99\xA0\x01\xE0\x20\x02\x1C\x59\x65\x66\x92\
    \x4C\xAF\x01\x68\x08\0\0\x03\0\x08\0\0\x03\x01\xE0\x40";
/// Main, 512x512.
const AV1C: &[u8] = b"\x81\x01\x0C\0\x0A\x0B\0\0\0\x0C\x47\xFF\xFE\xFF\xFC\xC0\x20";
/// 48 kHz, stereo.
const ASC_48: &[u8] = b"\x11\x90";

fn hvcc() -> Vec<u8> {
    [&b"\x01"[..], &[0; 20], b"\x0F\x01\x21\0\x01\0\x2C", HEVC_SPS].concat()
}

fn tracks(items: &[Demuxed]) -> Vec<&Track> {
    items.iter().filter_map(|item| if let Demuxed::Track(track) = item { Some(track) } else { None }).collect()
}

#[test]
fn hevc_is_passed_on_from_its_first_random_access_picture() {
    let mut line = Line::on_air();
    let p = &line.publisher;
    let picture = |kind: u8| with_length(&[kind << 1, 1, 0xAF]);
    let unit = |packet: u8, cts: &[u8], nals: &[u8]| [&[packet], &b"hvc1"[..], cts, nals].concat();
    let cra = [with_length(b"\x46\x01\x10"), picture(21)].concat();
    let bytes = [
        p.video_tag(0, &[&b"\x90hvc1"[..], &hvcc()].concat()),
        p.video_tag(0, &unit(0xA1, b"\0\0\0", &picture(1))),
        p.video_tag(40, &unit(0x91, b"\0\0\x28", &cra)),
        p.video_tag(80, &unit(0xA3, b"", &picture(1))),
        p.video_tag(120, &unit(0xA1, b"\xFF\xFF\xD8", &picture(0))),
    ];
    line.send(bytes.concat()).unwrap();
    let TrackFormat::Hevc(video, config) = &tracks(&line.items)[0].format else { panic!("{:?}", line.items) };
    assert_eq!((video.width, video.height, video.bit_depth, video.chroma), (3840, 2160, 8, Chroma::Yuv420));
    assert_eq!(config.hvcc, hvcc());
    assert!(line.items.contains(&Demuxed::Fault(Fault::Dropped { count: 1, reason: "before an IDR" })));
    let units = line.take_units();
    let seen: Vec<_> = units.iter().map(|unit| (unit.dts, unit.pts, unit.is_random_access)).collect();
    assert_eq!(seen, [(ms(40), ms(80), true), (ms(80), ms(80), false), (ms(120), ms(80), false)]);
    assert_eq!(units[0].data, cra);
}

#[test]
fn av1_is_passed_on_without_its_temporal_delimiter() {
    let mut line = Line::on_air();
    let p = &line.publisher;
    let bytes = [
        p.video_tag(0, b"\x90av01"),
        p.video_tag(0, &[b"\x90av01", AV1C].concat()),
        p.video_tag(0, b"\x91av01\x12\0\x32\x02ab"),
        p.video_tag(40, b"\xA1av01\x12\0\x32\x01c"),
        p.video_tag(80, b"\xA1av01\x12\0"),
    ];
    line.send(bytes.concat()).unwrap();
    let found = tracks(&line.items);
    let TrackFormat::Av1(video, config) = &found[0].format else { panic!("{found:?}") };
    assert!(found.len() == 1 && (video.width, video.height) == (512, 512) && config.av1c == AV1C);
    let units = line.take_units();
    let seen: Vec<_> = units.iter().map(|unit| (unit.is_random_access, &unit.data[..])).collect();
    assert_eq!(seen, [(true, &b"\x32\x02ab"[..]), (false, b"\x32\x01c")]);
}

#[test]
fn every_track_has_a_lane_a_name_and_a_bitrate_of_its_own_a26_3() {
    let mut line = Line::on_air();
    let p = &line.publisher;
    let config = avcc(SPS);
    let of_one = |head: &[u8], track: u8, data: &[u8]| [head, &[track], data].concat();
    let both = |data: &[u8]| {
        let size = (data.len() as u32).to_be_bytes();
        [&[0][..], &size[1..], data, &[1], &size[1..], data].concat()
    };
    let bytes = [
        p.metadata(&[("videodatarate", 2500.0), ("audiodatarate", 128.0)]),
        p.video_config(&config),
        p.video_tag(0, &of_one(b"\x96\x00avc1", 1, &config)),
        p.audio_config(ASC),
        p.audio_tag(0, &of_one(b"\x95\x00mp4a", 1, ASC_48)),
        p.audio_tag(0, &of_one(b"\x95\x00Opus", 2, b"OpusHead")),
        // A frame each of both video tracks in one tag, without composition times; then sound of both.
        p.video_tag(40, &[b"\x96\x13avc1", &both(&idr())[..]].concat()),
        p.audio(40, b"one"),
        p.audio_tag(40, &of_one(b"\x95\x01mp4a", 1, b"two")),
        p.audio_tag(40, &of_one(b"\x95\x01Opus", 2, b"three")),
    ];
    line.send(bytes.concat()).unwrap();
    let found: Vec<_> = tracks(&line.items)
        .into_iter()
        .map(|track| (track.id.0, track.index, track.name.as_str(), track.bitrate, track.format.codec_name()))
        .collect();
    let expected = [
        (0, 0, "video_2500000", 2_500_000, "H.264"),
        (2, 1, "", 0, "H.264"),
        (1, 0, "audio_128000", 128_000, "AAC"),
        (3, 1, "", 0, "AAC"),
        (5, 2, "", 0, "Opus over enhanced RTMP"),
    ];
    assert_eq!(found, expected);
    let units = line.take_units();
    let seen: Vec<_> = units.iter().map(|unit| (unit.track.0, unit.dts)).collect();
    assert_eq!(seen, [(0, ms(40)), (2, ms(40)), (1, ms(40)), (3, ms(40))]);
}

#[test]
fn a_ninth_track_is_over_the_ceiling_told_once_and_counted() {
    let mut line = Line::on_air();
    let tag = |track: u8| [&b"\x95\x00mp4a"[..], &[track], ASC].concat();
    let bytes: Vec<_> = (1..=12).flat_map(|track| line.publisher.audio_tag(0, &tag(track))).collect();
    line.send(bytes).unwrap();
    line.session.finish();
    line.pull();
    assert_eq!(tracks(&line.items).len(), 7);
    let faults = line.take_faults();
    assert_eq!(faults.iter().map(Fault::code).collect::<Vec<_>>(), ["LIMIT_EXCEEDED", "INGEST_DROPPED"]);
    assert_eq!(faults[1], Fault::Dropped { count: 5, reason: "of tracks over the ceiling" });
}

#[test]
fn nanoseconds_move_both_times() {
    let mut line = Line::started();
    // 366 666 ns after 33 ms.
    let tag = [&b"\x97\x02\x05\x98\x4A\x01avc1\0\0\x21"[..], &idr()].concat();
    let bytes = line.publisher.video_tag(33, &tag);
    line.send(bytes).unwrap();
    let unit = &line.take_units()[0];
    assert_eq!(unit.dts.since(ms(33)), MediaDuration::from_flicks(258_720));
    assert_eq!(unit.composition_offset(), MediaDuration::from_millis(33));
}

#[test]
fn row_35_another_codec_or_rate_is_a_new_track_before_the_first_unit_of_it() {
    let mut line = Line::started();
    let p = &line.publisher;
    let hevc = [&b"\x93hvc1"[..], &with_length(b"\x26\x01\xAF")].concat();
    let bytes = [
        p.video(0, 0, true, &idr()),
        p.audio(0, b"44"),
        p.video_tag(40, &[&b"\x90hvc1"[..], &hvcc()].concat()),
        // Late ones of the codec that was there before.
        p.video(40, 0, true, &idr()),
        p.video_tag(80, &hevc),
        p.audio_config(ASC_48),
        p.audio(80, b"48"),
        p.video_config(&avcc(SPS)),
        p.video(120, 0, true, &idr()),
    ];
    line.send(bytes.concat()).unwrap();
    let told: Vec<_> = line
        .items
        .iter()
        .map(|item| match item {
            Demuxed::Track(track) => track.format.codec_name().to_owned(),
            Demuxed::Unit(unit) => format!("unit of {} for {:?}", unit.track.0, unit.duration),
            other => format!("{other:?}"),
        })
        .collect();
    let dropped = "Fault(Dropped { count: 1, reason: \"before the decoder configuration\" })";
    let (video, old, new) = ("unit of 0 for 0.000000s", "unit of 1 for 0.023220s", "unit of 1 for 0.021333s");
    assert_eq!(told, [video, old, "HEVC", dropped, video, "AAC", new, "H.264", video]);
}

#[test]
fn row_39_a_negative_composition_time_gives_the_exact_presentation_time() {
    let mut line = Line::started();
    let p = &line.publisher;
    let bytes = [p.video(100, 0, true, &idr()), p.video(140, -100, false, &slice()), p.video(180, -1, false, &slice())];
    line.send(bytes.concat()).unwrap();
    let times: Vec<_> = line.take_units().iter().map(|unit| (unit.dts, unit.pts)).collect();
    assert_eq!(times, [(ms(100), ms(100)), (ms(140), ms(40)), (ms(180), ms(179))]);
}

#[test]
fn row_40_decode_times_level_or_a_tick_back_are_bumped_and_counted_in_each_track() {
    let mut line = Line::started();
    let p = &line.publisher;
    let second =
        |ms: u32, packet: &[u8]| p.audio_tag(ms, &[&b"\x95"[..], &packet[..1], b"mp4a\x01", &packet[1..]].concat());
    let bytes = [
        second(0, &[&[0], ASC].concat()),
        second(20, b"\x01raw"),
        p.audio(20, b"raw"),
        second(20, b"\x01raw"),
        second(19, b"\x01raw"),
        p.audio(40, b"raw"),
        second(60, b"\x01raw"),
    ];
    line.send(bytes.concat()).unwrap();
    assert!(line.items.contains(&Demuxed::Fault(Fault::Bumped { count: 2 })));
    let of = |units: &[crate::media::AccessUnit], id| {
        units.iter().filter(|unit| unit.track.0 == id).map(|unit| unit.dts).collect::<Vec<_>>()
    };
    let units = line.take_units();
    assert_eq!(of(&units, 1), [20, 40].map(ms));
    assert_eq!(of(&units, 3), [20, 21, 22, 60].map(ms));
}

#[test]
fn a_size_past_the_end_of_a_tag_is_told_and_the_rest_goes_on() {
    let mut line = Line::started();
    let p = &line.publisher;
    let bytes = [p.video_tag(0, b"\x96\x13avc1\0\xFF\xFF\xFFx"), p.video(40, 0, true, &idr())];
    line.send(bytes.concat()).unwrap();
    assert_eq!(line.items.len(), 2);
    assert!(matches!(&line.items[0], Demuxed::Fault(fault) if fault.code() == "PARSE_TRUNCATED"));
    // A broken record leaves the track as it was.
    let bytes = [line.publisher.video_tag(80, b"\x90hvc1cut"), line.publisher.video(80, 0, false, &slice())];
    line.items.clear();
    line.send(bytes.concat()).unwrap();
    assert!(matches!(&line.items[..], [Demuxed::Fault(_), Demuxed::Unit(_)]), "{:?}", line.items);
}
