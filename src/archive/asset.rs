//! A program publishing into one asset: what to store, what to tell the origin, what to discard, in that order.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    archive::{AssetName, Object, ObjectName, SealedSegment, Timeline, TimelineChange, TimelineError, TimelineUpdate},
    media::{Body, CaptionService, Presentation, Segment, TrackSpec},
    time::MediaDuration,
    wire::mp4::init_segment,
};

/// A program's asset while it is written.
#[derive(Debug)]
pub struct Asset {
    name: AssetName,
    config: AssetConfig,
    timeline: Timeline,
    /// Out of the window, not yet discarded: players may hold a playlist that lists them.
    lingering: VecDeque<Segment>,
    out: VecDeque<AssetOutput>,
}

/// What the host or the origin has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetOutput {
    /// Store this; always before the update that lists it.
    Store(Object),
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
        let timeline = Timeline::new(Arc::clone(&presentation), segment_duration);
        let mut asset = Self { name, config, timeline, lingering: VecDeque::new(), out };
        asset.tell(TimelineChange::Opened { presentation, window, rewind, segment_duration });
        asset
    }

    /// Takes a segment that is whole: its fragments are stored, the timeline grows, the window moves on.
    ///
    /// # Errors
    /// It does not follow the one before, or the asset has ended; nothing changed.
    pub fn push(&mut self, sealed: &SealedSegment) -> Result<(), TimelineError> {
        self.timeline.append(sealed.segment.clone())?;
        let tracks = &self.timeline.presentation().tracks;
        for ((track, span), body) in tracks.iter().zip(sealed.segment.spans.iter()).zip(&sealed.fragments) {
            if !span.is_missing() {
                let name = ObjectName::fragment(&self.name, track, span.start);
                self.out.push_back(AssetOutput::Store(object(name, track, body.clone())));
            }
        }
        self.tell(TimelineChange::Added(sealed.segment.clone()));
        self.slide();
        Ok(())
    }

    /// Manifests are to list these renditions only, in the order of the tracks; one that was withdrawn never comes back. Its
    /// fragments are stored as before.
    pub fn offer(&mut self, offered: &[bool]) {
        if self.timeline.offer(offered) {
            self.tell(TimelineChange::Offered(Arc::clone(self.timeline.offered())));
        }
    }

    /// The pictures of the segments that are pushed from now on carry these caption services.
    pub fn caption(&mut self, services: &[CaptionService]) {
        if self.timeline.caption(services) {
            self.tell(TimelineChange::Captioned(Arc::clone(self.timeline.captions())));
        }
    }

    /// From the segment that is pushed next on, media time is so far behind the host's clock, or ahead where this is negative.
    pub fn drift(&mut self, by: MediaDuration) {
        if self.timeline.drift(by) {
            self.tell(TimelineChange::Drifted(by));
        }
    }

    /// Nothing will be pushed any more. What the window holds stays: the asset is now on demand.
    pub fn end(&mut self) {
        if !self.timeline.is_ended() {
            self.timeline.end();
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
        &self.timeline
    }

    /// Moves the window to the live edge and lets go of what no player can still ask for.
    fn slide(&mut self) {
        let Some(window) = self.config.window else { return };
        let Some(before) = self.timeline.window_start(window) else { return };
        let mut has_left = false;
        while let Some(segment) = self.timeline.trim(before) {
            self.lingering.push_back(segment);
            has_left = true;
        }
        if has_left {
            self.tell(TimelineChange::Trimmed { before });
        }
        let Some(edge) = self.timeline.last().map(Segment::end) else { return };
        let keep_from = edge.minus(window).minus(linger(window, self.config.segment_duration));
        while let Some(segment) = self.lingering.pop_front_if(|segment| segment.end() <= keep_from) {
            let tracks = &self.timeline.presentation().tracks;
            for (track, span) in tracks.iter().zip(segment.spans.iter()).filter(|(_, span)| !span.is_missing()) {
                let name = ObjectName::fragment(&self.name, track, span.start);
                self.out.push_back(AssetOutput::Discard(name));
            }
        }
    }

    fn tell(&mut self, change: TimelineChange) {
        self.out.push_back(AssetOutput::Update(TimelineUpdate { asset: self.name.clone(), change }));
    }
}

/// How long a fragment stays in store after it left the window.
///
/// RFC 8216 clause 6.2.2 asks for the length of the longest playlist that lists it, plus a segment: nobody who plays near
/// the live edge needs more than a minute, and a DVR of a day is not kept twice for those who play at its far end.
pub(crate) fn linger(window: MediaDuration, segment_duration: MediaDuration) -> MediaDuration {
    window.min(MediaDuration::from_secs(60)).plus(segment_duration)
}

fn object(name: ObjectName, track: &TrackSpec, body: Body) -> Object {
    Object { name, content_type: track.content_type(), body }
}

#[cfg(test)]
mod tests;
