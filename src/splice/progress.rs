//! How far the output had come a little while ago.

use std::{collections::VecDeque, time::Duration};

use crate::time::MediaTime;

/// Where the output stood whenever pictures came, over the last [`SPAN`](Self::SPAN).
#[derive(Debug, Default)]
pub(super) struct Progress(VecDeque<(Duration, MediaTime)>);

impl Progress {
    /// How far back it goes.
    pub(super) const SPAN: Duration = Duration::from_millis(500);
    /// Marks are no closer than this: eleven are the most.
    const STEP: Duration = Duration::from_millis(50);

    /// Pictures come at `now`, when the output has come to `position`.
    pub(super) fn mark(&mut self, now: Duration, position: MediaTime) {
        if self.0.back().is_some_and(|(at, _)| now < *at + Self::STEP) {
            return;
        }
        while self.0.front().is_some_and(|(at, _)| *at + Self::SPAN < now) {
            self.0.pop_front();
        }
        self.0.push_back((now, position));
    }

    /// Where the output was [`SPAN`](Self::SPAN) before `now`, to within a step; `None` where nothing came since.
    pub(super) fn before(&self, now: Duration) -> Option<MediaTime> {
        self.0.iter().find(|(at, _)| *at + Self::SPAN > now).map(|(_, position)| *position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_the_last_half_second_and_no_more() {
        let mut progress = Progress::default();
        let millis = Duration::from_millis;
        let at = |n: u64| MediaTime::from_flicks(n as i64);
        (0..100_000).for_each(|n| progress.mark(millis(n), at(n)));
        assert!(progress.0.len() <= 11, "{}", progress.0.len());
        let before = progress.before(millis(99_999)).unwrap();
        assert!(before >= at(99_499) && before <= at(99_550), "{before:?}");
        assert_eq!(progress.before(millis(100_500)), None);
    }
}
