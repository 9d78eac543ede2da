//! What players see while a contribution is lost, or is worth nothing, as data (A16.1; FAULTS rows 15, 21, 42).

use std::fmt;

use crate::{
    splice::{SlateImage, SlateSet},
    time::MediaDuration,
};

/// Which pictures take the place of a contribution's, and when: a list of stages for each cause, on the media clock and so
/// exact to the frame. The last stage stays for as long as its cause lasts.
///
/// The stages of a contribution that is *lost* ([`NoBytes`](LossCause::NoBytes), [`NoPictures`](LossCause::NoPictures))
/// count from the end of its last picture; before the first one that picture stays. It is back with its first IDR picture.
///
/// Those of one that *goes on coming* ([`Black`](LossCause::Black), [`Frozen`](LossCause::Frozen),
/// [`Silence`](LossCause::Silence)) count from the first such picture or sound. Before the first one, and in one of
/// [`Hold`](LossPicture::Hold), its own pictures show as they come; its sound and its captions always do. Black and frozen
/// pictures are back with the first good one. Where several causes act, one that shows a picture goes before one that is
/// only told, and else they stand in this order. An empty list is no watch at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossPolicy {
    /// Nothing comes any more; default: the error slate after 1 s.
    pub no_bytes: Vec<LossStage>,
    /// Sound goes on, and is heard, while no picture comes that can be decoded; default: the error slate after 1 s.
    pub no_pictures: Vec<LossStage>,
    /// Pictures are black: 98 % of a grid of points are no brighter than a tenth of the range, as ffmpeg's `blackdetect` has
    /// it; default: told after 10 s.
    pub black: Vec<LossStage>,
    /// Pictures stay the same: on a grid of points they differ from the one where that began by a thousandth of the range
    /// (-60 dB) on average or less, as ffmpeg's `freezedetect` has it; default: told after 10 s.
    pub frozen: Vec<LossStage>,
    /// No sample is above -60 dBFS, or no sound comes, in any of the channel's sounds that the contribution has a track for;
    /// default: told after 10 s. Not before [`SILENCE_AFTER`](Self::SILENCE_AFTER). Pictures are judged by the sound of
    /// [`SILENCE_LAG`](Self::SILENCE_LAG) before: the contribution's own are back so long after its sound, and a silence that
    /// ends so shortly before a stage is due is covered all the same. A feed whose sound comes further behind its pictures,
    /// as whole fragments may, is judged so much later.
    pub silence: Vec<LossStage>,
}

/// From when on something shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossStage {
    /// So long after the end of the last picture, or after the first picture or sound of its cause; 0 or more, and more than
    /// in the stage before.
    pub after: MediaDuration,
    /// This.
    pub show: LossPicture,
}

/// What a stage shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LossPicture {
    /// The contribution's last picture; of one that goes on coming its pictures as they are: the stage is only told.
    Hold,
    /// Black.
    Black,
    /// The error slate: [`error_event`](crate::splice::Slates::error_event), or what stands for it.
    Slate,
    /// Another image.
    Image(SlateImage),
}

/// Why a contribution is not seen, or should not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossCause {
    /// Nothing comes any more.
    NoBytes,
    /// No picture comes; sound does.
    NoPictures,
    /// Its pictures are black.
    Black,
    /// Its pictures stay the same.
    Frozen,
    /// Its sound is silent, or does not come.
    Silence,
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
    /// The contribution's last picture, or its pictures as they come.
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

    /// The least time after which a stage of silence acts: what is shorter are pauses.
    pub const SILENCE_AFTER: MediaDuration = MediaDuration::from_secs(5);
    /// So long before a picture is the sound that it is judged by.
    pub const SILENCE_LAG: MediaDuration = MediaDuration::from_secs(1);
    /// When black, frozen and silent contributions are told of by default.
    const TOLD_AFTER: MediaDuration = MediaDuration::from_secs(10);

    /// The error slate after this time where the contribution is lost; the default where it goes on coming.
    #[must_use]
    pub fn slate_after(after: MediaDuration) -> Self {
        Self::same(vec![LossStage { after, show: LossPicture::Slate }])
    }

    /// The same stages for no bytes and for no pictures; the default where the contribution goes on coming.
    #[must_use]
    pub fn same(stages: Vec<LossStage>) -> Self {
        let told = || vec![LossStage { after: Self::TOLD_AFTER, show: LossPicture::Hold }];
        Self { no_bytes: stages.clone(), no_pictures: stages, black: told(), frozen: told(), silence: told() }
    }

    /// The stages of a cause.
    #[must_use]
    pub fn stages(&self, cause: LossCause) -> &[LossStage] {
        match cause {
            LossCause::NoBytes => &self.no_bytes,
            LossCause::NoPictures => &self.no_pictures,
            LossCause::Black => &self.black,
            LossCause::Frozen => &self.frozen,
            LossCause::Silence => &self.silence,
        }
    }

    /// The first list that is too long, not in order, or begins too early.
    #[must_use]
    pub fn broken(&self) -> Option<LossCause> {
        let is_good = |cause: LossCause| {
            let stages = self.stages(cause);
            stages.len() <= Self::MAX_STAGES
                && stages.first().is_none_or(|stage| stage.after >= cause.least())
                && stages.windows(2).all(|pair| pair[0].after < pair[1].after)
        };
        LossCause::ALL.into_iter().find(|cause| !is_good(*cause))
    }

    /// A stage, by its place in its list.
    pub(crate) fn loss(&self, cause: LossCause, stage: usize) -> Option<Loss> {
        let show = &self.stages(cause).get(stage)?.show;
        Some(Loss { cause, stage, shows: show.shows() })
    }

    /// The stage that acts so long after the last picture; `None` while that one stays.
    pub(super) fn acts(&self, cause: LossCause, since: MediaDuration) -> Option<(Loss, &LossPicture)> {
        let stages = self.stages(cause);
        let stage = stages.partition_point(|stage| stage.after <= since).checked_sub(1)?;
        let show = &stages.get(stage)?.show;
        Some((Loss { cause, stage, shows: show.shows() }, show))
    }
}

impl Default for LossPolicy {
    fn default() -> Self {
        Self::slate_after(MediaDuration::from_secs(1))
    }
}

impl LossCause {
    /// Every cause.
    pub const ALL: [Self; 5] = [Self::NoBytes, Self::NoPictures, Self::Black, Self::Frozen, Self::Silence];

    /// When the first stage acts at the earliest.
    #[must_use]
    pub const fn least(self) -> MediaDuration {
        match self {
            Self::Silence => LossPolicy::SILENCE_AFTER,
            Self::NoBytes | Self::NoPictures | Self::Black | Self::Frozen => MediaDuration::ZERO,
        }
    }
}

impl fmt::Display for LossCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoBytes => "no bytes",
            Self::NoPictures => "no pictures",
            Self::Black => "black",
            Self::Frozen => "frozen",
            Self::Silence => "silence",
        })
    }
}

impl Loss {
    /// Whether the contribution's sound goes on meanwhile (FAULTS row 42).
    #[must_use]
    pub fn is_heard(self) -> bool {
        self.cause != LossCause::NoBytes
    }
}

impl LossPicture {
    /// The image that takes the place of the contribution's pictures.
    pub(crate) fn image<'a>(&'a self, slates: &'a SlateSet) -> Option<&'a SlateImage> {
        match self {
            Self::Hold => None,
            Self::Black => Some(&slates.black),
            Self::Slate => Some(&slates.error_event),
            Self::Image(image) => Some(image),
        }
    }

    /// The same without the picture itself.
    #[must_use]
    pub const fn shows(&self) -> LossShows {
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
        let broken = |silence| LossPolicy { silence, ..LossPolicy::default() }.broken();
        assert_eq!((broken(stages(&[])), broken(stages(&[5000, 6000]))), (None, None));
        assert_eq!(broken(stages(&[4999])), Some(LossCause::Silence));
        assert_eq!(broken(stages(&[6000, 5000])), Some(LossCause::Silence));
    }

    #[test]
    fn a_contribution_that_goes_on_coming_is_told_of_by_default() {
        let policy = LossPolicy::same(Vec::new());
        for cause in [LossCause::Black, LossCause::Frozen, LossCause::Silence] {
            assert_eq!(policy.stages(cause), LossPolicy::default().stages(cause));
            assert_eq!(policy.loss(cause, 0), Some(Loss { cause, stage: 0, shows: LossShows::Hold }));
            assert_eq!(policy.loss(cause, 1), None);
        }
    }
}
