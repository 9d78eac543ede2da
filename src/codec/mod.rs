//! Looks inside access units; knows no container. To add a codec, add a file named as its standard calls it.

pub mod adts;
pub mod h264;
