//! The streams of the program that is taken: a reader for each, through every change of the program map.

use super::{
    TsConfig,
    elementary::Identity,
    layout::{self, Coding, MAX_SOUND, Place, moved, stays, took_over},
    ledger::Ledger,
    out::Out,
    reader::Reader,
};
use crate::{
    error::LimitError,
    ingest::Demuxed,
    media::{Language, TrackId},
    wire::ts::{PID_COUNT, PID_PAT, Pmt, Stream, StreamType},
};

/// The readers of a program.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) list: Vec<Reader>,
    config: TsConfig,
    ledger: Ledger,
    /// It was told that there is more sound than is taken.
    is_over_told: bool,
}

impl Streams {
    pub(super) const fn new(config: TsConfig) -> Self {
        Self { list: Vec::new(), config, ledger: Ledger::new(), is_over_told: false }
    }

    /// Names all of a program from which nothing is taken.
    pub(super) fn name_all(&mut self, pmt: &Pmt, out: &mut Out) {
        self.ledger.follow(pmt, false);
        let (places, _) = layout::lay_out(pmt, self.config);
        self.name(pmt, &places, out);
    }

    /// Takes a new layout: streams that stay go on, one that moved to another PID keeps its track. `has_tables`: whether a
    /// PID carries tables.
    pub(super) fn lay_out(&mut self, pmt: &Pmt, has_tables: impl Fn(u16) -> bool, out: &mut Out) {
        let (places, over) = layout::lay_out(pmt, self.config);
        if let Some(first) = over.first()
            && !std::mem::replace(&mut self.is_over_told, true)
        {
            let (ceiling, asked) = (MAX_SOUND.into(), u64::from(MAX_SOUND) + over.len() as u64);
            out.over(LimitError { what: "audio streams", ceiling, asked }, *first);
        }
        self.ledger.follow(pmt, true);
        self.name(pmt, &places, out);
        let mut taken: Vec<(Place, Coding)> = places.iter().filter_map(|place| Some((*place, place.coding?))).collect();
        if taken.len() > MAX_STREAMS {
            let asked = taken.len() as u64;
            out.over(LimitError { what: "PIDs", ceiling: MAX_STREAMS as u64, asked }, PID_PAT);
            taken.truncate(MAX_STREAMS);
        }
        let readers = self.hand_over(&taken, out);
        let mut list = Vec::with_capacity(taken.len() + 1);
        for ((place, coding), reader) in taken.iter().zip(readers) {
            list.push(self.reader(place, *coding, reader, out));
        }
        self.list = list;
        self.add_clock(pmt, has_tables);
    }

    fn name(&mut self, pmt: &Pmt, places: &[Place], out: &mut Out) {
        for place in places.iter().filter(|place| place.is_told) {
            out.queue.extend(self.ledger.name(pmt.program, place).map(Demuxed::Track));
        }
    }

    /// Which of the readers that there are each place has; the others end.
    fn hand_over(&mut self, taken: &[(Place, Coding)], out: &mut Out) -> Vec<Option<Reader>> {
        let mut old = std::mem::take(&mut self.list);
        let mut readers: Vec<Option<Reader>> = taken.iter().map(|_| None).collect();
        for is_same in [stays, moved, took_over] {
            for ((place, coding), reader) in taken.iter().zip(&mut readers).filter(|(_, reader)| reader.is_none()) {
                let at = old.iter().position(|old| old.coding == *coding && is_same(&old.stream, &place.stream));
                *reader = at.map(|at| old.remove(at));
            }
        }
        for mut reader in old {
            reader.finish(out);
            if reader.identity.track != NO_TRACK {
                self.ledger.leave(reader.stream, reader.identity.track);
            }
        }
        readers
    }

    /// The reader of a stream: the one that it had, a new one with the track of the one that it had elsewhere, or a new one.
    fn reader(&mut self, place: &Place, coding: Coding, had: Option<Reader>, out: &mut Out) -> Reader {
        let stream = place.stream;
        let identity = |track| {
            let language = stream.language.unwrap_or(Language::UND);
            Identity { track, pid: stream.pid, index: place.index, language }
        };
        match had {
            Some(mut reader) if reader.stream.pid == stream.pid => {
                reader.identify(stream, identity(reader.identity.track), out);
                reader
            }
            Some(mut reader) => {
                reader.finish(out);
                Reader::new(stream, coding, identity(reader.identity.track))
            }
            None => {
                let track = match coding {
                    Coding::Cues { .. } => NO_TRACK,
                    _ => self.ledger.track(&stream),
                };
                Reader::new(stream, coding, identity(track))
            }
        }
    }

    /// The PCR may come on a PID of its own.
    fn add_clock(&mut self, pmt: &Pmt, has_tables: impl Fn(u16) -> bool) {
        let pid = pmt.pcr_pid;
        let is_free = usize::from(pid) < PID_COUNT - 1 && !has_tables(pid);
        if is_free && self.list.iter().all(|reader| reader.stream.pid != pid) {
            let stream = Stream { pid, ..Stream::of(StreamType(0)) };
            let identity = Identity { track: NO_TRACK, pid, index: 0, language: Language::UND };
            self.list.push(Reader::new(stream, Coding::Clock, identity));
        }
    }
}

/// Of the 256 PIDs that are followed at most, 65 may carry tables and one a clock.
const MAX_STREAMS: usize = 190;
/// What is read and is no track has this one; tracks are counted from 1.
const NO_TRACK: TrackId = TrackId(0);
