//! Which rungs a program offers for a feed: never one that would be scaled up (A12.9).
//!
//! The rungs of a channel are opened before any feed is known, and what a player holds must not vanish: so rungs above
//! the feed's size are still made, but the manifests of a program that starts with such a feed do not list them.

use crate::{ladder::Rung, media::VideoTrack};

/// For each of `rungs` whether a program with this feed lists it: all of them while no feed is known, else those whose
/// width and height are not above the feed's as displayed, within 1 %. The smallest is always offered (of several, the
/// one of the fewest bits).
#[must_use]
pub fn offered(rungs: &[Rung], feed: Option<&VideoTrack>) -> Vec<bool> {
    let Some(feed) = feed else { return vec![true; rungs.len()] };
    let (across, down) = feed.sample_aspect;
    let (across, down) = if across == 0 || down == 0 { (1, 1) } else { (across, down) };
    // A hundredth more than the feed, all times `down`, so that the display width is exact.
    let width = u128::from(feed.width) * u128::from(across) * 101;
    let fits = |rung: &Rung| {
        u128::from(rung.width) * u128::from(down) * 100 <= width
            && u64::from(rung.height) * 100 <= u64::from(feed.height) * 101
    };
    let size = |rung: &Rung| (u64::from(rung.width) * u64::from(rung.height), rung.bitrate);
    let smallest = rungs.iter().enumerate().min_by_key(|(_, rung)| size(rung)).map(|(n, _)| n);
    rungs.iter().enumerate().map(|(n, rung)| fits(rung) || Some(n) == smallest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ladder::Preset, media::VideoTrack};

    fn heights(preset: &Preset, size: (u32, u32), sample_aspect: (u32, u32)) -> Vec<(u32, u32)> {
        let feed = VideoTrack { sample_aspect, ..VideoTrack::new(size.0, size.1) };
        let offered = offered(&preset.rungs, Some(&feed));
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
        assert_eq!(heights(&full, (720, 576), (16, 15))[0], (360, 800), "4:3 is 768 across");
        // 1 % short of a rung still counts as its size.
        assert_eq!(heights(&full, (1278, 714), (1, 1))[0], (720, 3000));
        assert_eq!(heights(&full, (1278, 708), (1, 1))[0], (540, 1600));
    }

    #[test]
    fn the_smallest_always_stays_and_all_do_without_a_feed() {
        let preset = Preset::default_720p();
        assert_eq!(heights(&preset, (160, 90), (0, 7)), [(192, 200)]);
        assert_eq!(heights(&preset, (0, 0), (1, 1)), [(192, 200)]);
        assert_eq!(offered(&preset.rungs, None), [true; 7]);
        assert!(offered(&[], None).is_empty());
    }
}
