//! One period: the segment timelines and events between two points at which a player may be handed other media.

use std::fmt::Write as _;

use bytes::Bytes;

use super::{
    events,
    template::{Hole, Template},
};
use crate::{
    media::{Avail, Segment, TrackSpec},
    package::{
        events::Events,
        runs::{Changes, Mark, RunForm, Runs},
    },
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime},
};

/// What a period lists, by switching set.
#[derive(Clone, Debug)]
pub(super) struct Period {
    pub(super) start: MediaTime,
    sets: Vec<Runs>,
    events: Events,
    segments: usize,
}

/// How a period stood at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PeriodMark {
    /// How often its events had changed.
    pub(super) events: u64,
    sets: Vec<Option<Mark>>,
}

impl Period {
    /// An empty one that starts at `start`, of so many switching sets.
    pub(super) fn new(start: MediaTime, sets: usize) -> Self {
        let sets = (0..sets).map(|_| Runs::new(RunForm::Segments)).collect();
        Self { start, sets, events: events::events(), segments: 0 }
    }

    /// A segment joined, of whose switching sets these are the first tracks.
    pub(super) fn append(&mut self, segment: &Segment, firsts: &[usize]) {
        self.segments = self.segments.saturating_add(1);
        for (timeline, track) in self.sets.iter_mut().zip(firsts) {
            timeline.append(segment.spans.get(*track).copied().unwrap_or_default());
        }
        self.events.append(segment);
    }

    /// An avail ended at `at`, here or in a period after it. Whether it began here.
    pub(super) fn close(&mut self, avail: &Avail, at: MediaTime) -> bool {
        self.events.close(avail, at)
    }

    /// Its oldest segment, which is this one, left the window.
    pub(super) fn remove(&mut self, segment: &Segment, firsts: &[usize]) {
        self.segments = self.segments.saturating_sub(1);
        for (timeline, track) in self.sets.iter_mut().zip(firsts) {
            timeline.remove(segment.spans.get(*track).copied().unwrap_or_default());
        }
        self.events.remove(segment.end());
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.segments == 0
    }

    /// How it stands.
    pub(super) fn mark(&self) -> PeriodMark {
        PeriodMark { events: self.events.changes(), sets: self.sets.iter().map(Runs::mark).collect() }
    }

    /// What became of a set's timeline since it stood so; `None` where it is empty now or was then, but not both.
    pub(super) fn since(&self, mark: &PeriodMark, set: usize) -> Option<Changes> {
        let (runs, was) = (self.sets.get(set)?, mark.sets.get(set)?);
        match (was, runs.mark()) {
            (None, None) => Some(Changes::default()),
            (Some(was), Some(_)) => Some(runs.since(*was)),
            _ => None,
        }
    }

    /// Adds the whole element to `out`. It is shown from the first time on, which lies so long after the presentation's beginning;
    /// `tracks` are the first ones of the switching sets that are listed, each with the position of its set.
    pub(super) fn share(
        &self,
        template: &Template,
        (start, after): (MediaTime, MediaDuration),
        tracks: &[(usize, &TrackSpec)],
        shows_events: bool,
        out: &mut Vec<Bytes>,
    ) {
        out.push(open(self.start, after, None).into());
        if shows_events {
            events::share(&self.events, start, out);
        }
        let mut listed = tracks.iter().copied().peekable();
        for (piece, hole) in &template.period {
            out.push(piece.clone());
            match hole {
                Hole::Offset => {
                    let offset = listed.peek().map_or(0, |(_, track)| start.ticks(track.timescale));
                    out.push(offset.to_string().into());
                }
                Hole::Segments => {
                    if let Some(timeline) = listed.next().and_then(|(set, _)| self.sets.get(set)) {
                        timeline.share(out);
                    }
                }
                Hole::Numbers | Hole::WallClock | Hole::End => {}
            }
        }
    }
}

/// The opening tag of a period. Its id is its start on the media clock, in milliseconds: the same for everyone who follows the
/// timeline, and never used again. It is shown so long after the presentation's beginning.
pub(super) fn open(start: MediaTime, after: MediaDuration, lasts: Option<MediaDuration>) -> String {
    let millis = start.flicks().div_euclid(FLICKS_PER_SECOND / 1000);
    let mut text = format!("<Period id=\"{millis}\" start=\"PT{}S\"", seconds(after));
    if let Some(lasts) = lasts {
        let _ = write!(text, " duration=\"PT{}S\"", seconds(lasts));
    }
    text.push('>');
    text
}

/// Seconds, with nine decimals where they are not whole.
pub(super) fn seconds(span: MediaDuration) -> String {
    let nanos = (i128::from(span.flicks()) * 1_000_000_000).div_euclid(FLICKS_PER_SECOND.into());
    let (whole, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:09}") }
}
