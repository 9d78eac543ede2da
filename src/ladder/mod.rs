//! Decode, scale and encode: everything that costs, as values that run on any thread.

#[cfg(feature = "aac")]
mod aac_decoder;
#[cfg(feature = "fdk-aac")]
mod aac_encoder;
mod backends;
mod codec;
#[cfg(feature = "openh264")]
mod openh264_decoder;
#[cfg(feature = "openh264")]
mod openh264_encoder;
mod preset;
mod resample;
mod resize;
mod scale;
mod sound;

pub use backends::BuiltinCodecs;
pub use codec::{
    AudioDecoder, AudioEncoder, AudioEncoderConfig, Codecs, VideoDecoder, VideoEncoder, VideoEncoderConfig,
};
pub use preset::{Preset, Profile, Rung};
pub use scale::Cascade;
pub use sound::SoundNormaliser;
