//! What `onAdCue` messages ask for (A14.11, SPECS d4).
//!
//! * **Identity.** A break is known by `time` and `id`. The same two again with another duration change it; a duration of zero
//!   cancels one that had a duration (as A14.2 has it), else it is not known how long it is. In the SCTE-35 mode it is the
//!   section that says what happens and under which id, as with every other carriage; `time` says when.
//! * **Ids** are text there and numbers here (A14.3): a number from 1 to 2147483647 is itself, anything else a number made of
//!   the text, and where that one is another break's, the next that is free. The text stays in the message, which hosts get
//!   ([`CueSignal`]).
//! * **Rejoining.** Where the first message of a break comes after its time and says how much of it has `elapsed`, the rest of
//!   its duration remains. Of a break that is known it says nothing new.
//! * **Lead.** None is needed: a message that comes late is acted on at once. (Azure Media Services took the last one that was
//!   four seconds ahead.)

use std::collections::VecDeque;

use crate::{
    channel::scte35_cues::cues_of,
    error::ParseError,
    media::CueSignal,
    splice::{AdSignal, Cue, CueAction, CueSource, OnAdCue, normalised_cue_id},
    time::{MediaDuration, MediaTime},
};

/// The breaks that messages spoke of, so that the next one is known for what it is.
#[derive(Debug, Default)]
pub(super) struct OnAdCues {
    known: VecDeque<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    id: String,
    time: MediaTime,
    /// Under which the channel knows it.
    number: u32,
    /// What of its duration was over when it was told of first.
    missed: MediaDuration,
    duration: MediaDuration,
    is_cancelled: bool,
}

impl OnAdCues {
    /// Breaks that are remembered: more than [`Avails`](crate::splice::Avails) remembers, so that no number comes back too
    /// early.
    const MEMORY: usize = 128;

    /// What a message asks for, in source time. `running` is the contribution's break that runs.
    ///
    /// # Errors
    /// What is wrong with the message.
    pub(super) fn read(
        &mut self,
        signal: &CueSignal,
        running: Option<u32>,
        shows_slate: bool,
    ) -> Result<Vec<Cue>, ParseError> {
        let message = OnAdCue::parse(&signal.payload)?;
        // Where it is placed among the pictures; its ingest could read it, too.
        let due = signal.due.unwrap_or(message.time);
        let elapsed = message.elapsed.filter(|_| due < signal.at).filter(|elapsed| *elapsed > MediaDuration::ZERO);
        match &message.signal {
            AdSignal::Other => Ok(Vec::new()),
            AdSignal::Scte35(section) => {
                let section = CueSignal { due: Some(due), payload: section.clone(), ..signal.clone() };
                let mut cues = cues_of(&section, shows_slate)?;
                let missed = self.known_of(&message, due, running, elapsed).missed;
                for cue in &mut cues {
                    cue.action = rest(cue.action, message.duration, missed);
                }
                Ok(cues)
            }
            AdSignal::SpliceIn => {
                let known = self.known.iter().rev().find(|known| known.id == message.id);
                let number = known.map_or_else(|| normalised_cue_id(&message.id), |known| known.number);
                Ok(vec![cue(number, Some(due), CueAction::In)])
            }
            AdSignal::SpliceOut => Ok(self.out(&message, due, running, elapsed, shows_slate)),
        }
    }

    fn out(
        &mut self,
        message: &OnAdCue,
        due: MediaTime,
        running: Option<u32>,
        elapsed: Option<MediaDuration>,
        shows_slate: bool,
    ) -> Vec<Cue> {
        let known = self.known_of(message, due, running, elapsed);
        let is_timed = message.duration > MediaDuration::ZERO;
        if !is_timed && known.is_cancelled {
            return Vec::new();
        }
        if !is_timed && known.duration > MediaDuration::ZERO {
            known.is_cancelled = true;
            return vec![cue(known.number, None, CueAction::Cancel)];
        }
        (known.duration, known.is_cancelled) = (message.duration, false);
        let left = message.duration.minus(known.missed);
        if is_timed && left <= MediaDuration::ZERO {
            // It is over.
            return Vec::new();
        }
        let action = CueAction::Out { duration: is_timed.then_some(left), auto_return: is_timed, shows_slate };
        vec![cue(known.number, Some(due), action)]
    }

    /// The break that a message speaks of.
    fn known_of(
        &mut self,
        message: &OnAdCue,
        due: MediaTime,
        running: Option<u32>,
        elapsed: Option<MediaDuration>,
    ) -> &mut Known {
        let is_it = |known: &Known| known.id == message.id && known.time == due;
        // An encoder that came back mid-break may be on another clock.
        let goes_on = |known: &Known| elapsed.is_some() && known.id == message.id && running == Some(known.number);
        let place = self.known.iter().position(is_it).or_else(|| self.known.iter().rposition(goes_on));
        let place = place.unwrap_or_else(|| {
            if self.known.len() == Self::MEMORY {
                self.known.pop_front();
            }
            let mut number = normalised_cue_id(&message.id);
            while self.known.iter().any(|known| known.number == number) {
                number = number % i32::MAX.unsigned_abs() + 1;
            }
            let (id, missed) = (message.id.clone(), elapsed.unwrap_or(MediaDuration::ZERO));
            let (duration, is_cancelled) = (MediaDuration::ZERO, false);
            self.known.push_back(Known { id, time: due, number, missed, duration, is_cancelled });
            self.known.len() - 1
        });
        &mut self.known[place]
    }
}

/// What is left of a break's duration, which its section states or the message around it.
fn rest(action: CueAction, stated: MediaDuration, missed: MediaDuration) -> CueAction {
    let CueAction::Out { duration, auto_return, shows_slate } = action else { return action };
    // Of what the section does not say, the message only knows what is planned: it ends nothing by itself.
    let auto_return = auto_return && duration.is_some();
    let duration = duration.or(Some(stated)).filter(|duration| *duration > MediaDuration::ZERO);
    // One that outlasts its time goes on until it is ended.
    let left = duration.map(|duration| duration.minus(missed)).filter(|left| *left > MediaDuration::ZERO);
    CueAction::Out { duration: left, auto_return: auto_return && left.is_some(), shows_slate }
}

fn cue(id: u32, at: Option<MediaTime>, action: CueAction) -> Cue {
    Cue { source: CueSource::Contribution, id, at, action, section: None }
}

#[cfg(test)]
mod tests;
