//! Elementary streams of sound to access units (ISO/IEC 13818-1 clause 2.4.3.7).
//!
//! Frames lie anywhere in the PES packets. The first frame that begins in a PES packet has its PTS, those after it follow at
//! exactly their samples each; those after a loss wait for the next PTS and are counted back from it. A frame counts in sync, where a PES packet begins with it or where another follows it; another
//! sound is believed after three equal frames. What a frame looks like is said in `frames.rs`.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{
    elementary::{Elementary, Identity},
    frames::{FrameSyntax, samples_long},
    out::{Out, Stamp},
};
use crate::{
    error::{Fault, ParseError, ParseErrorKind},
    ingest::Demuxed,
    media::{AccessUnit, TrackFormat},
    time::MediaTime,
};

/// One stream of sound.
#[derive(Debug)]
pub(super) struct Audio<S: FrameSyntax> {
    identity: Identity,
    syntax: S,
    /// From the first byte of a frame, or of what may be one: less than one frame and one payload.
    data: BytesMut,
    /// Bytes of the stream before `data`.
    base: u64,
    /// There is nothing to do before `data` is this long.
    wanted: usize,
    marks: VecDeque<(u64, MediaTime)>,
    /// The last time stamp and the samples since.
    anchor: Option<(MediaTime, i64)>,
    is_synced: bool,
    skipped: u64,
    sound: Option<S::Sound>,
    /// Another sound and the frames that had it, held until it is believed.
    candidate: Option<Candidate<S::Sound>>,
    /// Frames that no time stamp is before.
    waiting: VecDeque<(S::Sound, Frame)>,
    /// Bytes of the stream up to here may be wrong, and how many frames they were.
    doubted: Option<u64>,
    /// It was told that this is of a kind that is not taken.
    is_refused: bool,
}

#[derive(Debug)]
struct Candidate<T> {
    sound: T,
    frames: Vec<(MediaTime, Frame)>,
}

#[derive(Debug)]
struct Frame {
    data: Bytes,
    is_damaged: bool,
}

impl<S: FrameSyntax> Audio<S> {
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            identity,
            syntax: S::default(),
            data: BytesMut::new(),
            base: 0,
            wanted: 0,
            marks: VecDeque::new(),
            anchor: None,
            is_synced: false,
            skipped: 0,
            sound: None,
            candidate: None,
            waiting: VecDeque::new(),
            doubted: None,
            is_refused: false,
        }
    }

    /// Takes one frame or passes over what is none; `false`: more bytes are needed.
    fn step(&mut self, out: &mut Out) -> bool {
        if self.data.len() < S::HEADER {
            self.wanted = S::HEADER;
            return false;
        }
        // Out of sync, a header counts where a PES packet begins with it or another follows its frame.
        let is_sure = self.is_synced || self.marks.iter().any(|(at, _)| *at == self.base);
        let len = match S::frame_len(&self.data) {
            Ok(len) => len.max(1),
            Err(error) => {
                if is_sure {
                    self.refuse(error, out);
                }
                let rest = self.data.get(1..).unwrap_or(&[]);
                self.skip(1 + memchr::memchr(S::SYNC, rest).unwrap_or(rest.len()), out);
                return true;
            }
        };
        self.wanted = len + if is_sure { 0 } else { 2 };
        if self.data.len() < self.wanted {
            return false;
        }
        let after = self.data.get(len..).unwrap_or(&[]);
        if !is_sure && !matches!(after, [first, second, ..] if S::is_sync(*first, *second)) {
            self.skip(1, out);
            return true;
        }
        self.is_synced = true;
        self.tell_skipped(out);
        self.frame(len, out);
        self.wanted = S::HEADER;
        true
    }

    fn frame(&mut self, len: usize, out: &mut Out) {
        let mut stamp = None;
        while let Some((_, pts)) = self.marks.pop_front_if(|(at, _)| *at <= self.base) {
            stamp = Some(pts);
        }
        if let Some(pts) = stamp {
            self.place_waiting(pts, out);
            self.anchor = Some((pts, 0));
        }
        let is_damaged = self.doubted.is_some_and(|to| to > self.base);
        let frame = self.data.split_to(len).freeze();
        self.base += len as u64;
        if stamp.is_some() && !is_damaged {
            self.doubted = None;
        }
        let (sound, data) = match self.syntax.open(frame) {
            Ok(Some(opened)) => opened,
            Ok(None) => return out.dropped(1, "before the set-up of its decoder"),
            Err(error) => {
                self.refuse(error, out);
                // What follows is a frame later; how long this one is, only the ones before it tell.
                if let (Some((_, samples)), Some(sound)) = (&mut self.anchor, &self.sound) {
                    *samples += i64::from(S::timing(sound).0);
                }
                self.drop_waiting(out);
                return out.dropped(1, "cannot be read");
            }
        };
        let frame = Frame { data, is_damaged };
        let Some((start, samples)) = &mut self.anchor else {
            if self.waiting.len() == MAX_WAITING {
                self.waiting.pop_front();
                out.dropped(1, NO_STAMP);
            }
            return self.waiting.push_back((sound, frame));
        };
        let (frame_samples, rate) = S::timing(&sound);
        let pts = start.plus(samples_long(*samples, rate));
        *samples += i64::from(frame_samples);
        self.take(sound, pts, frame, out);
    }

    /// Frames that waited for a time stamp have theirs: that of the frame after them is `end`.
    fn place_waiting(&mut self, end: MediaTime, out: &mut Out) {
        let mut left: i64 = self.waiting.iter().map(|(sound, _)| i64::from(S::timing(sound).0)).sum();
        while let Some((sound, frame)) = self.waiting.pop_front() {
            let (samples, rate) = S::timing(&sound);
            let pts = end.plus(samples_long(-left, rate));
            left -= i64::from(samples);
            self.take(sound, pts, frame, out);
        }
    }

    fn drop_waiting(&mut self, out: &mut Out) {
        out.dropped(self.waiting.len() as u64, NO_STAMP);
        self.waiting.clear();
    }

    fn take(&mut self, sound: S::Sound, pts: MediaTime, frame: Frame, out: &mut Out) {
        if self.sound.is_none() {
            self.announce(sound.clone(), out);
        }
        if self.sound.as_ref() == Some(&sound) {
            self.drop_candidate(out);
            self.unit(&sound, pts, frame, out);
        } else {
            self.believe(sound, pts, frame, out);
        }
    }

    /// A stream that has never been read is told as one that cannot be, once.
    fn refuse(&mut self, error: ParseError, out: &mut Out) {
        let is_unsupported = matches!(error.kind, ParseErrorKind::Unsupported { .. });
        if self.sound.is_none() && is_unsupported && !self.is_refused {
            self.is_refused = true;
            let format = TrackFormat::Unknown(error.to_string());
            out.queue.push_back(Demuxed::Track(self.identity.track(format)));
            out.unreadable(error.kind, self.identity.pid);
        }
    }

    /// A change is taken after three equal frames in a row; until then they are held.
    fn believe(&mut self, sound: S::Sound, pts: MediaTime, frame: Frame, out: &mut Out) {
        if self.candidate.as_ref().is_some_and(|other| other.sound != sound) {
            self.drop_candidate(out);
        }
        let new = || Candidate { sound: sound.clone(), frames: Vec::new() };
        let candidate = self.candidate.get_or_insert_with(new);
        candidate.frames.push((pts, frame));
        if candidate.frames.len() < BELIEVED {
            return;
        }
        let frames = std::mem::take(&mut candidate.frames);
        self.candidate = None;
        self.announce(sound.clone(), out);
        for (pts, frame) in frames {
            self.unit(&sound, pts, frame, out);
        }
    }

    fn drop_candidate(&mut self, out: &mut Out) {
        let count = self.candidate.take().map_or(0, |candidate| candidate.frames.len() as u64);
        out.dropped(count, "unlike the frames around it");
    }

    fn announce(&mut self, sound: S::Sound, out: &mut Out) {
        out.queue.push_back(Demuxed::Track(self.identity.track(S::format(&sound))));
        self.sound = Some(sound);
    }

    fn unit(&self, sound: &S::Sound, pts: MediaTime, frame: Frame, out: &mut Out) {
        let (samples, rate) = S::timing(sound);
        out.queue.push_back(Demuxed::Unit(AccessUnit {
            track: self.identity.track,
            pts,
            dts: pts,
            duration: samples_long(samples.into(), rate),
            is_random_access: true,
            is_damaged: frame.is_damaged,
            data: frame.data,
        }));
    }

    fn skip(&mut self, count: usize, out: &mut Out) {
        if self.doubted.is_some() {
            self.anchor = None;
        }
        self.drop_waiting(out);
        let count = count.min(self.data.len());
        drop(self.data.split_to(count));
        self.base += count as u64;
        self.skipped += count as u64;
        self.is_synced = false;
    }

    fn tell_skipped(&mut self, out: &mut Out) {
        let skipped = std::mem::take(&mut self.skipped);
        if skipped > 0 {
            out.fault(Fault::Resync { skipped });
        }
    }
}

impl<S: FrameSyntax> Elementary for Audio<S> {
    fn start(&mut self, stamp: Option<Stamp>) {
        if let Some(Stamp { pts, .. }) = stamp {
            if self.marks.len() == MAX_MARKS {
                self.marks.pop_front();
            }
            self.marks.push_back((self.base + self.data.len() as u64, pts));
        }
    }

    fn push(&mut self, bytes: &[u8], out: &mut Out) {
        if self.data.capacity() - self.data.len() < bytes.len() {
            self.data.reserve(BLOCK);
        }
        self.data.extend_from_slice(bytes);
        out.held += bytes.len();
        if self.data.len() < self.wanted {
            return;
        }
        let before = self.data.len();
        while self.step(out) {}
        out.held = out.held.saturating_sub(before - self.data.len());
    }

    fn end(&mut self, _out: &mut Out) {}

    /// The frame that is cut is dropped, and what follows has its time by the next PES packet.
    fn gap(&mut self, _is_between: bool, out: &mut Out) {
        out.dropped(u64::from(!self.data.is_empty()), "cut by packet loss");
        self.base += self.data.len() as u64;
        out.held = out.held.saturating_sub(self.data.len());
        self.data.clear();
        self.marks.clear();
        (self.wanted, self.anchor, self.is_synced) = (0, None, false);
        self.drop_waiting(out);
    }

    fn damage(&mut self, _out: &mut Out) {
        self.doubted = Some(self.base + self.data.len() as u64);
    }

    fn finish(&mut self, out: &mut Out) {
        let is_half = !self.data.is_empty() && self.is_synced;
        out.dropped(u64::from(is_half), "half at the end");
        if !is_half {
            self.skipped += self.data.len() as u64;
        }
        self.tell_skipped(out);
        out.held = out.held.saturating_sub(self.data.len());
        self.base += self.data.len() as u64;
        self.data.clear();
        self.marks.clear();
        (self.wanted, self.anchor, self.is_synced) = (0, None, false);
        self.drop_waiting(out);
        self.drop_candidate(out);
    }

    fn identify(&mut self, identity: Identity, out: &mut Out) {
        self.identity = identity;
        if let Some(sound) = &self.sound {
            out.queue.push_back(Demuxed::Track(identity.track(S::format(sound))));
        }
    }

    fn is_video(&self) -> bool {
        false
    }
}

/// Equal frames in a row that make a change of configuration believed.
const BELIEVED: usize = 3;
/// Frames share blocks of this size; a frame has 8 191 bytes at most.
const BLOCK: usize = 16 << 10;
/// PES packets in which no frame begins keep no more stamps than this.
const MAX_MARKS: usize = 32;
/// More frames than a PES packet holds.
const MAX_WAITING: usize = 64;
const NO_STAMP: &str = "no time stamp";
