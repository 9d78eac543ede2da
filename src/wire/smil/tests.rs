use std::path::Path;

use super::*;

const FFMPEG: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
<head><meta name="creator" content="Lavf59.27.100" /></head>
<body><switch>
<video systemBitrate="200000">
<param name="systemBitrate" value="200000" valuetype="data"/>
<param name="trackID" value="1" valuetype="data"/>
<param name="trackName" value="video" valuetype="data"/>
<param name="CodecPrivateData" value="0000000167640A" valuetype="data"/>
<param name="FourCC" value="H264" valuetype="data"/>
</video>
<audio systemBitrate="64000"><param name="trackID" value="2"/><param name="systemLanguage" value="deu"/>
<param name="trackName" value="a &amp; b"/></audio>
<textstream systemBitrate="0" parentTrackName="video" manifestOutput="true" Subtype="DATA"
  Scheme="urn:scte:scte35:2013:bin"><param name="timescale" value="90000"/></textstream>
<param name="trackName" value="of no track"/>
</switch></body></smil>"#;

#[test]
fn tracks_in_order_with_attributes_and_parameters() {
    let manifest = LiveManifest::parse(FFMPEG.as_bytes()).unwrap();
    let [video, audio, cues] = &manifest.tracks[..] else { panic!("{manifest:?}") };
    assert_eq!((video.kind, video.track_id, video.bitrate), (ManifestKind::Video, Some(1), 200_000));
    assert_eq!((video.name.as_str(), video.four_cc.as_str()), ("video", "H264"));
    assert_eq!(video.codec_private, b"\0\0\0\x01\x67\x64\x0A");
    assert_eq!((audio.track_id, audio.language.as_str(), audio.name.as_str()), (Some(2), "deu", "a & b"));
    assert_eq!((cues.kind, cues.timescale, cues.subtype.as_str()), (ManifestKind::Text, Some(90_000), "DATA"));
    assert_eq!((cues.scheme.as_str(), cues.name.as_str()), ("urn:scte:scte35:2013:bin", ""));
}

#[test]
fn utf_16_of_both_orders_says_the_same_as_utf_8() {
    let expected = LiveManifest::parse(FFMPEG.as_bytes()).unwrap();
    let little = || FFMPEG.encode_utf16().flat_map(u16::to_le_bytes);
    let big = || FFMPEG.encode_utf16().flat_map(u16::to_be_bytes);
    let cases = [
        [0xFF, 0xFE].into_iter().chain(little()).collect::<Vec<u8>>(),
        [0xFE, 0xFF].into_iter().chain(big()).collect(),
        little().collect(),
        big().chain([0, 0]).collect(),
        [&b"\xEF\xBB\xBF"[..], FFMPEG.as_bytes(), b"\0"].concat(),
    ];
    for case in cases {
        assert_eq!(LiveManifest::parse(&case).unwrap(), expected);
    }
}

fn code(text: &str) -> &'static str {
    LiveManifest::parse(text.as_bytes()).unwrap_err().code()
}

/// FAULTS section 3, XML.
#[test]
fn bad_xml_is_a_typed_error() {
    assert_eq!(
        code("<!DOCTYPE smil [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><smil>&x;</smil>"),
        "PARSE_UNSUPPORTED"
    );
    assert_eq!(code(&"<a>".repeat(100_000)), "LIMIT_EXCEEDED");
    let attributes: String = (0..20_000).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(code(&format!("<smil{attributes}/>")), "LIMIT_EXCEEDED");
    assert_eq!(code(&"<video/>".repeat(65)), "LIMIT_EXCEEDED");
    assert_eq!(code(&" ".repeat(MAX_LEN + 1)), "LIMIT_EXCEEDED");
    assert_eq!(code("<smil>a\0b</smil>"), "PARSE_INVALID");
    assert_eq!(code("<smil><video></smil>"), "PARSE_INVALID");
    assert_eq!(code("<smil><body>"), "PARSE_TRUNCATED");
    assert_eq!(code("<smil><video trackName='&lol;'/></smil>"), "PARSE_INVALID");
    assert_eq!(LiveManifest::parse(b"<smil>\xFF</smil>").unwrap_err().at.offset, 6);
    assert!(LiveManifest::parse(b"\xFF\xFE<\0a\0\x00\xD8>\0").is_err());
    assert_eq!(LiveManifest::parse(b"<s:smil><xi:include href='x'/></s:smil>").unwrap(), LiveManifest::default());
}

#[test]
fn the_bombs_are_refused_by_their_document_type() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media/malformed/bombs");
    if !root.is_dir() {
        println!("skipped: {} is absent", root.display());
        return;
    }
    for name in ["xml_billion_laughs.mpd", "xml_xxe_file.ismc"] {
        let error = LiveManifest::parse(&std::fs::read(root.join(name)).unwrap()).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::Unsupported { what: "DOCTYPE", value: 0 }, "{name}");
    }
}

#[test]
fn a_document_cut_anywhere_is_a_value_or_an_error() {
    for len in 0..FFMPEG.len() {
        let _ = LiveManifest::parse(&FFMPEG.as_bytes()[..len]);
    }
}
