//! Which rungs a program offers for a feed: never one whose picture would be scaled up (A12.9).
//!
//! The rungs of a channel are opened before any feed is known, and what a player holds must not vanish: so rungs above
//! the feed's size are still made, but the manifests of a program that starts with such a feed do not list them.

use crate::{ladder::Preset, media::VideoTrack};

/// For each rung of `preset` whether a program with this feed lists it: all of them while no feed is known, else those in
/// which the picture, without the bars that the preset's stretch mode puts around it, is not above the feed's size as
/// displayed, within 1 %. The smallest is always offered (of several, the one of the fewest bits): a feed below it stands
/// in its middle.
#[must_use]
pub fn offered(preset: &Preset, feed: Option<&VideoTrack>) -> Vec<bool> {
    let rungs = &preset.rungs;
    let Some(feed) = feed else { return vec![true; rungs.len()] };
    let (source, aspect) = ((feed.width as usize, feed.height as usize), feed.sample_aspect);
    let smallest = rungs
        .iter()
        .enumerate()
        .min_by_key(|(_, rung)| (u64::from(rung.width) * u64::from(rung.height), rung.bitrate))
        .map(|(n, _)| n);
    let is_offered = |(n, rung): (usize, &crate::ladder::Rung)| {
        let place = preset.stretch.place(source, aspect, (rung.width as usize, rung.height as usize));
        !place.enlarges(source, aspect) || Some(n) == smallest
    };
    rungs.iter().enumerate().map(is_offered).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ladder::Preset, media::VideoTrack};

    fn heights(preset: &Preset, size: (u32, u32), sample_aspect: (u32, u32)) -> Vec<(u32, u32)> {
        let feed = VideoTrack { sample_aspect, ..VideoTrack::new(size.0, size.1) };
        let offered = offered(preset, Some(&feed));
        let listed = preset.rungs.iter().zip(offered).filter(|(_, is_offered)| *is_offered);
        listed.map(|(rung, _)| (rung.height, rung.bitrate / 1000)).collect()
    }

    #[test]
    fn rungs_above_the_feed_are_not_offered_a12_9() {
        let full = Preset::default_1080p();
        let of_720 = heights(&full, (1280, 720), (1, 1));
        assert_eq!(of_720, [(720, 3000), (540, 1600), (360, 800), (270, 400), (180, 200)]);
        let of_360 = heights(&Preset::default_720p_2019(), (640, 360), (1, 1));
        assert_eq!(of_360, [(288, 850), (216, 550), (192, 200)]);
        assert_eq!(heights(&full, (1920, 1080), (1, 1)).len(), 6);
        assert_eq!(heights(&full, (1920, 1088), (1, 1)).len(), 6);
    }

    #[test]
    fn sizes_are_compared_as_displayed() {
        let full = Preset::default_1080p();
        assert_eq!(heights(&full, (1440, 1080), (4, 3)).len(), 6, "anamorphic high definition");
        assert_eq!(heights(&full, (720, 576), (64, 45))[0], (540, 1600), "wide standard definition is 1024 across");
        assert_eq!(heights(&full, (720, 576), (16, 15))[0], (540, 1600), "4:3 is 720 across in 540 lines");
        // 1 % short of a rung still counts as its size.
        assert_eq!(heights(&full, (1278, 714), (1, 1))[0], (720, 3000));
        assert_eq!(heights(&full, (1260, 706), (1, 1))[0], (540, 1600));
    }

    #[test]
    fn bars_are_no_part_of_the_picture_a12_9() {
        let mut preset = Preset::default_720p();
        assert_eq!(heights(&preset, (1280, 534), (1, 1)).len(), 7, "2.40:1 stands between bars above and below");
        assert_eq!(heights(&preset, (768, 576), (1, 1))[0], (540, 2200), "4:3 stands between bars at the sides");
        assert_eq!(heights(&preset, (640, 480), (1, 1))[0], (396, 1350));
        preset.stretch = crate::ladder::StretchMode::Stretch;
        assert_eq!(heights(&preset, (1280, 534), (1, 1))[0], (396, 1350));
    }

    #[test]
    fn the_smallest_always_stays_and_all_do_without_a_feed() {
        let preset = Preset::default_720p();
        assert_eq!(heights(&preset, (160, 90), (0, 7)), [(192, 200)]);
        assert_eq!(heights(&preset, (0, 0), (1, 1)), [(192, 200)]);
        assert_eq!(offered(&preset, None), [true; 7]);
        assert!(offered(&Preset { rungs: Vec::new(), ..preset }, None).is_empty());
    }
}
