//! Which image stands for which scene (A14.7, A15.5).

use crate::splice::SlateImage;

/// The images that a channel shows in place of its contribution. One that is not set falls back to the default one, and
/// that to the built-in one (A15.5, A15.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slates {
    /// The default slate: what the operator shows, unless a call brings an image of its own (A15.2).
    pub default: Option<SlateImage>,
    /// Before any contribution was on air since the channel was started or reset.
    pub pre_event: Option<SlateImage>,
    /// After the event: the contribution's sessions ended as their protocols mean it (an RTMP unpublish, the end of a Smooth
    /// Streaming POST with its last boxes), and none is left. It stays until a contribution is on air again.
    pub post_event: Option<SlateImage>,
    /// The contribution is lost: the slate of the [loss policy](crate::splice::LossPolicy) (A16.1).
    pub error_event: Option<SlateImage>,
    /// An ad break hides the contribution (A14.5).
    pub ad_break: Option<SlateImage>,
}

/// [`Slates`] with every image decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlateSet {
    pub(super) default: SlateImage,
    pub(super) pre_event: SlateImage,
    pub(super) post_event: SlateImage,
    pub(super) error_event: SlateImage,
    pub(super) ad_break: SlateImage,
    pub(super) black: SlateImage,
}

impl Slates {
    /// Every image, `built_in` where there is none.
    #[must_use]
    pub fn or_built_in(&self, built_in: SlateImage) -> SlateSet {
        let default = self.default.clone().unwrap_or(built_in);
        let or_default = |image: &Option<SlateImage>| image.clone().unwrap_or_else(|| default.clone());
        SlateSet {
            pre_event: or_default(&self.pre_event),
            post_event: or_default(&self.post_event),
            error_event: or_default(&self.error_event),
            ad_break: or_default(&self.ad_break),
            black: SlateImage::black(),
            default,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_falls_back_to_the_default_and_that_to_the_built_in_a14_7_a15_5() {
        let image = || SlateImage::built_in(32, 32);
        let (built_in, own, error) = (image(), image(), image());
        let none = Slates::default().or_built_in(built_in.clone());
        for each in [&none.default, &none.pre_event, &none.post_event, &none.error_event, &none.ad_break] {
            assert_eq!(*each, built_in);
        }
        let (default, error_event) = (Some(own.clone()), Some(error.clone()));
        let some = Slates { default, error_event, ..Slates::default() }.or_built_in(built_in);
        assert_eq!((some.error_event, some.pre_event, some.ad_break), (error, own.clone(), own));
    }
}
