//! Raw sound.

use crate::time::MediaTime;

/// Interleaved 16-bit PCM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples {
    /// Time of the first sample.
    pub pts: MediaTime,
    /// Samples per second and channel.
    pub sample_rate: u32,
    /// Channels, 1 to 8.
    pub channels: u8,
    /// `channels` values per instant.
    pub data: Vec<i16>,
}

impl Samples {
    /// Instants in `data`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len() / usize::from(self.channels.max(1))
    }

    /// Whether there is no whole instant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
