//! Decides what every output frame shows.

mod breaks;
mod lost;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use crate::{
    media::{FrameRate, SegmentCue},
    splice::{
        Avails, Cadence, LossPolicy, OnAir, Picture, SlateImage, SlateSet, Slot, Splice, Taken,
        absence::{Absence, Arrivals},
        joining::Joining,
        live::{LiveFeed, Settled},
        progress::Progress,
        waiting_cues::WaitingCues,
    },
    time::{MediaDuration, MediaTime, Now},
};

/// How a channel switches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitcherConfig {
    /// Length of a segment of the grid, to the nearest whole frame.
    pub gop: MediaDuration,
    /// Faster contributions are halved until they fit (A12.6).
    pub max_frame_rate: FrameRate,
    /// Frames per second while no contribution says otherwise.
    pub idle_frame_rate: FrameRate,
    /// A contribution without pictures for this long, since the last one has played, is lost.
    pub loss_after: MediaDuration,
    /// What shows from its last picture on (A16.1).
    pub loss_policy: LossPolicy,
    /// The images.
    pub slates: SlateSet,
    /// The test source shows before any contribution came, and again this long after one was lost once none is attached;
    /// `None`: it never does.
    pub test_source: Option<MediaDuration>,
}

/// The switch between the contribution and what stands in for it.
///
/// ```text
///               first IDR, rate known              no picture for loss_after
/// Pre-event ───────────────────────────► Live ───────────────────────────► Lost: the stages of the loss policy
/// (or test)                               ▲ ▲                                 │ │
///    ▲                                    │ └────── first IDR, rate known ────┘ │ ended as its protocol means it
///    │                                    └──────── first IDR, rate known ───── Post-event
///    └───────────── with a test source: nothing attached for some time ─────────┘
/// ```
///
/// While live, output frames follow the contribution's arrivals; else they follow the host's monotonic clock.
#[derive(Debug)]
pub struct Switcher {
    config: SwitcherConfig,
    cadence: Cadence,
    /// The host's monotonic clock at channel time `started.1`.
    started: (Duration, MediaTime),
    next: i64,
    cut: bool,
    feed: Feed,
    is_attached: bool,
    /// Its sessions have ended in order.
    is_ended: bool,
    /// When the contribution on air last made a frame, on the monotonic clock.
    moved: Duration,
    progress: Progress,
    arrivals: Arrivals,
    /// A contribution was on air and is not; `None` before any was, and where the test source is back.
    absence: Option<Absence>,
    operator_slate: Option<OperatorSlate>,
    avails: Avails,
    waiting_cues: WaitingCues,
    splices: VecDeque<Splice>,
    /// What segments have to do with breaks, by their starts, where they have anything.
    cues: VecDeque<(MediaTime, Arc<[SegmentCue]>)>,
    slots: VecDeque<Slot>,
}

#[derive(Debug)]
struct OperatorSlate {
    until: Option<MediaTime>,
    image: SlateImage,
}

#[derive(Debug)]
enum Feed {
    None,
    Joining(Joining),
    Live(LiveFeed),
}

impl Switcher {
    /// A first segment shorter than this is not started; the channel waits for the next line of the grid.
    const SHORTEST_START: MediaDuration = MediaDuration::from_millis(500);
    /// Frames that one call makes at most: a host that was away for an hour catches up in steps.
    const BURST: usize = 256;

    /// Starts the output at `now`, on the first frame of the grid anchored at `epoch`.
    #[must_use]
    pub fn new(config: SwitcherConfig, at: MediaTime, now: Now) -> Self {
        let cadence = Cadence::new(config.idle_frame_rate, config.gop);
        let mut next = cadence.at_or_after(at);
        let line = cadence.next_gop(next);
        if cadence.time_of(line).since(cadence.time_of(next)) < Self::SHORTEST_START {
            next = line;
        }
        Self {
            config,
            cadence,
            started: (now.monotonic, at),
            next,
            cut: true,
            feed: Feed::None,
            is_attached: false,
            is_ended: false,
            moved: now.monotonic,
            progress: Progress::default(),
            arrivals: Arrivals::default(),
            absence: None,
            operator_slate: None,
            avails: Avails::default(),
            waiting_cues: WaitingCues::default(),
            splices: VecDeque::new(),
            cues: VecDeque::new(),
            slots: VecDeque::new(),
        }
    }

    /// Takes the times of a contribution's next picture, in decode order; `stated` is the rate of its own timing.
    pub fn push(&mut self, pts: MediaTime, dts: MediaTime, is_idr: bool, stated: Option<FrameRate>, now: Now) -> Taken {
        let mut taken = Taken::Decode;
        let due = self.clock(now);
        self.progress.mark(now.monotonic, self.position());
        match &mut self.feed {
            Feed::None if !is_idr => return Taken::BeforeIdr,
            Feed::None => {
                let mut joining = Joining::new(stated, now.monotonic);
                joining.push(pts, dts, now.monotonic);
                self.feed = Feed::Joining(joining);
            }
            Feed::Joining(joining) => {
                if let Some(native) = joining.push(pts, dts, now.monotonic) {
                    self.go_live(native, now);
                }
            }
            Feed::Live(live) => {
                if let Some(by) = live.push(pts, dts, now.monotonic, due) {
                    taken = Taken::Jumped(by);
                }
            }
        }
        let before = self.next;
        self.settle();
        if self.next != before {
            self.moved = now.monotonic;
        }
        taken
    }

    /// Makes the frames that are due by the host's clock.
    pub fn handle_timeout(&mut self, now: Now) {
        let monotonic = now.monotonic;
        let loss_after = self.config.loss_after.to_std();
        match &self.feed {
            Feed::Live(live) if monotonic >= self.loss_at(live) => self.lose(self.loss_at(live)),
            Feed::Joining(joining) if monotonic >= joining.last_arrival + loss_after => self.feed = Feed::None,
            _ => {}
        }
        if matches!(self.feed, Feed::Live(_)) {
            return;
        }
        let due = self.clock(now);
        while self.cadence.time_of(self.next) <= due && self.slots.len() < Self::BURST {
            self.emit(Picture::Hold);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do, on the monotonic clock.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        if let Feed::Live(live) = &self.feed {
            return self.loss_at(live);
        }
        self.monotonic_at(self.position())
    }

    /// How far the output is ahead of the host's clock: a contribution that comes faster than it plays makes it so.
    #[must_use]
    pub fn lead(&self, now: Now) -> MediaDuration {
        MediaDuration::ZERO.minus(self.lateness(self.position(), now))
    }

    /// How long ago `at` was due by the host's clock; negative where it is still to come.
    #[must_use]
    pub fn lateness(&self, at: MediaTime, now: Now) -> MediaDuration {
        self.clock(now).since(at)
    }

    /// Up to where the output showed half a second ago, and should have by the host's clock: what belongs beside it and has
    /// not come yet is late. A contribution that comes in bursts, as whole fragments do, has until its pictures play.
    #[must_use]
    pub fn late_before(&self, now: Now) -> MediaTime {
        let shown = self.progress.before(now.monotonic).unwrap_or(self.position());
        shown.min(self.clock(now).minus(MediaDuration::from_std(Progress::SPAN)))
    }

    /// The host's monotonic clock when the output should have come to `at`.
    #[must_use]
    pub fn monotonic_at(&self, at: MediaTime) -> Duration {
        self.started.0 + at.since(self.started.1).to_std()
    }

    /// The next output frame.
    #[must_use]
    pub fn pull(&mut self) -> Option<Slot> {
        self.slots.pop_front()
    }

    /// Starts a segment with the next frame, and says when that is.
    pub fn cut(&mut self) -> MediaTime {
        self.cut = true;
        self.position()
    }

    /// Shows a slate from the next frame on, until `until` or until it is hidden (A15.1): the default one, or this.
    pub fn show_slate(&mut self, until: Option<MediaTime>, image: Option<SlateImage>) {
        let image = image.unwrap_or_else(|| self.config.slates.default.clone());
        self.operator_slate = Some(OperatorSlate { until, image });
    }

    /// Ends the operator's slate with the next frame; `false` where none is shown (A15.3).
    pub fn hide_slate(&mut self) -> bool {
        self.operator_slate.take().is_some()
    }

    /// Whether the operator's slate is on.
    #[must_use]
    pub const fn is_operator_slate(&self) -> bool {
        self.operator_slate.is_some()
    }

    /// When the next frame shows.
    #[must_use]
    pub const fn position(&self) -> MediaTime {
        self.cadence.time_of(self.next)
    }

    /// The grid in force.
    #[must_use]
    pub const fn cadence(&self) -> &Cadence {
        &self.cadence
    }

    /// Whether a contribution is on air or about to be; if not, its access units wait for an IDR picture.
    #[must_use]
    pub const fn has_feed(&self) -> bool {
        !matches!(self.feed, Feed::None)
    }

    /// When the output frame shows that has the contribution's picture of source time `at`, or the first one after it.
    #[must_use]
    pub fn frame_of(&self, at: MediaTime) -> Option<MediaTime> {
        match &self.feed {
            Feed::Live(live) => Some(self.cadence.time_of(live.frame_of(at))),
            _ => None,
        }
    }

    /// Where source time `at` of the contribution on air stands on the channel's clock, and of one whose sound goes on.
    #[must_use]
    pub fn place(&self, at: MediaTime) -> Option<MediaTime> {
        match &self.feed {
            Feed::Live(live) => Some(live.place(at)),
            _ => Some(at.plus(self.absence.as_ref()?.offset?)),
        }
    }

    /// Which source the next frame comes from.
    #[must_use]
    pub fn on_air(&self) -> OnAir {
        if self.shown_by_operator().is_some() {
            return OnAir::OperatorSlate;
        }
        if self.avails.shows_slate() {
            return OnAir::BreakSlate;
        }
        if matches!(self.feed, Feed::Live(_)) { OnAir::Live } else { self.stand_in().on_air }
    }

    fn go_live(&mut self, native: FrameRate, now: Now) {
        let Feed::Joining(joining) = std::mem::replace(&mut self.feed, Feed::None) else { return };
        let rate = native.capped(self.config.max_frame_rate);
        if rate != self.cadence.rate() {
            let position = self.position();
            self.cadence = Cadence::new(rate, self.config.gop);
            self.next = self.cadence.at_or_after(position);
            self.cut = true;
        }
        let mut times = joining.times().iter();
        let Some(&(pts, _)) = times.next() else { return };
        let due = self.clock(now);
        let mut live = LiveFeed::new(native, &self.cadence, self.next, pts, now.monotonic);
        if let Some(offset) = self.kept_offset(pts, now) {
            live.keep(offset, pts);
            let first = live.frame_of(pts);
            while self.next < first {
                self.emit(Picture::Hold);
            }
        }
        for &(pts, dts) in joining.times() {
            live.push(pts, dts, now.monotonic, due);
        }
        self.absence = None;
        self.is_ended = false;
        self.moved = now.monotonic;
        self.feed = Feed::Live(live);
        self.announce_waiting(now);
    }

    /// Makes every frame that the contribution on air has settled.
    fn settle(&mut self) {
        while let Feed::Live(live) = &mut self.feed {
            match live.settle(self.next) {
                Settled::Picture(pts) => self.emit(Picture::Live(pts)),
                Settled::Missing => self.emit(Picture::Hold),
                Settled::Open => break,
            }
        }
    }

    fn emit(&mut self, live: Picture) {
        let pts = self.position();
        while let Some(splice) = self.avails.take(pts) {
            self.splices.push_back(splice);
            self.cut = true;
        }
        // Once the test source is back it stays until a contribution is on air, not only until one is attached.
        if self.absence.is_some() && self.tests() {
            self.absence = None;
        }
        let stands_in = (!matches!(self.feed, Feed::Live(_))).then(|| self.stand_in());
        let (is_lost, loss) = (stands_in.is_some(), stands_in.as_ref().and_then(|stand_in| stand_in.loss));
        let source = if let Picture::Live(source) = live { Some(source) } else { None };
        let (on_air, picture) = if let Some(slate) = self.shown_by_operator() {
            (OnAir::OperatorSlate, Picture::Still(slate.image.clone()))
        } else if self.avails.shows_slate() {
            (OnAir::BreakSlate, Picture::Still(self.config.slates.ad_break.clone()))
        } else {
            stands_in.map_or((OnAir::Live, live), |stand_in| (stand_in.on_air, stand_in.picture))
        };
        let starts_segment = self.cut || self.cadence.starts_gop(self.next);
        self.cut = false;
        if starts_segment {
            let cues = self.avails.in_segment(pts);
            self.cues.extend((!cues.is_empty()).then_some((pts, cues)));
        }
        self.next += 1;
        let position = self.position();
        self.operator_slate.take_if(|slate| slate.until.is_some_and(|until| position >= until));
        self.slots.push_back(Slot { pts, picture, on_air, loss, is_lost, source, starts_segment });
    }

    fn shown_by_operator(&self) -> Option<&OperatorSlate> {
        self.operator_slate.as_ref().filter(|slate| slate.until.is_none_or(|until| self.position() < until))
    }

    fn clock(&self, now: Now) -> MediaTime {
        self.started.1.plus(MediaDuration::from_std(now.monotonic.saturating_sub(self.started.0)))
    }
}

#[cfg(test)]
mod tests;
