//! H.264 of a fragment as a byte stream: delimiters, parameter sets, start codes, and decode times that players can use.
//!
//! A stored fragment's decode times begin at its first presentation time, and composition offsets may be negative. In a transport
//! stream no picture is decoded after it is shown, so all of them are moved back by as much as the sequence parameter set lets
//! pictures be reordered. That depends on the track alone: decode times go up from segment to segment, wherever each was made.

use super::clock::{OFFSET, ticks90};
use crate::{
    codec::h264::{NAL_AUD, NAL_PPS, NAL_SPS, nal_ranges, nal_type},
    media::{H264Config, TrackSpec},
    package::stored,
    time::Timescale,
    wire::mp4::Fragment,
};

/// The pictures of a fragment, one after the other.
#[derive(Debug)]
pub(super) struct Pictures<'a> {
    config: &'a H264Config,
    fragment: &'a Fragment,
    scale: Timescale,
    /// How far decode times are moved back, in ticks of 90 kHz; less than [`OFFSET`].
    delay: u64,
    /// The next one.
    at: usize,
    /// Its decode time as it is stored.
    decode_time: u64,
}

/// When a picture is decoded and shown, in ticks of 90 kHz that do not go round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PictureTime {
    pub(super) pts: u64,
    pub(super) dts: u64,
    pub(super) is_random_access: bool,
}

impl<'a> Pictures<'a> {
    pub(super) fn new(track: &TrackSpec, config: &'a H264Config, fragment: &'a Fragment) -> Self {
        let delay = stored::reorder_delay(track, config).ticks(Timescale::MPEG);
        let delay = u64::try_from(delay).unwrap_or(0).min(OFFSET / 2);
        Self { config, fragment, scale: track.timescale, delay, at: 0, decode_time: fragment.decode_time }
    }

    /// The next picture: its time, and its bytes as pieces in `pieces`. A sample without a whole NAL unit is passed over.
    pub(super) fn next(&mut self, pieces: &mut Vec<&'a [u8]>) -> Option<PictureTime> {
        loop {
            let sample = self.fragment.samples.get(self.at)?;
            self.at = self.at.saturating_add(1);
            let here = self.decode_time;
            self.decode_time = here.saturating_add(sample.duration.into());
            if !gather(self.config, &sample.data, sample.is_sync, pieces) {
                continue;
            }
            let pts = ticks90(here.saturating_add_signed(sample.composition_offset), self.scale);
            // A picture that comes later than its parameter sets promise is decoded when it is shown.
            let dts = ticks90(here, self.scale).saturating_sub(self.delay).min(pts);
            return Some(PictureTime { pts, dts, is_random_access: sample.is_sync });
        }
    }
}

/// Puts an access unit together: a delimiter, parameter sets before an IDR picture where it brings none, then its NAL units,
/// each behind a start code (ISO/IEC 14496-10 Annex B, ISO/IEC 13818-1 clause 2.14). Whether there is any.
fn gather<'a>(config: &'a H264Config, data: &'a [u8], is_sync: bool, pieces: &mut Vec<&'a [u8]>) -> bool {
    pieces.clear();
    pieces.push(DELIMITER);
    let nals = || nal_ranges(data, config.framing).filter_map(|range| data.get(range));
    let brings = |kind| nals().any(|nal| nal_type(nal) == kind);
    if is_sync && !(brings(NAL_SPS) && brings(NAL_PPS)) {
        config.sps.iter().chain(&config.pps).for_each(|set| pieces.extend([START_CODE, set]));
    }
    let before = pieces.len();
    nals().filter(|nal| nal_type(nal) != NAL_AUD).for_each(|nal| pieces.extend([START_CODE, nal]));
    pieces.len() > before
}

const START_CODE: &[u8] = &[0, 0, 0, 1];
/// An access unit delimiter that allows slices of every kind.
const DELIMITER: &[u8] = &[0, 0, 0, 1, 0x09, 0xF0];

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::media::NalFraming;

    #[test]
    fn delimiters_and_parameter_sets_come_where_they_must() {
        let set = |text: &'static [u8]| vec![Bytes::from_static(text)];
        let config = H264Config { framing: NalFraming::Length(4), sps: set(b"\x67s"), pps: set(b"\x68p") };
        let bytes = |data: &[u8], is_sync| {
            let mut pieces = Vec::new();
            let is_any = gather(&config, data, is_sync, &mut pieces);
            (is_any, pieces.concat())
        };
        let idr = b"\0\0\0\x02\x09\x10\0\0\0\x02\x65a";
        assert_eq!(bytes(idr, true).1, b"\0\0\0\x01\x09\xF0\0\0\0\x01\x67s\0\0\0\x01\x68p\0\0\0\x01\x65a");
        assert_eq!(
            bytes(b"\0\0\0\x02\x41b\0\0\0\x03\x06\x04c", false).1,
            b"\0\0\0\x01\x09\xF0\0\0\0\x01\x41b\0\0\0\x01\x06\x04c"
        );
        // Its own parameter sets are newer than those of the track.
        let own = b"\0\0\0\x02\x67S\0\0\0\x02\x68P\0\0\0\x02\x65a";
        assert_eq!(bytes(own, true).1, b"\0\0\0\x01\x09\xF0\0\0\0\x01\x67S\0\0\0\x01\x68P\0\0\0\x01\x65a");
        assert!(!bytes(b"", true).0 && !bytes(b"\0\0\0\x09\x41", false).0);
    }
}
