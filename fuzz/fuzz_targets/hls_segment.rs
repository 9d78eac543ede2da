//! Whatever a store gives back, a segment of HLS version 3 or 4 is made of it or it is refused; what is made has whole packets and
//! is not much larger. So are the key frame that it begins with, in a transport stream and in fragmented MP4.
//!
//! Input: a byte that says which part is pictures, in 256ths, then the fragments one behind the other.
#![no_main]

use bytes::Bytes;
use headend::{
    archive::{Body, TrackSpec},
    media::{
        AacConfig, AudioTrack, FrameRate, H264Config, Language, NalFraming, Span, TrackFormat, TrackId, VideoTrack,
    },
    package::{hls, key_frame},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((share, rest)) = data.split_first() else { return };
    let (pictures, sound) = rest.split_at(rest.len() * usize::from(*share) / 255);
    let [pictures, sound] = [pictures, sound].map(|part| Body::from(Bytes::copy_from_slice(part)));
    let (video, audio) = tracks();
    // 19 200 samples at most, and each may need a packet, parameter sets and a share of the clocks.
    let most = 188 * (19_200 * 4 + 700) + 2 * data.len();
    let [shown, heard] = [&pictures, &sound].map(std::slice::from_ref);
    for parts in [&[(&video, shown), (&audio, heard)][..], &[(&video, shown)]] {
        if let Ok(made) = hls::segment(7, parts) {
            assert!(made.len() % 188 == 0 && made.len() <= most, "{}", made.len());
        }
    }
    // A pack that has the same time twice.
    let twice = [pictures.clone(), pictures.clone()];
    if let Ok(made) = hls::segment(7, &[(&video, &twice)]) {
        assert!(made.len() % 188 == 0 && made.len() <= 2 * most, "{}", made.len());
    }
    let span = Span { start: 0, duration: 180_000, bytes: pictures.len() as u32 };
    if let Ok(made) = hls::key_frame(&video, &pictures, span) {
        assert!(made.len() % 188 == 0 && made.len() <= 188 * 700 + 2 * data.len(), "{}", made.len());
    }
    if let Ok(made) = key_frame(&video, &pictures, span) {
        assert!(made.len() <= 200 + data.len(), "{}", made.len());
    }
    if let Ok(made) = hls::segment(7, &[(&audio, heard)]) {
        assert!(made.len() <= 73 + 19_200 * 7 + data.len());
    }
});

fn tracks() -> (TrackSpec, TrackSpec) {
    let sps = Bytes::from_static(
        b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60",
    );
    let config =
        H264Config { framing: NalFraming::Length(4), sps: vec![sps], pps: vec![Bytes::from_static(b"\x68\xEE")] };
    let format = TrackFormat::H264(VideoTrack::new(1280, 720), config);
    let video = TrackSpec::video(TrackId(0), "video", 3_500_000, format, FrameRate::FPS_25);
    let track = AudioTrack { sample_rate: 48_000, channels: 2 };
    let format = TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) });
    (video, TrackSpec::audio(TrackId(1), "audio", 64_000, format, Language::UND))
}
