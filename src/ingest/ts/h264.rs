//! H.264 as [`Pictures`](super::pictures::Pictures) reads it (ISO/IEC 14496-10 clauses 7.4.1.2.1 and 7.4.1.2.3).
//!
//! A decoder starts at an IDR picture. The two fields of a frame are told by the slice headers, which are read only where the
//! sequence allows field pictures. Of several sequence parameter sets, the one that a picture names counts; of one that is not
//! known, the one with the lowest id.

use bytes::Bytes;

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
    /// The sequence parameter set of the slice that was looked at last, and how its slices are laid out.
    coming: Option<Bytes>,
    layout: Option<SliceLayout>,
    /// That of the picture that is being read, and that of the track as it was told.
    current: Option<Bytes>,
    told: Option<Bytes>,
}

impl H264 {
    /// A slice begins a picture: finds the set that it is coded under.
    fn follow(&mut self, slice: &[u8]) {
        let sps = self.sets.sps_of(slice).or_else(|| self.sets.first_sps());
        if self.coming.as_ref() != sps {
            self.coming = sps.cloned();
            self.layout = self.coming.as_deref().and_then(SliceLayout::of);
        }
    }
}

impl PictureSyntax for H264 {
    const TAKES_ZERO: bool = true;
    const STAMP_LEEWAY: u64 = 3;
    const IS_STAMPED_BY_PICTURE: bool = false;
    const BEFORE_START: &'static str = "before the first IDR";
    const BEFORE_NEW: &'static str = "before the IDR of new parameter sets";

    fn look_ahead(&self) -> usize {
        SLICE_LOOK_AHEAD
    }

    fn unit(&mut self, start: &[u8]) -> Unit {
        let kind = nal_type(start);
        // A slice that is cut before its header is taken as no beginning of a picture.
        let first = start.get(1).copied().unwrap_or(0);
        let role = match kind {
            NAL_SLICE | NAL_PARTITION_A | NAL_IDR if first & 0x80 != 0 => {
                self.follow(start);
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
        self.are_sets_new |= self.sets.insert(nal);
    }

    fn begin(&mut self) {
        self.current.clone_from(&self.coming);
    }

    fn begins(start: &[u8]) -> bool {
        matches!(start, [header, first, ..] if begins_access_unit(header & 0x1F, *first))
    }

    fn has_news(&self) -> bool {
        self.are_sets_new || self.current != self.told
    }

    fn waits(&self) -> bool {
        // Clause 7.4.1.2.1: another sequence parameter set is activated by an IDR picture only.
        self.current != self.told
    }

    fn format(&mut self) -> Option<Result<TrackFormat, ParseError>> {
        self.told.clone_from(&self.current);
        let sps = self.told.as_ref()?;
        self.are_sets_new = false;
        Some(video_track(sps).map(|video| TrackFormat::H264(video, self.sets.config(sps, NalFraming::AnnexB))))
    }

    fn frame(&self) -> Option<MediaDuration> {
        // What a VUI says of the rate is often wrong: the distance of the time stamps counts.
        None
    }
}
