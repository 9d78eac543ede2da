//! Versions of an MPD, and what leads from one to the next.

use super::{
    Mpd,
    patch::{NEVER, Patch, Text, Version, Versions},
};
use crate::{
    media::Body,
    time::{MediaDuration, MediaTime},
};

impl Mpd {
    /// From here on, remembers versions, so that there are patches.
    pub fn keep_versions(&mut self) {
        self.versions = Some(Versions::default());
    }

    /// What leads from the live MPD that listed the segments from the one to the other to the one that stands.
    #[must_use]
    pub fn patch(&self, from: (u64, u64)) -> Patch {
        let began = self.past.map_or(MediaTime::ZERO, |past| past.began);
        let was = self.versions.as_ref().and_then(|versions| versions.find(from));
        if was.is_some() && self.ends.is_some_and(|ends| ends.1 == from.1) {
            return Patch::Current;
        }
        let ready = was.zip(self.version()).and_then(|(was, now)| self.patched(began, was, &now));
        ready.map_or(Patch::Unfit, Patch::Ready)
    }

    /// A patch that fits no MPD: whoever gets it asks for the whole one.
    #[must_use]
    pub fn unfit(&self) -> Body {
        let began = self.past.map_or(MediaTime::ZERO, |past| past.began);
        Text::new(began, NEVER, &self.published()).done()
    }

    fn patched(&self, began: MediaTime, was: &Version, now: &Version) -> Option<Body> {
        if !was.leads_to(now, self.presentation.cues.event_stream) {
            return None;
        }
        let mut text = Text::new(began, &was.published, &now.published);
        text.locate(now.ends, self.segment_duration);
        let ends = [self.periods.front()?, self.periods.back()?];
        let several = usize::from(self.periods.len() > 1).saturating_add(1);
        for (period, (_, mark)) in ends.into_iter().zip(&was.periods).take(several) {
            text.change(period, mark, self.listed_ids())?;
        }
        Some(text.done())
    }

    /// How it stands.
    fn version(&self) -> Option<Version> {
        let behind = u64::try_from(self.periods.len()).ok()?.saturating_sub(1);
        let (first, last) = (self.periods.front()?, self.periods.back()?);
        let periods = [(self.passed, first.mark()), (self.passed.saturating_add(behind), last.mark())];
        Some(Version { ends: self.ends?, published: self.published(), closed: self.closed, periods })
    }

    pub(super) fn remember(&mut self) {
        if self.versions.is_some()
            && let Some(version) = self.version()
            && let Some(versions) = &mut self.versions
        {
            versions.push(version);
        }
    }

    /// The newest segment's end: a function of the timeline, not of a clock.
    fn published(&self) -> String {
        self.instant(self.edge, MediaDuration::ZERO)
    }
}
