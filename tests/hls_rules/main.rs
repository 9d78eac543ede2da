//! HLS playlists of ours and of anybody else, against a list of rules (`list/`): every rule has a test that breaks it (`breaks/`),
//! and nothing of ours breaks one: the playlists in `tests/golden`, and those of a channel from its start to its end.
//!
//! `HLS_URLS=folder cargo test --test hls_rules on_disk -- --nocapture` checks playlists on disk.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads files")]

mod breaks;
mod goldens;
mod list;
mod on_disk;
