//! What the built-in decoders make of streams, against FFmpeg's decoders.
//!
//! The streams are made by ffmpeg or lie beside the project; where either is absent a test says so and passes.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads and writes files")]

mod bits;
mod clip;
mod dual_mono;
#[cfg(feature = "ffmpeg")]
mod fields;
mod sound;
mod video;
