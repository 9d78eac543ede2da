//! Adobe HTTP Dynamic Streaming: the manifest (F4M 1.0), the bootstrap of each switching set, and fragments (Adobe, "HTTP Dynamic
//! Streaming Specification" and "Video File Format Specification", both of version 10.1 and what players make of them).
//!
//! A fragment is an `mdat` with FLV tags: pictures with the first language, or sound by itself; H.264, AAC, MPEG audio of layer
//! III. It has no `moof`: no player reads one. Fragments are numbered by the segments that they are made of, from 1 on
//! ([`fragment_number`]), and there is one segment of HDS; players that divide by its count ask for others, which an origin takes for
//! the same. All times are milliseconds of media time in 32 bits, since tags have no more: the tables go round with them.
//! To carry another codec: a `Coding`; to say more of a rendition: `write_media`.

mod bootstrap;
mod clock;
mod cues;
mod fragment;
mod lane;
mod manifest;
mod media;

pub use fragment::fragment;
pub use lane::carries;
pub use manifest::Manifest;

/// Media type of the manifest.
pub const MANIFEST_TYPE: &str = "application/f4m+xml";
/// Media type of a bootstrap.
pub const BOOTSTRAP_TYPE: &str = "video/abst";
/// Media type of a fragment.
pub const FRAGMENT_TYPE: &str = "video/f4f";

/// The number that the fragments of a segment have, by the segment's sequence number; `None` beyond 32 bits, which is 272 years of
/// segments of 2 s.
#[must_use]
pub fn fragment_number(sequence: u64) -> Option<u32> {
    u32::try_from(sequence).ok()?.checked_add(1)
}

/// The sequence number of the segment that a fragment of this number is of; `None` for 0, which no fragment has.
#[must_use]
pub fn sequence_of(number: u32) -> Option<u64> {
    number.checked_sub(1).map(u64::from)
}
