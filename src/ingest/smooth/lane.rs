//! One track of a POST: its fragments in order, and what becomes of their samples.
//!
//! A fragment that leaves a hole waits for what is missing: for four fragments, 32 MiB or the time of
//! [`SmoothConfig`](super::SmoothConfig), whichever comes first. Then the hole is told, and the access units jump over it.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::{
    fragment::{Fragment, Sample},
    header::{Heading, Role},
    streams::{SmoothStreams, Verdict},
};
use crate::{
    codec::h264::{contains_idr, nal_ranges},
    error::{Fault, FragmentDrop, ParseError, ParseErrorKind},
    ingest::Demuxed,
    media::{AccessUnit, CueCarriage, CueSignal, NalFraming, TrackFormat},
    time::{MediaDuration, MediaTime},
};

/// A track and what waits in it.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) heading: Heading,
    /// In order of time.
    waiting: Vec<Fragment>,
    since: Option<Duration>,
    /// A fragment of this POST was taken: from here on a hole may be filled.
    is_running: bool,
    last_index: Option<u64>,
    /// Ticks by which decode times are set back.
    lead: i64,
    last_dts: Option<MediaTime>,
    bumped: u64,
    empty: u64,
}

/// Where a lane puts what is ready.
pub(super) struct Out<'a> {
    pub(super) streams: &'a SmoothStreams,
    pub(super) items: &'a mut VecDeque<Demuxed>,
    pub(super) ready: &'a mut VecDeque<Fragment>,
}

impl Lane {
    pub(super) const fn new(heading: Heading) -> Self {
        Self {
            heading,
            waiting: Vec::new(),
            since: None,
            is_running: false,
            last_index: None,
            lead: 0,
            last_dts: None,
            bumped: 0,
            empty: 0,
        }
    }

    /// Takes a fragment: it goes out, waits, or is dropped and told.
    pub(super) fn push(&mut self, fragment: Fragment, now: Duration, out: &mut Out<'_>) {
        if self.waiting.iter().any(|waiting| waiting.start == fragment.start) {
            return self.dropped(FragmentDrop::OverlapTimestamp, out);
        }
        let (stream, start) = (&self.heading.stream, fragment.start);
        let verdict = match self.heading.role.is_sparse() {
            true => out.streams.judge_sparse(stream, start),
            false => out.streams.judge(stream, start, !self.is_running),
        };
        match verdict {
            Verdict::Drop(reason) => return self.dropped(reason, out),
            Verdict::Ahead if self.is_running => {
                let at = self.waiting.partition_point(|waiting| waiting.start < fragment.start);
                self.waiting.insert(at, fragment);
                self.since = self.since.or(Some(now));
                while self.waiting.len() > MAX_WAITING || self.held() > MAX_HELD {
                    self.release_first(out);
                }
            }
            Verdict::Anew => {
                self.flush(out);
                self.release(fragment, out);
            }
            Verdict::Next | Verdict::Ahead => self.release(fragment, out),
        }
        self.release_next(out);
    }

    /// Lets go of everything that waits.
    pub(super) fn flush(&mut self, out: &mut Out<'_>) {
        while !self.waiting.is_empty() {
            self.release_first(out);
        }
        self.since = None;
    }

    /// Since when something waits, on the monotonic clock.
    pub(super) const fn waiting_since(&self) -> Option<Duration> {
        self.since
    }

    /// What the next sample of a fragment that is ready becomes; `None` at its end.
    pub(super) fn next(&mut self, fragment: &mut Fragment) -> Option<Demuxed> {
        loop {
            let Some(sample) = fragment.next() else { return self.counted().map(Demuxed::Fault) };
            if self.heading.role == Role::Cues {
                return Some(self.cue(&sample, fragment));
            }
            // An empty sample of text clears it; an empty picture or sound is none.
            if !sample.data.is_empty() || self.heading.role == Role::Text {
                return Some(Demuxed::Unit(self.unit(sample, fragment)));
            }
            self.empty = self.empty.saturating_add(1);
        }
    }

    /// What was counted in a fragment, one thing after the other.
    fn counted(&mut self) -> Option<Fault> {
        let (bumped, empty) = (std::mem::take(&mut self.bumped), &mut self.empty);
        if bumped > 0 {
            return Some(Fault::Bumped { count: bumped });
        }
        let count = std::mem::take(empty);
        (count > 0).then_some(Fault::Dropped { count, reason: "empty" })
    }

    fn held(&self) -> usize {
        self.waiting.iter().map(Fragment::len).fold(0, usize::saturating_add)
    }

    fn release_first(&mut self, out: &mut Out<'_>) {
        if !self.waiting.is_empty() {
            let first = self.waiting.remove(0);
            self.release(first, out);
        }
        if self.waiting.is_empty() {
            self.since = None;
        }
    }

    /// Lets go of what waited for the fragment that came.
    fn release_next(&mut self, out: &mut Out<'_>) {
        while let Some(first) = self.waiting.first() {
            match out.streams.judge(&self.heading.stream, first.start, false) {
                Verdict::Ahead => return,
                Verdict::Drop(reason) => {
                    self.waiting.remove(0);
                    self.dropped(reason, out);
                }
                Verdict::Next | Verdict::Anew => self.release_first(out),
            }
        }
        self.since = None;
    }

    fn release(&mut self, fragment: Fragment, out: &mut Out<'_>) {
        let before = out.streams.accept(&self.heading.stream, fragment.start, fragment.end);
        if let Some((start, end)) = before.filter(|_| !self.heading.role.is_sparse()) {
            self.tell_hole(&fragment, end.since(start), fragment.start.since(end), out);
        }
        self.is_running = true;
        self.last_index = fragment.index;
        out.ready.push_back(fragment);
    }

    /// Tells what is missing between the last fragment, of length `usual`, and this one.
    fn tell_hole(&self, fragment: &Fragment, usual: MediaDuration, hole: MediaDuration, out: &mut Out<'_>) {
        let by_number =
            self.last_index.zip(fragment.index).map(|(last, now)| now.saturating_sub(last.saturating_add(1)));
        let is_hole = usual > MediaDuration::ZERO && hole > MediaDuration::ZERO && hole.times(2) >= usual;
        let by_length = || {
            let usual = usual.flicks().max(1);
            u64::try_from(hole.flicks().saturating_add(usual / 2) / usual).unwrap_or(0).max(1)
        };
        let missing = match by_number {
            Some(count) if count > 0 => count,
            _ if is_hole => by_length(),
            _ => return,
        };
        let millis = hole.flicks() / MediaDuration::from_millis(1).flicks();
        out.items.push_back(Demuxed::Fault(Fault::FragmentGap { missing, stream: fragment.track, millis }));
    }

    fn dropped(&self, reason: FragmentDrop, out: &mut Out<'_>) {
        let stream = self.heading.track.id.0;
        out.items.push_back(Demuxed::Fault(Fault::FragmentsDropped { count: 1, stream, reason }));
    }

    fn unit(&mut self, sample: Sample, fragment: &Fragment) -> AccessUnit {
        // Offsets may be below zero. Decode times are set back then, by as much in every fragment.
        self.lead = self.lead.max(fragment.lead);
        let (scale, at) = (fragment.timescale(), sample.decode_time);
        // Instants are rounded, never lengths: nothing adds up.
        let instant = |ticks| MediaTime::from_ticks(ticks, scale);
        let dts = instant(at.saturating_sub(self.lead));
        let pts = instant(at.saturating_add(sample.range.composition_offset.into()));
        let end = instant(at.saturating_add(sample.range.duration.into()));
        AccessUnit {
            track: self.heading.track.id,
            pts,
            dts: self.forward(dts),
            duration: end.since(instant(at)),
            is_random_access: self.is_random_access(&sample),
            is_damaged: false,
            data: sample.data,
        }
    }

    /// A decode time that is not after the last one by a little is moved past it; one that is far behind is a jump, which is
    /// for the channel to judge.
    fn forward(&mut self, dts: MediaTime) -> MediaTime {
        let behind = self.last_dts.map(|last| (last, last.since(dts)));
        let placed = match behind {
            Some((last, behind)) if behind >= MediaDuration::ZERO && behind <= MAX_BUMP => {
                self.bumped = self.bumped.saturating_add(1);
                last.plus(TICK)
            }
            _ => dts,
        };
        self.last_dts = Some(placed);
        placed
    }

    fn is_random_access(&self, sample: &Sample) -> bool {
        match &self.heading.track.format {
            // Flags are set by hand in many encoders; the NAL units tell.
            TrackFormat::H264(_, config) => contains_idr(&sample.data, config.framing),
            TrackFormat::Hevc(_, config) => contains_irap(&sample.data, &config.hvcc),
            TrackFormat::Av1(..) => sample.range.is_sync,
            _ => true,
        }
    }

    /// SPECS d4: version, id, time from the fragment to the splice, then the message.
    fn cue(&self, sample: &Sample, fragment: &Fragment) -> Demuxed {
        let error = |kind| {
            let error = ParseError::new(kind, "sparse track", Some(fragment.track), 0);
            Demuxed::Fault(Fault::Unreadable(error))
        };
        let Some(&[v3, v2, v1, v0, _, _, _, _, d3, d2, d1, d0]) = sample.data.first_chunk() else {
            return error(ParseErrorKind::Truncated { what: "message header" });
        };
        let version = u32::from_be_bytes([v3, v2, v1, v0]);
        if version != 1 {
            return error(ParseErrorKind::Unsupported { what: "message version", value: version.into() });
        }
        let delta = u32::from_be_bytes([d3, d2, d1, d0]);
        let at = MediaTime::from_ticks(sample.decode_time.saturating_add(delta.into()), fragment.timescale());
        Demuxed::Cue(CueSignal { carriage: CueCarriage::SparseTrack, at, due: Some(at), payload: sample.data.clone() })
    }
}

/// Whether the first slice of an HEVC access unit is of an IRAP picture (Rec. ITU-T H.265 table 7-1: 16 to 23), with the
/// length size of its configuration.
fn contains_irap(data: &Bytes, hvcc: &[u8]) -> bool {
    let size = hvcc.get(21).map_or(4, |byte| (byte & 3) + 1);
    nal_ranges(data, NalFraming::Length(size))
        .filter_map(|range| data.get(range)?.first().map(|header| header >> 1 & 0x3F))
        .find(|kind| *kind < 32)
        .is_some_and(|kind| (16..24).contains(&kind))
}

/// Fragments of a track that wait for one before them.
const MAX_WAITING: usize = 4;
/// Bytes of them.
const MAX_HELD: usize = 32 << 20;
const TICK: MediaDuration = MediaDuration::from_millis(1);
const MAX_BUMP: MediaDuration = MediaDuration::from_millis(100);
