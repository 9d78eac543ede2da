//! H.264: NAL units and what the sequence parameter set says (ISO/IEC 14496-10:2022 clause 7.3, Annex B, Annex E).
//!
//! Finds NAL units without copying and reads the properties of a track. Of a slice no more is looked at than what tells its
//! parameter sets and the two fields of a frame. To read one more field of the parameter sets, add it to `sps.rs`.
//!
//! `pic_struct` of the picture timing messages (clause D.2.3) is not read here. Which pictures are interlaced and which field
//! is first counts where they are decoded: only libavcodec takes sequences that may have fields, and it says so of every
//! picture, by `pic_struct` where that is sent. Fields that are repeated, and frames that are doubled or tripled, show in the
//! time stamps, by which the rate is measured whatever the sequence states (`splice`); a transport stream's picture
//! without a stamp of its own is placed one frame after the one before, half a frame off behind a repeated field, up to the
//! next stamp.

mod nal;
mod parameter_sets;
mod repeat;
mod skipped;
mod slice;
mod sps;

pub use nal::{NalRanges, begins_access_unit, contains_idr, nal_ranges, nal_type, nal_units};
pub use parameter_sets::ParameterSets;
pub use repeat::Repeats;
pub use slice::{Field, SLICE_LOOK_AHEAD, SliceLayout};
pub use sps::{reorder_frames, video_track};

/// `nal_unit_type` of a slice of a picture that is not an IDR picture.
pub const NAL_SLICE: u8 = 1;
/// `nal_unit_type` of data partition A, which begins a slice as [`NAL_SLICE`] does.
pub const NAL_PARTITION_A: u8 = 2;
/// `nal_unit_type` of a slice of an IDR picture.
pub const NAL_IDR: u8 = 5;
/// `nal_unit_type` of supplemental enhancement information.
pub const NAL_SEI: u8 = 6;
/// `nal_unit_type` of a sequence parameter set.
pub const NAL_SPS: u8 = 7;
/// `nal_unit_type` of a picture parameter set.
pub const NAL_PPS: u8 = 8;
/// `nal_unit_type` of an access unit delimiter.
pub const NAL_AUD: u8 = 9;
/// `nal_unit_type` of the end of a coded video sequence.
pub const NAL_END_OF_SEQUENCE: u8 = 10;
/// `nal_unit_type` of the end of the stream.
pub const NAL_END_OF_STREAM: u8 = 11;
/// `nal_unit_type` of filler data.
pub const NAL_FILLER: u8 = 12;
