//! H.264 elementary stream to access units (ISO/IEC 14496-10 clause 7.4.1.2.3, ISO/IEC 13818-1 clause 2.14).
//!
//! PES packets are taken as one run of bytes with time stamps at some of them, so that it does not matter whether a PES packet
//! holds one access unit, many or a part of one. An access unit ends where the next begins. Where a PES packet says its
//! length and the last ones all began an access unit, it also ends there, which saves one access unit of latency.

use std::collections::VecDeque;

use bytes::BytesMut;
use memchr::memmem::Finder;

use super::out::{Out, Stamp};
use crate::{
    codec::h264::{
        NAL_IDR, NAL_PARTITION_A, NAL_PPS, NAL_SLICE, NAL_SPS, ParameterSets, begins_access_unit, nal_type, video_track,
    },
    error::{Fault, LimitError},
    ingest::Demuxed,
    media::{AccessUnit, Language, NalFraming, Track, TrackFormat, TrackId},
    time::{MediaDuration, Timescale},
};

/// One H.264 stream.
#[derive(Debug)]
pub(super) struct Video {
    pid: u16,
    track: TrackId,
    language: Language,
    /// The access unit that is being read, and what follows it.
    data: BytesMut,
    /// Bytes of the stream before `data`.
    base: u64,
    /// Bytes of `data` in which no start code is left to be found.
    scanned: usize,
    /// Where the NAL unit that is being read begins, if it is a parameter set.
    set_at: Option<usize>,
    open: Open,
    marks: VecDeque<(u64, Stamp)>,
    is_fresh: bool,
    /// Bytes are passed over until the next start code.
    is_skipping: bool,
    /// PES packets in a row that began with an access unit.
    aligned: u8,
    /// Packets are missing since the last time stamp: what has none cannot be placed.
    is_time_lost: bool,
    sets: ParameterSets,
    are_sets_new: bool,
    /// A sequence parameter set changed, which is so only from an IDR picture on.
    is_sps_new: bool,
    frame: Option<MediaDuration>,
    last: Option<Stamp>,
    is_announced: bool,
    dropped_before: u64,
    finder: Finder<'static>,
}

/// What is known of the access unit that is being read.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    stamp: Option<Stamp>,
    has_slice: bool,
    is_idr: bool,
    is_damaged: bool,
}

impl Video {
    pub(super) fn new(pid: u16, track: TrackId, language: Language) -> Self {
        Self {
            pid,
            track,
            language,
            data: BytesMut::new(),
            base: 0,
            scanned: 0,
            set_at: None,
            open: Open::default(),
            marks: VecDeque::new(),
            is_fresh: false,
            is_skipping: false,
            aligned: 0,
            is_time_lost: false,
            sets: ParameterSets::default(),
            are_sets_new: false,
            is_sps_new: false,
            frame: None,
            last: None,
            is_announced: false,
            dropped_before: 0,
            finder: Finder::new(START_CODE),
        }
    }

    /// A PES packet begins.
    pub(super) fn start(&mut self, stamp: Option<Stamp>) {
        if let Some(stamp) = stamp {
            if self.marks.len() == MAX_MARKS {
                self.marks.pop_front();
            }
            self.marks.push_back((self.base + self.data.len() as u64, stamp));
        }
        self.is_fresh = true;
        self.is_skipping = false;
    }

    /// More bytes of it.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Out) {
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
            self.aligned = if is_unit_start(bytes) { self.aligned.saturating_add(1) } else { 0 };
        }
        if self.data.capacity() - self.data.len() < bytes.len() {
            self.data.reserve(BLOCK.max(self.data.len()));
        }
        self.data.extend_from_slice(bytes);
        out.held += bytes.len();
        if is_first || self.data.len() - self.scanned >= SCAN_STEP {
            self.scan(out);
        }
        self.check_ceilings(out);
    }

    /// The PES packet is whole.
    pub(super) fn end(&mut self, out: &mut Out) {
        if self.aligned >= ALIGNED_ENOUGH {
            self.flush(out);
        }
    }

    /// Packets are missing here. `is_between`: the PES packet before was whole.
    pub(super) fn gap(&mut self, is_between: bool, out: &mut Out) {
        if is_between && self.aligned > 0 {
            self.flush(out);
        } else {
            self.damage(out);
        }
        self.is_skipping = true;
        self.is_time_lost = true;
    }

    /// Bytes that came last may be wrong.
    pub(super) fn damage(&mut self, out: &mut Out) {
        self.scan(out);
        self.open.is_damaged |= !self.data.is_empty();
    }

    /// The next access unit begins elsewhere: gives out the last one and tells what was dropped.
    pub(super) fn finish(&mut self, out: &mut Out) {
        self.flush(out);
        out.held = out.held.saturating_sub(self.data.len());
        self.data.clear();
        out.dropped(std::mem::take(&mut self.dropped_before), BEFORE_IDR);
    }

    /// Ends the access unit at the last byte held.
    fn flush(&mut self, out: &mut Out) {
        self.scan(out);
        if let Some((at, kind)) = self.find_short(self.scanned) {
            self.nal(at, kind, 0xFF, out);
        }
        self.close_set(self.data.len());
        if self.open.has_slice {
            self.cut(self.data.len(), out);
        }
    }

    /// Looks at every start code whose NAL unit has its first two bytes.
    fn scan(&mut self, out: &mut Out) {
        let mut from = self.scanned.saturating_sub(START_CODE.len() - 1);
        loop {
            let Some(found) = self.data.get(from..).and_then(|rest| self.finder.find(rest)) else {
                self.scanned = self.data.len().max(self.scanned);
                return;
            };
            let at = from + found;
            let Some(&[header, first]) = self.data.get(at + 3..).and_then(|rest| rest.first_chunk()) else {
                self.scanned = at;
                return;
            };
            let before = self.base;
            self.nal(at, header & 0x1F, first, out);
            // An access unit may have been cut off before this NAL unit.
            from = at + 3 - (self.base - before) as usize;
            self.scanned = from;
        }
    }

    /// A NAL unit of one byte at the very end, which `scan` leaves alone.
    fn find_short(&self, from: usize) -> Option<(usize, u8)> {
        match self.data.get(from..)? {
            [0, 0, 1, header] => Some((from, header & 0x1F)),
            _ => None,
        }
    }

    /// A NAL unit of `kind` has its start code at `at`.
    fn nal(&mut self, mut at: usize, kind: u8, first: u8, out: &mut Out) {
        self.close_set(at);
        if self.open.has_slice && begins_access_unit(kind, first) {
            // A zero_byte before the start code belongs to it (Annex B.1.1).
            let has_zero = at > 0 && self.data.get(at - 1) == Some(&0);
            let cut = at - usize::from(has_zero);
            self.cut(cut, out);
            at -= cut;
        }
        match kind {
            NAL_SLICE | NAL_PARTITION_A | NAL_IDR if !self.open.has_slice => {
                self.open.has_slice = true;
                self.open.is_idr = kind == NAL_IDR;
                // A picture that does not begin at macroblock 0 has lost its beginning.
                self.open.is_damaged |= first & 0x80 == 0;
                self.take_mark(at);
            }
            NAL_SPS | NAL_PPS => self.set_at = Some(at + START_CODE.len()),
            _ => {}
        }
    }

    /// The last time stamp at or before the picture's first slice is its own.
    fn take_mark(&mut self, at: usize) {
        let position = self.base + (at + START_CODE.len()) as u64;
        while let Some((_, stamp)) = self.marks.pop_front_if(|(from, _)| *from <= position) {
            self.open.stamp = Some(stamp);
        }
    }

    fn close_set(&mut self, end: usize) {
        let Some(from) = self.set_at.take() else { return };
        let nal = self.data.get(from..end).unwrap_or(&[]);
        let len = nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let nal = nal.get(..len).unwrap_or(&[]);
        let is_new = self.sets.insert(nal);
        self.are_sets_new |= is_new;
        self.is_sps_new |= is_new && nal_type(nal) == NAL_SPS;
    }

    /// Takes the access unit off that ends at `at`.
    fn cut(&mut self, at: usize, out: &mut Out) {
        let data = self.data.split_to(at.min(self.data.len())).freeze();
        self.base += data.len() as u64;
        self.scanned = self.scanned.saturating_sub(data.len());
        out.held = out.held.saturating_sub(data.len());
        let open = std::mem::take(&mut self.open);
        if open.is_idr && (self.are_sets_new || !self.is_announced) {
            self.announce(out);
        }
        if !self.is_announced {
            self.dropped_before += 1;
            return;
        }
        // ISO/IEC 14496-10 clause 7.4.1.2.1: another sequence parameter set is activated by an IDR picture only.
        if self.is_sps_new && !open.is_idr {
            self.last = open.stamp.or(self.last);
            return out.dropped(1, "before the IDR of new parameter sets");
        }
        let Some(stamp) = open.stamp.or_else(|| self.next_stamp()) else {
            return out.dropped(1, if self.is_time_lost { "start lost" } else { "no time stamp" });
        };
        if open.stamp.is_some() {
            self.is_time_lost = false;
        }
        if let Some(last) = self.last
            && stamp.dts > last.dts
        {
            self.frame = Some(stamp.dts.since(last.dts));
        }
        self.last = Some(stamp);
        out.queue.push_back(Demuxed::Unit(AccessUnit {
            track: self.track,
            pts: stamp.pts,
            dts: stamp.dts,
            duration: MediaDuration::ZERO,
            is_random_access: open.is_idr,
            is_damaged: open.is_damaged,
            data,
        }));
    }

    /// The time of an access unit that has none of its own: one frame after the one before.
    fn next_stamp(&self) -> Option<Stamp> {
        let (last, frame) = (self.last.filter(|_| !self.is_time_lost)?, self.frame?);
        Some(Stamp { pts: last.pts.plus(frame), dts: last.dts.plus(frame) })
    }

    /// Tells the track, now that an IDR picture comes with parameter sets.
    fn announce(&mut self, out: &mut Out) {
        self.is_sps_new = false;
        let Some(sps) = self.sets.first_sps() else { return };
        match video_track(sps) {
            Err(error) => {
                if std::mem::take(&mut self.are_sets_new) {
                    out.unreadable(error.kind, self.pid);
                }
            }
            Ok(video) => {
                self.are_sets_new = false;
                if !self.is_announced {
                    self.is_announced = true;
                    out.dropped(std::mem::take(&mut self.dropped_before), BEFORE_IDR);
                }
                self.frame = self.frame.or_else(|| video.frame_rate.map(|rate| rate.frame_duration()));
                let format = TrackFormat::H264(video, self.sets.config(NalFraming::AnnexB));
                let track = Track { language: self.language, ..Track::new(self.track, Timescale::MPEG, format) };
                out.queue.push_back(Demuxed::Track(track));
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
        out.over(LimitError { what, ceiling: ceiling as u64, asked: asked as u64 }, self.pid);
        out.fault(Fault::Dropped { count: 1, reason: "over a ceiling" });
        out.held = out.held.saturating_sub(self.data.len());
        self.base += self.data.len() as u64;
        self.data = BytesMut::new();
        (self.scanned, self.set_at, self.open) = (0, None, Open::default());
        self.is_skipping = true;
        self.is_time_lost = true;
    }
}

/// Whether a PES packet that begins so begins an access unit.
fn is_unit_start(bytes: &[u8]) -> bool {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    match bytes.get(zeros..) {
        Some([1, header, first, ..]) if zeros >= 2 => begins_access_unit(header & 0x1F, *first),
        _ => false,
    }
}

const START_CODE: &[u8] = &[0, 0, 1];
const BEFORE_IDR: &str = "before the first IDR";
const MAX_UNIT: usize = 8 << 20;
const MAX_HELD: usize = 32 << 20;
/// PES packets without a picture in them keep no more stamps than this.
const MAX_MARKS: usize = 32;
/// Start codes are looked for in steps of this many bytes, which is far cheaper than packet by packet.
const SCAN_STEP: usize = 4096;
/// Access units share blocks of this size, where they are smaller.
const BLOCK: usize = 64 << 10;
/// So many aligned PES packets make us trust that the next ones are aligned.
const ALIGNED_ENOUGH: u8 = 8;
