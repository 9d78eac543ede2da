//! An instruction to splice, as it came with a contribution.

use std::fmt;

use bytes::Bytes;

use crate::time::MediaTime;

/// A cue that a contribution carried, untouched: whoever acts on it parses it, and need not work out its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CueSignal {
    /// Where it was found.
    pub carriage: CueCarriage,
    /// Source time at which it came: that of the newest access unit before it, or what its carriage states.
    pub at: MediaTime,
    /// Source time at which it is to be acted on, where its carriage or its message says one: of SCTE-35 in a transport stream,
    /// `pts_time` and `pts_adjustment` of a `splice_insert` or a `time_signal`, unwrapped beside the pictures; where these say
    /// "at once", `at`; of `onAdCue`, its `time`, which is on the clock of the stream's message time stamps, unwrapped beside that
    /// of the message. `None` where there is no such time (another command, a cancellation), and where it is encrypted or cannot
    /// be read.
    pub due: Option<MediaTime>,
    /// The message, byte for byte, in its carriage's form.
    pub payload: Bytes,
}

/// How a cue travels beside the pictures; says what the payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CueCarriage {
    /// SCTE-35 in a transport stream: a whole `splice_info_section` with its CRC.
    TransportStream {
        /// The PID that it came on.
        pid: u16,
    },
    /// RTMP `onAdCue`: the AMF0 values of the data message, from the name on.
    OnAdCue,
    /// A Smooth Streaming sparse track: the sample, from its version field on.
    SparseTrack,
}

/// For people.
impl fmt::Display for CueCarriage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TransportStream { pid } => write!(f, "SCTE-35 on PID {pid}"),
            Self::OnAdCue => f.write_str("onAdCue"),
            Self::SparseTrack => f.write_str("sparse track"),
        }
    }
}
