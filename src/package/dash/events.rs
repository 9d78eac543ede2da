//! The `EventStream` of a period (ISO/IEC 23009-1:2022 clause 5.10.2): avails as SCTE 35 messages in XML and base64
//! (SCTE 214-1 clause 6.7.4), kept up incrementally. The prefix `scte35` is declared by the MPD: the 2016 namespace, which most
//! players and ad servers know.

use std::{collections::VecDeque, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use crate::{
    media::{Avail, CuePhase, Segment, SegmentCue},
    time::{MediaDuration, MediaTime, Timescale},
};

/// The events of one period that the window shows, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    shown: VecDeque<Event>,
    changes: u64,
}

#[derive(Clone, Debug)]
struct Event {
    number: u32,
    start: MediaTime,
    /// Not before it is over does it leave the window; `None` while nobody knows.
    end: Option<MediaTime>,
    text: Bytes,
}

impl Events {
    /// A segment joined at the live edge.
    pub(super) fn append(&mut self, segment: &Segment) {
        segment.cues.iter().for_each(|cue| self.take(cue, segment.start));
    }

    /// An avail ended at `at`: now it is known how long it was. Whether it has an event here.
    pub(super) fn close(&mut self, avail: &Avail, at: MediaTime) -> bool {
        let is_known = self.shown.iter().rev().any(|event| event.number == avail.number());
        if is_known {
            self.put(avail, Some(at.since(avail.start)));
        }
        is_known
    }

    /// The oldest segment, which ended at `end`, left the window. An event that is not over keeps those behind it.
    pub(super) fn remove(&mut self, end: MediaTime) {
        while self.shown.pop_front_if(|event| event.end.is_some_and(|over| over <= end)).is_some() {
            self.changes = self.changes.saturating_add(1);
        }
    }

    /// How often the text has changed.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Adds the elements to `out`, where there are any; `offset` is the media time of the period's start.
    pub(super) fn share(&self, offset: MediaTime, out: &mut Vec<Bytes>) {
        if self.shown.is_empty() {
            return;
        }
        let offset = ticks(offset);
        out.push(format!("{OPEN} presentationTimeOffset=\"{offset}\">").into());
        out.extend(self.shown.iter().map(|event| event.text.clone()));
        out.push(Bytes::from_static(b"</EventStream>"));
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
    fn insert(&mut self, number: u32, start: MediaTime, duration: Option<MediaDuration>, section: &[u8]) {
        let end = duration.map(|duration| start.plus(duration));
        // It is one of the newest.
        let known = self.shown.iter_mut().rev().find(|event| event.number == number);
        if known.as_ref().is_some_and(|event| (event.start, event.end) == (start, end)) {
            return;
        }
        let event = Event { number, start, end, text: text(number, start, end, section).into() };
        self.changes = self.changes.saturating_add(1);
        match known {
            Some(known) => *known = event,
            None => self.shown.push_back(event),
        }
    }
}

fn text(number: u32, start: MediaTime, end: Option<MediaTime>, section: &[u8]) -> String {
    let begins = ticks(start);
    let mut text = format!("<Event presentationTime=\"{begins}\"");
    if let Some(duration) = end.map(|end| ticks(end).saturating_sub(begins)).filter(|duration| *duration > 0) {
        let _ = write!(text, " duration=\"{duration}\"");
    }
    let section = STANDARD.encode(section);
    let _ = write!(text, " id=\"{number}\"><scte35:Signal><scte35:Binary>{section}");
    text.push_str("</scte35:Binary></scte35:Signal></Event>");
    text
}

fn ticks(at: MediaTime) -> u64 {
    u64::try_from(at.ticks(Timescale::MPEG)).unwrap_or(0)
}

const OPEN: &str = "<EventStream schemeIdUri=\"urn:scte:scte35:2014:xml+bin\" timescale=\"90000\"";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::media::Pack;

    fn secs(secs: i64) -> MediaTime {
        MediaTime::ZERO.plus(MediaDuration::from_secs(secs))
    }

    fn segment(start: i64, phase: CuePhase, duration: Option<i64>) -> Segment {
        let (asked, duration) = (secs(10), duration.map(MediaDuration::from_secs));
        let avail = Arc::new(Avail { id: 7, asked, start: asked, duration, section: Bytes::from_static(b"\xFC") });
        Segment {
            sequence: 0,
            start: secs(start),
            duration: MediaDuration::from_secs(2),
            is_discontinuous: false,
            spans: Arc::from([]),
            cues: Arc::from([SegmentCue { avail, phase }]),
            pack: Pack::default(),
        }
    }

    fn shown(events: &Events) -> String {
        let mut parts = Vec::new();
        events.share(secs(0), &mut parts);
        String::from_utf8(parts.concat()).unwrap()
    }

    #[test]
    fn an_avail_is_one_event_until_it_is_over_and_has_left() {
        let mut events = Events::default();
        events.append(&segment(8, CuePhase::Ahead, None));
        assert_eq!(shown(&events), "");
        events.append(&segment(10, CuePhase::Out, None));
        events.append(&segment(12, CuePhase::Within, None));
        let open = shown(&events);
        assert_eq!(open.matches("<Event ").count(), 1);
        assert!(open.contains("<Event presentationTime=\"900000\" id=") && !open.contains("duration"), "{open}");
        // Another duration is told; then its end, with a message of its own.
        events.append(&segment(14, CuePhase::Within, Some(30)));
        assert!(shown(&events).contains("presentationTime=\"900000\" duration=\"2700000\""));
        events.remove(secs(18));
        let back = segment(20, CuePhase::In(Some(Bytes::from_static(b"\x01"))), Some(30));
        assert!(events.close(&back.cues[0].avail, back.start));
        events.append(&back);
        let closed = shown(&events);
        assert!(closed.contains("presentationTime=\"900000\" duration=\"900000\""), "{closed}");
        assert!(closed.contains("presentationTime=\"1800000\" id="), "{closed}");
        events.remove(secs(20));
        assert_eq!(shown(&events), "");
    }
}
