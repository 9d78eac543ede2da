//! The MPD of a presentation, kept up incrementally.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::{
    numbered::{Anchor, Frame, Numbered},
    patch::{Versions, version},
    period::{Period, seconds},
    skeleton::{Extent, Flavour, Shape, date_time, skeleton},
    template::Template,
};
use crate::{
    media::{Body, CaptionService, CuePhase, Past, Presentation, Segment, SegmentCue, TrackSpec},
    package::sets::{is_listed, switching_sets},
    time::{MediaDuration, MediaTime},
};

/// An MPD that follows a timeline.
///
/// Tell it of every segment that joins and, in order, of every one that leaves. A switching set has one segment timeline,
/// that of its first rendition: aligned renditions differ in nothing but their bytes.
///
/// Presentation time counts from the same instant live and on demand, so that a player that watches the end stays where it is.
#[derive(Clone, Debug)]
pub struct Mpd {
    pub(super) presentation: Arc<Presentation>,
    window: Option<MediaDuration>,
    pub(super) segment_duration: MediaDuration,
    /// Positions of the tracks of each switching set.
    sets: Vec<Vec<usize>>,
    /// The first of each.
    firsts: Vec<usize>,
    /// What lies before the first segment that it was told of.
    pub(super) past: Option<Past>,
    /// There is always one behind the first segment.
    pub(super) periods: VecDeque<Period>,
    /// Periods that are gone.
    pub(super) passed: u64,
    /// Sequence numbers of the oldest and the newest segment.
    pub(super) ends: Option<(u64, u64)>,
    /// The newest one's end.
    pub(super) edge: MediaTime,
    /// What patches lead from, where there are any.
    pub(super) versions: Option<Versions>,
    /// How often an avail ended.
    pub(super) closed: u64,
    /// The same segments by numbers, whose periods are others.
    numbered: Numbered,
    /// For each track whether it is listed.
    offered: Arc<[bool]>,
    captions: Arc<[CaptionService]>,
    /// How far media time is behind the wall clock, counted from the epoch.
    drift: MediaDuration,
    /// How long a part lasts, where segments are sent part by part.
    parts: Option<MediaDuration>,
    /// The fixed texts of a live MPD in each flavour.
    live: [Template; Flavour::ALL.len()],
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
            passed: 0,
            ends: None,
            edge: MediaTime::ZERO,
            versions: None,
            closed: 0,
            numbered: Numbered::default(),
            sets,
            offered: presentation.tracks.iter().map(|_| true).collect(),
            captions: Arc::default(),
            drift: MediaDuration::ZERO,
            parts: None,
            presentation,
            live: Default::default(),
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

    /// The live MPD by numbers lets players ask for segments part by part, each of which lasts so long; `None`, which is the default,
    /// lets them ask for whole ones.
    pub fn parts(&mut self, parts: Option<MediaDuration>) {
        self.parts = parts;
        self.write_live();
    }

    /// What the numbers of the first segment's period count from, where that began before it. Say it before there is a segment.
    pub const fn begin(&mut self, anchor: Anchor) {
        self.numbered.begin(anchor);
    }

    /// What the number of this segment counts from, where it is listed.
    #[must_use]
    pub fn anchor(&self, sequence: u64) -> Option<Anchor> {
        self.numbered.anchor(sequence)
    }

    /// A segment joined at the live edge.
    pub fn append(&mut self, segment: &Segment) {
        for SegmentCue { avail, .. } in segment.cues.iter().filter(|cue| matches!(cue.phase, CuePhase::In(_))) {
            self.numbered.close(avail, segment.start);
            self.closed = self.closed.saturating_add(1);
            // It began in one of the newest periods.
            self.periods.iter_mut().rev().any(|period| period.close(avail, segment.start));
        }
        if self.periods.is_empty() {
            let past = *self.past.get_or_insert(Past::at(segment));
            self.periods.push_back(Period::new(past.period, self.sets.len()));
            self.write_live();
        }
        let has_begun = self.periods.back().is_some_and(|period| !period.is_empty());
        let is_first = self.presentation.cues.periods && has_begun && segment.is_splice();
        if is_first {
            self.periods.push_back(Period::new(segment.start, self.sets.len()));
        }
        self.numbered.append(segment, is_first);
        if let Some(period) = self.periods.back_mut() {
            period.append(segment, &self.firsts);
        }
        let first = self.ends.map_or(segment.sequence, |(first, _)| first);
        (self.ends, self.edge) = (Some((first, segment.sequence)), segment.end());
        self.remember();
    }

    /// The oldest segment, which is this one, left the window.
    pub fn remove(&mut self, segment: &Segment) {
        self.numbered.remove(segment.end());
        let Some(oldest) = self.periods.front_mut() else { return };
        oldest.remove(segment, &self.firsts);
        if oldest.is_empty() && self.periods.len() > 1 {
            self.periods.pop_front();
            self.passed = self.passed.saturating_add(1);
        }
        let next = segment.sequence.saturating_add(1);
        self.ends = self.ends.map(|(_, last)| (next, last)).filter(|(first, last)| first <= last);
        self.remember();
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
            let [cmaf, csf, patched, number] = &self.live;
            match flavour {
                Flavour::Cmaf => cmaf,
                Flavour::Csf => csf,
                Flavour::Patched => patched,
                Flavour::Number => number,
            }
        };
        let mut parts = Vec::with_capacity(64);
        let second = if flavour == Flavour::Number {
            self.depth(ends.1.end().since(began))
        } else {
            version((ends.0.sequence, ends.1.sequence))
        };
        let newest = [self.instant(ends.1.end(), MediaDuration::ZERO), second];
        let mut newest = newest.into_iter().map(Bytes::from);
        for (n, piece) in template.head.iter().enumerate() {
            if n > 0 {
                parts.extend(newest.next());
            }
            parts.push(piece.clone());
        }
        let shows_events = self.presentation.cues.event_stream;
        if flavour == Flavour::Number {
            let oldest = is_ended.then_some(ends.0);
            let in_parts = self.parts.filter(|_| !is_ended);
            let frame =
                Frame { template, began, oldest, parts: in_parts, longest: self.segment_duration, shows_events };
            self.numbered.share(frame, |at| self.instant(at, self.drift).into(), &mut parts);
        } else {
            let listed = self.listed();
            for period in &self.periods {
                let start = first.map_or(period.start, |first| period.start.max(first));
                period.share(template, (start, start.since(began)), &listed, shows_events, &mut parts);
            }
        }
        parts.push(template.tail.clone());
        parts.into()
    }

    /// How far back players go by the clock, who know of no first segment: not before the presentation, which has lasted so long.
    fn depth(&self, lasted: MediaDuration) -> String {
        let depth = lasted.minus(self.segment_duration).max(self.segment_duration);
        format!("PT{}S", seconds(self.window.map_or(depth, |window| window.min(depth))))
    }

    fn write_live(&mut self) {
        let Some(past) = self.past else { return };
        self.versions.iter_mut().for_each(Versions::forget);
        let since = Extent::Since(self.presentation.utc_at(past.began).plus(self.drift));
        self.live = Flavour::ALL.map(|flavour| self.template(flavour, since));
    }

    fn template(&self, flavour: Flavour, extent: Extent) -> Template {
        let began = self.past.map_or(MediaTime::ZERO, |past| past.began);
        let (window, segment_duration, parts) = (self.window, self.segment_duration, self.parts);
        let shape = Shape { window, segment_duration, extent, parts, began };
        skeleton(&self.presentation, (&self.offered, &self.captions), flavour, shape)
    }

    /// Switching sets that are listed, each with its first track; then those of pictures again, of which the key frames are listed.
    pub(super) fn listed(&self) -> Vec<(usize, &TrackSpec)> {
        let sets = self.sets.iter().enumerate().filter(|(_, tracks)| is_listed(tracks, &self.offered));
        let first = |tracks: &[usize]| tracks.first().and_then(|track| self.presentation.tracks.get(*track));
        let mut listed: Vec<_> = sets.filter_map(|(set, tracks)| Some((set, first(tracks)?))).collect();
        let pictures: Vec<_> = listed.iter().copied().filter(|(_, track)| track.format.is_video()).collect();
        listed.extend(pictures);
        listed
    }

    /// The ids of the listed sets' elements, each with its set.
    pub(super) fn listed_ids(&self) -> impl Iterator<Item = (usize, usize)> {
        let all = self.sets.len();
        let mut seen = Vec::new();
        self.listed().into_iter().map(|(set, _)| set).map(move |set| {
            let is_key_frames = seen.contains(&set);
            seen.push(set);
            (if is_key_frames { all.saturating_add(set) } else { set }, set)
        })
    }

    /// When the media of this time was made, by a wall clock that is so far ahead of it.
    pub(super) fn instant(&self, at: MediaTime, ahead: MediaDuration) -> String {
        let at = date_time(self.presentation.utc_at(at).plus(ahead));
        at.map_or_else(String::new, |at| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }
}
