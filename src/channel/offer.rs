//! Which rungs a contribution is good for: none is up-scaled (A12.9).
//!
//! A program's manifests list what its first contribution is good for, from the segment in which it comes on air. What is
//! withdrawn then is encoded on, so that players that hold it never stall, and does not come back within the program.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    ladder::{Preset, offered},
    media::{Segment, VideoTrack},
    time::MediaTime,
};

/// What the contributions on air are good for, along the channel's clock: for each rendition whether it is offered.
#[derive(Debug, Default)]
pub(super) struct Offers {
    /// In force at the end of the newest segment that was asked about.
    current: Option<Arc<[bool]>>,
    /// What changes after that.
    changes: VecDeque<(MediaTime, Option<Arc<[bool]>>)>,
}

impl Offers {
    /// Changes that may lie ahead of the newest segment; with more than these the oldest give way.
    const AHEAD: usize = 64;

    /// From `at` on this is offered; nothing is said where no contribution is on air.
    pub(super) fn push(&mut self, at: MediaTime, offer: Option<Arc<[bool]>>) {
        let newest = self.changes.back().map_or(&self.current, |(_, newest)| newest);
        if *newest == offer {
            return;
        }
        if self.changes.len() >= Self::AHEAD
            && let Some((_, oldest)) = self.changes.pop_front()
        {
            self.current = oldest;
        }
        self.changes.push_back((at, offer));
    }

    /// What a contribution in this segment is good for, the last one where there are several. Ask in order.
    pub(super) fn in_segment(&mut self, segment: &Segment) -> Option<Arc<[bool]>> {
        let mut found = self.current.clone();
        while let Some((_, offer)) = self.changes.pop_front_if(|(at, _)| *at < segment.end()) {
            found = offer.clone().or(found);
            self.current = offer;
        }
        found
    }
}

/// For each rendition whether `video` is good for it: rungs in the preset's order, then `sounds` languages, which always are.
pub(super) fn renditions(preset: &Preset, video: Option<&VideoTrack>, sounds: usize) -> Arc<[bool]> {
    offered(preset, video).into_iter().chain(std::iter::repeat_n(true, sounds)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{media::Pack, time::MediaDuration};

    fn segment(n: i64) -> Segment {
        let start = MediaTime::ZERO.plus(MediaDuration::from_secs(2 * n));
        let duration = MediaDuration::from_secs(2);
        Segment {
            sequence: n as u64,
            start,
            duration,
            is_discontinuous: false,
            spans: Arc::from([]),
            cues: Arc::default(),
            pack: Pack::default(),
        }
    }

    #[test]
    fn a_segment_knows_the_contribution_that_was_in_it() {
        let second = |n| MediaTime::ZERO.plus(MediaDuration::from_secs(n));
        let offer = |is_offered: bool| Some(Arc::from([is_offered]));
        let mut offers = Offers::default();
        offers.push(second(3), offer(true));
        offers.push(second(5), None);
        offers.push(second(5), None);
        offers.push(second(8), offer(false));
        let found: Vec<_> = (0..6).map(|n| offers.in_segment(&segment(n))).collect();
        assert_eq!(found, [None, offer(true), offer(true), None, offer(false), offer(false)]);
    }

    #[test]
    fn changes_that_nobody_asks_about_stay_few() {
        let mut offers = Offers::default();
        for n in 0..1000 {
            let at = MediaTime::ZERO.plus(MediaDuration::from_secs(n));
            offers.push(at, (n % 2 == 0).then(|| Arc::from([true])));
        }
        assert_eq!(offers.changes.len(), Offers::AHEAD);
    }

    #[test]
    fn rungs_larger_than_the_pictures_are_not_offered() {
        let preset = crate::ladder::Preset::default_720p();
        let count = |width, height| {
            let offered = renditions(&preset, Some(&VideoTrack::new(width, height)), 2);
            assert_eq!((offered.len(), &offered[7..]), (9, &[true, true][..]));
            offered.iter().filter(|is_offered| **is_offered).count() - 2
        };
        assert_eq!([count(1920, 1080), count(1280, 720), count(640, 360), count(64, 48)], [7, 7, 4, 1]);
    }
}
