//! The filters of one request, applied to a timeline.

use std::sync::Arc;

use super::Filter;
use crate::{
    archive::Timeline,
    media::{Past, Segment},
    origin::{error::OriginError, shelf::Windows},
    time::{MediaDuration, MediaTime},
};

/// A span that a viewer asks for in a query: start-over and catch-up. It is in the asset or nowhere (FAULTS row 58).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::origin) struct Clip {
    pub(in crate::origin) start: Option<MediaTime>,
    pub(in crate::origin) end: Option<MediaTime>,
}

/// What a filtered manifest lists of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::origin) struct Selection {
    /// For each track whether it is listed.
    pub(in crate::origin) offered: Arc<[bool]>,
    /// Sequence numbers of the oldest and the newest segment.
    pub(in crate::origin) ends: (u64, u64),
    pub(in crate::origin) is_ended: bool,
    /// How far back a live one goes.
    pub(in crate::origin) window: Option<MediaDuration>,
    /// What the oldest finds.
    pub(in crate::origin) past: Past,
    pub(in crate::origin) first_quality: Option<u32>,
    /// The segment that a viewer starts over from, while it is still there.
    pub(in crate::origin) asked: Option<u64>,
    /// How far a live one stays behind.
    pub(in crate::origin) backoff: MediaDuration,
}

/// Filters taken together.
#[derive(Default)]
struct Combined {
    start: Option<MediaTime>,
    end: Option<MediaTime>,
    force_end: bool,
    window: Option<MediaDuration>,
    backoff: Option<MediaDuration>,
    first_quality: Option<u32>,
}

impl Selection {
    /// Filters in one URL (A22.2, and the ten of A27.6).
    pub(in crate::origin) const MAX_FILTERS: usize = 10;

    /// What these filters and this clip leave of a timeline; `hls` is how long segments are where the rules of HLS are
    /// to be kept.
    pub(in crate::origin) fn of(
        timeline: &Timeline,
        windows: Windows,
        filters: &[&Filter],
        clip: &Clip,
        hls: Option<MediaDuration>,
    ) -> Result<Self, OriginError> {
        let combined = Combined::of(filters)?;
        let offered = offered(timeline, filters)?;
        let (Some(first), Some(last)) = (timeline.first(), timeline.last()) else {
            return Err(OriginError::NoLiveEntries);
        };
        clip.check(first, last)?;
        let edge = last.end();
        combined.check(timeline, windows, (first.start, edge), hls)?;
        let is_over = |end: MediaTime| end <= edge;
        let is_ended = timeline.is_ended() || combined.force_end || clip.end.is_some_and(is_over);
        let start = combined.start.into_iter().chain(clip.start).max();
        let window = combined.window.into_iter().chain(windows.shown()).min();
        let (from, until) = if is_ended {
            (start, combined.end.into_iter().chain(clip.end).min())
        } else {
            let oldest = window.map(|window| edge.minus(window));
            (start.into_iter().chain(oldest).max(), None)
        };
        let backoff = combined.backoff.filter(|_| !is_ended).unwrap_or(MediaDuration::ZERO);
        // A fragment that straddles an edge is listed (A22.4).
        let is_listed = |segment: &&Segment| {
            from.is_none_or(|from| segment.end() > from)
                && until.is_none_or(|until| segment.start < until)
                && segment.end() <= edge.minus(backoff)
        };
        let oldest = timeline.segments().find(is_listed).ok_or(OriginError::NoLiveEntries)?;
        let newest = timeline.segments().rev().find(is_listed).ok_or(OriginError::NoLiveEntries)?;
        // While what was asked for is still there, time counts from it: also once the window moves on.
        let asked = start.and_then(|start| timeline.segments().find(|segment| segment.end() > start));
        let asked = asked.filter(|asked| start.is_some_and(|start| asked.start <= start));
        let past = timeline.past_at(oldest.sequence).ok_or(OriginError::NoLiveEntries)?;
        let began = asked.map_or(past.began, |asked| Past::whole_second(asked.start));
        Ok(Self {
            offered,
            ends: (oldest.sequence, newest.sequence),
            is_ended,
            window,
            past: Past { began, period: past.period.max(began), ..past },
            first_quality: combined.first_quality,
            asked: asked.map(|asked| asked.sequence),
            backoff,
        })
    }
}

impl Clip {
    /// All of it that may be asked for by now is there, or there is nothing.
    fn check(&self, first: &Segment, last: &Segment) -> Result<(), OriginError> {
        let is_there = |at: MediaTime| at >= first.start && at < last.end();
        let is_before = |at: MediaTime| at <= first.start;
        if self.start.is_some_and(|start| !is_there(start)) || self.end.is_some_and(is_before) {
            return Err(OriginError::TimestampNotFound);
        }
        Ok(())
    }
}

impl Combined {
    fn of(filters: &[&Filter]) -> Result<Self, OriginError> {
        if filters.len() > Selection::MAX_FILTERS {
            return Err(OriginError::FilterCountOverLimit);
        }
        let mut all = Self::default();
        for filter in filters {
            all.start = all.start.into_iter().chain(filter.start).max();
            all.end = all.end.into_iter().chain(filter.end).min();
            all.force_end |= filter.force_end;
            all.window = all.window.into_iter().chain(filter.window).min();
            all.backoff = all.backoff.into_iter().chain(filter.backoff).max();
            if let (Some(_), Some(_)) = (all.first_quality, filter.first_quality) {
                return Err(OriginError::FilterFirstQualities);
            }
            all.first_quality = all.first_quality.or(filter.first_quality);
        }
        Ok(all)
    }

    /// The rules of A22.6 that depend on the asset, whose timeline lasts from the one to the other.
    fn check(
        &self,
        timeline: &Timeline,
        windows: Windows,
        (first, edge): (MediaTime, MediaTime),
        hls: Option<MediaDuration>,
    ) -> Result<(), OriginError> {
        if timeline.is_ended() {
            return Ok(());
        }
        if self.force_end {
            let has_left = |at: MediaTime| at < first || at > edge;
            if self.start.is_some_and(has_left) || self.end.is_some_and(has_left) {
                return Err(OriginError::FilterForceEndLeftWindow);
            }
            return Ok(());
        }
        let backoff = self.backoff.unwrap_or(MediaDuration::ZERO);
        if windows.shown().is_some_and(|window| backoff > window) {
            return Err(OriginError::FilterBackoffOverDvrWindow);
        }
        if self.window.is_some_and(|window| backoff > window) {
            return Err(OriginError::FilterBackoffOverWindow);
        }
        let is_short =
            |span: MediaDuration| span > MediaDuration::ZERO && hls.is_some_and(|longest| span <= longest.times(3));
        if is_short(backoff) || self.window.is_some_and(is_short) {
            return Err(OriginError::HlsSegmentTooLarge);
        }
        Ok(())
    }
}

/// The tracks that every filter selects and the timeline offers.
fn offered(timeline: &Timeline, filters: &[&Filter]) -> Result<Arc<[bool]>, OriginError> {
    let tracks = timeline.presentation().tracks.iter().zip(timeline.offered().iter());
    let is_selected = |track| filters.iter().all(|filter| filter.selects(track));
    let offered: Arc<[bool]> = tracks.map(|(track, is_offered)| *is_offered && is_selected(track)).collect();
    if offered.contains(&true) { Ok(offered) } else { Err(OriginError::FilterRemovedAllStreams) }
}
