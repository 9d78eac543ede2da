//! Whatever a store gives back, a fragment of HDS is made of it or it is refused; what is made is one box of whole tags and is not
//! much larger.
//!
//! Input: a byte that says which part is pictures, in 256ths, then the fragments one behind the other.
#![no_main]

use bytes::Bytes;
use headend::{
    archive::{Body, TrackSpec},
    media::{AacConfig, AudioTrack, FrameRate, H264Config, Language, NalFraming, TrackFormat, TrackId, VideoTrack},
    package::hds,
    time::MediaTime,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((share, rest)) = data.split_first() else { return };
    let (pictures, sound) = rest.split_at(rest.len() * usize::from(*share) / 255);
    let [pictures, sound] = [pictures, sound].map(|part| Body::from(Bytes::copy_from_slice(part)));
    let (video, audio) = tracks();
    for parts in [&[(&video, &pictures), (&audio, &sound)][..], &[(&video, &pictures)], &[(&audio, &sound)]] {
        let Ok(made) = hds::fragment(parts, MediaTime::ZERO, &[]) else { continue };
        // 19 200 samples of each at most, each with a header, and two set-ups.
        assert!(made.len() <= 20 * (parts.len() * 19_200 + 2) + 64 + data.len(), "{}", made.len());
        let bytes = made.to_bytes();
        assert_eq!(bytes[..8], [&(bytes.len() as u32).to_be_bytes()[..], b"mdat"].concat());
        let mut tags = &bytes[8..];
        while !tags.is_empty() {
            let size = 11 + u32::from_be_bytes([0, tags[1], tags[2], tags[3]]) as usize;
            assert_eq!(tags[size..size + 4], (size as u32).to_be_bytes());
            tags = &tags[size + 4..];
        }
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
