//! Decode, scale and encode: everything that costs, as values that run on any thread.

mod codec;
#[cfg(feature = "openh264")]
mod openh264_decoder;
#[cfg(feature = "openh264")]
mod openh264_encoder;
mod preset;
mod resize;
mod scale;

pub use codec::{
    AudioDecoder, AudioEncoder, AudioEncoderConfig, Codecs, VideoDecoder, VideoEncoder, VideoEncoderConfig,
};
pub use preset::{Preset, Profile, Rung};
pub use scale::Cascade;
