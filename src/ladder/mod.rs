//! Decode, scale and encode: everything that costs, as values that run on any thread.
//!
//! A [`Work`] carries the state of one lane; the traits are the seams of the codec backends, of which each sits in a file
//! of its own under its feature. Nothing here decides what is on air.

#[cfg(feature = "aac")]
mod aac_decoder;
#[cfg(feature = "fdk-aac")]
mod aac_encoder;
#[cfg(feature = "ac3")]
mod ac3_decoder;
#[cfg(feature = "av1")]
mod av1_encoder;
mod backends;
mod codec;
mod colour_convert;
mod decode_lane;
mod deinterlace;
#[cfg(feature = "ffmpeg")]
mod ffmpeg_decoder;
mod fit;
#[cfg(any(feature = "openh264", feature = "rusty-h264"))]
mod h264_input;
mod jpeg_encoder;
mod luma_grid;
#[cfg(feature = "mpa")]
mod mpa_decoder;
mod offer;
mod open;
#[cfg(all(feature = "openh264", any(not(feature = "rusty-h264"), test)))]
mod openh264_decoder;
#[cfg(feature = "openh264")]
mod openh264_encoder;
mod picture_lane;
mod picture_watch;
#[cfg(any(feature = "openh264", feature = "rusty-h264", feature = "ffmpeg"))]
mod presentation_order;
mod preset;
mod quiet;
mod resample;
mod resize;
mod rung_lane;
#[cfg(feature = "rusty-h264")]
mod rusty_h264_decoder;
mod scale;
mod sound;
mod sound_lane;
mod thumbnail;
#[cfg(any(feature = "rusty-h264", feature = "ffmpeg", test))]
mod to_420;
mod to_rgb;
#[cfg(any(feature = "ffmpeg", all(feature = "openh264", any(not(feature = "rusty-h264"), test))))]
mod unit_times;
mod work;

pub use backends::BuiltinCodecs;
pub use codec::{
    AudioDecoder, AudioEncoder, AudioEncoderConfig, Codecs, VideoDecoder, VideoEncoder, VideoEncoderConfig,
};
pub use deinterlace::Deinterlacer;
pub use fit::StretchMode;
pub use offer::offered;
pub use preset::{Preset, Profile, Rung};
pub use scale::Cascade;
pub use sound::SoundNormaliser;
pub use thumbnail::{Thumbnail, Thumbnails};
pub use work::{Done, Lane, Work};

pub(crate) use decode_lane::{DecodeJob, DecodeLane, DecodeOp, Decoded};
pub(crate) use open::{OpenJob, OpenLadder};
pub(crate) use picture_lane::{Beneath, PictureDone, PictureJob, PictureLane, PictureOp, PictureStep};
pub(crate) use picture_watch::{Acting, WatchStage, WatchStages, Watched};
pub(crate) use quiet::Hearing;
pub(crate) use rung_lane::{RungJob, RungLane, RungOp};
pub(crate) use sound_lane::{SoundDone, SoundFrom, SoundJob, SoundLane, SoundOp};
pub(crate) use thumbnail::Thumbnailer;
pub(crate) use work::{Job, Outcome};
