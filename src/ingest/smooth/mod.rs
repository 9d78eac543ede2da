//! Smooth Streaming live ingest: fragmented MP4 in the body of long HTTP POSTs (MS-SSTR; the live ingest specification of
//! Azure Media Services; DASH-IF live media ingest for `tfdt` in the place of `tfxd`).
//!
//! An encoder sends each stream, or several together, to a [`PublishingPoint`]. Each POST is one [`SmoothDemuxer`]; what
//! must be known from one POST to the next stands in the [`SmoothStreams`] of its identifier. Refused, with the
//! status that [`Refusal`] names: bodies without their header boxes, tracks that nothing can read. To take one more
//! codec, add it to `format.rs`.

mod demuxer;
mod format;
mod fragment;
mod header;
mod lane;
mod refusal;
mod streams;
mod url;

pub use demuxer::{SmoothConfig, SmoothDemuxer};
pub use refusal::Refusal;
pub use streams::SmoothStreams;
pub use url::{BadUrl, PublishingPoint};
