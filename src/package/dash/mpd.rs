//! The MPD of a presentation, kept up incrementally.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::{
    period::Period,
    skeleton::{Flavour, Shape, date_time, skeleton},
    template::Template,
};
use crate::{
    media::{Body, CaptionService, CuePhase, Presentation, Segment, SegmentCue, TrackSpec},
    package::sets::{is_listed, switching_sets},
    time::{MediaDuration, MediaTime},
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
    /// Positions of the tracks of each switching set.
    sets: Vec<Vec<usize>>,
    /// The first of each.
    firsts: Vec<usize>,
    /// There is always one.
    periods: VecDeque<Period>,
    /// For each track whether it is listed.
    offered: Arc<[bool]>,
    captions: Arc<[CaptionService]>,
    /// How far media time is behind the wall clock, counted from the epoch.
    drift: MediaDuration,
    /// The fixed texts of a live MPD in both flavours.
    live: [Template; 2],
}

impl Mpd {
    /// An MPD without segments; no segment lasts longer than `segment_duration`.
    #[must_use]
    pub fn new(
        presentation: Arc<Presentation>,
        window: Option<MediaDuration>,
        segment_duration: MediaDuration,
    ) -> Self {
        let sets = switching_sets(&presentation);
        let mut mpd = Self {
            window,
            segment_duration,
            firsts: sets.iter().filter_map(|tracks| tracks.first().copied()).collect(),
            periods: VecDeque::from([Period::new(MediaTime::ZERO, sets.len())]),
            sets,
            offered: presentation.tracks.iter().map(|_| true).collect(),
            captions: Arc::default(),
            drift: MediaDuration::ZERO,
            presentation,
            live: [Template::default(), Template::default()],
        };
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

    /// Media time is so far behind the wall clock, or ahead where this is negative: segments are available as much later.
    pub fn drift(&mut self, by: MediaDuration) {
        self.drift = by;
        self.write_live();
    }

    /// The period of the first segment, which is still to come, began at `period`: what came before in it is gone.
    pub fn resume(&mut self, period: MediaTime) {
        self.periods = VecDeque::from([Period::new(period, self.sets.len())]);
    }

    /// A segment joined at the live edge.
    pub fn append(&mut self, segment: &Segment) {
        for SegmentCue { avail, .. } in segment.cues.iter().filter(|cue| matches!(cue.phase, CuePhase::In(_))) {
            // It began in one of the newest periods.
            self.periods.iter_mut().rev().any(|period| period.close(avail, segment.start));
        }
        let has_begun = self.periods.back().is_some_and(|period| !period.is_empty());
        if self.presentation.cues.periods && has_begun && segment.is_splice() {
            self.periods.push_back(Period::new(segment.start, self.sets.len()));
        }
        if let Some(period) = self.periods.back_mut() {
            period.append(segment, &self.firsts);
        }
    }

    /// The oldest segment, which is this one, left the window.
    pub fn remove(&mut self, segment: &Segment) {
        let Some(oldest) = self.periods.front_mut() else { return };
        oldest.remove(segment, &self.firsts);
        if oldest.is_empty() && self.periods.len() > 1 {
            self.periods.pop_front();
        }
    }

    /// The MPD as it stands, `ends` being the oldest and the newest segment that it lists. An ended one is `static` and
    /// starts at its first segment.
    #[must_use]
    pub fn render(&self, flavour: Flavour, ends: (&Segment, &Segment), is_ended: bool) -> Body {
        let ended;
        let template = if is_ended {
            ended = self.template(flavour, Some(ends));
            &ended
        } else {
            let [cmaf, csf] = &self.live;
            if flavour == Flavour::Cmaf { cmaf } else { csf }
        };
        let mut parts = Vec::with_capacity(64);
        let mut head = template.head.iter().cloned();
        parts.extend(head.next());
        if !is_ended {
            parts.push(self.publish_time(ends.1));
        }
        parts.extend(head);
        let zero = if is_ended { ends.0.start } else { MediaTime::ZERO };
        let listed = self.listed();
        let shows_events = self.presentation.cues.event_stream;
        self.periods.iter().for_each(|period| period.share(template, zero, &listed, shows_events, &mut parts));
        parts.push(template.tail.clone());
        parts.into()
    }

    fn write_live(&mut self) {
        self.live = [Flavour::Cmaf, Flavour::Csf].map(|flavour| self.template(flavour, None));
    }

    fn template(&self, flavour: Flavour, ended: Option<(&Segment, &Segment)>) -> Template {
        let Self { window, segment_duration, drift, .. } = *self;
        let shape = Shape { window, segment_duration, drift, ended };
        skeleton(&self.presentation, (&self.offered, &self.captions), flavour, shape)
    }

    /// Switching sets that are listed, each with its first track.
    fn listed(&self) -> Vec<(usize, &TrackSpec)> {
        let sets = self.sets.iter().enumerate().filter(|(_, tracks)| is_listed(tracks, &self.offered));
        let first = |tracks: &[usize]| tracks.first().and_then(|track| self.presentation.tracks.get(*track));
        sets.filter_map(|(set, tracks)| Some((set, first(tracks)?))).collect()
    }

    /// The newest segment's end: a function of the timeline, not of a clock.
    fn publish_time(&self, newest: &Segment) -> Bytes {
        let at = date_time(self.presentation.utc_at(newest.end()));
        at.map_or_else(Bytes::new, |at| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into())
    }
}
