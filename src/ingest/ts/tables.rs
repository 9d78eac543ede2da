//! The PIDs that carry tables: their sections, put together.

use super::out::Out;
use crate::{
    error::Fault,
    wire::ts::{Arrival, Continuity, PID_PAT, Packet, Sections},
};

/// One PID with tables.
#[derive(Debug)]
pub(super) struct TablePid {
    pub(super) pid: u16,
    continuity: Continuity,
    sections: Sections,
    /// The last section that was good: one that equals it says nothing new.
    last: Vec<u8>,
}

impl TablePid {
    pub(super) fn new(pid: u16) -> Self {
        Self { pid, continuity: Continuity::default(), sections: Sections::default(), last: Vec::new() }
    }

    /// The next packet on the PID; the sections that are whole with it, without those of a PAT that are known.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, out: &mut Out) -> Vec<Vec<u8>> {
        let mut new = Vec::new();
        let Some(payload) = packet.payload else { return new };
        match self.continuity.check(packet) {
            Arrival::Duplicate => return new,
            Arrival::Next => {}
            Arrival::Jump => self.sections.reset(),
            Arrival::Lost(lost) => {
                self.sections.reset();
                out.fault(Fault::Loss { lost: lost.into(), stream: Some(self.pid.into()) });
            }
        }
        if packet.is_scrambled {
            out.ignore("scrambled");
            return new;
        }
        let (pid, last) = (self.pid, &self.last);
        self.sections.push(payload, packet.is_start, |found| match found {
            Ok(section) if section == last.as_slice() && pid == PID_PAT => {}
            Ok(section) => new.push(section.to_vec()),
            Err(kind) => out.unreadable(kind, pid),
        });
        new
    }

    /// Whether this is the very section that was good last.
    pub(super) fn knows(&self, section: &[u8]) -> bool {
        self.last == section
    }

    /// A section was good.
    pub(super) fn keep(&mut self, section: &[u8]) {
        section.clone_into(&mut self.last);
    }

    /// A packet may be broken: what is half is dropped.
    pub(super) fn reset(&mut self) {
        self.sections.reset();
    }

    /// The source changed: its counter may jump.
    pub(super) const fn forgive(&mut self) {
        self.continuity.forgive();
    }

    /// So much was lost that its counter may have gone round.
    pub(super) const fn doubt(&mut self) {
        self.continuity.doubt();
    }
}
