//! Bytes to structs and back; no policy. One file per box, tag or message, named by its standard's own word.

pub(crate) mod rtp;
pub(crate) mod ts;
