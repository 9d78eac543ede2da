//! Manifests: one timeline, seen through each protocol.
//!
//! A packager follows a timeline: it is told of each segment that joins and each that leaves, renders on request, and
//! answers an unchanged manifest from what it rendered last. What it does per segment does not depend on the window.
//! `hls`, `dash`, `smooth` and `hds` do not know each other; what they share is the timeline. To add a protocol: a folder here,
//! and a line per manifest in `origin`.

pub mod dash;
mod events;
pub mod hds;
mod hex;
pub mod hls;
mod key_frame;
mod rope;
mod runs;
mod sets;
pub mod smooth;
mod stored;

pub use key_frame::key_frame;
