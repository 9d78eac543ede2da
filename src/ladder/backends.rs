//! The codecs that this build has, by its features.
//!
//! Without a feature its method says which one is missing, and everything else works as before. To add a backend: its
//! file beside this one behind a trait of `codec`, a feature, and one line here; a host's own goes behind [`Codecs`].

use super::{AudioDecoder, AudioEncoder, AudioEncoderConfig, Codecs, VideoDecoder, VideoEncoder, VideoEncoderConfig};
use crate::{error::Fault, media::TrackFormat};

/// The codecs that were built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltinCodecs {
    largest_picture: u64,
}

impl BuiltinCodecs {
    /// All that is built in, for pictures of up to 1920x1088.
    #[must_use]
    pub const fn new() -> Self {
        Self { largest_picture: 1920 * 1088 }
    }

    /// Refuses contributions of more luma samples in a picture than this; 1920x1088 by default, never over 4096x2304.
    #[must_use]
    pub const fn with_largest_picture(mut self, samples: u64) -> Self {
        self.largest_picture = samples;
        self
    }
}

impl Default for BuiltinCodecs {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg_attr(
    not(all(feature = "openh264", feature = "aac", feature = "fdk-aac", feature = "av1")),
    allow(unused_variables, reason = "a method whose feature is off ignores its arguments")
)]
impl Codecs for BuiltinCodecs {
    fn video_decoder(&self, format: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
        match format {
            #[cfg(feature = "openh264")]
            TrackFormat::H264(_, config) => {
                Ok(Box::new(super::openh264_decoder::OpenH264Decoder::new(config, self.largest_picture)?))
            }
            #[cfg(not(feature = "openh264"))]
            TrackFormat::H264(..) => missing("H.264 decode needs the feature openh264"),
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
            TrackFormat::Ac3(..) => Ok(Box::new(super::ac3_decoder::OxideAc3Decoder::new()?)),
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

#[cfg(not(all(feature = "openh264", feature = "aac", feature = "fdk-aac", feature = "av1")))]
fn missing<T>(what: &str) -> Result<T, Fault> {
    Err(Fault::Codec { what: what.into() })
}

#[cfg(all(test, not(feature = "av1")))]
mod tests {
    use super::*;
    use crate::{ladder::Profile, media::FrameRate};

    #[test]
    fn what_is_not_built_in_names_its_feature() {
        let (profile, frame_rate) = (Profile::Av1Main, FrameRate::FPS_30);
        let (width, height, bitrate, sample_aspect) = (340, 192, 200_000, (1, 1));
        let config = VideoEncoderConfig { width, height, bitrate, profile, frame_rate, sample_aspect };
        let fault = BuiltinCodecs::new().av1_encoder(&config).err().map(|fault| fault.to_string());
        assert_eq!(fault.as_deref(), Some("codec: AV1 encode needs the feature av1"));
    }
}
