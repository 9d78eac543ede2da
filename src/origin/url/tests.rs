use std::{fs, path::Path};

use super::*;

fn resource(rest: &str) -> Result<Resource<'_>, OriginError> {
    let path = Box::leak(format!("/loc/ch1.ism/{rest}").into_boxed_str());
    Target::parse(path).map(|target| target.resource)
}

#[test]
fn the_forms_of_a20() {
    let of = |track, bitrate| Rendition { track, bitrate, sound: None };
    let master = |format, sound, has_audio_only| Resource::Master { format, sound, has_audio_only };
    let (hd, muxed) = (of("video", 3_500_000), Rendition { sound: Some("fra"), ..of("video", 3_500_000) });
    let (cmaf, v4, v3) = (HlsFormat::Cmaf, HlsFormat::V4, HlsFormat::V3);
    for (rest, expected) in [
        ("Manifest(format=m3u8-cmaf)", master(cmaf, None, true)),
        ("manifest(format=m3u8-cmaf).m3u8", master(cmaf, None, true)),
        ("MANIFEST(audio-only=false,format=m3u8-cmaf)", master(cmaf, None, false)),
        ("Manifest(format=m3u8-aapl)", master(v4, None, true)),
        ("Manifest(format=m3u8-aapl-v4,audio-only=false).m3u8", master(v4, None, false)),
        ("Manifest(format=m3u8-aapl-v3)", master(v3, None, true)),
        ("Manifest(audiotrack=fra,format=m3u8-aapl-v3,audio-only=true)", master(v3, Some("fra"), true)),
        ("Manifest(format=mpd-time-cmaf)", Resource::Mpd(Flavour::Cmaf)),
        ("Manifest(format=mpd-time-csf).mpd", Resource::Mpd(Flavour::Csf)),
        ("Manifest(format=mpd-number-cmaf).mpd", Resource::Mpd(Flavour::Number)),
        ("Manifest(patch=true,format=mpd-time-cmaf)", Resource::Mpd(Flavour::Patched)),
        ("Manifest(format=mpd-time-cmaf,patch=false)", Resource::Mpd(Flavour::Cmaf)),
        ("Patch(format=mpd-time-cmaf,from=3-17)", Resource::Patch((3, 17))),
        ("time", Resource::Time),
        ("TIME", Resource::Time),
        (
            "QualityLevels(64000)/Fragments(audio=7,format=mpd-number-cmaf)",
            Resource::Numbered { rendition: of("audio", 64_000), number: 7 },
        ),
        ("QualityLevels(200000)/Fragments(video=i,format=mpd-number-cmaf)", Resource::Init(of("video", 200_000))),
        ("QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf)", Resource::Playlist { rendition: hd, format: cmaf }),
        ("QualityLevels(3500000)/Manifest(format=m3u8-cmaf,video)", Resource::Playlist { rendition: hd, format: cmaf }),
        ("QualityLevels(3500000)/Manifest(video,format=m3u8-aapl)", Resource::Playlist { rendition: hd, format: v4 }),
        (
            "QualityLevels(3500000,audiotrack=fra)/Manifest(video,format=m3u8-aapl-v3).m3u8",
            Resource::Playlist { rendition: muxed, format: v3 },
        ),
        ("QualityLevels(200000)/Fragments(video=i,format=m3u8-cmaf)", Resource::Init(of("video", 200_000))),
        (
            "QualityLevels(64000)/Fragments(audio=79380000000000,format=mpd-time-csf)",
            Resource::Fragment { rendition: of("audio", 64_000), ticks: 79_380_000_000_000 },
        ),
        (
            "QualityLevels(64000)/Fragments(audio=7,format=m3u8-aapl).aac",
            Resource::Segment { rendition: of("audio", 64_000), ticks: 7 },
        ),
        ("Manifest", Resource::Smooth(smooth::Version::V22)),
        ("Manifest(format=f4m-f4f).f4m", Resource::F4m),
        ("QualityLevels(3500000)/Manifest(video,format=f4m-f4f).abst", Resource::Bootstrap(hd)),
        (
            "QualityLevels(3500000,audiotrack=fra)/Fragments(video,format=f4m-f4f)Seg1-Frag900000001",
            Resource::F4f { rendition: muxed, number: 900_000_001 },
        ),
        ("manifest", Resource::Smooth(smooth::Version::V22)),
        ("Manifest(format=fmp4-v20)", Resource::Smooth(smooth::Version::V20)),
        (
            "QualityLevels(64000)/Fragments(audio=79380000000000)",
            Resource::TimedFragment { rendition: of("audio", 64_000), ticks: 79_380_000_000_000 },
        ),
        (
            "QualityLevels(audiotrack=fra,3500000)/Fragments(video=0,format=m3u8-aapl-v3).ts",
            Resource::Segment { rendition: muxed, ticks: 0 },
        ),
        (
            "QualityLevels(3500000)/Manifest(video,format=m3u8-aapl,type=keyframes).m3u8",
            Resource::KeyFrames { rendition: hd, format: v4 },
        ),
        (
            "QualityLevels(3500000)/Manifest(type=keyframes,video,format=m3u8-cmaf)",
            Resource::KeyFrames { rendition: hd, format: cmaf },
        ),
        (
            "QualityLevels(3500000)/Fragments(video=7,format=m3u8-aapl-v4,type=keyframes).ts",
            Resource::KeyFrame { rendition: hd, ticks: 7, is_transport: true },
        ),
        (
            "QualityLevels(3500000)/Fragments(video=7,format=m3u8-cmaf,type=keyframes).m4s",
            Resource::KeyFrame { rendition: hd, ticks: 7, is_transport: false },
        ),
        (
            "QualityLevels(3500000)/Fragments(video=7,format=mpd-time-csf,type=keyframes)",
            Resource::KeyFrame { rendition: hd, ticks: 7, is_transport: false },
        ),
    ] {
        assert_eq!(resource(rest), Ok(expected), "{rest}");
    }
}

#[test]
fn what_is_not_delivered_says_so() {
    for rest in [
        "Manifest(format=m3u8-aapl-v2)",
        "Manifest(format=m3u8-cmaf,encryption=cenc)",
        "Manifest(format=m3u8-cmaf,type=keyframes)",
        "QualityLevels(1)/Manifest(video,format=m3u8-cmaf,type=iframes)",
        "QualityLevels(1)/Manifest(video,format=m3u8-aapl-v3,type=keyframes)",
        "QualityLevels(1)/Manifest(video,format=mpd-time-cmaf,type=keyframes)",
        "QualityLevels(1)/Manifest(video,format=f4m-f4f,type=keyframes)",
        "QualityLevels(1)/Fragments(video=7,format=m3u8-aapl-v3,type=keyframes)",
        "QualityLevels(1)/Fragments(video=7,type=keyframes)",
    ] {
        assert_eq!(resource(rest), Err(OriginError::OutputFormatNotSupported), "{rest}");
    }
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
        "QualityLevels(1)/Fragments(video=i,format=m3u8-aapl)",
        "QualityLevels(1)/Manifest(video,format=m3u8-cmaf,type=keyframes,type=keyframes)",
        "QualityLevels(1,type=keyframes)/Manifest(video,format=m3u8-cmaf)",
        "QualityLevels(1)/Manifest(video=7,format=m3u8-cmaf,type=keyframes)",
        "QualityLevels(1)/Fragments(video=i,format=m3u8-cmaf,type=keyframes)",
        "QualityLevels(1,audiotrack=a)/Fragments(video=0,format=m3u8-cmaf,type=keyframes)",
        "QualityLevels(1)/Fragments(video=0,format=m3u8-cmaf,type=keyframes,filter=a)",
        "QualityLevels(1,audiotrack=a)/Manifest(video,format=m3u8-aapl)",
        "QualityLevels(1,audiotrack=a)/Manifest(video,format=m3u8-cmaf)",
        "QualityLevels(1,audiotrack=a)/Fragments(video=0,format=m3u8-cmaf)",
        "QualityLevels(1)/Manifest(video,format=m3u8-aapl-v3,audiotrack=a)",
        "QualityLevels(1,audiotrack=a,audiotrack=b)/Manifest(video,format=m3u8-aapl-v3)",
        "Manifest(format=m3u8-aapl,audiotrack=a)",
        "Manifest(format=mpd-time-cmaf,audiotrack=a)",
        "Manifest(format=m3u8-aapl-v3,audiotrack=)",
        "Manifest(format=m3u8-aapl-v3,audio-only=true,audio-only=false)",
        "Manifest(format=m3u8-cmaf,patch=true)",
        "Manifest(format=mpd-time-cmaf,patch=true,patch=true)",
        "Manifest(format=mpd-time-cmaf,patch=yes)",
        "QualityLevels(1)/Fragments(video=0,format=mpd-time-cmaf,patch=true)",
        "QualityLevels(1,patch=true)/Fragments(video=0,format=mpd-time-cmaf)",
        "QualityLevels(1)/Manifest(video,format=mpd-number-cmaf)",
        "QualityLevels(1,audiotrack=a)/Fragments(video=0,format=mpd-number-cmaf)",
        "Patch(format=mpd-time-csf,from=1-2)",
        "Patch(format=mpd-time-cmaf)",
        "Patch(format=mpd-time-cmaf,from=1-2,filter=a)",
        "Patch(format=mpd-time-cmaf,to=1-2)",
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

#[test]
fn filters_are_named_in_manifests_only_a22_2() {
    let filter = |rest: &'static str| Target::parse(rest).map(|target| target.filter);
    assert_eq!(filter("/loc/ch1.ism/Manifest(format=m3u8-cmaf,filter=a;b_2)"), Ok(Some("a;b_2")));
    assert_eq!(filter("/loc/ch1.ism/Manifest(filter=a)"), Ok(Some("a")));
    assert_eq!(filter("/loc/ch1.ism/QualityLevels(1)/Manifest(video,format=m3u8-aapl,filter=a).m3u8"), Ok(Some("a")));
    for bad in ["Manifest(filter=)", "Manifest(filter=a,filter=b)", "QualityLevels(1)/Fragments(video=1,filter=a)"] {
        assert_eq!(resource(bad), Err(OriginError::BadUrlSyntax), "{bad}");
    }
}

#[test]
fn fragments_of_hds_have_a_number_and_nothing_else_has() {
    for bad in [
        "QualityLevels(1)/Fragments(video,format=f4m-f4f)",
        "QualityLevels(1)/Fragments(video=1,format=f4m-f4f)Seg1-Frag1",
        "QualityLevels(1)/Fragments(video,format=f4m-f4f)Seg1-Frag4294967296",
        "QualityLevels(1)/Fragments(video,format=f4m-f4f)Seg-Frag1",
        "QualityLevels(1)/Fragments(video,format=f4m-f4f)Seg1-Frag01",
        "QualityLevels(1)/Manifest(video,format=f4m-f4f)Seg1-Frag1",
        "QualityLevels(1)/Fragments(video=1,format=m3u8-cmaf)Seg1-Frag1",
        "QualityLevels(1,audiotrack=a)/Manifest(video,format=f4m-f4f)",
        "Manifest(video,format=f4m-f4f)",
    ] {
        assert_eq!(resource(bad), Err(OriginError::BadUrlSyntax), "{bad}");
    }
}
