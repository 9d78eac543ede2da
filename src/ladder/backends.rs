//! The codecs that this build has, by its features.
//!
//! Without a feature its method says which one is missing, and everything else works as before. To add a backend: its
//! file beside this one behind a trait of `codec`, a feature, and one line here; a host's own goes behind [`Codecs`].

use super::{AudioDecoder, AudioEncoder, AudioEncoderConfig, Codecs, VideoDecoder, VideoEncoder, VideoEncoderConfig};
use crate::{
    error::Fault,
    media::{Chroma, TrackFormat, VideoTrack},
};

/// The codecs that were built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltinCodecs {
    largest_picture: u64,
    ffmpeg_for_all: bool,
}

impl BuiltinCodecs {
    /// All that is built in, for pictures of up to 1920x1088.
    #[must_use]
    pub const fn new() -> Self {
        Self { largest_picture: 1920 * 1088, ffmpeg_for_all: false }
    }

    /// Refuses contributions of more luma samples in a picture than this; 1920x1088 by default, never over 4096x2304.
    #[must_use]
    pub const fn with_largest_picture(mut self, samples: u64) -> Self {
        self.largest_picture = samples;
        self
    }

    /// Decodes every kind of H.264 by the system's libavcodec, which is faster, where the feature `ffmpeg` is on. By default,
    /// and where it is off, 8-bit 4:2:0 progressive streams keep the decoder of the feature `rusty-h264` where that is on,
    /// else that of `openh264`.
    #[must_use]
    pub const fn with_ffmpeg_for_all(mut self) -> Self {
        self.ffmpeg_for_all = cfg!(feature = "ffmpeg");
        self
    }
}

impl Default for BuiltinCodecs {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg_attr(
    not(all(
        feature = "rusty-h264",
        feature = "openh264",
        feature = "aac",
        feature = "ac3",
        feature = "mpa",
        feature = "fdk-aac",
        feature = "av1",
        feature = "ffmpeg"
    )),
    allow(unused_variables, reason = "a method whose feature is off ignores its arguments")
)]
impl Codecs for BuiltinCodecs {
    fn video_decoder(&self, format: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
        match format {
            #[cfg(feature = "rusty-h264")]
            TrackFormat::H264(track, config) if is_plain(track) && !self.ffmpeg_for_all => {
                Ok(Box::new(super::rusty_h264_decoder::RustyH264Decoder::new(config, self.largest_picture)?))
            }
            #[cfg(all(feature = "openh264", not(feature = "rusty-h264")))]
            TrackFormat::H264(track, config) if is_plain(track) && !self.ffmpeg_for_all => {
                Ok(Box::new(super::openh264_decoder::OpenH264Decoder::new(config, self.largest_picture)?))
            }
            #[cfg(feature = "ffmpeg")]
            TrackFormat::H264(track, config) => {
                Ok(Box::new(super::ffmpeg_decoder::FfmpegDecoder::h264(track, config, self.largest_picture)?))
            }
            #[cfg(not(feature = "ffmpeg"))]
            TrackFormat::H264(track, _) if !is_plain(track) => {
                let wanted = if is_beyond(track) { "is not supported" } else { "needs the feature ffmpeg" };
                missing(&format!("{} decode {wanted}", h264_kind(track)))
            }
            #[cfg(not(any(feature = "rusty-h264", feature = "openh264", feature = "ffmpeg")))]
            TrackFormat::H264(..) => missing("H.264 decode needs the feature openh264"),
            #[cfg(feature = "ffmpeg")]
            TrackFormat::Mpeg2(track) => {
                Ok(Box::new(super::ffmpeg_decoder::FfmpegDecoder::mpeg2(track, self.largest_picture)?))
            }
            #[cfg(not(feature = "ffmpeg"))]
            TrackFormat::Mpeg2(_) => missing("MPEG-2 video decode needs the feature ffmpeg"),
            other => Err(Fault::Codec { what: format!("nothing here decodes {}", other.codec_name()) }),
        }
    }

    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        #[cfg(feature = "openh264")]
        return Ok(Box::new(super::openh264_encoder::OpenH264Encoder::new(config)?));
        #[cfg(not(feature = "openh264"))]
        missing("H.264 encode needs the feature openh264")
    }

    fn av1_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        #[cfg(feature = "av1")]
        return Ok(Box::new(super::av1_encoder::Rav1eEncoder::new(config)?));
        #[cfg(not(feature = "av1"))]
        missing("AV1 encode needs the feature av1")
    }

    fn audio_decoder(&self, format: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault> {
        match format {
            #[cfg(feature = "aac")]
            TrackFormat::Aac(_, config) => Ok(Box::new(super::aac_decoder::AacDecoder::new(config)?)),
            #[cfg(not(feature = "aac"))]
            TrackFormat::Aac(..) => missing("AAC decode needs the feature aac"),
            #[cfg(feature = "ac3")]
            TrackFormat::Ac3(..) => Ok(Box::new(super::ac3_decoder::Ac3Decoder::new())),
            #[cfg(not(feature = "ac3"))]
            TrackFormat::Ac3(..) => missing("AC-3 decode needs the feature ac3"),
            #[cfg(feature = "mpa")]
            TrackFormat::Mpa(_, config) => Ok(Box::new(super::mpa_decoder::SymphoniaMpaDecoder::new(config)?)),
            #[cfg(not(feature = "mpa"))]
            TrackFormat::Mpa(..) => missing("MPEG audio decode needs the feature mpa"),
            other => Err(Fault::Codec { what: format!("nothing here decodes {}", other.codec_name()) }),
        }
    }

    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault> {
        #[cfg(feature = "fdk-aac")]
        return Ok(Box::new(super::aac_encoder::FdkAacEncoder::new(config)?));
        #[cfg(not(feature = "fdk-aac"))]
        missing("AAC encode needs the feature fdk-aac")
    }
}

/// What every H.264 decoder takes: 8-bit 4:2:0 frames.
#[cfg_attr(
    all(feature = "ffmpeg", not(any(feature = "rusty-h264", feature = "openh264"))),
    allow(dead_code, reason = "libavcodec alone takes them all")
)]
fn is_plain(track: &VideoTrack) -> bool {
    track.bit_depth <= 8 && track.chroma == Chroma::Yuv420 && !track.is_interlaced
}

/// Whether no decoder here takes it, whatever is built in.
#[cfg(not(feature = "ffmpeg"))]
fn is_beyond(track: &VideoTrack) -> bool {
    track.bit_depth > 10 || track.chroma == Chroma::Yuv444
}

/// What kind of H.264 it is that a plain decoder does not take.
#[cfg(not(feature = "ffmpeg"))]
fn h264_kind(track: &VideoTrack) -> String {
    let scan = if track.is_interlaced { " interlaced" } else { "" };
    let bits = track.bit_depth;
    match track.chroma {
        Chroma::Yuv420 if bits <= 8 => format!("H.264{scan}"),
        Chroma::Yuv420 => format!("H.264 High {bits}{scan}"),
        Chroma::Yuv422 => format!("H.264 High 4:2:2 {bits} bit{scan}"),
        Chroma::Yuv444 => format!("H.264 4:4:4 {bits} bit{scan}"),
        Chroma::Monochrome => format!("H.264 monochrome {bits} bit{scan}"),
    }
}

#[cfg(not(all(
    feature = "rusty-h264",
    feature = "openh264",
    feature = "aac",
    feature = "ac3",
    feature = "mpa",
    feature = "fdk-aac",
    feature = "av1",
    feature = "ffmpeg"
)))]
fn missing<T>(what: &str) -> Result<T, Fault> {
    Err(Fault::Codec { what: what.into() })
}

#[cfg(test)]
mod tests;
