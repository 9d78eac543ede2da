//! MPD patches (ISO/IEC 23009-1:2022 clause 5.15): what leads from an MPD that a client has to the one that stands, where only
//! segments joined and left. Whatever else has changed (periods, events, what is listed) is told by the whole MPD.
//!
//! The last few versions are remembered by where their segment timelines began and ended, so that a patch costs what it says.

use std::{collections::VecDeque, fmt::Write as _};

use dash_mpd::{MPD, PatchLocation};

use super::{
    period::{Period, PeriodMark},
    template::VERSION,
};
use crate::{
    media::Body,
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime},
};

/// The answer to a client that has some version of a live MPD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch {
    /// This makes of it the MPD that stands.
    Ready(Body),
    /// It is that already: a segment that joins will change it.
    Current,
    /// There is none: it is told of by the whole MPD.
    Unfit,
}

/// Versions of an MPD from which a patch leads to the one that stands, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions(VecDeque<Version>);

/// How an MPD stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The oldest and the newest segment that it lists.
    pub(super) ends: (u64, u64),
    /// What it says of when it was published.
    pub(super) published: String,
    /// What changed in events of periods that are neither the first nor the last.
    pub(super) closed: u64,
    /// The periods at either end: those between them never change.
    pub(super) periods: [(u64, PeriodMark); 2],
}

impl Versions {
    /// Twelve segments that join, each before another leaves.
    const MOST: usize = 24;

    pub(super) fn push(&mut self, version: Version) {
        if self.0.len() >= Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(version);
    }

    /// From here on, no version is like one before.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    pub(super) fn find(&self, ends: (u64, u64)) -> Option<&Version> {
        self.0.iter().rev().find(|version| version.ends == ends)
    }
}

impl Version {
    /// Whether from one to the other only segments joined and left.
    pub(super) fn leads_to(&self, now: &Self, shows_events: bool) -> bool {
        let same = |(place, mark): &(u64, PeriodMark), (other, now): &(u64, PeriodMark)| {
            place == other && (!shows_events || mark.events == now.events)
        };
        let is_same = self.periods.iter().zip(&now.periods).all(|(was, is)| same(was, is));
        is_same && (!shows_events || self.closed == now.closed)
    }
}

/// A patch as it is written.
pub(super) struct Text(String);

impl Text {
    /// One from the MPD that was published then; nothing is in it yet but when the one that stands was.
    pub(super) fn new(began: MediaTime, was: &str, published: &str) -> Self {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = write!(
            text,
            "<Patch xmlns=\"urn:mpeg:dash:schema:mpd-patch:2020\" mpdId=\"{}\" originalPublishTime=\"{was}\" \
             publishTime=\"{published}\"><replace sel=\"/MPD/@publishTime\">{published}</replace>",
            mpd_id(began)
        );
        Self(text)
    }

    /// The same of where the next patch is.
    pub(super) fn locate(&mut self, ends: (u64, u64), segment_duration: MediaDuration) {
        let (ttl, location) = (ttl(segment_duration), location(&version(ends)));
        let _ = write!(
            self.0,
            "<replace sel=\"/MPD/PatchLocation[1]\"><PatchLocation ttl=\"{ttl}\">{location}</PatchLocation></replace>"
        );
    }

    /// What became of the segment timelines of a period since it stood so, of the elements that are listed, each with its set.
    pub(super) fn change(
        &mut self,
        period: &Period,
        mark: &PeriodMark,
        listed: impl Iterator<Item = (usize, usize)>,
    ) -> Option<()> {
        for (element, set) in listed {
            let changes = period.since(mark, set)?;
            // As long as a whole timeline, if it were more.
            if changes.removed > MOST_REMOVED {
                return None;
            }
            let timeline = format!(
                "/MPD/Period[@id='{}']/AdaptationSet[@id='{element}']/SegmentTemplate/SegmentTimeline",
                id(period.start)
            );
            for _ in 0..changes.removed {
                let _ = write!(self.0, "<remove sel=\"{timeline}/S[1]\"/>");
            }
            for (place, element) in changes.replaced {
                let _ = write!(self.0, "<replace sel=\"{timeline}/S[{place}]\">{element}</replace>");
            }
            if !changes.added.is_empty() {
                let _ = write!(self.0, "<add sel=\"{timeline}\">{}</add>", changes.added);
            }
        }
        Some(())
    }

    pub(super) fn done(mut self) -> Body {
        self.0.push_str("</Patch>");
        Body::from(self.0)
    }
}

/// Lets this live MPD say where its patches are.
pub(super) fn announce(mpd: &mut MPD, began: MediaTime, segment_duration: MediaDuration) {
    mpd.id = Some(mpd_id(began));
    let location = PatchLocation { ttl: Some(ttl(segment_duration) as f64), content: location(VERSION) };
    mpd.PatchLocation = vec![location];
}

/// The name of a version in URLs.
pub(super) fn version((first, last): (u64, u64)) -> String {
    format!("{first}-{last}")
}

/// What is published before everything: no MPD is.
pub(super) const NEVER: &str = "1970-01-01T00:00:00.000Z";

const MOST_REMOVED: u64 = 64;

/// Relative to the MPD.
fn location(version: &str) -> String {
    format!("Patch(format=mpd-time-cmaf,from={version})")
}

/// The same of every version. dash.js takes a number zero for no id.
fn mpd_id(began: MediaTime) -> String {
    format!("from-{}", id(began))
}

/// The time on the media clock in milliseconds, as periods have it for their id.
fn id(at: MediaTime) -> String {
    at.flicks().div_euclid(FLICKS_PER_SECOND / 1000).to_string()
}

/// Seconds within which a version is remembered.
fn ttl(segment_duration: MediaDuration) -> u64 {
    segment_duration.times(10).to_std().as_secs().max(1)
}

#[cfg(test)]
mod tests;
