//! Periods whose segments have numbers and last equally long: what `SegmentTemplate` with `@duration` says of them
//! (ISO/IEC 23009-1:2022 clause 5.3.9.5.3), kept up incrementally.
//!
//! A player makes the time of a segment out of its number alone. So a period goes on while segments start where its first one's
//! duration puts them; one that does not, or that lasts longer, begins the next period. One that a splice cut short is the last of its
//! period. The number of a segment is its sequence number, and the same in every period and rendition. What this cannot say: that a
//! rendition has nothing in some segment, of which there is no fragment then, or that a channel is off air.

use std::{collections::VecDeque, fmt::Write as _};

use bytes::Bytes;

use super::{
    events,
    period::{open, seconds},
    template::{Hole, Template},
};
use crate::{
    media::{Avail, Segment},
    package::events::Events,
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime, Timescale},
};

/// The first segment of a period: from here on, numbers count time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Where it starts.
    pub start: MediaTime,
    /// Its number.
    pub number: u64,
    /// How long each segment of the period lasts.
    pub duration: MediaDuration,
}

/// The periods that the window shows, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbered {
    /// What the first segment counts from, where that is not itself.
    first: Option<Anchor>,
    periods: VecDeque<Numbers>,
}

/// One period.
#[derive(Clone, Debug)]
struct Numbers {
    anchor: Anchor,
    /// Where its newest segment ends.
    end: MediaTime,
    /// The number behind that of its newest segment.
    next: u64,
    /// Segments that the window still shows.
    listed: usize,
    events: Events,
}

/// What an MPD with numbers says beside its periods.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) template: &'a Template,
    /// What presentation time counts from.
    pub(super) began: MediaTime,
    /// The oldest segment where nothing follows any more: then the presentation begins with it.
    pub(super) oldest: Option<&'a Segment>,
    /// How long a part lasts, where segments are available part by part.
    pub(super) parts: Option<MediaDuration>,
    /// How long a segment lasts at most.
    pub(super) longest: MediaDuration,
    pub(super) shows_events: bool,
}

impl Numbered {
    /// The first segment, which is still to come, counts from here.
    pub(super) const fn begin(&mut self, anchor: Anchor) {
        self.first = Some(anchor);
    }

    /// What the segment with this number counts from, where it is listed.
    pub(super) fn anchor(&self, number: u64) -> Option<Anchor> {
        let behind = self.periods.partition_point(|period| period.anchor.number <= number);
        let period = self.periods.get(behind.checked_sub(1)?)?;
        (number < period.next).then_some(period.anchor)
    }

    /// A segment joined; whether it begins a period in any case.
    pub(super) fn append(&mut self, segment: &Segment, is_first: bool) {
        let goes_on = self.periods.back().is_some_and(|period| !is_first && period.anchor.takes(segment));
        if !goes_on {
            let own = Anchor { start: segment.start, number: segment.sequence, duration: segment.duration };
            self.periods.push_back(Numbers::new(self.first.take().unwrap_or(own)));
        }
        if let Some(period) = self.periods.back_mut() {
            period.append(segment);
        }
    }

    /// An avail ended at `at`. It is told of in each period that it lies in.
    pub(super) fn close(&mut self, avail: &Avail, at: MediaTime) {
        self.periods.iter_mut().rev().all(|period| period.events.close(avail, at));
    }

    /// The oldest segment, which ended at `end`, left the window.
    pub(super) fn remove(&mut self, end: MediaTime) {
        let Some(oldest) = self.periods.front_mut() else { return };
        oldest.listed = oldest.listed.saturating_sub(1);
        oldest.events.remove(end);
        if oldest.listed == 0 && self.periods.len() > 1 {
            self.periods.pop_front();
        }
    }

    /// Adds the elements to `out`; `wall_clock` says when media was made.
    pub(super) fn share(&self, frame: Frame<'_>, wall_clock: impl Fn(MediaTime) -> Bytes, out: &mut Vec<Bytes>) {
        let mut periods = self.periods.iter().peekable();
        while let Some(period) = periods.next() {
            let next = periods.peek().map(|next| next.anchor.start);
            period.share(frame, next, &wall_clock, out);
        }
    }
}

impl Anchor {
    /// Segments may start so many times less than their duration off: time stamps of whole milliseconds are none too exact. The
    /// standard allows for half a duration.
    const SLACK: i64 = 20;

    /// Whether a segment has its place here, is the next one, and is not longer than the others.
    fn takes(&self, segment: &Segment) -> bool {
        let place = self.place(segment.sequence);
        let slack = self.duration.flicks() / Self::SLACK;
        !segment.is_discontinuous
            && segment.start.since(place).flicks().saturating_abs() <= slack
            && segment.duration.minus(self.duration).flicks() <= slack
            && segment.end() > place
    }

    fn place(&self, number: u64) -> MediaTime {
        let behind = i64::try_from(number.saturating_sub(self.number)).unwrap_or(i64::MAX);
        self.start.plus(self.duration.times(behind))
    }

    /// A clock on which the duration is whole, so that its sum never drifts, and that is no coarser than 90 kHz, which it mostly is.
    fn clock(&self) -> Timescale {
        let least = i64::from(Timescale::MPEG.per_second());
        let exact = FLICKS_PER_SECOND.checked_div(common(FLICKS_PER_SECOND, self.duration.flicks())).unwrap_or(least);
        if least % exact == 0 {
            return Timescale::MPEG;
        }
        let times = (least / exact).saturating_add(1);
        let fine = u32::try_from(exact.saturating_mul(times)).ok().and_then(Timescale::new);
        let fits = |scale: &Timescale| u32::try_from(self.duration.ticks(*scale)).is_ok();
        fine.filter(fits).unwrap_or(Timescale::MPEG)
    }
}

impl Numbers {
    fn new(anchor: Anchor) -> Self {
        Self { anchor, end: anchor.start, next: anchor.number, listed: 0, events: events::events() }
    }

    fn append(&mut self, segment: &Segment) {
        self.end = segment.end();
        self.next = segment.sequence.saturating_add(1);
        self.listed = self.listed.saturating_add(1);
        self.events.append(segment);
    }

    /// The whole element; `next` is where the period behind it starts.
    fn share(
        &self,
        frame: Frame<'_>,
        next: Option<MediaTime>,
        wall_clock: impl Fn(MediaTime) -> Bytes,
        out: &mut Vec<Bytes>,
    ) {
        let is_over = next.is_some() || frame.oldest.is_some();
        let anchor = self.shown(frame.oldest, is_over.then_some(frame.longest));
        // Without a duration of its own it would last until the next one starts.
        let lasts = next.filter(|next| *next != self.end).map(|_| self.end.since(anchor.start));
        out.push(open(self.anchor.start, anchor.start.since(frame.began), lasts).into());
        if frame.shows_events {
            events::share(&self.events, anchor.start, out);
        }
        let clock = anchor.clock();
        let offset = Bytes::from(anchor.start.ticks(clock).to_string());
        let whole = self.shown(frame.oldest, Some(frame.longest)).duration;
        let early = frame.parts.map(|part| whole.minus(part).max(MediaDuration::ZERO));
        let numbers = Bytes::from(self.numbers(anchor, clock, is_over, early));
        for (piece, hole) in &frame.template.period {
            out.push(piece.clone());
            match hole {
                Hole::Numbers => out.push(numbers.clone()),
                Hole::Offset => out.push(offset.clone()),
                Hole::WallClock => out.push(wall_clock(anchor.start)),
                Hole::Segments | Hole::End => {}
            }
        }
    }

    /// What numbers count from; `over` is said of a period that is, and is how long a segment lasts at most. One that is alone is the last
    /// of its period, which may be shorter than is said (clause 5.3.9.5.3). So it is said to be as long as any. What is said of when its
    /// parts are there follows from that, also while more may come: Shaka Player takes the least `availabilityTimeOffset` that it ever saw
    /// for all periods, and who asks for a segment too early is held until it is there.
    fn shown(&self, oldest: Option<&Segment>, over: Option<MediaDuration>) -> Anchor {
        let anchor = self.counted(oldest);
        let is_alone = self.next.saturating_sub(anchor.number) == 1;
        let duration = over.filter(|_| is_alone).map_or(anchor.duration, |longest| longest.max(anchor.duration));
        Anchor { duration, ..anchor }
    }

    /// What numbers count from: on demand, from the first one that is there. Players that do not know `endNumber` take as many as fit
    /// into the period, so that the last one must reach its end.
    fn counted(&self, oldest: Option<&Segment>) -> Anchor {
        let Some(oldest) = oldest else { return self.anchor };
        let from = oldest.sequence > self.anchor.number;
        let (start, number) =
            if from { (oldest.start, oldest.sequence) } else { (self.anchor.start, self.anchor.number) };
        let count = i64::try_from(self.next.saturating_sub(number)).unwrap_or(i64::MAX).max(1);
        let mean = self.end.since(start).flicks().saturating_add(count - 1) / count;
        let tick = FLICKS_PER_SECOND / i64::from(Timescale::MPEG.per_second());
        let duration = if mean > self.anchor.duration.flicks() {
            MediaDuration::from_flicks((mean / tick).saturating_add(1).saturating_mul(tick))
        } else {
            self.anchor.duration
        };
        Anchor { start, number, duration }
    }

    /// `early` is how long the first part of a segment is there before its last.
    fn numbers(&self, anchor: Anchor, clock: Timescale, is_over: bool, early: Option<MediaDuration>) -> String {
        let mut text = format!("startNumber=\"{}\"", anchor.number);
        if is_over {
            let _ = write!(text, " endNumber=\"{}\"", self.next.saturating_sub(1));
        }
        let (duration, rate) = (anchor.duration.ticks(clock), clock.per_second());
        let offset = anchor.start.ticks(clock);
        let _ = write!(text, " duration=\"{duration}\" timescale=\"{rate}\" presentationTimeOffset=\"{offset}\"");
        if let Some(early) = early {
            let _ = write!(text, " availabilityTimeOffset=\"{}\" availabilityTimeComplete=\"false\"", seconds(early));
        }
        text
    }
}

/// The greatest common divisor.
const fn common(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a.wrapping_rem(b));
    }
    a.saturating_abs()
}

#[cfg(test)]
mod tests;
