//! The `codecs` parameter of a rendition (RFC 6381), out of its decoder set-up.
//!
//! `avc1`, `mp4a`: RFC 6381 section 3.3. `hvc1`: ISO/IEC 14496-15:2022 annex E.3. `av01`: AV1 in ISOBMFF clause 5.
//! `ac-3`: ETSI TS 102 366 annex F. `stpp`: ISO/IEC 14496-30 clause 4. MPEG audio is written by its MPEG-4 object type, as
//! players read it, whichever object type indication its file has. To add a codec: an arm here and its sample entry in
//! `wire::mp4`.

use std::fmt::Write as _;

use crate::media::{TrackFormat, TrackSpec};

impl TrackSpec {
    /// The RFC 6381 codec string, such as `avc1.64001F`, `av01.0.05M.08` or `mp4a.40.2`; `None` where the set-up is too
    /// short to say, or the format has none.
    #[must_use]
    pub fn codecs(&self) -> Option<String> {
        match &self.format {
            TrackFormat::H264(_, config) => {
                let profile = config.sps.first()?.get(1..4)?;
                profile.iter().try_fold(String::from("avc1."), |mut text, byte| {
                    write!(text, "{byte:02X}").ok()?;
                    Some(text)
                })
            }
            TrackFormat::Hevc(_, config) => hevc(&config.hvcc),
            TrackFormat::Av1(_, config) => av1(&config.av1c),
            TrackFormat::Aac(_, config) => aac(&config.asc),
            TrackFormat::Ac3(..) => Some("ac-3".into()),
            // ISO/IEC 14496-3 table 1.17: object types 32 to 34 are layers I to III.
            TrackFormat::Mpa(_, config) => {
                (1..=3).contains(&config.layer).then(|| format!("mp4a.40.{}", 31 + config.layer))
            }
            TrackFormat::Text(_) => Some("stpp".into()),
            TrackFormat::Mpeg2(_) | TrackFormat::Unknown(_) => None,
        }
    }
}

/// From the head of an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 clause 8.3.3.1.2):
///
/// ```text
/// version │ space 2, tier 1, profile 5 │ compatibility 32 │ constraints 48 │ level │ …
/// ```
fn hevc(hvcc: &[u8]) -> Option<String> {
    let (head, _) = hvcc.split_first_chunk::<13>()?;
    let [_, profile, a, b, c, d, constraints @ .., level] = *head;
    let space = ["", "A", "B", "C"].get(usize::from(profile >> 6))?;
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    // Annex E.3: the flags in reverse bit order, leading zeros left out; constraint bytes without the zero ones at the end.
    let flags = u32::from_be_bytes([a, b, c, d]).reverse_bits();
    let mut text = format!("hvc1.{space}{}.{flags:X}.{tier}{level}", profile & 0x1F);
    let used = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    for byte in constraints.iter().take(used) {
        write!(text, ".{byte:X}").ok()?;
    }
    Some(text)
}

/// From an AV1CodecConfigurationRecord (clause 2.3.3): marker and version, profile and level, tier and bit depth.
fn av1(av1c: &[u8]) -> Option<String> {
    let [_, profile, depth, ..] = av1c else { return None };
    let tier = if depth & 0x80 == 0 { 'M' } else { 'H' };
    let bits = match depth >> 5 & 3 {
        0 | 1 => 8,
        2 => 10,
        _ => 12,
    };
    Some(format!("av01.{}.{:02}{tier}.{bits:02}", profile >> 5, profile & 0x1F))
}

/// From an AudioSpecificConfig (ISO/IEC 14496-3 clause 1.6.2.1): five bits, 31 escapes to six more.
fn aac(asc: &[u8]) -> Option<String> {
    let first = u32::from(*asc.first()?);
    let object_type = match first >> 3 {
        31 => 32 + ((first & 7) << 3 | u32::from(*asc.get(1)?) >> 5),
        plain => plain,
    };
    Some(format!("mp4a.40.{object_type}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::media::{
        AacConfig, Ac3Config, AudioTrack, Av1Config, FrameRate, H264Config, HevcConfig, Language, MpaConfig,
        NalFraming, TextConfig, TrackId, VideoTrack,
    };

    #[test]
    fn codec_strings_come_from_the_decoder_set_up() {
        let video = VideoTrack::new(2, 2);
        let sps = vec![Bytes::from_static(&[0x67, 0x64, 0x00, 0x1F, 0xAC])];
        let config = H264Config { framing: NalFraming::Length(4), sps, pps: vec![] };
        let rung = TrackSpec::video(TrackId(0), "v", 1, TrackFormat::H264(video, config), FrameRate::FPS_30);
        assert_eq!(rung.codecs().as_deref(), Some("avc1.64001F"));

        let aac = |asc: &'static [u8]| {
            let track = AudioTrack { sample_rate: 44_100, channels: 2 };
            TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(asc) })
        };
        let spec = |asc| TrackSpec::audio(TrackId(1), "a", 1, aac(asc), Language::UND);
        assert_eq!(spec(&[0x12, 0x10]).codecs().as_deref(), Some("mp4a.40.2"));
        assert_eq!(spec(&[0xF9, 0x46]).codecs().as_deref(), Some("mp4a.40.42"));
        assert_eq!(spec(&[]).codecs(), None);

        let av1 = |av1c: &'static [u8]| {
            let config = Av1Config { av1c: Bytes::from_static(av1c) };
            TrackSpec::video(TrackId(0), "v", 1, TrackFormat::Av1(video, config), FrameRate::FPS_30).codecs()
        };
        assert_eq!(av1(&[0x81, 0x05, 0x0C, 0x00]).as_deref(), Some("av01.0.05M.08"));
        assert_eq!(av1(&[0x81, 0x0D, 0xCC, 0x00]).as_deref(), Some("av01.0.13H.10"));
        assert_eq!(av1(&[0x81]), None);
    }
    #[test]
    fn hevc_strings_are_those_of_annex_e() {
        let of = |hvcc: &'static [u8]| {
            let format = TrackFormat::Hevc(VideoTrack::new(2, 2), HevcConfig { hvcc: Bytes::from_static(hvcc) });
            TrackSpec::video(TrackId(0), "v", 1, format, FrameRate::FPS_30).codecs()
        };
        // The two examples of ISO/IEC 14496-15 annex E.3, and a stream without constraint flags.
        assert_eq!(of(&[1, 0x01, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93]).as_deref(), Some("hvc1.1.6.L93.B0"));
        assert_eq!(of(&[1, 0x44, 0x08, 0, 0, 0, 0xB0, 0x23, 0, 0, 0, 0, 30]).as_deref(), Some("hvc1.A4.10.L30.B0.23"));
        assert_eq!(of(&[1, 0x22, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 150]).as_deref(), Some("hvc1.2.4.H150"));
        assert_eq!(of(&[1, 0x01, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn passed_through_sound_and_text_have_strings_too() {
        let track = AudioTrack { sample_rate: 48_000, channels: 2 };
        let of = |format| TrackSpec::audio(TrackId(1), "a", 1, format, Language::UND).codecs();
        let ac3 = TrackFormat::Ac3(track, Ac3Config { dac3: Bytes::from_static(&[0x10, 0x3D, 0x40]) });
        assert_eq!(of(ac3).as_deref(), Some("ac-3"));
        let mpa = |layer| of(TrackFormat::Mpa(track, MpaConfig { layer, frame_samples: 1152 }));
        assert_eq!([mpa(2), mpa(3)].map(Option::unwrap), ["mp4a.40.33", "mp4a.40.34"]);
        assert_eq!(mpa(0), None);
        let text = TrackFormat::Text(TextConfig { four_cc: *b"TTML", subtype: String::new() });
        assert_eq!(of(text).as_deref(), Some("stpp"));
    }
}
