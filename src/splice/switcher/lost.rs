//! The switcher's part of losing a contribution: when it is lost, what stands in for it, and where its sound stands meanwhile.

use std::time::Duration;

use super::{Feed, Switcher, SwitcherConfig};
use crate::{
    splice::{
        Loss, LossCause, OnAir, Picture,
        absence::{Absence, StandIn},
        live::LiveFeed,
    },
    time::{MediaDuration, MediaTime, Now},
};

impl Switcher {
    /// A contribution whose sound went on keeps its place where that is no further from the output than this.
    const KEPT: (MediaDuration, MediaDuration) = (MediaDuration::from_millis(-250), MediaDuration::from_millis(1000));

    /// A contribution session came or went. A session that goes is lost when its last picture is `loss_after` old.
    pub fn attach(&mut self, is_attached: bool) {
        self.is_attached = is_attached;
        self.is_ended &= !is_attached;
        if let Some(absence) = self.absence.as_mut().filter(|_| !is_attached) {
            // Sound of whoever comes next has a clock of its own.
            absence.offset = None;
        }
    }

    /// The last session went as its protocol means it: the event is over, until a contribution is on air again.
    pub fn end_event(&mut self) {
        self.is_ended = true;
        self.absence.iter_mut().for_each(|absence| absence.is_ended = true);
    }

    /// An access unit of the contribution came, of whichever track.
    pub fn note_arrival(&mut self, now: Now) {
        let begins = self.arrivals.note(now.monotonic, self.config.loss_after.to_std());
        if let Some(absence) = self.absence.as_mut().filter(|_| begins) {
            // Its sound has its place beside the pictures that come with it.
            absence.offset = None;
        }
    }

    /// The contribution states another frame rate than before: it is measured anew from its next IDR picture on; the last
    /// picture stays meanwhile.
    pub fn measure_anew(&mut self) {
        if matches!(self.feed, Feed::Live(_)) {
            self.lose(self.moved);
            // What comes next may have another clock.
            self.absence.iter_mut().for_each(|absence| absence.offset = None);
        }
    }

    /// The contribution's pictures cannot be decoded: it goes off air, or never gets there.
    pub fn drop_feed(&mut self) {
        self.lose(self.moved);
    }

    /// Nothing is read from the contribution at the moment: its silence does not count. An output that stands still does.
    pub fn excuse_silence(&mut self, now: Now) {
        match &mut self.feed {
            Feed::Live(live) => live.last_arrival = live.last_arrival.max(now.monotonic),
            Feed::Joining(joining) => joining.last_arrival = joining.last_arrival.max(now.monotonic),
            Feed::None => {}
        }
    }

    /// Whether the next frame is heard with the contribution's sound: while it is on air, and while only its pictures are
    /// lost (FAULTS row 42).
    #[must_use]
    pub fn is_heard(&self) -> bool {
        match self.on_air() {
            OnAir::Live => true,
            OnAir::Slate => self.stand_in().loss.is_some_and(Loss::is_heard),
            OnAir::OperatorSlate | OnAir::BreakSlate | OnAir::Test => false,
        }
    }

    /// The place of a contribution whose pictures come back while its sound was heard all the time: it stays where that is,
    /// so that none of the sound is lost or heard twice.
    pub(super) fn kept_offset(&self, pts: MediaTime, now: Now) -> Option<MediaDuration> {
        let offset = self.absence.as_ref()?.offset?;
        let ahead = pts.plus(offset).since(self.position());
        let is_heard = self.arrivals.go_on(now.monotonic, self.config.loss_after.to_std());
        (is_heard && ahead > Self::KEPT.0 && ahead < Self::KEPT.1).then_some(offset)
    }

    /// Takes the contribution off air, as was certain at `found`.
    pub(super) fn lose(&mut self, found: Duration) {
        let feed = std::mem::replace(&mut self.feed, Feed::None);
        if let Feed::Live(live) = feed {
            let (at, offset) = (self.position(), self.is_attached.then(|| live.offset()));
            self.absence = Some(Absence { at, found, offset, is_ended: self.is_ended });
        }
    }

    /// What the next frame shows while no contribution is on air.
    pub(super) fn stand_in(&self) -> StandIn {
        let SwitcherConfig { loss_after, loss_policy, slates, .. } = &self.config;
        if self.tests() {
            return StandIn { on_air: OnAir::Test, picture: Picture::Test, loss: None };
        }
        let Some(absence) = &self.absence else {
            return StandIn { on_air: OnAir::Slate, picture: Picture::Still(slates.pre_event.clone()), loss: None };
        };
        let due = self.monotonic_at(self.position());
        let cause =
            if self.is_attached { absence.cause(&self.arrivals, due, loss_after.to_std()) } else { LossCause::NoBytes };
        absence.stand_in(self.position(), cause, (loss_policy, slates), *loss_after)
    }

    /// Whether the test source is due: nothing was ever on air, or it went for good.
    pub(super) fn tests(&self) -> bool {
        self.config.test_source.is_some_and(|after| match &self.absence {
            None => true,
            Some(absence) => !self.is_attached && self.position() >= absence.at.plus(after),
        })
    }

    /// When the contribution on air is lost: it was silent for `loss_after`, or twice as long without a frame for all that it
    /// sent (sessions that replace each other all the time). What it sent ahead of time, as whole fragments do, plays first:
    /// the one that comes a little late finds it still on air.
    pub(super) fn loss_at(&self, live: &LiveFeed) -> Duration {
        let loss_after = self.config.loss_after.to_std();
        let played = self.monotonic_at(self.position());
        (live.last_arrival.max(played) + loss_after).min(self.moved.max(played) + loss_after * 2)
    }
}
