use std::{fs, path::Path};

use super::*;
use crate::{
    error::ParseErrorKind,
    media::{
        AacConfig, AudioTrack, FrameRate, H264Config, Language, NalFraming, TextConfig, TrackFormat, TrackId,
        TrackSpec, VideoTrack,
    },
    wire::mp4::{ChunkPlace, Sample, fragment_header, init_segment},
};

fn video() -> TrackSpec {
    let track = VideoTrack::new(1280, 720);
    let sps = Bytes::from_static(&[0x67, 0x64, 0x00, 0x1F, 0xAC, 0xB4, 0x02, 0x80, 0x2D, 0xC8]);
    let pps = Bytes::from_static(&[0x68, 0xEE, 0x3C, 0xB0]);
    let config = H264Config { framing: NalFraming::Length(4), sps: vec![sps], pps: vec![pps] };
    TrackSpec::video(TrackId(0), "v", 3_500_000, TrackFormat::H264(track, config), FrameRate::FPS_30)
}

fn audio() -> TrackSpec {
    let track = AudioTrack { sample_rate: 44_100, channels: 2 };
    let config = AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) };
    TrackSpec::audio(TrackId(7), "a", 64_000, TrackFormat::Aac(track, config), Language::new("eng").unwrap())
}

fn whole(track: &TrackSpec, time: u64, samples: &[Sample]) -> Bytes {
    let mut bytes = fragment_header(track, 5, time, samples, ChunkPlace::First(&[])).to_vec();
    for (n, sample) in samples.iter().enumerate() {
        bytes.extend(std::iter::repeat_n(n as u8, sample.size as usize));
    }
    bytes.into()
}

#[test]
fn what_was_written_is_read_back() {
    let sample = |duration, size, composition_offset, is_sync| Sample { duration, size, composition_offset, is_sync };
    let cases = [
        vec![sample(3000, 10, 0, true), sample(3000, 3, 0, false), sample(3000, 0, 0, false)],
        vec![sample(3000, 10, 0, true), sample(3001, 3, -3000, false), sample(7, 4, 6000, true)],
        vec![sample(1024, 5, 0, true); 87],
        vec![sample(1, 1, 0, false)],
        vec![],
    ];
    for samples in cases {
        let bytes = whole(&video(), 158_400_000_000_123, &samples);
        let read = Fragment::parse(&bytes).unwrap();
        assert_eq!((read.sequence, read.decode_time), (5, 158_400_000_000_123));
        let back: Vec<_> = read
            .samples
            .iter()
            .map(|s| sample(s.duration, s.data.len() as u32, s.composition_offset as i32, s.is_sync))
            .collect();
        assert_eq!(back, samples);
        assert!(read.samples.iter().enumerate().all(|(n, s)| s.data.iter().all(|byte| *byte == n as u8)));
    }
}

#[test]
fn a_fragment_header_byte_for_byte() {
    let samples = [
        Sample { duration: 3000, size: 2, composition_offset: 0, is_sync: true },
        Sample { duration: 3000, size: 1, composition_offset: 0, is_sync: false },
    ];
    let expected: &[&[u8]] = &[
        b"\0\0\0\x18stypmsdh\0\0\0\0msdhcmfs",
        b"\0\0\0\x6Cmoof\0\0\0\x10mfhd\0\0\0\0\0\0\0\x05",
        b"\0\0\0\x54traf\0\0\0\x18tfhd\0\x02\0\x28\0\0\0\x01\0\0\x0B\xB8\x01\x01\0\0",
        b"\0\0\0\x14tfdt\x01\0\0\0\0\0\0\0\0\0\0\x09",
        b"\0\0\0\x20trun\x01\0\x02\x05\0\0\0\x02\0\0\0\x74\x02\0\0\0\0\0\0\x02\0\0\0\x01",
        b"\0\0\0\x0Bmdat",
    ];
    assert_eq!(fragment_header(&video(), 5, 9, &samples, ChunkPlace::First(&[])), expected.concat());
}

#[test]
fn another_reader_finds_the_tracks_in_the_init_segment() {
    let (v, a) = (init_segment(&video()).unwrap(), init_segment(&audio()).unwrap());
    check(&v).unwrap();
    check(&a).unwrap();
    let read =
        |bytes: &Bytes| mp4::Mp4Reader::read_header(std::io::Cursor::new(bytes.clone()), bytes.len() as u64).unwrap();
    let file = read(&v);
    let track = &file.tracks()[&1];
    assert_eq!((track.width(), track.height(), track.timescale()), (1280, 720, 90_000));
    assert_eq!(track.video_profile().unwrap(), mp4::AvcProfile::AvcHigh);
    assert_eq!(track.sequence_parameter_set().unwrap()[1..4], [0x64, 0x00, 0x1F]);
    let file = read(&a);
    let track = &file.tracks()[&2];
    assert_eq!((track.timescale(), track.language(), track.bitrate()), (44_100, "eng", 64_000));
    assert_eq!(track.audio_profile().unwrap(), mp4::AudioObjectType::AacLowComplexity);
    assert_eq!(track.channel_config().unwrap(), mp4::ChannelConfig::Stereo);
}

#[test]
fn a_language_and_a_text_track_are_what_other_readers_expect() {
    let german = TrackSpec { language: Language::new("ger").unwrap(), ..audio() };
    let init = init_segment(&german).unwrap();
    let file = mp4::Mp4Reader::read_header(std::io::Cursor::new(init.clone()), init.len() as u64).unwrap();
    assert_eq!(file.tracks()[&2].language(), "deu");
    let format = TrackFormat::Text(TextConfig { four_cc: *b"TTML", subtype: String::new() });
    let init = init_segment(&TrackSpec { format, ..german }).unwrap();
    check(&init).unwrap();
    let has = |part: &[u8]| init.windows(part.len()).any(|window| window == part);
    assert!(has(b"\0\0\0\0\0\0\0\0subt") && has(b"\0\0\0\x0Csthd\0\0\0\0") && has(b"stpp"));
    assert!(!has(b"smhd") && !has(b"vmhd"));
}

#[test]
fn announced_counts_meet_the_ceiling_before_any_memory_is_taken() {
    let mut bytes =
        whole(&video(), 0, &[Sample { duration: 1, size: 0, composition_offset: 0, is_sync: true }]).to_vec();
    let trun = bytes.windows(4).position(|kind| kind == b"trun").unwrap();
    bytes[trun + 8..trun + 12].copy_from_slice(&u32::MAX.to_be_bytes());
    let error = Fragment::parse(&bytes.into()).unwrap_err();
    assert!(matches!(error.kind, ParseErrorKind::Limit(_)), "{error}");
}

#[test]
fn data_outside_mdat_is_refused() {
    let good = whole(&video(), 0, &[Sample { duration: 1, size: 4, composition_offset: 0, is_sync: true }]);
    let trun = good.windows(4).position(|kind| kind == b"trun").unwrap();
    for offset in [0u32, 8, 119, u32::MAX, i32::MAX as u32] {
        let mut bytes = good.to_vec();
        bytes[trun + 12..trun + 16].copy_from_slice(&offset.to_be_bytes());
        assert!(Fragment::parse(&bytes.into()).is_err(), "{offset}");
    }
}

#[test]
fn any_cut_and_any_flipped_byte_is_a_value_or_an_error() {
    let samples = [Sample { duration: 3000, size: 9, composition_offset: 1, is_sync: true }; 3];
    let good = whole(&audio(), 77, &samples);
    for end in 0..good.len() {
        assert!(Fragment::parse(&good.slice(..end)).is_err());
    }
    for place in 0..good.len() {
        for value in [0, 1, 7, 0x7F, 0xFF] {
            let mut bytes = good.to_vec();
            bytes[place] = value;
            let _ = Fragment::parse(&bytes.into());
        }
    }
}

#[test]
fn malformed_files_are_a_value_or_a_typed_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media/malformed");
    if !root.exists() {
        println!("skipped: {} is absent", root.display());
        return;
    }
    for folder in ["mp4-box", "fmp4-parts", "fmp4-init", "mp4", "mp4-files"] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let _ = Fragment::parse(&fs::read(file.unwrap().path()).unwrap().into());
        }
    }
    let bomb = |name: &str| Fragment::parse(&fs::read(root.join("bombs").join(name)).unwrap().into()).unwrap_err();
    for name in ["mp4_nested_2000.bin", "mp4_trun_ffffffff_flags0.bin", "mp4_trun_10000001_flags201.bin"] {
        assert!(matches!(bomb(name).kind, ParseErrorKind::Limit(_)), "{name}: {}", bomb(name));
    }
    assert!(matches!(bomb("mp4_box_size_0_1_7.bin").kind, ParseErrorKind::Invalid { .. }));
}
