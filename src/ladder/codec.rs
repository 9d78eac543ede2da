//! The seams of a codec backend. Each backend sits in a file of its own under its feature; nothing else names it.
//!
//! To add one: a file here, a feature, and one line in the [`Codecs`] that hands it out.

use crate::{
    error::Fault,
    media::{AacConfig, AccessUnit, AudioTrack, Frame, FrameRate, H264Config, Samples, TrackFormat},
    time::MediaTime,
};

/// Compressed pictures to raw ones.
pub trait VideoDecoder: Send {
    /// Decodes one access unit. Pictures that are due come out in presentation order, each with the `pts` of its access
    /// unit; a decoder that reorders holds some back.
    ///
    /// # Errors
    /// The unit was refused; the decoder stays usable and the next random access point starts clean.
    fn decode(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) -> Result<(), Fault>;

    /// Gives out every picture still held back; afterwards the decoder is as new.
    ///
    /// # Errors
    /// What was held could not be finished; the decoder is as new all the same.
    fn flush(&mut self, out: &mut Vec<Frame>) -> Result<(), Fault>;
}

/// Raw pictures to compressed ones.
pub trait VideoEncoder: Send {
    /// Encodes one picture of exactly the rung's size. `force_idr` makes it an IDR picture; no other picture becomes one.
    /// Every call yields exactly one access unit, in order: `pts == dts == frame.pts`.
    ///
    /// # Errors
    /// The encoder refused the picture; the rung is missing it.
    fn encode(&mut self, frame: &Frame, force_idr: bool) -> Result<AccessUnit, Fault>;

    /// Pictures come at this rate from now on; the bitrate stays. Parameter sets do not change.
    fn set_frame_rate(&mut self, rate: FrameRate);

    /// Codec and parameter sets, as they stand in the init segment; known from construction on.
    fn format(&self) -> TrackFormat;
}

/// Compressed sound to samples.
pub trait AudioDecoder: Send {
    /// Decodes one access unit; the samples carry its `pts`.
    ///
    /// # Errors
    /// The unit was refused; the decoder stays usable.
    fn decode(&mut self, unit: &AccessUnit) -> Result<Samples, Fault>;
}

/// Samples to compressed sound.
pub trait AudioEncoder: Send {
    /// Encodes exactly [`frame_len`](Self::frame_len) instants of interleaved samples, whose first is at `pts`. The access
    /// unit that comes out lags by the encoder's delay: its `pts` is `pts` less the delay.
    ///
    /// # Errors
    /// The encoder refused the samples; the frame is missing.
    fn encode(&mut self, samples: &[i16], pts: MediaTime) -> Result<AccessUnit, Fault>;

    /// Instants per access unit, 1 024 for AAC-LC.
    fn frame_len(&self) -> usize;

    /// Codec and set-up, as they stand in the init segment.
    fn format(&self) -> (AudioTrack, AacConfig);
}

/// What a rung's encoder is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoEncoderConfig {
    /// Width in pixels, even.
    pub width: u32,
    /// Height in pixels, even.
    pub height: u32,
    /// Bits per second.
    pub bitrate: u32,
    /// H.264 profile.
    pub profile: super::Profile,
    /// Frames per second at which pictures come.
    pub frame_rate: FrameRate,
    /// Sample aspect ratio to signal.
    pub sample_aspect: (u32, u32),
}

/// What the audio encoder is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioEncoderConfig {
    /// Samples per second and channel.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
    /// Bits per second.
    pub bitrate: u32,
}

/// Makes codecs for a channel. A host hands its own in to replace or add backends.
pub trait Codecs: Send + Sync {
    /// A decoder for an H.264 track.
    ///
    /// # Errors
    /// No backend takes this stream; the text names the feature that would.
    fn h264_decoder(&self, config: &H264Config) -> Result<Box<dyn VideoDecoder>, Fault>;

    /// An encoder for a rung.
    ///
    /// # Errors
    /// No backend makes this rung.
    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault>;

    /// A decoder for an AAC track.
    ///
    /// # Errors
    /// No backend takes this stream.
    fn aac_decoder(&self, track: &AudioTrack, config: &AacConfig) -> Result<Box<dyn AudioDecoder>, Fault>;

    /// An encoder for the channel's sound.
    ///
    /// # Errors
    /// No backend makes this.
    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault>;
}
