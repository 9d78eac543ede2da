//! The program association table (ISO/IEC 13818-1 clause 2.4.4.4).

use super::{PID_FIRST_FREE, PID_NULL, Table};
use crate::error::{LimitError, ParseErrorKind};

/// An MPEG-TS program; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProgramNumber(pub(crate) u16);

/// Which programs there are and on which PID the map of each comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pat {
    /// Programs in the order of the table, 64 at most.
    pub(crate) programs: Vec<(ProgramNumber, u16)>,
}

/// Puts the sections of a PAT together; most have one.
#[derive(Clone, Debug, Default)]
pub(crate) struct PatReader {
    key: (u16, u8, u8),
    sections: Vec<Option<Vec<(ProgramNumber, u16)>>>,
}

impl PatReader {
    /// Takes one section; the table once all of its sections are there.
    ///
    /// # Errors
    /// An entry is cut short or points to a PID that cannot carry a map, or there are more than 64 programs.
    pub(crate) fn push(&mut self, table: &Table<'_>) -> Result<Option<Pat>, ParseErrorKind> {
        let programs = entries(table.body)?;
        let key = (table.extension, table.version, table.last_number);
        if key != self.key || self.sections.is_empty() {
            self.key = key;
            self.sections = vec![None; usize::from(table.last_number).saturating_add(1)];
        }
        let value = table.number.into();
        let slot = self.sections.get_mut(usize::from(table.number));
        *slot.ok_or(ParseErrorKind::Invalid { what: "section_number", value })? = Some(programs);
        let Some(programs) = self.sections.iter().cloned().collect::<Option<Vec<_>>>() else { return Ok(None) };
        let programs = programs.concat();
        if programs.len() > MAX_PROGRAMS {
            self.sections.clear();
            let asked = programs.len() as u64;
            return Err(LimitError { what: "programs", ceiling: MAX_PROGRAMS as u64, asked }.into());
        }
        Ok(Some(Pat { programs }))
    }
}

fn entries(body: &[u8]) -> Result<Vec<(ProgramNumber, u16)>, ParseErrorKind> {
    let (entries, rest) = body.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(ParseErrorKind::Truncated { what: "program_map_PID" });
    }
    let mut programs = Vec::with_capacity(entries.len());
    for [n1, n0, p1, p0] in entries {
        let (number, pid) = (u16::from_be_bytes([*n1, *n0]), u16::from_be_bytes([p1 & 0x1F, *p0]));
        if number == 0 {
            continue; // The network information table.
        }
        if !(PID_FIRST_FREE..PID_NULL).contains(&pid) {
            return Err(ParseErrorKind::Invalid { what: "program_map_PID", value: pid.into() });
        }
        programs.push((ProgramNumber(number), pid));
    }
    Ok(programs)
}

const MAX_PROGRAMS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn table(number: u8, last_number: u8, body: &[u8]) -> Table<'_> {
        Table { id: 0, extension: 1, version: 0, is_current: true, number, last_number, body }
    }

    #[test]
    fn two_sections_make_one_table() {
        let mut reader = PatReader::default();
        assert_eq!(reader.push(&table(1, 1, &[0, 2, 0xE1, 2])), Ok(None));
        let pat = reader.push(&table(0, 1, &[0, 0, 0xE0, 0x10, 0, 1, 0xE1, 1])).unwrap().unwrap();
        assert_eq!(pat.programs, [(ProgramNumber(1), 0x101), (ProgramNumber(2), 0x102)]);
    }

    #[test]
    fn maps_on_impossible_pids_and_too_many_programs_are_refused() {
        let push = |body: &[u8]| PatReader::default().push(&table(0, 0, body));
        assert!(push(&[0, 1, 0xE0, 0]).is_err());
        assert!(push(&[0, 1, 0xFF, 0xFF]).is_err());
        assert!(push(&[0, 1, 0xE1]).is_err());
        assert!(matches!(push(&[0, 1, 0xE1, 0].repeat(65)), Err(ParseErrorKind::Limit(_))));
        assert!(PatReader::default().push(&table(3, 1, &[])).is_err());
    }
}
