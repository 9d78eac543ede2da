//! Bytes and structs of each format, and no policy.

pub(crate) mod mp4;
