//! What flows between the rooms: tracks, coded access units, raw frames and samples.
//!
//! A [`Frame`] is raw, an [`AccessUnit`] is coded, a packet is wire only. Nothing here knows a container or a codec's
//! inside; add a field here only when two rooms need it.

mod access_unit;
mod body;
mod frame;
mod presentation;
mod rate;
mod samples;
mod segment;
mod source;
mod track;

pub use access_unit::AccessUnit;
pub use body::Body;
pub use frame::{Frame, FramePool, Plane};
pub use presentation::{Presentation, TrackSpec};
pub use rate::FrameRate;
pub use samples::Samples;
pub use segment::{Bitrates, Segment, Span};
pub use source::{PictureSource, SoundSource};
pub use track::{
    AacConfig, AudioTrack, Av1Config, H264Config, Language, NalFraming, Track, TrackFormat, TrackId, VideoTrack,
};
