//! What an access unit turns out to be once it is looked at.

use bytes::Bytes;

use crate::{
    codec::{
        av1,
        h264::{self, NAL_IDR, NAL_PARTITION_A, NAL_PPS, NAL_SLICE, nal_ranges},
        hevc,
    },
    error::ParseErrorKind,
    media::NalFraming,
    wire::flv::Packet,
};

/// A look into an access unit.
#[derive(Debug)]
pub(super) struct View {
    /// Whether a decoder can start with the picture in it; `None` where there is no picture. An error where there is not
    /// one whole NAL unit.
    pub(super) picture: Result<Option<bool>, ParseErrorKind>,
    /// Where the bytes that count begin, and where the last whole NAL unit ends.
    pub(super) start: usize,
    pub(super) end: usize,
    /// There is the rest of a NAL unit that was cut behind it.
    pub(super) is_damaged: bool,
    /// H.264 parameter sets are in it.
    pub(super) has_parameter_sets: bool,
}

/// What one NAL unit is.
enum Nal {
    Slice { is_random_access: bool },
    ParameterSet,
    Other,
}

impl View {
    pub(super) fn of_h264(data: &Bytes, framing: NalFraming) -> Self {
        Self::of_nals(data, framing, |nal| match h264::nal_type(nal) {
            NAL_SLICE | NAL_PARTITION_A => Nal::Slice { is_random_access: false },
            NAL_IDR => Nal::Slice { is_random_access: true },
            h264::NAL_SPS | NAL_PPS => Nal::ParameterSet,
            _ => Nal::Other,
        })
    }

    pub(super) fn of_hevc(data: &Bytes, framing: NalFraming) -> Self {
        Self::of_nals(data, framing, |nal| match hevc::nal_type(nal) {
            // Types below 32 are slices (ISO/IEC 23008-2 table 7-1).
            kind @ 0..32 => Nal::Slice { is_random_access: hevc::is_irap(kind) },
            _ => Nal::Other,
        })
    }

    /// The publisher says whether it is a key frame. A temporal delimiter at its start is left out, as in ISOBMFF.
    pub(super) fn of_av1(packet: &Packet) -> Self {
        let (start, end) = (av1::temporal_delimiter_len(&packet.data), packet.data.len());
        let picture = Ok((start < end).then_some(packet.is_key));
        Self { picture, start, end, is_damaged: false, has_parameter_sets: false }
    }

    fn of_nals(data: &Bytes, framing: NalFraming, look: impl Fn(&[u8]) -> Nal) -> Self {
        let mut view = Self { picture: Ok(None), start: 0, end: 0, is_damaged: false, has_parameter_sets: false };
        let mut slice = None;
        for range in nal_ranges(data, framing) {
            view.end = range.end;
            match data.get(range).map_or(Nal::Other, &look) {
                // All slices of a picture are random access slices or none is (ISO/IEC 14496-10 clause 7.4.1.2.4,
                // ISO/IEC 23008-2 clause 7.4.2.2).
                Nal::Slice { is_random_access } => slice = slice.or(Some(is_random_access)),
                Nal::ParameterSet => view.has_parameter_sets = true,
                Nal::Other => {}
            }
        }
        // Zeros at the end are padding of some encoders; anything else is the rest of a NAL unit that was cut.
        view.is_damaged = data.get(view.end..).unwrap_or_default().iter().any(|byte| *byte != 0);
        view.picture = if view.end == 0 { Err(ParseErrorKind::Truncated { what: "NAL unit" }) } else { Ok(slice) };
        view
    }
}
