//! What flows between the rooms: tracks, coded access units, raw frames and samples.
//!
//! A [`Frame`] is raw, an [`AccessUnit`] is coded, a packet is wire only. Nothing here knows a container or a codec's
//! inside; add a field here only when two rooms need it.

mod access_unit;
mod avail;
mod body;
mod caption_service;
mod codecs;
mod colour;
mod cue;
mod cue_formats;
mod frame;
mod language;
mod pack;
mod part;
mod past;
mod presentation;
mod rate;
mod samples;
mod segment;
mod source;
mod track;

pub use access_unit::AccessUnit;
pub use avail::{Avail, CuePhase, SegmentCue};
pub use body::Body;
pub use caption_service::CaptionService;
pub use colour::Colour;
pub use cue::{CueCarriage, CueSignal};
pub use cue_formats::{CueFormats, CueTags};
pub use frame::{Frame, FramePool, Plane, Scan};
pub use pack::{Pack, Packing};
pub use part::{Part, PartSpan};
pub use past::Past;
pub use presentation::{Presentation, TrackSpec};
pub use rate::FrameRate;
pub use samples::Samples;
pub use segment::{Bitrates, Segment, Span};
pub use source::{PictureSource, SoundSource};
pub use track::{
    AacConfig, Ac3Config, AudioTrack, Av1Config, Chroma, H264Config, HevcConfig, Language, MpaConfig, NalFraming,
    TextConfig, Track, TrackFormat, TrackId, VideoTrack,
};
