use super::*;
use crate::media::{Ac3Config, AudioTrack, H264Config, HevcConfig, MpaConfig, NalFraming};

fn h264(bit_depth: u8, chroma: Chroma, is_interlaced: bool) -> TrackFormat {
    let track = VideoTrack { bit_depth, chroma, is_interlaced, ..VideoTrack::new(1920, 1080) };
    TrackFormat::H264(track, H264Config { framing: NalFraming::AnnexB, sps: Vec::new(), pps: Vec::new() })
}

/// What the text of the refusal is; empty where a decoder was made.
fn refusal(format: &TrackFormat) -> String {
    let codecs = BuiltinCodecs::new();
    let fault = if format.is_video() { codecs.video_decoder(format).err() } else { codecs.audio_decoder(format).err() };
    fault.map(|fault| fault.to_string()).unwrap_or_default()
}

#[cfg(not(feature = "av1"))]
#[test]
fn what_is_not_built_in_names_its_feature() {
    use crate::{ladder::Profile, media::FrameRate};
    let (profile, frame_rate) = (Profile::Av1Main, FrameRate::FPS_30);
    let (width, height, bitrate, sample_aspect) = (340, 192, 200_000, (1, 1));
    let config = VideoEncoderConfig { width, height, bitrate, profile, frame_rate, sample_aspect };
    let fault = BuiltinCodecs::new().av1_encoder(&config).err().map(|fault| fault.to_string());
    assert_eq!(fault.as_deref(), Some("codec: AV1 encode needs the feature av1"));
}

/// A6.5 to A6.9: a contribution that this build cannot decode is refused with its codec and the feature that would.
#[test]
fn every_contribution_is_decoded_or_refused_by_codec_and_feature() {
    let audio = AudioTrack { sample_rate: 48_000, channels: 2 };
    // Where the feature is on, its decoder says so itself.
    let beyond = if cfg!(feature = "ffmpeg") {
        ["H.264 of Yuv444 and 8 bits is not supported", "H.264 of Yuv422 and 12 bits is not supported"]
    } else {
        ["H.264 4:4:4 8 bit decode is not supported", "H.264 High 4:2:2 12 bit decode is not supported"]
    };
    let cases = [
        (h264(8, Chroma::Yuv420, true), cfg!(feature = "ffmpeg"), "H.264 interlaced decode needs the feature ffmpeg"),
        (h264(10, Chroma::Yuv420, false), cfg!(feature = "ffmpeg"), "H.264 High 10 decode needs the feature ffmpeg"),
        (
            h264(10, Chroma::Yuv422, false),
            cfg!(feature = "ffmpeg"),
            "H.264 High 4:2:2 10 bit decode needs the feature ffmpeg",
        ),
        (h264(8, Chroma::Yuv444, false), false, beyond[0]),
        (h264(12, Chroma::Yuv422, false), false, beyond[1]),
        (
            TrackFormat::Mpeg2(VideoTrack::new(720, 576)),
            cfg!(feature = "ffmpeg"),
            "MPEG-2 video decode needs the feature ffmpeg",
        ),
        (
            h264(8, Chroma::Yuv420, false),
            cfg!(any(feature = "rusty-h264", feature = "openh264", feature = "ffmpeg")),
            "H.264 decode needs the feature openh264",
        ),
        (
            TrackFormat::Ac3(audio, Ac3Config { dac3: vec![0x10, 0x11, 0x40].into() }),
            cfg!(feature = "ac3"),
            "AC-3 decode needs the feature ac3",
        ),
        (
            TrackFormat::Mpa(audio, MpaConfig { layer: 2, frame_samples: 1152 }),
            cfg!(feature = "mpa"),
            "MPEG audio decode needs the feature mpa",
        ),
        (
            TrackFormat::Hevc(VideoTrack::new(720, 576), HevcConfig { hvcc: vec![1].into() }),
            false,
            "nothing here decodes HEVC",
        ),
    ];
    for (format, is_built_in, text) in cases {
        let expected = if is_built_in { String::new() } else { format!("codec: {text}") };
        assert_eq!(refusal(&format), expected);
    }
}
