//! HLS playlists of ours and of anybody else, against a list of rules (`list/`): every rule has a test that breaks it (`breaks/`),
//! and nothing of ours breaks one: the playlists in `tests/golden`, and those of a channel from its start to its end.
//!
//! `HLS_URLS=folder cargo test --test hls_rules on_disk -- --nocapture` checks playlists on disk.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may panic and read files, and the rig is a host"
)]

#[path = "../rig/mod.rs"]
mod rig;

mod breaks;
mod channel;
mod follow;
mod goldens;
mod list;
mod on_disk;
