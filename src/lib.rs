//! A live channel in a crate: one contribution feed in, an adaptive ladder out.
//!
//! headend takes what an encoder sends (RTMP, MPEG-TS over RTP or plain UDP, Smooth Streaming), encodes it live into an
//! adaptive ladder or passes a ladder through, puts a second encoder or a slate on air when the first fails, archives
//! everything once as CMAF fragments and renders it as HLS and MPEG-DASH.
//! It is *sans-IO*: the host owns sockets, disks, clocks and threads and hands values in; the library owns everything
//! else. The same inputs always give the same bytes, so a day of television is tested in seconds.
//!
//! It is not a server (`examples/live` is one), and it reads no clock, opens no socket and starts no thread.
//!
//! # The run loop
//!
//! 1. Make a [`Channel`](channel::Channel) from a [`ChannelConfig`](channel::ChannelConfig) and start it.
//! 2. Drain its outputs: run work anywhere, store objects, apply timeline updates to an [`Origin`](origin::Origin).
//! 3. Hand in what the sockets gave and what the work came to, then drain again.
//! 4. When its deadline passes, say so, then drain again.
//!
//! ```
//! # #[cfg(all(feature = "openh264", feature = "aac", feature = "fdk-aac"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{collections::BTreeMap, sync::Arc, time::Duration};
//!
//! use headend::{
//!     archive::AssetName,
//!     channel::{Channel, ChannelConfig, Input, Output, ProgramConfig, Standby},
//!     ladder::BuiltinCodecs,
//!     origin::{Origin, OriginConfig},
//!     time::{Now, Utc},
//! };
//!
//! let mut config = ChannelConfig::new("news")?;
//! config.standby = Standby::TestSource;
//! # config.preset.rungs.drain(..6);
//! let mut channel = Channel::new(config, Arc::new(BuiltinCodecs::new()))?;
//! let mut origin = Origin::new(OriginConfig::default());
//! let mut store = BTreeMap::new();
//!
//! // A host reads its clocks; here four seconds pass in no time.
//! let mut now = Now::new(Duration::ZERO, Utc::from_unix_secs(1_800_000_000));
//! channel.start(now)?;
//! let mut is_publishing = false;
//! while now.monotonic < Duration::from_secs(4) {
//!     while let Some(output) = channel.poll_output() {
//!         match output {
//!             Output::Work(work) => channel.handle_input(Input::Done(work.run()), now)?,
//!             Output::Store(object) => drop(store.insert(object.name, object.body)),
//!             Output::Discard(name) => drop(store.remove(&name)),
//!             Output::Timeline(update) => drop(origin.apply(&update)),
//!             Output::Grow(growth) => drop(growth), // parts of fragments: for hosts of low latency
//!             Output::Append(append) => drop(append), // the index: for hosts whose assets outlive them
//!             Output::Event(event) => println!("{event:?}"),
//!             Output::Reply(..) | Output::Close(..) => {} // to the contribution's socket
//!         }
//!     }
//!     if !is_publishing && channel.position().is_some() {
//!         let asset = AssetName::new("news-2027-01-15").ok_or("a bad name")?;
//!         channel.run_program(ProgramConfig::new(asset))?;
//!         is_publishing = true;
//!     }
//!     if let Some(deadline) = channel.poll_timeout() {
//!         let passed = deadline.saturating_sub(now.monotonic);
//!         let utc = Utc::from_unix_nanos(now.utc.unix_nanos() + passed.as_nanos() as i64);
//!         now = Now::new(deadline.max(now.monotonic), utc);
//!         channel.handle_timeout(now);
//!     }
//! }
//! assert!(store.len() > 2);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "openh264", feature = "aac", feature = "fdk-aac")))]
//! # fn main() {}
//! ```
//!
//! # Features
//!
//! | feature | brings | default |
//! |---|---|---|
//! | `openh264` | H.264 encode, and decode of 8-bit 4:2:0 progressive (OpenH264, BSD-2-Clause) | on |
//! | `rusty-h264` | that decode by rusty_h264 (BSD-2-Clause): bit-exact, as fast, and not hardened against broken streams | off |
//! | `aac` | AAC decode, LC to HE v2, mono to 7.1 (rusty_aac, Apache-2.0) | on |
//! | `ac3` | AC-3 decode, to 5.1 | on |
//! | `mpa` | MPEG audio decode, layers II and III (Symphonia, MPL-2.0) | on |
//! | `fdk-aac` | AAC-LC encode (FDK AAC: its own licence, no patent grant) | on |
//! | `av1` | AV1 rungs (rav1e, BSD-2-Clause) | off |
//! | `ffmpeg` | MPEG-2 video; H.264 interlaced, 10 bit, 4:2:2 (the system's libavcodec: LGPL or GPL) | off |
//!
//! Features only add. Without any codec feature a host brings its own [`Codecs`](ladder::Codecs).
//!
//! # The house
//!
//! [`account`] → [`channel`], [`origin`] → [`ingest`], [`ladder`], [`splice`], [`archive`], [`package`] → [`codec`] →
//! [`media`] → [`time`], [`error`], [`access`]. Imports point down only; `ARCHITECTURE.md` has the picture and a test holds it.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read fixtures"))]

pub mod access;
pub mod account;
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

#[cfg(all(doctest, feature = "openh264", feature = "aac", feature = "fdk-aac"))]
#[doc = include_str!("../README.md")]
struct Readme;
