//! Sample entries: `avc1` with `avcC` and `hvc1` with `hvcC` (ISO/IEC 14496-15 clauses 5.3.3.1, 5.4.2, 8.3.3.1, 8.4.1), `av01`
//! with `av1C` (AV1 in ISOBMFF clauses 2.2, 2.3), `mp4a` with `esds` (ISO/IEC 14496-14 clause 6.7.2, descriptors of ISO/IEC
//! 14496-1 clause 7.2.6) for AAC and MPEG audio, `ac-3` with `dac3` (ETSI TS 102 366 annex F.3, F.4) and `stpp` (ISO/IEC
//! 14496-30 clause 4). To add one: an arm in [`sample_entry`], and its string in `media::codecs`.

use bytes::Bytes;

use super::BoxWriter;
use crate::media::{
    AudioTrack, Colour, H264Config, MpaConfig, NalFraming, TextConfig, TrackFormat, TrackSpec, VideoTrack,
};

/// The sample entry of `track`; `None` for a format that has none, or a set-up that is too short.
pub(super) fn sample_entry(track: &TrackSpec) -> Option<Bytes> {
    let mut w = BoxWriter::with_capacity(256);
    let bitrate = track.bitrate;
    match &track.format {
        TrackFormat::H264(video, config) => visual(&mut w, b"avc1", video, (b"avcC", &avcc(config)?), bitrate),
        TrackFormat::Hevc(_, config) if config.hvcc.len() < HVCC_FIXED => return None,
        TrackFormat::Hevc(video, config) => visual(&mut w, b"hvc1", video, (b"hvcC", &config.hvcc), bitrate),
        TrackFormat::Av1(_, config) if config.av1c.len() < AV1C_FIXED => return None,
        TrackFormat::Av1(video, config) => visual(&mut w, b"av01", video, (b"av1C", &config.av1c), bitrate),
        TrackFormat::Aac(audio, config) => {
            let mpeg4 = 0x40;
            audio_entry(&mut w, b"mp4a", *audio, bitrate, |w| esds(w, mpeg4, Some(&config.asc), bitrate));
        }
        TrackFormat::Mpa(audio, config) => {
            let kind = mpeg_audio(*audio, *config)?;
            audio_entry(&mut w, b"mp4a", *audio, bitrate, |w| esds(w, kind, None, bitrate));
        }
        TrackFormat::Ac3(_, config) if config.dac3.len() != DAC3 => return None,
        TrackFormat::Ac3(audio, config) => {
            audio_entry(&mut w, b"ac-3", *audio, bitrate, |w| w.boxed(b"dac3", |w| w.raw(&config.dac3)));
        }
        TrackFormat::Text(config) => stpp(&mut w, config, bitrate)?,
        TrackFormat::Mpeg2(_) | TrackFormat::Unknown(_) => return None,
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
        colr(w, video.colour);
        w.boxed(b"pasp", |w| {
            w.u32(video.sample_aspect.0.max(1));
            w.u32(video.sample_aspect.1.max(1));
        });
        btrt(w, bitrate);
    });
}

/// A ColourInformationBox with the code points of ISO/IEC 23091-2 (ISO/IEC 14496-12 clause 12.1.5), where the track states any.
fn colr(w: &mut BoxWriter, colour: Colour) {
    if colour == Colour::UNKNOWN {
        return;
    }
    w.boxed(b"colr", |w| {
        w.raw(b"nclx");
        [colour.primaries, colour.transfer, colour.matrix].into_iter().for_each(|code| w.u16(code.into()));
        w.u8(u8::from(colour.is_full_range) << 7);
    });
}

/// AVCDecoderConfigurationRecord with the length size of the access units; at most 31 SPS and 255 PPS stand in it. `None` for
/// start codes, which have no place in an MP4 file, and for a length size that is none.
pub(crate) fn avcc(config: &H264Config) -> Option<Bytes> {
    let first = config.sps.first()?;
    let [_, profile, compatibility, level, ..] = first.as_ref() else { return None };
    let length_size = match config.framing {
        NalFraming::Length(size @ (1 | 2 | 4)) => size,
        NalFraming::Length(_) | NalFraming::AnnexB => return None,
    };
    let mut w = BoxWriter::with_capacity(128);
    w.raw(&[1, *profile, *compatibility, *level, 0xFC | length_size.saturating_sub(1)]);
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

/// An AudioSampleEntry (ISO/IEC 14496-12 clause 12.2.3) around the decoder set-up that `config` writes.
fn audio_entry(
    w: &mut BoxWriter,
    kind: &[u8; 4],
    audio: AudioTrack,
    bitrate: u32,
    config: impl FnOnce(&mut BoxWriter),
) {
    w.boxed(kind, |w| {
        w.zeros(1);
        w.u16(0);
        w.u16(1); // data_reference_index
        w.zeros(2);
        w.u16(u16::from(audio.channels));
        w.u16(16);
        w.u32(0);
        // 16.16; a rate that does not fit is 0 and stands in the decoder set-up.
        w.u32(u16::try_from(audio.sample_rate).map_or(0, |rate| u32::from(rate) << 16));
        config(w);
        btrt(w, bitrate);
    });
}

/// The object type indication of MPEG audio (ISO/IEC 14496-1 table 5): 0x6B for the sample rates of ISO/IEC 11172-3, 0x69 for
/// the low ones of ISO/IEC 13818-3. Each frame has its own set-up in its header.
fn mpeg_audio(audio: AudioTrack, config: MpaConfig) -> Option<u8> {
    let is_low = audio.sample_rate < 32_000;
    matches!(config.layer, 2 | 3).then_some(if is_low { 0x69 } else { 0x6B })
}

fn esds(w: &mut BoxWriter, object_type: u8, set_up: Option<&[u8]>, bitrate: u32) {
    w.full(b"esds", 0, 0, |w| {
        let mut decoder = BoxWriter::with_capacity(64);
        decoder.raw(&[object_type, 0x15, 0, 0, 0]); // audio stream; bufferSizeDB not stated
        decoder.u32(bitrate);
        decoder.u32(bitrate);
        if let Some(set_up) = set_up {
            descriptor(&mut decoder, 5, set_up);
        }
        let mut stream = BoxWriter::with_capacity(64);
        stream.raw(&[0, 0, 0]); // ES_ID and flags
        descriptor(&mut stream, 4, &decoder.into_bytes());
        descriptor(&mut stream, 6, &[2]); // SLConfig: as in an MP4 file
        descriptor(w, 3, &stream.into_bytes());
    });
}

/// An XMLSubtitleSampleEntry (ISO/IEC 14496-12 clause 12.6.3): each sample is a TTML document of its own. `None` for text that
/// is no TTML.
fn stpp(w: &mut BoxWriter, config: &TextConfig, bitrate: u32) -> Option<()> {
    let namespace: &[u8] = match &config.four_cc {
        b"TTML" => b"http://www.w3.org/ns/ttml\0",
        b"DFXP" => b"http://www.w3.org/2006/10/ttaf1\0",
        _ => return None,
    };
    w.boxed(b"stpp", |w| {
        w.zeros(1);
        w.u16(0);
        w.u16(1); // data_reference_index
        w.raw(namespace);
        w.raw(b"\0\0"); // schema_location, auxiliary_mime_types: none
        btrt(w, bitrate);
    });
    Some(())
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

/// Bytes of an HEVCDecoderConfigurationRecord before its parameter sets.
const HVCC_FIXED: usize = 23;

/// Bytes of the content of an AC3SpecificBox.
const DAC3: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Ac3Config, HevcConfig, Language, TrackId};

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

    #[test]
    fn the_length_size_of_h264_is_that_of_its_access_units() {
        let sets = [Bytes::from_static(&[0x67, 66, 0xC0, 30, 0xD9]), Bytes::from_static(&[0x68, 0xCB])];
        let of = |framing| {
            let config = H264Config { framing, sps: sets[..1].to_vec(), pps: sets[1..].to_vec() };
            entry(TrackFormat::H264(VideoTrack::new(640, 360), config))
        };
        for (size, byte) in [(1, 0xFC), (2, 0xFD), (4, 0xFF)] {
            let record =
                [&b"avcC\x01\x42\xC0\x1E"[..], &[byte], b"\xE1\0\x05\x67\x42\xC0\x1E\xD9\x01\0\x02\x68\xCB"].concat();
            assert!(has(&of(NalFraming::Length(size)).unwrap(), &record), "{size}");
        }
        assert_eq!([NalFraming::Length(3), NalFraming::Length(0), NalFraming::AnnexB].map(of), [None, None, None]);
    }

    fn entry(format: TrackFormat) -> Option<Bytes> {
        sample_entry(&TrackSpec::audio(TrackId(0), "a", 0x0001_0000, format, Language::UND))
    }

    fn has(entry: &Bytes, part: &[u8]) -> bool {
        entry.windows(part.len()).any(|window| window == part)
    }

    const STEREO: AudioTrack = AudioTrack { sample_rate: 48_000, channels: 2 };
    const BTRT: &[u8] = b"\0\0\0\x14btrt\0\0\0\0\0\x01\0\0\0\x01\0\0";

    #[test]
    fn ac3_byte_for_byte() {
        let dac3 = |bytes: &'static [u8]| TrackFormat::Ac3(STEREO, Ac3Config { dac3: Bytes::from_static(bytes) });
        let head = b"\0\0\0\x43ac-3\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\x02\0\x10\0\0\0\0\xBB\x80\0\0";
        let expected = [&head[..], b"\0\0\0\x0Bdac3\x10\x3D\xC0", BTRT].concat();
        assert_eq!(entry(dac3(b"\x10\x3D\xC0")).unwrap(), expected);
        assert_eq!(entry(dac3(b"\x10\x3D")), None);
    }

    #[test]
    fn mpeg_audio_has_the_object_type_of_its_sample_rates_and_no_set_up() {
        let mpa = |sample_rate, layer| {
            let audio = AudioTrack { sample_rate, channels: 2 };
            entry(TrackFormat::Mpa(audio, MpaConfig { layer, frame_samples: 1152 }))
        };
        for (rate, kind) in [(48_000, 0x6B), (24_000, 0x69)] {
            let decoder = [4, 13, kind, 0x15, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 6, 1, 2];
            assert!(has(&mpa(rate, 2).unwrap(), &decoder), "{rate}");
        }
        assert_eq!(mpa(48_000, 1), None);
    }

    #[test]
    fn timed_text_names_its_namespace() {
        let text = |four_cc| entry(TrackFormat::Text(TextConfig { four_cc, subtype: String::new() }));
        let head = b"\0\0\0\x40stpp\0\0\0\0\0\0\0\x01http://www.w3.org/ns/ttml\0\0\0";
        assert_eq!(text(*b"TTML").unwrap(), [&head[..], BTRT].concat());
        assert!(has(&text(*b"DFXP").unwrap(), b"/2006/10/ttaf1\0\0\0"));
        assert_eq!(text(*b"WVTT"), None);
    }

    #[test]
    fn hevc_and_stated_colour_stand_in_the_visual_entry() {
        let hevc = |hvcc: Vec<u8>, colour| {
            let video = VideoTrack { colour, ..VideoTrack::new(1280, 720) };
            entry(TrackFormat::Hevc(video, HevcConfig { hvcc: hvcc.into() }))
        };
        let plain = hevc(vec![1; 23], Colour::UNKNOWN).unwrap();
        assert_eq!(plain[4..8], *b"hvc1");
        assert!(has(&plain, &[&b"\0\0\0\x1FhvcC"[..], &[1; 23]].concat()) && !has(&plain, b"colr"));
        let full = Colour { is_full_range: true, ..Colour::BT709 };
        assert!(has(&hevc(vec![1; 23], full).unwrap(), b"\0\0\0\x13colrnclx\0\x01\0\x01\0\x01\x80"));
        assert_eq!(hevc(vec![1; 22], full), None);
    }
}
