//! No input makes us hold more than a ceiling: every bomb of its parser peaks below 1 MiB over what was held before, and
//! the steady state allocates next to nothing.
//!
//! Bombs are made here, in code. Each case runs on a thread of its own, whose allocations are counted.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests may panic, and one reads a file")]

#[path = "../rig/counting.rs"]
mod counting;
mod day;
#[path = "../rig/mod.rs"]
mod rig;
#[path = "../rig/transport.rs"]
mod transport;

mod channel;
mod index;
mod mp4;
mod origin;
mod rtmp;
mod slate;
mod smooth;
mod steady;
mod ts;

use std::time::Duration;

use counting::{Counting, measure};
use headend::{
    ingest::{Demuxed, Demuxer},
    time::{Now, Utc},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a bomb may make us hold for a moment.
const BOMB: i64 = 1 << 20;

fn now() -> Now {
    Now::new(Duration::ZERO, Utc::UNIX_EPOCH)
}

/// Runs `case`, which must stay below `ceiling` bytes; its result.
#[track_caller]
fn below<T>(name: &str, ceiling: i64, case: impl FnOnce() -> T) -> T {
    let (result, usage) = measure(case);
    println!("{name}: peak {} KiB, {} allocations", usage.peak / 1024, usage.count);
    assert!(usage.peak < ceiling, "{name}: {} bytes at the peak, {ceiling} allowed", usage.peak);
    result
}

/// Pushes pieces of `bytes` and pulls everything; the code of the error that ended it, and all faults' codes.
fn feed(demuxer: &mut dyn Demuxer, bytes: &bytes::Bytes, piece: usize) -> Result<Vec<&'static str>, &'static str> {
    let mut codes = Vec::new();
    for at in (0..bytes.len()).step_by(piece) {
        let pushed = demuxer.push(bytes.slice(at..bytes.len().min(at + piece)), now());
        while let Some(item) = demuxer.pull() {
            if let Demuxed::Fault(fault) = item {
                codes.push(fault.code());
            }
        }
        pushed.map_err(|error| error.code())?;
    }
    Ok(codes)
}
