//! The avails of a window as events, kept up incrementally, whatever form a manifest writes them in: `EventStream` in DASH, a sparse
//! track in Smooth Streaming. An avail is one event, which is written anew when its end becomes known or another one; what its
//! contribution said at the way back, and a message that splices nothing, are events without a length.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{
    media::{Avail, CuePhase, Segment, SegmentCue},
    time::{MediaDuration, MediaTime},
};

/// The events that the window shows, in the order of their times (ISO/IEC 23009-1 clause 5.10.2, MS-SSTR clause 2.2.2.6): a message may
/// be told of before its time.
#[derive(Clone, Debug)]
pub(super) struct Events {
    write: fn(&Event) -> String,
    /// Each with its text.
    shown: VecDeque<(Event, Bytes)>,
    /// Of those, the ones whose end nobody knows.
    open: usize,
    changes: u64,
}

/// An avail, or the instant of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) number: u32,
    pub(super) start: MediaTime,
    /// Not before it is over does it leave the window; `None` while nobody knows.
    pub(super) end: Option<MediaTime>,
    /// A whole `splice_info_section`.
    pub(super) section: Bytes,
}

impl Events {
    /// None yet; `write` gives the text of each, once per change.
    pub(super) const fn new(write: fn(&Event) -> String) -> Self {
        Self { write, shown: VecDeque::new(), open: 0, changes: 0 }
    }

    /// A segment joined at the live edge. An avail that it does not lie in is over, also where nothing told of its end: the host may have
    /// been killed within it.
    pub(super) fn append(&mut self, segment: &Segment) {
        if self.open > 0 {
            self.close_others(segment);
        }
        segment.cues.iter().for_each(|cue| self.take(cue, segment.start));
    }

    fn close_others(&mut self, segment: &Segment) {
        let is_in = |cue: &&SegmentCue| matches!(cue.phase, CuePhase::Out | CuePhase::Within);
        let runs = |event: &Event| segment.cues.iter().filter(is_in).any(|cue| cue.avail.number() == event.number);
        for (event, text) in self.shown.iter_mut().filter(|(event, _)| event.end.is_none() && !runs(event)) {
            event.end = Some(segment.start);
            *text = Bytes::from((self.write)(event));
            self.changes = self.changes.saturating_add(1);
            self.open = self.open.saturating_sub(1);
        }
    }

    /// An avail ended at `at`: now it is known how long it was. Whether it has an event here.
    pub(super) fn close(&mut self, avail: &Avail, at: MediaTime) -> bool {
        let is_known = self.shown.iter().rev().any(|(event, _)| event.number == avail.number());
        if is_known {
            self.put(avail, Some(at.since(avail.start)));
        }
        is_known
    }

    /// The oldest segment, which ended at `end`, left the window, and with it what is over by then.
    pub(super) fn remove(&mut self, end: MediaTime) {
        // What is not over is mostly one, at the front.
        let mut at = 0;
        while let Some((event, _)) = self.shown.get(at).filter(|(event, _)| event.start <= end) {
            if event.end.is_some_and(|over| over <= end) {
                self.shown.remove(at);
                self.changes = self.changes.saturating_add(1);
            } else {
                at = at.saturating_add(1);
            }
        }
    }

    /// How often the text has changed.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Each with its text.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&Event, &Bytes)> {
        self.shown.iter().map(|(event, text)| (event, text))
    }

    fn take(&mut self, cue: &SegmentCue, at: MediaTime) {
        let avail: &Avail = &cue.avail;
        match &cue.phase {
            CuePhase::Out | CuePhase::Within => self.put(avail, avail.duration),
            // What ended it is an event of its own.
            CuePhase::In(Some(section)) => {
                self.insert(avail.number().wrapping_add(1), at, Some(MediaDuration::ZERO), section);
            }
            CuePhase::In(None) => {}
            CuePhase::Told => self.insert(avail.number(), avail.start, Some(MediaDuration::ZERO), &avail.section),
            CuePhase::Ahead => {}
        }
    }

    fn put(&mut self, avail: &Avail, duration: Option<MediaDuration>) {
        self.insert(avail.number(), avail.start, duration, &avail.section);
    }

    /// One event; what was there under its number is replaced where that says something else.
    fn insert(&mut self, number: u32, start: MediaTime, duration: Option<MediaDuration>, section: &Bytes) {
        let end = duration.map(|duration| start.plus(duration));
        // It is one of the newest, and has always had this time.
        let is_near = |(_, (event, _)): &(usize, &(Event, Bytes))| event.start >= start;
        let mut near = self.shown.iter().enumerate().rev().take_while(is_near);
        let known = near.find(|(_, (event, _))| event.number == number).map(|(at, (event, _))| (at, event));
        if known.is_some_and(|(_, event)| (event.start, event.end) == (start, end)) {
            return;
        }
        let event = Event { number, start, end, section: section.clone() };
        let text = Bytes::from((self.write)(&event));
        self.changes = self.changes.saturating_add(1);
        self.open = self.open.saturating_add(usize::from(end.is_none()));
        if let Some((at, before)) = known {
            self.open = self.open.saturating_sub(usize::from(before.end.is_none()));
            self.shown.remove(at);
        }
        let before = self.shown.iter().rposition(|(other, _)| other.start <= start);
        self.shown.insert(before.map_or(0, |before| before.saturating_add(1)), (event, text));
    }
}
