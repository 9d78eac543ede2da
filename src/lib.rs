//! headend: a live channel in a crate.
#![warn(missing_docs)]

pub mod archive;
pub mod channel;
pub mod codec;
pub mod error;
pub mod ingest;
pub mod ladder;
pub mod media;
pub mod origin;
pub mod package;
pub mod splice;
pub mod time;
mod wire;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
