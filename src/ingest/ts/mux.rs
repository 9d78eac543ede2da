//! From packets to the streams of one program: tables, routes, continuity.

use super::{TsConfig, out::Out, reader::Reader};
use crate::{
    error::{Fault, LimitError},
    ingest::Demuxed,
    media::{Language, Track, TrackFormat, TrackId},
    time::Timescale,
    wire::ts::{
        Arrival, Continuity, PACKET_LEN, PID_COUNT, PID_PAT, Packet, Pat, PatReader, Pmt, ProgramNumber, Sections,
        Stream, StreamType, Table,
    },
};

/// Everything behind the framer.
#[derive(Debug)]
pub(super) struct Mux {
    pub(super) out: Out,
    config: TsConfig,
    routes: Box<[Route; PID_COUNT]>,
    tables: Vec<TablePid>,
    pat: PatReader,
    programs: Pat,
    /// Programs whose map was seen before one was chosen, and whether it had something to take.
    seen: Vec<(ProgramNumber, bool)>,
    chosen: Option<Pmt>,
    streams: Vec<Reader>,
    told: Vec<(u16, StreamType)>,
    next_track: u32,
    pcr: Option<u64>,
    last_pid: u16,
}

/// What is done with the packets of a PID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Nothing,
    /// Index into `tables`.
    Table(u8),
    /// Index into `streams`.
    Stream(u8),
}

#[derive(Debug)]
struct TablePid {
    pid: u16,
    continuity: Continuity,
    sections: Sections,
    /// The last section that was good: one that equals it says nothing new.
    last: Vec<u8>,
}

impl Mux {
    pub(super) fn new(config: TsConfig) -> Self {
        let mut mux = Self {
            out: Out::new(),
            config,
            routes: Box::new([Route::Nothing; PID_COUNT]),
            tables: vec![TablePid::new(PID_PAT)],
            pat: PatReader::default(),
            programs: Pat::default(),
            seen: Vec::new(),
            chosen: None,
            streams: Vec::new(),
            told: Vec::new(),
            next_track: 1,
            pcr: None,
            last_pid: PID_PAT,
        };
        mux.route();
        mux
    }

    pub(super) const fn pcr(&self) -> Option<u64> {
        self.pcr
    }

    pub(super) fn program(&self) -> Option<u16> {
        self.chosen.as_ref().map(|pmt| pmt.program.0)
    }

    pub(super) fn forgive(&mut self) {
        self.tables.iter_mut().for_each(|table| table.continuity.forgive());
        self.streams.iter_mut().for_each(|reader| reader.forgive());
    }

    /// Bytes were passed over; the packet before them may be broken, too.
    pub(super) fn resync(&mut self, skipped: u64) {
        self.out.fault(Fault::Resync { skipped });
        match self.routes.get(usize::from(self.last_pid)) {
            Some(Route::Stream(index)) => {
                if let Some(reader) = self.streams.get_mut(usize::from(*index)) {
                    reader.damage(&mut self.out);
                }
            }
            Some(Route::Table(index)) => {
                if let Some(table) = self.tables.get_mut(usize::from(*index)) {
                    table.sections.reset();
                }
            }
            _ => {}
        }
    }

    pub(super) fn finish(&mut self, is_half: bool) {
        if is_half {
            self.out.ignore("cut");
        }
        for reader in &mut self.streams {
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
            Route::Table(index) => self.table(usize::from(index), &packet),
            Route::Stream(index) => {
                let Some(reader) = self.streams.get_mut(usize::from(index)) else { return };
                if self.chosen.as_ref().is_some_and(|pmt| pmt.pcr_pid == pid) {
                    self.pcr = packet.pcr().or(self.pcr);
                }
                reader.packet(&packet, &mut self.out);
            }
            Route::Nothing => {}
        }
    }

    fn table(&mut self, index: usize, packet: &Packet<'_>) {
        let Some(table) = self.tables.get_mut(index) else { return };
        let Some(payload) = packet.payload else { return };
        match table.continuity.check(packet) {
            Arrival::Duplicate => return,
            Arrival::Next => {}
            Arrival::Jump => table.sections.reset(),
            Arrival::Lost(lost) => {
                table.sections.reset();
                self.out.fault(Fault::Loss { lost: lost.into(), stream: Some(table.pid.into()) });
            }
        }
        if packet.is_scrambled {
            return self.out.ignore("scrambled");
        }
        let (pid, out, last) = (table.pid, &mut self.out, &table.last);
        let mut new = Vec::new();
        table.sections.push(payload, packet.is_start, |found| match found {
            Ok(section) if section == last.as_slice() && pid == PID_PAT => {}
            Ok(section) => new.push(section.to_vec()),
            Err(kind) => out.unreadable(kind, pid),
        });
        for section in new {
            self.section(pid, &section);
        }
    }

    fn section(&mut self, pid: u16, section: &[u8]) {
        // Tables of other kinds on these PIDs, such as private ones beside a PMT, are none of our business.
        let wanted = if pid == PID_PAT { TABLE_PAT } else { TABLE_PMT };
        if section.first() != Some(&wanted) {
            return;
        }
        let is_known = self.tables.iter().any(|table| table.pid == pid && table.last == section);
        let table = match Table::parse(section) {
            Ok(table) if table.is_current => table,
            Ok(_) => return,
            Err(kind) => return self.out.unreadable(kind, pid),
        };
        let result = if pid == PID_PAT {
            self.pat.push(&table).map(|pat| {
                if let Some(pat) = pat.filter(|pat| *pat != self.programs) {
                    self.programs = pat;
                    self.follow_pat();
                }
            })
        } else {
            Pmt::parse(&table).map(|pmt| self.pmt(pmt, pid, is_known))
        };
        match result {
            Err(kind) => self.out.unreadable(kind, pid),
            Ok(()) => {
                if let Some(table) = self.tables.iter_mut().find(|table| table.pid == pid) {
                    section.clone_into(&mut table.last);
                }
            }
        }
    }

    /// Listens to the maps of the programs that are there now.
    fn follow_pat(&mut self) {
        let is_gone = |number: ProgramNumber| !self.programs.programs.iter().any(|(known, _)| *known == number);
        // A program that was asked for may come back; one that we picked gives way to another.
        if self.config.program.is_none() && self.chosen.as_ref().is_some_and(|pmt| is_gone(pmt.program)) {
            let is_empty = self.programs.programs.is_empty();
            if !is_empty {
                self.chosen = None;
            }
        }
        self.seen.retain(|(number, _)| !is_gone(*number));
        self.listen();
    }

    /// Keeps the tables that are needed: the PAT, and the maps of the chosen program or of all that may be chosen.
    fn listen(&mut self) {
        let wanted = self.chosen.as_ref().map(|pmt| pmt.program.0).or(self.config.program);
        let mut pids: Vec<u16> = vec![PID_PAT];
        for (number, pid) in &self.programs.programs {
            if wanted.is_none_or(|wanted| wanted == number.0) && !pids.contains(pid) {
                pids.push(*pid);
            }
        }
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

    /// A program map came. `is_known`: the very same as the last on this PID.
    fn pmt(&mut self, pmt: Pmt, pid: u16, is_known: bool) {
        if !self.programs.programs.contains(&(pmt.program, pid)) {
            return;
        }
        let is_news = match &self.chosen {
            Some(chosen) => chosen.program == pmt.program && *chosen != pmt,
            None => self.choose(&pmt, is_known),
        };
        if !is_news {
            return;
        }
        self.lay_out(pmt);
        self.listen();
    }

    /// Whether this is the program to take: the one asked for, or the first in the PAT that has something to take. One that
    /// comes again before the maps of those before it is taken, too: they will not come.
    fn choose(&mut self, pmt: &Pmt, is_known: bool) -> bool {
        if let Some(wanted) = self.config.program {
            return pmt.program.0 == wanted;
        }
        let is_rich = pmt.streams.iter().any(|stream| is_taken(stream.stream_type));
        let is_second = is_known && self.seen.iter().any(|(number, _)| *number == pmt.program);
        self.seen.retain(|(number, _)| *number != pmt.program);
        self.seen.push((pmt.program, is_rich));
        let numbers = self.programs.programs.iter().map(|(number, _)| *number);
        let all_poor = numbers.take_while(|number| *number != pmt.program).all(|n| self.seen.contains(&(n, false)));
        is_rich && (all_poor || is_second)
    }

    /// Takes a new layout: streams that stay go on, one that moved to another PID keeps its track.
    fn lay_out(&mut self, pmt: Pmt) {
        let mut old = std::mem::take(&mut self.streams);
        let mut streams = Vec::new();
        let mut fresh = Vec::new();
        let mut videos = 0;
        for stream in &pmt.streams {
            let is_chosen = match stream.stream_type {
                StreamType::H264 => {
                    videos += 1;
                    videos == self.config.video_index + 1
                }
                kind => is_taken(kind),
            };
            let is_twice = pmt.streams.iter().take_while(|other| *other != stream).any(|other| other.pid == stream.pid);
            if !is_chosen || is_twice {
                self.tell(stream);
            } else if let Some(at) = old.iter().position(|reader| reader.stream == *stream) {
                streams.push(old.remove(at));
            } else {
                fresh.push(*stream);
            }
        }
        for stream in fresh {
            let moved = old.iter().position(|reader| reader.stream.stream_type == stream.stream_type);
            let track = match moved {
                Some(at) => {
                    let mut reader = old.remove(at);
                    reader.finish(&mut self.out);
                    reader.track
                }
                None => self.track(),
            };
            streams.push(Reader::new(stream, track));
        }
        old.iter_mut().for_each(|reader| reader.finish(&mut self.out));
        if streams.len() > MAX_STREAMS {
            let asked = streams.len() as u64;
            self.out.over(LimitError { what: "PIDs", ceiling: MAX_STREAMS as u64, asked }, PID_PAT);
            streams.truncate(MAX_STREAMS);
        }
        self.add_clock(&pmt, &mut streams);
        self.streams = streams;
        self.chosen = Some(pmt);
        self.route();
    }

    /// The PCR may come on a PID of its own.
    fn add_clock(&self, pmt: &Pmt, streams: &mut Vec<Reader>) {
        let pid = pmt.pcr_pid;
        let is_free = usize::from(pid) < PID_COUNT - 1 && self.tables.iter().all(|table| table.pid != pid);
        if is_free && streams.iter().all(|reader| reader.stream.pid != pid) {
            let stream = Stream { stream_type: StreamType(0), pid, language: None, registration: None, dvb_tag: None };
            streams.push(Reader::new(stream, TrackId(0)));
        }
    }

    /// Tells once that a stream is there and passed over.
    fn tell(&mut self, stream: &Stream) {
        let key = (stream.pid, stream.stream_type);
        if self.told.contains(&key) {
            return;
        }
        if self.told.len() >= MAX_TOLD {
            self.told.remove(0);
        }
        self.told.push(key);
        let text = format!("stream_type 0x{:02x} on PID {} ({})", stream.stream_type.0, stream.pid, stream.name());
        let language = stream.language.unwrap_or(Language::UND);
        let track = Track { language, ..Track::new(self.track(), Timescale::MPEG, TrackFormat::Unknown(text)) };
        self.out.queue.push_back(Demuxed::Track(track));
    }

    fn track(&mut self) -> TrackId {
        let track = TrackId(self.next_track);
        self.next_track = self.next_track.wrapping_add(1);
        track
    }

    fn route(&mut self) {
        self.routes.fill(Route::Nothing);
        let streams = self.streams.iter().map(|reader| reader.stream.pid).zip((0..=u8::MAX).map(Route::Stream));
        // A PID that is said to carry both carries tables.
        let tables = self.tables.iter().map(|table| table.pid).zip((0..=u8::MAX).map(Route::Table));
        for (pid, route) in streams.chain(tables) {
            if let Some(slot) = self.routes.get_mut(usize::from(pid)) {
                *slot = route;
            }
        }
    }
}

impl TablePid {
    fn new(pid: u16) -> Self {
        Self { pid, continuity: Continuity::default(), sections: Sections::default(), last: Vec::new() }
    }
}

const fn is_taken(stream_type: StreamType) -> bool {
    matches!(stream_type, StreamType::H264 | StreamType::AAC_ADTS)
}

const TABLE_PAT: u8 = 0;
const TABLE_PMT: u8 = 2;
/// Of the 256 PIDs that are followed at most, 65 may carry tables and one a clock.
const MAX_STREAMS: usize = 190;
const MAX_TOLD: usize = 256;
