//! HTTP Live Streaming, RFC 8216 (and its second edition draft for `EXT-X-GAP`): protocol version 7 with fragmented MP4, and
//! versions 3 and 4 with transport streams and packed audio ([`HlsFormat`]).
//!
//! [`Master`] is written with `m3u8-rs`; [`MediaPlaylist`] is our own writer, because it must be incremental. Media
//! playlists stand at `QualityLevels(…)/Manifest(…)`, so fragments are relative to that (A20.9).
//! Every URL has an extension behind its parenthesis (A20.6): ffmpeg since 2025 refuses segments without one. [`segment()`] makes
//! the segments of the older versions out of what is stored, and [`key_frame()`] the I-frame of one. To add a tag: to `write_entry`
//! where it belongs to a segment, else to `MediaPlaylist::head`.

mod clock;
mod cues;
mod edge;
mod format;
mod lines;
mod master;
mod media;
mod pictures;
mod rates;
mod segment;
mod sound;
mod times;

pub use edge::{Edge, has_parts, part_target};
pub use format::HlsFormat;
pub use master::Master;
pub use media::MediaPlaylist;
pub use segment::{carries, key_frame, segment, segment_type};
