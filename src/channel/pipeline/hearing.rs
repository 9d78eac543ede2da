//! What was heard of the contribution, for the pictures that are made a moment later.
//!
//! A picture is judged by the sound of a second before it ([`LossPolicy::SILENCE_LAG`]): that is settled by then, because
//! sound that is half a second late is not waited for. Where the sound is further behind (fragments of six seconds, of
//! which the pictures come first), a picture is judged by the newest sound that was settled when its frame was made. Either
//! is a function of what came in and in which order, and a picture only ever waits for steps of the sound that are on
//! their way.

use std::collections::VecDeque;

use crate::{
    ladder::Hearing,
    splice::LossPolicy,
    time::{MediaDuration, MediaTime},
};

/// What the outputs have of the contribution, from the instant on that the next picture is judged by.
pub(super) struct Heard {
    outputs: Vec<Output>,
    /// The longest frame of an encoder.
    frame: MediaDuration,
}

struct Output {
    changes: VecDeque<(MediaTime, Hearing<MediaTime>)>,
    /// What there is at the first of them and before.
    first: Hearing<MediaTime>,
    /// Everything before is known.
    until: MediaTime,
}

impl Heard {
    /// Changes that are kept of an output: half a minute of them. More can only be where pictures stand still.
    const CHANGES: usize = 2048;

    /// For outputs whose encoders' frames are so long, and which begin there.
    pub(super) fn new(outputs: impl Iterator<Item = (MediaDuration, MediaTime)>) -> Self {
        let output = |until| Output { changes: VecDeque::new(), first: Hearing::Loud, until };
        let (frames, outputs): (Vec<_>, Vec<_>) = outputs.map(|(frame, begin)| (frame, output(begin))).unzip();
        Self { outputs, frame: frames.into_iter().max().unwrap_or(MediaDuration::ZERO) }
    }

    /// Up to where sound must be settled so that the frame of `at` is judged by that of a second before.
    pub(super) const fn wants(&self, at: MediaTime) -> MediaTime {
        at.minus(LossPolicy::SILENCE_LAG).plus(self.frame)
    }

    /// The sound by which the frame of `at` is judged, where all is settled up to `settled`, or will be.
    pub(super) fn judged_by(&self, at: MediaTime, settled: MediaTime) -> MediaTime {
        at.minus(LossPolicy::SILENCE_LAG).min(settled.minus(self.frame))
    }

    /// Takes what an output had, up to `until`.
    pub(super) fn take(
        &mut self,
        output: usize,
        changes: impl Iterator<Item = (MediaTime, Hearing<MediaTime>)>,
        until: MediaTime,
    ) {
        let Some(output) = self.outputs.get_mut(output) else { return };
        output.changes.extend(changes);
        output.until = until;
        while output.changes.len() > Self::CHANGES {
            output.forget();
        }
    }

    /// Whether everything of `at` is known.
    pub(super) fn knows(&self, at: MediaTime) -> bool {
        self.outputs.iter().all(|output| output.until > at)
    }

    /// Since when the contribution is silent for the frame of `at`, which is judged by the sound of `judged_by`; so much later
    /// as that is further behind than it should be: what was not heard does not count.
    pub(super) fn quiet_for(&mut self, at: MediaTime, judged_by: MediaTime) -> Option<MediaTime> {
        let behind = at.minus(LossPolicy::SILENCE_LAG).since(judged_by);
        Some(self.quiet_at(judged_by)?.plus(behind))
    }

    /// Since when the contribution is silent at `at`: in every output that it has a track for. Ask in order of time.
    fn quiet_at(&mut self, at: MediaTime) -> Option<MediaTime> {
        let mut quiet: Option<MediaTime> = None;
        let mut is_loud = false;
        for output in &mut self.outputs {
            while output.changes.front().is_some_and(|(from, _)| *from <= at) {
                output.forget();
            }
            match output.first {
                Hearing::NoTrack => {}
                Hearing::Loud => is_loud = true,
                Hearing::Quiet(since) => quiet = quiet.max(Some(since)),
            }
        }
        quiet.filter(|_| !is_loud)
    }
}

impl Output {
    fn forget(&mut self) {
        if let Some((_, hearing)) = self.changes.pop_front() {
            self.first = hearing;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> MediaTime {
        MediaTime::ZERO.plus(MediaDuration::from_millis(millis))
    }

    #[test]
    fn a_contribution_is_silent_where_every_output_with_a_track_is() {
        let mut heard = Heard::new([20, 30].into_iter().map(|millis| (MediaDuration::from_millis(millis), at(0))));
        assert!(!heard.knows(at(0)) && heard.knows(at(-1)), "nothing was before it began");
        heard.take(0, [(at(0), Hearing::Quiet(at(0))), (at(400), Hearing::Loud)].into_iter(), at(500));
        assert!(!heard.knows(at(0)));
        let second = [(at(0), Hearing::NoTrack), (at(100), Hearing::Loud), (at(200), Hearing::Quiet(at(190)))];
        heard.take(1, second.into_iter(), at(450));
        assert!(heard.knows(at(449)) && !heard.knows(at(450)));
        let quiet = [0, 99, 100, 199, 200, 399, 400].map(|millis| heard.quiet_at(at(millis)));
        assert_eq!(quiet, [Some(at(0)), Some(at(0)), None, None, Some(at(190)), Some(at(190)), None]);
        heard.take(0, [(at(500), Hearing::NoTrack)].into_iter(), at(600));
        heard.take(1, [(at(500), Hearing::NoTrack)].into_iter(), at(600));
        assert_eq!(heard.quiet_at(at(550)), None, "it has no sound at all");
    }

    #[test]
    fn a_picture_is_judged_by_the_sound_of_a_second_before_or_by_the_newest() {
        let mut heard = Heard::new(std::iter::once((MediaDuration::from_millis(20), at(0))));
        assert_eq!(heard.wants(at(9_000)), at(8_020));
        assert_eq!(heard.judged_by(at(9_000), at(8_020)), at(8_000));
        assert_eq!(heard.judged_by(at(9_000), at(8_900)), at(8_000));
        assert_eq!(heard.judged_by(at(9_000), at(3_000)), at(2_980));
        heard.take(0, std::iter::once((at(2_000), Hearing::Quiet(at(2_000)))), at(9_000));
        assert_eq!(heard.quiet_for(at(9_000), at(2_980)), Some(at(7_020)), "it was heard to last for 0.98 s");
        assert_eq!(heard.quiet_for(at(9_000), at(8_000)), Some(at(2_000)));
    }

    #[test]
    fn changes_are_bounded_where_no_picture_asks() {
        let mut heard = Heard::new(std::iter::once((MediaDuration::from_millis(20), at(0))));
        for n in 0..10_000 {
            let hearing = if n % 2 == 0 { Hearing::Quiet(at(n)) } else { Hearing::Loud };
            heard.take(0, std::iter::once((at(n), hearing)), at(n + 1));
        }
        assert_eq!(heard.outputs[0].changes.len(), Heard::CHANGES);
        assert_eq!(heard.quiet_at(at(9_998)), Some(at(9_998)));
    }
}
