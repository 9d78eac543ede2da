//! Looks inside access units; knows no container. To add a codec, add a file named as its standard calls it.

pub mod adts;
pub mod asc;
pub mod av1;
pub mod avcc;
pub mod h264;
pub mod hevc;
