//! The section around a command and its descriptors (clause 9.6).

use bytes::Bytes;

use super::{
    bytes::{MASK_33, Reader, put_33},
    command::{SpliceCommand, SpliceTime},
    descriptor::SpliceDescriptor,
};
use crate::{
    error::{LimitError, ParseErrorKind},
    wire::ts::crc32,
};

/// A `splice_info_section`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpliceInfoSection {
    /// `sap_type`, 2 bits: the kind of stream access point at the splice; 3 says nothing of it.
    pub sap_type: u8,
    /// `pts_adjustment`, 33 bits of 90 kHz: added to every time in the message, without the carry.
    pub pts_adjustment: u64,
    /// `cw_index`: the key of an encrypted message.
    pub cw_index: u8,
    /// `tier`, 12 bits: who may act on it; 0xFFF says nothing.
    pub tier: u16,
    /// The command says how long it is; older encoders send 0xFFF instead.
    pub has_command_length: bool,
    /// What it asks for.
    pub command: SpliceCommand,
    /// What is said about it.
    pub descriptors: Vec<SpliceDescriptor>,
    /// `alignment_stuffing`, untouched.
    pub stuffing: Bytes,
}

impl SpliceInfoSection {
    /// A message with this command and nothing else to say.
    ///
    /// ```
    /// use headend::splice::scte35::{SpliceCommand, SpliceInfoSection, SpliceTime};
    /// let signal = SpliceInfoSection::new(SpliceCommand::TimeSignal(SpliceTime::At(90_000)));
    /// let bytes = signal.to_bytes().unwrap();
    /// assert_eq!(SpliceInfoSection::parse(&bytes).unwrap(), signal);
    /// ```
    #[must_use]
    pub const fn new(command: SpliceCommand) -> Self {
        Self {
            sap_type: 3,
            pts_adjustment: 0,
            cw_index: 0,
            tier: 0xFFF,
            has_command_length: true,
            command,
            descriptors: Vec::new(),
            stuffing: Bytes::new(),
        }
    }

    /// Reads a whole section, from its `table_id` to its `CRC_32`.
    ///
    /// # Errors
    ///
    /// What is wrong with it: cut short or longer than it says, another table, a wrong checksum, a `protocol_version` other
    /// than 0, or a field that does not fit in what surrounds it.
    pub fn parse(section: &[u8]) -> Result<Self, ParseErrorKind> {
        let mut head = Reader::new(section, SECTION);
        let table = head.u8()?;
        if table != TABLE_ID {
            return Err(ParseErrorKind::Invalid { what: "table_id", value: table.into() });
        }
        let length = head.u16()?;
        let sap_type = (length >> 12 & 3) as u8;
        let mut body = head.part(usize::from(length & 0xFFF), SECTION)?;
        if !head.is_empty() {
            return Err(ParseErrorKind::Invalid { what: "section_length", value: (length & 0xFFF).into() });
        }
        if crc32(section) != 0 {
            return Err(ParseErrorKind::Checksum { what: SECTION });
        }
        let Some(len) = body.len().checked_sub(CRC) else {
            return Err(ParseErrorKind::Truncated { what: SECTION });
        };
        let mut body = body.part(len, SECTION)?;
        let version = body.u8()?;
        if version != 0 {
            return Err(ParseErrorKind::Unsupported { what: "protocol_version", value: version.into() });
        }
        let adjustment = body.u40()?;
        let cw_index = body.u8()?;
        let [high, middle, low] = [body.u8()?, body.u8()?, body.u8()?];
        let tier = u16::from(high) << 4 | u16::from(middle >> 4);
        let command_length = usize::from(middle & 0xF) << 8 | usize::from(low);
        let has_command_length = command_length != UNKNOWN_LENGTH;
        let pts_adjustment = adjustment & MASK_33;
        let section =
            Self { sap_type, pts_adjustment, cw_index, tier, has_command_length, ..Self::new(SpliceCommand::Null) };
        if adjustment >> 39 & 1 == 1 {
            let algorithm = (adjustment >> 33 & 0x3F) as u8;
            let bytes = Bytes::copy_from_slice(body.rest());
            let command = SpliceCommand::Encrypted { algorithm, command_length: command_length as u16, bytes };
            return Ok(Self { command, ..section });
        }
        let kind = body.u8()?;
        let command = if has_command_length {
            let mut inner = body.part(command_length, "splice_command")?;
            let command = SpliceCommand::parse(kind, &mut inner, true)?;
            if !inner.is_empty() {
                return Err(ParseErrorKind::Invalid { what: "splice_command_length", value: command_length as u64 });
            }
            command
        } else {
            SpliceCommand::parse(kind, &mut body, false)?
        };
        let loop_length = usize::from(body.u16()?);
        let mut inner = body.part(loop_length, "descriptor_loop")?;
        let mut descriptors = Vec::new();
        while !inner.is_empty() {
            descriptors.push(SpliceDescriptor::parse(&mut inner)?);
        }
        Ok(Self { command, descriptors, stuffing: Bytes::copy_from_slice(body.rest()), ..section })
    }

    /// Writes the section, checksum and all.
    ///
    /// # Errors
    ///
    /// A list or text that is longer than its field can say, or a section over 4093 bytes.
    pub fn to_bytes(&self) -> Result<Bytes, ParseErrorKind> {
        let mut body = vec![0];
        let (mut flags, mut told) = (0, UNKNOWN_LENGTH);
        let mut command = Vec::new();
        if let SpliceCommand::Encrypted { algorithm, command_length, .. } = &self.command {
            flags = 0x40 | (algorithm & 0x3F);
            told = usize::from(*command_length);
        }
        self.command.put(&mut command)?;
        if self.has_command_length && flags == 0 {
            told = command.len();
        }
        put_33(&mut body, flags << 1, self.pts_adjustment);
        body.push(self.cw_index);
        let tier_and_length = u32::from(self.tier & 0xFFF) << 12 | told as u32 & 0xFFF;
        let [_, bytes @ ..] = tier_and_length.to_be_bytes();
        body.extend(bytes);
        if flags == 0 {
            body.push(self.command.kind());
        }
        body.append(&mut command);
        if flags == 0 {
            self.put_descriptors(&mut body)?;
            body.extend_from_slice(&self.stuffing);
        }
        self.close(&body)
    }

    /// When a `splice_insert` or a `time_signal` happens: its time with `pts_adjustment`, without the carry (clause 9.6.1);
    /// that of the first component where they splice apart. [`Unspecified`](SpliceTime::Unspecified) is at once; `None` where
    /// the command has no time, as one that cancels or that is encrypted.
    #[must_use]
    pub fn time(&self) -> Option<SpliceTime> {
        let time = match &self.command {
            SpliceCommand::TimeSignal(time) => *time,
            SpliceCommand::Insert(insert) => insert.event.as_ref()?.time()?,
            _ => return None,
        };
        Some(match time {
            SpliceTime::Unspecified => time,
            SpliceTime::At(ticks) => SpliceTime::At(ticks.wrapping_add(self.pts_adjustment) & MASK_33),
        })
    }

    fn put_descriptors(&self, body: &mut Vec<u8>) -> Result<(), ParseErrorKind> {
        let mut descriptors = Vec::new();
        self.descriptors.iter().try_for_each(|descriptor| descriptor.put(&mut descriptors))?;
        let too_long = ParseErrorKind::Invalid { what: "descriptor_loop_length", value: descriptors.len() as u64 };
        body.extend(u16::try_from(descriptors.len()).map_err(|_| too_long)?.to_be_bytes());
        body.append(&mut descriptors);
        Ok(())
    }

    fn close(&self, body: &[u8]) -> Result<Bytes, ParseErrorKind> {
        let length = body.len().saturating_add(CRC);
        if length > MAX_LENGTH {
            let (ceiling, asked) = (MAX_LENGTH as u64, length as u64);
            return Err(LimitError { what: "section_length", ceiling, asked }.into());
        }
        let mut section = vec![TABLE_ID];
        section.extend((u16::from(self.sap_type & 3) << 12 | length as u16).to_be_bytes());
        section.extend_from_slice(body);
        section.extend(crc32(&section).to_be_bytes());
        Ok(section.into())
    }
}

const SECTION: &str = "splice_info_section";
const TABLE_ID: u8 = 0xFC;
const CRC: usize = 4;
/// Clause 9.6.1: a section is at most 4096 bytes.
const MAX_LENGTH: usize = 4093;
/// The length that older encoders send, who do not say.
const UNKNOWN_LENGTH: usize = 0xFFF;
