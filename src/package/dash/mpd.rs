//! The MPD of a presentation, kept up incrementally.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    skeleton::{Flavour, Shape, date_time, is_listed, skeleton, switching_sets},
    timeline::SegmentTimeline,
};
use crate::{
    media::{Body, CaptionService, Presentation, Segment, Span},
    time::MediaDuration,
};

/// An MPD that follows a timeline.
///
/// Tell it of every segment that joins and, in order, of every one that leaves. A switching set has one segment timeline,
/// that of its first rendition: aligned renditions differ in nothing but their bytes.
#[derive(Clone, Debug)]
pub struct Mpd {
    presentation: Arc<Presentation>,
    window: Option<MediaDuration>,
    segment_duration: MediaDuration,
    sets: Vec<Set>,
    /// For each track whether it is listed.
    offered: Arc<[bool]>,
    captions: Arc<[CaptionService]>,
    /// The fixed texts of a live MPD in both flavours.
    live: [Vec<Bytes>; 2],
}

/// A switching set.
#[derive(Clone, Debug)]
struct Set {
    /// Positions of its tracks.
    tracks: Vec<usize>,
    /// Segments of its first track.
    timeline: SegmentTimeline,
}

impl Mpd {
    /// An MPD without segments; no segment lasts longer than `segment_duration`.
    #[must_use]
    pub fn new(
        presentation: Arc<Presentation>,
        window: Option<MediaDuration>,
        segment_duration: MediaDuration,
    ) -> Self {
        let sets = switching_sets(&presentation).into_iter();
        let sets = sets.map(|tracks| Set { tracks, timeline: SegmentTimeline::default() }).collect();
        let offered = presentation.tracks.iter().map(|_| true).collect();
        let (captions, live) = (Arc::from([]), [Vec::new(), Vec::new()]);
        let mut mpd = Self { presentation, window, segment_duration, sets, offered, captions, live };
        mpd.write_live();
        mpd
    }

    /// Lists these renditions only, in the order of the presentation's tracks.
    pub fn offer(&mut self, offered: &Arc<[bool]>) {
        self.offered = Arc::clone(offered);
        self.write_live();
    }

    /// Names these caption services, sorted.
    pub fn caption(&mut self, services: &Arc<[CaptionService]>) {
        self.captions = Arc::clone(services);
        self.write_live();
    }

    /// A segment joined at the live edge.
    pub fn append(&mut self, segment: &Segment) {
        for set in &mut self.sets {
            if let Some(span) = set.span(segment) {
                set.timeline.append(span);
            }
        }
    }

    /// The oldest segment, which is this one, left the window.
    pub fn remove(&mut self, segment: &Segment) {
        for set in &mut self.sets {
            if let Some(span) = set.span(segment) {
                set.timeline.remove(span);
            }
        }
    }

    /// The MPD as it stands, `ends` being the oldest and the newest segment that it lists. An ended one is `static` and
    /// starts at its first segment.
    #[must_use]
    pub fn render(&self, flavour: Flavour, ends: (&Segment, &Segment), is_ended: bool) -> Body {
        let ended;
        let fixed = if is_ended {
            let shape = Shape { window: self.window, segment_duration: self.segment_duration, ended: Some(ends) };
            ended = self.fixed(flavour, shape);
            &ended
        } else {
            let [cmaf, csf] = &self.live;
            if flavour == Flavour::Cmaf { cmaf } else { csf }
        };
        let mut parts = Vec::with_capacity(64);
        let mut fixed = fixed.iter().cloned();
        parts.extend(fixed.next());
        if !is_ended {
            parts.push(self.publish_time(ends.1));
        }
        parts.extend(fixed.next());
        for set in self.sets.iter().filter(|set| is_listed(&set.tracks, &self.offered)) {
            set.timeline.share(&mut parts);
            parts.extend(fixed.next());
        }
        parts.into()
    }

    fn write_live(&mut self) {
        let shape = Shape { window: self.window, segment_duration: self.segment_duration, ended: None };
        self.live = [Flavour::Cmaf, Flavour::Csf].map(|flavour| self.fixed(flavour, shape));
    }

    fn fixed(&self, flavour: Flavour, shape: Shape<'_>) -> Vec<Bytes> {
        let listed = (&*self.offered, &*self.captions);
        skeleton(&self.presentation, listed, flavour, shape).into_iter().map(Bytes::from).collect()
    }

    /// The newest segment's end: a function of the timeline, not of a clock.
    fn publish_time(&self, newest: &Segment) -> Bytes {
        let at = date_time(self.presentation.utc_at(newest.end()));
        at.map_or_else(Bytes::new, |at| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into())
    }
}

impl Set {
    /// What the first track has in a segment.
    fn span(&self, segment: &Segment) -> Option<Span> {
        self.tracks.first().and_then(|track| segment.spans.get(*track)).copied()
    }
}
