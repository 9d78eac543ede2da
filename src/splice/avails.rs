//! Ad breaks: which cue opens one, which one closes it, and where the output is spliced for it (A14; FAULTS rows 46 to 49).
//!
//! The rules, for cues of every source:
//!
//! * **Identity.** A cue is known by its source and its id. The same again is a repetition and nothing more; the same id with
//!   another time or duration replaces what was announced; of a break that runs, only its duration can be changed.
//! * **One break at a time.** A way out inside of another break, running or announced, is refused. A break whose end nobody
//!   told gives way to the next one.
//! * **The way back** ends the running break of its source, also before its time; one with another id does so, too, as
//!   encoders number the way out and the way back apart. Where there is no such break it is refused.
//! * **Late.** What was due before the next frame happens at the next frame.
//! * **The end.** A break that returns by itself ends after its duration. One that waits for the way back ends
//!   [`GRACE`](Avails::GRACE) after its duration without one; one of no known duration after [`LONGEST`](Avails::LONGEST).
//! * **Messages** that splice nothing are told once, [`Avail::AHEAD`] before their time or as they come.
//! * **Limits.** [`MAX_PENDING`](Avails::MAX_PENDING) announcements wait at most, and none further ahead than a day. Viewers are told
//!   of no more cancellations than that in a segment.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use crate::{
    media::{Avail, CuePhase, SegmentCue},
    splice::{
        BreakEnd, Cue, CueAction, CueRefusal, CueSource, Splice, SpliceKind,
        own_section::{back, out},
    },
    time::{MediaDuration, MediaTime},
};

/// The breaks of a channel.
#[derive(Debug, Default)]
pub struct Avails {
    /// What is announced, by the time at which it happens.
    pending: Vec<(MediaTime, Cue)>,
    running: Option<Running>,
    /// Breaks that began, the newest last: their cues are repeated afterwards, too.
    begun: VecDeque<(CueSource, u32)>,
    /// Messages that viewers were told, the newest last, with their times.
    told: VecDeque<(u32, MediaTime)>,
    /// What the next segment begins or ends, or is to tell.
    made: Vec<SegmentCue>,
}

#[derive(Clone, Debug)]
struct Running {
    cue: Cue,
    avail: Arc<Avail>,
    began: MediaTime,
    ends: MediaTime,
    /// Why, if no cue ends it before.
    because: BreakEnd,
}

impl Avails {
    /// Announcements that wait at most.
    pub const MAX_PENDING: usize = 64;
    /// No announcement is further ahead.
    const MAX_AHEAD: MediaDuration = MediaDuration::from_secs(24 * 3600);
    /// The longest break of no known duration.
    pub const LONGEST: MediaDuration = MediaDuration::from_secs(3600);
    /// How long the way back is waited for after the duration of a break that does not return by itself.
    pub const GRACE: MediaDuration = MediaDuration::from_secs(10);
    /// Breaks that are remembered.
    const MEMORY: usize = 64;

    /// Takes a cue when the output has come to `position`.
    ///
    /// # Errors
    /// Why it changes nothing.
    pub fn announce(&mut self, cue: Cue, position: MediaTime) -> Result<(), CueRefusal> {
        let at = cue.at.unwrap_or(position).max(position);
        if at.since(position) > Self::MAX_AHEAD {
            return Err(CueRefusal::TooFar { id: cue.id });
        }
        // Late ones keep the time that they were asked for.
        let asked = cue.at.unwrap_or(position);
        match cue.action {
            CueAction::Out { .. } if self.begun.contains(&(cue.source, cue.id)) => self.change(cue),
            CueAction::Out { .. } => self.announce_out(asked, cue),
            CueAction::In => self.announce_in(asked, cue),
            CueAction::Cancel => self.cancel(cue, position),
            CueAction::Tell => self.announce_message(asked, cue),
        }
    }

    /// Makes what is due at the frame that shows at `position`; the next splice of it, until there is none.
    pub fn take(&mut self, position: MediaTime) -> Option<Splice> {
        self.take_within(position, MediaDuration::ZERO)
    }

    /// The same, where what is due up to `slack` later is due there, too: times that an encoder rounded.
    pub fn take_within(&mut self, position: MediaTime, slack: MediaDuration) -> Option<Splice> {
        let reach = position.plus(slack);
        let next = self.pending.iter().position(|(at, cue)| *at <= reach && cue.action != CueAction::Tell);
        let due = next.and_then(|next| self.pending.get(next)).map(|(at, cue)| (*at, cue.action));
        if let Some(running) = self.running.as_ref().filter(|running| running.ends <= reach)
            && due.is_none_or(|(at, _)| running.ends <= at)
        {
            let (ends, because) = (running.ends, running.because);
            return self.end(ends, position, because, None);
        }
        let (asked, action) = due?;
        if self.running.is_some() && action != CueAction::In {
            return self.end(asked, position, BreakEnd::Superseded, None);
        }
        let (_, cue) = self.pending.remove(next?);
        match cue.action {
            CueAction::Out { .. } => Some(self.begin(cue, asked, position)),
            // The break that it was for is over.
            _ => self.end(asked, position, BreakEnd::Cue, cue.section).or_else(|| self.take_within(position, slack)),
        }
    }

    /// What the segment that starts at `position` has to do with the breaks, once all that is due there was taken.
    pub fn in_segment(&mut self, position: MediaTime) -> Arc<[SegmentCue]> {
        let is_near = |at: MediaTime| at.since(position) <= Avail::AHEAD;
        let mut cues = std::mem::take(&mut self.made);
        if let Some(running) = self.running.as_ref().filter(|running| running.began < position) {
            cues.push(SegmentCue { avail: Arc::clone(&running.avail), phase: CuePhase::Within });
        }
        for (at, cue) in self.pending.iter().take_while(|(at, _)| is_near(*at)) {
            let phase = match cue.action {
                CueAction::Out { .. } => CuePhase::Ahead,
                CueAction::Tell => CuePhase::Told,
                CueAction::In | CueAction::Cancel => continue,
            };
            cues.extend(cue.section.is_some().then(|| SegmentCue { avail: Arc::new(avail(cue, *at, *at)), phase }));
        }
        self.pending.retain(|(at, cue)| cue.action != CueAction::Tell || !is_near(*at));
        if cues.is_empty() { Arc::default() } else { cues.into() }
    }

    /// The cue of the break that runs.
    #[must_use]
    pub fn running(&self) -> Option<&Cue> {
        self.running.as_ref().map(|running| &running.cue)
    }

    /// Whether a break runs in which the slate hides the contribution.
    #[must_use]
    pub fn shows_slate(&self) -> bool {
        self.running().is_some_and(|cue| matches!(cue.action, CueAction::Out { shows_slate: true, .. }))
    }

    fn announce_out(&mut self, at: MediaTime, cue: Cue) -> Result<(), CueRefusal> {
        let is_same = |other: &Cue| other.source == cue.source && other.id == cue.id && other.action != CueAction::In;
        let known = self.pending.iter().position(|(_, other)| is_same(other));
        if known.and_then(|known| self.pending.get(known)).is_some_and(|(_, other)| other.repeats(&cue)) {
            return Err(CueRefusal::Repeated { id: cue.id });
        }
        self.check_apart(at, &cue, is_same)?;
        if let Some(known) = known {
            self.pending.remove(known);
        }
        self.insert(at, cue)
    }

    /// No other break lies over this one, as far as is known.
    fn check_apart(&self, at: MediaTime, cue: &Cue, is_same: impl Fn(&Cue) -> bool) -> Result<(), CueRefusal> {
        let running = self.running.as_ref().map(|running| (running.began, &running.cue));
        let is_out = |other: &Cue| matches!(other.action, CueAction::Out { .. }) && !is_same(other);
        let pending = self.pending.iter().filter(|(_, other)| is_out(other)).map(|(at, other)| (*at, other));
        let others = running.into_iter().chain(pending);
        let ends = |began: MediaTime, of: &Cue| {
            let back = self.pending.iter().find(|(at, other)| other.action == CueAction::In && *at >= began);
            let planned = duration_of(of).map_or(began, |duration| began.plus(duration));
            back.map_or(planned, |(back, _)| planned.min(*back))
        };
        for (began, other) in others {
            let is_apart = ends(began, other) <= at || ends(at, cue) <= began && at < began;
            if !is_apart {
                return Err(CueRefusal::Overlap { id: cue.id, running: other.id });
            }
        }
        Ok(())
    }

    /// A cue of a break that runs or ran: only another duration of the one that runs means something.
    fn change(&mut self, cue: Cue) -> Result<(), CueRefusal> {
        let is_it = |running: &&mut Running| {
            (running.cue.source, running.cue.id) == (cue.source, cue.id) && running.cue.action != cue.action
        };
        let running = self.running.as_mut().filter(is_it).ok_or(CueRefusal::Repeated { id: cue.id })?;
        (running.ends, running.because) = end_of(running.began, &cue);
        let Avail { asked, start, .. } = *running.avail;
        let section = cue.section.clone().unwrap_or_else(|| out(&cue, start));
        running.avail = Arc::new(Avail { id: cue.id, asked, start, duration: duration_of(&cue), section });
        running.cue.action = cue.action;
        Ok(())
    }

    fn announce_in(&mut self, at: MediaTime, cue: Cue) -> Result<(), CueRefusal> {
        let is_ours = |other: &Cue| other.source == cue.source;
        let begins = |(begins, other): &(MediaTime, Cue)| {
            is_ours(other) && matches!(other.action, CueAction::Out { .. }) && *begins <= at
        };
        if !self.running().is_some_and(is_ours) && !self.pending.iter().any(begins) {
            return Err(CueRefusal::NoBreak { id: cue.id });
        }
        let is_same =
            |(_, other): &(MediaTime, Cue)| is_ours(other) && other.action == CueAction::In && other.id == cue.id;
        if let Some(known) = self.pending.iter().position(is_same) {
            if self.pending.get(known).is_some_and(|(_, other)| other.repeats(&cue)) {
                return Err(CueRefusal::Repeated { id: cue.id });
            }
            self.pending.remove(known);
        }
        self.insert(at, cue)
    }

    fn cancel(&mut self, cue: Cue, position: MediaTime) -> Result<(), CueRefusal> {
        let is_same = |other: &Cue| other.source == cue.source && other.id == cue.id;
        let before = self.pending.len();
        self.pending.retain(|(_, other)| !is_same(other));
        if let Some(running) = self.running.as_mut().filter(|running| is_same(&running.cue)) {
            (running.ends, running.because) = (position, BreakEnd::Cancelled);
        } else if self.pending.len() == before {
            return Err(CueRefusal::NoBreak { id: cue.id });
        }
        // Viewers may have been told of it.
        if cue.section.is_some() && self.made.len() < Self::MAX_PENDING {
            let avail = Arc::new(avail(&cue, position, position));
            self.made.push(SegmentCue { avail, phase: CuePhase::Told });
        }
        Ok(())
    }

    fn insert(&mut self, at: MediaTime, cue: Cue) -> Result<(), CueRefusal> {
        if self.pending.len() >= Self::MAX_PENDING {
            return Err(CueRefusal::TooMany(self.pending.len()));
        }
        let place = self.pending.partition_point(|(other, _)| *other <= at);
        self.pending.insert(place, (at, cue));
        Ok(())
    }

    fn announce_message(&mut self, at: MediaTime, cue: Cue) -> Result<(), CueRefusal> {
        if self.told.contains(&(cue.id, at)) {
            return Err(CueRefusal::Repeated { id: cue.id });
        }
        let id = cue.id;
        self.insert(at, cue)?;
        if self.told.len() == Self::MEMORY {
            self.told.pop_front();
        }
        self.told.push_back((id, at));
        Ok(())
    }

    fn begin(&mut self, cue: Cue, asked: MediaTime, achieved: MediaTime) -> Splice {
        let (ends, because) = end_of(achieved, &cue);
        let avail = Arc::new(avail(&cue, asked, achieved));
        self.made.push(SegmentCue { avail: Arc::clone(&avail), phase: CuePhase::Out });
        let (source, id, kind) = (cue.source, cue.id, SpliceKind::Out(duration_of(&cue)));
        self.running = Some(Running { cue, avail, began: achieved, ends, because });
        if self.begun.len() == Self::MEMORY {
            self.begun.pop_front();
        }
        self.begun.push_back((source, id));
        Splice { source, id, asked, achieved, kind }
    }

    fn end(
        &mut self,
        asked: MediaTime,
        achieved: MediaTime,
        because: BreakEnd,
        section: Option<Bytes>,
    ) -> Option<Splice> {
        let Running { cue, avail, .. } = self.running.take()?;
        // The operator's break has messages of our own; what a contribution did not say is not put in its mouth.
        let section = section.or_else(|| cue.section.is_none().then(|| back(cue.id, achieved)));
        self.made.push(SegmentCue { avail, phase: CuePhase::In(section) });
        Some(Splice { source: cue.source, id: cue.id, asked, achieved, kind: SpliceKind::In(because) })
    }
}

/// Where a break that begins at `began` ends by itself, and why.
fn end_of(began: MediaTime, cue: &Cue) -> (MediaTime, BreakEnd) {
    match (duration_of(cue), cue.action) {
        (Some(duration), CueAction::Out { auto_return: true, .. }) => (began.plus(duration), BreakEnd::Duration),
        (Some(duration), _) => (began.plus(duration).plus(Avails::GRACE), BreakEnd::Ceiling),
        (None, _) => (began.plus(Avails::LONGEST), BreakEnd::Ceiling),
    }
}

/// An avail of a cue that was asked for at one time and happens at another.
fn avail(cue: &Cue, asked: MediaTime, start: MediaTime) -> Avail {
    let section = cue.section.clone().unwrap_or_else(|| out(cue, start));
    Avail { id: cue.id, asked, start, duration: duration_of(cue), section }
}

fn duration_of(cue: &Cue) -> Option<MediaDuration> {
    let CueAction::Out { duration, .. } = cue.action else { return None };
    duration.filter(|duration| *duration > MediaDuration::ZERO)
}

#[cfg(test)]
mod tests;
