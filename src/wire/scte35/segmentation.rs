//! `segmentation_descriptor` (clause 10.3.3): what begins or ends at the time of a command.

use bytes::Bytes;

use super::bytes::{MASK_33, Reader, count_u8, flag, put_33, put_40};
use crate::error::ParseErrorKind;

/// A `segmentation_descriptor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentationDescriptor {
    /// `segmentation_event_id`.
    pub event_id: u32,
    /// `segmentation_event_id_compliance_indicator` as sent.
    pub event_id_compliance: bool,
    /// What begins or ends; `None` cancels the event of this id.
    pub event: Option<Segmentation>,
}

/// A segment that begins or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// `component_tag` and `pts_offset` of each component; `None` where the whole program is meant.
    pub components: Option<Vec<(u8, u64)>>,
    /// `delivery_not_restricted_flag`: everyone may have it, whatever the restrictions say.
    pub delivery_not_restricted: bool,
    /// Who may have it; reserved bits, as they were sent, where everyone may.
    pub restrictions: DeliveryRestrictions,
    /// `segmentation_duration`, 40 bits of 90 kHz.
    pub duration: Option<u64>,
    /// `segmentation_upid_type`.
    pub upid_type: u8,
    /// `segmentation_upid`, untouched.
    pub upid: Bytes,
    /// `segmentation_type_id`, such as 0x34, provider placement opportunity start.
    pub type_id: u8,
    /// `segment_num`.
    pub segment_num: u8,
    /// `segments_expected`.
    pub segments_expected: u8,
    /// `sub_segment_num` and `sub_segments_expected`, where they were sent.
    pub sub_segments: Option<(u8, u8)>,
}

/// Where a segment may be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryRestrictions {
    /// `web_delivery_allowed_flag`.
    pub web_delivery_allowed: bool,
    /// `no_regional_blackout_flag`.
    pub no_regional_blackout: bool,
    /// `archive_allowed_flag`.
    pub archive_allowed: bool,
    /// `device_restrictions`, 2 bits; 3 is none.
    pub device_restrictions: u8,
}

impl SegmentationDescriptor {
    pub(super) fn parse(from: &mut Reader<'_>) -> Result<Self, ParseErrorKind> {
        let (event_id, flags) = (from.u32()?, from.u8()?);
        let event_id_compliance = flags & 0x40 != 0;
        let event = if flags & 0x80 == 0 { Some(Segmentation::parse(from)?) } else { None };
        Ok(Self { event_id, event_id_compliance, event })
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) -> Result<(), ParseErrorKind> {
        out.extend(self.event_id.to_be_bytes());
        out.push(flag(self.event.is_none(), 0x80) | flag(self.event_id_compliance, 0x40) | 0x3F);
        self.event.as_ref().map_or(Ok(()), |event| event.put(out))
    }
}

impl Segmentation {
    fn parse(from: &mut Reader<'_>) -> Result<Self, ParseErrorKind> {
        let flags = from.u8()?;
        let mut components = None;
        if flags & 0x80 == 0 {
            let mut list = Vec::new();
            for _ in 0..from.u8()? {
                list.push((from.u8()?, from.u40()? & MASK_33));
            }
            components = Some(list);
        }
        let duration = if flags & 0x40 != 0 { Some(from.u40()?) } else { None };
        let (upid_type, length) = (from.u8()?, from.u8()?);
        let upid = Bytes::copy_from_slice(from.take(length.into())?);
        let (type_id, segment_num, segments_expected) = (from.u8()?, from.u8()?, from.u8()?);
        let sub_segments = if from.len() >= 2 { Some((from.u8()?, from.u8()?)) } else { None };
        Ok(Self {
            components,
            delivery_not_restricted: flags & 0x20 != 0,
            restrictions: DeliveryRestrictions::of(flags),
            duration,
            upid_type,
            upid,
            type_id,
            segment_num,
            segments_expected,
            sub_segments,
        })
    }

    fn put(&self, out: &mut Vec<u8>) -> Result<(), ParseErrorKind> {
        out.push(
            flag(self.components.is_none(), 0x80)
                | flag(self.duration.is_some(), 0x40)
                | flag(self.delivery_not_restricted, 0x20)
                | self.restrictions.bits(),
        );
        if let Some(components) = &self.components {
            out.push(count_u8(components.len(), "component_count")?);
            for (tag, offset) in components {
                out.push(*tag);
                put_33(out, 0xFE, *offset);
            }
        }
        if let Some(duration) = self.duration {
            put_40(out, duration);
        }
        out.extend([self.upid_type, count_u8(self.upid.len(), "segmentation_upid_length")?]);
        out.extend_from_slice(&self.upid);
        out.extend([self.type_id, self.segment_num, self.segments_expected]);
        out.extend(self.sub_segments.into_iter().flat_map(|(num, expected)| [num, expected]));
        Ok(())
    }
}

impl DeliveryRestrictions {
    /// Everyone may have it.
    pub const NONE: Self = Self::of(0xFF);

    const fn of(flags: u8) -> Self {
        Self {
            web_delivery_allowed: flags & 0x10 != 0,
            no_regional_blackout: flags & 0x08 != 0,
            archive_allowed: flags & 0x04 != 0,
            device_restrictions: flags & 3,
        }
    }

    const fn bits(self) -> u8 {
        flag(self.web_delivery_allowed, 0x10)
            | flag(self.no_regional_blackout, 0x08)
            | flag(self.archive_allowed, 0x04)
            | (self.device_restrictions & 3)
    }
}
