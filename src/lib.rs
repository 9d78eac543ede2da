//! headend: a live channel in a crate.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read fixtures"))]

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
