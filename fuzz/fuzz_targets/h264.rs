//! Any bytes as an access unit, a parameter set, a decoder configuration record or an audio set-up of H.264, HEVC, AV1 and AAC:
//! typed errors or values.
#![no_main]

use bytes::Bytes;
use headend::{
    codec::{adts::AdtsHeader, asc::AudioSpecificConfig, av1, avcc, h264, hevc},
    media::NalFraming,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    for framing in [NalFraming::AnnexB, NalFraming::Length(1), NalFraming::Length(2), NalFraming::Length(4)] {
        let mut sets = h264::ParameterSets::default();
        let (mut total, mut end) = (0, 0);
        for range in h264::nal_ranges(data, framing) {
            assert!(range.start >= end && range.start < range.end && range.end <= data.len());
            end = range.end;
            total += range.len();
            let nal = &data[range];
            sets.insert(nal);
            assert!(!sets.insert(nal), "the same set twice is no news");
            check_sps(nal);
        }
        assert!(total <= data.len());
        let named = h264::nal_ranges(data, framing).find_map(|range| sets.sps_of(&data[range]));
        for sps in sets.first_sps().into_iter().chain(named) {
            let config = sets.config(sps, framing);
            assert!(config.sps.len() == 1 && (1..=256).contains(&config.pps.len()));
        }
        let _ = h264::contains_idr(data, framing);
    }
    check_sps(data);
    if let Ok(record) = hevc::parse_record(&bytes) {
        let _ = hevc::video_track(&record.sps);
    }
    let headers = [Ok(data), av1::sequence_header(data)];
    let tracks = headers.into_iter().flatten().map(av1::video_track).chain([hevc::video_track(data)]);
    for track in tracks.flatten() {
        assert!((1..=16_384).contains(&track.width) && (1..=16_384).contains(&track.height));
        assert!((8..=16).contains(&track.bit_depth));
    }
    assert!(av1::temporal_delimiter_len(data) <= data.len());
    if let Ok(config) = avcc::parse(&bytes) {
        assert!(matches!(config.framing, NalFraming::Length(1 | 2 | 4)));
    }
    if let Ok(config) = AudioSpecificConfig::parse(data) {
        assert!(config.sample_rate > 0 && (1..=8).contains(&config.channels));
        assert!(config.track().sample_rate > 0);
    }
    if let Ok(header) = AdtsHeader::parse(data) {
        assert!(header.frame_len > header.header_len && header.frame_len < 8192);
        let asc = AudioSpecificConfig::parse(&header.config.aac_config().asc).expect("what a header says can be said");
        assert_eq!(asc.track(), header.config.audio_track());
    }
});

fn check_sps(nal: &[u8]) {
    if let Ok(track) = h264::video_track(nal) {
        assert!((1..=16_384).contains(&track.width) && (1..=16_384).contains(&track.height));
        if let Some(rate) = track.frame_rate {
            assert!(rate.as_f64() > 0.0 && rate.frame_duration().flicks() >= 0);
        }
    }
}
