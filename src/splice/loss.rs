//! What players see while a contribution is lost, as data (A16.1; FAULTS rows 15, 21, 42).

use std::fmt;

use crate::{splice::SlateImage, time::MediaDuration};

/// Which pictures take the place of a lost contribution's, and when: a list of stages for each cause. Stages count from
/// the end of the last picture, on the media clock and so exact to the frame; before the first one that picture stays, and
/// the last one stays for as long as the loss lasts. The contribution is back with its first IDR picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossPolicy {
    /// Nothing comes any more; default: the error slate after 1 s.
    pub no_bytes: Vec<LossStage>,
    /// Sound goes on, and is heard, while no picture comes that can be decoded; default: the error slate after 1 s.
    pub no_pictures: Vec<LossStage>,
}

/// From when on something shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossStage {
    /// So long after the end of the last picture; 0 or more, and more than in the stage before.
    pub after: MediaDuration,
    /// This.
    pub show: LossPicture,
}

/// What a stage shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LossPicture {
    /// The contribution's last picture.
    Hold,
    /// Black.
    Black,
    /// The error slate: [`error_event`](crate::splice::Slates::error_event), or what stands for it.
    Slate,
    /// Another image.
    Image(SlateImage),
}

/// Why a contribution is not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossCause {
    /// Nothing comes any more.
    NoBytes,
    /// No picture comes; sound does.
    NoPictures,
}

/// A stage of the loss policy that acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Loss {
    /// Why.
    pub cause: LossCause,
    /// Its place in the cause's list, from 0.
    pub stage: usize,
    /// What it shows.
    pub shows: LossShows,
}

/// What a stage shows, without the picture itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossShows {
    /// The contribution's last picture.
    Hold,
    /// Black.
    Black,
    /// The error slate.
    Slate,
    /// The stage's own image.
    Image,
}

impl LossPolicy {
    /// Stages of a cause at most.
    pub const MAX_STAGES: usize = 16;

    /// The error slate after this time, whatever the cause.
    #[must_use]
    pub fn slate_after(after: MediaDuration) -> Self {
        Self::same(vec![LossStage { after, show: LossPicture::Slate }])
    }

    /// The same stages for every cause.
    #[must_use]
    pub fn same(stages: Vec<LossStage>) -> Self {
        Self { no_bytes: stages.clone(), no_pictures: stages }
    }

    /// The stages of a cause.
    #[must_use]
    pub fn stages(&self, cause: LossCause) -> &[LossStage] {
        match cause {
            LossCause::NoBytes => &self.no_bytes,
            LossCause::NoPictures => &self.no_pictures,
        }
    }

    /// The first list that is too long or not in order.
    #[must_use]
    pub fn broken(&self) -> Option<LossCause> {
        let is_good = |stages: &[LossStage]| {
            stages.len() <= Self::MAX_STAGES
                && stages.first().is_none_or(|stage| stage.after >= MediaDuration::ZERO)
                && stages.windows(2).all(|pair| pair[0].after < pair[1].after)
        };
        [LossCause::NoBytes, LossCause::NoPictures].into_iter().find(|cause| !is_good(self.stages(*cause)))
    }

    /// The stage that acts so long after the last picture; `None` while that one stays.
    pub(super) fn acts(&self, cause: LossCause, since: MediaDuration) -> Option<(Loss, &LossPicture)> {
        let stages = self.stages(cause);
        let stage = stages.partition_point(|stage| stage.after <= since).checked_sub(1)?;
        let show = &stages.get(stage)?.show;
        Some((Loss { cause, stage, shows: show.name() }, show))
    }
}

impl Default for LossPolicy {
    fn default() -> Self {
        Self::slate_after(MediaDuration::from_secs(1))
    }
}

impl fmt::Display for LossCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoBytes => "no bytes",
            Self::NoPictures => "no pictures",
        })
    }
}

impl Loss {
    /// Whether the contribution's sound goes on meanwhile (FAULTS row 42).
    #[must_use]
    pub fn is_heard(self) -> bool {
        self.cause == LossCause::NoPictures
    }
}

impl LossPicture {
    const fn name(&self) -> LossShows {
        match self {
            Self::Hold => LossShows::Hold,
            Self::Black => LossShows::Black,
            Self::Slate => LossShows::Slate,
            Self::Image(_) => LossShows::Image,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: fn(i64) -> MediaDuration = MediaDuration::from_millis;

    #[test]
    fn the_last_stage_that_is_due_acts() {
        let stage = |millis, show| LossStage { after: MILLI(millis), show };
        let stages =
            vec![stage(200, LossPicture::Hold), stage(1000, LossPicture::Black), stage(5000, LossPicture::Slate)];
        let policy = LossPolicy { no_pictures: Vec::new(), ..LossPolicy::same(stages) };
        let acts = |cause, millis| policy.acts(cause, MILLI(millis)).map(|(loss, _)| (loss.stage, loss.shows));
        assert_eq!(acts(LossCause::NoBytes, 199), None);
        assert_eq!(acts(LossCause::NoBytes, 200), Some((0, LossShows::Hold)));
        assert_eq!(acts(LossCause::NoBytes, 4999), Some((1, LossShows::Black)));
        assert_eq!(acts(LossCause::NoBytes, 36_000_000), Some((2, LossShows::Slate)));
        assert_eq!(acts(LossCause::NoPictures, 36_000_000), None, "no stage: the last picture stays");
    }

    #[test]
    fn stages_are_in_order_and_not_too_many() {
        let stages = |millis: &[i64]| {
            millis.iter().map(|after| LossStage { after: MILLI(*after), show: LossPicture::Black }).collect::<Vec<_>>()
        };
        let broken = |no_pictures| LossPolicy { no_pictures, ..LossPolicy::default() }.broken();
        assert_eq!(broken(stages(&[0, 1, 500])), None);
        assert_eq!(broken(stages(&[])), None);
        for bad in [&[5, 5][..], &[9, 3], &[-1], &(0..17).collect::<Vec<i64>>()] {
            assert_eq!(broken(stages(bad)), Some(LossCause::NoPictures), "{bad:?}");
        }
    }
}
