//! Whether the sound of a contribution is silent, frame by frame of one output.

use std::collections::VecDeque;

/// What an output has of the contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hearing<Time> {
    /// It has no track of it.
    NoTrack,
    /// Something is heard, or it does not come from the contribution.
    Loud,
    /// Nothing, since this instant: the end of the last sample that was heard.
    Quiet(Time),
}

/// Instants are counted in samples from the channel's epoch.
#[derive(Debug)]
pub(crate) struct QuietWatch {
    has_track: bool,
    /// From when on that is otherwise.
    tracks: VecDeque<(i64, bool)>,
    /// The end of the last sample that was heard.
    loud_until: i64,
    told: Hearing<i64>,
}

impl QuietWatch {
    /// The loudest sample of silence, of 32 768: -60 dBFS, as ffmpeg's `silencedetect` has it.
    const FLOOR: u16 = 32;

    pub(crate) const fn new() -> Self {
        Self { has_track: false, tracks: VecDeque::new(), loud_until: 0, told: Hearing::Loud }
    }

    /// From the sample `at` on the contribution has a track for the output, or none. One that changes its mind about the same
    /// instant is heard once.
    pub(crate) fn set_track(&mut self, at: i64, has_track: bool) {
        self.tracks.pop_back_if(|(earlier, _)| *earlier >= at);
        self.tracks.push_back((at, has_track));
    }

    /// Takes the output frame whose first sample is `first`; `is_live`: all of it is the contribution's. What there is from
    /// there on, where that is something else than before.
    pub(crate) fn note(&mut self, first: i64, samples: &[i16], channels: usize, is_live: bool) -> Option<Hearing<i64>> {
        while let Some((_, has_track)) = self.tracks.pop_front_if(|(at, _)| *at <= first) {
            self.has_track = has_track;
        }
        let last_loud =
            if is_live { samples.iter().rposition(|sample| sample.unsigned_abs() > Self::FLOOR) } else { None };
        let instants = |samples: usize| (samples / channels.max(1)) as i64;
        let hearing = match last_loud {
            _ if !is_live || !self.has_track => {
                self.loud_until = first + instants(samples.len());
                if self.has_track { Hearing::Loud } else { Hearing::NoTrack }
            }
            Some(last) => {
                self.loud_until = first + instants(last) + 1;
                Hearing::Loud
            }
            None => Hearing::Quiet(self.loud_until),
        };
        let is_news = std::mem::replace(&mut self.told, hearing) != hearing;
        is_news.then_some(hearing)
    }
}

impl<Time> Hearing<Time> {
    pub(crate) fn map<Other>(self, map: impl FnOnce(Time) -> Other) -> Hearing<Other> {
        match self {
            Self::NoTrack => Hearing::NoTrack,
            Self::Loud => Hearing::Loud,
            Self::Quiet(since) => Hearing::Quiet(map(since)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stereo frame of four instants with one sample at a place.
    fn frame(at: usize, sample: i16) -> [i16; 8] {
        let mut samples = [0; 8];
        samples[at] = sample;
        samples
    }

    #[test]
    fn silence_begins_behind_the_last_sample_that_is_heard() {
        let mut watch = QuietWatch::new();
        watch.set_track(0, true);
        let mut note = |n: i64, samples: [i16; 8]| watch.note(n * 4, &samples, 2, true);
        assert_eq!(note(0, frame(3, 33)), None, "it is loud from the start");
        assert_eq!(note(1, frame(0, 32)), Some(Hearing::Quiet(2)));
        assert_eq!(note(2, frame(0, -32)), None);
        assert_eq!(note(3, frame(5, i16::MIN)), Some(Hearing::Loud));
        assert_eq!(note(4, [0; 8]), Some(Hearing::Quiet(15)));
    }

    #[test]
    fn only_what_is_the_contributions_own_is_silence() {
        let mut watch = QuietWatch::new();
        assert_eq!(watch.note(0, &[0; 8], 2, true), Some(Hearing::NoTrack));
        watch.set_track(4, true);
        assert_eq!(watch.note(4, &[0; 8], 2, true), Some(Hearing::Quiet(4)));
        assert_eq!(watch.note(8, &[0; 8], 2, false), Some(Hearing::Loud), "a slate has its place");
        assert_eq!(watch.note(12, &[0; 8], 2, true), Some(Hearing::Quiet(12)));
        // Another contribution follows at once, and one without sound.
        [(14, false), (14, true), (17, false)].into_iter().for_each(|(at, has_track)| watch.set_track(at, has_track));
        assert_eq!(watch.note(16, &[0; 8], 2, true), None);
        assert_eq!(watch.note(20, &[0; 8], 2, true), Some(Hearing::NoTrack));
    }
}
