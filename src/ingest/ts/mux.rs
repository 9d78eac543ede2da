//! From packets to the streams of one program: tables, routes, continuity.

use super::{
    TsConfig,
    elementary::Identity,
    layout::{self, Coding, MAX_SOUND, Place, moved, stays, took_over},
    out::Out,
    reader::Reader,
};
use crate::{
    error::{Fault, LimitError},
    ingest::Demuxed,
    media::{Language, TrackFormat, TrackId},
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
    /// Streams that are gone, with their tracks: one that comes back has its own again (FAULTS row 45).
    gone: Vec<(Stream, TrackId)>,
    next_track: u32,
    /// It was told that there is more sound than is taken.
    is_over_told: bool,
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
            gone: Vec::new(),
            next_track: 1,
            is_over_told: false,
            last_pid: PID_PAT,
        };
        mux.route();
        mux
    }

    pub(super) const fn pcr(&self) -> Option<u64> {
        self.out.pcr
    }

    pub(super) fn program(&self) -> Option<u16> {
        self.chosen.as_ref().map(|pmt| pmt.program.0)
    }

    pub(super) fn forgive(&mut self) {
        self.tables.iter_mut().for_each(|table| table.continuity.forgive());
        self.streams.iter_mut().for_each(|reader| reader.forgive());
    }

    /// So many packets may be missing here, on whatever PIDs: counters of 16 tell only fewer.
    pub(super) fn lost(&mut self, packets: u64) {
        if packets >= COUNTER_RANGE {
            self.tables.iter_mut().for_each(|table| table.continuity.doubt());
            self.streams.iter_mut().for_each(|reader| reader.doubt());
        }
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
                    self.out.pcr = packet.pcr().or(self.out.pcr);
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
                    let was_only = std::mem::replace(&mut self.programs, pat).programs.len() == 1;
                    self.follow_pat(was_only);
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
    fn follow_pat(&mut self, was_only: bool) {
        let is_gone = |number: ProgramNumber| !self.programs.programs.iter().any(|(known, _)| *known == number);
        // A program that was asked for may come back, and so may one of several (FAULTS row 33). The only one of its stream
        // gives way to another only one: an encoder that was set up anew.
        let is_ours_gone = self.chosen.as_ref().is_some_and(|pmt| is_gone(pmt.program));
        if self.config.program.is_none() && is_ours_gone && was_only && self.programs.programs.len() == 1 {
            self.chosen = None;
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
        let is_rich = layout::is_rich(pmt);
        let is_second = is_known && self.seen.iter().any(|(number, _)| *number == pmt.program);
        self.seen.retain(|(number, _)| *number != pmt.program);
        self.seen.push((pmt.program, is_rich));
        let are_all_poor = self.seen.len() == self.programs.programs.len() && self.seen.iter().all(|(_, rich)| !rich);
        if are_all_poor {
            // Nothing will be taken: what is there is named all the same.
            layout::lay_out(pmt, self.config).0.iter().for_each(|place| self.tell(place));
        }
        let numbers = self.programs.programs.iter().map(|(number, _)| *number);
        let all_poor = numbers.take_while(|number| *number != pmt.program).all(|n| self.seen.contains(&(n, false)));
        is_rich && (all_poor || is_second)
    }

    /// Takes a new layout: streams that stay go on, one that moved to another PID keeps its track.
    fn lay_out(&mut self, pmt: Pmt) {
        let (places, over) = layout::lay_out(&pmt, self.config);
        if let Some(first) = over.first()
            && !std::mem::replace(&mut self.is_over_told, true)
        {
            let (ceiling, asked) = (MAX_SOUND.into(), u64::from(MAX_SOUND) + over.len() as u64);
            self.out.over(LimitError { what: "audio streams", ceiling, asked }, *first);
        }
        places.iter().filter(|place| place.is_told).for_each(|place| self.tell(place));
        let mut old = std::mem::take(&mut self.streams);
        let mut taken: Vec<(Place, Coding, Option<Reader>)> =
            places.iter().filter_map(|place| Some((*place, place.coding?, None))).collect();
        for is_same in [stays, moved, took_over] {
            for (place, coding, reader) in taken.iter_mut().filter(|(.., reader)| reader.is_none()) {
                let at = old.iter().position(|old| old.coding == *coding && is_same(&old.stream, &place.stream));
                *reader = at.map(|at| old.remove(at));
            }
        }
        if taken.len() > MAX_STREAMS {
            let asked = taken.len() as u64;
            self.out.over(LimitError { what: "PIDs", ceiling: MAX_STREAMS as u64, asked }, PID_PAT);
            taken.truncate(MAX_STREAMS);
        }
        for mut reader in old {
            reader.finish(&mut self.out);
            if reader.identity.track != NO_TRACK {
                if self.gone.len() >= MAX_TOLD {
                    self.gone.remove(0);
                }
                self.gone.push((reader.stream, reader.identity.track));
            }
        }
        let mut streams = Vec::with_capacity(taken.len() + 1);
        for (place, coding, reader) in taken {
            streams.push(self.reader(&place, coding, reader));
        }
        self.add_clock(&pmt, &mut streams);
        self.streams = streams;
        self.chosen = Some(pmt);
        self.route();
    }

    /// The reader of a stream: the one that it had, a new one with the track of the one that it had elsewhere, or a new one.
    fn reader(&mut self, place: &Place, coding: Coding, had: Option<Reader>) -> Reader {
        let stream = place.stream;
        let identity = |track| {
            let language = stream.language.unwrap_or(Language::UND);
            Identity { track, pid: stream.pid, index: place.index, language }
        };
        match had {
            Some(mut reader) if reader.stream.pid == stream.pid => {
                reader.identify(stream, identity(reader.identity.track), &mut self.out);
                reader
            }
            Some(mut reader) => {
                reader.finish(&mut self.out);
                Reader::new(stream, coding, identity(reader.identity.track))
            }
            None => {
                let was = |gone: &(Stream, TrackId)| stays(&gone.0, &stream) && took_over(&gone.0, &stream);
                let known = self.gone.iter().position(was);
                let track = match (coding, known) {
                    (Coding::Cues { .. }, _) => NO_TRACK,
                    (_, Some(at)) => self.gone.remove(at).1,
                    (_, None) => self.track(),
                };
                Reader::new(stream, coding, identity(track))
            }
        }
    }

    /// The PCR may come on a PID of its own.
    fn add_clock(&self, pmt: &Pmt, streams: &mut Vec<Reader>) {
        let pid = pmt.pcr_pid;
        let is_free = usize::from(pid) < PID_COUNT - 1 && self.tables.iter().all(|table| table.pid != pid);
        if is_free && streams.iter().all(|reader| reader.stream.pid != pid) {
            let stream = Stream { pid, ..Stream::of(StreamType(0)) };
            let identity = Identity { track: NO_TRACK, pid, index: 0, language: Language::UND };
            streams.push(Reader::new(stream, Coding::Clock, identity));
        }
    }

    /// Tells once that a stream is there and passed over.
    fn tell(&mut self, place: &Place) {
        let stream = &place.stream;
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
        let identity = Identity { track: self.track(), pid: stream.pid, index: place.index, language };
        self.out.queue.push_back(Demuxed::Track(identity.track(TrackFormat::Unknown(text))));
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

/// Values of a continuity counter.
const COUNTER_RANGE: u64 = 16;
const TABLE_PAT: u8 = 0;
const TABLE_PMT: u8 = 2;
/// Of the 256 PIDs that are followed at most, 65 may carry tables and one a clock.
const MAX_STREAMS: usize = 190;
const MAX_TOLD: usize = 256;
/// What is read and is no track has this one; tracks are counted from 1.
const NO_TRACK: TrackId = TrackId(0);
