//! The seams of a codec backend. Each backend sits in a file of its own under its feature; nothing else names it.
//!
//! To add one: a file here, a feature, and one line in the [`Codecs`] that hands it out.

use crate::{
    error::Fault,
    media::{AacConfig, AccessUnit, AudioTrack, Frame, FrameRate, Samples, TrackFormat},
    time::MediaTime,
};

/// Compressed pictures to raw ones.
pub trait VideoDecoder: Send {
    /// Decodes one access unit. Pictures that are due come out in presentation order, each with the `pts` of its access
    /// unit; a decoder that reorders holds some back. They are 8-bit 4:2:0 whatever was coded: more bits are dithered, range
    /// and matrix kept and named in [`Frame::colour`], interlaced pictures woven and named in [`Frame::scan`].
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
    /// Encodes one picture of exactly the rung's size. `force_idr` makes it an IDR picture (in AV1 a key frame with its
    /// sequence header); no other picture but a stream's first becomes one. Every picture becomes exactly one access unit,
    /// in order, with `pts == dts == frame.pts`. `None` where the encoder looks ahead and holds its first few back: from
    /// then on each call yields the unit of an earlier picture.
    ///
    /// # Errors
    /// The encoder refused the picture; the rung is missing it.
    fn encode(&mut self, frame: &Frame, force_idr: bool) -> Result<Option<AccessUnit>, Fault>;

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
    /// Codec and profile.
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
    /// A decoder for a contribution's video track.
    ///
    /// # Errors
    /// No backend takes this stream; the text names the codec and the feature that would.
    fn video_decoder(&self, format: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault>;

    /// An encoder for an H.264 rung.
    ///
    /// # Errors
    /// No backend makes this rung.
    fn h264_encoder(&self, config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault>;

    /// An encoder for an AV1 rung. Hosts that have none leave this as it is.
    ///
    /// # Errors
    /// No backend makes this rung; the text names the feature that would.
    fn av1_encoder(&self, _config: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
        Err(Fault::Codec { what: "this host's codecs make no AV1".into() })
    }

    /// A decoder for a contribution's audio track.
    ///
    /// # Errors
    /// No backend takes this stream; the text names the codec and the feature that would.
    fn audio_decoder(&self, format: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault>;

    /// An encoder for the channel's sound.
    ///
    /// # Errors
    /// No backend makes this.
    fn aac_encoder(&self, config: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault>;
}
