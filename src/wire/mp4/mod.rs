//! ISO base media file format, ISO/IEC 14496-12:2022, in the shape of CMAF, ISO/IEC 23000-19:2020: init segments and
//! fragments of one track, written and read; the boxes of a contribution: `moov`, `moof` of several tracks, Smooth
//! Streaming's `uuid` boxes; and the bootstrap of HDS, which is made of such boxes, too.
//!
//! The writer makes what [`archive`](crate::archive) stores; the readers take anything, trust no size and no count, and
//! allocate only for bytes that are there. Refused: boxes of size 0 (to the end of the file), more than 16 levels,
//! `moof` over 1 MiB, more than 19 200 samples in a fragment.
//!
//! To add a box: a function that writes it into a [`BoxWriter`] beside its relatives, and its kind to
//! `reader::CONTAINERS` where it holds boxes.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic"))]

mod abst;
mod emsg;
mod entry;
mod fragment;
mod init;
mod live_uuid;
mod moof;
mod movie;
mod movie_fragment;
mod reader;
mod sample_entry;
mod splitter;
mod timed_moof;
mod writer;

#[cfg(test)]
pub(crate) use abst::tests::parse as parse_bootstrap;
pub(crate) use abst::{BootstrapInfo, Discontinuity, FragmentRun, RunKind};
pub(crate) use emsg::EventMessage;
pub(crate) use entry::SampleEntry;
pub(crate) use fragment::{ChunkPlace, Sample, fragment_header};
pub(crate) use init::init_segment;
pub(crate) use live_uuid::{FragmentTime, LIVE_SERVER_MANIFEST};
pub(crate) use moof::{Fragment, ReadSample};
pub(crate) use movie::{Movie, MovieTrack, SampleDefaults};
pub(crate) use movie_fragment::{MoofPlace, MovieFragment, SampleRange, TrackFragment};
pub(crate) use sample_entry::avcc;
pub(crate) use splitter::{BoxSplitter, Piece, TopBox};
pub(crate) use timed_moof::timed_moof;

use writer::BoxWriter;

/// Samples that one fragment may have.
pub(crate) const MAX_SAMPLES: usize = 19_200;
