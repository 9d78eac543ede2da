//! What runs while a pass-through channel is on air: from the contribution's access units to whole segments, untouched
//! (A1.1, A9).
//!
//! ```text
//! access units ─► settling ── tracks known ─► one reel per rendition ─► segmenter ─► segments
//! ```
//!
//! Media time is the source's own, so that two hosts agree; only a source that goes back in time, and a spare encoder with
//! quite another clock, are moved on behind what is stored. Segments are whole GOPs of the reference rung, the video rung
//! with most bits per second. A rung that dies or lags is missing in the segments that it does not keep up with and comes
//! back with an IDR at a boundary. A track that changes its set-up, or that comes after the tracks are settled, is left out
//! until it is as it was or the channel is reset. A GOP may be as long as the longest segment that was told before the
//! first; one that outgrows it is cut there, and what is left of it is dropped and counted (FAULTS row 37).

mod anchor;
mod breaks;
mod clock;
mod cuts;
mod early;
mod reel;
mod reference;
mod renditions;
mod run;
mod settling;

pub(super) use renditions::Delivery;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use crate::{
    archive::{CaptionService, Presentation, Segment},
    channel::{
        PassThrough, SpliceReport,
        drift::Drift,
        on_air::Whole,
        relay::{
            anchor::Anchor,
            renditions::settle_renditions,
            run::{Cutting, Run},
            settling::Settling,
        },
    },
    error::Fault,
    media::{AccessUnit, Track, TrackId},
    splice::{Avails, Cue, CueRefusal},
    time::{MediaDuration, MediaTime, Now, Utc},
};

/// The segments of a contribution that is passed through.
#[derive(Debug)]
pub(super) struct Relay {
    config: PassThrough,
    cutting: Cutting,
    delivery: Delivery,
    tracks: Vec<Track>,
    state: State,
    troubles: VecDeque<Trouble>,
    /// Cues that came before the tracks were known.
    waiting: Vec<Cue>,
    last_unit: Option<Duration>,
    /// The time line goes on where an earlier one ended.
    anchor: Option<Anchor>,
}

#[derive(Debug)]
enum State {
    Settling(Settling),
    Open(Box<Run>),
}

/// A rung whose segment does not begin as the reference rung's does (A26.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unaligned {
    /// Its id in the merged contribution.
    pub(super) track: TrackId,
    /// There is no IDR where the segment begins.
    pub(super) lacks_idr: bool,
    /// Its first picture shows at another time.
    pub(super) is_off: bool,
}

/// What went wrong, and with which track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Its id in the merged contribution; `None` for what is of no track alone.
    pub(super) track: Option<TrackId>,
    pub(super) fault: Fault,
}

impl Trouble {
    const fn of(track: TrackId, fault: Fault) -> Self {
        Self { track: Some(track), fault }
    }

    const fn dropped(track: TrackId, count: u64, reason: &'static str) -> Self {
        Self::of(track, Fault::Dropped { count, reason })
    }
}

impl Relay {
    /// Tracks of one contribution.
    const MAX_TRACKS: usize = 128;

    pub(super) fn new(config: PassThrough, cutting: Cutting, delivery: Delivery) -> Self {
        let (tracks, troubles) = (Vec::new(), VecDeque::new());
        Self {
            config,
            cutting,
            delivery,
            tracks,
            state: State::Settling(Settling::default()),
            troubles,
            waiting: Vec::new(),
            last_unit: None,
            anchor: None,
        }
    }

    /// Media time is to count from `epoch`, and nothing comes before `end`. Once the tracks are settled it is too late.
    pub(super) fn go_on(&mut self, epoch: Utc, end: MediaTime) {
        self.anchor.get_or_insert(Anchor { epoch, end });
    }

    /// A track of the contribution appeared or changed.
    pub(super) fn track(&mut self, track: Track) {
        if let State::Open(run) = &mut self.state {
            self.troubles.extend(run.track(&track).map(|fault| Trouble::of(track.id, fault)));
            return;
        }
        if let Some(known) = self.tracks.iter_mut().find(|known| known.id == track.id) {
            *known = track;
        } else if self.tracks.len() < Self::MAX_TRACKS {
            self.tracks.push(track);
        }
    }

    /// Takes an access unit of the contribution.
    pub(super) fn unit(&mut self, unit: AccessUnit, now: Now) {
        self.last_unit = Some(now.monotonic);
        match &mut self.state {
            State::Open(run) => run.push(unit, now.monotonic, &mut self.troubles),
            State::Settling(settling) => {
                let Some(track) = self.tracks.iter().find(|track| track.id == unit.track) else { return };
                settling.push(track, unit, now, self.config.settle_bytes, &mut self.troubles);
                if settling.is_done(&self.config) {
                    self.open(now);
                }
            }
        }
    }

    /// Takes a cue of the contribution, in its time.
    ///
    /// # Errors
    /// Why viewers are not told of it.
    pub(super) fn announce(&mut self, cue: Cue) -> Result<(), CueRefusal> {
        match &mut self.state {
            State::Open(run) => run.announce(cue),
            State::Settling(_) if self.waiting.len() < Avails::MAX_PENDING => {
                self.waiting.push(cue);
                Ok(())
            }
            State::Settling(_) => Err(CueRefusal::TooMany(self.waiting.len())),
        }
    }

    /// The cue of the break that runs.
    pub(super) fn ad_break(&self) -> Option<&Cue> {
        match &self.state {
            State::Open(run) => run.avails.running(),
            State::Settling(_) => None,
        }
    }

    /// How far the source's clock has drifted.
    pub(super) fn drift(&mut self) -> Option<&mut Drift> {
        match &mut self.state {
            State::Open(run) => Some(&mut run.drift),
            State::Settling(_) => None,
        }
    }

    /// What became of the next splice.
    pub(super) fn pull_report(&mut self) -> Option<SpliceReport> {
        match &mut self.state {
            State::Open(run) => run.pull_report(),
            State::Settling(_) => None,
        }
    }

    /// Another slot is on air, with a clock of its own.
    pub(super) fn renew(&mut self) {
        match &mut self.state {
            State::Open(run) => run.renew(),
            State::Settling(settling) => *settling = Settling::default(),
        }
    }

    /// Nothing follows for now: what has come is all that the open segment has.
    pub(super) fn finish(&mut self) {
        if let State::Open(run) = &mut self.state {
            run.finish();
        }
    }

    /// The next part or segment.
    pub(super) fn pull(&mut self) -> Option<Whole> {
        match &mut self.state {
            State::Open(run) => run.pull(&mut self.troubles),
            State::Settling(_) => None,
        }
    }

    /// The caption services that were seen up to the end of a segment. Ask in order.
    pub(super) fn caption_services(&mut self, segment: &Segment) -> Option<&Arc<[CaptionService]>> {
        match &mut self.state {
            State::Open(run) => Some(run.captions.services_in(segment)),
            State::Settling(_) => None,
        }
    }

    /// The next rung that does not keep to the grid.
    pub(super) fn pull_unaligned(&mut self) -> Option<Unaligned> {
        match &mut self.state {
            State::Open(run) => run.pull_unaligned(),
            State::Settling(_) => None,
        }
    }

    /// The next thing that went wrong.
    pub(super) fn pull_trouble(&mut self) -> Option<Trouble> {
        self.troubles.pop_front()
    }

    /// What players are offered, once the tracks are settled.
    pub(super) fn presentation(&self) -> Option<&Arc<Presentation>> {
        match &self.state {
            State::Open(run) => Some(&run.presentation),
            State::Settling(_) => None,
        }
    }

    /// The longest that a segment lasts, for manifests.
    pub(super) fn longest_segment(&self) -> MediaDuration {
        match &self.state {
            State::Open(run) => run.longest_segment,
            State::Settling(_) => self.cutting.0,
        }
    }

    /// How far the reference rung has come; `None` before the tracks are settled.
    pub(super) fn position(&self) -> Option<MediaTime> {
        match &self.state {
            State::Open(run) => run.position(),
            State::Settling(_) => None,
        }
    }

    /// When the newest access unit came.
    pub(super) const fn last_unit(&self) -> Option<Duration> {
        self.last_unit
    }

    fn open(&mut self, now: Now) {
        let State::Settling(settling) = &mut self.state else { return };
        let settling = std::mem::take(settling);
        let Some(settled) = settle_renditions(
            &self.config,
            (self.cutting.0, self.delivery),
            &self.tracks,
            &settling,
            &mut self.troubles,
        ) else {
            return;
        };
        let (settled, offset) = match &self.anchor {
            Some(anchor) => anchor.place(settled),
            None => (settled, MediaDuration::ZERO),
        };
        let mut run = Run::new(settled, self.cutting, now.monotonic);
        run.offset = offset;
        for cue in self.waiting.drain(..) {
            // One that is repeated or makes no sense is nothing to tell of when it is so old.
            let _ = run.announce(cue);
        }
        for unit in settling.into_units() {
            run.push(unit, now.monotonic, &mut self.troubles);
        }
        self.tracks.clear();
        self.state = State::Open(Box::new(run));
    }
}
