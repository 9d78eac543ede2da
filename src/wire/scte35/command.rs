//! What a section asks for (clause 9.7).

use bytes::Bytes;

use super::bytes::{MASK_33, Reader, count_u8, flag, put_33};
use crate::error::ParseErrorKind;

/// A splice command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpliceCommand {
    /// `splice_null`: a heartbeat, or only there for its descriptors.
    Null,
    /// `splice_schedule`: events of some days ahead, untouched.
    Schedule(Bytes),
    /// `splice_insert`.
    Insert(SpliceInsert),
    /// `time_signal`: the time that its descriptors speak of.
    TimeSignal(SpliceTime),
    /// `bandwidth_reservation`.
    BandwidthReservation,
    /// `private_command`.
    Private {
        /// `identifier`, as registered with SMPTE.
        identifier: u32,
        /// What follows.
        bytes: Bytes,
    },
    /// A type that the standard keeps for later.
    Reserved {
        /// `splice_command_type`.
        kind: u8,
        /// What follows, which its length has told.
        bytes: Bytes,
    },
    /// An encrypted message: everything from `splice_command_type` on, with its `E_CRC_32`.
    Encrypted {
        /// `encryption_algorithm`, 6 bits.
        algorithm: u8,
        /// `splice_command_length`, which is in the clear.
        command_length: u16,
        /// What cannot be read.
        bytes: Bytes,
    },
}

/// A time in a message, before `pts_adjustment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpliceTime {
    /// None is said: at once.
    Unspecified,
    /// 33 bits of 90 kHz.
    At(u64),
}

/// `splice_insert`: the way out into a break, or back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpliceInsert {
    /// `splice_event_id`.
    pub event_id: u32,
    /// `event_id_compliance_flag` as sent: set where the id is not unique as the standard wants it.
    pub event_id_compliance: bool,
    /// What is to happen; `None` cancels the event of this id.
    pub event: Option<InsertTimes>,
}

/// When and how a `splice_insert` happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertTimes {
    /// `out_of_network_indicator`: out into a break; else back from it.
    pub is_out: bool,
    /// `splice_immediate_flag`: at the nearest opportunity.
    pub is_immediate: bool,
    /// When the whole program splices; `None` where its components do so apart, or where it is immediate.
    pub at: Option<SpliceTime>,
    /// `component_tag` of each component that splices apart, and when, unless it is immediate.
    pub components: Option<Vec<(u8, Option<SpliceTime>)>>,
    /// How long the break is.
    pub duration: Option<BreakDuration>,
    /// `unique_program_id`.
    pub unique_program_id: u16,
    /// `avail_num`.
    pub avail_num: u8,
    /// `avails_expected`.
    pub avails_expected: u8,
}

/// `break_duration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakDuration {
    /// The break ends when it is over; else a message says so, and the duration is only for when that is lost.
    pub auto_return: bool,
    /// 33 bits of 90 kHz.
    pub ticks: u64,
}

impl SpliceCommand {
    /// `splice_command_type`; that of an encrypted one is not known.
    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::Null | Self::Encrypted { .. } => NULL,
            Self::Schedule(_) => SCHEDULE,
            Self::Insert(_) => INSERT,
            Self::TimeSignal(_) => TIME_SIGNAL,
            Self::BandwidthReservation => BANDWIDTH,
            Self::Private { .. } => PRIVATE,
            Self::Reserved { kind, .. } => *kind,
        }
    }

    /// Reads a command; where its length is not told, only those that know their own end.
    pub(super) fn parse(kind: u8, from: &mut Reader<'_>, is_told: bool) -> Result<Self, ParseErrorKind> {
        let rest = |from: &mut Reader<'_>| Bytes::copy_from_slice(from.rest());
        Ok(match kind {
            NULL => Self::Null,
            INSERT => Self::Insert(SpliceInsert::parse(from)?),
            TIME_SIGNAL => Self::TimeSignal(SpliceTime::parse(from)?),
            BANDWIDTH => Self::BandwidthReservation,
            _ if !is_told => return Err(ParseErrorKind::Missing { what: "splice_command_length" }),
            SCHEDULE => Self::Schedule(rest(from)),
            PRIVATE => Self::Private { identifier: from.u32()?, bytes: rest(from) },
            kind => Self::Reserved { kind, bytes: rest(from) },
        })
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) -> Result<(), ParseErrorKind> {
        match self {
            Self::Null | Self::BandwidthReservation => {}
            Self::Insert(insert) => insert.put(out)?,
            Self::TimeSignal(time) => time.put(out),
            Self::Private { identifier, bytes } => {
                out.extend(identifier.to_be_bytes());
                out.extend_from_slice(bytes);
            }
            Self::Schedule(bytes) | Self::Reserved { bytes, .. } | Self::Encrypted { bytes, .. } => {
                out.extend_from_slice(bytes);
            }
        }
        Ok(())
    }
}

impl SpliceTime {
    fn parse(from: &mut Reader<'_>) -> Result<Self, ParseErrorKind> {
        let flags = from.u8()?;
        if flags & 0x80 == 0 {
            return Ok(Self::Unspecified);
        }
        Ok(Self::At(u64::from(flags & 1) << 32 | u64::from(from.u32()?)))
    }

    fn put(self, out: &mut Vec<u8>) {
        match self {
            Self::Unspecified => out.push(0x7F),
            Self::At(time) => put_33(out, 0xFE, time),
        }
    }
}

impl SpliceInsert {
    fn parse(from: &mut Reader<'_>) -> Result<Self, ParseErrorKind> {
        let (event_id, cancel) = (from.u32()?, from.u8()?);
        if cancel & 0x80 != 0 {
            return Ok(Self { event_id, event_id_compliance: true, event: None });
        }
        let flags = from.u8()?;
        let (is_program, has_duration, is_immediate) = (flags & 0x40 != 0, flags & 0x20 != 0, flags & 0x10 != 0);
        let time = |from: &mut Reader<'_>| if is_immediate { Ok(None) } else { SpliceTime::parse(from).map(Some) };
        let at = if is_program { time(from)? } else { None };
        let mut components = None;
        if !is_program {
            let mut list = Vec::new();
            for _ in 0..from.u8()? {
                list.push((from.u8()?, time(from)?));
            }
            components = Some(list);
        }
        let duration = if has_duration { Some(BreakDuration::parse(from)?) } else { None };
        let (unique_program_id, avail_num, avails_expected) = (from.u16()?, from.u8()?, from.u8()?);
        let is_out = flags & 0x80 != 0;
        let event = InsertTimes {
            is_out,
            is_immediate,
            at,
            components,
            duration,
            unique_program_id,
            avail_num,
            avails_expected,
        };
        Ok(Self { event_id, event_id_compliance: flags & 0x08 != 0, event: Some(event) })
    }

    fn put(&self, out: &mut Vec<u8>) -> Result<(), ParseErrorKind> {
        out.extend(self.event_id.to_be_bytes());
        out.push(0x7F | flag(self.event.is_none(), 0x80));
        let Some(event) = &self.event else { return Ok(()) };
        out.push(
            flag(event.is_out, 0x80)
                | flag(event.components.is_none(), 0x40)
                | flag(event.duration.is_some(), 0x20)
                | flag(event.is_immediate, 0x10)
                | flag(self.event_id_compliance, 0x08)
                | 0x07,
        );
        let time = |time: Option<SpliceTime>, out: &mut Vec<u8>| {
            if !event.is_immediate {
                time.unwrap_or(SpliceTime::Unspecified).put(out);
            }
        };
        match &event.components {
            None => time(event.at, out),
            Some(components) => {
                out.push(count_u8(components.len(), "component_count")?);
                for (tag, at) in components {
                    out.push(*tag);
                    time(*at, out);
                }
            }
        }
        if let Some(BreakDuration { auto_return, ticks }) = event.duration {
            put_33(out, flag(auto_return, 0x80) | 0x7E, ticks);
        }
        out.extend(event.unique_program_id.to_be_bytes());
        out.extend([event.avail_num, event.avails_expected]);
        Ok(())
    }
}

impl InsertTimes {
    /// When it happens, or its first component does.
    pub(super) fn time(&self) -> Option<SpliceTime> {
        if self.is_immediate {
            return Some(SpliceTime::Unspecified);
        }
        let of_first = || self.components.as_ref()?.first()?.1;
        self.at.or_else(of_first)
    }
}

impl BreakDuration {
    fn parse(from: &mut Reader<'_>) -> Result<Self, ParseErrorKind> {
        let bits = from.u40()?;
        Ok(Self { auto_return: bits >> 39 & 1 == 1, ticks: bits & MASK_33 })
    }
}

const NULL: u8 = 0x00;
const SCHEDULE: u8 = 0x04;
const INSERT: u8 = 0x05;
const TIME_SIGNAL: u8 = 0x06;
const BANDWIDTH: u8 = 0x07;
const PRIVATE: u8 = 0xFF;
