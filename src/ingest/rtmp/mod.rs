//! RTMP contribution: the front door, and H.264 and AAC out of it (RTMP 1.0 clause 7.2; E-RTMP v2 for `avc1` and `mp4a`).
//!
//! An [`RtmpSession`] exists before any channel: it shakes hands, answers commands and comes to a [`PublishRequest`], which
//! the host accepts or refuses. From then on it is a [`Demuxer`](super::Demuxer) like any other. It refuses to play, and it
//! names other codecs and skips them. To answer one more command, add it to `command.rs`; to open one more codec, to `feed.rs`.

mod command;
mod dialogue;
mod feed;
mod lane;
mod metadata;
mod parameter_sets;
mod request;
mod session;

pub use metadata::RtmpMetadata;
pub use request::{PublishRequest, StreamKey};
pub use session::{NothingToAnswer, Refusal, RtmpConfig, RtmpSession};

#[cfg(test)]
mod tests;
