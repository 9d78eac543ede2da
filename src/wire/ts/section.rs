//! Sections: putting them together and checking them (ISO/IEC 13818-1 clauses 2.4.4.1 to 2.4.4.12).

use super::crc::crc32;
use crate::error::{LimitError, ParseErrorKind};

/// Puts the sections of one PID together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sections {
    data: Vec<u8>,
    is_reading: bool,
}

/// A long-form section whose checksum is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Table<'a> {
    /// `table_id`.
    pub(crate) id: u8,
    /// `transport_stream_id`, `program_number` or what else the table keeps there.
    pub(crate) extension: u16,
    /// `version_number`, 0 to 31.
    pub(crate) version: u8,
    /// `current_next_indicator`: it holds now.
    pub(crate) is_current: bool,
    /// `section_number`.
    pub(crate) number: u8,
    /// `last_section_number`.
    pub(crate) last_number: u8,
    /// What follows, without the checksum.
    pub(crate) body: &'a [u8],
}

impl Sections {
    /// Takes the payload of the next packet and hands every section that is now whole to `found`.
    pub(crate) fn push(
        &mut self,
        payload: &[u8],
        is_start: bool,
        mut found: impl FnMut(Result<&[u8], ParseErrorKind>),
    ) {
        if !is_start {
            return self.read(payload, &mut found);
        }
        let Some((old, new)) = payload.split_first().and_then(|(at, rest)| rest.split_at_checked((*at).into())) else {
            self.reset();
            return found(Err(ParseErrorKind::Truncated { what: "pointer_field" }));
        };
        self.read(old, &mut found);
        self.reset();
        self.is_reading = true;
        self.read(new, &mut found);
    }

    /// Drops what is half: a packet is missing.
    pub(crate) fn reset(&mut self) {
        self.data.clear();
        self.is_reading = false;
    }

    fn read(&mut self, mut bytes: &[u8], found: &mut impl FnMut(Result<&[u8], ParseErrorKind>)) {
        while self.is_reading && !bytes.is_empty() {
            if self.data.is_empty() && bytes.first() == Some(&STUFFING) {
                self.is_reading = false;
                return;
            }
            let wanted = match self.data.as_slice() {
                [_, high, low, ..] => HEADER.saturating_add(section_length(*high, *low)),
                _ => HEADER,
            };
            let missing = wanted.saturating_sub(self.data.len());
            let (taken, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            self.data.extend_from_slice(taken);
            bytes = rest;
            let [_, high, low, ..] = self.data.as_slice() else { continue };
            let length = section_length(*high, *low);
            if length > MAX_LENGTH {
                let (ceiling, asked) = (MAX_LENGTH as u64, length as u64);
                found(Err(LimitError { what: "section_length", ceiling, asked }.into()));
                self.reset();
            } else if self.data.len() == HEADER.saturating_add(length) {
                found(Ok(&self.data));
                self.data.clear();
            }
        }
    }
}

/// Whether a section of either form is as long as it must be and its checksum right, as all of SCTE 35 has one.
pub(crate) fn is_intact(section: &[u8]) -> bool {
    section.len() > HEADER && crc32(section) == 0
}

impl<'a> Table<'a> {
    /// Checks a section and takes its header off.
    ///
    /// # Errors
    /// It is of the short form, too short, or its checksum is wrong.
    pub(crate) fn parse(section: &'a [u8]) -> Result<Self, ParseErrorKind> {
        let [id, syntax, _, e1, e0, flags, number, last_number, rest @ ..] = section else {
            return Err(ParseErrorKind::Truncated { what: "section" });
        };
        if syntax & 0x80 == 0 {
            return Err(ParseErrorKind::Invalid { what: "section_syntax_indicator", value: 0 });
        }
        let body = rest.split_last_chunk::<4>().ok_or(ParseErrorKind::Truncated { what: "section" })?.0;
        if crc32(section) != 0 {
            return Err(ParseErrorKind::Checksum { what: "section" });
        }
        Ok(Self {
            id: *id,
            extension: u16::from_be_bytes([*e1, *e0]),
            version: flags >> 1 & 0x1F,
            is_current: flags & 1 != 0,
            number: *number,
            last_number: *last_number,
            body,
        })
    }
}

fn section_length(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high & 0x0F, low]))
}

const HEADER: usize = 3;
const MAX_LENGTH: usize = 4093;
const STUFFING: u8 = 0xFF;

#[cfg(test)]
mod tests {
    use super::*;

    fn section(len: u16) -> Vec<u8> {
        let mut bytes = vec![0x42, 0xB0 | (len >> 8) as u8, len as u8, 0, 1, 0xC1, 0, 0];
        bytes.resize(usize::from(len) - 1, 0x33);
        bytes.extend(crc32(&bytes).to_be_bytes());
        bytes
    }

    fn gather(packets: &[(&[u8], bool)]) -> Vec<Result<Vec<u8>, ParseErrorKind>> {
        let (mut sections, mut all) = (Sections::default(), Vec::new());
        for (payload, is_start) in packets {
            sections.push(payload, *is_start, |found| all.push(found.map(<[u8]>::to_vec)));
        }
        all
    }

    #[test]
    fn a_section_over_three_packets_and_two_in_one() {
        let (long, short) = (section(400), section(20));
        let first = [&[0], &long[..183]].concat();
        let last = [&[36][..], &long[367..], &short, &short, &[0xFF; 10]].concat();
        let found = gather(&[(&first, true), (&long[183..367], false), (&last, true)]);
        assert_eq!(found, [Ok(long.clone()), Ok(short.clone()), Ok(short.clone())]);
        assert!(Table::parse(&long).is_ok_and(|table| table.is_current && table.body.len() == 391));
    }

    #[test]
    fn broken_ones_are_told_and_left() {
        assert_eq!(gather(&[(&[200, 1, 2], true)]), [Err(ParseErrorKind::Truncated { what: "pointer_field" })]);
        assert!(matches!(gather(&[(&[0, 0x02, 0xBF, 0xFF], true)])[..], [Err(ParseErrorKind::Limit(_))]));
        assert!(gather(&[(&[0x02, 0xB0, 0x05, 1, 2, 3, 4, 5], false)]).is_empty());
        let mut bad = section(20);
        bad[9] ^= 1;
        assert_eq!(Table::parse(&bad), Err(ParseErrorKind::Checksum { what: "section" }));
        assert!(Table::parse(&bad[..7]).is_err());
        assert_eq!(gather(&[(&[0, 0x72, 0x70, 0, 0xFF], true)]), [Ok(vec![0x72, 0x70, 0])]);
    }
}
