use bytes::Bytes;

use super::*;
use crate::{
    archive::rig::ladder,
    media::{Ac3Config, AudioTrack, TextConfig, TrackId},
    time::Utc,
};

const SEGMENT: MediaDuration = MediaDuration::from_secs(2);
const RATES: Bitrates = Bitrates { peak: 1000, mean: 900 };

fn of(format: HlsFormat, tracks: Vec<TrackSpec>, captions: &[CaptionService]) -> String {
    let presentation = Presentation::new(tracks, Utc::UNIX_EPOCH);
    let (rates, offered) = (vec![RATES; presentation.tracks.len()], vec![true; presentation.tracks.len()]);
    let master = Master {
        format,
        presentation: &presentation,
        rates: &rates,
        offered: &offered,
        captions,
        segment_duration: SEGMENT,
        sound: None,
        has_audio_only: true,
        first_quality: None,
        filter: "",
    };
    master.render().unwrap()
}

/// Rungs, and beside AAC sound and text that only fragmented MP4 holds here.
fn rich() -> (Vec<TrackSpec>, usize) {
    let mut tracks = ladder();
    let rungs = tracks.iter().filter(|track| track.format.is_video()).count();
    let ac3 = Ac3Config { dac3: Bytes::from_static(&[0x10, 0x3D, 0x40]) };
    let format = TrackFormat::Ac3(AudioTrack { sample_rate: 48_000, channels: 6 }, ac3);
    let german = Language::new("ger").unwrap();
    tracks.push(TrackSpec::audio(TrackId(7), "surround", 448_000, format, german));
    for four_cc in [*b"TTML", *b"DFXP"] {
        let format = TrackFormat::Text(TextConfig { four_cc, subtype: "SUBT".into() });
        tracks.push(TrackSpec {
            url_track: "text".into(),
            ..TrackSpec::audio(TrackId(8), "text_deu", 1, format, german)
        });
    }
    (tracks, rungs)
}

#[test]
fn sound_of_another_codec_has_variants_of_its_own_and_text_goes_with_all() {
    let (tracks, rungs) = rich();
    let text = of(HlsFormat::Cmaf, tracks, &[]);
    let count = |part: &str| text.matches(part).count();
    assert_eq!(count("CODECS=\"avc1.64001F,mp4a.40.2,stpp.ttml.im1t\""), rungs, "{text}");
    assert_eq!(count("CODECS=\"avc1.64001F,ac-3,stpp.ttml.im1t\""), rungs, "{text}");
    assert_eq!(count(",AUDIO=\"audio_2\",SUBTITLES=\"subtitles\""), rungs, "{text}");
    assert_eq!(count("TYPE=SUBTITLES"), 1, "{text}");
    let listed = "GROUP-ID=\"subtitles\",LANGUAGE=\"de\",NAME=\"text_deu\",AUTOSELECT=YES";
    assert_eq!(count(listed), 1, "{text}");
}

#[test]
fn older_versions_list_what_their_segments_hold_a20_8() {
    for format in [HlsFormat::V4, HlsFormat::V3] {
        let (tracks, rungs) = rich();
        let text = of(format, tracks, &[]);
        let count = |part: &str| text.matches(part).count();
        assert_eq!(count("CODECS=\"avc1.64001f,mp4a.40.2\""), rungs, "{text}");
        assert_eq!(count("CODECS=\"mp4a.40.2\""), 1, "{text}");
        assert_eq!(count("#EXT-X-STREAM-INF"), rungs + 1, "{text}");
        assert_eq!(count("SUBTITLES") + count("ac-3"), 0, "{text}");
        let groups = count("#EXT-X-MEDIA:");
        assert_eq!(groups, usize::from(format == HlsFormat::V4), "{text}");
        assert_eq!(count("QualityLevels(3500000,audiotrack=audio)/Manifest(video,format=m3u8-aapl-v3)"), 1 - groups);
        assert!(
            text.trim_end().ends_with(&format!("QualityLevels(64000)/Manifest(audio,format={}).m3u8", format.name()))
        );
    }
}

#[test]
fn caption_services_are_a_group_that_every_variant_names_a13_2() {
    let rungs = ladder().iter().filter(|track| track.format.is_video()).count();
    assert!(!of(HlsFormat::Cmaf, ladder(), &[]).contains("CAPTIONS"));
    let services = [CaptionService::Cea608(1), CaptionService::Cea708(12)];
    let text = of(HlsFormat::Cmaf, ladder(), &services);
    let media = "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"captions\",NAME=";
    assert!(text.contains(&format!("{media}\"CC1\",AUTOSELECT=YES,INSTREAM-ID=\"CC1\"")), "{text}");
    assert!(text.contains(&format!("{media}\"SERVICE12\",INSTREAM-ID=\"SERVICE12\"")), "{text}");
    assert_eq!(text.matches(",CLOSED-CAPTIONS=\"captions\"").count(), rungs, "{text}");
    // INSTREAM-ID SERVICEn needs version 7 (RFC 8216 clause 7); version 3 has no groups at all.
    let text = of(HlsFormat::V4, ladder(), &services);
    assert_eq!((text.matches("INSTREAM-ID=\"CC1\"").count(), text.matches("SERVICE").count()), (1, 0), "{text}");
    assert!(!of(HlsFormat::V3, ladder(), &services).contains("CAPTIONS"));
}

/// A22.7: 350 kbit/s are not 3500, however alike their URLs are, and sound is no rung.
#[test]
fn the_rung_that_is_nearest_to_the_first_quality_comes_first() {
    let mut tracks = ladder();
    tracks[1].bitrate = 350_000;
    let presentation = Presentation::new(tracks, Utc::UNIX_EPOCH);
    let (rates, offered) = (vec![RATES; presentation.tracks.len()], vec![true; presentation.tracks.len()]);
    let first = |wanted| {
        let master = Master {
            format: HlsFormat::Cmaf,
            presentation: &presentation,
            rates: &rates,
            offered: &offered,
            captions: &[],
            segment_duration: SEGMENT,
            sound: None,
            has_audio_only: true,
            first_quality: Some(wanted),
            filter: "",
        };
        let text = master.render().unwrap();
        text.lines().find(|line| line.starts_with("QualityLevels")).unwrap().to_owned()
    };
    for wanted in [350_000, 400_000, 64_000] {
        assert!(first(wanted).starts_with("QualityLevels(350000)/"), "{wanted}");
    }
    assert!(first(3_000_000).starts_with("QualityLevels(3500000)/"));
}

/// RFC 8216 clause 4.3.4.3: each rung once, whatever sound it plays with, and nothing said of sound, captions or frame rates.
#[test]
fn i_frames_of_each_rung_are_listed_from_version_4_on_a20_8() {
    let (tracks, rungs) = rich();
    let services = [CaptionService::Cea608(1)];
    for (format, codecs) in [(HlsFormat::Cmaf, "avc1.64001F"), (HlsFormat::V4, "avc1.64001f")] {
        let text = of(format, tracks.clone(), &services);
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("#EXT-X-I-FRAME")).collect();
        assert_eq!(lines.len(), rungs, "{text}");
        let bandwidth =
            if format == HlsFormat::Cmaf { 1000 } else { rates::of_pictures(&tracks[0], RATES, SEGMENT).peak };
        let first = format!(
            "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={bandwidth},CODECS=\"{codecs}\",RESOLUTION=1280x720,\
             URI=\"QualityLevels(3500000)/Manifest(video,format={},type=keyframes).m3u8\"",
            format.name()
        );
        assert_eq!(lines[0], first);
    }
    assert!(!of(HlsFormat::V3, tracks, &services).contains("I-FRAME"));
}
