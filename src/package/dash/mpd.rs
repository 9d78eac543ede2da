//! The MPD of a presentation, kept up incrementally.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::{
    period::Period,
    skeleton::{Extent, Flavour, Shape, date_time, skeleton},
    template::Template,
};
use crate::{
    media::{Body, CaptionService, CuePhase, Past, Presentation, Segment, SegmentCue, TrackSpec},
    package::sets::{is_listed, switching_sets},
    time::MediaDuration,
};

/// An MPD that follows a timeline.
///
/// Tell it of every segment that joins and, in order, of every one that leaves. A switching set has one segment timeline,
/// that of its first rendition: aligned renditions differ in nothing but their bytes.
///
/// Presentation time counts from the same instant live and on demand, so that a player that watches the end stays where it is.
#[derive(Clone, Debug)]
pub struct Mpd {
    presentation: Arc<Presentation>,
    window: Option<MediaDuration>,
    segment_duration: MediaDuration,
    /// Positions of the tracks of each switching set.
    sets: Vec<Vec<usize>>,
    /// The first of each.
    firsts: Vec<usize>,
    /// What lies before the first segment that it was told of.
    past: Option<Past>,
    /// There is always one behind the first segment.
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
    /// An MPD without segments, none of which lasts longer than `segment_duration`. `past` is what its first segment finds; without
    /// it, that is the first of all.
    #[must_use]
    pub fn new(
        presentation: Arc<Presentation>,
        window: Option<MediaDuration>,
        segment_duration: MediaDuration,
        past: Option<Past>,
    ) -> Self {
        let sets = switching_sets(&presentation);
        Self {
            window,
            segment_duration,
            firsts: sets.iter().filter_map(|tracks| tracks.first().copied()).collect(),
            past,
            periods: VecDeque::new(),
            sets,
            offered: presentation.tracks.iter().map(|_| true).collect(),
            captions: Arc::default(),
            drift: MediaDuration::ZERO,
            presentation,
            live: [Template::default(), Template::default()],
        }
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

    /// A segment joined at the live edge.
    pub fn append(&mut self, segment: &Segment) {
        for SegmentCue { avail, .. } in segment.cues.iter().filter(|cue| matches!(cue.phase, CuePhase::In(_))) {
            // It began in one of the newest periods.
            self.periods.iter_mut().rev().any(|period| period.close(avail, segment.start));
        }
        if self.periods.is_empty() {
            let past = *self.past.get_or_insert(Past::at(segment));
            self.periods.push_back(Period::new(past.period, self.sets.len()));
            self.write_live();
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

    /// The MPD as it stands, `ends` being the oldest and the newest segment that it lists. An ended one is `static`; where it lost
    /// its beginning, its first period starts that much later.
    #[must_use]
    pub fn render(&self, flavour: Flavour, ends: (&Segment, &Segment), is_ended: bool) -> Body {
        let began = self.past.map_or(Past::whole_second(ends.0.start), |past| past.began);
        let first = is_ended.then(|| Past::whole_second(ends.0.start));
        let ended;
        let template = if is_ended {
            ended = self.template(flavour, Extent::Lasted(ends.1.end().since(began)));
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
        let listed = self.listed();
        let shows_events = self.presentation.cues.event_stream;
        for period in &self.periods {
            let start = first.map_or(period.start, |first| period.start.max(first));
            period.share(template, (start, start.since(began)), &listed, shows_events, &mut parts);
        }
        parts.push(template.tail.clone());
        parts.into()
    }

    fn write_live(&mut self) {
        let Some(past) = self.past else { return };
        let since = Extent::Since(self.presentation.utc_at(past.began).plus(self.drift));
        self.live = [Flavour::Cmaf, Flavour::Csf].map(|flavour| self.template(flavour, since));
    }

    fn template(&self, flavour: Flavour, extent: Extent) -> Template {
        let shape = Shape { window: self.window, segment_duration: self.segment_duration, extent };
        skeleton(&self.presentation, (&self.offered, &self.captions), flavour, shape)
    }

    /// Switching sets that are listed, each with its first track; then those of pictures again, of which the key frames are listed.
    fn listed(&self) -> Vec<(usize, &TrackSpec)> {
        let sets = self.sets.iter().enumerate().filter(|(_, tracks)| is_listed(tracks, &self.offered));
        let first = |tracks: &[usize]| tracks.first().and_then(|track| self.presentation.tracks.get(*track));
        let mut listed: Vec<_> = sets.filter_map(|(set, tracks)| Some((set, first(tracks)?))).collect();
        let pictures: Vec<_> = listed.iter().copied().filter(|(_, track)| track.format.is_video()).collect();
        listed.extend(pictures);
        listed
    }

    /// The newest segment's end: a function of the timeline, not of a clock.
    fn publish_time(&self, newest: &Segment) -> Bytes {
        let at = date_time(self.presentation.utc_at(newest.end()));
        at.map_or_else(Bytes::new, |at| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into())
    }
}
