//! From packets to the streams of one program: which PID goes where.

use super::{
    TsConfig,
    out::Out,
    programs::{Choice, Programs},
    streams::Streams,
    tables::TablePid,
};
use crate::{
    error::{Fault, ParseErrorKind},
    wire::ts::{PACKET_LEN, PID_COUNT, PID_PAT, Packet, Pmt, ProgramNumber, Table},
};

/// Everything behind the framer.
#[derive(Debug)]
pub(super) struct Mux {
    pub(super) out: Out,
    routes: Box<[Route; PID_COUNT]>,
    tables: Vec<TablePid>,
    programs: Programs,
    chosen: Option<Pmt>,
    streams: Streams,
    last_pid: u16,
}

/// What is done with the packets of a PID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Nothing,
    /// Index into `tables`.
    Table(u8),
    /// Index into the list of `streams`.
    Stream(u8),
}

impl Mux {
    pub(super) fn new(config: TsConfig) -> Self {
        let mut mux = Self {
            out: Out::new(),
            routes: Box::new([Route::Nothing; PID_COUNT]),
            tables: vec![TablePid::new(PID_PAT)],
            programs: Programs::new(config.program),
            chosen: None,
            streams: Streams::new(config),
            last_pid: PID_PAT,
        };
        mux.route();
        mux
    }

    pub(super) const fn pcr(&self) -> Option<u64> {
        self.out.pcr
    }

    pub(super) fn program(&self) -> Option<u16> {
        self.chosen_number().map(|number| number.0)
    }

    pub(super) fn forgive(&mut self) {
        self.tables.iter_mut().for_each(TablePid::forgive);
        self.streams.list.iter_mut().for_each(|reader| reader.forgive());
    }

    /// So many packets may be missing here, on whatever PIDs: counters of 16 tell only fewer.
    pub(super) fn lost(&mut self, packets: u64) {
        if packets >= COUNTER_RANGE {
            self.tables.iter_mut().for_each(TablePid::doubt);
            self.streams.list.iter_mut().for_each(|reader| reader.doubt());
        }
    }

    /// Bytes were passed over; the packet before them may be broken, too.
    pub(super) fn resync(&mut self, skipped: u64) {
        self.out.fault(Fault::Resync { skipped });
        match self.routes.get(usize::from(self.last_pid)) {
            Some(Route::Stream(index)) => {
                if let Some(reader) = self.streams.list.get_mut(usize::from(*index)) {
                    reader.damage(&mut self.out);
                }
            }
            Some(Route::Table(index)) => {
                if let Some(table) = self.tables.get_mut(usize::from(*index)) {
                    table.reset();
                }
            }
            _ => {}
        }
    }

    pub(super) fn finish(&mut self, is_half: bool) {
        if is_half {
            self.out.ignore("cut");
        }
        for reader in &mut self.streams.list {
            reader.finish(&mut self.out);
        }
        self.out.finish();
    }

    pub(super) fn packet(&mut self, bytes: &[u8; PACKET_LEN]) {
        self.out.count_packet();
        if Packet::has_error(bytes) {
            return self.out.ignore("error-flagged");
        }
        let pid = Packet::pid(bytes);
        self.last_pid = pid;
        let route = self.routes.get(usize::from(pid)).copied().unwrap_or(Route::Nothing);
        let Ok(packet) = Packet::parse(bytes) else { return self.out.ignore("malformed") };
        match route {
            Route::Table(index) => {
                let Some(table) = self.tables.get_mut(usize::from(index)) else { return };
                for section in table.packet(&packet, &mut self.out) {
                    self.section(pid, &section);
                }
            }
            Route::Stream(index) => {
                let Some(reader) = self.streams.list.get_mut(usize::from(index)) else { return };
                if self.chosen.as_ref().is_some_and(|pmt| pmt.pcr_pid == pid) {
                    self.out.pcr = packet.pcr().or(self.out.pcr);
                }
                reader.packet(&packet, &mut self.out);
            }
            Route::Nothing => {}
        }
    }

    fn section(&mut self, pid: u16, section: &[u8]) {
        // Tables of other kinds on these PIDs, such as private ones beside a PMT, are none of our business.
        let wanted = if pid == PID_PAT { TABLE_PAT } else { TABLE_PMT };
        if section.first() != Some(&wanted) {
            return;
        }
        let is_known = self.tables.iter().any(|table| table.pid == pid && table.knows(section));
        let table = match Table::parse(section) {
            Ok(table) if table.is_current => table,
            Ok(_) => return,
            Err(kind) => return self.out.unreadable(kind, pid),
        };
        let result = match pid {
            PID_PAT => self.pat(&table),
            _ => Pmt::parse(&table).map(|pmt| self.pmt(pmt, pid, is_known)),
        };
        match result {
            Err(kind) => self.out.unreadable(kind, pid),
            Ok(()) => {
                if let Some(table) = self.tables.iter_mut().find(|table| table.pid == pid) {
                    table.keep(section);
                }
            }
        }
    }

    fn pat(&mut self, table: &Table<'_>) -> Result<(), ParseErrorKind> {
        if let Some(is_chosen) = self.programs.pat(table, self.chosen_number())? {
            self.chosen = self.chosen.take().filter(|_| is_chosen);
            self.listen();
        }
        Ok(())
    }

    /// A program map came. `is_known`: the very same as the last on this PID.
    fn pmt(&mut self, pmt: Pmt, pid: u16, is_known: bool) {
        if !self.programs.has(pmt.program, pid) {
            return;
        }
        let is_news = match &self.chosen {
            Some(chosen) => chosen.program == pmt.program && *chosen != pmt,
            None => match self.programs.choose(&pmt, is_known) {
                Choice::Taken => true,
                Choice::Passed => false,
                Choice::AllPoor => {
                    self.streams.name_all(&pmt, &mut self.out);
                    false
                }
            },
        };
        if is_news {
            let tables = &self.tables;
            self.streams.lay_out(&pmt, |pid| tables.iter().any(|table| table.pid == pid), &mut self.out);
            self.chosen = Some(pmt);
            self.route();
            self.listen();
        }
    }

    /// Keeps the tables that are needed.
    fn listen(&mut self) {
        let pids = self.programs.pids(self.chosen_number());
        if pids.len() == 1 {
            // The program is gone from the PAT: its last good layout stays.
            return;
        }
        self.tables.retain(|table| pids.contains(&table.pid));
        for pid in pids {
            if !self.tables.iter().any(|table| table.pid == pid) {
                self.tables.push(TablePid::new(pid));
            }
        }
        self.route();
    }

    fn chosen_number(&self) -> Option<ProgramNumber> {
        self.chosen.as_ref().map(|pmt| pmt.program)
    }

    fn route(&mut self) {
        self.routes.fill(Route::Nothing);
        let streams = self.streams.list.iter().map(|reader| reader.stream.pid).zip((0..=u8::MAX).map(Route::Stream));
        // A PID that is said to carry both carries tables.
        let tables = self.tables.iter().map(|table| table.pid).zip((0..=u8::MAX).map(Route::Table));
        for (pid, route) in streams.chain(tables) {
            if let Some(slot) = self.routes.get_mut(usize::from(pid)) {
                *slot = route;
            }
        }
    }
}

/// Values of a continuity counter.
const COUNTER_RANGE: u64 = 16;
const TABLE_PAT: u8 = 0;
const TABLE_PMT: u8 = 2;
