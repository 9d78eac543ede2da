//! The MPD of a presentation, kept up incrementally.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    skeleton::{Flavour, Shape, date_time, skeleton, switching_sets},
    timeline::SegmentTimeline,
};
use crate::{
    media::{Body, Presentation, Segment},
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
    /// For each switching set the position of its first track, and its segments.
    sets: Vec<(usize, SegmentTimeline)>,
    /// The fixed texts of a live MPD in both flavours.
    live: [Vec<Bytes>; 2],
}

impl Mpd {
    /// An MPD without segments; no segment lasts longer than `segment_duration`.
    #[must_use]
    pub fn new(
        presentation: Arc<Presentation>,
        window: Option<MediaDuration>,
        segment_duration: MediaDuration,
    ) -> Self {
        let first_tracks = switching_sets(&presentation).into_iter().filter_map(|set| set.first().copied());
        let sets = first_tracks.map(|track| (track, SegmentTimeline::default())).collect();
        let shape = Shape { window, segment_duration, ended: None };
        let live = [Flavour::Cmaf, Flavour::Csf].map(|flavour| fixed(&presentation, flavour, shape));
        Self { presentation, window, segment_duration, sets, live }
    }

    /// A segment joined at the live edge.
    pub fn append(&mut self, segment: &Segment) {
        for (track, timeline) in &mut self.sets {
            if let Some(span) = segment.spans.get(*track) {
                timeline.append(*span);
            }
        }
    }

    /// The oldest segment, which is this one, left the window.
    pub fn remove(&mut self, segment: &Segment) {
        for (track, timeline) in &mut self.sets {
            if let Some(span) = segment.spans.get(*track) {
                timeline.remove(*span);
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
            ended = fixed(&self.presentation, flavour, shape);
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
        for (_, timeline) in &self.sets {
            timeline.share(&mut parts);
            parts.extend(fixed.next());
        }
        parts.into()
    }

    /// The newest segment's end: a function of the timeline, not of a clock.
    fn publish_time(&self, newest: &Segment) -> Bytes {
        let at = date_time(self.presentation.utc_at(newest.end()));
        at.map_or_else(Bytes::new, |at| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into())
    }
}

fn fixed(presentation: &Presentation, flavour: Flavour, shape: Shape<'_>) -> Vec<Bytes> {
    skeleton(presentation, flavour, shape).into_iter().map(Bytes::from).collect()
}
