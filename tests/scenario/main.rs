//! Whole channels on virtual time: no socket, no sleep, no clock. One file per story.

#[path = "../rig/mod.rs"]
mod rig;

mod test_source;
