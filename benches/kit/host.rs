//! A lean host: one thread drives a whole [`Channel`] on virtual time, as fast as it goes, from a TS file to files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use cpu_time::{ProcessTime, ThreadTime};
use headend::{
    archive::{AssetName, TimelineChange},
    channel::{Channel, ChannelConfig, Input, Output, ProgramConfig},
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    ladder::{BuiltinCodecs, Lane, Work},
    time::{Now, Timescale, Utc},
};

use super::{Folder, Split};

struct Host {
    channel: Channel,
    now: Now,
    pending: Vec<Work>,
    folder: Folder,
    split: Split,
}

/// Takes the clip through a channel; CPU-seconds of each lane (a lane's work is timed around `run`), of storing and of the
/// process. What is left of `thread` is the wheel: demultiplexing, switching, segmenting, archiving.
pub fn run(clip: &Path) -> Split {
    let pieces = schedule(clip);
    let (process, thread) = (ProcessTime::now(), ThreadTime::now());
    let mut host = Host::start(clip.with_file_name("channel"));
    host.play(pieces);
    host.finish(process, thread)
}

/// The same with nothing but the built-in slate on air, for as long as the clip would last.
pub fn slate(clip: &Path) -> Split {
    let (process, thread) = (ProcessTime::now(), ThreadTime::now());
    let mut host = Host::start(clip.with_file_name("slate"));
    host.pass(host.now.monotonic + Duration::from_secs_f64(super::clip::SECONDS));
    host.finish(process, thread)
}

/// The same with the slate over the clip, which is decoded beneath it.
pub fn hidden(clip: &Path) -> Split {
    let pieces = schedule(clip);
    let (process, thread) = (ProcessTime::now(), ThreadTime::now());
    let mut host = Host::start(clip.with_file_name("hidden"));
    host.channel.show_slate(None, None).unwrap();
    host.play(pieces);
    host.finish(process, thread)
}

impl Host {
    /// A channel with a program on air, which is stored in `folder`.
    fn start(folder: PathBuf) -> Self {
        let mut host = Self {
            channel: Channel::new(ChannelConfig::new("bench").unwrap(), Arc::new(BuiltinCodecs::new())).unwrap(),
            now: Now::new(Duration::from_secs(1), Utc::from_unix_secs(1_795_176_000)),
            pending: Vec::new(),
            folder: Folder::new(folder),
            split: Split::new(),
        };
        host.channel.start(host.now).unwrap();
        host.drain();
        host.channel.run_program(ProgramConfig::new(AssetName::new("bench").unwrap())).unwrap();
        host
    }

    fn play(&mut self, pieces: Vec<(Duration, Bytes)>) {
        let id = self.channel.attach("ts", Box::new(TsDemuxer::new(TsConfig::default())), self.now).unwrap();
        let start = self.now.monotonic;
        for (at, piece) in pieces {
            self.pass(start + at);
            self.channel.handle_input(Input::Bytes(id, piece), self.now).unwrap();
            self.drain();
        }
        self.channel.handle_input(Input::Closed(id), self.now).unwrap();
        self.drain();
    }

    fn finish(mut self, process: ProcessTime, thread: ThreadTime) -> Split {
        self.split.insert("thread".into(), thread.elapsed().as_secs_f64());
        self.split.insert("process".into(), process.elapsed().as_secs_f64());
        self.split
    }

    fn pass(&mut self, until: Duration) {
        while let Some(deadline) = self.channel.poll_timeout().filter(|deadline| *deadline <= until) {
            self.advance(deadline);
            self.channel.handle_timeout(self.now);
            self.drain();
        }
        self.advance(until);
    }

    fn advance(&mut self, to: Duration) {
        let step = to.saturating_sub(self.now.monotonic);
        let utc = Utc::from_unix_nanos(self.now.utc.unix_nanos() + step.as_nanos() as i64);
        self.now = Now::new(self.now.monotonic + step, utc);
    }

    fn drain(&mut self) {
        loop {
            while let Some(output) = self.channel.poll_output() {
                match output {
                    Output::Work(work) => self.pending.push(work),
                    Output::Store(object) => {
                        let clock = ThreadTime::now();
                        self.folder.store(&object);
                        *self.split.entry("store".into()).or_default() += clock.elapsed().as_secs_f64();
                    }
                    Output::Timeline(update) => {
                        if let TimelineChange::Added(segment) = update.change {
                            *self.split.entry("media".into()).or_default() += segment.duration.as_secs_f64();
                        }
                    }
                    _ => {}
                }
            }
            if self.pending.is_empty() {
                return;
            }
            for work in std::mem::take(&mut self.pending) {
                let (lane, clock) = (name(work.lane()), ThreadTime::now());
                let done = work.run();
                *self.split.entry(lane).or_default() += clock.elapsed().as_secs_f64();
                self.channel.handle_input(Input::Done(done), self.now).unwrap();
            }
        }
    }
}

fn name(lane: Lane) -> String {
    match lane {
        Lane::Open => "open".into(),
        Lane::Decode => "decode".into(),
        Lane::Picture => "picture".into(),
        Lane::Rung(n) => format!("rung{n}"),
        Lane::Sound(0) => "sound".into(),
        Lane::Sound(n) => format!("sound{n}"),
    }
}

/// The clip in pieces of a few packets, each with the time at which an encoder would send it: that of the newest decode
/// time before it.
fn schedule(clip: &Path) -> Vec<(Duration, Bytes)> {
    let ts = Bytes::from(fs::read(clip).unwrap());
    let (mut demuxer, now) = (TsDemuxer::new(TsConfig::default()), Now::new(Duration::ZERO, Utc::UNIX_EPOCH));
    let (mut first, mut newest) = (None, 0);
    (0..ts.len())
        .step_by(PIECE)
        .map(|at| {
            let piece = ts.slice(at..ts.len().min(at + PIECE));
            demuxer.push(piece.clone(), now).unwrap();
            while let Some(item) = demuxer.pull() {
                if let Demuxed::Unit(unit) = item {
                    newest = newest.max(unit.dts.ticks(Timescale::MILLIS));
                    first.get_or_insert(newest);
                }
            }
            (Duration::from_millis(first.map_or(0, |first| newest - first) as u64), piece)
        })
        .collect()
}

const PIECE: usize = 188 * 7 * 8;
