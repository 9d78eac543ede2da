//! The avails of a segment as event messages inside of its fragments (A14.10).

use crate::{
    media::{Avail, CuePhase, SegmentCue},
    time::{MediaTime, Timescale},
    wire::mp4::EventMessage,
};

/// What a fragment of a segment that starts at `start` carries: avails from [`Avail::AHEAD`] before they begin until they
/// end, in every segment, so that whoever joins late hears of them; ends and other messages once.
pub(super) fn event_messages(cues: &[SegmentCue], start: MediaTime, scale: Timescale) -> Vec<EventMessage> {
    cues.iter().filter_map(|cue| message(cue, start, scale)).collect()
}

fn message(cue: &SegmentCue, start: MediaTime, scale: Timescale) -> Option<EventMessage> {
    let avail: &Avail = &cue.avail;
    let ticks = |at: MediaTime| u64::try_from(at.ticks(scale)).unwrap_or(0);
    let length = |from: u64, to: u64| u32::try_from(to.saturating_sub(from)).unwrap_or(EventMessage::UNKNOWN);
    let begins = ticks(avail.start);
    let event = |presentation_time, duration, id, message| EventMessage { presentation_time, duration, id, message };
    match &cue.phase {
        CuePhase::Ahead | CuePhase::Out | CuePhase::Within => {
            let duration = avail.planned_end().map_or(EventMessage::UNKNOWN, |end| length(begins, ticks(end)));
            Some(event(begins, duration, avail.number(), avail.section.clone()))
        }
        CuePhase::In(section) => {
            section.as_ref().map(|section| event(ticks(start), 0, avail.number().wrapping_add(1), section.clone()))
        }
        CuePhase::Told => Some(event(begins, 0, avail.number(), avail.section.clone())),
    }
}
