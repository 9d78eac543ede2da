//! The ordered segments of an asset, inside its window.

mod edge;
mod losses;
mod packs;

use std::{collections::VecDeque, sync::Arc};

use crate::{
    archive::{rate::RateMeter, timeline::edge::Edge},
    media::{Bitrates, CaptionService, Part, Past, Presentation, Segment, TrackFormat},
    time::{MediaDuration, MediaTime},
};

/// The segments that an asset shows, oldest first. Adding one costs the same whatever the window holds.
#[derive(Clone, Debug)]
pub struct Timeline {
    presentation: Arc<Presentation>,
    segments: VecDeque<Segment>,
    edge: Edge,
    /// How long parts are to be; `None` where there are none.
    part_length: Option<MediaDuration>,
    /// What the oldest segment finds; `None` before the first of all.
    past: Option<Past>,
    meters: Vec<RateMeter>,
    segment_duration: MediaDuration,
    /// For each track whether manifests list it.
    offered: Arc<[bool]>,
    captions: Arc<[CaptionService]>,
    drift: MediaDuration,
    /// Fragments that the store has lost.
    lost: u64,
    version: u64,
    is_ended: bool,
}

/// Why a segment was refused; the timeline is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimelineError {
    /// The timeline has ended.
    #[error("the timeline has ended")]
    Ended,
    /// Sequence numbers go up by one.
    #[error("segment {sequence} does not follow segment {last}")]
    Sequence {
        /// The refused segment's.
        sequence: u64,
        /// The newest segment's.
        last: u64,
    },
    /// Segments do not overlap.
    #[error("a segment at {start:?} overlaps one that ends at {end:?}")]
    Overlap {
        /// The refused segment's start.
        start: MediaTime,
        /// The newest segment's end.
        end: MediaTime,
    },
    /// Parts are told in order, of the segment that comes next.
    #[error("part {index} of segment {sequence} does not follow")]
    Part {
        /// Of which segment it would be.
        sequence: u64,
        /// Its place there.
        index: u32,
    },
    /// A segment has a span for each track.
    #[error("a segment has {spans} spans for {tracks} tracks")]
    Tracks {
        /// The refused segment's spans.
        spans: usize,
        /// The presentation's tracks.
        tracks: usize,
    },
}

impl Timeline {
    /// An empty timeline; `segment_duration` is the longest that a segment may last.
    #[must_use]
    pub fn new(presentation: Arc<Presentation>, segment_duration: MediaDuration) -> Self {
        let meters = presentation.tracks.iter().map(|_| RateMeter::default()).collect();
        let offered = presentation.tracks.iter().map(|_| true).collect();
        Self {
            presentation,
            segments: VecDeque::new(),
            edge: Edge::default(),
            part_length: None,
            past: None,
            meters,
            segment_duration,
            offered,
            captions: Arc::from([]),
            drift: MediaDuration::ZERO,
            lost: 0,
            version: 0,
            is_ended: false,
        }
    }

    /// The first segment, which is still to come, finds this.
    pub const fn go_on(&mut self, past: Past) {
        self.past = Some(past);
    }

    /// Adds a segment at the live edge.
    ///
    /// # Errors
    /// It does not follow the newest one, or does not fit the presentation.
    pub fn append(&mut self, mut segment: Segment) -> Result<(), TimelineError> {
        if self.is_ended {
            return Err(TimelineError::Ended);
        }
        self.check_spans(segment.spans.len())?;
        if let Some(last) = self.segments.back() {
            if last.sequence.checked_add(1) != Some(segment.sequence) {
                return Err(TimelineError::Sequence { sequence: segment.sequence, last: last.sequence });
            }
            if segment.start < last.end() {
                return Err(TimelineError::Overlap { start: segment.start, end: last.end() });
            }
        }
        Self::meter(&mut self.meters, &segment, &self.presentation, self.segment_duration);
        segment.pack = self.place(&segment);
        let past = self.past.get_or_insert(Past::at(&segment));
        if self.segments.is_empty() {
            past.reach(&segment, &self.presentation);
        }
        self.edge.close(segment.sequence);
        self.segments.push_back(segment);
        self.version = self.version.saturating_add(1);
        Ok(())
    }

    fn meter(meters: &mut [RateMeter], segment: &Segment, presentation: &Presentation, longest: MediaDuration) {
        for ((meter, span), track) in meters.iter_mut().zip(segment.spans.iter()).zip(&presentation.tracks) {
            let half = longest.ticks(track.timescale) / 2;
            meter.add(segment.sequence, span, track.timescale.per_second(), u64::try_from(half).unwrap_or(0));
        }
    }

    /// Adds a part of the segment that is added next.
    ///
    /// # Errors
    /// It does not follow what is there, or does not fit the presentation.
    pub fn append_part(&mut self, part: Part) -> Result<(), TimelineError> {
        if self.is_ended {
            return Err(TimelineError::Ended);
        }
        self.check_spans(part.spans.len())?;
        let is_next = self.segments.back().is_none_or(|last| last.sequence.checked_add(1) == Some(part.sequence));
        if !is_next || !self.edge.fits(&part) {
            return Err(TimelineError::Part { sequence: part.sequence, index: part.index });
        }
        self.part_length = Some(part.length);
        self.edge.push(part);
        self.version = self.version.saturating_add(1);
        Ok(())
    }

    fn check_spans(&self, spans: usize) -> Result<(), TimelineError> {
        let tracks = self.presentation.tracks.len();
        if spans == tracks { Ok(()) } else { Err(TimelineError::Tracks { spans, tracks }) }
    }

    /// The sequence number of the first segment that a window of this length holds; the newest one always stays.
    #[must_use]
    pub fn window_start(&self, window: MediaDuration) -> Option<u64> {
        let edge = self.segments.back()?;
        let from = edge.end().minus(window);
        // Segments leave one or two at a time, and so the search is short.
        let first = self.segments.iter().find(|segment| segment.end() > from).unwrap_or(edge);
        Some(first.sequence)
    }

    /// Takes out the oldest segment where its sequence number is below `before`.
    pub fn trim(&mut self, before: u64) -> Option<Segment> {
        if self.segments.front()?.sequence >= before {
            return None;
        }
        let segment = self.segments.pop_front()?;
        for (meter, span) in self.meters.iter_mut().zip(segment.spans.iter()) {
            meter.remove(segment.sequence, span);
        }
        if let Some(past) = &mut self.past {
            past.pass(&segment);
            self.segments.front().into_iter().for_each(|oldest| past.reach(oldest, &self.presentation));
        }
        self.version = self.version.saturating_add(1);
        Some(segment)
    }

    /// Withdraws the tracks for which `offered` says no, for good; whether that changed anything. The last track of a kind
    /// stays: an offer of nothing is none.
    pub fn offer(&mut self, offered: &[bool]) -> bool {
        let tracks = &self.presentation.tracks;
        let said = |track: usize| offered.get(track).copied().unwrap_or(true);
        let both: Arc<[bool]> = self.offered.iter().enumerate().map(|(n, was)| *was && said(n)).collect();
        let keeps = |is_wanted: fn(&TrackFormat) -> bool| {
            let mut of_kind = tracks.iter().zip(both.iter()).filter(|(track, _)| is_wanted(&track.format)).peekable();
            of_kind.peek().is_none() || of_kind.any(|(_, is_offered)| *is_offered)
        };
        let changes = both != self.offered && keeps(TrackFormat::is_video) && keeps(TrackFormat::is_audio);
        if changes {
            self.offered = both;
            self.version = self.version.saturating_add(1);
        }
        changes
    }

    /// The pictures carry these caption services, too; whether any of them is new. None is ever withdrawn.
    pub fn caption(&mut self, services: &[CaptionService]) -> bool {
        let mut all = self.captions.to_vec();
        all.extend(services.iter().filter(|service| !self.captions.contains(service)));
        let changes = all.len() > self.captions.len();
        if changes {
            all.sort_unstable();
            self.captions = all.into();
            self.version = self.version.saturating_add(1);
        }
        changes
    }

    /// Media time is so far behind the host's clock, or ahead where this is negative; whether that is news.
    pub fn drift(&mut self, by: MediaDuration) -> bool {
        let changes = by != self.drift;
        if changes {
            self.drift = by;
            self.version = self.version.saturating_add(1);
        }
        changes
    }

    /// Nothing more can be added.
    pub fn end(&mut self) {
        self.is_ended = true;
        self.edge.end();
        self.version = self.version.saturating_add(1);
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> + ExactSizeIterator {
        self.segments.iter()
    }

    /// The segment with this sequence number.
    #[must_use]
    pub fn get(&self, sequence: u64) -> Option<&Segment> {
        let place = sequence.checked_sub(self.segments.front()?.sequence)?;
        self.segments.get(usize::try_from(place).ok()?)
    }

    /// The segments from the one with this sequence number on, oldest first.
    pub fn since(&self, sequence: u64) -> impl Iterator<Item = &Segment> {
        let first = self.segments.front().map_or(0, |first| first.sequence);
        let skipped = sequence.saturating_sub(first);
        self.segments.range(usize::try_from(skipped).unwrap_or(usize::MAX).min(self.segments.len())..)
    }

    /// The oldest segment.
    #[must_use]
    pub fn first(&self) -> Option<&Segment> {
        self.segments.front()
    }

    /// The newest segment.
    #[must_use]
    pub fn last(&self) -> Option<&Segment> {
        self.segments.back()
    }

    /// What the oldest segment finds, those before it being gone; `None` before the first of all.
    #[must_use]
    pub const fn past(&self) -> Option<Past> {
        self.past
    }

    /// What a segment finds; `None` where there is no such segment.
    #[must_use]
    pub fn past_at(&self, sequence: u64) -> Option<Past> {
        let mut past = self.past?;
        let mut segments = self.segments.iter().peekable();
        while let Some(segment) = segments.next_if(|segment| segment.sequence < sequence) {
            past.pass(segment);
            segments.peek().iter().for_each(|next| past.reach(next, &self.presentation));
        }
        segments.peek().filter(|segment| segment.sequence == sequence).map(|_| past)
    }

    /// The segment whose fragment of the track at this position starts at exactly `ticks`.
    #[must_use]
    pub fn find(&self, track: usize, ticks: u64) -> Option<&Segment> {
        let start = |segment: &Segment| segment.spans.get(track).map_or(u64::MAX, |span| span.start);
        let place = self.segments.binary_search_by_key(&ticks, start).ok()?;
        self.segments.get(place)
    }

    /// How long parts of its segments are to be; `None` where it has none.
    #[must_use]
    pub const fn part_length(&self) -> Option<MediaDuration> {
        self.part_length
    }

    /// The parts of the segment that is not whole yet.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        self.edge.open()
    }

    /// The parts of a whole segment, as long as it is one of the newest.
    #[must_use]
    pub fn parts_of(&self, sequence: u64) -> &[Part] {
        self.edge.of(sequence)
    }

    /// The parts of the fragment of the track at this position that starts at exactly `ticks`.
    #[must_use]
    pub fn find_parts(&self, track: usize, ticks: u64) -> Option<&[Part]> {
        self.edge.find(track, ticks)
    }

    /// Measured bit rates of the track at this position over the window; zero where there is no such track.
    #[must_use]
    pub fn bitrates(&self, track: usize) -> Bitrates {
        let (meter, spec) = (self.meters.get(track), self.presentation.tracks.get(track));
        meter.zip(spec).map(|(meter, spec)| meter.bitrates(spec.timescale.per_second())).unwrap_or_default()
    }

    /// What it is a timeline of.
    #[must_use]
    pub const fn presentation(&self) -> &Arc<Presentation> {
        &self.presentation
    }

    /// For each track whether manifests list it.
    #[must_use]
    pub const fn offered(&self) -> &Arc<[bool]> {
        &self.offered
    }

    /// The caption services that manifests name, sorted.
    #[must_use]
    pub const fn captions(&self) -> &Arc<[CaptionService]> {
        &self.captions
    }

    /// How far media time is behind the host's clock, counted from the epoch; negative where it is ahead.
    #[must_use]
    pub const fn drifted(&self) -> MediaDuration {
        self.drift
    }

    /// Changes with every change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Whether nothing will be added.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The longest that a segment may last.
    #[must_use]
    pub const fn segment_duration(&self) -> MediaDuration {
        self.segment_duration
    }
}
