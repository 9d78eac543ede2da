//! What stands in for a contribution that is not on air: which scene it is, and which stage of the loss policy acts.

use std::time::Duration;

use crate::{
    splice::{Loss, LossCause, LossPolicy, OnAir, Picture, SlateSet},
    time::{MediaDuration, MediaTime},
};

/// A contribution that was on air and is not any more.
#[derive(Debug)]
pub(super) struct Absence {
    /// The end of its last picture.
    pub(super) at: MediaTime,
    /// When that was certain, on the monotonic clock.
    pub(super) found: Duration,
    /// Where its sound stands on the channel's clock, as long as that can go on.
    pub(super) offset: Option<MediaDuration>,
    /// It did not fail: the event is over.
    pub(super) is_ended: bool,
}

/// When access units of the contribution came, of whichever track.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arrivals {
    since: Duration,
    last: Option<Duration>,
}

/// What a frame without a contribution shows.
pub(super) struct StandIn {
    pub(super) on_air: OnAir,
    pub(super) picture: Picture,
    pub(super) loss: Option<Loss>,
}

impl Arrivals {
    /// A unit came; whether it begins anew, after a silence of `gap`.
    pub(super) fn note(&mut self, now: Duration, gap: Duration) -> bool {
        let begins = self.last.is_none_or(|last| now >= last + gap);
        if begins {
            self.since = now;
        }
        self.last = Some(now);
        begins
    }

    /// Whether units came up to half a `gap` before `at`, and for longer than one: a contribution that comes back is not
    /// one of sound alone.
    pub(super) fn go_on(&self, at: Duration, gap: Duration) -> bool {
        self.last.is_some_and(|last| at < last + gap / 2) && at >= self.since + gap
    }
}

impl Absence {
    /// Why the contribution is not seen in a frame that is due at `due`.
    pub(super) fn cause(&self, arrivals: &Arrivals, due: Duration, gap: Duration) -> LossCause {
        if arrivals.go_on(due.max(self.found), gap) { LossCause::NoPictures } else { LossCause::NoBytes }
    }

    /// What shows at `position`.
    pub(super) fn stand_in(
        &self,
        position: MediaTime,
        cause: LossCause,
        (policy, slates): (&LossPolicy, &SlateSet),
        held: MediaDuration,
    ) -> StandIn {
        let since = position.since(self.at);
        let hold = |loss| StandIn { on_air: OnAir::Live, picture: Picture::Hold, loss };
        let still =
            |image: &_, loss| StandIn { on_air: OnAir::Slate, picture: Picture::Still(Clone::clone(image)), loss };
        if self.is_ended {
            return if since < held { hold(None) } else { still(&slates.post_event, None) };
        }
        match policy.acts(cause, since) {
            None => hold(None),
            Some((loss, show)) => show.image(slates).map_or(hold(Some(loss)), |image| still(image, Some(loss))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_alone_counts_once_it_goes_on_for_as_long_as_a_loss_takes() {
        let (millis, gap) = (Duration::from_millis, Duration::from_millis(1000));
        let mut arrivals = Arrivals::default();
        assert!(!arrivals.go_on(millis(5000), gap));
        assert!(arrivals.note(millis(10_000), gap));
        assert!((1..=100).all(|n| !arrivals.note(millis(10_000 + n * 20), gap)));
        assert!(!arrivals.go_on(millis(10_999), gap), "it may be a contribution that comes back");
        assert!(arrivals.go_on(millis(11_000), gap) && arrivals.go_on(millis(12_499), gap));
        assert!(!arrivals.go_on(millis(12_500), gap));
        assert!(arrivals.note(millis(13_100), gap));
        assert!(!arrivals.go_on(millis(13_100), gap), "a silence in between");
    }
}
