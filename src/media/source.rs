//! Pictures and sound that the library makes itself: slates and the test source.

use crate::{media::Frame, time::MediaTime};

/// Draws pictures as a pure function of time, so that the same instant always shows the same picture.
pub trait PictureSource: Send {
    /// The picture at `at`; the same buffer again where nothing changed (see [`Frame::is_same_picture`]).
    fn picture(&mut self, at: MediaTime) -> Frame;
}

/// Makes sound as a pure function of the sample number, so that the same instant always sounds the same.
pub trait SoundSource: Send {
    /// Writes interleaved samples; the first instant of `out` is sample number `first` since the channel's epoch.
    fn fill(&mut self, first: i64, out: &mut [i16]);
}
