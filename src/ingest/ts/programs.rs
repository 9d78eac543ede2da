//! Which program is taken (FAULTS row 33): the one asked for, or the first in the PAT that has something to read.

use super::layout;
use crate::{
    error::ParseErrorKind,
    wire::ts::{PID_PAT, Pat, PatReader, Pmt, ProgramNumber, Table},
};

/// The programs of the stream, and what is known of each before one is chosen.
#[derive(Debug)]
pub(super) struct Programs {
    asked: Option<u16>,
    reader: PatReader,
    list: Pat,
    /// Programs whose map was seen before one was chosen, and whether it had something to take.
    seen: Vec<(ProgramNumber, bool)>,
}

/// What a program map is to the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// It is the one.
    Taken,
    /// Not it, or not yet.
    Passed,
    /// Not it, and all programs have nothing to take: what there is is named all the same.
    AllPoor,
}

impl Programs {
    pub(super) fn new(asked: Option<u16>) -> Self {
        Self { asked, reader: PatReader::default(), list: Pat::default(), seen: Vec::new() }
    }

    /// Takes a section of the PAT; `None`: the programs are as they were. Else whether `chosen` still holds.
    ///
    /// # Errors
    /// As [`PatReader::push`].
    pub(super) fn pat(
        &mut self,
        table: &Table<'_>,
        chosen: Option<ProgramNumber>,
    ) -> Result<Option<bool>, ParseErrorKind> {
        let Some(pat) = self.reader.push(table)?.filter(|pat| *pat != self.list) else { return Ok(None) };
        let was_only = std::mem::replace(&mut self.list, pat).programs.len() == 1;
        let list = &self.list.programs;
        let is_gone = |number: ProgramNumber| !list.iter().any(|(known, _)| *known == number);
        self.seen.retain(|(number, _)| !is_gone(*number));
        // A program that was asked for may come back, and so may one of several (FAULTS row 33). The only one of its stream
        // gives way to another only one: an encoder that was set up anew.
        let gives_way = self.asked.is_none() && chosen.is_some_and(is_gone) && was_only && list.len() == 1;
        Ok(Some(!gives_way))
    }

    /// Whether the map of this program comes on this PID.
    pub(super) fn has(&self, program: ProgramNumber, pid: u16) -> bool {
        self.list.programs.contains(&(program, pid))
    }

    /// The PIDs of the tables that are needed: the PAT, and the maps of the chosen program or of all that may be chosen.
    pub(super) fn pids(&self, chosen: Option<ProgramNumber>) -> Vec<u16> {
        let wanted = chosen.map(|number| number.0).or(self.asked);
        let mut pids = vec![PID_PAT];
        for (number, pid) in &self.list.programs {
            if wanted.is_none_or(|wanted| wanted == number.0) && !pids.contains(pid) {
                pids.push(*pid);
            }
        }
        pids
    }

    /// Looks at a program map while none is chosen. One that comes again before the maps of those before it is taken, too:
    /// they will not come. `is_known`: the very same as the last on its PID.
    pub(super) fn choose(&mut self, pmt: &Pmt, is_known: bool) -> Choice {
        if let Some(asked) = self.asked {
            return if pmt.program.0 == asked { Choice::Taken } else { Choice::Passed };
        }
        let is_rich = layout::is_rich(pmt);
        let is_second = is_known && self.seen.iter().any(|(number, _)| *number == pmt.program);
        self.seen.retain(|(number, _)| *number != pmt.program);
        self.seen.push((pmt.program, is_rich));
        let mut before = self.list.programs.iter().map(|(number, _)| *number).take_while(|it| *it != pmt.program);
        if is_rich && (is_second || before.all(|number| self.seen.contains(&(number, false)))) {
            return Choice::Taken;
        }
        let are_all_poor = self.seen.len() == self.list.programs.len() && self.seen.iter().all(|(_, rich)| !rich);
        if are_all_poor { Choice::AllPoor } else { Choice::Passed }
    }
}
