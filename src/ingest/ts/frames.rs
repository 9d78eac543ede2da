//! The codings of sound that [`Audio`](super::audio::Audio) reads, each as what its frames look like.
//!
//! To take another coding, give it a parser in `codec`, implement [`FrameSyntax`] here and name it in `layout.rs`.

use std::fmt::Debug;

use bytes::Bytes;

use crate::{
    codec::{
        ac3::{self, Ac3Header, Ac3Sound},
        adts::{self, AdtsConfig, AdtsHeader},
        latm::{self, LatmReader, LatmSound},
        mpa::{self, MpaHeader, MpaSound},
    },
    error::ParseError,
    media::TrackFormat,
    time::Timescale,
};

/// How the frames of one coding lie in their stream: one after the other, each with a sync word and its length.
pub(super) trait FrameSyntax: Debug + Default + Send {
    /// What is the same in all frames of a sound that does not change.
    type Sound: Clone + PartialEq + Debug + Send;

    /// Bytes that must be there before the length can be read.
    const HEADER: usize;
    /// The first byte of the sync word.
    const SYNC: u8;

    /// Whether two bytes can begin a frame.
    fn is_sync(first: u8, second: u8) -> bool;

    /// Bytes of the frame that `bytes` begin with; never 0.
    ///
    /// # Errors
    /// They begin with no frame, or with one of a kind that is not taken.
    fn frame_len(bytes: &[u8]) -> Result<usize, ParseError>;

    /// Takes a whole frame apart: what it sounds like and the bytes for a decoder; `None` where its set-up is not there yet.
    ///
    /// # Errors
    /// The inside of the frame cannot be read or is of a kind that is not taken.
    fn open(&mut self, frame: Bytes) -> Result<Option<(Self::Sound, Bytes)>, ParseError>;

    /// The format of a track of this sound.
    fn format(sound: &Self::Sound) -> TrackFormat;

    /// Instants in one frame and how many there are in a second.
    fn timing(sound: &Self::Sound) -> (u32, u32);
}

/// AAC in ADTS.
#[derive(Debug, Default)]
pub(super) struct Adts;

/// AAC in LOAS/LATM.
#[derive(Debug, Default)]
pub(super) struct Latm(LatmReader);

/// AC-3.
#[derive(Debug, Default)]
pub(super) struct Ac3;

/// MPEG audio, layers II and III.
#[derive(Debug, Default)]
pub(super) struct Mpa;

impl FrameSyntax for Adts {
    type Sound = AdtsConfig;

    const HEADER: usize = adts::MIN_HEADER_LEN;
    const SYNC: u8 = 0xFF;

    fn is_sync(first: u8, second: u8) -> bool {
        adts::is_sync(first, second)
    }

    fn frame_len(bytes: &[u8]) -> Result<usize, ParseError> {
        AdtsHeader::parse(bytes).map(|header| header.frame_len)
    }

    fn open(&mut self, frame: Bytes) -> Result<Option<(AdtsConfig, Bytes)>, ParseError> {
        let header = AdtsHeader::parse(&frame)?;
        Ok(Some((header.config, frame.slice(header.header_len..))))
    }

    fn format(sound: &AdtsConfig) -> TrackFormat {
        TrackFormat::Aac(sound.audio_track(), sound.aac_config())
    }

    fn timing(sound: &AdtsConfig) -> (u32, u32) {
        (adts::SAMPLES_PER_FRAME, sound.audio_track().sample_rate)
    }
}

impl FrameSyntax for Latm {
    type Sound = LatmSound;

    const HEADER: usize = latm::MIN_HEADER_LEN;
    const SYNC: u8 = 0x56;

    fn is_sync(first: u8, second: u8) -> bool {
        latm::is_sync(first, second)
    }

    fn frame_len(bytes: &[u8]) -> Result<usize, ParseError> {
        latm::frame_len(bytes)
    }

    fn open(&mut self, frame: Bytes) -> Result<Option<(LatmSound, Bytes)>, ParseError> {
        self.0.open(&frame)
    }

    fn format(sound: &LatmSound) -> TrackFormat {
        TrackFormat::Aac(sound.audio_track(), sound.aac_config())
    }

    fn timing(sound: &LatmSound) -> (u32, u32) {
        sound.frame_samples()
    }
}

impl FrameSyntax for Ac3 {
    type Sound = Ac3Sound;

    const HEADER: usize = ac3::MIN_HEADER_LEN;
    const SYNC: u8 = 0x0B;

    fn is_sync(first: u8, second: u8) -> bool {
        ac3::is_sync(first, second)
    }

    fn frame_len(bytes: &[u8]) -> Result<usize, ParseError> {
        Ac3Header::parse(bytes).map(|header| header.frame_len)
    }

    fn open(&mut self, frame: Bytes) -> Result<Option<(Ac3Sound, Bytes)>, ParseError> {
        Ok(Some((Ac3Header::parse(&frame)?.sound, frame)))
    }

    fn format(sound: &Ac3Sound) -> TrackFormat {
        TrackFormat::Ac3(sound.audio_track(), sound.ac3_config())
    }

    fn timing(sound: &Ac3Sound) -> (u32, u32) {
        (ac3::SAMPLES_PER_FRAME, sound.audio_track().sample_rate)
    }
}

impl FrameSyntax for Mpa {
    type Sound = MpaSound;

    const HEADER: usize = mpa::MIN_HEADER_LEN;
    const SYNC: u8 = 0xFF;

    fn is_sync(first: u8, second: u8) -> bool {
        mpa::is_sync(first, second)
    }

    fn frame_len(bytes: &[u8]) -> Result<usize, ParseError> {
        MpaHeader::parse(bytes).map(|header| header.frame_len)
    }

    fn open(&mut self, frame: Bytes) -> Result<Option<(MpaSound, Bytes)>, ParseError> {
        Ok(Some((MpaHeader::parse(&frame)?.sound, frame)))
    }

    fn format(sound: &MpaSound) -> TrackFormat {
        TrackFormat::Mpa(sound.audio_track(), sound.mpa_config())
    }

    fn timing(sound: &MpaSound) -> (u32, u32) {
        (sound.frame_samples(), sound.audio_track().sample_rate)
    }
}

/// `samples` instants at `rate` a second.
pub(super) fn samples_long(samples: i64, rate: u32) -> crate::time::MediaDuration {
    crate::time::MediaDuration::from_ticks(samples, Timescale::new(rate).unwrap_or(Timescale::MPEG))
}
