//! The `EventStream` of a period (ISO/IEC 23009-1:2022 clause 5.10.2): avails as SCTE 35 messages in XML and base64
//! (SCTE 214-1 clause 6.7.4). The prefix `scte35` is declared by the MPD: the 2016 namespace, which most players and ad servers
//! know.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use crate::{
    package::events::{Event, Events},
    time::{MediaTime, Timescale},
};

/// Those of one period, of which there are none yet.
pub(super) const fn events() -> Events {
    Events::new(text)
}

/// Adds the elements to `out`, where there are any; `offset` is the media time of the period's start.
pub(super) fn share(events: &Events, offset: MediaTime, out: &mut Vec<Bytes>) {
    let mut texts = events.shown().map(|(_, text)| text.clone()).peekable();
    if texts.peek().is_none() {
        return;
    }
    let offset = ticks(offset);
    out.push(format!("{OPEN} presentationTimeOffset=\"{offset}\">").into());
    out.extend(texts);
    out.push(Bytes::from_static(b"</EventStream>"));
}

fn text(Event { number, start, end, section }: &Event) -> String {
    let begins = ticks(*start);
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
    use crate::{
        media::{Avail, CuePhase, Pack, Segment, SegmentCue},
        time::MediaDuration,
    };

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
        share(events, secs(0), &mut parts);
        String::from_utf8(parts.concat()).unwrap()
    }

    #[test]
    fn an_avail_is_one_event_until_it_is_over_and_has_left() {
        let mut events = events();
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

    /// The host was killed within a break, and nothing that came back knew of it.
    #[test]
    fn an_avail_that_nothing_ends_is_over_where_a_segment_is_not_in_it() {
        let mut events = events();
        events.append(&segment(10, CuePhase::Out, None));
        events.append(&segment(12, CuePhase::Within, None));
        assert!(!shown(&events).contains("duration"));
        let plain = Segment { cues: [].into(), ..segment(30, CuePhase::Ahead, None) };
        events.append(&plain);
        assert!(shown(&events).contains("presentationTime=\"900000\" duration=\"1800000\""), "{}", shown(&events));
        events.remove(secs(30));
        assert_eq!(shown(&events), "");
    }

    #[test]
    fn what_is_over_leaves_behind_a_break_that_is_not() {
        let mut events = events();
        events.append(&segment(10, CuePhase::Out, None));
        for n in 6..20 {
            let running = segment(2 * n, CuePhase::Within, None);
            let told = Arc::new(Avail {
                id: 90 + n as u32,
                asked: secs(2 * n),
                start: secs(2 * n),
                duration: None,
                section: Bytes::new(),
            });
            let told = SegmentCue { avail: told, phase: CuePhase::Told };
            events.append(&Segment { cues: [running.cues[0].clone(), told].into(), ..running });
        }
        assert_eq!(shown(&events).matches("<Event ").count(), 15);
        events.remove(secs(30));
        assert_eq!(shown(&events).matches("<Event ").count(), 5, "the break, and what is told from 32 s on");
    }
}
