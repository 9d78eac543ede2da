//! Elementary streams of pictures to access units (ISO/IEC 13818-1 clauses 2.4.3.7 and 2.14).
//!
//! PES packets are taken as one run of bytes with time stamps at some of them, so that it does not matter whether a PES packet
//! holds one access unit, many or a part of one (`picture_times.rs`). An access unit ends where the next begins. Where a PES packet says its
//! length and is like those before (`alignment.rs`), it also ends there, which saves one access unit of latency. The two
//! fields of a frame are one access unit. What a unit behind a start code means is said by a [`PictureSyntax`]; to take another
//! coding, implement it in a file of its own and name it in `layout.rs`.

use bytes::BytesMut;
use memchr::memmem::Finder;

use super::{
    alignment::Alignment,
    elementary::{Elementary, Identity},
    out::{Out, Stamp},
    picture_syntax::{Field, Order, PictureSyntax, Role, Unit, is_pair},
    picture_times::PictureTimes,
};
use crate::{
    error::{Fault, LimitError},
    ingest::Demuxed,
    media::{AccessUnit, TrackFormat},
    time::MediaDuration,
};

/// One stream of pictures.
#[derive(Debug)]
pub(super) struct Pictures<S: PictureSyntax> {
    identity: Identity,
    syntax: S,
    /// The access unit that is being read, and what follows it.
    data: BytesMut,
    /// Bytes of the stream before `data`.
    base: u64,
    /// Bytes of `data` in which no start code is left to be found.
    scanned: usize,
    /// Where the unit that is being read begins, if it is to be kept.
    kept_at: Option<usize>,
    open: Open,
    times: PictureTimes,
    is_fresh: bool,
    /// Bytes are passed over until the next start code.
    is_skipping: bool,
    alignment: Alignment,
    /// Where in the stream the PES packet began.
    pes_at: u64,
    format: Option<TrackFormat>,
    dropped_before: u64,
    finder: Finder<'static>,
}

/// What is known of the access unit that is being read.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    /// Where its first unit begins, once that is known.
    from: Option<usize>,
    stamp: Option<Stamp>,
    has_picture: bool,
    is_random_access: bool,
    is_damaged: bool,
    order: Option<Order>,
    /// The field whose other one may follow.
    field: Option<Field>,
    /// Where it ends if that one does not follow.
    end: Option<usize>,
}

impl<S: PictureSyntax> Pictures<S> {
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            identity,
            syntax: S::default(),
            data: BytesMut::new(),
            base: 0,
            scanned: 0,
            kept_at: None,
            open: Open::default(),
            times: PictureTimes::default(),
            is_fresh: false,
            is_skipping: false,
            alignment: Alignment::default(),
            pes_at: 0,
            format: None,
            dropped_before: 0,
            finder: Finder::new(START_CODE),
        }
    }

    /// Ends the access unit at the last byte held.
    fn flush(&mut self, out: &mut Out) {
        self.scan(true, out);
        self.close_kept(self.data.len());
        if self.open.has_picture {
            self.cut(self.data.len(), out);
        }
    }

    /// Looks at every start code whose unit has as many bytes as are wanted of it. `is_last`: no more will come.
    fn scan(&mut self, is_last: bool, out: &mut Out) {
        let mut from = self.scanned.saturating_sub(START_CODE.len() - 1);
        loop {
            let Some(found) = self.data.get(from..).and_then(|rest| self.finder.find(rest)) else {
                self.scanned = self.data.len().max(self.scanned);
                return;
            };
            let at = from + found;
            let (left, wanted) = (self.data.len() - at - START_CODE.len(), self.syntax.look_ahead());
            if left < if is_last { 1 } else { wanted } {
                self.scanned = at;
                return;
            }
            self.close_kept(at);
            let rest = self.data.get(at + START_CODE.len()..).unwrap_or(&[]);
            let unit = self.syntax.unit(rest.get(..wanted).unwrap_or(rest));
            let before = self.base;
            self.unit(at, unit, out);
            // An access unit may have been cut off before this unit.
            from = at + START_CODE.len() - (self.base - before) as usize;
            self.scanned = from;
        }
    }

    /// A unit has its start code at `at`.
    fn unit(&mut self, mut at: usize, unit: Unit, out: &mut Out) {
        let has_zero = S::TAKES_ZERO && at > 0 && self.data.get(at - 1) == Some(&0);
        let here = at - usize::from(has_zero);
        if self.open.has_picture {
            match unit.role {
                // The other field may still follow, behind its own delimiter.
                Role::Begins if self.open.field.is_some() => self.open.end = self.open.end.or(Some(here)),
                Role::Begins => at -= self.cut(here, out),
                Role::Picture(picture) if is_pair(self.open.field, picture.field) => {
                    let from = self.open.end.take().unwrap_or(at);
                    self.open.field = None;
                    self.stamp(from);
                }
                Role::Picture(_) => at -= self.cut(self.open.end.unwrap_or(here), out),
                Role::Part { .. } | Role::Follows => {}
            }
        }
        if !self.open.has_picture {
            if matches!(unit.role, Role::Begins | Role::Picture(_)) {
                self.open.from.get_or_insert(at);
            }
            match unit.role {
                Role::Picture(picture) => {
                    self.open.field = picture.field;
                    self.open.order = picture.order;
                    self.begin(at, picture.is_random_access);
                }
                Role::Part { is_random_access } => {
                    // A picture that does not begin with its first part has lost its beginning.
                    self.open.is_damaged = true;
                    self.begin(at, is_random_access);
                }
                Role::Begins | Role::Follows => {}
            }
        }
        if unit.is_kept {
            self.kept_at = Some(at + START_CODE.len());
        }
    }

    fn begin(&mut self, at: usize, is_random_access: bool) {
        self.syntax.begin();
        self.open.has_picture = true;
        self.open.is_random_access = is_random_access;
        // A part without what begins its access unit has no time stamp: the one before it is that of the next.
        let from = if S::IS_STAMPED_BY_PICTURE { self.open.from.and(Some(at)) } else { self.open.from };
        self.open.stamp = from.and_then(|from| self.stamp(from));
        self.times.begin(self.open.stamp);
    }

    /// The time stamp of what begins at `at`.
    fn stamp(&mut self, at: usize) -> Option<Stamp> {
        self.times.take(self.base + at as u64 + S::STAMP_LEEWAY)
    }

    fn close_kept(&mut self, end: usize) {
        let Some(from) = self.kept_at.take() else { return };
        self.syntax.keep(self.data.get(from..end).unwrap_or(&[]));
    }

    /// Takes the access unit off that ends at `at`; so many bytes.
    fn cut(&mut self, at: usize, out: &mut Out) -> usize {
        if self.open.stamp.is_none() && self.open.from.is_some() {
            let next = self.base + at as u64 + S::STAMP_LEEWAY;
            self.open.stamp = self.times.take_inside(next, at >= self.data.len());
        }
        let data = self.data.split_to(at.min(self.data.len())).freeze();
        let len = data.len();
        self.base += len as u64;
        self.scanned = self.scanned.saturating_sub(len);
        out.held = out.held.saturating_sub(len);
        let open = std::mem::take(&mut self.open);
        if open.is_random_access && (self.syntax.has_news() || self.format.is_none()) {
            self.announce(out);
        }
        if self.format.is_none() {
            self.dropped_before += 1;
            if self.dropped_before == TELL_AFTER {
                out.dropped(std::mem::take(&mut self.dropped_before), S::BEFORE_START);
            }
        } else if self.syntax.waits() && !open.is_random_access {
            self.times.pass(open.stamp);
            out.dropped(1, S::BEFORE_NEW);
        } else if let Some(stamp) = self.times.place(open.stamp, open.order, self.syntax.frame(), out) {
            out.queue.push_back(Demuxed::Unit(AccessUnit {
                track: self.identity.track,
                pts: stamp.pts,
                dts: stamp.dts,
                duration: MediaDuration::ZERO,
                is_random_access: open.is_random_access,
                is_damaged: open.is_damaged,
                data,
            }));
        } else {
            out.dropped(1, if self.times.is_lost() { "start lost" } else { "no time stamp" });
        }
        len
    }

    /// Tells the track, now that a picture comes that a decoder can start with.
    fn announce(&mut self, out: &mut Out) {
        let had_news = self.syntax.has_news();
        match self.syntax.format() {
            None => {}
            Some(Err(error)) if had_news => out.unreadable(error.kind, self.identity.pid),
            Some(Err(_)) => {}
            Some(Ok(format)) => {
                if self.format.is_none() {
                    out.dropped(std::mem::take(&mut self.dropped_before), S::BEFORE_START);
                }
                let stated = format.video().and_then(|video| video.frame_rate).map(|rate| rate.frame_duration());
                self.times.state_frame(stated);
                self.format = Some(format.clone());
                out.queue.push_back(Demuxed::Track(self.identity.track(format)));
            }
        }
    }

    fn check_ceilings(&mut self, out: &mut Out) {
        let (what, ceiling, asked) = if self.data.len() > MAX_UNIT {
            ("bytes of a video access unit", MAX_UNIT, self.data.len())
        } else if out.held > MAX_HELD {
            ("bytes of unfinished access units", MAX_HELD, out.held)
        } else {
            return;
        };
        out.over(LimitError { what, ceiling: ceiling as u64, asked: asked as u64 }, self.identity.pid);
        out.fault(Fault::Dropped { count: 1, reason: "over a ceiling" });
        out.held = out.held.saturating_sub(self.data.len());
        self.base += self.data.len() as u64;
        self.data = BytesMut::new();
        (self.scanned, self.kept_at, self.open) = (0, None, Open::default());
        self.is_skipping = true;
        self.times.lose();
    }
}

impl<S: PictureSyntax> Elementary for Pictures<S> {
    fn start(&mut self, stamp: Option<Stamp>) {
        self.pes_at = self.base + self.data.len() as u64;
        if let Some(stamp) = stamp {
            self.times.mark(self.pes_at, stamp);
        }
        self.is_fresh = true;
        self.is_skipping = false;
    }

    fn push(&mut self, mut bytes: &[u8], out: &mut Out) {
        if bytes.is_empty() {
            return;
        }
        if self.is_skipping {
            let Some(at) = self.finder.find(bytes) else { return };
            bytes = bytes.get(at..).unwrap_or(&[]);
            self.is_skipping = false;
        }
        let is_first = std::mem::take(&mut self.is_fresh);
        if is_first {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let is_start = matches!(bytes.get(zeros..), Some([1, unit @ ..]) if zeros >= 2 && S::begins(unit));
            self.alignment.begin(is_start);
        }
        if self.data.capacity() - self.data.len() < bytes.len() {
            self.data.reserve(BLOCK.max(self.data.len()));
        }
        self.data.extend_from_slice(bytes);
        out.held += bytes.len();
        if is_first || self.data.len() - self.scanned >= SCAN_STEP {
            self.scan(false, out);
        }
        self.check_ceilings(out);
    }

    fn end(&mut self, out: &mut Out) {
        let len = self.base + self.data.len() as u64 - self.pes_at;
        if self.alignment.end(len as usize) {
            self.scan(true, out);
            // A field waits for the other one of its frame.
            if self.open.field.is_none() {
                self.flush(out);
            }
        }
    }

    fn gap(&mut self, is_between: bool, out: &mut Out) {
        self.scan(true, out);
        if is_between && self.alignment.is_end() {
            // What is missing may be the other field.
            self.open.is_damaged |= self.open.field.is_some();
            self.flush(out);
        } else {
            self.damage(out);
        }
        self.alignment.gap();
        self.is_skipping = true;
        self.times.lose();
    }

    fn damage(&mut self, out: &mut Out) {
        self.scan(true, out);
        self.open.is_damaged |= !self.data.is_empty();
    }

    fn finish(&mut self, out: &mut Out) {
        self.flush(out);
        out.held = out.held.saturating_sub(self.data.len());
        self.data.clear();
        out.dropped(std::mem::take(&mut self.dropped_before), S::BEFORE_START);
    }

    fn identify(&mut self, identity: Identity, out: &mut Out) {
        self.identity = identity;
        if let Some(format) = &self.format {
            out.queue.push_back(Demuxed::Track(identity.track(format.clone())));
        }
    }

    fn is_video(&self) -> bool {
        true
    }
}

const START_CODE: &[u8] = &[0, 0, 1];
/// Pictures that are dropped before the first are told by so many, about a second.
const TELL_AFTER: u64 = 30;
const MAX_UNIT: usize = 8 << 20;
const MAX_HELD: usize = 32 << 20;
/// Start codes are looked for in steps of this many bytes, which is far cheaper than packet by packet.
const SCAN_STEP: usize = 4096;
/// Access units share blocks of this size, where they are smaller.
const BLOCK: usize = 64 << 10;
