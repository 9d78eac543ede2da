//! What the library reads from an encoder, without a channel behind it: listens for one feed, prints its tracks and one
//! line for each access unit, and ends when the encoder does.
//!
//! `cargo run --example probe -- rtmp 127.0.0.1:1935`, the same with `udp` (transport streams, in RTP or not) and
//! `smooth`, or `file capture.ts`. A line is `unit TRACK, DTS, PTS, SIZE, ADLER, FLAGS` in ticks of the track's time scale;
//! size and checksum are those of the slices alone, in Annex B form, so that they are the same whatever the encoder wraps
//! around them.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an example is a host: it owns sockets and clock"
)]

mod listen;
mod listing;

use std::{env, error::Error, fs};

use headend::ingest::{Demuxer, TsConfig, TsDemuxer};

use crate::{listen::Clock, listing::Listing};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let listing = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["rtmp", at] => listen::rtmp(at).await?,
        ["udp", at] => listen::udp(at).await?,
        ["smooth", at] => listen::smooth(at).await?,
        ["file", path] => file(path)?,
        _ => return Err("say one of: rtmp ADDRESS, udp ADDRESS, smooth ADDRESS, file PATH".into()),
    };
    listing.summary();
    Ok(())
}

/// A transport stream from a file.
fn file(path: &str) -> Result<Listing, Box<dyn Error>> {
    let (mut listing, clock) = (Listing::default(), Clock::start());
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    demuxer.push(fs::read(path)?.into(), clock.now())?;
    listing.drain(&mut demuxer);
    demuxer.finish();
    listing.drain(&mut demuxer);
    Ok(listing)
}
