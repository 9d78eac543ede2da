//! A program publishing into one asset: what to store, what to tell the origin, what to discard, in that order.

mod lose;
mod resume;

use std::{collections::VecDeque, sync::Arc};

pub use resume::ResumeError;

use crate::{
    archive::{
        Append, AssetName, Growth, Object, ObjectName, SealedPart, SealedSegment, Timeline, TimelineChange,
        TimelineError, TimelineUpdate, asset::resume::Joint, index::Index, kept::Kept,
    },
    media::{Body, CaptionService, Presentation, Segment, TrackSpec},
    time::MediaDuration,
    wire::mp4::init_segment,
};

/// A program's asset while it is written.
#[derive(Debug)]
pub struct Asset {
    name: AssetName,
    kept: Kept,
    index: Index,
    /// How the numbers of segments go on where the asset was resumed.
    joint: Joint,
    out: VecDeque<AssetOutput>,
}

/// What the host or the origin has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetOutput {
    /// Keep this; always before the update that lists it.
    Grow(Growth),
    /// Store this; always before the update that lists it.
    Store(Object),
    /// Write this into the asset's index; after everything that it lists is stored, and before the origin is told.
    Append(Append),
    /// Tell the origin.
    Update(TimelineUpdate),
    /// No manifest lists this any more, and none that did is still in use.
    Discard(ObjectName),
}

/// How long an asset keeps what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetConfig {
    /// What is kept, and shown on demand; `None` keeps all.
    pub window: Option<MediaDuration>,
    /// What live manifests show of that (DVR); `None` shows all (A17.14).
    pub rewind: Option<MediaDuration>,
    /// How long a segment usually lasts, and the longest that one may last.
    pub segment_duration: MediaDuration,
}

impl Asset {
    /// Opens an asset: its init segments are stored, then the origin hears of it.
    #[must_use]
    pub fn open(name: AssetName, presentation: Arc<Presentation>, config: AssetConfig) -> Self {
        let mut out = VecDeque::new();
        for track in &presentation.tracks {
            if let Some(bytes) = init_segment(track) {
                let object = object(ObjectName::init(&name, track), track, Body::from(bytes));
                out.push_back(AssetOutput::Store(object));
            }
        }
        let AssetConfig { window, rewind, segment_duration } = config;
        let kept = Kept::new(Arc::clone(&presentation), config);
        let mut asset = Self { index: Index::new(name.clone()), name, kept, joint: Joint::default(), out };
        asset.tell(TimelineChange::Opened { presentation, window, rewind, segment_duration });
        asset
    }

    /// Takes a part of the segment that is pushed next. It is not written to the index: what is on demand has whole segments.
    ///
    /// # Errors
    /// The asset has ended, or the part does not follow the one before; nothing changed.
    pub fn push_part(&mut self, sealed: &SealedPart) -> Result<(), TimelineError> {
        let part = self.joint.place_part(&sealed.part, self.kept.timeline());
        self.kept.timeline_mut().append_part(part.clone())?;
        let tracks = &self.kept.timeline().presentation().tracks;
        for ((track, span), body) in tracks.iter().zip(part.spans.iter()).zip(&sealed.chunks) {
            if !span.is_missing() {
                let name = ObjectName::fragment(&self.name, track, span.fragment);
                self.out.push_back(AssetOutput::Grow(Growth { name, at: span.at.into(), body: body.clone() }));
            }
        }
        self.tell(TimelineChange::Parted(part));
        Ok(())
    }

    /// Takes a segment that is whole: its fragments are stored, the timeline grows, the window moves on.
    ///
    /// # Errors
    /// It does not follow the one before, or the asset has ended; nothing changed.
    pub fn push(&mut self, sealed: &SealedSegment) -> Result<(), TimelineError> {
        let segment = self.joint.place(&sealed.segment, self.kept.timeline());
        let mut parts: Vec<_> = sealed.parts.iter().map(|part| self.joint.place_part(part, self.timeline())).collect();
        // Who did not hear of the first ones has the whole segment.
        parts.retain(|part| self.kept.timeline_mut().append_part(part.clone()).is_ok());
        let slid = self.kept.push(segment.clone())?;
        self.joint.close(&sealed.segment, &segment);
        // With its place in a pack.
        let segment = self.kept.timeline().last().cloned().unwrap_or(segment);
        let tracks = &self.kept.timeline().presentation().tracks;
        for ((track, span), body) in tracks.iter().zip(segment.spans.iter()).zip(&sealed.fragments) {
            if !span.is_missing() {
                let name = ObjectName::fragment(&self.name, track, span.start);
                self.out.push_back(AssetOutput::Store(object(name, track, body.clone())));
            }
        }
        parts.into_iter().for_each(|part| self.tell(TimelineChange::Parted(part)));
        self.tell(TimelineChange::Added(segment));
        if let Some(before) = slid.before {
            self.tell(TimelineChange::Trimmed { before });
        }
        self.let_go(&slid.gone);
        Ok(())
    }

    /// Manifests are to list these renditions only, in the order of the tracks; one that was withdrawn never comes back. Its
    /// fragments are stored as before.
    pub fn offer(&mut self, offered: &[bool]) {
        if self.kept.timeline_mut().offer(offered) {
            self.tell(TimelineChange::Offered(Arc::clone(self.timeline().offered())));
        }
    }

    /// The pictures of the segments that are pushed from now on carry these caption services.
    pub fn caption(&mut self, services: &[CaptionService]) {
        if self.kept.timeline_mut().caption(services) {
            self.tell(TimelineChange::Captioned(Arc::clone(self.timeline().captions())));
        }
    }

    /// From the segment that is pushed next on, media time is so far behind the host's clock, or ahead where this is negative.
    pub fn drift(&mut self, by: MediaDuration) {
        if self.kept.timeline_mut().drift(by) {
            self.tell(TimelineChange::Drifted(by));
        }
    }

    /// Nothing will be pushed any more. What the window holds stays: the asset is now on demand.
    pub fn end(&mut self) {
        if !self.timeline().is_ended() {
            self.kept.timeline_mut().end();
            self.tell(TimelineChange::Ended);
        }
    }

    /// What to do next, in order.
    #[must_use]
    pub fn pull(&mut self) -> Option<AssetOutput> {
        self.out.pop_front()
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &AssetName {
        &self.name
    }

    /// What its manifests show.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        self.kept.timeline()
    }

    /// What no player can still ask for, and the pages that tell of nothing else.
    fn let_go(&mut self, gone: &[Segment]) {
        let tracks = &self.kept.timeline().presentation().tracks;
        for segment in gone {
            for (track, span) in tracks.iter().zip(segment.spans.iter()).filter(|(_, span)| !span.is_missing()) {
                let name = ObjectName::fragment(&self.name, track, span.start);
                self.out.push_back(AssetOutput::Discard(name));
            }
        }
        let oldest = self.kept.segments().next().map_or(0, |oldest| oldest.sequence);
        while let Some(page) = self.index.discard(oldest) {
            self.out.push_back(AssetOutput::Discard(page));
        }
    }

    fn tell(&mut self, change: TimelineChange) {
        self.out.extend(self.index.note(&change, &self.kept).into_iter().map(AssetOutput::Append));
        self.out.push_back(AssetOutput::Update(TimelineUpdate { asset: self.name.clone(), change }));
    }
}

fn object(name: ObjectName, track: &TrackSpec, body: Body) -> Object {
    Object { name, content_type: track.content_type(), body }
}

#[cfg(test)]
mod tests;
