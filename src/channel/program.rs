//! Programs: what is published of a channel, and into which asset (A17).

use std::sync::Arc;

use crate::{
    archive::{
        Asset, AssetConfig, AssetName, CaptionService, Presentation, Recovered, ResumeError, SealedPart, SealedSegment,
        Segment, TimelineError,
    },
    channel::{CommandError, OperationId, ProgramId},
    time::{MediaDuration, MediaTime},
};

/// What a program is asked to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramConfig {
    /// The asset that it is published into; new for every program (A17.7).
    pub asset: AssetName,
    /// What the archive keeps: 5 minutes to 25 hours (A17.2); `None` keeps everything.
    pub window: Option<MediaDuration>,
    /// What players can rewind to while it runs, where that is less than the archive keeps: a minute or more (A17.14). Once it is
    /// stopped they have all of the archive.
    pub rewind: Option<MediaDuration>,
}

pub(super) struct Program {
    pub(super) id: ProgramId,
    pub(super) config: ProgramConfig,
    /// `None` until it is known what the channel offers: a pass-through channel learns it from its contribution.
    pub(super) asset: Option<Asset>,
    /// What it goes on with then, where it was resumed.
    pub(super) resumes: Option<Box<Recovered>>,
    /// First instant that belongs to it.
    pub(super) from: MediaTime,
    /// First instant that no longer does, once it is being stopped.
    pub(super) until: Option<(MediaTime, OperationId)>,
    /// A contribution was on air during it: the first one decides what is offered for as long as the program runs.
    pub(super) is_offer_decided: bool,
}

impl ProgramConfig {
    /// A program into this asset, which keeps and shows everything.
    #[must_use]
    pub const fn new(asset: AssetName) -> Self {
        Self { asset, window: None, rewind: None }
    }

    /// The shortest window (A17.2).
    pub const SHORTEST_WINDOW: MediaDuration = MediaDuration::from_secs(5 * 60);
    /// The longest window (A17.2).
    pub const LONGEST_WINDOW: MediaDuration = MediaDuration::from_secs(25 * 3600);

    /// The shortest rewind window (A17.14).
    pub const SHORTEST_REWIND: MediaDuration = MediaDuration::from_secs(60);

    pub(super) fn check(&self) -> Result<(), CommandError> {
        if let Some(window) = self.window.filter(|at| *at < Self::SHORTEST_WINDOW || *at > Self::LONGEST_WINDOW) {
            return Err(CommandError::Window(window));
        }
        let longest = self.window.unwrap_or(Self::LONGEST_WINDOW);
        match self.rewind.filter(|rewind| *rewind < Self::SHORTEST_REWIND || *rewind > longest) {
            Some(rewind) => Err(CommandError::Rewind(rewind)),
            None => Ok(()),
        }
    }
}

impl Program {
    /// Opens its asset, or goes on with it, now that it is known what it holds.
    ///
    /// # Errors
    /// The asset that it was to go on with does not take this. It is still to be [ended](Self::end).
    pub(super) fn open(
        &mut self,
        presentation: &Arc<Presentation>,
        segment_duration: MediaDuration,
    ) -> Result<(), ResumeError> {
        let config = AssetConfig { window: self.config.window, rewind: self.config.rewind, segment_duration };
        let Some(recovered) = &self.resumes else {
            self.asset = Some(Asset::open(self.config.asset.clone(), Arc::clone(presentation), config));
            return Ok(());
        };
        self.asset = Some(Asset::resume(recovered, presentation, config)?);
        // What was withdrawn stays withdrawn, and whoever did that has decided.
        self.is_offer_decided = recovered.timeline().offered().iter().any(|is_offered| !is_offered);
        self.resumes = None;
        Ok(())
    }

    /// Nothing comes any more: its asset ends, also one that it never went on with.
    pub(super) fn end(&mut self) {
        if let Some(recovered) = self.resumes.take() {
            self.asset = Some(Asset::reopen(&recovered));
        }
        self.asset.iter_mut().for_each(Asset::end);
    }

    /// Takes a segment that lies within the program; whether the program is complete with it. `offer` says which renditions
    /// the contribution in it is good for, where there is one.
    ///
    /// # Errors
    /// The segment has no place in the asset's timeline and is left out of it.
    pub(super) fn push(&mut self, sealed: &SealedSegment, offer: Option<&Arc<[bool]>>) -> Result<bool, TimelineError> {
        let segment = &sealed.segment;
        let is_within = self.holds(segment.start);
        if let Some(asset) = self.asset.as_mut().filter(|_| is_within) {
            if let (false, Some(offer)) = (self.is_offer_decided, offer) {
                self.is_offer_decided = true;
                asset.offer(offer);
            }
            asset.push(sealed)?;
        }
        Ok(self.until.is_some_and(|(until, _)| segment.end() >= until))
    }

    /// Takes a part of the segment that is pushed next, where that lies within the program.
    ///
    /// # Errors
    /// It has no place in the asset's timeline: its players wait for the whole segment.
    pub(super) fn push_part(&mut self, sealed: &SealedPart) -> Result<(), TimelineError> {
        let is_within = self.holds(sealed.part.start);
        self.asset.as_mut().filter(|_| is_within).map_or(Ok(()), |asset| asset.push_part(sealed))
    }

    /// The channel has seen these caption services up to the end of the segment that is pushed next.
    pub(super) fn caption(&mut self, segment: &Segment, services: &[CaptionService]) {
        let is_within = self.holds(segment.start);
        if let Some(asset) = self.asset.as_mut().filter(|_| is_within) {
            asset.caption(services);
        }
    }

    /// Media time is so far from the host's clock where the segment starts that is pushed next.
    pub(super) fn drift(&mut self, segment: &Segment, by: MediaDuration) {
        let is_within = self.holds(segment.start);
        if let Some(asset) = self.asset.as_mut().filter(|_| is_within) {
            asset.drift(by);
        }
    }

    /// Whether a segment that starts there belongs to it.
    fn holds(&self, start: MediaTime) -> bool {
        start >= self.from && self.until.is_none_or(|(until, _)| start < until)
    }
}
