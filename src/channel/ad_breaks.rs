//! Ad breaks: the operator's calls (A14.1 to A14.6), and SCTE-35 that the contribution carries.

use std::time::Duration;

use crate::{
    channel::{AdMarkers, Channel, CommandError, Event, IngestId, Operation, Slot},
    error::{Fault, ParseError},
    media::{CueCarriage, CueSignal},
    splice::{
        Avails, Cue, CueAction, CueRefusal, CueSource, Splice,
        scte35::{Segmentation, SpliceCommand, SpliceDescriptor, SpliceInfoSection, SpliceTime},
    },
    time::{MediaDuration, MediaTime, Now, Timescale},
};

/// An ad break that the operator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdBreak {
    /// Names it, 1 to 2147483647; no other break of this run of the channel has it (A14.3).
    pub cue_id: u32,
    /// How long it is. Zero cancels the break that runs under the same id (A14.2).
    pub duration: Duration,
    /// Whether the slate hides the contribution meanwhile; `None` is as the channel is set
    /// ([`insert_slate_on_ad_marker`](crate::channel::ChannelConfig::insert_slate_on_ad_marker), A14.9).
    pub show_slate: Option<bool>,
}

/// What became of a splice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpliceReport {
    /// Who asked for it, when, and what was achieved.
    pub splice: Splice,
    /// Where the segment that begins with it begins in each rendition, in the order of the presentation: at the splice itself
    /// in every rung, at the access unit that holds it in sound.
    pub renditions: Vec<MediaTime>,
}

/// A cue that came before any track did.
pub(super) struct EarlyCue {
    slot: Slot,
    id: IngestId,
    signal: CueSignal,
    /// When it came.
    now: Now,
}

impl Channel {
    /// Begins an ad break with the next frame, which starts a segment in every rung; it ends by itself. A duration of zero
    /// cancels the break that runs under the same id (A14.2).
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Running, [`CommandError::AdMarkers`] where cues come from the
    /// contribution, [`CommandError::CueId`], [`CommandError::Cue`] where the id was used before or another break runs, and
    /// [`CommandError::BreakDuration`] for a duration of zero where no break runs under that id.
    pub fn start_ad_break(&mut self, wanted: AdBreak) -> Result<(), CommandError> {
        self.allow(Operation::StartAdBreak)?;
        self.check_cue(wanted.cue_id)?;
        let cue = |action| Cue { source: CueSource::Api, id: wanted.cue_id, at: None, action };
        if wanted.duration.is_zero() {
            return self.announce(cue(CueAction::Cancel)).map_err(|refusal| match refusal {
                CueRefusal::NoBreak { .. } => CommandError::BreakDuration(Duration::ZERO),
                refusal => refusal.into(),
            });
        }
        let shows_slate = wanted.show_slate.unwrap_or(self.config.insert_slate_on_ad_marker);
        let duration = Some(MediaDuration::from_std(wanted.duration));
        Ok(self.announce(cue(CueAction::Out { duration, auto_return: true, shows_slate }))?)
    }

    /// Ends the break that runs under this id with the next frame.
    ///
    /// # Errors
    /// [`CommandError::State`] unless the channel is Running, [`CommandError::AdMarkers`] where cues come from the
    /// contribution, and [`CommandError::Cue`] where no break runs under that id (A14.6).
    pub fn end_ad_break(&mut self, cue_id: u32) -> Result<(), CommandError> {
        self.allow(Operation::EndAdBreak)?;
        self.check_cue(cue_id)?;
        let runs = self.ad_break().is_some_and(|cue| cue.source == CueSource::Api && cue.id == cue_id);
        if !runs {
            return Err(CueRefusal::NoBreak { id: cue_id }.into());
        }
        Ok(self.announce(Cue { source: CueSource::Api, id: cue_id, at: None, action: CueAction::In })?)
    }

    /// The cue of the ad break that runs.
    #[must_use]
    pub fn ad_break(&self) -> Option<Cue> {
        self.air.as_ref()?.switcher.avails().running()
    }

    fn check_cue(&self, id: u32) -> Result<(), CommandError> {
        if self.config.ad_markers != AdMarkers::Api {
            return Err(CommandError::AdMarkers);
        }
        if id == 0 || i32::try_from(id).is_err() {
            return Err(CommandError::CueId(id));
        }
        Ok(())
    }

    fn announce(&mut self, cue: Cue) -> Result<(), CueRefusal> {
        // A reset makes the ladder anew, and nothing is on air until it is there.
        let air = self.air.as_mut().ok_or(CueRefusal::NotOnAir { id: cue.id })?;
        air.switcher.announce(cue)
    }

    /// Tells of a cue that a contribution carries, and acts on it where the channel is to.
    pub(super) fn take_cue(&mut self, id: IngestId, signal: CueSignal, now: Now) {
        // Of the slot that is on air, whichever of its sessions brings it: a sparse track has a POST of its own.
        let slot = self.sessions.find(id).map(|attached| attached.session.slot);
        if self.config.ad_markers == AdMarkers::Scte35
            && let (Some(slot), Some(air)) = (slot, &mut self.air)
        {
            match self.sessions.merger.active() {
                Some(active) if active == slot => self.act_on_signal(id, &signal, now),
                Some(_) => {}
                // Which slot will be on air is not known before one of them brings a track.
                None if air.early_cues.len() < Avails::MAX_PENDING => {
                    air.early_cues.push_back(EarlyCue { slot, id, signal: signal.clone(), now });
                }
                None => self.refuse_cue(id, &CueRefusal::TooMany(Avails::MAX_PENDING), now),
            }
        }
        self.event(Event::Cue { ingest: id, cue: signal });
    }

    /// Acts on cues that came before any track did, now that a slot is on air.
    pub(super) fn act_on_early_cues(&mut self) {
        let active = self.sessions.merger.active();
        while let Some(EarlyCue { slot, id, signal, now }) =
            self.air.as_mut().and_then(|air| air.early_cues.pop_front())
        {
            if active == Some(slot) {
                self.act_on_signal(id, &signal, now);
            }
        }
    }

    fn act_on_signal(&mut self, id: IngestId, signal: &CueSignal, now: Now) {
        match self.asked_by(signal) {
            Ok(cues) => cues.into_iter().for_each(|cue| self.act_on(id, cue, now)),
            Err(error) => self.fault(Some(id), Fault::Unreadable(error), now),
        }
    }

    /// What a message asks for, in source time.
    fn asked_by(&mut self, signal: &CueSignal) -> Result<Vec<Cue>, ParseError> {
        let shows_slate = self.config.insert_slate_on_ad_marker;
        match &mut self.air {
            Some(air) if signal.carriage == CueCarriage::OnAdCue => {
                let running = air.switcher.avails().running();
                let running = running.filter(|cue| cue.source == CueSource::Contribution).map(|cue| cue.id);
                air.on_ad_cues.read(signal, running, shows_slate)
            }
            _ => cues_of(signal, shows_slate),
        }
    }

    fn act_on(&mut self, id: IngestId, cue: Cue, now: Now) {
        let Some(air) = &mut self.air else { return };
        match air.switcher.announce_from_feed(cue, now) {
            // Encoders send each message several times.
            Ok(()) | Err(CueRefusal::Repeated { .. }) => {}
            Err(refusal) => self.refuse_cue(id, &refusal, now),
        }
    }

    fn refuse_cue(&mut self, id: IngestId, refusal: &CueRefusal, now: Now) {
        self.fault(Some(id), Fault::CueRefused { code: refusal.code(), what: refusal.to_string() }, now);
    }
}

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
    let cue = |id, at, action| Cue { source: CueSource::Contribution, id, at, action };
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
                Some(_) => {}
            }
        }
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
    use crate::splice::scte35::{DeliveryRestrictions, SegmentationDescriptor};

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
        assert_eq!(cues, [Cue { source: CueSource::Contribution, id: 1, at, action: out }]);
        // One ends where the next begins, in whichever order they stand.
        let cues = asked(vec![segmentation(4, 0x36, None), segmentation(3, 0x35, None)]);
        let open = CueAction::Out { duration: None, auto_return: false, shows_slate: true };
        assert_eq!(cues.iter().map(|cue| (cue.id, cue.action)).collect::<Vec<_>>(), [(3, CueAction::In), (4, open)]);
        let cancel = SegmentationDescriptor { event_id: 5, event_id_compliance: true, event: None };
        assert_eq!(asked(vec![SpliceDescriptor::Segmentation(cancel)])[0].action, CueAction::Cancel);
        assert!([0x38, 0x3A, 0x40, 0x50, 0x00].iter().all(|kind| asked(vec![segmentation(1, *kind, None)]).is_empty()));
    }
}
