//! Messages of SCTE 35 for breaks that no contribution announced.

use bytes::Bytes;

use crate::{
    splice::{
        Cue, CueAction,
        scte35::{BreakDuration, InsertTimes, SpliceCommand, SpliceInfoSection, SpliceInsert, SpliceTime},
    },
    time::{MediaTime, Timescale},
};

/// The message that announces a break at `start`.
pub(super) fn out(cue: &Cue, start: MediaTime) -> Bytes {
    let duration = match cue.action {
        CueAction::Out { duration: Some(duration), auto_return, .. } => {
            Some(BreakDuration { auto_return, ticks: wrapped(duration.ticks(Timescale::MPEG)) })
        }
        _ => None,
    };
    section(cue.id, true, start, duration)
}

/// The message that ends the break of this id at `end`.
pub(super) fn back(id: u32, end: MediaTime) -> Bytes {
    section(id, false, end, None)
}

fn section(event_id: u32, is_out: bool, at: MediaTime, duration: Option<BreakDuration>) -> Bytes {
    let event = InsertTimes {
        is_out,
        is_immediate: false,
        at: Some(SpliceTime::At(wrapped(at.ticks(Timescale::MPEG)))),
        components: None,
        duration,
        unique_program_id: 1,
        avail_num: 0,
        avails_expected: 0,
    };
    let insert = SpliceInsert { event_id, event_id_compliance: true, event: Some(event) };
    // It is far shorter than a section may be.
    SpliceInfoSection::new(SpliceCommand::Insert(insert)).to_bytes().unwrap_or_default()
}

/// 33 bits of 90 kHz, as the time stamps of a transport stream of this media would count.
const fn wrapped(ticks: i64) -> u64 {
    ticks as u64 & ((1 << 33) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{splice::CueSource, time::MediaDuration};

    #[test]
    fn a_break_of_the_operator_has_messages_that_say_the_same() {
        let action =
            CueAction::Out { duration: Some(MediaDuration::from_secs(30)), auto_return: true, shows_slate: false };
        let cue = Cue { source: CueSource::Api, id: 7, at: None, action, section: None };
        // A day and more after the epoch: the time stamp has wrapped.
        let start = MediaTime::ZERO.plus(MediaDuration::from_secs(100_000));
        let read = |bytes: &Bytes| match SpliceInfoSection::parse(bytes).unwrap().command {
            SpliceCommand::Insert(SpliceInsert { event_id, event: Some(event), .. }) => (event_id, event),
            other => panic!("{other:?}"),
        };
        let (id, event) = read(&out(&cue, start));
        assert_eq!((id, event.is_out, event.duration.map(|duration| duration.ticks)), (7, true, Some(2_700_000)));
        assert_eq!(event.at, Some(SpliceTime::At(100_000 * 90_000 - (1 << 33))));
        let (id, event) = read(&back(7, start));
        assert_eq!((id, event.is_out, event.duration), (7, false, None));
    }
}
