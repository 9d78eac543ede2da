//! What segments of versions 3 and 4 have on the wire, estimated from what is stored: a variant's BANDWIDTH is an upper bound of it
//! (RFC 8216 clause 4.3.4.2), and every answer would have to be made to measure it.

use crate::{
    media::{Bitrates, TrackSpec},
    time::{FLICKS_PER_SECOND, MediaDuration},
};

/// Bits per second of pictures in a transport stream, of stored fragments with these bit rates.
pub(super) fn of_pictures(track: &TrackSpec, stored: Bitrates, segment: MediaDuration) -> Bitrates {
    // A PES header with both times, the clock, a delimiter; and a packet of which half is stuffing on average.
    in_packets(stored, per_second(track.nominal_unit()), 19 + 8 + 6, segment)
}

/// Bits per second of sound that is multiplexed with pictures.
pub(super) fn of_frames(track: &TrackSpec, stored: Bitrates, segment: MediaDuration) -> Bitrates {
    let frames = per_second(track.nominal_unit());
    let stored = plus(stored, frames.saturating_mul(7 * 8));
    in_packets(stored, frames.div_ceil(8), 14, segment)
}

/// Bits per second of sound as packed audio.
pub(super) fn of_packed(track: &TrackSpec, stored: Bitrates, segment: MediaDuration) -> Bitrates {
    let tag = per_second(segment).saturating_mul(73 * 8);
    plus(stored, per_second(track.nominal_unit()).saturating_mul(7 * 8).saturating_add(tag))
}

/// As much as `units` a second, each with a head of so many bytes, take in packets, and what each segment has besides: its
/// tables, and up to 15 packets that bring the counter to its end.
fn in_packets(stored: Bitrates, units: u64, head: u64, segment: MediaDuration) -> Bitrates {
    let wire = |bits: u64, stuffing: u64, more: u64| {
        let heads = units.saturating_mul(head.saturating_add(stuffing)).saturating_mul(8);
        let packed = bits.saturating_add(heads).saturating_mul(188).div_ceil(184);
        packed.saturating_add(per_second(segment).saturating_mul(more).saturating_mul(188 * 8))
    };
    Bitrates { peak: wire(stored.peak, 183, 17), mean: wire(stored.mean, 92, 10) }
}

const fn plus(stored: Bitrates, more: u64) -> Bitrates {
    Bitrates { peak: stored.peak.saturating_add(more), mean: stored.mean.saturating_add(more) }
}

/// How often a second, rounded up; a unit of unknown duration counts as a picture of 60 a second.
fn per_second(unit: MediaDuration) -> u64 {
    let unit = u64::try_from(unit.flicks()).unwrap_or(0);
    if unit == 0 { 60 } else { FLICKS_PER_SECOND.unsigned_abs().div_ceil(unit) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::rig::ladder;

    /// A20.8: 381 048 + 128 041 were given as 536 608, 721 495 + 128 041 as 884 544.
    #[test]
    fn an_estimate_is_near_that_of_azure_media_services() {
        let (tracks, segment) = (ladder(), MediaDuration::from_secs(6));
        for (video, known) in [(381_048, 536_608u64), (721_495, 884_544)] {
            let of = |bits| Bitrates { peak: bits, mean: bits };
            let pictures = of_pictures(&tracks[0], of(video), segment);
            let sound = of_frames(&tracks[2], of(128_041), segment);
            let (peak, mean) = (pictures.peak + sound.peak, pictures.mean + sound.mean);
            assert!(mean < peak && known < peak, "{known} {peak} {mean}");
            assert!(mean.abs_diff(known) * 10 < known, "{known} {mean}");
        }
    }

    #[test]
    fn packed_audio_has_seven_bytes_a_frame_and_a_tag_a_segment() {
        let stored = Bitrates { peak: 64_000, mean: 64_000 };
        let packed = of_packed(&ladder()[2], stored, MediaDuration::from_secs(2));
        assert_eq!(packed.peak, 64_000 + 44 * 56 + 584);
    }
}
