//! What flows between the rooms: tracks, coded access units, raw frames and samples.
//!
//! A [`Frame`] is raw, an [`AccessUnit`] is coded, a packet is wire only. Nothing here knows a container or a codec's
//! inside; add a field here only when two rooms need it.

mod access_unit;
mod frame;
mod rate;
mod samples;
mod source;
mod track;

pub use access_unit::AccessUnit;
pub use frame::{Frame, FramePool, Plane};
pub use rate::FrameRate;
pub use samples::Samples;
pub use source::{PictureSource, SoundSource};
pub use track::{AacConfig, AudioTrack, H264Config, Language, NalFraming, Track, TrackFormat, TrackId, VideoTrack};
