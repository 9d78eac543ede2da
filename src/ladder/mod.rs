//! Decode, scale and encode: everything that costs, as values that run on any thread.

mod codec;
mod preset;

pub use codec::{
    AudioDecoder, AudioEncoder, AudioEncoderConfig, Codecs, VideoDecoder, VideoEncoder, VideoEncoderConfig,
};
pub use preset::{Preset, Profile, Rung};
