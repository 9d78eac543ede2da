//! What SCTE-35 messages of a contribution ask for (A14.1, SPECS d5).

use crate::{
    error::ParseError,
    media::{CueCarriage, CueSignal},
    splice::{
        Cue, CueAction, CueSource,
        scte35::{Segmentation, SpliceCommand, SpliceDescriptor, SpliceInfoSection, SpliceTime},
    },
    time::{MediaDuration, Timescale},
};

/// What a message asks for, in source time; of an `onAdCue`, the section in it.
pub(super) fn cues_of(signal: &CueSignal, shows_slate: bool) -> Result<Vec<Cue>, ParseError> {
    let (message, stream) = match signal.carriage {
        CueCarriage::TransportStream { pid } => (signal.payload.clone(), Some(pid.into())),
        CueCarriage::SparseTrack => (signal.payload.slice(SPARSE_HEADER.min(signal.payload.len())..), None),
        CueCarriage::OnAdCue => (signal.payload.clone(), None),
    };
    let unreadable = |kind| ParseError::new(kind, "scte35", stream, 0);
    let section = SpliceInfoSection::parse(&message).map_err(unreadable)?;
    // What is due when it comes is due at once: its picture may have gone out already. An `onAdCue` says when in any case.
    let is_timed = signal.carriage == CueCarriage::OnAdCue || matches!(section.time(), Some(SpliceTime::At(_)));
    let at = signal.due.filter(|_| is_timed);
    let cue = |id, at, action| Cue { source: CueSource::Contribution, id, at, action, section: Some(message.clone()) };
    let out = |duration: Option<u64>, auto_return| CueAction::Out {
        duration: duration.map(|ticks| MediaDuration::from_ticks(ticks as i64, Timescale::MPEG)),
        auto_return,
        shows_slate,
    };
    let mut cues = Vec::new();
    if let SpliceCommand::Insert(insert) = &section.command {
        cues.push(match &insert.event {
            None => cue(insert.event_id, None, CueAction::Cancel),
            Some(event) if event.is_out => {
                let duration = event.duration.map(|duration| duration.ticks);
                let auto_return = event.duration.is_some_and(|duration| duration.auto_return);
                cue(insert.event_id, at, out(duration, auto_return))
            }
            Some(_) => cue(insert.event_id, at, CueAction::In),
        });
    }
    if let SpliceCommand::TimeSignal(_) = &section.command {
        let mut others = None;
        for descriptor in &section.descriptors {
            let SpliceDescriptor::Segmentation(segmentation) = descriptor else { continue };
            match &segmentation.event {
                None => cues.push(cue(segmentation.event_id, None, CueAction::Cancel)),
                // Its end may be told, too: whichever comes first.
                Some(Segmentation { type_id, duration, .. }) if STARTS.contains(type_id) => {
                    cues.push(cue(segmentation.event_id, at, out(*duration, duration.is_some())));
                }
                Some(Segmentation { type_id, .. }) if STARTS.iter().any(|start| start + 1 == *type_id) => {
                    cues.push(cue(segmentation.event_id, at, CueAction::In));
                }
                Some(_) => others = others.or(Some(segmentation.event_id)),
            }
        }
        // One message, one thing to tell: a break that it speaks of carries the rest of it.
        cues.extend(others.filter(|_| cues.is_empty()).map(|id| cue(id, at, CueAction::Tell)));
        // One break ends where the next begins.
        cues.sort_by_key(|cue| matches!(cue.action, CueAction::Out { .. }));
    }
    Ok(cues)
}

/// Version, id and distance in front of the section in a sample of a sparse track.
const SPARSE_HEADER: usize = 12;

/// `segmentation_type_id` of what begins a break (SCTE 35 clause 10.3.3.1): break, advertisements and placement opportunities of
/// provider and distributor, ad blocks of both. Each ends with the next number. Overlay opportunities (0x38, 0x3A) hide nothing.
const STARTS: [u8; 7] = [0x22, 0x30, 0x32, 0x34, 0x36, 0x44, 0x46];

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        splice::scte35::{DeliveryRestrictions, SegmentationDescriptor},
        time::MediaTime,
    };

    fn segmentation(event_id: u32, type_id: u8, duration: Option<u64>) -> SpliceDescriptor {
        let event = Segmentation {
            components: None,
            delivery_not_restricted: true,
            restrictions: DeliveryRestrictions::NONE,
            duration,
            upid_type: 0,
            upid: Bytes::new(),
            type_id,
            segment_num: 0,
            segments_expected: 0,
            sub_segments: None,
        };
        SpliceDescriptor::Segmentation(SegmentationDescriptor {
            event_id,
            event_id_compliance: true,
            event: Some(event),
        })
    }

    /// What a `time_signal` with these descriptors asks for, over a sparse track.
    fn asked(descriptors: Vec<SpliceDescriptor>) -> Vec<Cue> {
        let signal = SpliceCommand::TimeSignal(SpliceTime::At(90_000));
        let section = SpliceInfoSection { descriptors, ..SpliceInfoSection::new(signal) };
        let payload = [&[0; SPARSE_HEADER][..], &section.to_bytes().unwrap()].concat().into();
        let (at, due) = (MediaTime::ZERO, Some(MediaTime::ZERO.plus(MediaDuration::from_secs(1))));
        cues_of(&CueSignal { carriage: CueCarriage::SparseTrack, at, due, payload }, true).unwrap()
    }

    #[test]
    fn segments_that_are_breaks_begin_and_end_them_and_others_do_nothing() {
        let secs = |secs| Some(MediaDuration::from_secs(secs));
        let cues = asked(vec![segmentation(1, 0x34, Some(30 * 90_000)), segmentation(2, 0x10, None)]);
        let out = CueAction::Out { duration: secs(30), auto_return: true, shows_slate: true };
        let at = Some(MediaTime::ZERO.plus(MediaDuration::from_secs(1)));
        let [Cue { source: CueSource::Contribution, id: 1, at: when, action, section: Some(_) }] = &cues[..] else {
            panic!("{cues:?}")
        };
        assert_eq!((*when, *action), (at, out));
        // One ends where the next begins, in whichever order they stand.
        let cues = asked(vec![segmentation(4, 0x36, None), segmentation(3, 0x35, None)]);
        let open = CueAction::Out { duration: None, auto_return: false, shows_slate: true };
        assert_eq!(cues.iter().map(|cue| (cue.id, cue.action)).collect::<Vec<_>>(), [(3, CueAction::In), (4, open)]);
        let cancel = SegmentationDescriptor { event_id: 5, event_id_compliance: true, event: None };
        assert_eq!(asked(vec![SpliceDescriptor::Segmentation(cancel)])[0].action, CueAction::Cancel);
        // What is no break is told.
        for kind in [0x38, 0x3A, 0x40, 0x50, 0x00] {
            assert_eq!(asked(vec![segmentation(1, kind, None)])[0].action, CueAction::Tell);
        }
    }
}
