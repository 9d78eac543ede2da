use std::{fs, path::Path};

use super::*;

fn resource(rest: &str) -> Result<Resource<'_>, OriginError> {
    let path = Box::leak(format!("/loc/ch1.ism/{rest}").into_boxed_str());
    Target::parse(path).map(|target| target.resource)
}

#[test]
fn the_forms_of_a20() {
    let video = "video";
    for (rest, expected) in [
        ("Manifest(format=m3u8-cmaf)", Resource::Master),
        ("manifest(format=m3u8-cmaf).m3u8", Resource::Master),
        ("MANIFEST(audio-only=false,format=m3u8-cmaf)", Resource::Master),
        ("Manifest(format=mpd-time-cmaf)", Resource::Mpd(Flavour::Cmaf)),
        ("Manifest(format=mpd-time-csf).mpd", Resource::Mpd(Flavour::Csf)),
        (
            "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf)",
            Resource::Playlist { track: video, bitrate: 3_500_000 },
        ),
        (
            "QualityLevels(3500000)/Manifest(format=m3u8-cmaf,video)",
            Resource::Playlist { track: video, bitrate: 3_500_000 },
        ),
        (
            "QualityLevels(200000)/Fragments(video=i,format=m3u8-cmaf)",
            Resource::Init { track: video, bitrate: 200_000 },
        ),
        (
            "QualityLevels(64000)/Fragments(audio=79380000000000,format=mpd-time-csf)",
            Resource::Fragment { track: "audio", bitrate: 64_000, ticks: 79_380_000_000_000 },
        ),
    ] {
        assert_eq!(resource(rest), Ok(expected), "{rest}");
    }
}

#[test]
fn what_is_not_delivered_says_so() {
    for rest in [
        "Manifest",
        "Manifest(format=fmp4-v20)",
        "Manifest(format=m3u8-aapl)",
        "Manifest(format=m3u8-aapl-v3)",
        "Manifest(format=f4m-f4f)",
        "Manifest(format=m3u8-cmaf,encryption=cenc)",
        "QualityLevels(1)/Fragments(video=0)",
        "QualityLevels(1)/Manifest(video,format=m3u8-cmaf,type=keyframes)",
    ] {
        assert_eq!(resource(rest), Err(OriginError::OutputFormatNotSupported), "{rest}");
    }
    assert_eq!(resource("Manifest(format=m3u8-cmaf,filter=a;b)"), Err(OriginError::FilterNotFound));
}

#[test]
fn every_object_has_one_spelling() {
    for rest in [
        "Manifest(format=m3u8-cmaf",
        "Manifest(format=m3u8-cmaf)x",
        "Manifest(format=m3u8-cmaf,format=m3u8-cmaf)",
        "Manifest(,format=m3u8-cmaf)",
        "QualityLevels(01)/Manifest(video,format=m3u8-cmaf)",
        "QualityLevels(4294967296)/Manifest(video,format=m3u8-cmaf)",
        "QualityLevels(-1)/Manifest(video,format=m3u8-cmaf)",
        "QualityLevels(1)/Fragments(video=18446744073709551616,format=m3u8-cmaf)",
        "QualityLevels(1)/Fragments(video=00000000000000000000000000000001,format=m3u8-cmaf)",
        "QualityLevels(1)/Fragments(video=-1,format=m3u8-cmaf)",
        "QualityLevels(1)/Fragments(video=I,format=m3u8-cmaf)",
        "QualityLevels(1)/Fragments(video,format=m3u8-cmaf)",
        "QualityLevels(1)/Manifest(video,format=mpd-time-cmaf)",
        "../ch1.ism/Manifest(format=m3u8-cmaf)",
        "./Manifest(format=m3u8-cmaf)",
        "/Manifest(format=m3u8-cmaf)",
    ] {
        assert_eq!(resource(rest), Err(OriginError::BadUrlSyntax), "{rest}");
    }
    assert_eq!(resource("QualityLevels(1)/Nothing(video)"), Err(OriginError::ResourceNotFound));
}

#[test]
fn percent_signs_are_decoded_once() {
    assert_eq!(decode("/%63h1/Manifest%28x%29").unwrap(), "/ch1/Manifest(x)");
    for bad in ["/%2fetc", "/%5c", "/%252e", "/%00", "/%", "/%2", "/%zz", "/%+1", "/\u{ff0e}", "/a\0", "/a b", "/\\"] {
        assert_eq!(decode(bad), Err(OriginError::BadUrlSyntax), "{bad:?}");
    }
    assert!(decode(&"/a".repeat(513)).is_err());
}

#[test]
fn collected_paths_never_reach_anything() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media/malformed/bombs/url_paths.json");
    let Ok(text) = fs::read(&file) else {
        println!("skipped: {} is absent", file.display());
        return;
    };
    let cases: serde_json::Value = serde_json::from_slice(&text).unwrap();
    for case in cases.as_array().unwrap() {
        let path = case["path"].as_str().unwrap();
        let found = decode(path).and_then(|path| Target::parse(&path).map(|_| ()));
        assert!(found.is_err(), "{path:?}");
    }
}
