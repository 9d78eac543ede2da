//! Which sound of the contribution a channel takes, and what it is called in the output (A6.11 to A6.13).

use crate::{channel::ConfigError, ladder::Preset, media::Language};

/// One language of the output: a rendition of its own, whether or not the contribution has it at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioStream {
    /// Which audio track of the contribution, counted from zero in its own order; no two streams have the same.
    ///
    /// For a transport stream that is the order of the program map, over AAC in ADTS and LATM, AC-3 of systems A and B, MPEG-1 and
    /// MPEG-2 audio, and private PES packets (stream type 0x06) of which no descriptor says what they are: these have their place in
    /// the count, as A6.11 has it, and are silent. Teletext, subtitles and whatever else is named by a descriptor do not count.
    pub index: u32,
    /// Its name in URLs, manifests and object names: 1 to 80 letters, digits, `_` and `-`, unlike every other rendition's.
    /// Empty stands for `audio` with the first stream, for `audio_fra` or `audio_1` after language or index with others.
    pub name: String,
    /// ISO 639-2 language, `und` where it is not to be stated.
    pub language: Language,
}

impl AudioStream {
    /// Streams that a channel may have (A6.13).
    pub const MAX: usize = 8;

    /// The audio track with this index, under the name that it gets by itself.
    #[must_use]
    pub const fn new(index: u32, language: Language) -> Self {
        Self { index, name: String::new(), language }
    }

    /// The names of these streams in the output, in order: unique where [`check`](Self::check) finds nothing.
    pub(super) fn names(streams: &[Self]) -> Vec<String> {
        let mut names: Vec<String> = Vec::with_capacity(streams.len());
        for (n, stream) in streams.iter().enumerate() {
            let is_free = |name: &String| !names.contains(name) && streams.iter().all(|other| other.name != *name);
            let by_language = (stream.language != Language::UND).then(|| format!("audio_{}", stream.language.as_str()));
            let own = [(n == 0).then(|| String::from("audio")), by_language].into_iter().flatten().find(is_free);
            names.push(match (stream.name.as_str(), own) {
                ("", Some(own)) => own,
                ("", None) => format!("audio_{}", stream.index),
                (given, _) => given.into(),
            });
        }
        names
    }

    /// Checks the rules of A6.13, and that every name has a place in URLs beside the rungs of `preset`.
    pub(super) fn check(streams: &[Self], preset: &Preset) -> Result<(), ConfigError> {
        if streams.is_empty() || streams.len() > Self::MAX {
            return Err(ConfigError::AudioStreams(streams.len()));
        }
        let names = Self::names(streams);
        for (n, (stream, name)) in streams.iter().zip(&names).enumerate() {
            if streams.iter().take(n).any(|other| other.index == stream.index) {
                return Err(ConfigError::AudioIndex(stream.index));
            }
            let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            let is_taken = names.iter().take(n).any(|other| other == name)
                || RESERVED.contains(&name.as_str())
                || preset.rungs.iter().any(|rung| rung.name == *name);
            if !is_plain || is_taken || !(1..=80).contains(&name.len()) {
                return Err(ConfigError::AudioName(name.clone()));
            }
        }
        Ok(())
    }
}

/// The switching set of the rungs, and the words that have a meaning of their own in the URLs of A20.
const RESERVED: [&str; 6] = ["video", "format", "filter", "type", "encryption", "audio-only"];

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(index: u32, name: &str, language: &str) -> AudioStream {
        AudioStream { index, name: name.into(), language: Language::new(language).unwrap() }
    }

    #[test]
    fn streams_without_a_name_are_called_after_language_or_index() {
        let streams = [
            stream(0, "", "eng"),
            stream(1, "", "fra"),
            stream(2, "", "und"),
            stream(3, "", "fra"),
            stream(4, "audio_deu", "spa"),
            stream(5, "", "deu"),
        ];
        let names = AudioStream::names(&streams);
        assert_eq!(names, ["audio", "audio_fra", "audio_2", "audio_3", "audio_deu", "audio_5"]);
        assert_eq!(AudioStream::check(&streams, &Preset::default_720p()), Ok(()));
        assert_eq!(AudioStream::names(&[stream(0, "", "fra"), stream(1, "audio", "eng")]), ["audio_fra", "audio"]);
    }

    #[test]
    fn each_rule_of_a6_13_has_its_error() {
        let preset = Preset::default_720p();
        let refused = |streams: &[AudioStream]| AudioStream::check(streams, &preset).unwrap_err();
        assert_eq!(refused(&[]), ConfigError::AudioStreams(0));
        let nine: Vec<_> = (0..9).map(|n| stream(n, "", "und")).collect();
        assert_eq!(refused(&nine), ConfigError::AudioStreams(9));
        assert_eq!(AudioStream::check(&nine[..8], &preset), Ok(()));
        assert_eq!(refused(&[stream(2, "a", "und"), stream(2, "b", "und")]), ConfigError::AudioIndex(2));
        let long = "x".repeat(81);
        for bad in ["a.b", "a b", "a/b", "..", "ä", "video", "format", "filter", "audio-only", &long] {
            assert_eq!(refused(&[stream(0, bad, "und")]), ConfigError::AudioName(bad.into()));
        }
        let rung = &preset.rungs[0].name;
        assert_eq!(refused(&[stream(0, rung, "und")]), ConfigError::AudioName(rung.clone()));
        assert_eq!(refused(&[stream(0, "x", "und"), stream(1, "x", "und")]), ConfigError::AudioName("x".into()));
        assert_eq!(
            refused(&[stream(7, "audio_1", "und"), stream(1, "", "und")]),
            ConfigError::AudioName("audio_1".into())
        );
    }
}
