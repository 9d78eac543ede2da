//! H.264 as [`Pictures`](super::pictures::Pictures) reads it (ISO/IEC 14496-10 clauses 7.4.1.2.1 and 7.4.1.2.3).
//!
//! A decoder starts at an IDR picture. The two fields of a frame are told by the slice headers, which are read only where the
//! sequence allows field pictures. Of several sequence parameter sets, the one with the lowest id counts.

use super::picture_syntax::{Field, Picture, PictureSyntax, Role, Unit};
use crate::{
    codec::h264::{
        NAL_IDR, NAL_PARTITION_A, NAL_PPS, NAL_SLICE, NAL_SPS, ParameterSets, SLICE_LOOK_AHEAD, SliceLayout,
        begins_access_unit, nal_type, video_track,
    },
    error::ParseError,
    media::{NalFraming, TrackFormat},
    time::MediaDuration,
};

/// The parameter sets of one stream.
#[derive(Debug, Default)]
pub(super) struct H264 {
    sets: ParameterSets,
    are_sets_new: bool,
    /// A sequence parameter set changed, which is so only from an IDR picture on.
    is_sps_new: bool,
    layout: Option<SliceLayout>,
}

impl PictureSyntax for H264 {
    const TAKES_ZERO: bool = true;
    const STAMP_LEEWAY: u64 = 3;
    const BEFORE_START: &'static str = "before the first IDR";
    const BEFORE_NEW: &'static str = "before the IDR of new parameter sets";

    fn look_ahead(&self) -> usize {
        if self.layout.is_some() { SLICE_LOOK_AHEAD } else { 2 }
    }

    fn unit(&mut self, start: &[u8]) -> Unit {
        let kind = nal_type(start);
        let first = start.get(1).copied().unwrap_or(0xFF);
        let role = match kind {
            NAL_SLICE | NAL_PARTITION_A | NAL_IDR if first & 0x80 != 0 => {
                let field = self.layout.and_then(|layout| layout.field(start));
                let field = field.map(|field| Field { number: field.number.into(), is_bottom: field.is_bottom });
                Role::Picture(Picture { is_random_access: kind == NAL_IDR, field, order: None })
            }
            NAL_SLICE | NAL_PARTITION_A | NAL_IDR => Role::Part { is_random_access: kind == NAL_IDR },
            _ if begins_access_unit(kind, first) => Role::Begins,
            _ => Role::Follows,
        };
        Unit { role, is_kept: matches!(kind, NAL_SPS | NAL_PPS) }
    }

    fn keep(&mut self, nal: &[u8]) {
        // trailing_zero_8bits and the zero_byte of the next start code are no part of it.
        let len = nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let nal = nal.get(..len).unwrap_or(nal);
        let is_new = self.sets.insert(nal);
        self.are_sets_new |= is_new;
        if is_new && nal_type(nal) == NAL_SPS {
            self.is_sps_new = true;
            self.layout = SliceLayout::of(nal);
        }
    }

    fn begins(start: &[u8]) -> bool {
        matches!(start, [header, first, ..] if begins_access_unit(header & 0x1F, *first))
    }

    fn has_news(&self) -> bool {
        self.are_sets_new
    }

    fn waits(&self) -> bool {
        // Clause 7.4.1.2.1: another sequence parameter set is activated by an IDR picture only.
        self.is_sps_new
    }

    fn format(&mut self) -> Option<Result<TrackFormat, ParseError>> {
        self.is_sps_new = false;
        let sps = self.sets.first_sps()?;
        self.are_sets_new = false;
        Some(video_track(sps).map(|video| TrackFormat::H264(video, self.sets.config(NalFraming::AnnexB))))
    }

    fn frame(&self) -> Option<MediaDuration> {
        // What a VUI says of the rate is often wrong: the distance of the time stamps counts.
        None
    }
}
