//! Sample entries: `avc1` with `avcC` (ISO/IEC 14496-15 clauses 5.3.3.1, 5.4.2), `av01` with `av1C` (AV1 in ISOBMFF clauses
//! 2.2, 2.3) and `mp4a` with `esds` (ISO/IEC 14496-14 clause 6.7.2, descriptors of ISO/IEC 14496-1 clause 7.2.6).

use bytes::Bytes;

use super::BoxWriter;
use crate::media::{AacConfig, AudioTrack, H264Config, TrackFormat, TrackSpec, VideoTrack};

/// The sample entry of `track`; `None` for a format that has none, or H.264 without parameter sets.
pub(super) fn sample_entry(track: &TrackSpec) -> Option<Bytes> {
    let mut w = BoxWriter::with_capacity(256);
    match &track.format {
        TrackFormat::H264(video, config) => visual(&mut w, b"avc1", video, (b"avcC", &avcc(config)?), track.bitrate),
        TrackFormat::Av1(_, config) if config.av1c.len() < AV1C_FIXED => return None,
        TrackFormat::Av1(video, config) => visual(&mut w, b"av01", video, (b"av1C", &config.av1c), track.bitrate),
        TrackFormat::Aac(audio, config) => mp4a(&mut w, *audio, config, track.bitrate),
        TrackFormat::Hevc(..)
        | TrackFormat::Mpeg2(_)
        | TrackFormat::Ac3(..)
        | TrackFormat::Mpa(..)
        | TrackFormat::Text(_)
        | TrackFormat::Unknown(_) => return None,
    }
    Some(w.into_bytes())
}

/// A VisualSampleEntry (ISO/IEC 14496-12 clause 12.1.3) around the decoder set-up in `config`, a box type and its content.
fn visual(w: &mut BoxWriter, kind: &[u8; 4], video: &VideoTrack, config: (&[u8; 4], &[u8]), bitrate: u32) {
    w.boxed(kind, |w| {
        w.zeros(1);
        w.u16(0);
        w.u16(1); // data_reference_index
        w.zeros(4);
        w.u16(u16::try_from(video.width).unwrap_or(u16::MAX));
        w.u16(u16::try_from(video.height).unwrap_or(u16::MAX));
        w.u32(0x0048_0000); // 72 dpi
        w.u32(0x0048_0000);
        w.u32(0);
        w.u16(1); // frame_count
        w.zeros(8); // compressorname: none
        w.u16(0x0018);
        w.u16(0xFFFF);
        w.boxed(config.0, |w| w.raw(config.1));
        w.boxed(b"pasp", |w| {
            w.u32(video.sample_aspect.0.max(1));
            w.u32(video.sample_aspect.1.max(1));
        });
        btrt(w, bitrate);
    });
}

/// AVCDecoderConfigurationRecord with 4-byte lengths; at most 31 SPS and 255 PPS stand in it.
fn avcc(config: &H264Config) -> Option<Bytes> {
    let first = config.sps.first()?;
    let [_, profile, compatibility, level, ..] = first.as_ref() else { return None };
    let mut w = BoxWriter::with_capacity(128);
    w.raw(&[1, *profile, *compatibility, *level, 0xFF]);
    let (sps, pps) = (config.sps.iter().take(31), config.pps.iter().take(255));
    w.u8(0xE0 | u8::try_from(sps.len()).unwrap_or(31));
    sps.for_each(|set| parameter_set(&mut w, set));
    w.u8(u8::try_from(pps.len()).unwrap_or(u8::MAX));
    pps.for_each(|set| parameter_set(&mut w, set));
    if matches!(*profile, 100 | 110 | 122 | 144)
        && let Some((chroma, luma_depth, chroma_depth)) = sample_format(first)
    {
        w.raw(&[0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0]);
    }
    Some(w.into_bytes())
}

fn parameter_set(w: &mut BoxWriter, set: &[u8]) {
    let len = u16::try_from(set.len()).unwrap_or(u16::MAX);
    w.u16(len);
    w.raw(set.get(..usize::from(len)).unwrap_or(set));
}

/// `chroma_format_idc` and both bit depths less 8 (ISO/IEC 14496-10 clause 7.3.2.1.1, the profiles that carry them).
fn sample_format(sps: &[u8]) -> Option<(u8, u8, u8)> {
    // level_idc is never 0 here, and so no emulation prevention can come before the fields that are read.
    let mut bits = sps.get(4..)?.iter().flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1));
    let mut exp_golomb = || {
        let zeros = bits.by_ref().take(9).position(|bit| bit == 1)?;
        let rest = bits.by_ref().take(zeros).fold(1u32, |value, bit| value << 1 | u32::from(bit));
        rest.checked_sub(1)
    };
    let _sps_id = exp_golomb()?;
    let chroma = exp_golomb()?;
    if chroma > 2 {
        return None; // 4:4:4 has one more field, and no profile that this record's extension names
    }
    let (luma_depth, chroma_depth) = (exp_golomb()?, exp_golomb()?);
    let small = |value: u32| u8::try_from(value).ok().filter(|value| *value < 8);
    Some((small(chroma)?, small(luma_depth)?, small(chroma_depth)?))
}

fn mp4a(w: &mut BoxWriter, audio: AudioTrack, config: &AacConfig, bitrate: u32) {
    w.boxed(b"mp4a", |w| {
        w.zeros(1);
        w.u16(0);
        w.u16(1); // data_reference_index
        w.zeros(2);
        w.u16(u16::from(audio.channels));
        w.u16(16);
        w.u32(0);
        // 16.16; a rate that does not fit is 0 and stands in the decoder set-up (ISO/IEC 14496-12 clause 12.2.3).
        w.u32(u16::try_from(audio.sample_rate).map_or(0, |rate| u32::from(rate) << 16));
        w.full(b"esds", 0, 0, |w| es_descriptor(w, config, bitrate));
        btrt(w, bitrate);
    });
}

fn es_descriptor(w: &mut BoxWriter, config: &AacConfig, bitrate: u32) {
    let mut decoder = BoxWriter::with_capacity(64);
    decoder.raw(&[0x40, 0x15, 0, 0, 0]); // MPEG-4 audio; audio stream; bufferSizeDB not stated
    decoder.u32(bitrate);
    decoder.u32(bitrate);
    descriptor(&mut decoder, 5, &config.asc);
    let mut stream = BoxWriter::with_capacity(64);
    stream.raw(&[0, 0, 0]); // ES_ID and flags
    descriptor(&mut stream, 4, &decoder.into_bytes());
    descriptor(&mut stream, 6, &[2]); // SLConfig: as in an MP4 file
    descriptor(w, 3, &stream.into_bytes());
}

/// Tag and expandable size of seven bits a byte (ISO/IEC 14496-1 clause 8.3.3).
fn descriptor(w: &mut BoxWriter, tag: u8, payload: &[u8]) {
    w.u8(tag);
    let len = payload.len() & 0x0FFF_FFFF;
    let septets = [len >> 21, len >> 14, len >> 7, len].map(|bits| u8::try_from(bits & 0x7F).unwrap_or(0));
    let first = septets.iter().position(|bits| *bits != 0).unwrap_or(3);
    for (place, bits) in septets.into_iter().enumerate().skip(first) {
        w.u8(if place < 3 { bits | 0x80 } else { bits });
    }
    w.raw(payload);
}

fn btrt(w: &mut BoxWriter, bitrate: u32) {
    w.boxed(b"btrt", |w| [0, bitrate, bitrate].into_iter().for_each(|word| w.u32(word)));
}

/// Bytes of an AV1CodecConfigurationRecord before its OBUs.
const AV1C_FIXED: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_descriptors_have_long_sizes() {
        let mut w = BoxWriter::default();
        descriptor(&mut w, 5, &[9; 200]);
        assert_eq!(&w.into_bytes()[..4], [5, 0x81, 0x48, 9]);
    }

    #[test]
    fn chroma_and_depth_are_read_from_the_sps() {
        // profile_idc 110: sps_id 0, chroma_format_idc 1, bit depths 10 and 10: 1 010 011 011 …
        assert_eq!(sample_format(&[0x67, 110, 0, 31, 0b1010_0110, 0b1100_0000]), Some((1, 2, 2)));
        assert_eq!(sample_format(&[0x67, 100, 0, 31]), None);
        assert_eq!(sample_format(&[0x67, 100, 0, 31, 0, 0, 0, 0]), None);
    }
}
