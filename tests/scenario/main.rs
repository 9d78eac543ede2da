//! Whole channels on virtual time: no socket, no sleep, no clock. One file per story.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may panic, and the rig is a host"
)]

#[path = "../rig/mod.rs"]
mod rig;

mod clock_is_set;
mod determinism;
mod life_cycle;
mod loss_of_ingest;
mod sound_and_picture;
mod test_source;
mod time_jumps;
mod timeline;
