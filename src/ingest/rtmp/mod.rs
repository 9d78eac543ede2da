//! RTMP contribution: the front door, and H.264, HEVC, AV1 and AAC out of it (RTMP 1.0 clause 7.2; Enhanced RTMP v2).
//!
//! An [`RtmpSession`] exists before any channel: it shakes hands, answers commands and comes to a [`PublishRequest`], which
//! the host accepts or refuses. From then on it is a [`Demuxer`](super::Demuxer) like any other, with up to eight video and
//! eight audio tracks. It refuses to play, and it names other codecs and skips them. To answer one more command, add it to
//! `command.rs`; to open one more codec, to `video.rs` or `audio.rs`.

mod audio;
mod command;
mod data;
mod dialogue;
mod feed;
mod lane;
mod metadata;
mod parameter_sets;
mod rates;
mod request;
mod session;
mod video;
mod view;
mod waiting;

pub use crate::access::StreamKey;
pub use metadata::RtmpMetadata;
pub use request::PublishRequest;
pub use session::{NothingToAnswer, Refusal, RtmpConfig, RtmpSession};
pub use waiting::MetadataRule;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_data;
#[cfg(test)]
mod tests_of_tracks;
