//! AAC of a fragment as a stream of ADTS frames (ISO/IEC 14496-3 clause 1.A.3.2): a few to a PES packet, or by themselves as packed
//! audio (RFC 8216 clause 3.4).

use bytes::Bytes;

use super::clock::{ticks90, wrapped};
use crate::{
    codec::{
        adts::{AdtsConfig, MIN_HEADER_LEN, SAMPLES_PER_FRAME},
        asc::AudioSpecificConfig,
    },
    error::{LimitError, ParseError, ParseErrorKind},
    media::{TrackFormat, TrackSpec},
    wire::mp4::Fragment,
};

/// The sound of a fragment, some frames at a time.
#[derive(Debug)]
pub(super) struct Sound<'a> {
    fragment: &'a Fragment,
    /// One for each frame.
    headers: &'a [[u8; MIN_HEADER_LEN]],
    track: &'a TrackSpec,
    /// How long a frame lasts, in ticks of the track.
    frame: u64,
    at: usize,
    decode_time: u64,
}

/// What an ADTS header says of a track; `None` where the track is no AAC, or of a kind that has no such header.
pub(super) fn adts_config(track: &TrackSpec) -> Option<AdtsConfig> {
    let TrackFormat::Aac(_, config) = &track.format else { return None };
    AudioSpecificConfig::parse(&config.asc).ok().and_then(|config| AdtsConfig::of(&config))
}

/// The header of each frame.
pub(super) fn headers(config: AdtsConfig, fragment: &Fragment) -> Result<Vec<[u8; MIN_HEADER_LEN]>, ParseError> {
    let error = |kind: ParseErrorKind| ParseError::new(kind, "adts", None, 0);
    let header = |len: usize| {
        if len == 0 {
            return Err(error(ParseErrorKind::Truncated { what: "raw_data_block" }));
        }
        let limit = || LimitError { what: "AAC frame bytes", ceiling: MAX_FRAME, asked: len as u64 };
        config.header(len).ok_or_else(|| error(limit().into()))
    };
    fragment.samples.iter().map(|sample| header(sample.data.len())).collect()
}

impl<'a> Sound<'a> {
    pub(super) fn new(
        track: &'a TrackSpec,
        config: AdtsConfig,
        fragment: &'a Fragment,
        headers: &'a [[u8; MIN_HEADER_LEN]],
    ) -> Self {
        let (scale, rate) = (u64::from(track.timescale.per_second()), config.audio_track().sample_rate);
        let frame = scale.saturating_mul(SAMPLES_PER_FRAME.into()) / u64::from(rate.max(1));
        Self { fragment, headers, track, frame, at: 0, decode_time: fragment.decode_time }
    }

    /// When the next frames begin, in ticks of 90 kHz that do not go round.
    pub(super) fn next_pts(&self) -> Option<u64> {
        (self.at < self.fragment.samples.len()).then(|| ticks90(self.decode_time, self.track.timescale))
    }

    /// The next frames, which follow each other without a gap, as pieces in `pieces`; whether they are the last.
    pub(super) fn next(&mut self, pieces: &mut Vec<&'a [u8]>) -> bool {
        pieces.clear();
        let mut bytes = 0usize;
        while let (Some(sample), Some(header)) = (self.fragment.samples.get(self.at), self.headers.get(self.at)) {
            bytes = bytes.saturating_add(MIN_HEADER_LEN).saturating_add(sample.data.len());
            if !pieces.is_empty() && bytes > MAX_PES {
                break;
            }
            pieces.extend([header.as_slice(), &sample.data]);
            self.at = self.at.saturating_add(1);
            self.decode_time = self.decode_time.saturating_add(sample.duration.into());
            // A player counts frames from the time stamp on: none may stand behind a gap.
            if pieces.len() >= 2 * MAX_FRAMES || u64::from(sample.duration).abs_diff(self.frame) > 1 {
                break;
            }
        }
        self.at >= self.fragment.samples.len()
    }
}

/// A fragment's sound as packed audio: an ID3 tag with the time of the first frame, then all frames.
///
/// Beside pictures of a segment of its own, sound needs no transport stream around it, which would add a quarter to 64 kbit/s and
/// counters that must follow each other.
pub(super) fn packed(track: &TrackSpec, config: AdtsConfig, fragment: &Fragment) -> Result<Bytes, ParseError> {
    let headers = headers(config, fragment)?;
    let sizes = fragment.samples.iter().map(|sample| sample.data.len().saturating_add(MIN_HEADER_LEN));
    let mut out = Vec::with_capacity(sizes.fold(ID3.len().saturating_add(8), usize::saturating_add));
    out.extend_from_slice(ID3);
    out.extend(wrapped(ticks90(fragment.decode_time, track.timescale)).to_be_bytes());
    for (header, sample) in headers.iter().zip(&fragment.samples) {
        out.extend_from_slice(header);
        out.extend_from_slice(&sample.data);
    }
    Ok(out.into())
}

/// A tag of ID3 v2.4 with one PRIV frame, up to its eight bytes of time (RFC 8216 clause 3.4).
const ID3: &[u8] = b"ID3\x04\0\0\0\0\0\x3FPRIV\0\0\0\x35\0\0com.apple.streaming.transportStreamTimestamp\0";
/// Frames of a PES packet: an eighth to a fifth of a second.
const MAX_FRAMES: usize = 8;
/// Bytes of a PES packet of sound, as a transport stream target decoder's buffer likes it: the main buffer of AAC has 3 584
/// (ISO/IEC 13818-1 clause 2.4.2.6).
const MAX_PES: usize = 2800;
/// What the 13 bits of `aac_frame_length` leave for raw data.
const MAX_FRAME: u64 = (1 << 13) - 1 - MIN_HEADER_LEN as u64;
