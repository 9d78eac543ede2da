//! Ad breaks by the operator's calls (A14.1 to A14.6), and what becomes of every splice.

use std::time::Duration;

use crate::{
    channel::{AdMarkers, Channel, CommandError, Operation},
    media::{Presentation, Segment, Span, TrackSpec},
    splice::{Cue, CueAction, CueRefusal, CueSource, Splice},
    time::{MediaDuration, MediaTime},
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

impl SpliceReport {
    /// Of a splice that began this segment.
    pub(super) fn of(splice: Splice, presentation: &Presentation, segment: &Segment) -> Self {
        let tracks = presentation.tracks.iter().zip(segment.spans.iter());
        let start = |(spec, span): (&TrackSpec, &Span)| MediaTime::from_ticks(span.start as i64, spec.timescale);
        Self { splice, renditions: tracks.map(start).collect() }
    }
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
        let cue = |action| Cue { source: CueSource::Api, id: wanted.cue_id, at: None, action, section: None };
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
        Ok(self.announce(Cue { source: CueSource::Api, id: cue_id, at: None, action: CueAction::In, section: None })?)
    }

    /// The cue of the ad break that runs.
    #[must_use]
    pub fn ad_break(&self) -> Option<&Cue> {
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
}
