//! Bytes to structs and back, without policy: what a field means to a channel is decided above.
//!
//! Hostile bytes arrive here first, so nothing indexes and no arithmetic can overflow. To add a format, add a file (or a
//! folder, where the standard has several layers) named by the standard's own word.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

pub(crate) mod amf0;
pub(crate) mod fec;
pub(crate) mod flv;
pub(crate) mod mp4;
pub(crate) mod on_ad_cue;
pub(crate) mod rtmp;
pub(crate) mod rtp;
pub mod scte35;
pub(crate) mod smil;
pub(crate) mod ts;
