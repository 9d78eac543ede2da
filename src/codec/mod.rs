//! Looks inside access units; knows no container. To add a codec, add a file named as its standard calls it.

pub mod ac3;
pub mod adts;
pub mod asc;
pub mod av1;
pub mod avcc;
pub(crate) mod bits;
pub mod captions;
pub mod h264;
pub mod hevc;
pub mod jpeg;
pub mod latm;
pub mod mpa;
pub mod mpeg2;
